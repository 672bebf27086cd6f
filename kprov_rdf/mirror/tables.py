"""The tables of the mirror, filled from the facts of the store.

A schema for each dataflow tag has the papers' tables. The schema ``kprov`` says what their
rows are: the runs, the epochs of all tags, and the IRI behind each row.

Ids count from 1, in the order of the runs' starts, then of time within a run, then of IRIs:
the same store gives the same rows. A task is what one run did of one transformation.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import UTC, datetime
from itertools import count

import pyoxigraph as ox

from kprov_capture.terms import Dnnprov
from kprov_rdf.mirror import columns as c
from kprov_rdf.mirror import names
from kprov_rdf.mirror.facts import Facts, Node, seconds
from kprov_rdf.query import Term

META = "kprov"
Rows = list[tuple[c.Cell, ...]]


def _stamp(at: float | None) -> str | None:
    """Seconds since 1970 as Keras-Prov writes a time: a decimal number, as text."""
    return None if at is None else f"{at:.6f}"


def _utc(at: datetime | None) -> datetime | None:
    """A time in UTC without its zone, which a TIMESTAMP has not."""
    return at.astimezone(UTC).replace(tzinfo=None) if at and at.tzinfo else at


def _local(iri: str) -> str:
    """What follows the last '#' or '/' of an IRI."""
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]


class _Builder:
    """Collects the tables of one mirror; a method for each kind of table."""

    def __init__(self, facts: Facts, taken: Set[str]) -> None:
        self._facts = facts
        tags = sorted({run.tag for run in facts.runs})
        self.mirror = c.Mirror(names.assign(dict(zip(tags, tags, strict=True)), taken))
        self._schema = {run.iri: self.mirror.schemas[run.tag] for run in facts.runs}
        self._place = {run.iri: place for place, run in enumerate(facts.runs, 1)}
        self._tasks = self._number_tasks()
        self._iris: Rows = []

    def _number_tasks(self) -> dict[str, dict[str, int]]:
        """The ids of the tasks of each run by transformation, counted over all runs."""
        counter = count(1)
        adapted = {run for run, _ in self._facts.adaptations}
        tested = {run for run, _ in self._facts.told["tests"]}
        having = dict(zip(c.TASKS, (set(self._facts.trainings), adapted, tested), strict=True))
        return {
            run.iri: {task: next(counter) for task in c.TASKS if run.iri in having[task]}
            for run in self._facts.runs
        }

    def _fit(self, term: Term, kind: str) -> c.Cell:
        """A literal as a cell, counted where it does not fit."""
        found = c.fit(term, kind)
        changed = found is None or (kind == c.TEXT and found != getattr(term, "value", None))
        self.mirror.unfit += isinstance(term, ox.Literal) and changed
        return found

    def _began(self, run: str) -> float | None:
        """When the training of a run began, in seconds since 1970."""
        return self._facts.trainings.get(run, ("", None))[1]

    def _named(self, kind: str, ordered: Iterable[Node]) -> dict[Node, int]:
        """Ids for nodes in this order, kept for the map of IRIs."""
        ids = {node: number for number, node in enumerate(ordered, 1)}
        self._iris += [(kind, number, iri) for (_, iri), number in ids.items()]
        return ids

    def _add(
        self, name: str, rows: Mapping[str, Rows], columns: Mapping[str, c.Columns] | c.Columns
    ) -> None:
        """A table of this name for every tag, whether it has rows or not."""
        for schema in sorted(self.mirror.schemas.values()):
            own = columns if isinstance(columns, tuple) else columns[schema]
            self.mirror.tables.append(c.Table(schema, name, own, rows.get(schema, [])))

    # -- the papers' tables

    def data_set(self, one: c.DataSet) -> list[Node]:
        """Adds the table of one data set for every tag; gives its nodes in the order of ids."""
        told = self._facts.told[one.query]
        at = {node: self._facts.times.get(node, self._began(node[0])) for node in told}

        def order(node: Node) -> tuple[int, float, float, str]:
            epoch = c.fit(told[node].get(Dnnprov.epoch), c.DOUBLE)
            number = epoch if isinstance(epoch, float) else -1.0
            return self._place[node[0]], at[node] or 0.0, number, node[1]

        ordered = sorted(told, key=order)
        ids = self._named(one.name, ordered)
        here: dict[str, list[Node]] = defaultdict(list)
        for node in ordered:
            here[self._schema[node[0]]].append(node)
        columns: dict[str, c.Columns] = {}
        rows: dict[str, Rows] = {}
        for schema in self.mirror.schemas.values():
            properties = self._properties(one, here[schema])
            columns[schema] = one.columns() + tuple(properties.values())
            rows[schema] = [
                (
                    ids[node],
                    *(self._tasks[node[0]].get(task) for task in one.tasks),
                    _stamp(at[node]),
                    *(self._fit(told[node].get(of), kind) for of, (_, kind) in properties.items()),
                )
                for node in here[schema]
            ]
        self._add(f"ds_{one.name}", rows, columns)
        return ordered

    def _properties(self, one: c.DataSet, nodes: Iterable[Node]) -> dict[str, tuple[str, str]]:
        """Column and type of each property: the papers' first, then those that the nodes have."""
        found = {of: (name, c.known_type(name)) for of, name in one.known.items()}
        terms: dict[str, list[Term]] = defaultdict(list)
        for node in nodes:
            for of, term in self._facts.told[one.query][node].items():
                if of not in found:
                    terms[of].append(term)
        taken = {name for name, _ in (*one.columns(), *found.values())}
        wanted = {of: one.prefix + self._called(of) for of in sorted(terms)}
        for of, name in sorted(names.assign(wanted, taken).items(), key=lambda item: item[1]):
            found[of] = (name, c.further_type(terms[of]))
        return found

    def _called(self, of: str) -> str:
        return self._facts.called.get(of) or names.snake(_local(of))

    def adaptations(self) -> None:
        """The changes of the rate; ``adaptation_id`` counts those of a run."""
        told = self._facts.adaptations
        ordered = sorted(told, key=lambda n: (self._place[n[0]], seconds(told[n][0]) or 0.0, n[1]))
        rows: dict[str, Rows] = defaultdict(list)
        of_run: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
        for node, number in self._named("oadaptation", ordered).items():
            at, epoch, old, new, technique, reason = told[node]
            rows[self._schema[node[0]]].append(
                (
                    number,
                    self._tasks[node[0]]["adaptation"],
                    self._fit(new, c.DOUBLE),
                    _stamp(seconds(at)),
                    self._fit(epoch, c.DOUBLE),
                    next(of_run[node[0]]),
                    self._fit(old, c.DOUBLE),
                    self._fit(technique, c.TEXT),
                    self._fit(reason, c.TEXT),
                )
            )
        self._add("ds_oadaptation", rows, c.ADAPTATIONS)

    def layers(self) -> None:
        """A row for each thing that is known of a layer, the layers as they stand in the model."""
        told, owners = self._facts.told["layers"], self._facts.owners

        def order(node: Node) -> tuple[int, float, str, float, str]:
            own = c.fit(told[node].get(Dnnprov.position), c.DOUBLE)
            within, outer = owners.get(node, (None, None))
            places = [at if isinstance(at, float) else -1.0 for at in (c.fit(outer, c.DOUBLE), own)]
            first = places[0] if within else places[1]
            return self._place[node[0]], first, str(within or ""), places[1], node[1]

        rows: dict[str, Rows] = defaultdict(list)
        counter = count(1)
        for node in sorted(told, key=order):
            values = dict(told[node])
            name = self._fit(values.pop(Dnnprov.layerName, None), c.TEXT)
            said = {names.snake(_local(of)).removeprefix("layer_"): t for of, t in values.items()}
            if node in owners:
                said["within"] = owners[node][0]
            task = self._tasks[node[0]].get("trainingmodel")
            for attribute, term in sorted(said.items()):
                number = next(counter)
                self._iris.append(("ilayers", number, node[1]))
                began, text = _stamp(self._began(node[0])), self._fit(term, c.TEXT)
                rows[self._schema[node[0]]].append((number, task, began, name, attribute, text))
        self._add("ds_ilayers", rows, c.LAYERS)

    # -- what the rows are

    def meta(self, epochs: Iterable[Node]) -> None:
        """The schema ``kprov``: runs, the epochs of all tags, and the IRI of each row."""
        trainings = self._facts.trainings
        named: Rows = [("run", place, iri) for iri, place in self._place.items()]
        for run, tasks in self._tasks.items():
            if "trainingmodel" in tasks:
                named.append(("trainingmodel", tasks["trainingmodel"], trainings[run][0]))
        of_epochs = tuple((name, c.INTEGER) for name in ("id", "run_id", "trainingmodel_task_id"))
        metrics = tuple((name, c.DOUBLE) for name in c.EPOCH_COLUMNS.values())
        self.mirror.tables += [
            c.Table(META, "runs", c.RUNS, self._of_runs()),
            c.Table(META, "epochs", of_epochs + metrics, self._of_epochs(epochs)),
            c.Table(META, "iri_map", c.IRIS, named + self._iris),
        ]

    def _of_runs(self) -> Rows:
        return [
            (
                self._place[run.iri],
                run.iri,
                run.tag,
                self._schema[run.iri],
                run.status,
                _utc(run.started),
                _utc(run.ended),
                run.optimizer,
                c.fit(None if run.rate is None else ox.Literal(run.rate), c.DOUBLE),
                *(self._tasks[run.iri].get(task) for task in c.TASKS),
            )
            for run in self._facts.runs
        ]

    def _of_epochs(self, epochs: Iterable[Node]) -> Rows:
        told = self._facts.told[c.EPOCHS.query]
        return [
            (
                number,
                self._place[node[0]],
                self._tasks[node[0]].get("trainingmodel"),
                *(c.fit(told[node].get(of), c.DOUBLE) for of in c.EPOCH_COLUMNS),
            )
            for number, node in enumerate(epochs, 1)
        ]


def build(facts: Facts, taken: Set[str]) -> c.Mirror:
    """All tables; no schema is given a name in ``taken``."""
    builder = _Builder(facts, {*taken, META})
    builder.data_set(c.SETTINGS)
    epochs = builder.data_set(c.EPOCHS)
    builder.data_set(c.TESTS)
    builder.adaptations()
    builder.layers()
    builder.meta(epochs)
    return builder.mirror
