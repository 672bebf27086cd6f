"""How PROV-O says the relations of PROV-DM: the one table for both directions."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Relation:
    """How PROV-O says one relation. All names are local names of PROV.

    ``subject`` and ``object`` are the arguments that ``property`` relates;
    ``influencer`` relates the qualifying node to the object, ``more`` to further
    arguments; ``time`` is the property of the subject that says the time.
    """

    subject: str
    object: str
    property: str
    qualified: str = ""
    influencer: str = ""
    more: dict[str, str] = field(default_factory=dict)
    time: str = ""


_TIME = {"time": "atTime"}
# By the class that prov gives the record, which is the class of the qualifying node.
RELATIONS = {
    # Table 2, starting-point and expanded terms; table 3, qualified terms.
    "Generation": Relation("entity", "activity", "wasGeneratedBy", "qualifiedGeneration",
                           "activity", _TIME, "generatedAtTime"),
    "Usage": Relation("activity", "entity", "used", "qualifiedUsage", "entity", _TIME),
    "Communication": Relation("informed", "informant", "wasInformedBy",
                              "qualifiedCommunication", "activity"),
    "Start": Relation("activity", "trigger", "wasStartedBy", "qualifiedStart", "entity",
                      {"starter": "hadActivity", **_TIME}, "startedAtTime"),
    "End": Relation("activity", "trigger", "wasEndedBy", "qualifiedEnd", "entity",
                    {"ender": "hadActivity", **_TIME}, "endedAtTime"),
    "Invalidation": Relation("entity", "activity", "wasInvalidatedBy", "qualifiedInvalidation",
                             "activity", _TIME, "invalidatedAtTime"),
    "Derivation": Relation("generatedEntity", "usedEntity", "wasDerivedFrom",
                           "qualifiedDerivation", "entity",
                           {"activity": "hadActivity", "generation": "hadGeneration",
                            "usage": "hadUsage"}),
    "Attribution": Relation("entity", "agent", "wasAttributedTo", "qualifiedAttribution", "agent"),
    "Association": Relation("activity", "agent", "wasAssociatedWith", "qualifiedAssociation",
                            "agent", {"plan": "hadPlan"}),
    "Delegation": Relation("delegate", "responsible", "actedOnBehalfOf", "qualifiedDelegation",
                           "agent", {"activity": "hadActivity"}),
    "Influence": Relation("influencee", "influencer", "wasInfluencedBy", "qualifiedInfluence",
                          "influencer"),
    # PROV-O has no qualified form of these (section 3.3, at its end).
    "Specialization": Relation("specificEntity", "generalEntity", "specializationOf"),
    "Alternate": Relation("alternate1", "alternate2", "alternateOf"),
    "Membership": Relation("collection", "entity", "hadMember"),
    # PROV-LINKS, section 3.
    "Mention": Relation("specificEntity", "generalEntity", "mentionOf"),
}  # fmt: skip
# Types of a derivation that have a property of their own (PROV-O, table 3).
DERIVATIONS = {
    "Revision": ("wasRevisionOf", "qualifiedRevision"),
    "Quotation": ("wasQuotedFrom", "qualifiedQuotation"),
    "PrimarySource": ("hadPrimarySource", "qualifiedPrimarySource"),
}
