"""When an execution that messages tell of is over."""

import time

from kprov_capture.home import Home
from kprov_rdf import ingest, runs
from kprov_rdf.server.relay import LOST_SECONDS, QUIET_SECONDS, Relay
from kprov_rdf.validate import shacl
from tests.dfanalyzer import DATAFLOW, MESSAGES


def states(home: Home) -> list[runs.RunInfo]:
    with ingest.open_snapshot(home) as store:
        found = runs.listing(store, store.living)
        assert [f for one in found for f in shacl.validate(one.iri, store.graph(one.iri))] == []
        return found


def test_silence_ends_what_is_finished_at_the_time_of_its_last_news(home: Home) -> None:
    relay, now = Relay(home), time.time()
    relay.dataflow(DATAFLOW)
    for message in MESSAGES:
        relay.task(message)
    last = time.time()
    relay.turn(now + QUIET_SECONDS / 2)
    assert [run.status for run in states(home)] == ["RUNNING"]
    relay.turn(last + QUIET_SECONDS + 1)
    assert [run.status for run in states(home)] == ["FINISHED"]
    relay.close()
    with ingest.open_snapshot(home) as store:
        asked = "ASK { ?x dnnprov:execTag ?tag ; prov:endedAtTime ?end FILTER(?end <= NOW()) }"
        assert store.query(asked)


def test_what_does_not_end_is_given_up_after_a_day(home: Home) -> None:
    relay = Relay(home)
    relay.dataflow(DATAFLOW)
    relay.task(MESSAGES[0])
    relay.turn(time.time() + QUIET_SECONDS + 1)
    assert [run.status for run in states(home)] == ["RUNNING"]
    relay.turn(time.time() + LOST_SECONDS + 1)
    assert [run.status for run in states(home)] == ["INTERRUPTED"]
    relay.close()


def test_a_journal_that_was_taken_away_keeps_no_message_out(home: Home) -> None:
    relay = Relay(home)
    relay.dataflow(DATAFLOW)
    for message in MESSAGES:
        relay.task(message)
    relay.close()
    (journal,) = home.journal.glob("*.nq")
    journal.unlink()
    other = Relay(home)
    other.start()
    for message in MESSAGES:
        other.task(message)
    other.close()
    assert [run.status for run in states(home)] == ["FINISHED"]
