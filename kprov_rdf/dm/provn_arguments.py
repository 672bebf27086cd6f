"""What the expressions of PROV-N take as arguments, and what to say where they have others."""

import re
from difflib import get_close_matches

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import ELEMENTS, KINDS, TIMES, Kind
from kprov_rdf.dm.provn_lexer import MARK, TIME, Tokens

_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_WANTED = {
    "entity": "an entity", "activity": "an activity", "agent": "an agent", "plan": "a plan",
    "informed": "an activity", "informant": "an activity", "collection": "a collection",
    "trigger": "an entity", "starter": "an activity", "ender": "an activity",
    "generatedEntity": "an entity", "usedEntity": "an entity", "generation": "a generation",
    "usage": "a usage", "delegate": "an agent", "responsible": "an agent",
    "influencee": "what was influenced", "influencer": "what influenced it",
    "alternate1": "an entity", "alternate2": "an entity", "specificEntity": "an entity",
    "generalEntity": "an entity", "bundle": "a bundle",
}  # fmt: skip


def miscounted(
    tokens: Tokens, kind: Kind, given: list[re.Match[str]], begun: re.Match[str]
) -> MalformedError:
    """The error of an expression that has too many arguments, or too few."""
    own = kind.name in ELEMENTS  # the identifier is one of them
    if not own and len(given) < kind.many[0]:
        return tokens.wrong(f"{needed(kind, len(given))}.", "Name it.", begun)
    counts = [many + own for many in kind.many]
    takes = " or ".join(map(str, counts)) + " argument" + "s" * (counts != [1])
    more = len(given) > counts[-1]
    complete = given[:own] + filled(kind, given[own:])
    written = ", ".join(one[one.lastindex or 0][:60] if one else "-" for one in complete)
    return tokens.wrong(
        f"{kind.name} takes {takes}, and has {'more' if more else len(given)}.",
        f"Write {kind.name}({written})." if len(complete) in counts and not more else "",
        begun,
    )


def needed(kind: Kind, position: int) -> str:
    wanted = _WANTED[kind.arguments[position]]
    return f"{kind.name} needs {wanted} as its {_ORDINALS[position]} argument"


def filled(kind: Kind, given: list[re.Match[str]]) -> list[re.Match[str] | None]:
    """The arguments, with None where the next one is of another kind; empty where that fails."""
    left = list(given)
    filled: list[re.Match[str] | None] = []
    for slot in kind.arguments[: next((many for many in kind.many if many >= len(given)), 0)]:
        fits = left and (left[0][MARK] or (left[0].lastindex == TIME) == (slot in TIMES))
        filled.append(left.pop(0) if fits else None)
    return [] if left else filled


def no_statement(word: str, end: str) -> tuple[str, str]:
    """What to say of a word that begins no statement."""
    if word in ("prefix", "default"):
        return "Declarations stand before the first statement", "Move it there."
    if word in ("bundle", "endBundle", "document", "endDocument"):
        return f"A statement or '{end}' is missing", (
            "A bundle ends with 'endBundle', and holds no other bundle."
            if end == "endBundle"
            else ""
        )
    near = get_close_matches(word[:40], KINDS, 1)
    return "A statement of PROV-N is missing", (
        f"Did you mean {near[0]}?" if near else "An extension of PROV-N has a name with a prefix."
    )
