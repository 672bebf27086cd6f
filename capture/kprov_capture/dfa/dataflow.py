"""dfa_lib_python.dataflow"""

from kprov_capture.dfa.specification import Dataflow

__all__ = ["Dataflow"]
