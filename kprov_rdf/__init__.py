"""The store side of kprov: ingest journals, query, validate, export.

The layers, from the bottom: errors and resources; journal and store; ingest and
query; runs; validate and exchange; cli and demo. A layer imports only layers
below it. Importing this package loads none of them.
"""
