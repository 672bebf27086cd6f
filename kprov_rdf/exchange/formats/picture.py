"""Pictures as W3C PROV draws them: entities are yellow ovals, activities blue rectangles, agents
orange houses (https://www.w3.org/2011/prov/wiki/Diagrams).

The text is DOT's; Graphviz makes an image of it. Names come from anyone: what has a meaning in
DOT or in HTML is escaped, and only addresses of the web become links.
"""

import re
import subprocess
import unicodedata
from collections.abc import Iterator

import pyoxigraph as ox

from kprov_capture.terms import RDFS_LABEL
from kprov_rdf.errors import LimitError, UnsupportedError
from kprov_rdf.exchange.formats import Written
from kprov_rdf.exchange.formats.drawing import Arrow, Drawing, Node, drawing, local, shown
from kprov_rdf.exchange.selection import Selection

MOST_NODES = 400
_SECONDS = 60
_STYLES = {
    "entity": 'shape=ellipse fillcolor="#FFFC87" color="#808080"',
    "activity": 'shape=box fillcolor="#9FB1FC" color="#0000FF"',
    "agent": 'shape=house fillcolor="#FED37F" color="#808080"',
}
_HEADER = """\
digraph provenance {
  charset="UTF-8"; rankdir="BT"; nodesep=0.25; ranksep=0.6;
  fontname="DejaVu Sans,Helvetica,Arial,sans-serif"; fontsize=11;
  node [style="filled" fontname="DejaVu Sans,Helvetica,Arial,sans-serif" fontsize=11];
  edge [fontname="DejaVu Sans,Helvetica,Arial,sans-serif" fontsize=8 color="#404040" arrowsize=0.7];
"""
_MADE = re.compile(rb"(?<=/CreationDate )\(D:\d{14}")
_RUN = re.compile(r"[^#]*/run/[0-9a-f-]{28}([0-9a-f]{8})").fullmatch
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write(selection: Selection, form: str) -> Written:
    """A picture of the selected graphs, without the catalogs.

    Raises ``LimitError`` for one of more than 400 nodes, which nobody can read, and
    ``UnsupportedError`` where Graphviz is not installed.
    """
    text = dot(selection)
    return Written(text.encode() if form == "dot" else render(text, form))


def dot(selection: Selection) -> str:
    """The picture as DOT (https://graphviz.org/doc/info/lang.html)."""
    found = drawing(selection.about_records)
    if len(found.nodes) > MOST_NODES:
        raise LimitError(
            f"The picture would have {len(found.nodes):,} nodes, and nobody can read more than "
            f"{MOST_NODES}. --summary folds the epochs of a training into one, --depth 2 leaves "
            "out what is further from the execution and the model, --lineage NAME shows how one "
            "thing came to be, and one RUN is less than many."
        )
    names = {iri: f"n{number}" for number, iri in enumerate(found.nodes)}
    edges = (_edge(names[one.start], names[one.end], one) for one in found.arrows)
    return "".join([_HEADER, *_nodes(found, names, _titles(selection)), *edges, "}\n"])


def _edge(start: str, end: str, arrow: Arrow) -> str:
    tip = _quoted(f"{local(arrow.start)} {arrow.label} {local(arrow.end)}")
    return f"  {start} -> {end} [label={_quoted(arrow.label)} edgetooltip={tip}];\n"


def _titles(selection: Selection) -> dict[str, str]:
    """What the catalogs call the graphs."""
    return {
        t.subject.value: t.object.value
        for told in selection.catalogs.values()
        for t in told
        if t.predicate.value == RDFS_LABEL
        and isinstance(t.subject, ox.NamedNode)
        and isinstance(t.object, ox.Literal)
    }


def _nodes(found: Drawing, names: dict[str, str], titles: dict[str, str]) -> Iterator[str]:
    """The nodes, those of each group together, under its name and that of what it is a part of."""
    groups: dict[str, list[str]] = {}
    for iri, node in found.nodes.items():
        groups.setdefault(node.group, []).append(_node(names[iri], node))
    for number, (group, lines) in enumerate(sorted(groups.items())):
        if not group:
            yield from lines
            continue
        yield f"  subgraph cluster_{number} {{\n"
        whole = titles.get(group.partition("#")[0])
        told = [titles.get(group) or whole, None if group in titles else shown(local(group))]
        name = ": ".join(one for one in told if one)
        if run := _RUN(group):
            name += f" ({run[1]})"  # or runs of one dataflow would all be called the same
        label, tip = _quoted(name), _quoted(group)
        yield f'    label={label} tooltip={tip} style="rounded";\n'
        yield from (f"  {line}" for line in lines)
        yield "  }\n"


def _node(name: str, node: Node) -> str:
    label = "\\n".join(map(_escaped, node.lines))
    peripheries = " peripheries=2" if node.stands_for > 1 else ""
    iri = node.iri.partition(" ")[0]
    link = f" URL={_quoted(iri)}" if iri.startswith(("http://", "https://")) else ""
    style = f'{_STYLES[node.kind]}{peripheries} label="{label}"'
    return f"  {name} [{style} tooltip={_quoted(iri)}{link}];\n"


def _escaped(text: str) -> str:
    """A text as it stands between quotes: neither an escape of DOT nor an entity of HTML."""
    return unicodedata.normalize("NFC", text).translate(_ESCAPED)


def _quoted(text: str) -> str:
    return f'"{_escaped(shown(text, 2000))}"'


def render(text: str, form: str) -> bytes:
    """An image of DOT: svg, png or pdf. Raises ``UnsupportedError`` and ``LimitError``."""
    try:
        done = subprocess.run(
            ["dot", f"-T{form}"],
            input=text.encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except OSError as error:
        raise UnsupportedError(
            f"{form.upper()} is drawn by Graphviz, whose program 'dot' is not installed. Install "
            "it with: apt-get install graphviz (brew, conda, dnf, winget: 'graphviz'). DOT itself "
            "needs nothing: --format dot."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise LimitError(
            f"Graphviz did not draw the picture in {_SECONDS} seconds. --summary or --depth 2 make "
            "it smaller."
        ) from error
    if done.returncode or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip()[:300]
        raise UnsupportedError(f"Graphviz could not draw the picture: {said or 'it said nothing'}.")
    # A PDF says when it was made; so that the same picture is the same file, it was in 1980.
    return _MADE.sub(b"(D:19800101000000", done.stdout) if form == "pdf" else done.stdout
