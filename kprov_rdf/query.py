"""Named questions: SPARQL files with a header, bound by substitution.

    # question: What was the loss of each optimizer at one epoch?
    # source: Pina et al. 2021, Q1
    # input: epoch xsd:integer 30 -- number of the epoch, from 0
    # output: optimizer -- class of the optimizer
    SELECT ?epoch ?optimizer …

An input has a type (``xsd:…`` or ``run``) and may have a default. Oxigraph
binds only variables that the query projects, so inputs are projected too, and
left out of the answer.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyoxigraph as ox

from kprov_capture.terms import XSD_NAMESPACE
from kprov_rdf import resources
from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.sparql import in_order
from kprov_rdf.store import Bindings, Store

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None

_HEADER = re.compile(r"^# (question|source|input|output): (.*)$", re.MULTILINE)
_INPUT = re.compile(r"(\w+) (xsd:\w+|run)(?: (\S+))? -- (.+)\Z")
_OUTPUT = re.compile(r"(\w+) -- (.+)\Z")
_CHECKS = {
    "integer": re.compile(r"[+-]?[0-9]+\Z"),
    "double": re.compile(r"([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN)\Z"),
    "boolean": re.compile(r"(true|false|0|1)\Z"),
}


@dataclass(frozen=True)
class Input:
    name: str
    type: str
    default: str | None
    text: str


@dataclass(frozen=True)
class Question:
    """A named query with its header."""

    name: str
    text: str
    question: str = ""
    source: str = ""
    inputs: tuple[Input, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Table:
    """Rows of an answer, read once and lazily; ``columns`` names them."""

    columns: list[str]
    rows: Iterator[tuple[Term, ...]]


def parse(name: str, text: str) -> Question:
    """Read the header of a query file. Raises ``InputError`` where a line of it is malformed."""
    found: dict[str, str] = {"question": "", "source": ""}
    inputs: list[Input] = []
    outputs: dict[str, str] = {}
    for key, value in _HEADER.findall(text):
        if key in found:
            found[key] = value
        elif key == "input" and (match := _INPUT.match(value)):
            inputs.append(Input(match[1], match[2], match[3], match[4]))
        elif key == "output" and (match := _OUTPUT.match(value)):
            outputs[match[1]] = match[2]
        else:
            raise InputError(
                f"The header of the query {name} has a line that cannot be read: '# {key}: "
                f"{value}'. Write '# input: NAME xsd:TYPE [DEFAULT] -- TEXT' or "
                "'# output: NAME -- TEXT'."
            )
    return Question(name, text, found["question"], found["source"], tuple(inputs), outputs)


def catalogue() -> dict[str, Question]:
    """The questions that come with kprov, by name."""
    return {
        filename.removesuffix(".rq"): parse(filename.removesuffix(".rq"), text)
        for filename, text in resources.texts("queries", ".rq").items()
    }


def find(name_or_path: str) -> Question:
    """A question by its name, or a query file. Raises ``NotFoundError``."""
    known = catalogue()
    if name_or_path.lower() in known:
        return known[name_or_path.lower()]
    path = Path(name_or_path)
    try:
        return parse(path.name, path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise NotFoundError(
            f"There is no query named {name_or_path!r}, and it is not a file that can be read. "
            f"The names are {', '.join(known)}; to give a query on the command line write "
            "-e 'SELECT …'."
        ) from error


def literal(text: str, datatype: str) -> ox.Literal:
    """``text`` as a literal of the XSD type (its local name). Raises ``InputError``."""
    check = _CHECKS.get(datatype)
    valid = check is None or check.match(text) is not None
    if datatype == "dateTime":
        try:
            datetime.fromisoformat(text)
        except ValueError:
            valid = False
    if not valid:
        raise InputError(f"an xsd:{datatype} was wanted, found {text!r}")
    return ox.Literal(text, datatype=ox.NamedNode(XSD_NAMESPACE + datatype))


def guess(text: str) -> ox.NamedNode | ox.Literal:
    """A parameter without a declared type: <IRI>, a number, true or false, or a string."""
    if text.startswith("<") and text.endswith(">"):
        try:
            return ox.NamedNode(text[1:-1])
        except ValueError as error:
            raise InputError(f"{text} is not an IRI: {error}") from error
    for datatype in ("integer", "double"):
        if _CHECKS[datatype].match(text):
            return literal(text, datatype)
    if text in ("true", "false"):
        return literal(text, "boolean")
    return ox.Literal(text)


def bind(question: Question, given: Mapping[str, str | ox.NamedNode | ox.Literal]) -> Bindings:
    """Terms for the inputs of a question: those given (text or terms), else the defaults.

    Raises ``InputError`` for a value that is missing, unknown, or not of its type.
    """
    declared = {one.name: one for one in question.inputs}
    bound: dict[str, ox.NamedNode | ox.Literal] = {}
    for name, value in given.items():
        if declared and name not in declared:
            raise InputError(
                f"The query {question.name} has no parameter {name!r}; it has "
                f"{', '.join(declared)}."
            )
        if not isinstance(value, str):
            bound[name] = value
            continue
        try:
            wanted = declared[name].type if name in declared else None
            if wanted is None:
                bound[name] = guess(value)
            elif wanted == "run":
                bound[name] = ox.NamedNode(value)
            else:
                bound[name] = literal(value, wanted.removeprefix("xsd:"))
        except (InputError, ValueError) as error:
            raise InputError(f"The parameter {name} of {question.name}: {error}.") from error
    for one in question.inputs:
        if one.name not in bound:
            if one.default is None:
                raise InputError(
                    f"The query {question.name} needs the parameter {one.name} ({one.text}). "
                    f"Add --param {one.name}=…"
                )
            if one.type == "run":
                raise InputError(f"The parameter {one.name} of {question.name} is not an IRI.")
            bound[one.name] = literal(one.default, one.type.removeprefix("xsd:"))
    return bound


def table(
    store: Store, question: Question, given: Mapping[str, str | ox.NamedNode | ox.Literal]
) -> Table:
    """The answer to a SELECT as a table without the inputs; ASK gives one cell.

    CONSTRUCT and DESCRIBE give subject, predicate, object. Raises ``InputError``.
    """
    answer = store.query(question.text, bind(question, given))
    if isinstance(answer, ox.QueryBoolean):
        cell = ox.Literal(bool(answer))
        return Table(["answer"], iter([(cell,)]))
    if not isinstance(answer, ox.QuerySolutions):
        return Table(
            ["subject", "predicate", "object"],
            ((t.subject, t.predicate, t.object) for t in answer),
        )
    names = in_order(question.text, [variable.value for variable in answer.variables])
    hidden = {one.name for one in question.inputs} - set(question.outputs)
    shown = [name for name in names if name not in hidden]
    return Table(shown, (tuple(row[name] for name in shown) for row in answer))


def value(term: Term) -> str | int | float | bool | None:
    """A term as a Python value: numbers and booleans as such, anything else as text."""
    if isinstance(term, ox.Literal):
        kind = term.datatype.value.removeprefix(XSD_NAMESPACE)
        try:
            if kind == "integer":
                return int(term.value)
            if kind in ("double", "float", "decimal"):
                return float(term.value.replace("INF", "inf"))
        except ValueError:
            return term.value  # STRDT and foreign data may call anything a number
        if kind == "boolean":
            return term.value == "true"
        return term.value
    if term is None or isinstance(term, ox.Triple):
        return None if term is None else str(term)
    return term.value if isinstance(term, ox.NamedNode) else str(term)
