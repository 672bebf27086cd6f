"""Shapes that an engine would pass over are refused; those that are taken are evaluated."""

import re
from collections.abc import Iterator

import pyshacl
import pytest
import rdflib
from rdflib.namespace import SH

from kprov_rdf import resources
from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.validate import shacl, shapes

fast = pytest.importorskip("shacl", reason="the fast engine has no wheel for this platform")

PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix e: <http://e/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
e:prefixes sh:declare [ sh:prefix "e" ; sh:namespace "http://e/"^^xsd:anyURI ] .
"""


def node(constraints: str) -> str:
    return f"e:S a sh:NodeShape ; sh:targetNode e:a ; {constraints} ."


def values(constraints: str, path: str = "e:p") -> str:
    return node(f"sh:property [ sh:path {path} ; {constraints} ]")


def query(text: str) -> str:
    return node(f"sh:sparql [ sh:prefixes e:prefixes ; sh:select '''{text}''' ]")


def value_query(text: str, path: str = "e:p") -> str:
    return values(f"sh:sparql [ sh:prefixes e:prefixes ; sh:select '''{text}''' ]", path)


# -- refused

UNSUPPORTED = {
    "JavaScript": (node('sh:js [ sh:jsFunctionName "f" ]'), "sh:js"),
    "a rule": (node("sh:rule [ a sh:TripleRule ]"), "sh:rule"),
    "a target of SPARQL": (node('sh:target [ a sh:SPARQLTarget ; sh:select "" ]'), "sh:target"),
    "an expression": (node("sh:expression [ sh:path e:p ]"), "sh:expression is not evaluated"),
    "computed values": (values("sh:values e:q"), "sh:values"),
    "a misspelt term": (values("sh:minCont 1"), "Did you mean sh:minCount?"),
    "a misspelt class": ("e:S a sh:NodeShap ; sh:nodeKind sh:IRI .", "Did you mean sh:NodeShape?"),
    "a misspelt target": ("e:S a sh:NodeShape ; sh:targetclass e:C .", "Did you mean sh:target"),
    "a misspelt node kind": (values("sh:nodeKind sh:Iri"), "sh:Iri is not evaluated"),
    "a name of SHACL 1.2": (values("sh:someValue [ sh:nodeKind sh:IRI ]"), "sh:someValue"),
    "a severity of SHACL 1.2": (node("sh:severity sh:Debug"), "sh:Debug"),
    "a severity of one's own": (node("sh:severity e:Grave"), "sh:Violation, sh:Warning or"),
    "a component of one's own": (
        "e:C a sh:ConstraintComponent ; sh:parameter [ sh:path e:most ] .",
        "sh:ConstraintComponent",
    ),
    "a validator": ('e:C sh:validator [ sh:ask "ASK {}" ] .', "sh:validator|sh:ask"),
    "an entailment": ("e:O sh:entailment e:RDFS .", "sh:entailment"),
    "an import": ("e:O a owl:Ontology ; owl:imports <http://e/more> .", "Put the imported"),
    "another shapes graph": ("e:d sh:shapesGraph e:g .", "sh:shapesGraph is not"),
    "a suggested one": ("e:d sh:suggestedShapesGraph e:g .", "sh:suggestedShapesGraph"),
    "another namespace": (
        "e:S <https://www.w3.org/ns/shacl#targetNode> e:a .",
        "the namespace of SHACL is http://www.w3.org/ns/shacl#",
    ),
    "DASH": (node("<http://datashapes.org/dash#uniqueValueForClass> e:C"), "datashapes"),
    "a node kind as a property": (node("sh:IRI e:x"), "sh:IRI is no property"),
    "a node kind as a class": ("e:S a sh:IRI .", "sh:IRI is no class"),
    "a subclass of shapes": ("e:My rdfs:subClassOf sh:NodeShape .", "is not followed"),
    "a subclass of classes": ("e:My rdfs:subClassOf rdfs:Class .", "is not followed"),
    "an owl:Class": ("e:S a sh:NodeShape , owl:Class .", "Say rdfs:Class too"),
    "a shape in itself": (values("sh:node e:S"), "refers to itself"),
    "two shapes in each other": (
        node("sh:not e:T") + " e:T a sh:NodeShape ; sh:or ( e:S [ sh:nodeKind sh:IRI ] ) .",
        "refers to itself",
    ),
    "no target": ("e:S a sh:NodeShape ; sh:nodeKind sh:IRI .", "no target leads to"),
    "a part that is switched off": (
        node('sh:sparql [ sh:deactivated true ; sh:select "SELECT $this {}" ]'),
        "passes over its sh:deactivated",
    ),
    "triple terms": ("e:a e:b <<( e:a e:b e:c )>> .", "RDF 1.1"),
    "MINUS": (query("SELECT $this { $this ?p ?o MINUS { $this e:q 1 } }"), "has MINUS"),
    "minus without blanks": (query("SELECT $this {$this e:p 1.minus{?a ?b 1}}"), "has MINUS"),
    "VALUES": (query("SELECT $this { VALUES ?o { 1 } $this ?p ?o }"), "has VALUES"),
    "VALUES at the end": (query("SELECT $this { $this ?p ?o } VALUES ?o { 1 }"), "has VALUES"),
    "SERVICE": (query("SELECT $this { SERVICE e:x { $this ?p ?o } }"), "has SERVICE"),
    "FROM": (query("SELECT $this FROM e:g { $this ?p ?o }"), "has FROM"),
    "GRAPH": (query("SELECT $this { GRAPH ?g { $this ?p ?o } }"), "has GRAPH"),
    "LATERAL": (query("SELECT $this { $this ?p ?o LATERAL { ?o ?q ?r } }"), "has LATERAL"),
    "AS ?this": (query("SELECT (?s AS ?this) { ?s ?p ?o }"), "AS ?this"),
    "BIND AS $this": (query("SELECT $this { ?s ?p ?o BIND(?s AS $this) }"), "AS $this"),
    "AS ?PATH": (value_query("SELECT $this { $this ?p ?o BIND(?p AS ?PATH) }"), "AS ?PATH"),
    "$shapesGraph": (query("SELECT $this { $this ?p $shapesGraph }"), "section 5.3.1"),
    "$currentShape": (query("SELECT $this { $this ?p $currentShape }"), "section 5.3.1"),
    "?failure": (query("SELECT $this ?failure { $this ?p ?failure }"), "section 5.3.2"),
    "a subquery without $this": (
        query("SELECT $this { $this ?x ?any . { SELECT ?o { ?o ?b ?c } } }"),
        "does not return $this",
    ),
    "a subquery with *": (
        query("SELECT $this { $this ?x ?y . { SELECT * { $this ?b ?c } } }"),
        "does not return $this",
    ),
    "$this in a count only": (
        query("SELECT $this { { SELECT (COUNT($this) AS ?n) { $this ?b ?c } } }"),
        "does not return $this",
    ),
    "the second subquery": (
        query("SELECT $this { { SELECT $this { $this ?b ?c } } { SELECT ?o { ?o ?b ?c } } }"),
        "does not return $this",
    ),
    "no blank before $PATH": (value_query("SELECT $this { <http://e/a>$PATH ?o }"), "a blank"),
    "a function of one's own": (
        query("SELECT $this { $this ?p ?o FILTER(e:f(?o)) }"),
        "custom function",
    ),
    "a query of many words": (
        query("SELECT $this { $this ?p ?o FILTER(" + "1+" * 2000 + "1) }"),
        "more than 2000",
    ),
}

BROKEN = {
    "no shapes": ("", "has no shape"),
    "no Turtle": ("e:S a sh:NodeShape", "no Turtle that can be read"),
    "a relative name": ("<S> a sh:NodeShape .", "no Turtle that can be read"),
    "no path": (node("sh:property [ sh:minCount 1 ]"), "must be a property shape"),
    "no path, but the type": ("e:S a sh:PropertyShape ; sh:targetNode e:a .", "has a sh:path"),
    "two paths": (values("sh:minCount 1", "e:p , e:q"), "sh:path has 2 values"),
    "a path at a node shape": (node("sh:path e:p"), "a sh:NodeShape has no sh:path"),
    "a path of text": (values("sh:minCount 1", '"p"'), "is no path"),
    "an empty path": (values("sh:minCount 1", "()"), "is no path"),
    "a path of one": (values("sh:minCount 1", "( e:p )"), "is no path"),
    "a path of two kinds": (
        values("sh:minCount 1", "[ sh:inversePath e:p ; sh:zeroOrMorePath e:q ]"),
        "is no path",
    ),
    "a path in itself": (
        values("sh:minCount 1", "_:p") + " _:p sh:inversePath _:p .",
        "is no path",
    ),
    "a step without a path": (node("sh:inversePath e:p"), "sh:inversePath belongs at a path"),
    "a count in words": (values('sh:minCount "one"'), "an xsd:integer from 0"),
    "a count as text": (values('sh:minCount "1"'), "an xsd:integer from 0"),
    "a negative count": (values("sh:maxCount -1"), "an xsd:integer from 0"),
    "two counts": (values("sh:minCount 1 , 2"), "sh:minCount has 2 values"),
    "a count at a node shape": (node("sh:minCount 1"), "belongs at a property shape"),
    "lessThan at a node shape": (node("sh:lessThan e:q"), "belongs at a property shape"),
    "sh:in without a list": (values("sh:in 1"), "must be a list"),
    "a list without an end": (values("sh:in [ rdf:first 1 ]"), "must be a list"),
    "a list in a circle": (
        values("sh:in _:l") + " _:l rdf:first 1 ; rdf:rest _:l .",
        "must be a list",
    ),
    "a list of languages with a number": (values("sh:languageIn ( 1 )"), "a list of strings"),
    "properties without a list": (
        node("sh:closed true ; sh:ignoredProperties e:p"),
        "a list of IRIs",
    ),
    "an empty sh:or": (node("sh:or ()"), "a list of shapes"),
    "an open expression": (values('sh:pattern "("'), "regular expression"),
    "an expression with look-ahead": (values('sh:pattern "^(?!x)"'), "regular expression"),
    "an expression of Unicode classes": (values(r'sh:pattern "\\p{L}"'), "regular expression"),
    "an expression of a number": (values("sh:pattern 5"), "regular expression"),
    "an expression too large": (values('sh:pattern "((a{999}){999}){999}"'), "regular expression"),
    "an expression nested deep": (
        values(f'sh:pattern "{"(" * 5000}a{")" * 5000}"'),
        "regular expression",
    ),
    "an unknown flag": (values('sh:pattern "a" ; sh:flags "q"'), "letters out of i, m and x"),
    "a flag alone": (values('sh:flags "i"'), "says nothing without sh:pattern"),
    "a count of nothing": (values("sh:qualifiedMinCount 1"), "without sh:qualifiedValueShape"),
    "nothing to count": (values("sh:qualifiedValueShape [ sh:nodeKind sh:IRI ]"), "says nothing"),
    "properties of an open shape": (node("sh:ignoredProperties ( e:p )"), "without sh:closed"),
    "a truth as text": (node('sh:closed "true"'), "true or false, so written"),
    "a truth as a number": (values('sh:uniqueLang "1"^^xsd:boolean'), "true or false"),
    "switched off by text": (node('sh:deactivated "true"'), "true or false"),
    "a node kind as text": (values('sh:nodeKind "IRI"'), "one of the six node kinds"),
    "a severity as text": (node('sh:severity "bad"'), "sh:Violation, sh:Warning or sh:Info"),
    "a message without text": (node("sh:message 5"), "must be a text"),
    "a target class as text": ('e:S sh:targetClass "C" .', "sh:targetClass is "),
    "a target without a name": ("e:S sh:targetNode [] .", "an IRI or a literal"),
    "a class as text": (values('sh:class "C"'), "must be an IRI"),
    "a bound with a name": (values("sh:minInclusive e:x"), "must be a literal"),
    "a property shape that is none": (node("sh:property e:Nothing"), "must be a property shape"),
    "a shape that is none": (node("sh:node e:Nothing"), "must be a node shape"),
    "sh:node of a property shape": (
        node("sh:node e:P") + " e:P sh:path e:p ; sh:maxCount 1 .",
        "must be a node shape",
    ),
    "sh:not of text": (node('sh:not "x"'), "must be a shape"),
    "no query": (node('sh:sparql [ sh:message "x" ]'), "has a sh:select"),
    "a query as its own node": (node('sh:sparql "SELECT $this {}"'), "an IRI or a blank node"),
    "two queries": (node('sh:sparql [ sh:select "SELECT $this {}" , "" ]'), "has 2 values"),
    "a query outside": ('e:S sh:select "SELECT $this {}" .', "belongs at a sh:sparql"),
    "a severity of a query": (
        node('sh:sparql [ sh:severity sh:Info ; sh:select "SELECT $this {}" ]'),
        "sh:severity belongs at a shape",
    ),
    "a prefix without a namespace": ('e:x sh:declare [ sh:prefix "x" ] .', "and sh:namespace"),
    "a prefix of two namespaces": (
        'e:x sh:declare [ sh:prefix "e" ; sh:namespace "http://x/"^^xsd:anyURI ] .',
        "two namespaces",
    ),
    "an undeclared prefix": (query("SELECT $this { $this x:p ?o }"), "The prefix x: of x:p"),
    "a prefix of the Turtle": (query("SELECT $this { $this rdf:type ?o }"), "The prefix rdf:"),
    "a query cut short": (query("SELECT $this { $this e:p"), "does not parse"),
    "an empty query": (query(""), "The query is empty"),
    "an update": (query("DELETE WHERE { ?s ?p ?o }"), "This is an update"),
    "ASK": (query("ASK { $this ?p ?o }"), "it is no SELECT"),
    "CONSTRUCT": (query("CONSTRUCT { $this ?p ?o } WHERE { $this ?p ?o }"), "it is no SELECT"),
    "no $this": (query("SELECT ?o { $this ?p ?o }"), "does not return $this"),
    "$PATH at a node shape": (query("SELECT $this { $this $PATH ?o }"), "has no path here"),
    "$PATH as an object": (value_query("SELECT $this { $this ?p $PATH }"), "place of a predicate"),
    "$PATH in a filter": (
        value_query("SELECT $this { $this ?p ?o FILTER(?p = $PATH) }"),
        "place of a predicate",
    ),
    "$PATH with a star": (value_query("SELECT $this { $this $PATH* ?o }"), "does not parse"),
    "brackets": (
        query("SELECT $this { FILTER(" + "(" * 20_000 + "1" + ")" * 20_000 + ") }"),
        "more than 100 levels deep",
    ),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_no_engine_or_only_one_evaluates_is_refused(name: str) -> None:
    text, said = UNSUPPORTED[name]
    with pytest.raises(UnsupportedError, match="my shapes") as caught:
        shapes.check(PREFIXES + text, "my shapes")
    assert re.search(said, str(caught.value)) or said in str(caught.value)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_shape_is_refused(name: str) -> None:
    text, said = BROKEN[name]
    with pytest.raises(InputError) as caught:
        shapes.check(PREFIXES + text, "my shapes")
    assert said in str(caught.value)
    assert str(caught.value).startswith("my shapes")
    assert not isinstance(caught.value, UnsupportedError)


def test_the_message_names_the_shape_the_term_and_what_was_wanted() -> None:
    with pytest.raises(InputError) as caught:
        shapes.check(PREFIXES + values('sh:minCount "one"'), "my shapes")
    assert str(caught.value) == (
        'my shapes: a part of <http://e/S>: sh:minCount is "one", and must be an xsd:integer '
        "from 0 (SHACL, section 4.2.1)."
    )


# -- hostile

DEEP = 50_000


def hostile() -> Iterator[tuple[str, str]]:
    yield "large", "#" * (shapes.MAX_CHARACTERS + 1)
    yield "shapes in shapes", node("sh:not [ " * DEEP + "sh:nodeKind sh:IRI " + "]" * DEEP)
    yield "shapes in lists", node("sh:or ( [ " * DEEP + "sh:nodeKind sh:IRI " + "] )" * DEEP)
    yield "lists in lists", node("sh:or " + "( " * DEEP + ") " * DEEP)
    yield "paths in paths", values("sh:minCount 1", "[ sh:inversePath " * DEEP + "e:p" + "]" * DEEP)
    yield "a long list", values("sh:in ( " + "1 " * DEEP + ")")
    yield "a wide path", values("sh:minCount 1", "( " + "e:p " * DEEP + ")")
    steps = [f"_:p{i} sh:alternativePath ( {f'_:p{i + 1} ' * 30}) ." for i in range(7)]
    yield (
        "a path of 30^7 steps",
        values("sh:minCount 1", "_:p0") + " ".join([*steps, "_:p7 sh:inversePath e:p ."]),
    )
    parts = [f"e:n{i} sh:and ( {f'e:n{i + 1} ' * 20}) ." for i in range(9)]
    yield "20^9 shapes", node("sh:node e:n0") + " ".join([*parts, "e:n9 sh:nodeKind sh:IRI ."])
    yield "triple terms", "e:a e:b " + "<<( e:a e:b " * DEEP + "e:c" + " )>>" * DEEP + " ."
    yield "negations", query("SELECT $this { FILTER(" + "!" * DEEP + "true) }")
    yield "a chain of UNION", query("SELECT $this {" + "{ $this ?p ?o } UNION " * DEEP + "{} }")
    yield "a chain of patterns", query("SELECT $this {" + "$this ?p ?o . " * DEEP + "}")
    yield "a long path", query("SELECT $this { $this " + "e:p/" * DEEP + "e:p ?o }")


HOSTILE = dict(hostile())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_does_not_end_the_process(name: str) -> None:
    with pytest.raises(InputError):
        shapes.check(PREFIXES + HOSTILE[name], name)


# -- taken, and evaluated

# Shapes that are taken, data that they reject, and the component that says so.
TAKEN = {
    "class": (values("sh:class e:C"), "e:a e:p e:b .", "Class"),
    "datatype": (values("sh:datatype xsd:integer"), 'e:a e:p "x" .', "Datatype"),
    "nodeKind": (values("sh:nodeKind sh:IRI"), "e:a e:p 1 .", "NodeKind"),
    "minCount": (values("sh:minCount 2"), "e:a e:p 1 .", "MinCount"),
    "maxCount": (values("sh:maxCount 1"), "e:a e:p 1 , 2 .", "MaxCount"),
    "minExclusive": (values("sh:minExclusive 1"), "e:a e:p 1 .", "MinExclusive"),
    "minInclusive": (values("sh:minInclusive 2"), "e:a e:p 1 .", "MinInclusive"),
    "minInclusive and NaN": (
        values("sh:minInclusive 0"),
        'e:a e:p "NaN"^^xsd:double .',
        "MinInclusive",
    ),
    "maxExclusive": (values("sh:maxExclusive 1"), "e:a e:p 1 .", "MaxExclusive"),
    "maxInclusive": (values("sh:maxInclusive 0"), "e:a e:p 1 .", "MaxInclusive"),
    "minLength": (values("sh:minLength 2"), 'e:a e:p "x" .', "MinLength"),
    "maxLength": (values("sh:maxLength 1"), 'e:a e:p "xy" .', "MaxLength"),
    "pattern": (values('sh:pattern "^a"'), 'e:a e:p "ba" .', "Pattern"),
    "flags": (values('sh:pattern "^A B" ; sh:flags "imx"'), 'e:a e:p "b" .', "Pattern"),
    "languageIn": (values('sh:languageIn ( "en" )'), 'e:a e:p "x"@de .', "LanguageIn"),
    "uniqueLang": (values("sh:uniqueLang true"), 'e:a e:p "x"@de , "y"@de .', "UniqueLang"),
    "equals": (values("sh:equals e:q"), "e:a e:p 1 ; e:q 2 .", "Equals"),
    "disjoint": (values("sh:disjoint e:q"), "e:a e:p 1 ; e:q 1 .", "Disjoint"),
    "lessThan": (values("sh:lessThan e:q"), "e:a e:p 1 ; e:q 1 .", "LessThan"),
    "lessThanOrEquals": (
        values("sh:lessThanOrEquals e:q"),
        "e:a e:p 2 ; e:q 1 .",
        "LessThanOrEquals",
    ),
    "not": (node("sh:not [ sh:class e:C ]"), "e:a a e:C .", "Not"),
    "and": (node("sh:and ( [ sh:class e:C ] [ sh:class e:D ] )"), "e:a a e:C .", "And"),
    "or": (node("sh:or ( [ sh:class e:C ] [ sh:class e:D ] )"), "e:a a e:X .", "Or"),
    "xone": (node("sh:xone ( [ sh:class e:C ] [ sh:class e:D ] )"), "e:a a e:C , e:D .", "Xone"),
    "node": (values("sh:node [ sh:class e:C ]"), "e:a e:p e:b .", "Node"),
    "property": (
        values("sh:property [ sh:path e:q ; sh:minCount 1 ]"),
        "e:a e:p e:b .",
        "MinCount",
    ),
    "qualifiedMinCount": (
        values("sh:qualifiedValueShape [ sh:class e:C ] ; sh:qualifiedMinCount 1"),
        "e:a e:p e:b .",
        "QualifiedMinCount",
    ),
    "qualifiedMaxCount": (
        values(
            "sh:qualifiedValueShape [ sh:class e:C ] ; sh:qualifiedMaxCount 0 ; "
            "sh:qualifiedValueShapesDisjoint true"
        ),
        "e:a e:p e:b . e:b a e:C .",
        "QualifiedMaxCount",
    ),
    "closed": (
        node("sh:closed true ; sh:ignoredProperties ( rdf:type ) ; sh:property [ sh:path e:p ]"),
        "e:a a e:C ; e:p 1 ; e:q 2 .",
        "Closed",
    ),
    "hasValue": (values("sh:hasValue 1 , 2"), "e:a e:p 2 .", "HasValue"),
    "in": (values("sh:in ( 1 e:x )"), "e:a e:p 2 .", "In"),
    # Targets.
    "targetNode": ('e:S sh:targetNode "x" ; sh:nodeKind sh:IRI .', "", "NodeKind"),
    "targetClass": (
        "e:S sh:targetClass e:C ; sh:nodeKind sh:Literal .",
        "e:a a e:D . e:D rdfs:subClassOf e:C .",
        "NodeKind",
    ),
    "a class that is a shape": (
        "e:C a sh:NodeShape , rdfs:Class ; sh:nodeKind sh:Literal .",
        "e:a a e:C .",
        "NodeKind",
    ),
    "targetSubjectsOf": (
        "e:S sh:targetSubjectsOf e:p ; sh:nodeKind sh:Literal .",
        "e:a e:p 1 .",
        "NodeKind",
    ),
    "targetObjectsOf": (
        "e:S sh:targetObjectsOf e:p ; sh:nodeKind sh:IRI .",
        "e:a e:p 1 .",
        "NodeKind",
    ),
    # Paths.
    "inverse": (values("sh:maxCount 0", "[ sh:inversePath e:p ]"), "e:b e:p e:a .", "MaxCount"),
    "sequence": (values("sh:maxCount 0", "( e:p e:q )"), "e:a e:p e:b . e:b e:q 1 .", "MaxCount"),
    "alternative": (
        values("sh:maxCount 1", "[ sh:alternativePath ( e:p e:q ) ]"),
        "e:a e:p 1 ; e:q 2 .",
        "MaxCount",
    ),
    "zero or more": (
        values("sh:nodeKind sh:Literal", "[ sh:zeroOrMorePath e:p ]"),
        "e:a e:p 1 .",
        "NodeKind",
    ),
    "one or more": (
        values("sh:maxCount 1", "[ sh:oneOrMorePath e:p ]"),
        "e:a e:p e:b . e:b e:p e:c .",
        "MaxCount",
    ),
    "zero or one": (
        values("sh:maxCount 1", "[ sh:zeroOrOnePath e:p ]"),
        "e:a e:p e:b .",
        "MaxCount",
    ),
    "paths in a path": (
        values("sh:maxCount 0", "( [ sh:zeroOrMorePath [ sh:inversePath e:p ] ] e:q )"),
        "e:b e:p e:a ; e:q 1 .",
        "MaxCount",
    ),
    # Queries.
    "a query": (query("SELECT $this { $this e:p ?o FILTER(?o > 0) }"), "e:a e:p 1 .", "SPARQL"),
    "a query on a blank node": (
        "e:S sh:targetClass e:C ; sh:sparql [ sh:select 'SELECT $this { $this a ?c }' ] .",
        "[] a e:C .",
        "SPARQL",
    ),
    "a query without the data": (
        query("SELECT $this { FILTER NOT EXISTS { $this e:p ?o } }"),
        "e:a e:q 1 .",
        "SPARQL",
    ),
    "a subquery": (
        query("""SELECT $this { { SELECT $this (COUNT(?o) AS ?n) { $this e:p ?o } GROUP BY $this }
            FILTER (?n > 1) }"""),
        "e:a e:p 1 , 2 .",
        "SPARQL",
    ),
    "$PATH": (
        value_query("SELECT $this ?value { $this $PATH ?value }", "( e:p e:q )"),
        "e:a e:p e:b . e:b e:q 1 .",
        "SPARQL",
    ),
    "forbidden words in a name and a text": (
        query('SELECT $this { $this e:values "minus" , ?from . FILTER(?from = 1) }'),
        'e:a e:values "minus" , 1 .',
        "SPARQL",
    ),
}


def plain(term: str) -> str:
    """An IRI or a literal without its signs; blank nodes are all alike."""
    return "_:" if term.startswith("_:") else re.sub(r'^[<"](.*?)[>"](\^\^.*)?$', r"\1", term)


def by_fast(text: str, data: str) -> set[tuple[str, str, str]]:
    report = fast.Shapes.from_turtle(PREFIXES + text).validate_turtle(PREFIXES + data)
    return {(plain(r.focus_node), r.component_iri.strip("<>"), r.severity) for r in report.results}


def by_reference(text: str, data: str) -> set[tuple[str, str, str]]:
    graph = rdflib.Graph().parse(data=PREFIXES + data, format="turtle")
    of_shapes = rdflib.Graph().parse(data=PREFIXES + text, format="turtle")
    _, report, _ = pyshacl.validate(graph, shacl_graph=of_shapes)
    found = set()
    for result in report.objects(None, SH.result):
        focus = report.value(result, SH.focusNode)
        severity = str(report.value(result, SH.resultSeverity)).removeprefix(str(SH))
        component = str(report.value(result, SH.sourceConstraintComponent))
        shown = "_:" if isinstance(focus, rdflib.BNode) else str(focus)
        found.add((shown, component, severity))
    return found


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_rejects_bad_data_on_both_engines(name: str) -> None:
    text, data, component = TAKEN[name]
    shapes.check(PREFIXES + text, name)
    found = by_fast(text, data)
    assert f"{SH}{component}ConstraintComponent" in {one for _, one, _ in found}
    assert found == by_reference(text, data)


def test_every_term_that_is_taken_has_a_test() -> None:
    from kprov_rdf.validate.shape_terms import TERMS

    written = " ".join(text for text, _, _ in TAKEN.values())
    silent = {"name", "description", "order", "group", "defaultValue"}  # not for validation (2.3.2)
    elsewhere = {"severity", "message", "deactivated", "declare", "prefix", "namespace"}
    assert {one for one in TERMS if f"sh:{one} " not in written} == silent | elsewhere


@pytest.mark.parametrize("severity", ["Violation", "Warning", "Info"])
def test_a_severity_is_told_by_both_engines(severity: str) -> None:
    text = node(f"sh:severity sh:{severity} ; sh:nodeKind sh:Literal")
    shapes.check(PREFIXES + text, severity)
    assert by_fast(text, "") == by_reference(text, "")
    assert {one for _, _, one in by_fast(text, "")} == {severity}


def test_a_shape_that_is_switched_off_is_silent_on_both_engines() -> None:
    text = node("sh:nodeKind sh:Literal ; sh:deactivated true")
    shapes.check(PREFIXES + text, "deactivated")
    assert by_fast(text, "") == by_reference(text, "") == set()
    assert by_fast(text.replace("true", "false"), "") == by_reference(
        text.replace("true", "false"), ""
    )


def test_a_message_is_filled_in_by_both_engines() -> None:
    text = query("SELECT $this ?o { $this e:p ?o }").replace(
        "sh:select", 'sh:message "It has {?o}." ; sh:select'
    )
    shapes.check(PREFIXES + text, "message")
    report = fast.Shapes.from_turtle(PREFIXES + text).validate_turtle(PREFIXES + "e:a e:p 7 .")
    assert [one.message for one in report.results] == ["It has 7."]
    graph = rdflib.Graph().parse(data=PREFIXES + "e:a e:p 7 .", format="turtle")
    of_shapes = rdflib.Graph().parse(data=PREFIXES + text, format="turtle")
    _, reference, _ = pyshacl.validate(graph, shacl_graph=of_shapes)
    assert [str(one) for one in reference.objects(None, SH.resultMessage)] == ["It has 7."]


def test_descriptions_are_taken() -> None:
    text = node(
        'sh:name "x"@en ; sh:description "y" ; rdfs:label "z" ; sh:property [ sh:path e:p ; '
        "sh:maxCount 1 ; sh:defaultValue 1 ; sh:order 1.5 ; sh:group e:G ]"
    )
    shapes.check(PREFIXES + text + " e:G a sh:PropertyGroup ; sh:order 1 .", "x")


def test_the_engines_differ_in_disjoint_by_value() -> None:
    """`shacl` compares terms, as SHACL says; pySHACL compares values."""
    text, data = values("sh:disjoint e:q"), 'e:a e:p 1 ; e:q "01"^^xsd:integer .'
    assert by_fast(text, data) != by_reference(text, data)


def test_shapes_stand_in_so_many_others() -> None:
    def chain(depth: int) -> str:
        links = "".join(f"e:n{n} sh:node e:n{n + 1} . " for n in range(depth))
        return PREFIXES + f"e:n0 sh:targetNode e:a . {links} e:n{depth} sh:nodeKind sh:IRI ."

    shapes.check(chain(shapes.MAX_CHAIN - 1), "x")
    with pytest.raises(UnsupportedError, match=f"more than {shapes.MAX_CHAIN} others"):
        shapes.check(chain(shapes.MAX_CHAIN), "x")


def test_the_shapes_of_this_project_are_taken() -> None:
    for name, text in resources.texts("shapes", ".ttl").items():
        shapes.check(text, name)


def test_the_shapes_are_checked_before_an_engine_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {"prov.ttl": PREFIXES + values("sh:minCont 1"), "prov-lenient.ttl": ""}
    real = resources.texts
    monkeypatch.setattr(
        resources, "texts", lambda name, suffix: bad if name == "shapes" else real(name, suffix)
    )
    shacl.shapes_text.cache_clear()
    shacl._compiled.cache_clear()
    shacl._graph_of_shapes.cache_clear()
    try:
        with pytest.raises(UnsupportedError, match="sh:minCont"):
            shacl.validate("g", [])
        with pytest.raises(UnsupportedError, match="sh:minCont"):
            list(shacl.with_pyshacl("g", "", "lenient"))
    finally:
        shacl.shapes_text.cache_clear()
        shacl._compiled.cache_clear()
        shacl._graph_of_shapes.cache_clear()
