"""Types of the parameters of questions: what each takes, and what is said of anything else.

    xsd:double, xsd:integer>=0  a literal, in a range where one is said
    value                       a literal of whatever type it looks like: 4, 0.5, true, relu
    min|max                     one of these words; auto stands for what the first metric is at best
    metric, setting             a property: the name that Keras reported (val_loss), the ontology's
                                (valLoss), or an IRI in angle brackets
    tag                         the tag of a dataflow in the store
    iri, run                    the IRI of a thing or run; ``asked.named`` makes it of a short name
    limit                       the number after the LIMIT of the query

``*`` as a value, or as the default, leaves a parameter unbound: the query says what that means.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pyoxigraph as ox

from kprov_capture.terms import METRICS, SETTINGS, XSD_NAMESPACE, Dnnprov
from kprov_rdf import summaries
from kprov_rdf.errors import InputError
from kprov_rdf.store import SUMMARY_GRAPH, Store, select

ANY = "*"
LIMIT = "limit"
TYPES = (
    r"xsd:\w+(?:(?:>=|<=|>|<)-?[0-9]+(?:\.[0-9]+)?)?"
    r"|run|metric|setting|tag|iri|value|limit|\w+(?:\|\w+)+"
)
_ABOUT = {
    "run": "the last 8 digits of a run, a prefix, a tag, or @latest",
    "metric": "a metric by the name that was reported, such as val_loss",
    "setting": "a setting by the name that was reported, such as batch_size",
    "tag": "the tag of a dataflow",
    "iri": "an IRI, or a run and the end of one, such as @latest#model",
    "value": "a number, true, false or a text",
    LIMIT: "a whole number from 1",
}
_RANGED = re.compile(r"xsd:(\w+?)(?:(>=|<=|>|<)(-?[0-9]+(?:\.[0-9]+)?))?\Z")
_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
}
_NUMBERS = {
    "integer": re.compile(r"[+-]?[0-9]+\Z"),
    "double": re.compile(r"([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN)\Z"),
    "boolean": re.compile(r"(true|false|0|1)\Z"),
}
_MORE = {
    "metric": {"elapsed_time": Dnnprov.elapsedTime},
    "setting": {"dropout": Dnnprov.dropoutRate, "dropout_rate": Dnnprov.dropoutRate,
                "activation": Dnnprov.activation, "num_epochs": Dnnprov.numEpochs},
}  # fmt: skip
_KNOWN = {"metric": METRICS | _MORE["metric"], "setting": SETTINGS | _MORE["setting"]}
_STATISTICS = {"count": "metric", "test": "metric", "setting": "setting"}
_SUMMED = f"""SELECT ?statistic ?name ?property {{ GRAPH <{SUMMARY_GRAPH}> {{
  VALUES ?statistic {{ {" ".join(f'"{one}"' for one in _STATISTICS)} }}
  ?of summary:statistic ?statistic ; summary:of ?property ; summary:name ?name }} }}
