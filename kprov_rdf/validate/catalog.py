"""The inferences and constraints of PROV-CONSTRAINTS by number (Recommendation, 30 April 2013)."""

from dataclasses import dataclass

RECOMMENDATION = "https://www.w3.org/TR/2013/REC-prov-constraints-20130430/"
DATA_MODEL = "https://www.w3.org/TR/2013/REC-prov-dm-20130430/"


@dataclass(frozen=True)
class Rule:
    """One numbered rule: ``name`` is its title and its anchor in the Recommendation."""

    number: int
    name: str

    @property
    def link(self) -> str:
        return f"{RECOMMENDATION}#{self.name}"


_NAMES = """
5 communication-generation-use-inference
6 generation-use-communication-inference
7 entity-generation-invalidation-inference
8 activity-start-end-inference
9 wasStartedBy-inference
10 wasEndedBy-inference
11 derivation-generation-use-inference
12 revision-is-alternate-inference
13 attribution-inference
14 delegation-inference
15 influence-inference
16 alternate-reflexive
17 alternate-transitive
18 alternate-symmetric
19 specialization-transitive
20 specialization-alternate-inference
21 specialization-attributes-inference
22 key-object
23 key-properties
24 unique-generation
25 unique-invalidation
26 unique-wasStartedBy
27 unique-wasEndedBy
28 unique-startTime
29 unique-endTime
30 start-precedes-end
31 start-start-ordering
32 end-end-ordering
33 usage-within-activity
34 generation-within-activity
35 wasInformedBy-ordering
36 generation-precedes-invalidation
37 generation-precedes-usage
38 usage-precedes-invalidation
39 generation-generation-ordering
40 invalidation-invalidation-ordering
41 derivation-usage-generation-ordering
42 derivation-generation-generation-ordering
43 wasStartedBy-ordering
44 wasEndedBy-ordering
45 specialization-generation-ordering
46 specialization-invalidation-ordering
47 wasAssociatedWith-ordering
48 wasAttributedTo-ordering
49 actedOnBehalfOf-ordering
50 typing
51 impossible-unspecified-derivation-generation-use
52 impossible-specialization-reflexive
53 impossible-property-overlap
54 impossible-object-property-overlap
55 entity-activity-disjoint
56 membership-empty-collection
"""
RULES = {
    int(number): Rule(int(number), name)
    for number, name in (line.split() for line in _NAMES.strip().splitlines())
}
