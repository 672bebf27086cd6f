"""dfa_lib_python.raw_data_indexer"""

from kprov_capture.dfa.specification import RawDataIndexer

__all__ = ["RawDataIndexer"]
