"""What differs between two runs: ``said`` is what one run says, ``compared`` compares two."""

from kprov_rdf.comparison.compared import Comparison, Difference, Parting, Section, compare, summary

__all__ = ["Comparison", "Difference", "Parting", "Section", "compare", "summary"]
