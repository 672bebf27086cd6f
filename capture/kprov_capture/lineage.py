"""Which data of a run come from which: by the objects themselves, and by equal content.

An object that a step made and that is given to the next step, or to a training, is known by
its identity; where it was copied meanwhile, by the SHA-256 of its arrays, once that is there.
A view of an array is known by the array whose memory it has. Only what was seen later is ever
derived from what was seen earlier, so that no derivation goes in a circle.
"""

import itertools
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kprov_capture import datasets, filehashes, filters, fingerprint, statements_data
from kprov_capture import statements_steps as said
from kprov_capture.background import Ticket
from kprov_capture.datasets import Found
from kprov_capture.facts import ArrayContent, Prepared
from kprov_capture.filehashes import Stamp, UnhashableError
from kprov_capture.record import Record, files, writer

# How long a step waits until its data are hashed, and how long a run that is closed
# goes on to hash files.
_WAIT_SECONDS = 5.0
_AFTER_CLOSE_SECONDS = 10.0


class Origin(NamedTuple):
    """The data set ``local`` that an object is, the step that made it, and their order."""

    local: str
    step: str | None
    order: int


class Lineage:
    """What the steps of one run read and made. Its methods may be called on any thread."""

    def __init__(self, run: Record) -> None:
        self.run = run
        self._lock = threading.RLock()
        self._count = itertools.count()
        # By id, with the object: an id is used again when its object is gone.
        self._objects: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._held: dict[int, Any] = {}  # what cannot be referred to weakly, such as lists
        self._origins: dict[int, Origin] = {}
        self._views: dict[int, dict[int, Origin]] = {}  # by the id of the owner of the memory
        self._filters: dict[int, tuple[str, str]] = {}
        self._files: dict[tuple[str, Stamp], tuple[str, str | None]] = {}
        # Of data: when they were seen, the step that used or made them, what is awaited.
        self._orders: dict[str, int] = {}
        self._users: dict[str, str] = {}
        self._makers: dict[str, str] = {}
        self._tickets: dict[str, list[Ticket]] = {}
        # By SHA-256 of an array: order, data set, array, step. Of the helper thread.
        self._made: dict[str, list[tuple[int, str, str, str]]] = {}
        self._deadline: float | None = None

    def _next(self, kind: str) -> str:
        with self._lock:
            local = f"{kind}-{self.run.number(kind)}"
            self._orders[local] = next(self._count)
        return local

    def next_step(self) -> str:
        """The local name of a step that begins."""
        return self._next("preparation")

    def forget(self) -> None:
        """The run is closed: hold no objects."""
        self._held.clear()
        self._objects.clear()

    # -- objects

    def _is_known(self, thing: Any) -> bool:
        key = id(thing)
        return self._objects.get(key) is thing or self._held.get(key) is thing

    def _know(self, thing: Any, origin: Origin | None = None) -> None:
        if datasets.is_plain(thing):
            return
        key, owner = id(thing), datasets.root(thing)
        if not self._is_known(owner):
            self._views[id(owner)] = {}
        for one in (thing, owner):
            try:
                self._objects[id(one)] = one
            except TypeError:
                self._held[id(one)] = one
        if origin is not None:
            self._origins[key] = origin
            self._views[id(owner)][key] = origin

    def origin(self, thing: Any, *, exactly: bool = False) -> Origin | None:
        """Where an object comes from; unless ``exactly``, a view comes from what it shows."""
        with self._lock:
            key = id(thing)
            if key in self._origins and self._is_known(thing):
                return self._origins[key]
            owner = datasets.root(thing)
            if exactly or owner is thing or not self._is_known(owner):
                return None
            # Where several known arrays share the memory, it cannot be told which one it shows.
            shown = set(self._views.get(id(owner), {}).values())
            return shown.pop() if len(shown) == 1 else None

    # -- data

    def inputs(
        self, step: str, given: Mapping[str, Any]
    ) -> tuple[list[str], list[str], int | None]:
        """What a step uses: data sets, the steps that made them, and the number of samples.

        What is not known is described as one data set, and hashed before this returns.
        """
        known: dict[str, Origin] = {}
        rest: dict[str, Any] = {}
        samples: int | None = None
        for name, value in given.items():
            found = [self.origin(part, exactly=True) for part in datasets.parts(value)]
            if found and all(found):
                known |= {one.local: one for one in found if one is not None}
                samples = samples or datasets.look({name: value}).samples
            else:
                rest[name] = value
        locals_, steps = list(known), [one.step for one in known.values()]
        if rest:
            looked = datasets.look(rest)
            samples = samples or looked.samples
            local = self._next("raw")
            origins = self._origins_of(looked.parts)
            self._users[local] = step
            self._tell_data(local, looked, None, [one.local for one in origins])
            self._remember(local, None, looked.parts, only_new=True)
            locals_.append(local)
            steps += [one.step for one in origins]
            self._hash(step, local, looked.arrays)
            self.wait(step)
        return locals_, [one for one in dict.fromkeys(steps) if one], samples

    def _origins_of(self, parts: Sequence[Any]) -> list[Origin]:
        found = [self.origin(part) for part in parts]
        return list(dict.fromkeys(one for one in found if one is not None))

    def output(self, step: str, given: Mapping[str, Any], sources: Sequence[str]) -> str:
        """A step made these data from ``sources``: their local name."""
        looked = datasets.look(given)
        return self._made_by(step, looked, sources, None, None)

    def part(
        self,
        step: str,
        name: str,
        given: Mapping[str, Any],
        sources: Sequence[str],
        whole: int | None,
        indices: Any,
    ) -> str:
        """A split made the part ``name`` of data with ``whole`` samples: its local name."""
        looked = datasets.look(given)
        chosen = datasets.look({"indices": indices}) if indices is not None else Found()
        if looked.samples is None:
            looked.samples = _chosen(chosen)
        share = None
        if whole and looked.samples is not None and looked.samples <= whole:
            share = looked.samples / whole
        local = self._made_by(step, looked, sources, name, share)
        if chosen.arrays:
            ticket = self._ticket(step)
            self.run._later(self._hash_indices, local, step, chosen.arrays, ticket)
        return local

    def _made_by(
        self,
        step: str,
        looked: Found,
        sources: Sequence[str],
        part: str | None,
        share: float | None,
    ) -> str:
        local = self._next("prepared")
        # What another step had made within this one, and nothing else tells of.
        within = [one.local for one in self._origins_of(looked.parts)] if part is None else []
        self._makers[local] = step
        self._tell_data(local, looked, step, list(dict.fromkeys([*sources, *within])), part, share)
        self._remember(local, step, looked.parts)
        self._hash(step, local, looked.arrays)
        return local

    def _tell_data(
        self,
        local: str,
        looked: Found,
        step: str | None,
        sources: Sequence[str],
        part: str | None = None,
        share: float | None = None,
    ) -> None:
        arrays = () if looked.reason else looked.arrays.items()
        found = Prepared(
            local, looked.source, looked.samples, looked.batches, looked.specification,
            looked.reason, tuple((n, a.dtype.str, tuple(map(int, a.shape))) for n, a in arrays),
            part, share,
        )  # fmt: skip
        if looked.reason:
            looked.arrays = {}
        self.run.tell(said.data, found, step, sources)

    def _remember(
        self, local: str, step: str | None, parts: Sequence[Any], *, only_new: bool = False
    ) -> None:
        with self._lock:
            origin = Origin(local, step, self._orders[local])
            for part in parts:
                if not (only_new and self.origin(part, exactly=True)):
                    self._know(part, origin)

    def follow(self, local: str, source: Any) -> None:
        """A training or a test is given the objects ``source`` as the data ``local``."""
        with self._lock:
            self._orders[local] = next(self._count)
        origins = self._origins_of(datasets.parts(source))
        self.run.tell(said.derived, [(local, one.local) for one in origins])

    # -- filters

    def apply(self, step: str, using: Any) -> None:
        """A step applies a filter, which may be the same as that of another step."""
        found = filters.describe(using)
        new = None
        with self._lock:
            config, local = self._filters.get(id(using), ("", ""))
            if config != found.config or not self._is_known(using):
                new, local = found, self._next("filter")
                self._know(using)
                self._filters[id(using)] = found.config, local
        self.run.tell(said.applied, step, local, new)

    # -- files

    def read(self, step: str, path: str) -> tuple[str, str | None]:
        """A step reads a file or a folder: its local name, and the step that wrote it."""
        state, reason = _state(path)
        with self._lock:
            known = None if state is None else self._files.get((path, state))
            if known is not None:
                return known
            local = self._next("read")
            if state is not None:
                self._files[path, state] = local, None
        self.run.tell(said.file, local, path)
        self._hash_later(step, local, path, state, reason)
        return local, None

    def write(self, path: str, step: str, at: float, sources: Sequence[str]) -> None:
        """A step that is over has written a file or a folder."""
        state, reason = _state(path)
        local = self._next("written")
        if state is not None:
            with self._lock:
                self._files[path, state] = local, step
        self.run.tell(said.file, local, path, (step, at), sources)
        self._hash_later(step, local, path, state, reason)

    def _hash_later(
        self, step: str, local: str, path: str, state: Stamp | None, reason: str
    ) -> None:
        if state is None:
            self.run.tell(statements_data.unhashed, local, reason)
        elif self.run._mine():
            files.put(self._hash_file, local, path, state, self._ticket(step))

    # -- in the background

    def _ticket(self, step: str) -> Ticket:
        ticket = Ticket()
        if self.run._mine():
            self._tickets.setdefault(step, []).append(ticket)
        return ticket

    def _hash(self, step: str, local: str, arrays: Mapping[str, Any]) -> None:
        if arrays:
            self.run._later(self.run._hash_arrays, local, dict(arrays), self._ticket(step))

    def wait(self, step: str) -> None:
        """Wait until data and files of a step are hashed; data that take longer get no hash."""
        deadline = time.monotonic() + _WAIT_SECONDS
        for ticket in self._tickets.pop(step, []):
            ticket.late = not ticket.done.wait(max(0.0, deadline - time.monotonic()))

    def _hash_indices(
        self, local: str, step: str, arrays: Mapping[str, Any], ticket: Ticket
    ) -> None:
        _, (found, *_) = fingerprint.of_arrays(arrays)
        if not ticket.late:
            self.run.tell(said.part_indices, local, step, found)
        ticket.done.set()

    def _go_on(self) -> bool:
        if not self.run.closed:
            return True
        if self._deadline is None:
            self._deadline = time.monotonic() + _AFTER_CLOSE_SECONDS
        return time.monotonic() < self._deadline

    def _hash_file(self, local: str, path: str, state: Stamp, ticket: Ticket) -> None:
        names, cache = self.run.names, self.run.home / "hashes"
        try:
            found = filehashes.of(path, state, cache, self._go_on)
            text = statements_data.file_content(names, local, found)
        except UnhashableError as error:
            text = statements_data.unhashed(names, local, f"it {error}")
        # Late or not: that the file is the same as it was, is known.
        ticket.done.set()
        writer.put(self.run._append, text)

    def found(self, local: str, arrays: Sequence[ArrayContent]) -> str:
        """The data ``local`` were hashed: statements on what they come from."""
        order, maker = self._orders.get(local), self._makers.get(local)
        if order is None:
            return ""
        pairs: list[tuple[str, str]] = []
        steps: list[str] = []
        for array in arrays:
            member = said.member(local, array.name)
            same = self._made.setdefault(array.content.sha256, [])
            if maker is not None:
                same.append((order, local, member, maker))
                continue
            earlier = [one for one in same if one[0] < order] if array.content.size else []
            if earlier:
                _, data, source, step = max(earlier)
                pairs += [(local, data), (member, source)]
                steps.append(step)
        names, user = self.run.names, self._users.get(local)
        text = said.derived(names, list(dict.fromkeys(pairs)))
        return text + (said.uses(names, user, (), list(dict.fromkeys(steps))) if user else "")


def _state(path: str) -> tuple[Stamp | None, str]:
    if "://" in path:
        return None, "it is an address, which is not read"
    try:
        return filehashes.fresh_stamp(path), ""
    except UnhashableError as error:
        return None, f"it {error}"


def _chosen(indices: Found) -> int | None:
    """How many samples indices choose: as many as they are, or as a mask has true."""
    for array in indices.arrays.values():
        return int(array.sum()) if array.dtype.kind == "b" else indices.samples
    return None
