"""PROV documents of a given size, as N-Quads: ordinary ones, and ones made to be hard."""

from collections.abc import Callable, Iterator

PROV = "http://www.w3.org/ns/prov#"
_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
_TIME = "<http://www.w3.org/2001/XMLSchema#dateTime>"


def _n(name: str) -> str:
    return f"<http://example.org/{name}>"


def _p(name: str) -> str:
    return f"<{PROV}{name}>"


def ordinary(records: int) -> Iterator[str]:
    """Six records a step: each activity uses an entity and generates the next, derived from it."""
    for i in range(records // 6):
        entity, activity, made = _n(f"e{i}"), _n(f"a{i}"), _n(f"e{i + 1}")
        yield f"{entity} {_TYPE} {_p('Entity')} .\n{activity} {_TYPE} {_p('Activity')} .\n"
        yield f"{activity} {_p('qualifiedUsage')} {_n(f'u{i}')} .\n"
        yield f"{_n(f'u{i}')} {_TYPE} {_p('Usage')} .\n{_n(f'u{i}')} {_p('entity')} {entity} .\n"
        yield f'{_n(f"u{i}")} {_p("atTime")} "2026-01-01T00:00:{i % 60:02}Z"^^{_TIME} .\n'
        yield f"{made} {_p('qualifiedGeneration')} _:g{i} .\n_:g{i} {_p('activity')} {activity} .\n"
        yield f"{made} {_p('wasDerivedFrom')} {entity} .\n"
        yield f"{activity} {_p('wasAssociatedWith')} {_n('agent')} .\n"


def chain(records: int) -> Iterator[str]:
    """A chain of derivations; every second record declares an entity."""
    for i in range(records // 2):
        yield f"{_n(f'e{i}')} {_TYPE} {_p('Entity')} .\n"
        yield f"{_n(f'e{i + 1}')} {_p('wasDerivedFrom')} {_n(f'e{i}')} .\n"


def dense(records: int) -> Iterator[str]:
    """As many entities as activities, and each of these uses each of those."""
    side = int(records**0.5)
    for i in range(side):
        yield f"{_n(f'e{i}')} {_TYPE} {_p('Entity')} .\n{_n(f'a{i}')} {_TYPE} {_p('Activity')} .\n"
        yield from (f"{_n(f'a{i}')} {_p('used')} {_n(f'e{j}')} .\n" for j in range(side))


def component(records: int) -> Iterator[str]:
    """One cycle through all: each activity is started by what the one before it generated.

    In the midst of it an entity is derived from one that the same activity generated.
    """
    steps = records // 2
    for i in range(steps):
        yield f"{_n(f'e{i}')} {_p('wasGeneratedBy')} {_n(f'a{i}')} .\n"
        yield f"{_n(f'a{(i + 1) % steps}')} {_p('wasStartedBy')} {_n(f'e{i}')} .\n"
    yield f"{_n('d')} {_p('wasDerivedFrom')} {_n(f'e{steps // 2}')} .\n"
    yield f"{_n('a0')} {_p('wasStartedBy')} {_n('d')} .\n{_n('d')} {_TYPE} {_p('Entity')} .\n"


def existentials(records: int) -> Iterator[str]:
    """Half of the records generate one entity by one activity, all by a blank node of their own."""
    entity, activity, used = _n("e"), _n("a"), _n("e0")
    for i in range(records // 2):
        made, by = _n(f"d{i}"), _n(f"b{i}")
        yield f"{entity} {_p('qualifiedGeneration')} _:g{i} .\n"
        yield f"_:g{i} {_p('activity')} {activity} .\n"
        yield f"{made} {_p('qualifiedDerivation')} _:d{i} .\n_:d{i} {_p('entity')} {used} .\n"
        yield f"_:d{i} {_p('hadActivity')} {by} .\n_:d{i} {_p('hadGeneration')} _:h{i} .\n"


SHAPES: dict[str, Callable[[int], Iterator[str]]] = {
    "a chain of derivations": chain,
    "a dense graph of usages": dense,
    "one huge component, invalid": component,
    "existential events of one key": existentials,
}
