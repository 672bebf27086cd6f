"""Runs and answers for people with notebooks: what ``kprov_rdf.open`` gives."""
