"""A lineage as a story in a terminal.

The line of what matters most runs down without indentation, so that a chain of a hundred models
fits: below each thing stands what it came of, or with ``--down`` what came of it, and what else
there is branches off before. A thing that is met twice is told once, and referred to. A relation
that a longer way tells better is left out: a model derived from data on which its training ran.
"""

import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kprov_capture.terms import Prov
from kprov_rdf.lineage.steps import EQUAL, SAME, UP
from kprov_rdf.lineage.told import Circumstances, Told, packages
from kprov_rdf.lineage.walk import Lineage
from kprov_rdf.tables import printable

_GENERATED, _USED = "wasGeneratedBy", "used"
_BRIEF = {EQUAL: "equal content", SAME: "the same as", "resumedFrom": "resumed"}
_MARKED = 12


@dataclass(frozen=True)
class Line:
    """A line: what stands before it, its kind and name, and the rest; ``aside`` is a note.

    ``tells`` is what it tells of, ``refers`` what is told in another line.
    """

    before: str
    title: str
    rest: str = ""
    aside: bool = False
    tells: str = ""
    refers: str = ""


def lines(lineage: Lineage, told: Mapping[str, Told]) -> list[Line]:
    """The whole story."""
    found = list(_Tree(lineage, told).lines())
    places = {one.tells: place for place, one in enumerate(found) if one.tells}
    for place, one in enumerate(found):
        if one.refers:
            where = "above" if places[one.refers] < place else "below"
            said = ", ".join(part for part in (one.rest, f"see {where}") if part)
            found[place] = replace(one, rest=f"({said})")
    return found


def text(lineage: Lineage, told: Mapping[str, Told]) -> str:
    """The story as plain text."""
    return "".join(
        f"{one.before}{_plain(one.title)}{'  ' * bool(one.rest)}{_plain(one.rest)}\n"
        for one in lines(lineage, told)
    )


def show(lineage: Lineage, told: Mapping[str, Told]) -> None:
    """Print it: on a terminal cut at its width and with some colour, else whole and plain."""
    if not sys.stdout.isatty():
        sys.stdout.write(text(lineage, told))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, width=shutil.get_terminal_size().columns)
    for one in lines(lineage, told):
        shown = Text()
        shown.append(one.before, style="dim")
        shown.append(_plain(one.title), style="dim" if one.aside else "bold")
        if one.rest:
            shown.append(f"  {_plain(one.rest)}", style="dim" if one.aside else "")
        console.print(shown, no_wrap=True, overflow="ellipsis")


def _plain(text: str) -> str:
    return printable(text.encode("utf-8", "replace").decode()).replace("\n", "\\n")


