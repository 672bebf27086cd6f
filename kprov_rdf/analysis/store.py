"""What ``kprov_rdf.open`` gives: a store to ask, a snapshot that stays as it was."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kprov_rdf.analysis import asking, html
from kprov_rdf.analysis.parameters import Asked
from kprov_rdf.analysis.result import Result
from kprov_rdf.analysis.run import Run, RunList
from kprov_rdf.analysis.snapshot import Opened, Place, Where, place
from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.query import Table, catalogue
from kprov_rdf.runs import selected
from kprov_rdf.store import LocalStore
from kprov_rdf.tables import count

if TYPE_CHECKING:
    import rdflib


class ProvenanceStore:
    """Runs, and answers to questions about them, as they were when this was opened.

    Use it with ``with``, or close it; a snapshot that is not closed is removed at the end of
    the process. Runs and answers that were had from it stay good after ``refresh`` and
    ``close``, for as long as they are held.
    """

    def __init__(self, where: Where = None) -> None:
        """See :func:`kprov_rdf.open`."""
        self._place: Place = place(where)
        self._opened: Opened | None = self._place.opened()
        self._taken = datetime.now(UTC)

    def _now(self) -> Opened:
        if self._opened is None:
            raise InputError(
                f"This store of {self._place.name} was closed. Open it again with "
                "kprov_rdf.open(…), or .refresh() it."
            )
        return self._opened

    def refresh(self) -> "ProvenanceStore":
        """Look again: with all that was recorded until now. Gives this store."""
        self._opened, self._taken = self._place.opened(), datetime.now(UTC)
        return self

    def close(self) -> None:
        """Give the snapshot up; it goes when no run and no answer of it is held any more."""
        self._opened = None

    def __enter__(self) -> "ProvenanceStore":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def query(self, question: Asked, /, **parameters: object) -> Any:
        """Ask: the name of a question of the catalogue, a ``.rq`` file, SPARQL, or a specification.

            store.query("q1", epoch=9)
            store.query("projection(otrainingmodel.epoch_id; otrainingmodel.loss) limit(3)")
            store.query("SELECT ?epoch ?loss { GRAPH ?run { … } }", run=store.run("@latest"))

        Parameters are numbers, text, booleans, times with a zone, runs and IRIs; a name of a
        run is found as the command finds it. Gives a :class:`Result` for SELECT, a bool for
        ASK, and :class:`Triples` for CONSTRUCT and DESCRIBE. Raises ``InputError`` for what is
        no query and a parameter that is wrong, ``NotFoundError`` for a question or run that
        there is not.
        """
        return asking.ask(self._now(), question, parameters)

    def questions(self) -> Result:
        """The questions that have a name: what each asks, and its parameters."""
        rows = [
            (one.name, one.question, " ".join(i.name for i in one.inputs))
            for one in catalogue().values()
        ]
        terms = [tuple(map(ox.Literal, row)) for row in rows]
        return Result(lambda: Table(["name", "question", "parameters"], iter(terms)))

    def runs(
        self,
        tag: str | None = None,
        status: str | None = None,
        optimizer: str | None = None,
        since: datetime | None = None,
    ) -> RunList:
        """The runs, the newest first: all, or those of a tag, status or optimizer.

        ``since`` is a time with a zone: only runs that started then or later.
        """
        if since is not None and since.tzinfo is None:
            raise InputError(f"The time {since} has no zone; .astimezone() takes this machine's.")
        opened = self._now()
        found = selected(
            opened.listed,
            tags=[tag] if tag is not None else (),
            statuses=[status.upper()] if status is not None else (),
            since=since,
        )
        return RunList(Run(opened, one) for one in found if optimizer in (None, one.optimizer))

    def run(self, name: str = "@latest") -> Run:
        """The run that ``name`` means: end of its id, a tag (its latest run), or ``@latest``.

        Raises ``NotFoundError`` where it means none or several.
        """
        opened = self._now()
        return Run(opened, opened.find(str(name)))

    def graph(self) -> "rdflib.Dataset":
        """All graphs as a dataset of rdflib that can be read only; nothing is copied.

        Patterns and SPARQL are answered by Oxigraph, and the default graph is the union of
        all graphs. Raises ``UnsupportedError`` for an endpoint.
        """
        from kprov_rdf.analysis.rdf import dataset

        opened = self._now()
        if not isinstance(opened.store, LocalStore):
            raise UnsupportedError(
                f"{self._place.name} is an endpoint, which is no dataset of rdflib here. rdflib "
                "has its own: rdflib.plugins.stores.sparqlstore.SPARQLStore."
            )
        return dataset(opened)

    def __repr__(self) -> str:
        if self._opened is None:
            return f"<ProvenanceStore of {self._place.name}: closed>"
        at = f"{self._taken.astimezone():%Y-%m-%d %H:%M:%S}"
        return f"<ProvenanceStore of {self._place.name}: {self._size()}, as of {at}>"

    def _size(self) -> str:
        return count(len(self._now().listed), "run")

    def _repr_html_(self) -> str:
        if self._opened is None:
            return f"<p>{html.plain(repr(self))}</p>"
        found = self.runs()
        head = f"<p>{html.plain(repr(self)[1:-1])}</p>"
        return head + (found._repr_html_() if found else "")
