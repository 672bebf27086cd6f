"""dfa_lib_python.file"""

from kprov_capture.dfa.specification import File

__all__ = ["File"]
