"""The part of a SPARQL query that is about the runs themselves."""

from collections.abc import Callable, Mapping, Sequence, Set

import pyoxigraph as ox

from kprov_rdf.builder.plan import Runs

_ASKED = {
    "started": "OPTIONAL {{ {execution} prov:startedAtTime {value} }}",
    "optimizer_name": "OPTIONAL {{ {training} a dnnprov:Training ; "
    "dnnprov:optimizerName {value} }}",
    "learning_rate": "OPTIONAL {{ {training} a dnnprov:Training ; dnnprov:learningRate {value} "
    "FILTER ({value} * 0 = 0) }}",
    "ended": "OPTIONAL {{ {training} a dnnprov:Training ; dnnprov:status {training}__status ; "
    "prov:endedAtTime {value} }}",
    "person": "OPTIONAL {{ {execution} prov:wasAssociatedWith {training}__by . {training}__by "
    "a prov:Person ; rdfs:label {value} }}",
}


def run_block(
    graph: str,
    asked: Mapping[str, str],
    runs: Runs,
    iris: Sequence[str],
    living: Set[str],
    new: Callable[[str], str],
) -> list[str]:
    """What binds ``graph`` to the runs asked for, and the variables of ``asked`` attributes.

    A run is told of once, whatever its graph says twice: of several values the least counts.
    """
    wanted = dict(asked)
    for name, needed in (
        ("started", runs.after or runs.before),
        ("status", runs.statuses),
        ("tag", runs.tags),
    ):
        if needed and name not in wanted:
            wanted[name] = new(f"run_{name}")
    lines = (
        [f"VALUES {graph} {{ {' '.join(str(ox.NamedNode(iri)) for iri in iris)} }}"] if iris else []
    )
    iri = wanted.pop("iri", None)
    if wanted or iri:
        lines += _subselect(graph, wanted, runs, new, living)
    if iri:
        lines.append(f"BIND (STR({graph}) AS {iri})")
    started = wanted.get("started")
    if runs.after:
        lines.append(f"FILTER ({started} >= {_time(runs.after)})")
    if runs.before:
        lines.append(f"FILTER ({started} < {_time(runs.before)})")
    if runs.statuses:
        listed = ", ".join(str(ox.Literal(one)) for one in runs.statuses)
        lines.append(f"FILTER ({wanted['status']} IN ({listed}))")
    return lines


def _time(at: object) -> str:
    return f'"{str(at).replace(" ", "T").replace("+00:00", "Z")}"^^xsd:dateTime'


def _subselect(
    graph: str, wanted: Mapping[str, str], runs: Runs, new: Callable[[str], str], living: Set[str]
) -> list[str]:
    execution, training, flow = new("execution"), new("training"), new("dataflow")
    shown, inner = [], [f"{execution} a dnnprov:ExecuteDataflow ."]
    tag = new("tag_said")
    if runs.tags:
        listed = " ".join(str(ox.Literal(one)) for one in runs.tags)
        inner.append(f"VALUES {tag} {{ {listed} }}")
    inner.append(f"{flow} a dnnprov:Dataflow ; dnnprov:tag {tag} .")
    after: list[str] = []
    for name, variable in wanted.items():
        if name == "tag":
            shown.append(f"(MIN({tag}) AS {variable})")
        elif name == "status":
            own, closed = new("status_of_training"), new("status_of_execution")
            inner.append(f"OPTIONAL {{ {training} a dnnprov:Training ; dnnprov:status {own}__ }}")
            inner.append(f"OPTIONAL {{ {execution} dnnprov:status {closed}__ }}")
            shown += [f"(MIN({own}__) AS {own})", f"(MIN({closed}__) AS {closed})"]
            after.append(f"BIND ({_status(graph, own, closed, living)} AS {variable})")
        else:
            said = new(f"{variable[1:]}_said")
            inner.append(_ASKED[name].format(value=said, execution=execution, training=training))
            shown.append(f"(MIN({said}) AS {variable})")
    return [
        "{",
        f"  SELECT {' '.join([graph, *shown])} WHERE {{",
        f"    GRAPH {graph} {{",
        *(f"      {line}" for line in inner),
        "    }",
        f"  }} GROUP BY {graph}",
        "}",
        *after,
    ]


def _status(graph: str, own: str, closed: str, living: Set[str]) -> str:
    """As ``runs`` says it: a run without an end goes on while its process lives."""
    unsaid = f'IF(CONTAINS(STR({graph}), "/import/"), "UNKNOWN", "CRASHED")'
    if living:
        listed = ", ".join(str(ox.NamedNode(iri)) for iri in sorted(living))
        unsaid = f'IF({graph} IN ({listed}), "RUNNING", {unsaid})'
    return f"COALESCE({own}, {closed}, {unsaid})"
