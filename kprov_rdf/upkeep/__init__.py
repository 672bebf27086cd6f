"""Keeping a state folder: removal of records, freeing space, backups."""
