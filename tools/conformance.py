"""Writes docs/conformance.md: what kprov and other validators say of the cases of the W3C.

    python -m tools.conformance FOLDER    FOLDER has manifest.csv, with path and expected verdict

The figures of kprov and of prov are measured when it is written; those of the others cannot be
run here and are cited.
"""

import csv
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kprov_capture import __version__
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.validate import constraints, inputs
from kprov_rdf.validate.catalog import RULES
from tests.validate.rules import HELD, VIOLATED

PAGE = Path("docs/conformance.md")
_SUITES = {
    ("w3c", "provn"): "unit cases, PROV-N",
    ("w3c", "provxml"): "unit cases, PROV-XML",
    ("w3c-verbatim", "provn"): "as W3C published them, PROV-N",
    ("w3c-verbatim", "provxml"): "as W3C published them, PROV-XML",
    ("w3c-verbatim", "provo-ttl"): "as W3C published them, Turtle",
}
_HEAD = """\
# Conformance to PROV-CONSTRAINTS

`kprov validate` implements the [Recommendation]({link}) of 30 April 2013:
definitions 1 to 4, inferences 5 to 21, constraints 22 to 56, each bundle by itself. This page
is written by `make conformance`, which runs kprov {version} and prov {prov} on the W3C's cases.
"Right" is the right verdict; "with reason" is also the right constraint, for the cases that must
fail.

| cases | | kprov right | with reason | prov {prov}, `unified()` |
|---|---|---|---|---|
"""
# By repository: what is known of its verdicts on the unit cases, and of its scale.
_OTHERS = {
    "pgroth/prov-check": (
        "131 of 155 in Turtle: it refuses 23 valid ones, since it merges no existentials, and "
        "passes an invalid one, for want of typing",
        "86,000 triples: not done after 7 minutes",
    ),
    "trungdong/prov": ("no validator: `unified()` merges by constraints 22 and 23", ""),
    "lucmoreau/ProvToolbox": (
        "155 of 155 (2.2); it stops with an error where an undeclared activity was informed, and "
        "at mentions",
        "10,000 records: not done after 150 s",
    ),
    "jamescheney/prov-constraints": ("107 of the 107 that it can load (Prolog, 2013)", ""),
}


def _others() -> str:
    lines = [
        "\nOther validators, from what is known of them; they were not run for this page:\n",
        "| validator | unit cases of the W3C | scale |",
        "|---|---|---|",
    ]
    for name, (verdicts, scale) in _OTHERS.items():
        lines.append(f"| [{name}](https://github.com/{name}) | {verdicts} | {scale} |")
    lines.append("| kprov | above | 1,000,000 records: [benchmarks](../bench/README.md) |\n")
    return "\n".join(lines) + "\n"


@dataclass
class Case:
    """A case: the verdict that is wanted, and what came out."""

    path: str
    suite: tuple[str, str]
    expected: str
    wanted: set[str]
    found: set[str]
    by_prov: bool | None

    @property
    def right(self) -> bool:
        return bool(self.found) == (self.expected == "fail")

    @property
    def reason(self) -> bool:
        return self.right and (self.expected == "pass" or self.wanted <= self.found)


def ours(data: bytes, name: str) -> set[str]:
    """The numbers of the constraints that a document violates; "DM" where it is malformed."""
    try:
        outcomes = constraints.check(inputs.read(data, name))
    except MalformedError:
        return {"DM"}
    found: set[str] = set()
    for one in (violation for outcome in outcomes for violation in outcome.violations):
        found |= set(map(str, one.numbers)) or {"DM"}
    return found


