"""The formats of PROV and of RDF: writing a run, and merging what other tools wrote."""
