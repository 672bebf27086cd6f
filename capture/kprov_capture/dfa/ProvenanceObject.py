"""dfa_lib_python.ProvenanceObject"""

from kprov_capture.dfa.specification import ProvenanceObject

__all__ = ["ProvenanceObject"]
