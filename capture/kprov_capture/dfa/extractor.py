"""dfa_lib_python.extractor"""

from kprov_capture.dfa.specification import Extractor

__all__ = ["Extractor"]
