"""The routes of DfAnalyzer: messages of its clients, sent to a server that runs."""

from typing import Any

import pytest

from kprov_capture.home import Home
from kprov_rdf import ingest, query, runs
from kprov_rdf.validate import shacl
from tests.dfanalyzer import (
    DATAFLOW,
    EXEC,
    MESSAGES,
    TAG,
    a_set,
    a_test,
    adaptation,
    post,
    task,
)
from tests.server.conftest import Server


class Read:
    """What the journals of a folder say."""

    def __init__(self, home: Home) -> None:
        self.store = ingest.open_snapshot(home)
        self.runs = runs.listing(self.store, self.store.living)

    def rows(self, pattern: str, *names: str) -> list[tuple[Any, ...]]:
        wanted = " ".join(f"?{name}" for name in names)
        text = f"SELECT DISTINCT {wanted} {{ {pattern} }} ORDER BY ?{names[0]}"
        answer = query.table(self.store, query.Question("test", text), {})
        return [tuple(query.value(term) for term in row) for row in answer.rows]

    def values(self, set_tag: str, name: str) -> list[Any]:
        """The values of an attribute, in the order in which the elements were numbered."""
        found = self.rows(
            f'?e dnnprov:ofSet ?s ; ?a ?v . ?s dnnprov:tag "{set_tag}" ; dnnprov:hasAttribute ?a . '
            f'?a dnnprov:reportedName "{name}"',
            "e", "v",
        )  # fmt: skip
        return [value for _, value in sorted(found, key=lambda row: int(row[0].rpartition("-")[2]))]

    def violations(self) -> list[shacl.Finding]:
        return [f for run in self.runs for f in shacl.validate(run.iri, self.store.graph(run.iri))]


def send(server: Server, messages: list[dict[str, Any]], path: str = "/pde/task/json") -> None:
    for message in messages:
        assert post(server, path, message) == 200, message


