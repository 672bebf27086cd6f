"""The formats of other tools that are neither PROV nor RDF: each has a module here.

A module has ``FORMAT``, ``claims(source)``, whether a document is in it, told without reading
much, and ``read(source, says)``, which says all that it holds as statements of PROV-O. Both take
a ``Source``; ``says`` is a ``Statements``.
"""
