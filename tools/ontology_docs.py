"""Generates what docs/ says of the ontology: the pictures, the page as one file, the tables."""

import re

from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.terms import DNNPROV_NAMESPACE
from kprov_rdf import vocabulary
from kprov_rdf.linked import guide, html, ontology, pictures, svg
from kprov_rdf.linked.diagrams import Diagram
from kprov_rdf.linked.view import Linker
from kprov_rdf.vocabulary import Term, Topic


def picture(name: str) -> str:
    """A picture as a file of its own; its terms link to the page beside it."""
    (diagram,) = (one for one in pictures.ALL if one.name == name)

    def linked(term: str) -> str:
        address = ontology.address(term)
        return f"../ontology.html{address}" if address.startswith("#") else address

    return svg.draw(diagram, linked, style=True)


def page() -> str:
    """The page as one file."""
    link = Linker("docs/ontology.html", DEFAULT_BASE)
    companions = {one.label: f"../{one.source}" for one in ontology.COMPANIONS}
    return html.ontology_page(link, {"ttl": "../ontology/dnnprov.ttl"}, companions, alone=True)


def story() -> str:
    """The ideas and the recipes, as Markdown."""
    parts = [*(f"{one}\n" for one in guide.ABOUT), "## Five ideas\n", f"{guide.LEGEND}\n"]
    for number, idea in enumerate(guide.IDEAS, 1):
        parts.append(f"### {number}. {idea.title}\n")
        parts += [f"{_linked(text)}\n" for text in idea.text]
        if idea.picture:
            parts.append(f"{_image(idea.picture)}\n")
        parts.append(f"```turtle\n{idea.turtle}\n```\n")
    parts.append(f"## How do I say …?\n\n{guide.EXCERPTS}\n")
    parts.append(f"With these prefixes:\n\n```turtle\n{vocabulary.EXAMPLE_PREFIXES}```\n")
    for recipe in guide.RECIPES:
        parts.append(f"### {recipe.title}\n\n{recipe.text}\n")
        parts.append(f"```turtle\n{recipe.turtle}\n```\n")
    return "\n".join(parts)


def tables() -> str:
    """The terms, a table for each topic, as Markdown."""
    return "\n".join(_table(topic) for topic in vocabulary.load().topics)


def _table(topic: Topic) -> str:
    parts = [f"### {topic.labels['en']}\n", f"{topic.comment}\n"]
    if topic.name == "metric":
        rows = [_metric(pair) for pair in ontology.pairs(topic.terms)]
        head = "| property | on the validation data | in Keras | meaning |\n|---|---|---|---|"
    elif topic.name in ontology.TABLES:
        rows = [
            f"| {_name(term)} | {_code(term.notation)} | {_value(term)} | {_text(term.comment)} |"
            for term in topic.terms
        ]
        head = "| property | in Keras | value | meaning |\n|---|---|---|---|"
    else:
        given = ontology.reference(vocabulary.load())
        rows = [
            f"| {_name(term)} | {_kind(term)} | {_text(term.comment)} |"
            for term in given.classes(topic) + given.others(topic)
        ]
        head = "| term | kind, or domain → range | meaning |\n|---|---|---|"
    return "\n".join([*parts, head, *rows, ""])


def _metric(pair: ontology.Pair) -> str:
    second = _name(pair.validation) if pair.validation else ""
    shown = f"| {_name(pair.term)} | {second} | {_code(pair.term.notation)} "
    return f"{shown}| {_text(pair.term.comment)} |"


def _kind(term: Term) -> str:
    if term.kind == "class":
        return f"class below {', '.join(map(ontology.name, term.parents))}"
    domain = " or ".join(map(ontology.name, term.domain)) or "anything"
    return f"{domain} → {_value(term)}"


def _value(term: Term) -> str:
    return ontology.name(term.range) if term.range else "any"


def _name(term: Term) -> str:
    mark = " *(testing)*" if term.status == "testing" else ""
    return f"[{term.name}](ontology.html#{term.name}){mark}"


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("_", "\\_").replace("*", "\\*")


def _linked(text: str) -> str:
    """Terms between backquotes become links to the page beside this one."""

    def link(found: re.Match[str]) -> str:
        term = found[1]
        known = ontology.anchor(DNNPROV_NAMESPACE + term)
        return f"[`{term}`](ontology.html#{term})" if known else found[0]

    return re.sub(r"`([^`]+)`", link, text)


def _image(diagram: Diagram) -> str:
    return f"![{diagram.title}. {diagram.description}](diagrams/{diagram.name}.svg)"
