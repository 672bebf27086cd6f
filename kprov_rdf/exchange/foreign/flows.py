"""Dataflows of DfAnalyzer, wherever they were kept: a graph for each training."""

from collections import Counter
from collections.abc import Sequence

from kprov_rdf.exchange.foreign.dump import Flow, Told, time_of
from kprov_rdf.exchange.foreign.record import Record, record
from kprov_rdf.exchange.foreign.trial import Said, execution
from kprov_rdf.exchange.foreign.trials import trials
from kprov_rdf.exchange.foreign.usertasks import say_tasks
from kprov_rdf.exchange.statements import Statements


def say_flows(says: Statements, told: Told, flows: Sequence[Flow]) -> None:
    """Say the trials of each dataflow, or its tasks where it trained nothing."""
    tags = Counter(flow.tag for flow in flows)
    for place, flow in enumerate(flows, 1):
        key = (flow.tag,) if tags[flow.tag] == 1 else (flow.tag, f"execution {place}")
        every = trials(flow)
        for number, trial in enumerate(every, 1):
            name = (*key, number) if len(every) > 1 else key
            with record(says, "run", *name) as names:
                Said(says, names, told, flow, trial, last=number == len(every)).say()
        if not every:
            with record(says, "run", *key) as names:
                _without_training(says, names, told, flow)


def _without_training(says: Statements, names: Record, told: Told, flow: Flow) -> None:
    iri = names.dataflow(flow.tag, flow.plan.specification())
    times = [time for rows in flow.rows.values() for row in rows if (time := time_of(row))]
    execution(says, names, iri, flow, min(times, default=None), max(times, default=None))
    say_tasks(says, names, iri, told, flow, flow.rows)
