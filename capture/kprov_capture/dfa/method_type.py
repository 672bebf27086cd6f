"""dfa_lib_python.method_type"""

from kprov_capture.dfa.specification import MethodType

__all__ = ["MethodType"]
