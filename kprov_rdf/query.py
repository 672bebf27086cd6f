"""Named questions: SPARQL files with a header, bound by substitution.

    # question: What was the loss of each optimizer at one epoch?
    # group: papers
    # source: Pina et al. 2021, Q1
    # input: epoch xsd:integer>=0 30 -- number of the epoch, from 0
    # input: tag tag * -- only runs of this dataflow
    # input: limit limit 10 -- number of rows at most
    # output: optimizer -- class of the optimizer
    SELECT ?epoch ?tag ?optimizer … LIMIT 10

An input has a type, which ``parameters`` lists, and may have a default; ``*`` leaves it unbound.
Oxigraph binds only variables that the query projects, so inputs are projected too, also by the
sub-selects that use them, and left out of the answer where they are no outputs. A filter on an
input that may be unbound is written ``COALESCE(?found = ?input, true)``: ``BOUND`` is decided
before the input is bound. An input of the type ``limit`` is no variable, but the number after
every ``LIMIT`` that says its default, so that the file can be asked as it stands.

The groups are those of ``GROUPS``; a file of your own needs none.

A question of the catalogue that goes over many runs may have a second text, in ``queries/fast``:
the same answer from the summaries (``kprov_rdf.summaries``), asked where the store has them. Its
header says which summary property a further variable is: ``# summary: top ?best metric`` binds
``?top`` to that of the property ``?metric`` whose statistic is the value of ``?best``.
"""

import contextlib
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pyoxigraph as ox

from kprov_capture.terms import XSD_NAMESPACE
from kprov_rdf import parameters, resources, summaries
from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.parameters import ANY, LIMIT, Input, guess, literal
from kprov_rdf.sparql import in_kinds, in_order, tokens
from kprov_rdf.store import Answer, Bindings, LocalStore, Store

__all__ = [
    "GROUPS", "Input", "Question", "Table", "Term", "answered", "ask", "bind", "catalogue", "find",
    "guess", "literal", "parse", "table", "value",
]  # fmt: skip

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None
Given = Mapping[str, str | ox.NamedNode | ox.Literal]

# The groups of the catalogue, and what its questions are about.
GROUPS = {
    "runs": "which there are",
    "across": "runs compared, and traced from one to another",
    "one run": "what happened in it",
    "papers": "what the papers on Keras-Prov ask",
    "housekeeping": "what was merged, linked and validated",
}
_HEADER = re.compile(r"^# (question|group|source|example|none|input|output): (.*)$", re.MULTILINE)
_INPUT = re.compile(rf"(\w+) ({parameters.TYPES})(?: (\S+))? -- (.+)\Z")
_SUMMARY = re.compile(r"^# summary: (\w+) (\??\w+) (\w+)$", re.MULTILINE)
_BEST_FIRST = re.compile(r'ORDER BY IF\(\?best = "max", -(\?\w+), \1\)')
_LONG_LIMIT = 15
_OUTPUT = re.compile(r"(\w+) -- (.+)\Z")


@dataclass(frozen=True)
class Question:
    """A named query with its header.

    ``example`` are parameters as they are typed: k=8 l=5. ``none`` says what it means that there
    is no row, where that is worth a sentence.
    """

    name: str
    text: str
    question: str = ""
    source: str = ""
    inputs: tuple[Input, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    example: str = ""
    none: str = ""
    fast: str = ""


@dataclass
class Table:
    """Rows of an answer, read once and lazily; ``columns`` names them."""

    columns: list[str]
    rows: Iterator[tuple[Term, ...]]


def parse(name: str, text: str) -> Question:
    """Read the header of a query file. Raises ``InputError`` where a line of it is malformed."""
    found: dict[str, str] = dict.fromkeys(("question", "source", "group", "example", "none"), "")
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
                f"{value}'. Write '# input: NAME TYPE [DEFAULT] -- TEXT' or "
                "'# output: NAME -- TEXT'. A TYPE is xsd:integer or another one of XSD, with a "
                "range such as >=0 behind it, or run, metric, setting, tag, iri, value, limit, "
                "or words to choose from such as min|max."
            )
    return Question(
        name, text, found["question"], found["source"], tuple(inputs), outputs, found["group"],
        found["example"], found["none"],
    )  # fmt: skip


