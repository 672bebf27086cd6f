"""dfa_lib_python.attribute"""

from kprov_capture.dfa.specification import Attribute

__all__ = ["Attribute"]
