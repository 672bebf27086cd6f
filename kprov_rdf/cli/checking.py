"""What ``kprov validate`` looks at: its targets are found, read, and checked by every rule."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import click
import pyoxigraph as ox

from kprov_capture.home import HomeError, find
from kprov_rdf.cli.context import Context
from kprov_rdf.dm import detect
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import Document
from kprov_rdf.errors import InputError, KprovError, NotFoundError
from kprov_rdf.exchange import sniff
from kprov_rdf.validate import constraints, files, inputs, isolated, shacl
from kprov_rdf.validate.reports.found import Graph, Target
from kprov_rdf.validate.shacl import Finding

_MANY = 200_000
_MOST_RECORDS = 1 << 23  # bytes of what is not RDF; the prov package takes 80 times as much memory
_RECORDS = {sniff.FORMATS[one].label: one for one in ("provn", "provjson", "provxml", "provjsonld")}
_NOTHING = "There was nothing to check: no graph with a statement in it."
_NO_PROV = "There was nothing to check: no statement of PROV that the constraints are about."
# By the name of the graph, None for the default one.
_Graphs = dict[str | None, list[ox.Triple]]


class _Read:
    """A target that was read: statements for the constraints, graphs for the shapes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.document: Document | None = None
        self.graphs: _Graphs = {}
        self.notes: list[str] = []


