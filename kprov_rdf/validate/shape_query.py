"""Refuses the query of a shape that could not be evaluated as SHACL says.

Section numbers are those of the SHACL Recommendation; appendix A is about variables
that are bound before the query runs: $this, $shapesGraph, $currentShape; and $PATH,
in whose place the path is written.
"""

import re
from itertools import pairwise

import pyoxigraph as ox

from kprov_rdf import sparql
from kprov_rdf.errors import InputError, UnsupportedError

MAX_TOKENS = 2000  # a chain of 20,000 signs, as in 1+1+…, ends the process

_BOUND = {"this", "PATH", "shapesGraph", "currentShape"}
_APPENDIX_A = "which no query of a shape may have (SHACL, appendix A). Say it with FILTER."
_WORDS = {
    "MINUS": f"has MINUS, {_APPENDIX_A}",
    "VALUES": f"has VALUES, {_APPENDIX_A}",
    "SERVICE": f"has SERVICE, {_APPENDIX_A}",
    "FROM": "has FROM: it is asked of the graph that is validated. Remove it.",
    "LATERAL": "has LATERAL, which is not of SPARQL 1.1. Say it without.",
    "GRAPH": "has GRAPH: it is asked of one graph without a name. Remove it.",
}
_VARIABLES = {
    "shapesGraph": "is optional for an engine (SHACL, section 5.3.1), and one of ours has it not.",
    "currentShape": "is optional for an engine (SHACL, section 5.3.1); ours differ in it.",
    "failure": "would have to end the validation (SHACL, section 5.3.2), and no engine does that.",
}
# Parses in the place of a predicate and nowhere else.
_SOME_PATH = "(<http://e/p>|^<http://e/p>)"
_PATH = re.compile(r"[?$]PATH\b")


def is_pattern(text: str) -> bool:
    """Whether both engines understand a regular expression: Python's, and that of Rust."""
    try:
        re.compile(text)
        rows = ox.Store().query(f'SELECT (REGEX("", {ox.Literal(text)}) AS ?found) {{}}')
    except (re.error, OverflowError, RecursionError, SyntaxError):
        return False
    return isinstance(rows, ox.QuerySolutions) and all(row[0] is not None for row in rows)


def check(query: str, prefixes: dict[str, str], has_path: bool) -> None:
    """Raise ``InputError`` or ``UnsupportedError`` with what is wrong, and what to do.

    ``prefixes`` are those that the shapes declare for it; ``has_path`` tells a property
    shape from a node shape.
    """
    sparql.refuse_deep(query)
    found = list(sparql.tokens(query))
    if len(found) > MAX_TOKENS:
        raise UnsupportedError(f"it has more than {MAX_TOKENS} words and signs. Split it.")
    _check_words(found)
    _check_variables(found, has_path)
    _check_subqueries(found)
    _check_syntax(query, prefixes, has_path)


def _check_words(found: list[sparql.Token]) -> None:
    for token in found:
        for word, wrong in _WORDS.items():  # a keyword may follow another word without a blank
            if token.kind == "word" and token.text.upper().endswith(word):
                raise UnsupportedError("it " + wrong)


def _check_variables(found: list[sparql.Token], has_path: bool) -> None:
    for before, token in pairwise([sparql.Token("", "", 0), *found]):
        if token.kind != "variable":
            continue
        name, end = token.text[1:], before.start + len(before.text)
        if name in _BOUND and before.kind == "word" and before.text.upper().endswith("AS"):
            raise UnsupportedError(f"it says AS {token.text}, {_APPENDIX_A}")
        if name in _VARIABLES:
            raise UnsupportedError(f"{token.text} {_VARIABLES[name]}")
        if name == "PATH" and not has_path:
            raise InputError(f"{token.text} has no path here: the shape is no property shape.")
        if name == "PATH" and end == token.start and before.kind not in ("open", "close"):
            raise UnsupportedError(f"put a blank before {token.text}: one engine finds it by that.")


def _check_subqueries(found: list[sparql.Token]) -> None:
    """A query in a query returns $this, by name (appendix A; `*` is left open by it)."""
    starts = [at for at, token in enumerate(found) if token.text.upper() == "SELECT"]
    for start in starts[1:]:
        depth = 0
        for token in found[start + 1 :]:
            if token.text == "{" or token.text.upper() == "WHERE":
                raise UnsupportedError(
                    "a SELECT within it does not return $this (SHACL, appendix A). Name it there."
                )
            depth += (token.kind == "open") - (token.kind == "close")
            if depth == 0 and token.kind == "variable" and token.text[1:] == "this":
                break


def _check_syntax(query: str, prefixes: dict[str, str], has_path: bool) -> None:
    """It parses with the prefixes that are declared for it, and returns $this (section 5.2)."""
    lines = []
    for prefix, namespace in prefixes.items():
        if not re.fullmatch(r"(?:[^\W\d_][\w.-]*)?", prefix) or re.search(
            r'[<>"{}|\\^`\s]', namespace
        ):
            raise InputError(f"PREFIX {prefix}: <{namespace}> is no declaration. Correct it.")
        lines.append(f"PREFIX {prefix}: <{namespace}>")
    head = "\n".join(lines) + "\n"
    try:
        answer = ox.Store().query(head + query)
        if has_path and _PATH.search(query):
            ox.Store().query(head + _PATH.sub(_SOME_PATH, query))
    except SyntaxError as error:
        wrong = sparql.what_is_wrong(query, prefixes) or f"it does not parse: {error}."
        place = " $PATH stands at the place of a predicate, and nowhere else." * has_path
        raise InputError(f"{wrong}{place} Correct it (SHACL, section 5.2).") from error
    except RuntimeError as error:  # a function that is none of SPARQL
        raise UnsupportedError(f"{error}. No engine has it; say it without.") from error
    if not isinstance(answer, ox.QuerySolutions):
        raise InputError("it is no SELECT (SHACL, section 5.2). Write it as SELECT $this.")
    if "this" not in {one.value for one in answer.variables}:
        raise InputError("it does not return $this (SHACL, section 5.2). Write SELECT $this.")