def by_prov(data: bytes, form: str) -> bool | None:
    """Whether prov merges the statements of a document; None: it cannot read it."""
    from prov.model import ProvDocument

    options: dict[str, Any] = {"format": {"provn": "provn", "provxml": "xml"}.get(form, "rdf")}
    if options["format"] == "rdf":
        options["rdf_format"] = "turtle"
    try:
        document = ProvDocument.deserialize(content=data.decode(), **options)
    except Exception:  # noqa: BLE001, RUF100  (it raises errors of any kind)
        return None
    try:
        document.unified()
    except Exception:  # noqa: BLE001, RUF100
        return False
    return True


def cases(folder: Path) -> list[Case]:
    import warnings

    warnings.simplefilter("ignore")
    found = []
    for row in csv.DictReader((folder / "manifest.csv").read_text("utf-8").splitlines()):
        data, form = (folder / row["path"]).read_bytes(), row["format"]
        suite = (row["path"].partition("/")[0], form)
        wanted = set(row["constraint"].split())
        found.append(
            Case(row["path"], suite, row["expected"], wanted, ours(data, row["path"]),
                 by_prov(data, form))
        )  # fmt: skip
    return found


def _suites(found: list[Case]) -> str:
    lines = []
    for suite in dict.fromkeys(one.suite for one in found):
        mine = [one for one in found if one.suite == suite]
        fails = [one for one in mine if one.expected == "fail"]
        right = sum(one.right for one in mine)
        reasons = f"{sum(one.reason for one in fails)} of {len(fails)}"
        prov = sum(one.by_prov == (one.expected == "pass") for one in mine)
        name = _SUITES.get(suite, " ".join(suite))
        lines.append(f"| {name} | {len(mine)} | {right} | {reasons} | {prov} |")
    return "\n".join(lines)


def _differences(found: list[Case]) -> str:
    wrong = [one for one in found if not one.reason]
    if not wrong:
        return ""
    lines = ["\nWhere the verdict differs:\n"]
    for one in wrong:
        numbers = ", ".join(sorted(one.found)) or "nothing"
        why = _WHY.get(Path(one.path).name, "")
        lines.append(f"- `{one.path}` must {one.expected}; kprov finds {numbers}. {why}")
    return "\n".join(lines) + "\n"


_WHY = {
    "prov-o-property-qualifiedRevision-PASS.ttl": "It says of an entity that it "
    "`wasAssociatedWith` an agent, which by constraint 50 makes it an activity too, and by 55 "
    "invalid. The name of the case says otherwise; the Recommendation does not."
}


def _rules(found: list[Case]) -> str:
    told: dict[str, Counter[str]] = {"pass": Counter(), "fail": Counter()}
    for one in found:
        told[one.expected].update(one.wanted)
    lines = [
        "Cases for each constraint: the W3C's that are at hand, and kprov's own in",
        "[tests/validate/rules.py](../tests/validate/rules.py). A test switches every rule off in",
        "turn, and sees that its own cases are no longer found.\n",
        "| constraint | | W3C pass | W3C fail | own pass | own fail |",
        "|---|---|---|---|---|---|",
    ]
    for number, rule in RULES.items():
        if number >= 22:
            counts = (told["pass"][str(number)], told["fail"][str(number)],
                      len(HELD[number]), len(VIOLATED[number]))  # fmt: skip
            told_counts = " | ".join(str(count or "") for count in counts)
            lines.append(f"| {number} | [{rule.name}]({rule.link}) | {told_counts} |")
    return "\n".join(lines) + "\n"


def page(folder: Path) -> str:
    """The page, of the cases in a folder."""
    import prov

    found = cases(folder)
    head = _HEAD.format(link=RULES[22].link.partition("#")[0], version=__version__,
                        prov=prov.__version__)  # fmt: skip
    return head + _suites(found) + "\n" + _differences(found) + _others() + _rules(found)


def main(write: Callable[[str], object] = lambda text: PAGE.write_text(text, "utf-8")) -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/prov-constraints")
    if not (folder / "manifest.csv").exists():
        sys.exit(f"There is no {folder}/manifest.csv: name the folder of the W3C's cases.")
    write(page(folder))


if __name__ == "__main__":
    main()