ORDER BY STR(?name) ?property"""
_CLASSES = {"metric": Dnnprov.Metric, "setting": Dnnprov.HyperParameter}
# Words in the names of metrics of which more is better.
_MAXIMISED = re.compile(
    r"(?<![a-z])(acc|accuracy|auc|precision|recall|f1|fbeta|r2|iou|io|dice|cosine|true|map|bleu|psnr"
    r"|ssim|top|topk)(?![a-z])"
)
# Words of which less is better, whatever else the name says: top5_error.
_MINIMISED = re.compile(
    r"(?<![a-z])(loss|error|err|mse|rmse|mae|mape|msle|cosh|entropy|divergence|hinge|poisson|false"
    r"|perplexity|time|residual)(?![a-z])"
)
_SHOWN = 12


@dataclass(frozen=True)
class Input:
    """A parameter of a question; ``default`` is None where it has to be given."""

    name: str
    type: str
    default: str | None
    text: str

    @property
    def may_be_any(self) -> bool:
        """Whether * may be given, also where it is not the default."""
        return "|" not in self.type and self.type != "iri"


class Names:
    """What the runs of a store call their metrics, settings and tags; each is looked up once."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @cached_property
    def _summed(self) -> bool:
        return summaries.are_in(self.store)

    @cached_property
    def _all(self) -> Iterable[tuple[str, str, str]]:
        """Kind, name and property, where there are summaries."""
        rows = select(self.store, _SUMMED)
        return dict.fromkeys(
            (_STATISTICS[row["statistic"].value], row["name"].value, row["property"].value)
            for row in rows
        )

    def own(self, kind: str) -> list[tuple[str, str]]:
        """Name and property of the metrics or settings that runs declare themselves."""
        if self._summed:
            return [(name, found) for of, name, found in self._all if of == kind]
        text = (
            f"SELECT DISTINCT ?name ?property {{ GRAPH ?run {{ ?property a <{_CLASSES[kind]}> ; "
            f"<{Dnnprov.reportedName}> ?name }} }} ORDER BY STR(?name) ?property"
        )
        return [(row["name"].value, row["property"].value) for row in select(self.store, text)]

    def reported(self, kind: str) -> list[str]:
        """The names of the metrics, or settings, that there are values of; one's own come first."""
        known = {iri: name for name, iri in reversed(_KNOWN[kind].items())}
        there = [
            name for iri, name in known.items()
            if self.store.query(f"ASK {{ GRAPH ?run {{ ?thing <{iri}> ?value }} }}")
        ]  # fmt: skip
        own = sorted({name for name, iri in self.own(kind) if iri not in known})
        return [*own, *sorted({*there}.difference(own))]

    def tags(self) -> list[str]:
        """The tags of the dataflows, sorted."""
        asked = f"GRAPH ?run {{ ?plan a <{Dnnprov.Dataflow}> ; <{Dnnprov.tag}> ?tag }}"
        if self._summed:
            asked = f"GRAPH <{SUMMARY_GRAPH}> {{ ?run summary:tag ?tag }}"
        rows = select(self.store, f"SELECT DISTINCT ?tag {{ {asked} }}")
        return sorted(row["tag"].value for row in rows)


def literal(text: str, datatype: str) -> ox.Literal:
    """``text`` as a literal of the XSD type (its local name). Raises ``InputError``."""
    check = _NUMBERS.get(datatype)
    valid = check is None or check.match(text) is not None
    if datatype == "dateTime":
        try:
            datetime.fromisoformat(text)
        except ValueError:
            valid = False
    if not valid:
        raise InputError(f"an xsd:{datatype} was wanted, found {text!r}")
    return ox.Literal(text, datatype=ox.NamedNode(XSD_NAMESPACE + datatype))


def iri(text: str) -> ox.NamedNode:
    """An IRI, in angle brackets or without. Raises ``InputError``."""
    bare = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    try:
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", bare):
            raise ValueError("it has no scheme")
        return ox.NamedNode(bare)
    except ValueError as error:
        raise InputError(f"{text} is not an IRI: {error}") from error


def guess(text: str) -> ox.NamedNode | ox.Literal:
    """A parameter without a declared type: <IRI>, a number, true or false, or a string."""
    if text.startswith("<") and text.endswith(">"):
        return iri(text)
    for datatype in ("integer", "double"):
        if _NUMBERS[datatype].match(text):
            return literal(text, datatype)
    if text in ("true", "false"):
        return literal(text, "boolean")
    try:
        return ox.Literal(text)
    except ValueError:
        raise InputError(f"a text was wanted, and {text!r} is not one in Unicode") from None


def term(one: Input, text: str, names: Names | None) -> ox.NamedNode | ox.Literal:
    """The term that ``text`` means as this parameter. Raises ``InputError``.

    ``names`` tells which metrics, settings and tags there are beside those of the ontology.
    """
    if one.type in _KNOWN:
        return ox.NamedNode(_property(one.type, text, names))
    if one.type == "tag":
        return _tag(text, names)
    if one.type in ("iri", "run"):
        try:
            return iri(text)
        except InputError as error:
            raise InputError(f"{error}; {_ABOUT[one.type]} was wanted") from error
    if one.type == "value":
        return guess(text)
    if one.type == LIMIT:
        return _ranged(text, "integer", ">=", "1")
    if "|" in one.type:
        return _choice(text, one.type.split("|"))
    found = _RANGED.match(one.type)
    if found is None:
        raise InputError(f"its type {one.type!r} is none that is known")
    return _ranged(text, found[1], found[2], found[3])


