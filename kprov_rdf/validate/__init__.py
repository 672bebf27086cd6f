"""Validation: SHACL shapes over each graph."""