class Checker:
    """Checks targets by ``rules`` (constraints, shacl) until the end of the ``with``.

    ``profile`` is that of the shapes, None for what each graph asks for; ``shapes`` are files
    with shapes of the user's own.
    """

    def __init__(
        self, rules: frozenset[str], profile: str | None, shapes: Sequence[str] = ()
    ) -> None:
        self._rules = rules
        self._profile = profile
        self._own: list[isolated.Shapes] = []
        self._refused: list[Target] = []
        for name in dict.fromkeys(shapes):
            try:
                self._own.append(isolated.Shapes(files.content(Path(name)), name))
            except KprovError as error:
                self._refused.append(Target(name, unread=str(error)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in self._own:
            one.close()

    def check(self, context: Context, names: Sequence[str], union: bool) -> list[Target]:
        """All that is found. What cannot be read is found, too."""
        found: list[Target] = []
        read: list[_Read] = []
        for one in self._read(context, names):
            if isinstance(one, Target):
                found.append(one)
            elif union:
                read.append(one)
            else:
                found.append(self._checked([one], one.document))
        if read:
            found.append(self._together(read, whole=not found))
        return [*found, *self._refused]

    def _together(self, read: list[_Read], whole: bool) -> Target:
        """The target of a union, of which SHACL still sees graph by graph."""
        documents = [one.document for one in read if one.document]
        if not whole and "constraints" in self._rules:
            read[0].notes.append("the constraints were not applied: a part could not be read")
        together = whole and "constraints" in self._rules
        document = inputs.union(documents) if documents and together else None
        return self._checked(read, document)

    def _checked(self, read: Sequence[_Read], document: Document | None) -> Target:
        wanted = document is not None and "constraints" in self._rules
        outcomes = constraints.check(document) if document and wanted else []
        graphs, unread = self._shacl(read)
        return Target(
            document.name if document else " + ".join(one.name for one in read),
            tuple(outcomes),
            tuple(graphs),
            unread=unread,
            notes=tuple(note for one in read for note in one.notes),
        )

    def _shacl(self, read: Sequence[_Read]) -> tuple[list[Graph], str | None]:
        found: list[Graph] = []
        failed: list[str] = []
        for one in read:
            for name, triples in one.graphs.items():
                shown = one.name if name is None else name
                if len(triples) > _MANY:  # the engine takes more than twice as long for twice
                    click.echo(f"Checking {len(triples):,} statements of {shown} …", err=True)
                text = shacl.ntriples(triples)
                profile = self._profile or shacl.profile_for(text)
                findings = shacl.validate_text(shown, text, profile)
                try:
                    findings += self._by_own(shown, text)
                except KprovError as error:
                    failed.append(str(error))
                found.append(Graph(one.name, name, profile, tuple(findings)))
        return found, " ".join(failed) or None

    def _by_own(self, name: str, text: str) -> Iterator[Finding]:
        for shapes in list(self._own):
            try:
                yield from shapes.validate(name, text)
            except KprovError:
                self._own.remove(shapes)  # its child may be gone
                shapes.close()
                raise

    # -- reading

    def _read(self, context: Context, names: Sequence[str]) -> Iterator[_Read | Target]:
        if not names:
            yield from self._everything(context)
        for name in names:
            try:
                if name == "-":
                    yield self._file(files.limited(sys.stdin.buffer, name), name)
                elif is_file(name):
                    yield self._file(files.content(Path(name)), name)
                else:
                    yield self._graph(*stored(context, name))
            except MalformedError as error:
                yield Target(name, malformed=(error,))
            except (KprovError, HomeError) as error:
                yield Target(name, unread=str(error))

    def _file(self, data: bytes, name: str) -> _Read | Target:
        read = _Read(name)
        document = inputs.read(data, name)
        read.notes += document.notes
        if "shacl" in self._rules:
            try:
                read.graphs = _graphs(data, name, document.form)
            except KprovError as error:
                if "constraints" not in self._rules:
                    raise
                read.notes.append(f"SHACL was skipped. {error}")
        return self._said(read, document)

    def _said(self, read: _Read, document: Document) -> _Read | Target:
        """As it is, or that there is nothing to check: RDF without a statement is no document."""
        says = any(map(len, document.instances())) or bool(document.malformed)
        if not (read.graphs or says) and document.form in inputs.RDF:
            why = _NOTHING if "shacl" in self._rules else _NO_PROV
            return Target(read.name, unread=f"{read.name}: {why}")
        if "constraints" in self._rules and read.graphs and not says:
            read.notes.append("it has no statement of PROV that the constraints are about")
        if "constraints" in self._rules:
            read.document = document
        return read

    def _everything(self, context: Context) -> Iterator[_Read | Target]:
        """The runs and their catalog."""
        from kprov_rdf.runs import is_ours

        home = str(find(context.asked))
        try:
            with context.reading() as store:
                graphs = store.graphs()
                names = [name for name in graphs if is_ours(name)]
                if len(names) < len(graphs):
                    merged = len(graphs) - len(names)
                    what = (
                        "graph that was merged is" if merged == 1 else "graphs that were merged are"
                    )
                    click.echo(
                        f"{merged} {what} not checked; give the IRI of one to check it.", err=True
                    )
                if not names:
                    yield Target(home, unread=_NOTHING)
                for name in names:
                    yield self._graph(name, store.graph(name))
        except (KprovError, HomeError) as error:
            yield Target(home, unread=str(error))

    def _graph(self, name: str, triples: Iterable[ox.Triple]) -> _Read | Target:
        from kprov_rdf.dm import provo

        read, listed = _Read(name), list(triples)
        if "constraints" in self._rules:
            read.document = provo.triples(listed, Document(name, "RDF"), None)
        if "shacl" in self._rules:
            read.graphs = {None: listed}
        return read


def stored(context: Context, name: str) -> tuple[str, list[ox.Triple]]:
    """A run or an import, or any graph of the store by its IRI: that IRI, and its statements.

    Raises ``NotFoundError``, also where there is no store: the name may be meant as a file's.
    """
    from kprov_rdf.exchange import selection

    try:
        with context.reading() as store:
            found = name
            if name not in store.graphs():
                (found,) = selection.find(store, [name], store.living)
            return found, list(store.graph(found))
    except (NotFoundError, HomeError) as error:
        raise NotFoundError(f"{name!r} is no file. {error}") from None


def is_file(name: str) -> bool:
    """Whether a target is a file, also one that is missing."""
    path = Path(name)
    try:
        there = path.exists() and not path.is_dir()
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        return False
    return there or path.suffix.lower() in detect.SUFFIXES


def _graphs(data: bytes, name: str, form: str) -> _Graphs:
    """The graphs of a file as PROV-O. Raises ``KprovError`` where there is no saying it so.

    The guards of the parsers have passed it already, in ``inputs.read``.
    """
    if form in inputs.RDF:
        return inputs.graphs(data, inputs.RDF[form])
    if len(data) > _MOST_RECORDS:
        raise InputError(
            f"{name} is larger than {_MOST_RECORDS >> 20} MiB, and not RDF: to say it in PROV-O, "
            "for the shapes, takes too much memory."
        )
    from kprov_rdf.exchange import reading
    from kprov_rdf.exchange.scope import Scope
    from kprov_rdf.exchange.sources import Source

    scope = Scope(inputs.BASE, keep=True)
    manner = reading.Manner(_RECORDS.get(form), strict=True)
    grouped: _Graphs = {}
    for quad in reading.parse(Source(name, data), scope, manner).quads:
        graph = str(quad.graph_name).strip("<>")
        grouped.setdefault(None if graph == scope.root else graph, []).append(quad.triple)
    return grouped
