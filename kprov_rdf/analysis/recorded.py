"""What a run recorded beside its epochs: settings by name, and values in files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kprov_rdf import npy, query
from kprov_rdf import series as files
from kprov_rdf.analysis.needed import package
from kprov_rdf.analysis.rows import Value, python
from kprov_rdf.analysis.snapshot import Opened
from kprov_rdf.linked.series import names
from kprov_rdf.store import Store

if TYPE_CHECKING:
    import numpy as np


def settings(store: Store, run: str) -> dict[str, Value]:
    """The settings of the first configuration, by the names that Keras or the user gave."""
    answer = query.table(store, query.find("settings"), {"run": ox.NamedNode(run)})
    called = names(store, run)
    found: dict[str, Value] = {}
    for setting, value in answer.rows:
        iri = str(query.value(setting))
        name = called.get(iri, max(iri.rpartition("#")[2], iri.rpartition("/")[2], key=_shortness))
        found.setdefault(name, python(value))
    return dict(sorted(found.items()))


def _shortness(text: str) -> int:
    return -len(text)


def series(opened: Opened, run: str, name: str | None) -> Mapping[str, "np.ndarray[Any, Any]"]:
    """The columns of a series of values, each of shape (rows,)."""
    numpy = package("numpy", "An array of a series")
    folder = opened.home.path if opened.home else Path()
    found = npy.read(files.find(opened.store, run, folder, name).path)
    kind = numpy.dtype([(column, f"<{code}") for column, code in
                        zip(found.columns, found.codes, strict=True)])  # fmt: skip
    rows = numpy.fromfile(found.path, kind, found.rows, offset=found.start)
    return {column: numpy.ascontiguousarray(rows[column]) for column in found.columns}