def catalogue() -> dict[str, Question]:
    """The questions that come with kprov, by name."""
    return dict(_catalogue())


@cache
def _catalogue() -> dict[str, Question]:
    fast = resources.texts("queries/fast", ".rq")
    return {
        filename.removesuffix(".rq"): replace(
            parse(filename.removesuffix(".rq"), text), fast=fast.get(filename, "")
        )
        for filename, text in resources.texts("queries", ".rq").items()
    }


def find(name_or_path: str) -> Question:
    """A question by its name, or a query file. Raises ``NotFoundError``."""
    known = _catalogue()
    if name_or_path.lower() in known:
        return known[name_or_path.lower()]
    path = Path(name_or_path)
    try:
        return parse(path.name, path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        near = difflib.get_close_matches(name_or_path.lower(), known, 3)
        raise NotFoundError(
            f"There is no query named {name_or_path!r}, and it is not a file that can be read. "
            + (f"Did you mean {' or '.join(near)}? " if near else "")
            + "'kprov query --list' has the names; to give a query on the command line write "
            "-e 'SELECT …'."
        ) from error


def bind(question: Question, given: Given, store: Store | None = None) -> Bindings:
    """Terms for the inputs of a question: those given (text or terms), else the defaults.

    ``store`` tells which metrics, settings and tags there are beside those of the ontology.
    What is ``*`` is not bound. Raises ``InputError`` for a value that is missing, unknown, or
    not of its type.
    """
    declared = {one.name: one for one in question.inputs}
    names = parameters.Names(store) if store is not None else None
    for name in given:
        if declared and name not in declared:
            raise InputError(
                f"The query {question.name} has no parameter {name!r}; it has "
                f"{', '.join(declared)}."
            )
    bound: dict[str, ox.NamedNode | ox.Literal] = {}
    for name in declared or given:
        one = declared.get(name)
        try:
            ox.Variable(name)
        except ValueError as error:
            told = f"A parameter is called as a variable of the query is, and none is {name!r}."
            raise InputError(told) from error
        value = given.get(name, one.default if one else None)
        if value is None:
            raise InputError(_missing(question, declared[name]))
        if one is not None and not one.may_be_any and value == ANY != one.default:
            told = f"{parameters.about(one.type)} was wanted, found {ANY}"
            raise InputError(_wrong(question, name, True, told))
        if isinstance(value, str) and value != ANY:
            try:
                value = guess(value) if one is None else parameters.term(one, value, names)
            except InputError as error:
                raise InputError(_wrong(question, name, name in given, str(error))) from error
        if not isinstance(value, str):
            bound[name] = value
    return _decided(question, bound)


def _missing(question: Question, one: Input) -> str:
    return (
        f"The query {question.name} needs the parameter {one.name}: {one.text} "
        f"({parameters.about(one.type)}). Add --param {one.name}=…"
    )


def _wrong(question: Question, name: str, given: bool, error: str) -> str:
    end = "" if error.endswith((".", "?")) else "."
    # What was not typed is wrong for this store only, and another value may be right.
    hint = "" if given else f" Say what it is with --param {name}=…"
    return f"The parameter {name} of {question.name}: {error}{end}{hint}"


def _decided(
    question: Question, bound: dict[str, ox.NamedNode | ox.Literal]
) -> dict[str, ox.NamedNode | ox.Literal]:
    """What is auto among min and max is what the first metric is at its best."""
    metrics = (one.name for one in question.inputs if one.type == "metric")
    metric = next((bound[name] for name in metrics if name in bound), None)
    if metric is not None:
        for one in question.inputs:
            if one.type == "auto|min|max" and bound.get(one.name) == ox.Literal("auto"):
                bound[one.name] = ox.Literal(parameters.at_best(metric.value))
    return bound


def _ordered(text: str, bound: Bindings) -> str:
    """A fast text that orders by the value itself, and not by what IF makes of it.

    Oxigraph works out an expression at each comparison, and what is bound costs time in each row:
    so q4 and q5 do not select ?best. The two orders differ in where NaN comes, which
    summaries have none of in a best value or a test.
    """
    order = r"ORDER BY DESC(\1)" if bound.get("best") == ox.Literal("max") else r"ORDER BY \1"
    return _BEST_FIRST.sub(order, text)


def _summed(text: str, bound: dict[str, ox.NamedNode | ox.Literal]) -> None:
    """Bind the summary properties that the header of a fast text names."""
    found = {
        # ?bestEpoch is minEpoch where ?best is "min".
        name: summaries.named_property(
            re.sub(r"\?(best)", lambda match: bound[match[1]].value, statistic), bound[of].value
        )
        for name, statistic, of in _SUMMARY.findall(text)
    }
    for name in set(bound) - set(re.findall(r"\?(\w+)", text)):
        del bound[name]
    bound |= found


def _limited(question: Question, text: str, bound: dict[str, ox.NamedNode | ox.Literal]) -> str:
    """The text with the limit that was asked for; takes that out of ``bound``.

    Raises ``InputError`` where the text has no such LIMIT.
    """
    for one in question.inputs:
        if one.type != LIMIT:
            continue
        given = bound.pop(one.name).value if one.name in bound else None
        # Oxigraph counts to 64 bits, and Python reads no number of thousands of digits.
        wanted = given and (int(given) if len(given) < _LONG_LIMIT else 10**_LONG_LIMIT)
        found = list(tokens(text))
        places = [
            after.start
            for before, after in pairwise(found)
            if before.text.upper() == "LIMIT" and after.text == one.default
        ]
        if not places or wanted is None:
            raise InputError(
                f"The parameter {one.name} of {question.name} is a limit: its default is the "
                "number after a LIMIT of the query, and its value a whole number from 1."
            )
        for start in reversed(places):
            text = f"{text[:start]}{wanted}{text[start + len(one.default or '') :]}"
    return text


def ask(store: Store, question: Question, given: Given) -> bool | Table | Iterator[ox.Triple]:
    """The answer in the form that the question has.

    A table without the inputs for SELECT, whether it is so for ASK, triples for CONSTRUCT and
    DESCRIBE. Raises ``InputError``.
    """
    bound = dict(bind(question, given, store))
    for name in {of for _, _, of in _SUMMARY.findall(question.fast)} - bound.keys():
        raise InputError(_wrong(question, name, True, f"one was wanted, and {ANY} is any"))
    quick = bool(question.fast) and summaries.are_in(store)
    text = _limited(question, question.fast if quick else question.text, bound)
    if quick:
        text = _ordered(text, bound)
        _summed(text, bound)
    answer = store.query(text, bound) if quick else answered(store, text, bound)
    if isinstance(answer, ox.QueryBoolean):
        return bool(answer)
    if not isinstance(answer, ox.QuerySolutions):
        return answer
    names = in_order(text, [variable.value for variable in answer.variables])
    hidden = {one.name for one in question.inputs} - set(question.outputs)
    hidden |= {name for name, _, _ in _SUMMARY.findall(text)}
    shown = [name for name in names if name not in hidden]
    return Table(shown, (tuple(row[name] for name in shown) for row in answer))


def answered(store: Store, text: str, bound: Bindings) -> Answer:
    """The answer of a store, also where the query orders values of mixed types.

    In Oxigraph that would end this process. Raises ``InputError``.
    """
    safe = in_kinds(text) if isinstance(store, LocalStore) else text
    if safe != text:
        with contextlib.suppress(InputError):  # said of the query as it was written, below
            return store.query(safe, bound)
    return store.query(text, bound)


def table(store: Store, question: Question, given: Given) -> Table:
    """The answer to a SELECT as a table without the inputs; ASK gives one cell.

    CONSTRUCT and DESCRIBE give subject, predicate, object. Raises ``InputError``.
    """
    answer = ask(store, question, given)
    if isinstance(answer, Table):
        return answer
    if isinstance(answer, bool):
        return Table(["answer"], iter([(ox.Literal(answer),)]))
    return Table(
        ["subject", "predicate", "object"], ((t.subject, t.predicate, t.object) for t in answer)
    )


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
