"""Questions as people ask them: with short names of runs, and with a word on an empty answer."""

from collections.abc import Callable, Mapping

from kprov_rdf.parameters import Names, says_best
from kprov_rdf.query import Question, bind
from kprov_rdf.runs import RunInfo, find
from kprov_rdf.store import Store

_LATEST = "@latest"
_ANY = "*"


def named(store: Store, question: Question, given: Mapping[str, str]) -> dict[str, str]:
    """The parameters, with the names of runs made IRIs; a run that is not given is the latest.

    So is the run in the name of a thing, such as 2e40e764#model.
    Raises ``NotFoundError`` for a run that is not there.
    """
    given = dict(given) | _things(store, question, given)
    runs = {one.name: one.default or _LATEST for one in question.inputs if one.type == "run"}
    asked = runs | given
    # Without a header nothing says that a parameter is a run; @latest can be nothing else.
    wanted = {
        key for key, name in asked.items() if name != _ANY and (key in runs or name == _LATEST)
    }
    if not wanted:
        return asked
    # Which of them live is not asked here.
    found = {key: find(store, frozenset(), asked[key]).iri for key in wanted}
    return asked | {key: iri if key in runs else f"<{iri}>" for key, iri in found.items()}


def _things(store: Store, question: Question, given: Mapping[str, str]) -> dict[str, str]:
    """The IRIs of the things."""
    values = {one.name: given.get(one.name, one.default) for one in question.inputs
              if one.type == "iri"}  # fmt: skip
    return {
        name: thing(value, lambda run: find(store, frozenset(), run))
        for name, value in values.items()
        if value is not None
    }


def thing(name: str, resolve: Callable[[str], RunInfo]) -> str:
    """The IRI of a thing that is named by its run and the end of its own; any other name as it is.

    ``resolve`` finds the run that a name means.
    """
    run, mark, end = name.partition("#")
    # An IRI has a scheme.
    return f"{resolve(run).iri}#{end}" if mark and ":" not in run else name


def assumed(
    store: Store, question: Question, given: Mapping[str, str], asked: Mapping[str, str]
) -> list[str]:
    """What was taken where nothing was given: a run, a thing, or what is best.

    ``asked`` are the parameters as :func:`named` makes them.
    """
    notes = []
    for one in question.inputs:
        if one.name not in given and one.type == "run" and one.default is None:
            notes.append(f"of the latest run, {asked[one.name][-8:]}")
        elif one.name not in given and one.type == "iri":
            notes.append(f"of {asked[one.name]}")
    return notes + _best(store, question, asked)


def _best(store: Store, question: Question, asked: Mapping[str, str]) -> list[str]:
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
            there = ", ".join(Names(store).reported("metric")) or "none"
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
