"""dfa_lib_python.dataset"""

from kprov_capture.dfa.specification import DataSet

__all__ = ["DataSet"]
