"""Linked data: which documents there are, what stands in them, and their forms."""
