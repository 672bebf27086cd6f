"""The shapes of a user, evaluated in a child: no shapes can disturb the process that asked.

Before an engine has them, shapes are refused that it would not evaluate (``shapes``). What gets
past that may still take forever or all memory, or end the process: then it is the child that
ends, and the error says how. The child is this module as a program. It reads lines of JSON, and
answers each with one: first the shapes, then each graph.
"""

import base64
import dataclasses
import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kprov_rdf import child
from kprov_rdf.errors import InputError, KprovError, UnsupportedError
from kprov_rdf.validate import shacl, shape_files
from kprov_rdf.validate.shacl import Finding

_MIB = 1 << 20
_START = child.program("kprov_rdf.validate.isolated")
_ERRORS = {one.__name__: one for one in (InputError, UnsupportedError)}


@dataclasses.dataclass(frozen=True)
class Limits:
    """What the child may take for the shapes, and for each graph.

    ``seconds`` is for a graph without statements; each 100 kB of N-Triples adds one. ``memory``
    is bytes of address space beyond what it began with (Linux); each byte of N-Triples adds 32.
    """

    seconds: float = 60.0
    memory: int = 2048 * _MIB

    def of(self, ntriples: str) -> dict[str, float]:
        return {
            "seconds": self.seconds + len(ntriples) / 100_000,
            "memory": self.memory + 32 * len(ntriples),
        }


class Shapes:
    """One file of shapes, compiled in a child that lives as long as the ``with``.

    Raises ``UnsupportedError`` for shapes that no engine here evaluates as SHACL says, and
    ``InputError`` for shapes that are broken, or that end the child.
    """

    def __init__(self, data: bytes, name: str, limits: Limits | None = None) -> None:
        self.name = name
        self._limits = limits or Limits()
        self._child = child.Child(_START)
        try:
            self._ask(self._limits.of(""), data=base64.b64encode(data).decode())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        self._child.close()

    def validate(self, graph: str, ntriples: str) -> list[Finding]:
        """What the shapes find in one graph. Raises what the class does."""
        told = self._ask(self._limits.of(ntriples), graph=graph, ntriples=ntriples)
        found = (Finding(**one | {"guards": tuple(one["guards"])}) for one in told["findings"])
        return sorted(found, key=lambda one: (one.node, one.shape, one.message, one.value or ""))

    def _ask(self, limits: dict[str, float], **asked: str) -> dict[str, Any]:
        """What the child answers, which is over when the time is."""
        try:
            told: dict[str, Any] = self._child.ask(
                {**limits, **asked, "name": self.name}, limits["seconds"]
            )
        except child.EndedError as error:
            raise self._how_it_ended(limits, error) from None
        if "error" in told:
            raise _ERRORS.get(told["kind"], InputError)(told["error"])
        return told

    def _how_it_ended(self, limits: dict[str, float], end: child.EndedError) -> KprovError:
        code = end.status
        if end.late or code == -getattr(signal, "SIGXCPU", 0):
            return InputError(
                f"{self.name} took longer than {limits['seconds']:.0f} s on one graph and was "
                "ended. Make its queries, paths or targets cheaper, or validate fewer statements."
            )
        if code == -signal.SIGABRT:  # Rust's, where no memory is to be had
            return InputError(memory_message(self.name, limits["memory"]))
        return InputError(
            f"{self.name} ended the engine of SHACL (status {code}): its shapes are nested too "
            "deep, or an engine fails on them. Simplify them."
        )


def memory_message(name: str, memory: float) -> str:
    return (
        f"{name} needed more than {memory / _MIB:,.0f} MiB of memory and was ended. Make its "
        "queries, paths or targets cheaper, or validate fewer statements."
    )


# -- in the child


def _limit(seconds: float, memory: float) -> None:
    """Limit memory and processor time of this process from now on (POSIX)."""
    try:
        import resource

        now = resource.getrusage(resource.RUSAGE_SELF)
        used = now.ru_utime + now.ru_stime
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        # Two cores may be busy at once: the clock of the parent is the one that counts.
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + 4 * seconds) + 2, most))
        has = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (has + int(memory), most))
    except (ImportError, OSError, ValueError):
        return  # elsewhere the clock of the parent alone limits it


_Engine = Callable[[str, str], Iterator[Finding]]


def _compile(asked: dict[str, Any]) -> _Engine:
    """The engine that evaluates these shapes as SHACL says.

    Queries go to pySHACL: the fast engine (0.3.4) reads ``?a - ?b + 1`` as ``?a - (?b + 1)``.
    """
    text = shape_files.read(base64.b64decode(asked["data"]), asked["name"])
    if shape_files.has_queries(text):
        return _reference(text)
    try:
        import shacl as engine
    except ImportError:
        return _reference(text)
    compiled = engine.Shapes.from_turtle(text)
    return lambda graph, ntriples: shacl.fast(graph, ntriples, compiled)


def _reference(text: str) -> _Engine:
    import rdflib

    graph_of_shapes = rdflib.Graph().parse(data=text, format="turtle")
    return lambda graph, ntriples: shacl.reference(graph, ntriples, graph_of_shapes)


def _answer(asked: dict[str, Any], engine: _Engine | None) -> tuple[dict[str, Any], _Engine | None]:
    try:
        if engine is None:
            return {}, _compile(asked)
        found = engine(asked["graph"], asked["ntriples"])
        return {"findings": [dataclasses.asdict(one) for one in found]}, engine
    except KprovError as error:
        kind = type(error).__name__
        return {"error": str(error), "kind": kind}, engine
    except MemoryError:
        said = memory_message(asked["name"], asked["memory"])
        return {"error": said, "kind": "InputError"}, engine
    except BaseException as error:  # a panic of Rust is no Exception
        said = f"{type(error).__name__}: {error}"[:500]
        return {
            "error": f"{asked['name']} cannot be evaluated, an engine failed on it: {said}.",
            "kind": "InputError",
        }, engine


def main() -> None:
    """Answer what comes in until it ends."""
    engine: _Engine | None = None
    out = sys.stdout
    sys.stdout = sys.stderr  # an engine that prints does not answer
    for line in sys.stdin:
        asked = json.loads(line)
        _limit(asked["seconds"], asked["memory"])
        told, engine = _answer(asked, engine)
        out.write(json.dumps(told) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
