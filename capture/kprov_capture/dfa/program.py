"""dfa_lib_python.program"""

from kprov_capture.dfa.specification import Program

__all__ = ["Program"]
