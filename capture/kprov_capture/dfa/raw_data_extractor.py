"""dfa_lib_python.raw_data_extractor"""

from kprov_capture.dfa.specification import RawDataExtractor

__all__ = ["RawDataExtractor"]
