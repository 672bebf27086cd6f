"""Generates ``shapes/terms.ttl`` and ``ontology/classes.ttl`` from the ontology."""

from collections import defaultdict
from collections.abc import Iterator

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE, XSD_NAMESPACE
from kprov_rdf import vocabulary
from kprov_rdf.vocabulary import PROV_CLASSES, Term

# A thing may have several of these.
_MANY = {"tag", "evidenceQuery", "repair", "ruleSet"}
# What these name is described elsewhere: by the ontology, or in the graph of another run.
_ELSEWHERE = {"ofMetric", "ofAttribute", "adaptedProperty", "resumedFrom"}
_PREFIXES = f"""\
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix dnnprov: <{DNNPROV_NAMESPACE}> .
@prefix xsd: <{XSD_NAMESPACE}> .
@prefix shape: <{vocabulary.ONTOLOGY}/shapes#> ."""


def classes() -> str:
    """The hierarchy of classes: PROV-O's own, and below it ours."""
    prefixes = f"@prefix dnnprov: <{DNNPROV_NAMESPACE}> .\n@prefix prov: <{PROV_NAMESPACE}> .\n"
    prefixes += "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    pairs = [(f"prov:{part}", f"prov:{whole}") for whole, of in PROV_CLASSES.items() for part in of]
    pairs += [
        (f"dnnprov:{term.name}", _prefixed(parent))
        for term in vocabulary.load().terms()
        if term.kind == "class"
        for parent in term.parents
    ]
    return prefixes + "\n".join(f"{one} rdfs:subClassOf {other} ." for one, other in pairs)


def _prefixed(iri: str) -> str:
    prov = iri.startswith(PROV_NAMESPACE)
    return (
        iri.replace(PROV_NAMESPACE, "prov:") if prov else iri.replace(DNNPROV_NAMESPACE, "dnnprov:")
    )


def lines() -> str:
    """All shapes, a property each."""
    shapes = [
        _shape(term)
        for term in vocabulary.load().terms()
        if term.kind != "class" and (term.domain or _of_values(term))
    ]
    return "\n\n".join([_PREFIXES, *shapes, *_settings(), *_exclusions()])


def _settings() -> Iterator[str]:
    """For each type the hyperparameters that have it, where a value is a node of its own."""
    yield f"""shape:prefixes-terms sh:declare
  [ sh:prefix "dnnprov" ; sh:namespace "{DNNPROV_NAMESPACE}"^^xsd:anyURI ] ."""
    for kind in ("double", "integer", "boolean", "string"):
        names = " , ".join(
            f"dnnprov:{term.name}"
            for term in vocabulary.load().terms()
            if DNNPROV_NAMESPACE + "setting" in term.parents and term.range == XSD_NAMESPACE + kind
        )
        yield f"""shape:setting-{kind} a sh:NodeShape ;
  sh:targetClass dnnprov:HyperParameterSetting ;
  sh:sparql [ sh:prefixes shape:prefixes-terms ;
    sh:message "The value of this hyperparameter is an xsd:{kind}, and not {{?value}}." ;
    sh:select \"\"\"SELECT $this ?value WHERE {{
      $this dnnprov:ofAttribute ?attribute ; dnnprov:value ?value .
      FILTER (?attribute IN ( {names} ) && datatype(?value) != <{XSD_NAMESPACE}{kind}>) }}\"\"\" ] ;
  shape:guards "B17" ;
  sh:severity sh:Violation ."""


def _exclusions() -> Iterator[str]:
    """A shape for each class that excludes others: those that are named after it.

    Asking what a node is not costs more than asking what it is, so the classes with most
    instances stand last in the axioms.
    """
    others: dict[str, list[str]] = defaultdict(list)
    for axiom in vocabulary.load().disjoint:
        names = [iri.removeprefix(DNNPROV_NAMESPACE) for iri in axiom]
        for number, name in enumerate(names):
            others[name] += [one for one in names[number + 1 :] if one not in others[name]]
    for name, excluded in others.items():
        if excluded:
            listed = " ".join(f"[ sh:class dnnprov:{one} ]" for one in excluded)
            yield "\n".join(
                [
                    f"shape:only-{name} a sh:NodeShape ; sh:targetClass dnnprov:{name} ;",
                    f"  sh:not [ sh:or ( {listed} ) ] ;",
                    f'  sh:message "What is of the class {name} is of none of: '
                    f'{", ".join(excluded)}." ;',
                    '  shape:guards "C39" ;',
                    "  sh:severity sh:Violation .",
                ]
            )


def _shape(term: Term) -> str:
    out = [f"shape:has-{term.name} a sh:NodeShape ; sh:targetSubjectsOf dnnprov:{term.name} ;"]
    if term.domain:
        names = [iri.removeprefix(DNNPROV_NAMESPACE) for iri in term.domain]
        each = [f"sh:class dnnprov:{name}" for name in names]
        many = f"sh:or ( {' '.join(f'[ {one} ]' for one in each)} )"
        out += [
            f"  {each[0] if len(each) == 1 else many} ;",
            f'  sh:message "dnnprov:{term.name} is said of: {", ".join(names)}." ;',
        ]
    values = _of_values(term)
    if values:
        out.append(f"  sh:property shape:{term.name} ;")
    out += ['  shape:guards "C39" ;', "  sh:severity sh:Violation ."]
    if values:
        constraints, says = values
        out += [
            f"shape:{term.name} a sh:PropertyShape ; sh:path dnnprov:{term.name} ;",
            f"  {' ; '.join(constraints)} ;",
            f'  sh:message "The value of dnnprov:{term.name} is {says}." ;',
            '  shape:guards "B17" , "C81" ;'
            if term.kind != "object property"
            else '  shape:guards "C39" ;',
            "  sh:severity sh:Violation .",
        ]
    return "\n".join(out)


def _of_values(term: Term) -> tuple[list[str], str] | None:
    """Constraints on the values, and what they say; None where there are none."""
    if term.kind == "object property":
        if term.range is None or term.name in _ELSEWHERE:
            return None
        name = term.range.removeprefix(DNNPROV_NAMESPACE)
        return [f"sh:class dnnprov:{name}"], f"{'an' if name[0] in 'AEIO' else 'a'} {name}"
    constraints, says = [], []
    if term.name not in _MANY:
        constraints.append("sh:maxCount 1")
        says.append("one")
    if term.range is not None:
        name = term.range.removeprefix(XSD_NAMESPACE)
        constraints.append(f"sh:datatype xsd:{name}")
        says.append(f"xsd:{name}")
        if name == "double":
            constraints.append("sh:not [ sh:minInclusive -9999999 ; sh:maxInclusive -9999999 ]")
            says.append("where -9999999 does not stand for NaN")
    return (constraints, " ".join(says)) if constraints else None
