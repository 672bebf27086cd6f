"""Questions as people ask them: with short names of runs, and with a word on an empty answer."""

from collections.abc import Mapping

from kprov_rdf.parameters import reported, says_best
from kprov_rdf.query import Question, bind
from kprov_rdf.runs import find
from kprov_rdf.store import Store

_LATEST = "@latest"
_ANY = "*"


def named(store: Store, question: Question, given: Mapping[str, str]) -> dict[str, str]:
    """The parameters, with the names of runs made IRIs; a run that is not given is the latest.

    Raises ``NotFoundError`` for a run that is not there.
    """
    runs = {one.name: one.default or _LATEST for one in question.inputs if one.type == "run"}
    asked = runs | dict(given)
    # Without a header nothing says that a parameter is a run; @latest can be nothing else.
    wanted = {
        key for key, name in asked.items() if name != _ANY and (key in runs or name == _LATEST)
    }
    if not wanted:
        return asked
    # Which of them live is not asked here.
    found = {key: find(store, frozenset(), asked[key]).iri for key in wanted}
    return asked | {key: iri if key in runs else f"<{iri}>" for key, iri in found.items()}


def assumed(store: Store, question: Question, asked: Mapping[str, str]) -> list[str]:
    """What was taken for the best of a metric whose name does not say it."""
    given = {one.name: asked.get(one.name, one.default) for one in question.inputs}
    names = [one.name for one in question.inputs if one.type == "auto|min|max"]
    metric = next((one.name for one in question.inputs if one.type == "metric"), None)
    if metric is None or not any(given[name] == "auto" for name in names):
        return []
    found = bind(question, asked, store).get(metric)
    if found is None or says_best(found.value):
        return []
    return [
        f"the least {given[metric]} was taken for the best; --param {name}=max takes the greatest"
        for name in names
        if given[name] == "auto"
    ]


def why_none(store: Store, question: Question, given: Mapping[str, str]) -> str:
    """What may be the reason for an answer without rows, and what to type instead."""
    if question.group == "housekeeping":
        return "no rows."
    if not store.query("ASK { GRAPH ?run { ?execution a dnnprov:ExecuteDataflow } }"):
        return "no rows: there is no run yet. Train with the callback, or try 'kprov demo'."
    asked = {
        one.name: given.get(one.name, one.default or _LATEST)
        for one in question.inputs
        if given.get(one.name, one.default) != _ANY
    }
    bound = bind(question, named(store, question, given), store)
    for one in question.inputs:
        metric = bound.get(one.name) if one.type == "metric" else None
        if metric is not None and not store.query(
            "ASK { GRAPH ?run { ?reported ?metric ?value } }", {"metric": metric}
        ):
            there = ", ".join(reported(store, "metric")) or "none"
            return (
                f"no rows: no run reported {asked[one.name]}. The metrics there are: {there}. "
                f"Choose one with --param {one.name}=…"
            )
    if [one.type for one in question.inputs] == ["run"]:
        run = bound[question.inputs[0].name].value
        return f"no rows: the run {run[-8:]} has none."
    if question.none:
        return f"no rows: {question.none}"
    told = ", ".join(f"{name}={value}" for name, value in asked.items())
    return f"no rows for {told}; --param NAME=VALUE asks for others." if told else "no rows."
