"""Which data sets and attributes there are: what the compilers of both languages share."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import pyoxigraph as ox

from kprov_rdf import query, runs
from kprov_rdf.builder import datasets
from kprov_rdf.builder.datasets import BUILT_IN, RUN, RUN_ATTRIBUTES, DataSet, Info, Kind
from kprov_rdf.builder.model import Attribute
from kprov_rdf.errors import InputError
from kprov_rdf.store import Store, select

Transformations = Mapping[str, tuple[Sequence[str], Sequence[str]]]
"""The data sets that each transformation reads, and those that it writes."""

_SHOWN = 40


class Catalogue(Protocol):
    """The data sets of one store."""

    def datasets(self) -> list[str]:
        """The names of all data sets but ``run``."""

    def attributes(self, dataset: str) -> dict[str, Info]:
        """All attributes of a data set that is there, in order."""

    def find(self, dataset: str, name: str) -> Info | None:
        """An attribute by its name; None where there is none. Raises ``InputError``."""

    def transformations(self) -> Transformations:
        """Of the dataflows of the runs asked for."""

    @property
    def lacks(self) -> str:
        """What to say of data sets that are not there; a sentence, or nothing."""


def near(name: str, known: Iterable[str]) -> str:
    """The known names as a list for people, those most like ``name`` first."""
    listed = list(dict.fromkeys(known))
    alike = difflib.get_close_matches(name, listed, n=3, cutoff=0.5)
    ordered = alike + [one for one in listed if one not in alike]
    more = len(ordered) - _SHOWN
    return ", ".join(ordered[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def dataset_named(catalogue: Catalogue, name: str) -> str:
    """The data set that a name means: as it is, without ``ds_``, or in other case."""
    if name == RUN or name in BUILT_IN:
        return name
    known = [*catalogue.datasets(), RUN]
    folded = {one.casefold(): one for one in reversed(known)}
    for wanted in (name, name.casefold(), name.casefold().removeprefix("ds_")):
        if wanted in known:
            return wanted
        if wanted in folded:
            return folded[wanted]
    raise InputError(
        f"There is no data set {name!r}; there are {near(name, known)}. {catalogue.lacks}"
        "'kprov query --sets' shows them with their attributes."
    )


def attribute_named(catalogue: Catalogue, asked: Attribute) -> Info:
    """The attribute that is meant. Raises ``InputError`` with what there is."""
    found = catalogue.find(asked.dataset, asked.name)
    if found is None:
        known = list(catalogue.attributes(asked.dataset))
        raise InputError(
            f"The data set {asked.dataset} has no attribute {asked.name!r}; it has "
            f"{near(asked.name, known)}."
        )
    return found


def plain(name: str) -> str:
    """A name as the mirror spells it in a column: lower-case letters, digits, underscores."""
    if re.fullmatch(r"[a-z_][a-z0-9_]{0,59}", name):
        return name
    text = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60] or "unnamed"
    return text if text[0].isalpha() else f"n_{text}"


def by_name(known: Mapping[str, Info], name: str) -> Info | None:
    """The attribute of that name, or whose name is spelt so in columns."""
    if name in known:
        return known[name]
    alike = [info for own, info in known.items() if plain(own) == plain(name)]
    if len({info.name for info in alike}) > 1:
        listed = ", ".join(f'"{info.name}"' for info in alike)
        raise InputError(f"{name!r} may mean {listed}. Write one of them, in double quotes.")
    return alike[0] if alike else None


_TAGS = "SELECT DISTINCT ?tag { GRAPH ?run { ?flow a dnnprov:Dataflow ; dnnprov:tag ?tag } }"
# One kind of set at a time: a UNION of both would look at every plan.
_PLANS = """SELECT DISTINCT ?transformation ?set WHERE {
  GRAPH ?run {
    ?step dnnprov:%s ?schema . ?schema dnnprov:tag ?set .
    ?step dnnprov:tag ?transformation . %s
  }
} ORDER BY ?transformation ?set"""
_SCHEMAS = """SELECT DISTINCT ?set ?position ?name ?property ?type WHERE {
  GRAPH ?run {
    %s?schema a dnnprov:DataSetSchema ; dnnprov:tag ?set .
    OPTIONAL {
      ?schema dnnprov:hasAttribute ?property .
      ?property dnnprov:reportedName ?name ; dnnprov:dataType ?type .
      OPTIONAL { ?property dnnprov:position ?position }
    }
  }
} ORDER BY ?set ?position ?name ?property"""
_METRICS = """SELECT DISTINCT ?name ?property WHERE {
  GRAPH ?run { %s?property a dnnprov:Metric ; dnnprov:reportedName ?name }
} ORDER BY ?name ?property"""
_SETTINGS = """SELECT DISTINCT ?property ?name ?type WHERE {
  GRAPH ?run {
    %s?config a dnnprov:iTraining ; ?property ?value .
    FILTER isLiteral(?value)
    MINUS { ?config prov:wasRevisionOf ?before . ?training a dnnprov:Training ; prov:used ?before }
    OPTIONAL { ?property dnnprov:reportedName ?name }
    BIND (REPLACE(STR(DATATYPE(?value)), "^.*#", "") AS ?type)
  }
} ORDER BY ?property"""
_USED = "SELECT ?m WHERE { GRAPH ?run { ?m a dnnprov:%s ; ?property ?value } } LIMIT 1"


class StoreCatalogue:
    """What a store of statements has. ``tags`` are the dataflows asked of; none means all."""

    lacks = ""

    def __init__(self, store: Store, tags: Sequence[str] = ()) -> None:
        self.store = store
        self._of_tags = ""
        if tags:
            check_tags((tag for (tag,) in self._rows(_TAGS)), tags)
            listed = " ".join(str(ox.Literal(tag)) for tag in tags)
            self._of_tags = (
                f"VALUES ?tag {{ {listed} }} ?flow a dnnprov:Dataflow ; dnnprov:tag ?tag . "
            )
        self._users: dict[str, dict[str, Info]] | None = None
        self._further: dict[str, dict[str, Info]] = {}

    def _rows(self, text: str) -> Iterator[list[str]]:
        for row in select(self.store, text):
            yield [str(query.value(cell) or "") for cell in row]

    def datasets(self) -> list[str]:
        return [*BUILT_IN, *(name for name in self._schemas() if name not in BUILT_IN)]

    def dataset(self, name: str) -> DataSet:
        """A data set that is there."""
        if name in BUILT_IN:
            return BUILT_IN[name]
        tag = str(ox.Literal(name)).replace("{", "{{").replace("}", "}}")
        of = "{node} dnnprov:ofSet {node}__schema . {node}__schema dnnprov:tag " + f"{tag} ."
        return DataSet(name, of, self._schemas()[name])

    def attributes(self, dataset: str) -> dict[str, Info]:
        if dataset == RUN:
            return dict(RUN_ATTRIBUTES)
        if dataset not in BUILT_IN:
            return self._schemas()[dataset]
        own = BUILT_IN[dataset]
        further = {
            name: info
            for name, info in self._named(dataset).items()
            if name not in own.attributes
        }  # fmt: skip
        return {**own.attributes, **dict(sorted(further.items()))}

    def find(self, dataset: str, name: str) -> Info | None:
        if dataset == RUN:
            return RUN_ATTRIBUTES.get(name.casefold())
        if dataset not in BUILT_IN:
            return by_name(self._schemas()[dataset], name)
        own = BUILT_IN[dataset]
        for wanted in (name, name.casefold()):
            if wanted in own.attributes:
                return own.attributes[wanted]
            spelt = datasets.ALIASES.get(f"{dataset}.{wanted}", wanted)
            known = own.declared.get(spelt.removeprefix(own.prefix))
            if known and spelt.startswith(own.prefix) and dataset != "itrainingmodel":
                return Info(spelt, Kind.NUMBER, (known,))
        if dataset == "itrainingmodel":
            name = datasets.ALIASES.get(f"{dataset}.{name.casefold()}", name)
        # To look for one name alone costs less than to list all.
        exact = self._named(dataset, name)
        return exact.get(name) or by_name(self._named(dataset), name)

    def transformations(self) -> Transformations:
        found: dict[str, tuple[list[str], list[str]]] = {
            name: (list(reads), list(writes))
            for name, (reads, writes) in datasets.TRANSFORMATIONS.items()
        }
        of = f"{self._of_tags}?flow dnnprov:hasTransformation ?step" if self._of_tags else ""
        for place, link in enumerate(("hasInputSet", "hasOutputSet")):
            for step, name in self._rows(_PLANS % (link, of)):
                own = found.setdefault(step, ([], []))[place]
                if name not in own:
                    own.append(name)
        return found

    def _schemas(self) -> dict[str, dict[str, Info]]:
        """The users' own data sets, with their attributes."""
        if self._users is None:
            self._users = {}
            for of, _, name, iri, kind in self._rows(_SCHEMAS % self._of_tags):
                known = self._users.setdefault(of, {})
                if name:
                    before = known.get(name)
                    here = Kind.NUMBER if kind == "NUMERIC" else Kind.TEXT
                    both = here if before is None or before.kind is here else Kind.TEXT
                    mixed = both is not here or (before is not None and before.mixed)
                    iris = (*(before.properties if before else ()), iri)
                    known[name] = Info(name, both, tuple(dict.fromkeys(iris)), mixed=mixed)
        return self._users

    def _named(self, dataset: str, only: str | None = None) -> dict[str, Info]:
        """The further attributes of a data set that the store has, by name."""
        if only is not None and dataset not in self._further:
            if dataset == "itrainingmodel":
                return self._settings(only)
            own = BUILT_IN[dataset]
            kind = {"otrainingmodel": "oTraining", "otestingmodel": "oTesting"}.get(dataset)
            return self._metrics(dataset, kind, only.removeprefix(own.prefix)) if kind else {}
        if dataset not in self._further:
            kind = {"otrainingmodel": "oTraining", "otestingmodel": "oTesting"}.get(dataset)
            self._further[dataset] = (
                self._metrics(dataset, kind) if kind
                else self._settings() if dataset == "itrainingmodel"
                else {}
            )  # fmt: skip
        return self._further[dataset]

    def _metrics(self, dataset: str, kind: str, only: str | None = None) -> dict[str, Info]:
        """Metrics that users named, and those of the ontology; those that elements have."""
        own = BUILT_IN[dataset]
        found: dict[str, list[str]] = {}
        named = "" if only is None else f"VALUES ?name {{ {ox.Literal(only)} }} "
        for name, iri in self._rows(_METRICS % named):
            found.setdefault(name, []).append(iri)
        for name, iri in own.declared.items():
            if only in (None, name):
                found.setdefault(name, []).append(iri)
        return {
            own.prefix + name: Info(own.prefix + name, Kind.NUMBER, tuple(iris))
            for name, iris in found.items()
            if any(self._used(iri, kind) for iri in iris)
        }

    def _used(self, iri: str, kind: str) -> bool:
        return any(True for _ in self._rows_of(_USED % kind, iri))

    def _rows_of(self, text: str, iri: str) -> Iterator[ox.QuerySolution]:
        # Only what is projected can be bound.
        bound = text.replace("SELECT ?m", "SELECT ?m ?property")
        yield from select(self.store, bound, {"property": ox.NamedNode(iri)})

    def _settings(self, only: str | None = None) -> dict[str, Info]:
        named = ""
        if only is not None:
            iri = datasets.ITRAINING.declared.get(only)
            declared = f" UNION {{ VALUES ?property {{ <{iri}> }} }}" if iri else ""
            named = f"{{ ?property dnnprov:reportedName {ox.Literal(only)} }}{declared} "
        known = {iri for info in datasets.ITRAINING.attributes.values() for iri in info.properties}
        found: dict[str, tuple[list[str], set[str]]] = {}
        for iri, reported, kind in self._rows(_SETTINGS % named):
            if iri not in known:
                name = reported or datasets.snake(datasets.local_name(iri))
                iris, kinds = found.setdefault(name, ([], set()))
                kinds.add(kind)
                if iri not in iris:
                    iris.append(iri)
        return {
            name: Info(name, kind, tuple(iris), mixed=kind is Kind.TEXT)
            for name, (iris, kinds) in found.items()
            for kind in [_kind(kinds)]
        }


def _kind(datatypes: set[str]) -> Kind:
    """What holds all values, as the mirror chooses the type of a column."""
    if datatypes == {"boolean"}:
        return Kind.BOOLEAN
    return Kind.NUMBER if datatypes <= {"integer", "double", "float", "decimal"} else Kind.TEXT


def check_tags(known: Iterable[str], tags: Iterable[str]) -> None:
    """Raise ``InputError`` for a tag that no run has."""
    listed = set(known)
    for tag in tags:
        if tag not in listed:
            there = near(tag, sorted(listed)) or "none, since there are no runs"
            raise InputError(f"There is no dataflow with the tag {tag!r}; there are {there}.")


def run_iris(store: Store, names: Sequence[str]) -> list[str]:
    """The runs that are meant, as ``kprov show`` takes names. Raises ``NotFoundError``."""
    listed = runs.listing(store, frozenset()) if names else []
    return [runs.resolve(name, listed).iri for name in names]
