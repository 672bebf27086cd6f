"""dfa_lib_python.element"""

from kprov_capture.dfa.specification import Element

__all__ = ["Element"]
