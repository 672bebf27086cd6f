"""Linked data as static files: every document in each of its forms, for any web host.

A host of files does not negotiate: an IRI opens as a page, and the other forms are
found by their suffix and by the links in the page. What is no document has its
page at its own address, since such a host cannot redirect with 303 either.
"""

import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox

from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE, XSD_NAMESPACE
from kprov_rdf.errors import InputError, NotFoundError, StorageError, UnsupportedError
from kprov_rdf.exchange.edits import rebase
from kprov_rdf.linked import documents, forms, html, ontology, series
from kprov_rdf.linked.documents import Document
from kprov_rdf.linked.imports import imports, linked
from kprov_rdf.linked.view import Linker
from kprov_rdf.runs import RunInfo, listing
from kprov_rdf.store import LocalStore, Snapshot, Store

# Says that a folder was written by us, and may be replaced.
_MARK = ".kprov-published"
_VOID = "http://rdfs.org/ns/void#"
_DCTERMS = "http://purl.org/dc/terms/"
_DUMP = "all.nq.gz"


@dataclass(frozen=True)
class Published:
    """What was written."""

    runs: int
    documents: int
    files: int


def _located(path: str) -> str:
    """The file in which the page of a document stands."""
    path = path.removeprefix("doc/")
    return f"{path}/index.html" if path else "index.html"


def publish(store: Snapshot, own_base: str, out: Path, base: str) -> Published:
    """Write everything below ``out``, whose content will stand at ``base``.

    IRIs under ``own_base`` and under the default base get the new one. The folder is
    written whole or not at all; an older one is replaced. Raises ``InputError`` where
    ``base`` is no base or ``out`` holds something else, ``NotFoundError`` where there
    is nothing to publish, ``StorageError`` where it cannot be written.
    """
    name = rebase.renaming((own_base, DEFAULT_BASE), base)
    if out.exists() and not (out / _MARK).exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            f"{out} is there already and was not published by kprov; nothing was written. Name "
            "another folder, or take it away."
        )
    rebased = _rebased(store, name)
    if not rebased.graphs():
        raise NotFoundError("There is nothing to publish: the store is empty.")
    out = out.resolve()  # a link stays one
    beside = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
        done = _Site(rebased, base, beside, frozenset(map(name, store.living))).write()
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o777 & ~mask)  # mkdtemp makes it private
        _replace(out, beside)
    except OSError as error:
        raise StorageError(
            f"{error.filename or out} cannot be written: {error.strerror}. Name another folder, or "
            "free some space; what was there before is there still."
        ) from error
    finally:
        if beside:
            shutil.rmtree(beside, ignore_errors=True)
    return done


def _replace(out: Path, beside: Path) -> None:
    """Put the new folder in the place of the old one, with what others put into that."""
    old = beside.with_name(f"{beside.name}.old")
    if not out.exists():
        beside.rename(out)
        return
    ours = set((out / _MARK).read_text("utf-8").splitlines()) if (out / _MARK).exists() else set()
    for entry in out.iterdir():
        if entry.name not in ours and not (beside / entry.name).exists():
            # A .git or a CNAME of whoever keeps the site.
            copy = shutil.copytree if entry.is_dir() and not entry.is_symlink() else shutil.copy2
            copy(entry, beside / entry.name)
    out.rename(old)
    try:
        beside.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _rebased(store: Store, name: rebase.Rename) -> LocalStore:
    """The statements with their IRIs renamed."""
    result = LocalStore()
    found = {graph: store.graph(graph) for graph in store.graphs()}
    for graph, triples in rebase.rename(found, name).items():
        result.load("".join(f"{triple} <{graph}> .\n" for triple in triples).encode())
    return result


