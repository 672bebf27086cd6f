"""The page of runs, and documents in each of their forms."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response, current_app, redirect, request
from werkzeug.exceptions import NotAcceptable, NotFound
from werkzeug.urls import iri_to_uri

from kprov_rdf import summaries
from kprov_rdf.errors import UnsupportedError
from kprov_rdf.linked import documents, forms, html, ontology
from kprov_rdf.linked.documents import Document
from kprov_rdf.linked.forms import HTML, Form, forms_of
from kprov_rdf.linked.imports import imports, linked
from kprov_rdf.linked.view import Linker
from kprov_rdf.runs import count, listing
from kprov_rdf.server.negotiate import best, newest
from kprov_rdf.server.state import State

blueprint = Blueprint("pages", __name__)
# As the command line: a run may be named by that much of its id.
_SHORTEST = 4


def _state() -> State:
    return current_app.extensions["kprov"]  # type: ignore[no-any-return]


@blueprint.get("/")
def runs() -> Response:
    """The page of the newest runs, with ``?all`` of all, and of the documents that were merged."""
    keeper = _state().keeper
    link = Linker("", keeper.base)
    store, base = keeper.store, keeper.base
    limit = newest()
    found = keeper.runs(limit)
    older = 0 if limit is None or len(found) < limit else count(store) - len(found)
    live = "live" if limit else "live?all"
    page = html.runs_page(found, imports(store, base), linked(store, base), link, live, older)
    return Response(page, mimetype="text/html")


@blueprint.get("/<any(catalog, links):kind>")
@blueprint.get("/<any(catalog, links):kind>.<any(html, ttl, jsonld, nt, rdf):suffix>")
@blueprint.get("/<any(run, import):kind>/<path:rest>")
@blueprint.get("/doc/<any(content, dataflow, agent, metric, setting, attribute):thing>/<path:rest>")
def document(kind: str = "", rest: str = "", thing: str = "", suffix: str = "") -> Response:
    """A document, in the form that its suffix or the Accept header names.

    Of a record that was removed: 410, with what the catalog kept of it.
    """
    path = "/".join(part for part in (kind or f"doc/{thing}", rest) if part)
    path += f".{suffix}" if suffix else ""
    keeper = _state().keeper
    found, form = documents.find(keeper.store, keeper.base, path), None
    if found is None:
        stem, _, ending = path.rpartition(".")
        if ending in forms.BY_SUFFIX:
            found, form = documents.find(keeper.store, keeper.base, stem), forms.BY_SUFFIX[ending]
    if found is None and kind == "run" and len(rest) >= _SHORTEST:
        named = listing(keeper.store, keeper.living, summaries.named(keeper.store, rest))
        meant = [run for run in named if run.id.endswith(rest) or run.id.startswith(rest)]
        if len(meant) == 1:
            return _redirect(Linker(path, keeper.base).page(html.place(meant[0])), 302)
    gone = found is None
    if found is None:
        found, form = _removed(path, form)
    if found is None:
        raise NotFound(f"There is no document at /{path}. The page / lists the runs.")
    # A page with a suffix stands at the same depth: its relative links are the same.
    link = Linker(found.path, found.base)
    alternates = {one.suffix: link.to(f"{found.path}.{one.suffix}") for one in forms_of(found)}

    def write(wanted: Form) -> bytes:
        if wanted is HTML:
            return _page(found, link, alternates).encode("utf-8", "replace")
        try:
            return forms.text(found, wanted.suffix)
        except UnsupportedError as error:
            raise NotAcceptable(str(error)) from error

    response = _respond(found.path, link, forms_of(found), form, write)
    if found.path.startswith("doc/"):
        response.headers.add("Link", f'<{iri_to_uri(found.subject)}>; rel="describes"')
    if gone and response.status_code == HTTPStatus.OK:
        response.status_code = HTTPStatus.GONE
    return response


def _removed(path: str, form: Form | None) -> tuple[Document | None, Form | None]:
    """What is known of a record that was removed, which stood at ``path`` or in a form of it."""
    store = _state().keeper.store
    found = documents.removed(store, path)
    stem, _, ending = path.rpartition(".")
    if found is None and ending in forms.BY_SUFFIX:
        return documents.removed(store, stem), forms.BY_SUFFIX[ending]
    return found, form


@blueprint.get("/ontology")
@blueprint.get("/ontology.<any(html, ttl, jsonld, nt, rdf):suffix>")
def vocabulary(suffix: str = "") -> Response:
    """The ontology that the statements are made in, in the form that is wanted."""
    link = Linker(ontology.PATH, _state().keeper.base)
    alternates = {one.suffix: link.to(f"{ontology.PATH}.{one.suffix}") for one in ontology.FORMS}
    companions = {one.label: link.to(f"{ontology.PATH}/{one.name}") for one in ontology.COMPANIONS}

    def write(wanted: Form) -> bytes:
        if wanted is HTML:
            return html.ontology_page(link, alternates, companions).encode()
        return ontology.text(wanted.suffix)

    form = forms.BY_SUFFIX[suffix] if suffix else None
    return _respond(ontology.PATH, link, ontology.FORMS, form, write)


@blueprint.get("/ontology/<name>")
def companion(name: str) -> Response:
    """A file that belongs to the ontology: shapes, alignments, the JSON-LD context, an example."""
    for one in ontology.COMPANIONS:
        if one.name == name:
            return _tagged(Response(one.read(), content_type=f"{one.form.types[0]}; charset=utf-8"))
    raise NotFound(
        "There is no such file of the ontology. There are "
        + ", ".join(one.name for one in ontology.COMPANIONS)
        + "."
    )


def _respond(
    path: str,
    link: Linker,
    others: tuple[Form, ...],
    form: Form | None,
    write: Callable[[Form], bytes],
) -> Response:
    """A document in ``form``, or in the one that the client wants, of HTML and ``others``."""
    offered = (*others, HTML)
    chosen = form or best(request.accept_mimetypes, offered)
    if chosen not in offered:
        listed = ", ".join(one.types[0] for one in offered)
        raise NotAcceptable(f"This document can be had as {listed}.")
    response = Response(write(chosen), content_type=f"{chosen.types[0]}; charset=utf-8")
    if form is None:
        response.vary.add("Accept")
        response.headers["Content-Location"] = link.to(f"{path}.{chosen.suffix}")
    for other in offered:
        if other is not chosen:
            address = link.to(f"{path}.{other.suffix}")
            response.headers.add("Link", f'<{address}>; rel="alternate"; type="{other.types[0]}"')
    return _tagged(response)


def _tagged(response: Response) -> Response:
    """A response that a client asks for again only if it changed."""
    response.add_etag()
    response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


def _page(found: Document, link: Linker, alternates: dict[str, str]) -> str:
    keeper = _state().keeper
    infos = listing(keeper.store, keeper.living, found.subject) if found.kind == "run" else []
    if not infos:
        return html.document_page(found, link, alternates)
    live = link.to(f"live/{infos[0].id}")
    return html.run_page(found, keeper.store, infos[0], link, alternates, live=live)


@blueprint.get("/<any(content, dataflow, agent, metric, setting, attribute):kind>/<path:rest>")
def thing(kind: str, rest: str) -> Response:
    """What is no document: see the one that describes it (httpRange-14)."""
    keeper = _state().keeper
    path = f"doc/{kind}/{rest}"
    if documents.find(keeper.store, keeper.base, path) is None:
        raise NotFound(f"Nothing is known here of /{kind}/{rest}.")
    return _redirect(Linker(f"{kind}/{rest}", keeper.base).to(path), 303)


def _redirect(address: str, code: int) -> Response:
    response = redirect(address, code=code)
    response.autocorrect_location_header = False  # relative: it is right on any host
    response.vary.add("Accept")
    return response  # type: ignore[return-value]
