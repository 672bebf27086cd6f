"""The terms of SHACL that both engines evaluate alike, and what may stand at them.

From the syntax rules of the SHACL Recommendation (20 July 2017, appendix B).
A term that is not here is refused: engines pass over what they do not know.
"""

from typing import NamedTuple

SH = "http://www.w3.org/ns/shacl#"


class Term(NamedTuple):
    """One property of SHACL: whose it is, what its values are, how many, and where that is said."""

    owner: str
    value: str
    section: str
    most: int | None = None


_ANY = "a shape"
_PATH = "a property shape"

TERMS: dict[str, Term] = {
    # Targets, and what both kinds of shape have.
    "targetNode": Term(_ANY, "an IRI or a literal", "2.1.3.1"),
    "targetClass": Term(_ANY, "an IRI", "2.1.3.2"),
    "targetSubjectsOf": Term(_ANY, "an IRI", "2.1.3.4"),
    "targetObjectsOf": Term(_ANY, "an IRI", "2.1.3.5"),
    "severity": Term(_ANY, "sh:Violation, sh:Warning or sh:Info", "2.1.4", 1),
    "message": Term("a shape or a sh:sparql", "a text", "2.1.5"),
    "deactivated": Term(_ANY, "true or false, so written", "2.1.6", 1),
    "path": Term(_PATH, "a path", "2.3.1", 1),
    "name": Term(_ANY, "a text", "2.3.2.1"),
    "description": Term(_ANY, "a text", "2.3.2.1"),
    "order": Term("anything", "a literal", "2.3.2.2", 1),
    "group": Term(_ANY, "an IRI or a blank node", "2.3.2.3"),
    "defaultValue": Term(_PATH, "anything", "2.3.2.4", 1),
    # Constraint components.
    "class": Term(_ANY, "an IRI", "4.1.1"),
    "datatype": Term(_ANY, "an IRI", "4.1.2", 1),
    "nodeKind": Term(_ANY, "one of the six node kinds", "4.1.3", 1),
    "minCount": Term(_PATH, "an xsd:integer from 0", "4.2.1", 1),
    "maxCount": Term(_PATH, "an xsd:integer from 0", "4.2.2", 1),
    "minExclusive": Term(_ANY, "a literal", "4.3.1", 1),
    "minInclusive": Term(_ANY, "a literal", "4.3.2", 1),
    "maxExclusive": Term(_ANY, "a literal", "4.3.3", 1),
    "maxInclusive": Term(_ANY, "a literal", "4.3.4", 1),
    "minLength": Term(_ANY, "an xsd:integer from 0", "4.4.1", 1),
    "maxLength": Term(_ANY, "an xsd:integer from 0", "4.4.2", 1),
    "pattern": Term(_ANY, "a regular expression that both engines understand", "4.4.3", 1),
    "flags": Term(_ANY, "letters out of i, m and x", "4.4.3", 1),
    "languageIn": Term(_ANY, "a list of strings", "4.4.4", 1),
    "uniqueLang": Term(_PATH, "true or false, so written", "4.4.5", 1),
    "equals": Term(_ANY, "an IRI", "4.5.1"),
    "disjoint": Term(_ANY, "an IRI", "4.5.2"),
    "lessThan": Term(_PATH, "an IRI", "4.5.3"),
    "lessThanOrEquals": Term(_PATH, "an IRI", "4.5.4"),
    "not": Term(_ANY, "a shape", "4.6.1"),
    "and": Term(_ANY, "a list of shapes", "4.6.2"),
    "or": Term(_ANY, "a list of shapes", "4.6.3"),
    "xone": Term(_ANY, "a list of shapes", "4.6.4"),
    "node": Term(_ANY, "a node shape", "4.7.1"),
    "property": Term(_ANY, "a property shape", "4.7.2"),
    "qualifiedValueShape": Term(_PATH, "a shape", "4.7.3", 1),
    "qualifiedMinCount": Term(_PATH, "an xsd:integer from 0", "4.7.3", 1),
    "qualifiedMaxCount": Term(_PATH, "an xsd:integer from 0", "4.7.3", 1),
    "qualifiedValueShapesDisjoint": Term(_PATH, "true or false, so written", "4.7.3", 1),
    "closed": Term(_ANY, "true or false, so written", "4.8.1", 1),
    "ignoredProperties": Term(_ANY, "a list of IRIs", "4.8.1", 1),
    "hasValue": Term(_ANY, "anything", "4.8.2"),
    "in": Term(_ANY, "a list", "4.8.3", 1),
    # SHACL-SPARQL: constraints only, no components of one's own.
    "sparql": Term(_ANY, "an IRI or a blank node", "5.2"),
    "select": Term("a sh:sparql", "a string", "5.2", 1),
    "prefixes": Term("a sh:sparql", "an IRI or a blank node", "5.2.1"),
    "declare": Term("anything", "an IRI or a blank node", "5.2.1"),
    "prefix": Term("a sh:declare", "a string", "5.2.1", 1),
    "namespace": Term("a sh:declare", "an xsd:anyURI", "5.2.1", 1),
    # Paths; their values are looked at with the path.
    "alternativePath": Term("a path", "anything", "2.3.1.3", 1),
    "inversePath": Term("a path", "anything", "2.3.1.4", 1),
    "zeroOrMorePath": Term("a path", "anything", "2.3.1.5", 1),
    "oneOrMorePath": Term("a path", "anything", "2.3.1.6", 1),
    "zeroOrOnePath": Term("a path", "anything", "2.3.1.7", 1),
}

# Without the other one, an engine passes over it (the parameters of one component).
NEEDED = {
    "flags": ("pattern",),
    "ignoredProperties": ("closed",),
    "qualifiedMinCount": ("qualifiedValueShape",),
    "qualifiedMaxCount": ("qualifiedValueShape",),
    "qualifiedValueShapesDisjoint": ("qualifiedValueShape",),
    "qualifiedValueShape": ("qualifiedMinCount", "qualifiedMaxCount"),
}

NODE_KINDS = {"BlankNode", "IRI", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral"}
SEVERITIES = {"Violation", "Warning", "Info"}
CLASSES = {"NodeShape", "PropertyShape", "SPARQLConstraint", "PrefixDeclaration", "PropertyGroup"}
NAMES = {*TERMS, *NODE_KINDS, *SEVERITIES, *CLASSES}
