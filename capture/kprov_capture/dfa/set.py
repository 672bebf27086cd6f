"""dfa_lib_python.set"""

from kprov_capture.dfa.specification import Set

__all__ = ["Set"]