def test_the_messages_of_keras_prov_are_a_run_that_is_valid(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    # The client's default address ends in a slash, and its paths begin with one.
    assert post(server, "//pde/dataflow/json", DATAFLOW) == 200
    send(server, MESSAGES, "//pde/task/json")
    assert server.stop() == 0
    read = Read(home)
    (run,) = read.runs
    assert (run.tag, run.status) == (TAG, "FINISHED")
    assert read.violations() == []
    assert read.rows("?x dnnprov:execTag ?tag", "tag") == [(EXEC,)]
    assert read.values("otrainingmodel", "loss") == [3.3, pytest.approx(float("nan"), nan_ok=True)]
    assert read.values("otestingmodel", "otest_loss") == [0.8]
    tasks = (
        "?t a dnnprov:Execution ; dnnprov:taskIdentifier ?n ; dnnprov:status ?s ; rdfs:label ?of"
    )
    assert read.rows(tasks, "n", "of", "s") == [
        (1, "trainingmodel", "FINISHED"),
        (2, "adaptation", "FINISHED"),
        (3, "testingmodel", "FINISHED"),
    ]
    assert read.rows(
        "?t dnnprov:taskIdentifier ?n ; prov:wasInformedBy ?p . ?p dnnprov:taskIdentifier ?of",
        "n",
        "of",
    ) == [(2, 1), (3, 1)]
    # The adaptation used the epoch before it, and the test both.
    used = "?t dnnprov:taskIdentifier ?n ; prov:used ?e . ?e prov:wasGeneratedBy ?p"
    assert [row[0] for row in read.rows(used, "n", "e")] == [2, 3, 3]


def test_what_is_sent_again_changes_nothing(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    assert post(server, "/pde/dataflow/json", DATAFLOW) == 200
    send(server, MESSAGES)
    journal = next(home.journal.glob("*.nq"))
    size = journal.stat().st_size
    assert post(server, "/pde/dataflow/json", DATAFLOW) == 200
    send(server, MESSAGES)
    send(server, [one for one in MESSAGES for _ in "ab"])
    assert journal.stat().st_size == size
    server.stop()
    # Nor after the execution is over, with another server.
    server = serve()
    send(server, MESSAGES)
    server.stop()
    read = Read(home)
    assert len(read.runs) == 1
    assert len(read.rows("?t a dnnprov:Execution", "t")) == 3


def test_a_number_that_is_used_again_is_of_another_task(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    """Keras-Prov's adaptations are all number 2, its tests all number 3."""
    again = [*adaptation("0.025", 2), *a_test("0.7")]
    server = serve()
    post(server, "/pde/dataflow/json", DATAFLOW)
    send(server, [*MESSAGES, *again])
    send(server, again)
    server.stop()
    read = Read(home)
    assert read.violations() == []
    assert read.values("oadaptation", "NEW_LRATE") == [0.05, 0.025]
    assert read.values("otestingmodel", "otest_loss") == [0.8, 0.7]
    of = "?t a dnnprov:Execution ; dnnprov:taskIdentifier ?n ; prov:endedAtTime ?end"
    assert [row[0] for row in read.rows(of, "n", "end")] == [1, 2, 2, 3, 3]


def test_a_server_that_begins_anew_goes_on(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    post(server, "/pde/dataflow/json", DATAFLOW)
    send(server, MESSAGES[:4])
    server.process.kill()
    server.process.wait()
    (journal,) = home.journal.glob("*.nq")
    with journal.open("ab") as file:
        file.write(b"<torn")
    server = serve()
    send(server, MESSAGES[2:])
    assert server.ask("/").text.count("RUNNING") == 1
    server.stop()
    read = Read(home)
    (run,) = read.runs
    assert run.status == "FINISHED"
    assert read.violations() == []
    assert len(read.values("otrainingmodel", "loss")) == 2
    assert len(read.rows("?t a dnnprov:Execution", "t")) == 3


def test_what_comes_after_the_end_is_a_run_that_goes_on_from_it(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    post(server, "/pde/dataflow/json", DATAFLOW)
    send(server, MESSAGES)
    server.stop()
    server = serve()
    send(server, a_test("0.6"))
    send(server, [*MESSAGES, *a_test("0.6")])
    server.stop()
    read = Read(home)
    assert len(read.runs) == 2
    assert read.violations() == []
    assert read.rows(
        "?x dnnprov:execTag ?tag ; prov:wasInformedBy ?y . ?y dnnprov:execTag ?tag", "tag"
    ) == [(EXEC,)]
    assert sorted(read.values("otestingmodel", "otest_loss")) == [0.6, 0.8]


def test_executions_are_runs_of_their_own(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    post(server, "/pde/dataflow/json", DATAFLOW)
    send(server, MESSAGES)
    send(server, [one | {"exec": "another"} for one in MESSAGES[:3]])
    server.stop()
    assert sorted(run.status for run in Read(home).runs) == ["FINISHED", "RUNNING"]


def test_a_dataflow_that_grows_is_a_new_version_of_the_plan(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    """New settings reach a dataflow that is known (the original kept the old columns)."""
    server = serve()
    post(server, "/pde/dataflow/json", DATAFLOW)
    send(server, MESSAGES)
    filters = {"tag": "Filters", "sets": [a_set("ofilters", "OUTPUT", ("filter", "TEXT"))],
               "programs": [{"name": "f", "path": "f.py"}]}  # fmt: skip
    grown = {**DATAFLOW, "transformations": [*DATAFLOW["transformations"], filters]}  # type: ignore[misc]
    told = task("filters", 4, "FINISHED", ("ofilters", ["blur"]))
    assert post(server, "/pde/task/json", told) == 400
    assert post(server, "/pde/dataflow/json", grown) == 200
    send(server, [told, *MESSAGES])
    server.stop()
    read = Read(home)
    assert len(read.runs) == 1
    assert read.violations() == []
    assert read.values("ofilters", "filter") == ["blur"]
    assert len(read.rows("?new prov:wasRevisionOf ?old . ?new a dnnprov:Dataflow", "new")) == 1
    assert len(read.rows("?t a dnnprov:Execution", "t")) == 4


LEGACY = {
    "tag": "Mesh",
    "transformations": [
        {
            "tag": "Solve",
            "sets": [
                a_set("ISolve", "INPUT", ("N", "NUMERIC"), ("D", "NUMERIC"), ("NOTE", "TEXT")),
                a_set("oSolve", "OUTPUT", ("X", "NUMERIC")),
            ],
        }
    ],
}


def legacy(status: str, *sets: Any, **more: Any) -> dict[str, Any]:
    told = {"tag": "solve", "transformation": "solve", "dataflow": "mesh", "id": "7"}
    return {
        **told,
        "status": status,
        "dependency": {},
        "sets": [{"tag": tag, "elements": rows} for tag, rows in sets],
        **more,
    }


def test_the_forms_of_older_clients_are_understood(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    post(server, "/pde/dataflow/json", LEGACY)
    quoted = 'it\'s "8"; DROP TABLE x -- \\ \n'
    send(
        server,
        [
            legacy("RUNNING", ("isolve", ["1;8;a", ["2", "null", quoted]]), sub="3", workspace="w"),
            legacy("RUNNING", ("osolve", [["0.5"], ["0.5"], ["NaN"]]), sub="3", resource="node-1"),
            legacy("FINISHED_WITH_ERROR", sub="3", error="it broke", output="x",
                   files=[{"name": "x", "path": "/w/x.dat"}]),
        ],
    )  # fmt: skip
    server.stop()
    read = Read(home)
    (run,) = read.runs
    assert (run.tag, run.status) == ("mesh", "FINISHED_WITH_ERROR")
    assert read.violations() == []
    assert read.values("isolve", "N") == [1, 2]
    assert read.values("isolve", "D") == [8]  # null says that there is none
    assert read.values("isolve", "NOTE") == ["a", quoted]
    assert len(read.values("osolve", "X")) == 3
    told = (
        "?t dnnprov:subtaskIdentifier ?sub ; dnnprov:workspace ?w ; dnnprov:computingResource ?r ; "
    )
    told += (
        "dnnprov:error ?e ; dnnprov:outputMessage ?o . ?f prov:wasGeneratedBy ?t ; dnnprov:path ?p"
    )
    assert read.rows(told, "sub", "w", "r", "e", "o", "p") == [
        (3, "w", "node-1", "it broke", "x", "/w/x.dat")
    ]
    assert read.rows("?x dnnprov:execTag ?tag", "tag") == []


def test_without_a_tag_each_start_of_a_dataflow_is_an_execution(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    def once(x: str, at: str) -> list[dict[str, Any]]:
        ended = {"performances": [{"startTime": at, "endTime": at}]}
        return [legacy("RUNNING"), legacy("FINISHED", ("osolve", [[x]]), **ended)]

    server = serve()
    for _ in "ab":
        post(server, "/pde/dataflow/json", LEGACY)
        send(server, once("1", "2026-11-20 13:15:16"))
    post(server, "/pde/dataflow/json", LEGACY)
    send(server, once("2", "2026-11-20 13:15:17"))
    server.stop()
    read = Read(home)
    assert len(read.runs) == 2
    assert read.violations() == []
    assert sorted(read.values("osolve", "X")) == [1, 2]
