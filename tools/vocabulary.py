"""Generates the constants of ``kprov_capture/terms.py`` from ``ontology/dnnprov.ttl``.

cog runs ``lines`` (see the header of terms.py); ``make check`` fails when the
file on disk is not what the ontology says.
"""

import keyword
from pathlib import Path

import pyoxigraph as ox

ONTOLOGY = Path(__file__).resolve().parent.parent / "ontology" / "dnnprov.ttl"
DNNPROV = "https://w3id.org/dnnprov#"
OWL = "http://www.w3.org/2002/07/owl#"
RDF_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
SUB_PROPERTY = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#subPropertyOf")
RANGE = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#range")
XSD = "http://www.w3.org/2001/XMLSchema#"
NOTATION = ox.NamedNode("http://www.w3.org/2004/02/skos/core#notation")

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
    "Person",
    "Plan",
    "Revision",
    "SoftwareAgent",
    "actedOnBehalfOf",
    "agent",
    "endedAtTime",
    "generatedAtTime",
    "hadActivity",
    "hadMember",
    "hadPlan",
    "qualifiedAssociation",
    "qualifiedDelegation",
    "specializationOf",
    "startedAtTime",
    "used",
    "wasAssociatedWith",
    "wasAttributedTo",
    "wasDerivedFrom",
    "wasGeneratedBy",
    "wasInformedBy",
    "wasRevisionOf",
]


def _constants(namespace: str, names: list[str]) -> list[str]:
    return [
        f'    {name + "_" if keyword.iskeyword(name) else name} = "{namespace}{name}"'
        for name in names
    ]


def lines() -> str:
    """The two classes of constants and the maps from Keras's names to properties."""
    graph = ox.Dataset(ox.parse(path=str(ONTOLOGY)))
    declared = sorted(
        {
            quad.subject.value.removeprefix(DNNPROV)
            for kind in ("Class", "ObjectProperty", "DatatypeProperty")
            for quad in graph.quads_for_object(ox.NamedNode(OWL + kind))
            if quad.subject.value.startswith(DNNPROV)
        }
    )
    maps: dict[str, dict[str, str]] = {"metricValue": {}, "setting": {}}
    for parent, found in maps.items():
        for quad in graph.quads_for_object(ox.NamedNode(DNNPROV + parent)):
            if quad.predicate != SUB_PROPERTY:
                continue
            for notation in graph.quads_for_subject(quad.subject):
                if notation.predicate == NOTATION:
                    found[notation.object.value] = quad.subject.value.removeprefix(DNNPROV)
    out = ["class Prov:", '    """PROV-O."""', ""]
    out += _constants("http://www.w3.org/ns/prov#", PROV_TERMS)
    out += ["", "", "class Dnnprov:", '    """DNNProv."""', ""]
    out += _constants(DNNPROV, declared)
    for name, parent in (("METRICS", "metricValue"), ("SETTINGS", "setting")):
        out += ["", "", f"{name}: dict[str, str] = {{"]
        out += [f'    "{key}": Dnnprov.{value},' for key, value in sorted(maps[parent].items())]
        out += ["}"]
    ranges = {quad.subject: quad.object.value for quad in graph.quads_for_predicate(RANGE)}
    out += ["", "", "TYPES: dict[str, type] = {"]
    for key, name in sorted(maps["setting"].items()):
        found = ranges.get(ox.NamedNode(DNNPROV + name), "").removeprefix(XSD)
        out += [f'    "{key}": {TYPES[found]},'] if found else []
    return "\n".join([*out, "}"])
