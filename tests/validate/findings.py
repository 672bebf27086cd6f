"""Results of a validation, made by hand: one of each kind."""

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.validate.reports.found import Graph, Target
from kprov_rdf.validate.shacl import Finding
from kprov_rdf.validate.shape_terms import SH
from kprov_rdf.validate.violations import Cited, Outcome, Step, Violation

DERIVED = Cited("wasDerivedFrom(ex:e2, ex:e1)", 12)
BACK = Cited("wasDerivedFrom(ex:e1, ex:e2)", 15, "more.provn")  # of a union
# As the engine of the constraints tells of two entities that are derived from each other.
CYCLE = Violation(
    "run.provn",
    None,
    42,
    "ex:e1 is generated before itself.",
    "Take one of these statements away.",
    (DERIVED, BACK),
    (7,),
    (
        Step("generation of ex:e1", 42, True, "2012-03-02T10:30:00", DERIVED),
        Step("generation of ex:e2", 45, False, None, BACK),
    ),
)
KEY = Violation(
    "run.provn", "http://e/bundle", 24, "Two times.", "Say it once.", (Cited("wasGeneratedBy(e)"),)
)
FINDING = Finding(
    "run.ttl",
    "http://e/a",
    "PROV wants an entity here.",
    "https://w3id.org/dnnprov/shapes#EntityPlace",
    "Violation",
    ("constraint 50",),
    "http://e/p",
    "file.csv",
    component=f"{SH}NodeKindConstraintComponent",
    term='"file.csv"@en',
)
WARNING = Finding("http://e/g", "_:", "Odd.", "http://e/Own", "Warning", (), None, None)

INVALID = Target(
    "run.provn",
    (
        Outcome("run.provn", None, "PROV-N", 9, (CYCLE,), cycles=2),
        Outcome("run.provn", "http://e/bundle", "PROV-N", 3, (KEY,), more=4),
    ),
    notes=("SHACL was skipped. It cannot be said.",),
)
SHAPED = Target(
    "run.ttl",
    (Outcome("run.ttl", None, "Turtle", 2, ()),),
    (
        Graph("run.ttl", None, "lenient", (FINDING,)),
        Graph("run.ttl", "http://e/g", "strict", (WARNING,)),
    ),
)
MALFORMED = Target(
    "my run.provn",
    malformed=(
        MalformedError("my run.provn", "A bracket is missing.", line=3, column=7, mend="Add it."),
    ),
)
UNREAD = Target("none.provn", unread="none.provn cannot be read: No such file.")
VALID = Target("ok.provn", (Outcome("ok.provn", None, "PROV-N", 5, ()),))
ALL = [INVALID, SHAPED, MALFORMED, UNREAD, VALID]
