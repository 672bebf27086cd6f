"""dfa_lib_python.set_type"""

from kprov_capture.dfa.specification import SetType

__all__ = ["SetType"]
