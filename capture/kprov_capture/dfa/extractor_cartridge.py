"""dfa_lib_python.extractor_cartridge"""

from kprov_capture.dfa.specification import ExtractorCartridge

__all__ = ["ExtractorCartridge"]
