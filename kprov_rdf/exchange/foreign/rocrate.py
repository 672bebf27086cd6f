"""RO-Crates 1.0 to 1.3: the metadata file, the folder of a crate, or its zip.

The crate's own statements are kept as they are, and what they amount to in PROV-O stands beside
them (``schema_org``). Of a folder or a zip the files are hashed, also those that the crate does
not tell of. (RO-Crate 1.2, sections 2 to 4; a crate in a bag, BagIt, is found below ``data/``.)
"""

from collections.abc import Iterator
from urllib.parse import quote, unquote

import pyoxigraph as ox

from kprov_capture.nquads import Iri
from kprov_capture.terms import RDF_TYPE, Dnnprov, Prov
from kprov_rdf.dm.guards import load_json
from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.exchange import linked
from kprov_rdf.exchange.foreign import schema_org
from kprov_rdf.exchange.foreign.archive import Archive, File, is_zip
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

FORMAT = Format(
    "RO-Crate",
    "application/ld+json",
    folder=True,
    versions=(
        "1.0 to 1.3, profiles Process, Workflow and Provenance Run Crate 0.1 to 0.6 (WfExS, "
        "nf-prov, Snakemake, cwltool, COMPSs, Galaxy): the metadata file, or the crate as a "
        "folder, a zip or a bag"
    ),
    kept=(
        "all statements; actions as activities with what they used, made, who did them and by "
        "which plan; files with SHA-256 and size, also those that it does not tell of; persons "
        "and organisations, authors, parts, what is based on what, values of parameters"
    ),
    left=(
        'a date without a time is no start or end in PROV-O, and rounded sizes ("1.5 kB") are '
        "no size: both are kept in terms of schema.org"
    ),
)
_NAMES = ("ro-crate-metadata.json", "ro-crate-metadata.jsonld")
_MARKS = (b"w3id.org/ro/crate", b"researchobject.org/ro-crate")
_BEGINNING = 1 << 16
_TYPE, _MEDIA_OBJECT = ox.NamedNode(RDF_TYPE), ox.NamedNode("http://schema.org/MediaObject")


def _metadata(names: list[str]) -> str | None:
    """The metadata file that is nearest to the top."""
    found = [name for name in names if name.rpartition("/")[2].endswith(_NAMES)]
    return min(found, key=lambda name: (name.count("/"), name), default=None)


def claims(source: Source) -> bool:
    """Whether it is a crate, by the name of its metadata file or by its context."""
    if source.is_folder:
        return any(name in source.files for name in _NAMES) or bool(
            _metadata([name for name in source.files if name.count("/") <= 1])
        )
    if is_zip(source):
        try:
            return _metadata(Archive(source).names()) is not None
        except InputError:  # it is refused with its reason by whoever reads it
            return b"ro-crate-metadata.json" in source.data
    if source.path.name.endswith(_NAMES):
        return True
    beginning = source.beginning(_BEGINNING)
    return b'"@context"' in beginning and any(mark in beginning for mark in _MARKS)


def read(source: Source, says: Statements) -> None:
    """Say all that a crate says, and what its files are.

    Raises ``InputError`` for one that is broken or refused, and ``NotFoundError`` for a folder
    without a metadata file.
    """
    archive, name, text = None, "", b""
    if source.is_folder or is_zip(source):
        archive = Archive(source)
        found = _metadata(archive.names())
        if found is None:
            raise NotFoundError(
                f"{source.name} is no RO-Crate: it has no file {_NAMES[0]}. Name the folder of one."
            )
        name, text = found, archive.read(found)
    else:
        text = source.data
    called = f"{source.name}/{name}" if name else source.name
    scope = Scope(says.graph, says.base)
    quads, notes = linked.parse(load_json(text, called), called, scope, says.base, says.contexts)
    says.notes += notes
    says.quads([*quads, *schema_org.add(quads, scope), *_paths(quads, f"{says.base}attribute/id")])
    says.records += len({quad.subject for quad in quads})
    if archive is not None:
        top = name.rpartition("/")[0]
        _Files(says, scope, quads).say(archive, f"{top}/" if top else "")


def _paths(quads: list[ox.Quad], called: str) -> Iterator[ox.Quad]:
    """That what is called a file is one, and its path, which its name in the crate is."""
    files = {quad.subject for quad in quads if quad.object == _MEDIA_OBJECT}
    for subject, predicate, value, graph in quads:
        if predicate.value != called or subject not in files or not isinstance(value, ox.Literal):
            continue
        if not value.value.startswith("#"):
            yield ox.Quad(subject, _TYPE, ox.NamedNode(Dnnprov.File), graph)
            path = ox.Literal(unquote(value.value))
            yield ox.Quad(subject, ox.NamedNode(Dnnprov.path), path, graph)


class _Files:
    """The files that are there, as entities of the document."""

    def __init__(self, says: Statements, scope: Scope, quads: list[ox.Quad]) -> None:
        self._says = says
        self._scope = scope
        self._told = {quad.subject for quad in quads}
        self._digests = {
            quad.subject: quad.object.value.lower()
            for quad in quads
            if quad.predicate.value.endswith(("#sha256", "/sha256"))
            and isinstance(quad.object, ox.Literal)
        }

    def say(self, archive: Archive, top: str) -> None:
        untold = 0
        for name in archive.names():
            if name.startswith(top):
                untold += not self._file(archive.file(name), name.removeprefix(top))
            else:
                self._says.notes.append(f"its file {name} stands outside of the crate")
        if untold:
            self._says.notes.append(f"{untold} of its files are not described in it")

    def _file(self, file: File, name: str) -> bool:
        """Say what a file is; whether the crate tells of it."""
        # Names of a crate are parts of an address: with escapes, or by mistake without.
        spelt = (name, quote(name), quote(name, safe="/:@+"))
        names = [ox.NamedNode(self._scope.iri(one)) for one in spelt]
        told = next((one for one in names if one in self._told), None)
        node = told or names[0]
        claimed = self._digests.get(node)
        if claimed and claimed != file.sha256:
            self._says.notes.append(f"{name} has another SHA-256 than the crate says")
        self._says.node(
            Iri(node.value),
            (Dnnprov.File, Prov.Entity),
            (Dnnprov.path, name),
            (Dnnprov.sha256, file.sha256),
            (Dnnprov.byteSize, file.size),
        )
        return told is not None
