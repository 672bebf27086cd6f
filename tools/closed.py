"""Checks that the vocabulary is closed: what is used is declared, and what is declared is whole.

``make check`` runs it. Each finding is a line; none means that all is well.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE
from kprov_rdf import vocabulary
from kprov_rdf.vocabulary import EXAMPLE_PREFIXES, Ontology, Term

ROOT = Path(__file__).resolve().parent.parent
_WHERE = (
    "kprov_rdf/**/*", "capture/**/*", "shapes/*", "ontology/*", "tests/**/*", "bench/*", "tools/*",
    "README.md", "docs/*",
)  # fmt: skip
_SUFFIXES = {".py", ".rq", ".ttl", ".md", ".html", ".jsonld", ".js"}
_USED = re.compile(r"\bdnnprov:(\w+)|\bDnnprov\.(\w+)")
_FULL = re.compile(re.escape(DNNPROV_NAMESPACE) + r"(\w+)")
# Names that stand for any in tests and messages.
_ANY = {"x", "nothing", "noTerm"}
_ROOTS = {"Entity", "Activity", "Agent"}
_LANGUAGES = {"en", "pt"}


def findings(root: Path = ROOT) -> Iterator[str]:
    """What is wrong in the checkout below ``root``."""
    turtle = (root / "ontology" / "dnnprov.ttl").read_text()
    try:
        ontology = vocabulary.parse(turtle)
    except (KeyError, IndexError) as error:
        yield f"ontology/dnnprov.ttl: a term lacks a label, comment, example or topic ({error})."
        return
    terms = {term.name: term for term in ontology.terms()}
    for term in terms.values():
        yield from _whole(term, terms)
    yield from _says_where(turtle, ontology)
    yield from _recorded(root, terms)
    yield from _used(root, set(terms))
    yield from _prefixed(root)


def _whole(term: Term, terms: dict[str, Term]) -> Iterator[str]:
    """A term has labels in two languages, an example that is right, and one root in PROV-O."""
    missing = _LANGUAGES - set(term.labels)
    if missing:
        yield f"dnnprov:{term.name} has no label in {', '.join(sorted(missing))}."
    try:
        triples = list(ox.parse(EXAMPLE_PREFIXES + term.example, ox.RdfFormat.TURTLE))
    except SyntaxError as error:
        yield f"The example of dnnprov:{term.name} is no Turtle: {error}."
        return
    named = {
        one.value
        for quad in triples
        for one in (quad.subject, quad.predicate, quad.object)
        if isinstance(one, ox.NamedNode)
    }
    if term.iri not in named:
        yield f"The example of dnnprov:{term.name} does not use it."
    for iri in sorted(named):
        if iri.startswith(DNNPROV_NAMESPACE) and iri.removeprefix(DNNPROV_NAMESPACE) not in terms:
            yield f"The example of dnnprov:{term.name} uses <{iri}>, which is not declared."
    roots = _roots(term.iri, terms)
    if term.kind == "class" and (len(roots) != 1 or not roots <= _ROOTS):
        found = ", ".join(sorted(roots)) or "nothing"
        yield f"dnnprov:{term.name} descends from {found} of PROV-O, and not from one root."


def _roots(iri: str, terms: dict[str, Term]) -> set[str]:
    """Which of Entity, Activity and Agent a class descends from."""
    if iri.startswith(PROV_NAMESPACE):
        name = iri.removeprefix(PROV_NAMESPACE)
        above = [whole for whole, parts in vocabulary.PROV_CLASSES.items() if name in parts]
        return set().union(*(_roots(PROV_NAMESPACE + one, terms) for one in above)) or {name}
    term = terms.get(iri.removeprefix(DNNPROV_NAMESPACE))
    return set().union(*(_roots(one, terms) for one in term.parents)) if term else set()


def _says_where(turtle: str, ontology: Ontology) -> Iterator[str]:
    """Every term says where it is defined, and every topic what it is."""
    defined = {
        quad.subject.value
        for quad in ox.parse(turtle, ox.RdfFormat.TURTLE)
        if quad.predicate.value.endswith("#isDefinedBy")
        and quad.object == ox.NamedNode(vocabulary.ONTOLOGY)
        and isinstance(quad.subject, ox.NamedNode)
    }
    for term in ontology.terms():
        if term.iri not in defined:
            yield f"dnnprov:{term.name} does not say rdfs:isDefinedBy <{vocabulary.ONTOLOGY}>."
    for topic in ontology.topics:
        if _LANGUAGES - set(topic.labels):
            yield f"The topic {topic.name} has no label in each language."


def _recorded(root: Path, terms: dict[str, Term]) -> Iterator[str]:
    """A term is stable if something here records it, or what is below it; else testing."""
    found: set[str] = {term.name for term in terms.values() if term.notation}
    ours = root / "kprov_rdf"
    writers = [
        ours / "exchange" / "origin.py",
        ours / "validate" / "finished.py",
        ours / "upkeep" / "removal.py",
    ]
    for path in [*root.glob("capture/**/*.py"), *writers]:
        if path.name != "terms.py":
            found |= set(re.findall(r"\bDnnprov\.(\w+)", path.read_text()))
    todo = [name for name in found if name in terms]
    while todo:
        above = {one.removeprefix(DNNPROV_NAMESPACE) for one in terms[todo.pop()].parents}
        todo += [name for name in above - found if name in terms]
        found |= above
    for term in terms.values():
        status = "stable" if term.name in found else "testing"
        if term.status != status:
            yield f'dnnprov:{term.name} has the status "{term.status}", and is {status}.'


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    for pattern in _WHERE:
        for path in sorted(root.glob(pattern)):
            # The tests of this check name what is not there.
            tests_this = {"tests", "ontology"} <= set(path.relative_to(root).parts)
            if path.suffix in _SUFFIXES and path.is_file() and not tests_this:
                yield path, path.read_text()


def _used(root: Path, known: set[str]) -> Iterator[str]:
    """No code, query, shape or text names a term that is not declared."""
    for path, text in _files(root):
        used = {"".join(found) for found in _USED.findall(text)} | set(_FULL.findall(text))
        for name in sorted(used - known - _ANY):
            yield f"{path.relative_to(root)} uses dnnprov:{name}, which is not declared."


def _prefixed(root: Path) -> Iterator[str]:
    """Queries and shapes name terms with the prefix dnnprov:, which stands for this namespace."""
    declared = re.compile(r"(?:PREFIX|@prefix)\s+(\w*):\s*<" + re.escape(DNNPROV_NAMESPACE) + ">")
    for path, text in _files(root):
        if path.suffix not in (".rq", ".ttl"):
            continue
        where = path.relative_to(root)
        for prefix in declared.findall(text):
            if prefix != "dnnprov":
                yield f"{where} calls the namespace {prefix or 'nothing'}: call it dnnprov:."
        if _FULL.search(text):
            yield f"{where} names a term by its whole IRI: write it with dnnprov:."


if __name__ == "__main__":
    found = list(findings())
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(1 if found else 0)