def about(kind: str) -> str:
    """What a type takes, for people."""
    if "|" in kind:
        return f"one of {', '.join(kind.split('|'))}"
    found = _RANGED.match(kind)
    if found is None:
        return _ABOUT[kind]
    range_ = f", {found[2]} {found[3]}" if found[2] else ""
    named = {"string": "a text", "integer": "a whole number", "double": "a number"}
    return named.get(found[1], f"an xsd:{found[1]}") + range_


def at_best(metric: str) -> str:
    """Whether the best value of a metric is its max or its min, as its name or property says."""
    words = _words(metric)
    return "max" if _MAXIMISED.search(words) and not _MINIMISED.search(words) else "min"


def says_best(metric: str) -> bool:
    """Whether the name of a metric says what :func:`at_best` makes of it."""
    words = _words(metric)
    return bool(_MAXIMISED.search(words) or _MINIMISED.search(words))


def _words(metric: str) -> str:
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.split("[#/]", metric)[-1]).lower()


def _ranged(text: str, datatype: str, sign: str | None, bound: str | None) -> ox.Literal:
    found = literal(text, datatype)
    if sign and bound:
        try:
            number = float(text.replace("INF", "inf"))
        except ValueError:
            raise InputError(f"a number {sign} {bound} was wanted, found {text!r}") from None
        if not _HOLDS[sign](number, float(bound)):
            raise InputError(f"a number {sign} {bound} was wanted, found {text}")
    return found


def _choice(text: str, choices: list[str]) -> ox.Literal:
    if text not in choices:
        raise InputError(f"one of {', '.join(choices)} was wanted, found {text!r}")
    return ox.Literal(text)


def _key(name: str) -> str:
    """A name without what its spellings differ in: val_loss, valLoss, VAL_LOSS."""
    return re.sub("[^0-9a-z]", "", name.lower())


def _property(kind: str, text: str, names: Names | None) -> str:
    """The property of a metric or setting by a name of it."""
    if text.startswith("<") or "://" in text:
        return iri(text).value
    known = _KNOWN[kind]
    if text in known:
        return known[text]
    own = names.own(kind) if names else []
    named = {found for name, found in own if name == text}
    if not named:
        both = [*known.items(), *own]
        named = {
            found for name, found in both
            if _key(text) in (_key(name), _key(re.split("[#/]", found)[-1]))
        }  # fmt: skip
    if len(named) == 1:
        return named.pop()
    if named:
        listed = ", ".join(f"<{one}>" for one in sorted(named))
        raise InputError(f"{text!r} means several properties: {listed}. Give one of these")
    raise InputError(_unknown(kind, text, [*known, *(name for name, _ in own)], names))


def _unknown(kind: str, text: str, like_it: list[str], names: Names | None) -> str:
    near = _near(text, like_it)
    like = f"; did you mean {' or '.join(near)}?" if near else "."
    there = names.reported(kind) if names else []
    listed = f" The store has {_listed(there)}" if there else f" The store has no {kind}"
    return f"a {kind} was wanted, and none is called {text!r}{like}{listed}"


def _near(text: str, names: Iterable[str]) -> list[str]:
    by_key = {_key(name): name for name in names}
    return [by_key[one] for one in difflib.get_close_matches(_key(text), by_key, 3, 0.7)]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _tag(text: str, names: Names | None) -> ox.Literal:
    if names is None:
        return ox.Literal(text)
    tags = names.tags()
    if text in tags:
        return ox.Literal(text)
    near = difflib.get_close_matches(text, tags, 3, 0.7)
    like = f"; did you mean {' or '.join(near)}?" if near else "."
    listed = f" The store has {_listed(tags)}" if tags else " The store has no run yet"
    raise InputError(f"the tag of a dataflow was wanted, and none is called {text!r}{like}{listed}")
