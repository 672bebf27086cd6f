"""What the rules say of the runs in one finished journal: the work of a child process.

A child, since an engine that meets what it cannot stand may end its process, and no command
and no server shall end with it. ``finished`` starts it, asks it, and writes what it says.
"""

import gzip
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kprov_capture.identity import check_base
from kprov_capture.terms import RDF_TYPE, Dnnprov, Prov
from kprov_rdf.dm import provo
from kprov_rdf.dm.model import Document
from kprov_rdf.validate import constraints, shacl

_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# The graph of a statement, where it is that of a run, and the base in it.
_GRAPH = re.compile(rb" <(([^<>\s]*/)run/" + _UUID + rb")> \.\n")


@dataclass(frozen=True)
class Judgement:
    """What came of the validation of one run; times are seconds since 1970.

    ``rules`` names the sets of rules. ``error`` says why it could not be done.
    """

    run: str
    started: float
    ended: float
    violations: int = 0
    warnings: int = 0
    rules: tuple[str, ...] = ()
    error: str | None = None


def judge(run: str, ntriples: str) -> Judgement:
    """SHACL in the profile that the record asks for, and PROV-CONSTRAINTS."""
    started = time.time()
    try:
        profile = shacl.profile_for(ntriples)
        findings = shacl.validate_text(run, ntriples, profile)
        wrong = sum(one.severity == "Violation" for one in findings)
        triples = (quad.triple for quad in ox.parse(ntriples, ox.RdfFormat.N_TRIPLES))
        document = provo.triples(triples, Document(run, "RDF"), None)
        told = sum(len(one.violations) + one.more for one in constraints.check(document))
    except Exception as error:
        return failed(run, started, f"{type(error).__name__}: {error}")
    rules = (f"shacl-{profile}", "prov-constraints")
    return Judgement(run, started, time.time(), wrong + told, len(findings) - wrong, rules)


def failed(run: str, started: float, why: str) -> Judgement:
    """A validation that could not be done."""
    return Judgement(run, started, time.time(), error=why[:500])


def journal(path: Path) -> Iterator[Judgement]:
    """What comes of each run that has ended in a finished journal, that of a run or an import."""
    text = gzip.decompress(path.read_bytes())
    runs = sorted(run for run, base in set(_GRAPH.findall(text)) if _is_base(base))
    for run in runs:
        end = b" <" + run + b"> .\n"
        cut = len(end)
        lines = (line[:-cut] for line in text.splitlines(keepends=True) if line.endswith(end))
        ntriples = b"".join(b"%s .\n" % line for line in lines).decode()
        if _ended(ntriples):
            yield judge(run.decode(), ntriples)


def _is_base(base: bytes) -> bool:
    """Whether kprov names runs under this base; what was merged may have any."""
    try:
        return bool(check_base(base.decode()))
    except ValueError:
        return False


def _ended(ntriples: str) -> bool:
    """Whether the execution has an end: an import may bring a run that still went on."""
    executions = re.findall(rf"^(<\S+>) <{RDF_TYPE}> <{Dnnprov.ExecuteDataflow}> \.$",
                            ntriples, re.MULTILINE)  # fmt: skip
    return any(f"{one} <{Prov.endedAtTime}> " in ntriples for one in executions)


def main() -> None:
    """Answer each line of standard input, a path, with a line of JSON.

    That is a list of judgements, or a text: why there are none.
    """
    for line in sys.stdin:
        told: list[dict[str, Any]] | str
        try:
            told = [asdict(one) for one in journal(Path(json.loads(line)))]
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
        print(json.dumps(told), flush=True)
