"""Writing a run in the formats of PROV and of RDF."""
