"""Documents and lists as HTML, from the templates beside this file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2
import pyoxigraph as ox

from kprov_capture import __version__
from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.terms import DNNPROV_NAMESPACE
from kprov_rdf import vocabulary
from kprov_rdf.linked import forms, guide, ontology, svg, view
from kprov_rdf.linked.documents import Document
from kprov_rdf.report import sections, settings
from kprov_rdf.runs import RunInfo
from kprov_rdf.store import Store
from kprov_rdf.tables import number

# Style, scripts, and what they stand on: served, and copied beside published pages.
STATIC = Path(__file__).with_name("static")
# A page shows that many rows of an answer; programs get all of them.
MAX_ROWS = 1000
_LOGGED = re.compile(r"import/sha256-[0-9a-f]{64}#.*")


@dataclass(frozen=True)
class Import:
    """A document of another tool: its path, name, and when it came in."""

    path: str
    label: str
    imported: datetime | None


@cache
def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("kprov_rdf.linked"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    found.filters["number"] = number
    found.filters["local"] = lambda time: time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return found


def _render(template: str, link: view.Linker, **given: object) -> str:
    page = _environment().get_template(template)
    return page.render(link=link, version=__version__, served=link.served, **given)


def place(run: RunInfo) -> str:
    """The path of the page of a run; one that another tool logged stands on that of its import."""
    logged = _LOGGED.search(run.iri)
    return logged[0] if logged else f"run/{run.id}"


def row(run: RunInfo) -> dict[str, str | int | float | None]:
    """A run as the page of runs shows it, also in its stream."""
    return {
        "path": place(run),
        "run": run.short,
        "tag": run.tag,
        "status": run.status,
        "optimizer": run.optimizer or "",
        "rate": "" if run.rate is None else number(run.rate),
        "epochs": f"{run.epochs}/{run.planned}" if run.planned else str(run.epochs),
        "started": run.started.isoformat() if run.started else "",
        "seconds": "" if run.seconds is None else f"{run.seconds:.1f}",
        "record": run.validated,
    }


def runs_page(
    runs: Sequence[RunInfo],
    imports: Sequence[Import],
    linked: bool,
    link: view.Linker,
    live: str | None = None,
    older: int = 0,
) -> str:
    """The page of runs; ``live`` is the address of its stream.

    ``linked`` tells whether there is a document of links, ``older`` how many runs are not shown.
    """
    told = {"runs": runs, "rows": [row(r) for r in runs], "older": older}
    return _render("runs.html", link, imports=imports, linked=linked, live=live, **told)


def document_page(document: Document, link: view.Linker, alternates: Mapping[str, str]) -> str:
    """The page of a document that is no run's; ``alternates`` are the links of its forms."""
    shown = view.groups(document, link)
    title = view.short(document.subject, "", document.base)
    first = view.described(document, link)
    if first:
        title = first[0].title
    return _render(
        "document.html",
        link,
        document=document,
        title=title,
        groups=shown,
        folded=False,
        forms=_forms(alternates),
    )


def run_page(
    document: Document,
    store: Store,
    run: RunInfo,
    link: view.Linker,
    alternates: Mapping[str, str],
    live: str | None = None,
    points: str | None = None,
) -> str:
    """The page of a run: its charts, its tables, and its record.

    The charts follow the stream ``live``, or show the file ``points``.
    """
    return _render(
        "run.html",
        link,
        document=document,
        title=f"{run.tag} {run.short}",
        run=run,
        settings=settings(store, run.iri),
        sections=list(sections(store, run.iri)),
        groups=view.groups(document, link),
        folded=True,
        forms=_forms(alternates),
        live=live,
        points=points,
    )


def _forms(alternates: Mapping[str, str]) -> list[tuple[forms.Form, str]]:
    return [(forms.BY_SUFFIX[suffix], link) for suffix, link in alternates.items()]


@dataclass(frozen=True)
class Answer:
    """An answer as a page shows it: a table, a word, or the text of a graph."""

    columns: list[str]
    rows: list[list[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None]]
    text: str
    count: int
    cut: bool

    @staticmethod
    def read(data: bytes, form: str, count: int, cut: bool) -> "Answer":
        """From SPARQL's JSON, or from Turtle."""
        if form != "json":
            return Answer([], [], data.decode(), count, cut)
        found = ox.parse_query_results(data, ox.QueryResultsFormat.JSON)
        if isinstance(found, ox.QueryBoolean):
            return Answer([], [], "yes" if found else "no", 1, False)
        columns = [variable.value for variable in found.variables]
        return Answer(columns, [[row[c] for c in columns] for row in found], "", count, cut)


def query_page(
    link: view.Linker, text: str | None = None, answer: Answer | None = None, problem: str = ""
) -> str:
    """The page on which a query is typed, with its answer or with what is wrong with it."""
    rows = [[cell and link.value(cell) for cell in row] for row in answer.rows] if answer else []
    given = {"text": text, "answer": answer, "rows": rows, "problem": problem}
    return _render("query.html", link, **given)


def ontology_page(
    link: view.Linker,
    alternates: Mapping[str, str],
    companions: Mapping[str, str],
    alone: bool = False,
) -> str:
    """The page of the ontology, with links by label to the files that belong to it.

    ``alone`` makes it one file that needs no other.
    """
    return _render(
        "ontology_alone.html" if alone else "ontology.html",
        link,
        given=ontology.reference(vocabulary.load()),
        guide=guide,
        forms=_forms(alternates),
        companions=companions,
        prefixes=vocabulary.EXAMPLE_PREFIXES.replace(DEFAULT_BASE, link.base),
        namespace=DNNPROV_NAMESPACE,
        about=ontology,
        draw=lambda picture: svg.draw(picture, ontology.address),
        style=lambda name: (STATIC / name).read_text("utf-8"),
    )


def message_page(title: str, text: str, link: view.Linker) -> str:
    """A page that says why there is nothing else to see."""
    return _render("message.html", link, title=title, text=text)
