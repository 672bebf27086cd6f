"""dfa_lib_python.extractor_extension"""

from kprov_capture.dfa.specification import ExtractorExtension

__all__ = ["ExtractorExtension"]