class _Tree:
    def __init__(self, lineage: Lineage, told: Mapping[str, Told]) -> None:
        self._lineage, self._told = lineage, told
        self._up = lineage.direction == UP
        self._children = self._reduced()
        self._folded = self._fold()
        self._order, self._parent, self._weight = self._spanning()

    # -- what stands below what

    def _reduced(self) -> dict[str, dict[str, str]]:
        """What each thing leads to, with the relation, without what a longer way tells better."""
        out: dict[str, dict[str, str]] = defaultdict(dict)
        for edge in self._lineage.edges:
            out[edge.later][edge.earlier] = edge.relation
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for edge in self._lineage.edges:
            through = {_GENERATED, _USED}
            longer = edge.relation not in (_GENERATED, _USED, EQUAL) and any(
                {relation, out[middle].get(edge.earlier)} == through
                for middle, relation in out[edge.later].items()
            )
            if not longer:
                one, other = (edge.later, edge.earlier) if self._up else (edge.earlier, edge.later)
                found[one].setdefault(other, edge.relation)
        return found

    def _fold(self) -> set[str]:
        """Members of what is shown, where nothing else is reached by them alone."""
        nodes = self._lineage.nodes
        members = {
            member
            for one in nodes.values()
            for member in one.related.by.get(Prov.hadMember, ())
            if member in nodes
        } - set(self._lineage.of)
        reached = self._reach(members)
        needed = set(nodes) - members - reached
        while needed:  # what leads there is shown after all
            before = {one for one in members if needed & self._children[one].keys()}
            members -= before
            needed = before if before else set()
        return members

    def _reach(self, without: set[str]) -> set[str]:
        seen = set(self._lineage.of)
        waiting = list(seen)
        while waiting:
            new = self._children[waiting.pop()].keys() - seen - without
            seen |= new
            waiting += new
        return seen

    def _spanning(self) -> tuple[list[str], dict[str, str], Counter[str]]:
        """Each thing below that which tells it best, depth first, and how much stands below it.

        Depth first puts data below the activity that used them, which comes before the rest.
        """
        order: list[str] = []
        parent: dict[str, str] = {}
        placed: set[str] = set()
        for root in self._lineage.of:
            waiting = [("", root)]
            while waiting:
                above, one = waiting.pop()
                if one in placed or one in self._folded or one not in self._told:
                    continue
                placed.add(one)
                order.append(one)
                parent[one] = above
                waiting += [(one, other) for other in reversed(self._sorted(one))]
        weight: Counter[str] = Counter()
        for one in reversed(order):
            weight[one] += 1
            if parent[one]:
                weight[parent[one]] += weight[one]
        return order, parent, weight

    def _sorted(self, one: str) -> list[str]:
        below = self._children[one]
        ranks = {_GENERATED: 0, _USED: 1}
        return sorted(
            (other for other in below if other not in self._folded),
            key=lambda other: (ranks.get(below[other], 2), self._told[other].at, other),
        )

    # -- lines

    def lines(self) -> Iterator[Line]:
        for number, root in enumerate(self._lineage.of):
            if number:
                yield Line("", "")
            if root in self._told and self._parent.get(root) == "":
                yield from self._spine(root, "", "")
        reached = len(self._lineage.nodes) > len(self._lineage.of)
        if not reached and not self._lineage.more:
            what = "how it came to be" if self._up else "what was made of it"
            yield Line("", f"Nothing is recorded of {what}.", aside=True)
        if self._lineage.more:
            reach = (self._lineage.depth or 0) + 5
            hint = f"--depth {reach}" if self._lineage.depth is not None else "--limit N"
            yield Line(
                "", f"{self._lineage.more:,} more a step further; {hint} shows more", "", True
            )
        for note in self._lineage.notes:
            yield Line("", f"note: {note}", aside=True)

    def _spine(self, top: str, first: str, rest: str) -> Iterator[Line]:
        """A thing and the heaviest of what is below it, and so on, in one column.

        Not by recursion: a chain may be longer than Python's stack.
        """
        waiting: list[tuple[str, str, str, str] | Line] = [(top, first, rest, "")]
        while waiting:
            item = waiting.pop()
            if isinstance(item, Line):
                yield item
                continue
            one, before, indent, above = item
            yield self._line(one, before, above)
            own = [x for x in self._sorted(one) if self._parent.get(x) == one]
            again = [x for x in self._sorted(one) if x not in own and x in self._parent]
            yield from self._circumstances(one, f"{indent}{'│  ' if own or again else '   '}")
            heavy = max(own, key=self._rank, default=None)
            branches = [x for x in (*own, *again) if x != heavy]
            later: list[tuple[str, str, str, str] | Line] = []
            for place, other in enumerate(branches):
                last = heavy is None and place == len(branches) - 1
                corner = f"{indent}{'└─' if last else '├─'} "
                if other in own:
                    later.append((other, corner, f"{indent}{'   ' if last else '│  '}", one))
                else:
                    later.append(self._again(other, corner, one))
            if heavy is not None:
                arrow = "←" if self._up else "→"
                later.append((heavy, f"{indent}{arrow} ", indent, one))
            waiting += reversed(later)

    def _rank(self, one: str) -> tuple[bool, int]:
        """Models make the column where there are any, else what has most below it."""
        return self._told[one].kind in ("model", "checkpoint"), self._weight[one]

    def _line(self, one: str, before: str, above: str) -> Line:
        told = self._told[one]
        where = f"{told.record} of {told.tag}" if told.tag else told.record
        if above and self._told[above].record == told.record:
            where = ""  # said of the one before
        relation = _BRIEF.get(self._children.get(above, {}).get(one, ""), "")
        members = self._members(one)
        parts = [
            relation,
            *told.facts,
            f"{members} members" if members > 1 else "",
            f"sha256 {told.sha256[:8]}…" if told.sha256 else "",
            where,
            _when(told.at),
        ]
        title = f"{told.kind} {told.name}" if told.name else told.kind
        return Line(before, title, ", ".join(part for part in parts if part), tells=one)

    def _members(self, one: str) -> int:
        members = self._lineage.nodes[one].related.by.get(Prov.hadMember, ())
        return sum(member in self._folded for member in members)

    def _again(self, one: str, before: str, above: str) -> Line:
        told = self._told[one]
        relation = _BRIEF.get(self._children[above].get(one, ""), "")
        where = "" if self._told[above].record == told.record else told.record
        said = ", ".join(part for part in (relation, where) if part)
        return Line(before, f"{told.kind} {told.name}".strip(), said, True, refers=one)

    def _circumstances(self, one: str, before: str) -> Iterator[Line]:
        found = self._told[one].circumstances
        if found:
            for name, text in circumstances(found):
                yield Line(before, f"{name:<5}", text, aside=True)


def circumstances(found: Circumstances) -> list[tuple[str, str]]:
    """Code, environment and persons, a line each."""
    code, environment = found.code, found.environment
    commit = str(code.get("gitCommit") or "")
    dirty = " (dirty)" if code.get("gitDirty") else ""
    script = str(code.get("path") or "").replace("\\", "/").rpartition("/")[2]
    told = [f"git commit {commit[:_MARKED]}{dirty}" if commit else "", script]
    python, system = environment.get("pythonVersion"), environment.get("operatingSystem")
    runs_in = [
        f"Python {python}" if python else "",
        *packages(str(environment.get("requirements") or "")),
        str(environment.get("containerImage") or ""),
        str(system or ""),
    ]
    rows: Sequence[tuple[str, Sequence[str]]] = (
        ("code", told), ("in", runs_in), ("by", found.agents),
    )  # fmt: skip
    return [(name, ", ".join(p for p in parts if p)) for name, parts in rows if any(parts)]


def _when(text: str) -> str:
    """A time in the zone of the reader."""
    try:
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}" if text else ""
    except (ValueError, OverflowError, OSError):
        return text
