"""For every constraint documents in PROV-N that violate it, and much the same that do not.

The W3C's own cases have no failing one for 22, 30 to 41, 43, 44 and 46 to 49. Where the end or
the invalidation of something has to come before another event, two events share an identifier
(which constraint 53 refuses as well): no other rule brings one about.
"""

# e2 is derived from e1, and starts a: so all that a does comes after the generation of e1.
_BACK = "wasDerivedFrom(ex:e2, ex:e1) wasStartedBy(ex:s; ex:a, ex:e2, -, -) entity(ex:e2)"
_X = "wasGeneratedBy(ex:x; ex:e1, -, -)"

# By constraint: documents that violate it.
VIOLATED: dict[int, list[str]] = {
    22: [
        "activity(ex:a, 2026-01-01T00:00:00Z, -) activity(ex:a, 2026-01-01T00:00:01Z, -)",
        "activity(ex:a, -, 2026-01-01T00:00:00) activity(ex:a, -, 2026-01-01T00:00:00Z)",
    ],
    23: [
        "wasGeneratedBy(ex:g; ex:e1, ex:a, -) wasGeneratedBy(ex:g; ex:e2, ex:a, -)",
        "used(ex:u; ex:a, ex:e, 2026-01-01T00:00:00) used(ex:u; ex:a, ex:e, 2026-01-02T00:00:00)",
        "wasInformedBy(ex:i; ex:a, ex:b) wasInformedBy(ex:i; ex:a, ex:c)",
        "wasStartedBy(ex:s; ex:a, ex:e, ex:b, -) wasStartedBy(ex:s; ex:a, ex:f, ex:b, -)",
        "wasEndedBy(ex:s; ex:a, ex:e, ex:b, -) wasEndedBy(ex:s; ex:a, -, ex:c, -)",
        "wasInvalidatedBy(ex:i; ex:e1, -, -) wasInvalidatedBy(ex:i; ex:e2, -, -)",
        "wasDerivedFrom(ex:d; ex:e2, ex:e1) wasDerivedFrom(ex:d; ex:e2, ex:e0)",
        "wasDerivedFrom(ex:d; ex:e2, ex:e1) wasDerivedFrom(ex:d; ex:e2, ex:e1, ex:a, -, -)",
        "wasAttributedTo(ex:t; ex:e, ex:ag) wasAttributedTo(ex:t; ex:e, ex:other)",
        "wasAssociatedWith(ex:t; ex:a, ex:ag, -) wasAssociatedWith(ex:t; ex:a, ex:ag, ex:plan)",
        "actedOnBehalfOf(ex:d; ex:ag, ex:boss, ex:a) actedOnBehalfOf(ex:d; ex:ag, ex:boss, ex:b)",
        "wasInfluencedBy(ex:i; ex:x, ex:y) wasInfluencedBy(ex:i; ex:x, ex:z)",
        # Together with inference 15.
        "wasInfluencedBy(ex:i; ex:e, ex:z) wasAttributedTo(ex:i; ex:e, ex:ag)",
        # By 11 the derivation is by the generation of another entity.
        "wasDerivedFrom(ex:d; ex:e2, ex:e1, ex:a, ex:g, -) wasGeneratedBy(ex:g; ex:e3, ex:a, -)",
    ],
    24: ["wasGeneratedBy(ex:g; ex:e, ex:a, -) wasGeneratedBy(ex:h; ex:e, ex:a, -)"],
    25: ["wasInvalidatedBy(ex:i; ex:e, ex:a, -) wasInvalidatedBy(ex:j; ex:e, ex:a, -)"],
    26: ["wasStartedBy(ex:s; ex:a, -, ex:b, -) wasStartedBy(ex:t; ex:a, -, ex:b, -)"],
    27: ["wasEndedBy(ex:s; ex:a, -, ex:b, -) wasEndedBy(ex:t; ex:a, -, ex:b, -)"],
    28: [
        "activity(ex:a, 2026-01-01T00:00:00, -) wasStartedBy(ex:a, -, -, 2026-01-01T00:00:01)",
        "activity(ex:a) wasStartedBy(ex:s; ex:a, ex:e, -, 2026-01-01T00:00:00)"
        " wasStartedBy(ex:t; ex:a, ex:f, -, 2026-01-01T00:00:01)",
    ],
    29: ["activity(ex:a, -, 2026-01-01T00:00:00) wasEndedBy(ex:a, -, -, 2026-01-01T00:00:01)"],
    30: [f"{_BACK} {_X} wasEndedBy(ex:x; ex:a, -, -, -)"],
    31: [
        "wasStartedBy(ex:first; ex:a, ex:e0, -, -) wasStartedBy(ex:s; ex:a, ex:e2, -, -)"
        " wasDerivedFrom(ex:e2, ex:e1) entity(ex:e2) wasGeneratedBy(ex:g; ex:e1, ex:a, -)"
    ],
    32: [
        "wasEndedBy(ex:first; ex:a, ex:e0, -, -) wasEndedBy(ex:x; ex:a, ex:e9, -, -)"
        f" {_X} wasDerivedFrom(ex:e2, ex:e1) entity(ex:e2) used(ex:u; ex:a, ex:e2, -)"
    ],
    33: [
        f"{_BACK} {_X} used(ex:x; ex:a, ex:e0, -)",
        f"{_X} wasDerivedFrom(ex:e2, ex:e1) entity(ex:e2) used(ex:u; ex:a, ex:e2, -)"
        " wasEndedBy(ex:x; ex:a, -, -, -)",
    ],
    34: [
        f"{_BACK} wasGeneratedBy(ex:g; ex:e1, ex:a, -)",
        f"{_X} wasDerivedFrom(ex:e2, ex:e1) wasGeneratedBy(ex:g; ex:e2, ex:a, -)"
        " wasEndedBy(ex:x; ex:a, -, -, -)",
        # By 9 the starter generated the trigger, of which nothing is said.
        "wasStartedBy(ex:s; ex:a, ex:t, ex:b, -) wasDerivedFrom(ex:e, ex:t) entity(ex:e)"
        " wasStartedBy(ex:b, ex:e, -, -)",
    ],
    35: [f"{_BACK} {_X} wasInformedBy(ex:b, ex:a) wasEndedBy(ex:x; ex:b, -, -, -)"],
    36: [f"{_X} wasDerivedFrom(ex:e2, ex:e1) wasInvalidatedBy(ex:x; ex:e2, -, -) entity(ex:e2)"],
    37: [f"{_X} wasDerivedFrom(ex:e2, ex:e1) used(ex:x; ex:a, ex:e2, -) entity(ex:e2)"],
    38: [f"{_BACK} {_X} used(ex:u; ex:a, ex:e3, -) wasInvalidatedBy(ex:x; ex:e3, -, -)"],
    39: [f"{_BACK} wasGeneratedBy(ex:h; ex:e1, ex:b, -) wasGeneratedBy(ex:g; ex:e1, ex:a, -)"],
    40: [
        "wasInvalidatedBy(ex:first; ex:e2, -, -) wasInvalidatedBy(ex:x; ex:e2, ex:b, -)"
        f" {_X} wasDerivedFrom(ex:e2, ex:e1) entity(ex:e2)"
    ],
    41: [f"wasDerivedFrom(ex:d; ex:e2, ex:e0, ex:a, ex:g, ex:x) {_X} wasDerivedFrom(ex:e1, ex:e2)"],
    42: [
        "entity(ex:e1) entity(ex:e2) wasDerivedFrom(ex:e2, ex:e1) wasDerivedFrom(ex:e1, ex:e2)",
        "entity(ex:e) wasDerivedFrom(ex:e, ex:e)",
    ],
    43: [
        f"{_BACK} wasGeneratedBy(ex:g; ex:e1, ex:a, -)",
        f"{_BACK} {_X} wasStartedBy(ex:t; ex:a, ex:e3, -, -) wasInvalidatedBy(ex:x; ex:e3, -, -)",
        # Of the trigger nothing is known but that the starter generated it.
        "wasStartedBy(ex:s; ex:a, -, ex:b, -) wasStartedBy(ex:b, ex:e2, -, -) entity(ex:e2)"
        " wasDerivedFrom(ex:e2, ex:e1) wasGeneratedBy(ex:e1, ex:a, -)",
    ],
    44: [
        f"{_X} wasDerivedFrom(ex:e2, ex:e1) entity(ex:e2) wasEndedBy(ex:x; ex:a, ex:e2, -, -)",
        f"{_X} wasDerivedFrom(ex:e2, ex:e1) entity(ex:e2) used(ex:u; ex:a, ex:e2, -)"
        " wasEndedBy(ex:n; ex:a, ex:e3, -, -) wasInvalidatedBy(ex:x; ex:e3, -, -)",
    ],
    45: [
        "entity(ex:e1) entity(ex:e2) specializationOf(ex:e2, ex:e1) wasDerivedFrom(ex:e1, ex:e2)",
        # By 19 also through one of which nothing is said.
        "wasGeneratedBy(ex:e1, -, -) wasGeneratedBy(ex:e3, -, -) wasDerivedFrom(ex:e1, ex:e3)"
        " specializationOf(ex:e3, ex:e2) specializationOf(ex:e2, ex:e1)",
    ],
    46: [
        f"{_X} wasDerivedFrom(ex:e2, ex:e1) entity(ex:e2) specializationOf(ex:e2, ex:e3)"
        " wasInvalidatedBy(ex:x; ex:e3, -, -)"
    ],
    47: [
        f"{_BACK} {_X} wasAssociatedWith(ex:a, ex:ag, -) wasInvalidatedBy(ex:x; ex:ag, -, -)",
        f"{_X} wasDerivedFrom(ex:ag, ex:e1) entity(ex:ag) wasAssociatedWith(ex:a, ex:ag, -)"
        " wasEndedBy(ex:x; ex:a, -, -, -)",
        f"{_BACK} {_X} wasAssociatedWith(ex:a, ex:ag, -) wasEndedBy(ex:x; ex:ag, -, -, -)",
        f"{_BACK} {_X} wasAssociatedWith(ex:b, ex:a, -) wasEndedBy(ex:x; ex:b, -, -, -)",
        # By 14 the agents of a delegation are associated with its activity.
        f"{_BACK} {_X} actedOnBehalfOf(ex:ag, ex:boss, ex:a) wasInvalidatedBy(ex:x; ex:ag, -, -)",
        f"{_BACK} {_X} actedOnBehalfOf(ex:ag, ex:boss, ex:a) wasInvalidatedBy(ex:x; ex:boss, -, -)",
    ],
    48: [
        "entity(ex:e) entity(ex:ag) wasAttributedTo(ex:e, ex:ag) wasDerivedFrom(ex:ag, ex:e)",
        "entity(ex:e) entity(ex:e2) wasAttributedTo(ex:e, ex:ag) wasDerivedFrom(ex:e2, ex:e)"
        " wasStartedBy(ex:ag, ex:e2, -, -)",
    ],
    49: [
        f"{_X} wasDerivedFrom(ex:boss, ex:e1) entity(ex:boss) actedOnBehalfOf(ex:ag, ex:boss, -)"
        " wasInvalidatedBy(ex:x; ex:ag, -, -)",
        f"{_BACK} {_X} actedOnBehalfOf(ex:ag, ex:a, -) wasEndedBy(ex:x; ex:ag, -, -, -)",
    ],
    50: [
        "entity(ex:a) wasGeneratedBy(ex:e, ex:a, -)",
        "activity(ex:e) used(ex:a, ex:e, -)",
        "entity(ex:a) wasInformedBy(ex:a, ex:b)",
        "entity(ex:b) wasInformedBy(ex:a, ex:b)",
        "entity(ex:a) wasStartedBy(ex:a, -, -, -)",
        "activity(ex:t) wasStartedBy(ex:a, ex:t, -, -)",
        "entity(ex:b) wasStartedBy(ex:a, -, ex:b, -)",
        "activity(ex:t) wasEndedBy(ex:a, ex:t, -, -)",
        "entity(ex:b) wasEndedBy(ex:a, -, ex:b, -)",
        "activity(ex:e) wasInvalidatedBy(ex:e, -, -)",
        "entity(ex:a) wasInvalidatedBy(ex:e, ex:a, -)",
        "activity(ex:e) wasDerivedFrom(ex:e, ex:f)",
        "activity(ex:f) wasDerivedFrom(ex:e, ex:f)",
        "entity(ex:a) wasDerivedFrom(ex:e, ex:f, ex:a, -, -)",
        "activity(ex:e) wasAttributedTo(ex:e, ex:ag)",
        "entity(ex:a) wasAssociatedWith(ex:a, ex:ag, -)",
        "activity(ex:plan) wasAssociatedWith(ex:a, ex:ag, ex:plan)",
        "entity(ex:a) actedOnBehalfOf(ex:ag, ex:boss, ex:a)",
        "activity(ex:e) alternateOf(ex:e, ex:f)",
        "activity(ex:f) alternateOf(ex:e, ex:f)",
        "activity(ex:e) specializationOf(ex:e, ex:f)",
        "activity(ex:f) specializationOf(ex:e, ex:f)",
        "activity(ex:c) hadMember(ex:c, ex:e)",
        "activity(ex:e) hadMember(ex:c, ex:e)",
    ],
    51: [
        "wasDerivedFrom(ex:e2, ex:e1, -, ex:g, -)",
        "wasDerivedFrom(ex:e2, ex:e1, -, -, ex:u)",
        "wasDerivedFrom(ex:e2, ex:e1, -, ex:g, ex:u)",
    ],
    52: [
        "specializationOf(ex:e, ex:e)",
        "specializationOf(ex:e, ex:f) specializationOf(ex:f, ex:g) specializationOf(ex:g, ex:e)",
    ],
    53: [
        "wasGeneratedBy(ex:x; ex:e, ex:a, -) used(ex:x; ex:b, ex:f, -)",
        "wasStartedBy(ex:x; ex:a, -, -, -) wasEndedBy(ex:x; ex:a, -, -, -)",
        "wasAttributedTo(ex:x; ex:e, ex:ag) wasAssociatedWith(ex:x; ex:a, ex:ag, -)",
        "actedOnBehalfOf(ex:x; ex:ag, ex:boss, -) wasInformedBy(ex:x; ex:a, ex:b)",
    ],
    54: [
        "entity(ex:x) wasGeneratedBy(ex:x; ex:e, ex:a, -)",
        "activity(ex:x) wasInfluencedBy(ex:x; ex:e, ex:f)",
        "agent(ex:x) wasDerivedFrom(ex:x; ex:e, ex:f)",
    ],
    55: ["entity(ex:x) activity(ex:x)"],
    56: [
        "entity(ex:c, [prov:type='prov:EmptyCollection']) hadMember(ex:c, ex:e)",
        # By 21 a specialization has the types of what it specializes; by 19 through others.
        "entity(ex:c, [prov:type='prov:EmptyCollection']) specializationOf(ex:d, ex:c)"
        " specializationOf(ex:f, ex:d) hadMember(ex:f, ex:e)",
    ],
}
# By constraint: documents that are like those, and valid.
HELD: dict[int, list[str]] = {
    22: [
        "activity(ex:a, 2026-01-01T00:00:00Z, -) activity(ex:a, 2026-01-01T01:00:00+01:00, -)",
        "activity(ex:a, 2026-01-01T00:00:00Z, -) activity(ex:a, -, 2026-01-02T00:00:00Z)",
        "entity(ex:e, [ex:k='ex:v']) entity(ex:e, [ex:k='ex:w'])",
    ],
    23: [
        "wasGeneratedBy(ex:g; ex:e, ex:a, -) wasGeneratedBy(ex:g; ex:e, -, 2026-01-01T00:00:00)",
        "wasDerivedFrom(ex:d; ex:e2, ex:e1, ex:a, ex:g, -)"
        " wasDerivedFrom(ex:d; ex:e2, ex:e1, ex:a, -, ex:u)",
        "wasInfluencedBy(ex:i; ex:e, ex:ag) wasAttributedTo(ex:i; ex:e, ex:ag)",
        "wasDerivedFrom(ex:x; ex:e, ex:f) wasInfluencedBy(ex:x; ex:e, ex:f)",
    ],
    24: ["wasGeneratedBy(ex:g; ex:e, ex:a, -) wasGeneratedBy(ex:e, ex:a, 2026-01-01T00:00:00)"],
    25: ["wasInvalidatedBy(ex:i; ex:e, ex:a, -) wasInvalidatedBy(ex:j; ex:e, ex:b, -)"],
    26: ["wasStartedBy(ex:s; ex:a, -, ex:b, -) wasStartedBy(ex:t; ex:a, -, ex:c, -)"],
    27: ["wasEndedBy(ex:s; ex:a, -, -, -) wasEndedBy(ex:t; ex:a, -, -, -)"],
    28: [
        "activity(ex:a, 2026-01-01T00:00:00, -) wasStartedBy(ex:a, -, -, 2026-01-01T00:00:00.0)",
        "wasStartedBy(ex:s; ex:a, ex:e, -, 2026-01-01T00:00:00)"
        " wasStartedBy(ex:t; ex:a, ex:f, -, 2026-01-01T00:00:01)",
    ],
    29: ["activity(ex:a, -, -) wasEndedBy(ex:a, -, -, 2026-01-01T00:00:01)"],
    # The clocks may say otherwise: PROV-CONSTRAINTS compares no times.
    30: ["activity(ex:a, 2026-01-02T00:00:00, 2026-01-01T00:00:00)"],
    31: ["wasStartedBy(ex:s; ex:a, ex:e, -, -) wasStartedBy(ex:t; ex:a, ex:f, -, -)"],
    32: ["wasEndedBy(ex:s; ex:a, ex:e, -, -) wasEndedBy(ex:t; ex:a, ex:f, -, -)"],
    33: ["activity(ex:a) used(ex:u; ex:a, ex:e, -) wasEndedBy(ex:a, ex:e, -, -)"],
    # Two activities may start each other's: that is at once, which is not strictly before.
    34: ["wasGeneratedBy(ex:e, ex:a, -) wasStartedBy(ex:a, ex:e, -, -)"],
    35: ["wasInformedBy(ex:a, ex:b) wasInformedBy(ex:b, ex:a) activity(ex:a) activity(ex:b)"],
    36: ["wasGeneratedBy(ex:e, ex:a, -) wasInvalidatedBy(ex:e, ex:a, -)"],
    37: ["wasGeneratedBy(ex:e, ex:a, -) used(ex:a, ex:e, -)"],
    38: ["used(ex:a, ex:e, -) wasInvalidatedBy(ex:e, ex:a, -)"],
    39: ["wasGeneratedBy(ex:g; ex:e, ex:a, -) wasGeneratedBy(ex:h; ex:e, ex:b, -)"],
    40: ["wasInvalidatedBy(ex:g; ex:e, ex:a, -) wasInvalidatedBy(ex:h; ex:e, ex:b, -)"],
    41: ["wasDerivedFrom(ex:d; ex:e2, ex:e1, ex:a, ex:g, ex:u) entity(ex:e1)"],
    42: [
        "entity(ex:e1) entity(ex:e2) entity(ex:e3) wasDerivedFrom(ex:e2, ex:e1)"
        " wasDerivedFrom(ex:e3, ex:e2) wasDerivedFrom(ex:e3, ex:e1)",
        # Of neither is there a generation: nothing says so, and no inference.
        "wasDerivedFrom(ex:e2, ex:e1) wasDerivedFrom(ex:e1, ex:e2)",
    ],
    43: ["wasStartedBy(ex:a, ex:e, ex:b, -) wasInvalidatedBy(ex:e, ex:b, -)"],
    44: ["wasEndedBy(ex:a, ex:e, ex:b, -) wasInvalidatedBy(ex:e, ex:b, -)"],
    45: ["entity(ex:e1) specializationOf(ex:e2, ex:e1) wasDerivedFrom(ex:e2, ex:e1)"],
    46: ["specializationOf(ex:e2, ex:e1) wasInvalidatedBy(ex:e1, -, -)"],
    47: ["wasAssociatedWith(ex:a, ex:ag, -) activity(ex:ag) wasAssociatedWith(ex:ag, ex:a, -)"],
    48: ["entity(ex:e) entity(ex:ag) wasAttributedTo(ex:e, ex:ag) wasAttributedTo(ex:ag, ex:e)"],
    49: ["actedOnBehalfOf(ex:ag, ex:boss, -) actedOnBehalfOf(ex:boss, ex:ag, -)"],
    50: [
        "agent(ex:a) wasGeneratedBy(ex:e, ex:a, -)",
        "agent(ex:e) entity(ex:e) used(ex:a, ex:e, -)",
        "wasInfluencedBy(ex:x, ex:x) entity(ex:x)",
    ],
    51: ["wasDerivedFrom(ex:e2, ex:e1, ex:a, ex:g, -)", "wasDerivedFrom(ex:e2, ex:e1, -, -, -)"],
    52: ["specializationOf(ex:e, ex:f) specializationOf(ex:e, ex:g) alternateOf(ex:e, ex:e)"],
    53: ["wasDerivedFrom(ex:x; ex:e, ex:f) wasInfluencedBy(ex:x; ex:e, ex:f)"],
    54: ["entity(ex:x) agent(ex:x) wasGeneratedBy(ex:g; ex:x, ex:a, -)"],
    55: ["entity(ex:x) agent(ex:x)", "activity(ex:x) agent(ex:x)"],
    56: [
        "entity(ex:c, [prov:type='prov:Collection']) hadMember(ex:c, ex:e)",
        "entity(ex:c, [prov:type='prov:EmptyCollection']) hadMember(ex:d, ex:c)",
        "entity(ex:c, [prov:type='prov:EmptyCollection']) specializationOf(ex:c, ex:d)"
        " hadMember(ex:d, ex:e)",
    ],
}
# By inference: documents that are invalid by it, and valid without it.
INFERRED: dict[int, str] = {
    7: VIOLATED[42][0],
    9: VIOLATED[34][2],
    10: "wasEndedBy(ex:n; ex:a, ex:t, ex:b, -) wasDerivedFrom(ex:e, ex:t) entity(ex:e)"
    " wasStartedBy(ex:b, ex:e, -, -)",
    11: "wasDerivedFrom(ex:e2, ex:e1, ex:a, -, -) wasDerivedFrom(ex:e3, ex:e2)"
    " wasStartedBy(ex:a, ex:e3, -, -) entity(ex:e3)",
    13: "wasAttributedTo(ex:e1, ex:ag) entity(ex:e2) wasDerivedFrom(ex:e1, ex:e2)"
    " wasDerivedFrom(ex:e2, ex:e1)",
    15: VIOLATED[23][12],
    19: VIOLATED[52][1],
    21: VIOLATED[56][1],
}


def document(statements: str) -> bytes:
    """A document in PROV-N, a statement a line."""
    lines = statements.replace(") ", ")\n")
    return f"document\nprefix ex <http://example.org/>\n{lines}\nendDocument\n".encode()