class _Site:
    """The files of one publication."""

    def __init__(self, store: LocalStore, base: str, out: Path, living: frozenset[str]) -> None:
        self._store = store
        self._base = base
        self._out = out
        self._living = living
        self._folders: set[str] = set()

    def write(self) -> Published:
        found = listing(self._store, self._living)
        paths = documents.all_paths(self._store, self._base)
        by_iri = {run.iri: run for run in found}
        for path in paths:
            parts = path.removeprefix("doc/").split("/")
            self._folders |= {"/".join(parts[: n + 1]) for n in range(len(parts))}
        for path in paths:
            document = documents.find(self._store, self._base, path)
            if document:
                self._document(document, by_iri.get(document.subject))
        link = Linker("index.html", self._base, _located)
        merged, joined = imports(self._store, self._base), linked(self._store, self._base)
        self._text("index.html", html.runs_page(found, merged, joined, link))
        self._ontology()
        self._dump()
        latest = found[0].iri if found else None
        void = forms.rdf(list(self._void(latest)), "ttl", {"void": _VOID})
        self._bytes("void.ttl", void)
        self._bytes(".well-known/void", void)
        self._bytes(".nojekyll", b"")  # GitHub Pages leaves out .well-known without it
        shutil.copytree(html.STATIC, self._out / "static")
        mine = [_MARK, *(entry.name for entry in self._out.iterdir())]
        self._text(_MARK, "".join(f"{name}\n" for name in sorted(mine)))
        files = sum(path.is_file() for path in self._out.rglob("*"))
        return Published(len(found), len(paths), files)

    def _document(self, document: Document, run: RunInfo | None) -> None:
        path = document.path.removeprefix("doc/")
        page = _located(document.path)
        link = Linker(page, self._base, _located)
        alternates = {}
        for form in forms.forms_of(document):
            if f"{path}.{form.suffix}" in self._folders:
                continue  # another document has this name
            try:
                self._bytes(f"{path}.{form.suffix}", forms.text(document, form.suffix))
            except UnsupportedError:
                continue  # what this form cannot say is had in the others
            alternates[form.suffix] = link.to(f"{path}.{form.suffix}")
        if run is None:
            self._text(page, html.document_page(document, link, alternates))
            return
        points = {
            "epochs": series.epochs(self._store, run.iri),
            "status": run.status,
            "count": run.epochs,
        }
        self._text(f"{path}/points.json", json.dumps(points))
        text = html.run_page(document, self._store, run, link, alternates, points="points.json")
        self._text(page, text)

    def _ontology(self) -> None:
        """The vocabulary of all these statements: its own address is not registered."""
        page = _located(ontology.PATH)
        link, alternates = Linker(page, self._base, _located), {}
        for form in ontology.FORMS:
            path = f"{ontology.PATH}.{form.suffix}"
            self._bytes(path, ontology.text(form.suffix))
            alternates[form.suffix] = link.to(path)
        companions = {}
        for one in ontology.COMPANIONS:
            path = f"{ontology.PATH}/{one.name}"
            self._bytes(path, one.read().replace(DEFAULT_BASE.encode(), self._base.encode()))
            companions[one.label] = link.to(path)
        self._text(page, html.ontology_page(link, alternates, companions))

    def _dump(self) -> None:
        quads = (
            f"{triple} <{graph}> .\n"
            for graph in self._store.graphs()
            for triple in self._store.graph(graph)
        )
        with gzip.GzipFile(self._place(_DUMP), "wb", mtime=0) as file:
            file.writelines(line.encode() for line in quads)

    def _void(self, example: str | None) -> Iterator[ox.Triple]:
        """Describing Linked Datasets with the VoID Vocabulary, sections 2 to 4."""
        dataset = ox.NamedNode(f"{self._base}void.ttl#dataset")
        integer = ox.NamedNode(f"{XSD_NAMESPACE}integer")
        count = sum(len(self._store.graph(graph)) for graph in self._store.graphs())
        now = datetime.now(UTC).isoformat(timespec="seconds")
        said: list[tuple[str, ox.NamedNode | ox.Literal]] = [
            ("http://www.w3.org/1999/02/22-rdf-syntax-ns#type", ox.NamedNode(f"{_VOID}Dataset")),
            (f"{_DCTERMS}title", ox.Literal("Provenance of deep-learning training")),
            (
                f"{_DCTERMS}modified",
                ox.Literal(now, datatype=ox.NamedNode(f"{XSD_NAMESPACE}dateTime")),
            ),
            (f"{_VOID}uriSpace", ox.Literal(self._base)),
            (f"{_VOID}rootResource", ox.NamedNode(f"{self._base}catalog")),
            (f"{_VOID}dataDump", ox.NamedNode(self._base + _DUMP)),
            (f"{_VOID}triples", ox.Literal(str(count), datatype=integer)),
            (f"{_VOID}vocabulary", ox.NamedNode(PROV_NAMESPACE)),
            (f"{_VOID}vocabulary", ox.NamedNode(DNNPROV_NAMESPACE)),
        ]
        if example:
            said.append((f"{_VOID}exampleResource", ox.NamedNode(example)))
        for predicate, value in said:
            yield ox.Triple(dataset, ox.NamedNode(predicate), value)

    def _place(self, path: str) -> Path:
        place = self._out / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _bytes(self, path: str, data: bytes) -> None:
        self._place(path).write_bytes(data)

    def _text(self, path: str, text: str) -> None:
        self._bytes(path, text.encode("utf-8", "replace"))
