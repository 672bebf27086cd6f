"""dfa_lib_python.dependency"""

from kprov_capture.dfa.specification import Dependency

__all__ = ["Dependency"]
