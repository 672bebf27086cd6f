"""dfa_lib_python.attribute_type"""

from kprov_capture.dfa.specification import AttributeType

__all__ = ["AttributeType"]
