"""The ontology before a DL reasoner: OWL 2 DL by OWLAPI, consistent by HermiT.

`make reason` fetches both as Java libraries; without them or a JDK this is skipped.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.home import Home
from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE
from kprov_rdf import ingest
from kprov_rdf.exchange import writing
from tests import recording

ROOT = Path(__file__).resolve().parent.parent.parent
JARS = ROOT / "build" / "owl" / "jars"
ONTOLOGY = ROOT / "ontology" / "dnnprov.ttl"
ALIGNMENTS = ROOT / "ontology" / "alignments.ttl"
EXAMPLE = ROOT / "ontology" / "example.ttl"
PREFIXES = (
    f"@prefix dnnprov: <{DNNPROV_NAMESPACE}> . @prefix prov: <{PROV_NAMESPACE}> . "
    "@prefix owl: <http://www.w3.org/2002/07/owl#> . "
    "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
)

pytestmark = [
    pytest.mark.skipif(shutil.which("javac") is None, reason="there is no JDK (see `make reason`)"),
    pytest.mark.skipif(not JARS.is_dir(), reason="OWLAPI is not here (`make reason` fetches it)"),
]


def reason(*paths: Path) -> tuple[int, str]:
    done = subprocess.run(
        ["java", "-cp", f"{JARS}/*", str(ROOT / "tools" / "reason" / "Reason.java"), *paths],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def together(document: Path, folder: Path) -> Path:
    """Ontologies, a document, and declarations of what it uses of PROV-O and others, in one file.

    OWLAPI must know of each property which kind it is before it reads a statement with it.
    """
    statements = list(ox.parse(path=str(document)))
    lines = {
        f"<{quad.predicate.value}> a owl:{kind} ."
        for quad in statements
        if not quad.predicate.value.startswith((DNNPROV_NAMESPACE, "http://www.w3.org/1999/"))
        and not quad.predicate.value.endswith("#label")
        for kind in [
            "DatatypeProperty" if isinstance(quad.object, ox.Literal) else "ObjectProperty"
        ]
    }
    lines |= {f"prov:{one} a owl:Class ." for one in ("Bundle", "Association", "Delegation")}
    quads = [*ox.parse(path=str(ONTOLOGY)), *ox.parse(path=str(ALIGNMENTS)), *statements]
    quads += ox.parse(PREFIXES + "\n".join(sorted(lines)), ox.RdfFormat.TURTLE)
    path = folder / "together.ttl"
    # One ontology: of two headers OWLAPI would take either.
    other = ox.NamedNode(f"{DNNPROV_NAMESPACE.rstrip('#')}/alignments")
    triples = [quad.triple for quad in quads if quad.subject != other]
    path.write_bytes(ox.serialize(triples, format=ox.RdfFormat.TURTLE) or b"")
    return path


def test_ontology_and_alignments_are_owl_2_dl_and_consistent() -> None:
    assert reason(ONTOLOGY)[0] == 0, reason(ONTOLOGY)
    status, said = reason(ONTOLOGY, ALIGNMENTS)
    assert status == 0, said[:2000]


def test_the_example_is_consistent_with_them(tmp_path: Path) -> None:
    status, said = reason(together(EXAMPLE, tmp_path))
    assert status == 0, said[:2000]


def test_a_run_is_consistent_with_them(home: Home, tmp_path: Path) -> None:
    run = recording.record(home.path)
    with ingest.open_snapshot(home) as snapshot:
        text = writing.run(snapshot, run.names.run, "ttl").decode()
    # HermiT calls a time with more than milliseconds malformed, which XML Schema does not.
    text = re.sub(r"(\.\d{3})\d+Z", r"\1Z", text)
    (tmp_path / "run.ttl").write_text(text)
    status, said = reason(together(tmp_path / "run.ttl", tmp_path))
    assert status == 0, said[:2000]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<urn:x> a dnnprov:Content , dnnprov:TrainSet .", "inconsistent"),
        ("<urn:x> a dnnprov:Training , prov:Plan .", "inconsistent"),
        ("<urn:x> a dnnprov:RuleAdaptation , dnnprov:UserIntervention .", "inconsistent"),
        (
            "<urn:C> a owl:Class ; rdfs:subClassOf dnnprov:Testing , dnnprov:File .",
            "can have no instance: <urn:C>",
        ),
        ("dnnprov:loss a owl:ObjectProperty .", "not OWL 2 DL"),
        ("<urn:x> <urn:undeclared> <urn:y> .", "not OWL 2 DL"),
    ],
)
def test_what_contradicts_them_is_found(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "more.ttl").write_text(PREFIXES + text)
    status, found = reason(ONTOLOGY, tmp_path / "more.ttl")
    assert status == 1
    assert said in found
