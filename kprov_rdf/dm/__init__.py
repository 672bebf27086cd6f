"""PROV-DM: statements of documents in any format, as validation and comparison read them."""
