"""Dataflows of DfAnalyzer, wherever they were kept: a graph for each training."""

from collections import Counter
from collections.abc import Sequence

from kprov_capture.terms import Dnnprov
from kprov_rdf.exchange.foreign.dump import Flow, Told, text, time_of
from kprov_rdf.exchange.foreign.record import Record, record
from kprov_rdf.exchange.foreign.trial import Said, execution
from kprov_rdf.exchange.foreign.trials import trials
from kprov_rdf.exchange.foreign.usertasks import UserTasks
from kprov_rdf.exchange.statements import Statements


def say_flows(says: Statements, told: Told, flows: Sequence[Flow]) -> None:
    """Say the trials of each dataflow, or its tasks where it trained nothing."""
    tags = Counter(flow.tag for flow in flows)
    for place, flow in enumerate(flows, 1):
        key = (flow.tag,) if tags[flow.tag] == 1 else (flow.tag, f"execution {place}")
        every = trials(flow)
        last = {trial.training_task: trial for trial in every}
        rest = flow.tasks.keys() - {one for trial in every for one in trial.tasks()}
        for number, trial in enumerate(every, 1):
            name = (*key, number) if len(every) > 1 else key
            tasks = trial.tasks() | (rest if number == len(every) else set())
            is_last = last[trial.training_task] is trial
            with record(says, "run", *name) as names:
                Said(says, names, told, flow, trial, sorted(tasks), last=is_last).say()
        if not every:
            with record(says, "run", *key) as names:
                _without_training(says, names, told, flow)


def _without_training(says: Statements, names: Record, told: Told, flow: Flow) -> None:
    iri = names.dataflow(flow.tag, flow.plan.specification())
    times = [time for rows in flow.rows.values() for row in rows if (time := time_of(row))]
    execution(says, names, iri, flow, (min(times, default=None), max(times, default=None)))
    tags = {text(row.get("df_exec")) for row in flow.tasks.values()} - {None}
    says.node(names.execution, (), *((Dnnprov.execTag, tag) for tag in sorted(map(str, tags))))
    UserTasks(says, names, iri, told, flow).say(flow.rows, sorted(flow.tasks))
