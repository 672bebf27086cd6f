"""dfa_lib_python.performance"""

from kprov_capture.dfa.specification import Performance

__all__ = ["Performance"]
