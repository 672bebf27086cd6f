"""dfa_lib_python.transformation"""

from kprov_capture.dfa.specification import Transformation

__all__ = ["Transformation"]
