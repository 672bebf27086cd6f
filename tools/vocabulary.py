"""Generates the constants of ``kprov_capture/terms.py`` from ``ontology/dnnprov.ttl``.

cog runs ``lines`` (see the header of terms.py); ``make check`` fails when the
file on disk is not what the ontology says.
"""

import keyword

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE, XSD_NAMESPACE
from kprov_rdf import vocabulary
from kprov_rdf.vocabulary import Term

# Which Python type a value of this range has.
TYPES = {"double": "float", "integer": "int", "boolean": "bool", "string": "str"}

# The PROV-O terms that statements are made of (W3C REC-prov-o-20130430).
PROV_TERMS = [
    "Activity",
    "Agent",
    "Association",
    "Bundle",
    "Collection",
    "Delegation",
    "Entity",
    "Invalidation",
    "Person",
    "Plan",
    "Revision",
    "SoftwareAgent",
    "actedOnBehalfOf",
    "activity",
    "agent",
    "atTime",
    "endedAtTime",
    "generatedAtTime",
    "hadActivity",
    "hadMember",
    "hadPlan",
    "invalidatedAtTime",
    "qualifiedAssociation",
    "qualifiedDelegation",
    "qualifiedInvalidation",
    "specializationOf",
    "startedAtTime",
    "used",
    "wasAssociatedWith",
    "wasAttributedTo",
    "wasDerivedFrom",
    "wasEndedBy",
    "wasGeneratedBy",
    "wasInformedBy",
    "wasInvalidatedBy",
    "wasRevisionOf",
]


def _constants(namespace: str, names: list[str]) -> list[str]:
    return [
        f'    {name + "_" if keyword.iskeyword(name) else name} = "{namespace}{name}"'
        for name in names
    ]


def lines() -> str:
    """The two classes of constants, the maps from Keras's names to properties, and their types."""
    terms = list(vocabulary.load().terms())
    out = ["class Prov:", '    """PROV-O."""', ""]
    out += _constants(PROV_NAMESPACE, PROV_TERMS)
    out += ["", "", "class Dnnprov:", '    """DNNProv."""', ""]
    out += _constants(DNNPROV_NAMESPACE, sorted(term.name for term in terms))
    settings = _named(terms, "setting")
    for name, found in (("METRICS", _named(terms, "metricValue")), ("SETTINGS", settings)):
        out += ["", "", f"{name}: dict[str, str] = {{"]
        out += [f'    "{key}": Dnnprov.{term.name},' for key, term in found.items()]
        out += ["}"]
    out += ["", "", "TYPES: dict[str, type] = {"]
    for key, term in settings.items():
        kind = (term.range or "").removeprefix(XSD_NAMESPACE)
        out += [f'    "{key}": {TYPES[kind]},'] if kind else []
    return "\n".join([*out, "}"])


def _named(terms: list[Term], parent: str) -> dict[str, Term]:
    """The properties below ``parent`` by the names that Keras gives them."""
    found = {
        term.notation: term
        for term in terms
        if term.notation and DNNPROV_NAMESPACE + parent in term.parents
    }
    return dict(sorted(found.items()))
