"""The recorder of one fit."""

import json
import operator
import os
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from kprov_capture import guard, privacy, values
from kprov_capture.facts import Earlier, Stop
from kprov_capture.keras import describe, layers, stops
from kprov_capture.keras.adaptations import NONE_IS, Adaptations
from kprov_capture.keras.cause import Cause
from kprov_capture.nquads import Value
from kprov_capture.run import run_for_training

FINISHED = "FINISHED"
INTERRUPTED = "INTERRUPTED"
FINISHED_WITH_ERROR = "FINISHED_WITH_ERROR"

# What differs between two fits and is told as an adaptation: what the optimizer and the
# model are set to, and not how long the fit lasts.
_NOT_ADAPTED = {
    "epochs", "initial_epoch", "steps_per_epoch", "validation_split", "validation_steps",
    "validation_batch_size", "validation_freq", "num_layers", "learning_rate_schedule",
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """What is recorded of a fit, and where.

    ``hyps`` are the settings that are recorded (None: all of them), by Keras's names;
    ``own`` are hyperparameters of the user's, by name. ``batch_metrics`` keeps the metrics of
    each batch in a file, ``system_metrics`` the load of the system, every so many seconds.
    """

    tag: str
    home: str | os.PathLike[str] | None = None
    campaign: str | None = None
    hyps: frozenset[str] | None = None
    own: Mapping[str, Value] = field(default_factory=dict)
    adaptation: bool = True
    batch_metrics: bool = False
    system_metrics: float | None = None


@dataclass(frozen=True)
class Origin:
    """A file that weights were read from, with its size and time then."""

    path: str
    state: tuple[int, int] | None


# Made once: a wrapper costs more than what it calls.
_numbers = guard.guarded("read the logs of an epoch")(values.numbers)


class Recorder:
    """Records one fit of one model into one run."""

    def __init__(self, options: Options, model: Any, before: "Recorder | None") -> None:
        self.options = options
        # The first training in a ``with`` statement belongs to its run.
        self.run, self.joined = run_for_training(
            options.tag,
            home=options.home,
            backend=keras.backend.backend(),
            campaign=options.campaign,
        )
        self._model = weakref.ref(model)
        self._before = before
        self.settings: dict[str, Value] = {}
        self.adaptations: Adaptations | None = None
        self._optimizer: weakref.ref[Any] | None = None
        self._epoch_started = self.run.now()
        self.epoch: int | None = None  # the last one that ended
        self._epochs_ended: dict[int, float] = {}
        self._stop: tuple[float, Cause] | None = None
        self._stops: tuple[int, int] | None = None
        self._callbacks: list[Any] = []
        self._started = False
        self._layers_told = False
        self.ended = False

    # -- the start

    def start(self, arguments: Mapping[str, Any], callbacks: Iterable[Any]) -> None:
        """The model is built and the first epoch is about to begin."""
        model = self._model()
        if model is None:
            return
        self._callbacks = list(callbacks)
        self._describe(model, arguments)
        self._start_training({})  # where the description failed, the training is there all the same
        self._describe_layers(model)
        self._follow(model)

    @guard.guarded("record the settings and the data")
    def _describe(self, model: Any, arguments: Mapping[str, Any]) -> None:
        given = tuple(arguments.get(name) for name in ("x", "y", "sample_weight"))
        validation = arguments.get("validation_data")
        sources = {"train": given, "val": given if validation is None else validation}
        described = guard.guarded("describe the data")(describe.datasets)
        for data, arrays in described(arguments) or ():
            self.run.dataset(data.role, data, arrays, source=sources[data.role])
        self._follow_optimizer(model)
        self.settings = describe.settings(model, arguments)
        if self.adaptations is not None and self.adaptations.rate is not None:
            self.settings["learning_rate"] = self.adaptations.rate
        self._start_training(self._chosen(self.settings), self._earlier(), self._origins(model))

    def _chosen(self, settings: Mapping[str, Value]) -> dict[str, Value]:
        """The settings that were asked for, and the user's own."""
        wanted, own = self.options.hyps, describe.own_settings(self.options.own)
        for name in own.keys() & settings.keys():
            del own[name]
            text = f"{name!r} is a setting of the training itself: give yours another name"
            guard.report(ValueError(text), "record a hyperparameter of the user's own")
        if wanted is None:
            told = {name: value for name, value in settings.items() if value != "[]"}
            return {**told, **own}
        # Of the papers' seven, an optimizer need not have these two: Adam has neither.
        missing = sorted(wanted - settings.keys() - {"decay", "momentum"})
        if missing:
            text = f"{', '.join(missing)} in hyps; there are {', '.join(sorted(settings))}"
            guard.report(LookupError(text), "find a setting that was asked for")
        return {name: settings[name] for name in settings if name in wanted} | own

    def _earlier(self) -> Earlier | None:
        """What the last recorded fit of this model left, and what was changed since."""
        before = self._before
        if before is None:
            return None
        left = {**before.settings, **(before.adaptations.changed if before.adaptations else {})}
        changes = []
        for name in {**self.settings, **left}:
            old, new = (one.get(name, NONE_IS.get(name)) for one in (left, self.settings))
            if name in _NOT_ADAPTED or old is None or new is None or old == new:
                continue
            if name == "learning_rate" and _same(left, self.settings, "learning_rate_schedule"):
                continue  # the schedule went on
            if _kind_of(old) == _kind_of(new):
                changes.append((name, old, new))
        self._before = None  # and with it the ones before
        number = before.adaptations.config if before.adaptations else 0
        names = before.run.names
        return Earlier(
            names.training,
            names(f"config-{number}"),
            tuple(changes) if self.options.adaptation else (),
        )

    def _origins(self, model: Any) -> list[str]:
        """Local names of the models that the weights were read from."""
        found = guard.guarded("find the files that the weights come from")(_origins_of)(model)
        return [self.run.model_read(one.path, one.state)[0] for one in found or ()]

    def _start_training(
        self,
        settings: Mapping[str, Value],
        earlier: Earlier | None = None,
        pretrained: Iterable[str] = (),
    ) -> None:
        if not self._started:
            self._started = True
            rules = guard.guarded("describe the callbacks")(stops.rules)(self._callbacks)
            self.run.start_training(
                settings, earlier, rules=rules or (), pretrained=list(pretrained)
            )

    @guard.guarded("follow the model")
    def _follow(self, model: Any) -> None:
        self._stops = stops.key(model)
        stops.watchers[self._stops] = self._stopped
        if not self.joined:
            # Without waiting: a model is collected at any time, on any thread.
            weakref.finalize(model, self.run.close, wait=False).atexit = False
        weakref.finalize(model, stops.watchers.pop, self._stops, None).atexit = False
        previous = lasts.get(model)
        lasts[model] = recorders[model] = self  # a model that cannot be hashed has no place there
        if previous is not None and not previous.joined:
            previous.run.close(wait=False)  # what follows is about this one

    @guard.guarded("follow the optimizer")
    def _follow_optimizer(self, model: Any) -> None:
        """The rate that the last fit of the same optimizer left is known exactly."""
        before, optimizer = self._before, model.optimizer
        left = None
        if before is not None and before.adaptations is not None and before.follows(optimizer):
            left = before.adaptations.left()
        self._optimizer = weakref.ref(optimizer)
        self.adaptations = Adaptations(
            self.run, optimizer, record=self.options.adaptation, left=left
        )

    def follows(self, optimizer: Any) -> bool:
        return self._optimizer is not None and self._optimizer() is optimizer

    @guard.guarded("record the layers")
    def _describe_layers(self, model: Any) -> None:
        """Once the model is built, which a subclassed one is only after its first batch."""
        if model is not None and model.built and not self._layers_told:
            self._layers_told = True
            self.settings.setdefault("frozen_layers", json.dumps(layers.frozen(model)))
            self.run.architecture(
                layers.layers(model), layers.parameters(model), layers.trainable(model)
            )

    # -- epoch by epoch

    @guard.guarded("record the start of an epoch")
    def epoch_began(self, epoch: int) -> None:
        self._epoch_started = self.run.now()
        if self.adaptations is not None:
            self.adaptations.epoch_began(epoch)

    @guard.guarded("record an epoch")
    def epoch_ended(self, epoch: int, logs: Mapping[str, Any] | None) -> None:
        now, started, epoch = self.run.now(), self._epoch_started, operator.index(epoch)
        rate, config = self.adaptations.of_epoch() if self.adaptations else (None, 0)
        # A copy: callbacks write into the logs. What is a number in it is found out later.
        try:
            told = dict(logs or ())
        except Exception as error:
            guard.report(error, "read the logs of an epoch")
            told = {}
        self.run.epoch(epoch, started, now, now - started, rate, config, told, _numbers)
        self.epoch = epoch
        self._epochs_ended[epoch] = now
        if self.adaptations is not None:
            self.adaptations.epoch_ended(epoch)
        if not self._layers_told:
            self._describe_layers(self._model())

    def _stopped(self, cause: Cause | None) -> None:
        """The model was asked to stop, where the first one counts; or not to, after all."""
        if cause is None:
            self._stop = None
        elif self._stop is None:
            self._stop = self.run.now(), cause

    # -- files

    def checkpoint(self, cause: Cause) -> str:
        """The local name of the model as it is now, within the fit."""
        if cause.hook == "on_epoch_end" and cause.epoch is not None:
            at = self._epochs_ended.get(cause.epoch, self.run.now())
            return self.run.checkpoint(cause.epoch, at)
        if cause.hook == "on_train_end" and cause.callback in self._callbacks:
            # Those before it had their turn, and may have given weights back.
            done = self._callbacks[: self._callbacks.index(cause.callback)]
            back = stops.restored(done)
            if back is not None and back[0] in self._epochs_ended:
                return self.run.checkpoint(back[0], self._epochs_ended[back[0]])
        model = self._model()
        step = int(keras.ops.convert_to_numpy(model.optimizer.iterations)) if model else None
        return self.run.checkpoint(None, self.run.now(), step)

    # -- the end

    @guard.guarded("record the end of the training")
    def end(self, status: str, error: BaseException | None = None) -> None:
        """The training ended; the first call counts."""
        if self.ended:
            return
        self.ended = True
        self._start_training({})  # interrupted before it began
        if self._stops is not None:
            stops.watchers.pop(self._stops, None)
        if self.adaptations is not None:
            guard.guarded("leave the optimizer as it was")(self.adaptations.stop)()
        told = None
        if error is not None:
            told = privacy.clean(f"{type(error).__name__}: {guard.text_of(error)}", 2000)
        self.run.end_training(
            status, told, stop=self._decision(status), restored=self._restored(status)
        )
        self._callbacks.clear()
        self.run.release_data()

    @guard.guarded("record why the training ended early")
    def _decision(self, status: str) -> Stop | None:
        if self._stop is None or status != FINISHED:
            return None
        at, cause = self._stop
        # What is decided at a batch ends the epoch of that batch.
        decided = cause.epoch if cause.hook == "on_epoch_end" else None
        epoch = decided if decided in self._epochs_ended else self.epoch
        return Stop(at, epoch, **stops.decision(cause))

    @guard.guarded("record the weights that were given back")
    def _restored(self, status: str) -> tuple[int, str] | None:
        found = stops.restored(self._callbacks) if status == FINISHED else None
        if found is None or found[0] not in self._epochs_ended:
            return None
        self.run.checkpoint(found[0], self._epochs_ended[found[0]])
        return found


def _kind_of(value: Value) -> str:
    """What can be compared: one kind of number is as good as another."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "number" if number else type(value).__name__


def _same(one: Mapping[str, Value], other: Mapping[str, Value], name: str) -> bool:
    return name in one and one[name] == other.get(name)


# The models that are in a recorded fit, by thread, with the callback that records it.
fits: dict[tuple[int, int], Any] = {}


def fit_of(model: Any) -> Any:
    """The callback that records the fit that a model is in: in this thread, or in another."""
    own = fits.get(stops.key(model))
    if own is not None or not fits:
        return own
    return next((one for (_, known), one in list(fits.items()) if known == id(model)), None)


def put_back(model: Any, current: "Recorder | None") -> None:
    """A fit was refused before it began: the last training is still the last one."""
    if current is not None:
        recorders[model] = current


# The recorder of a model's last recorded training, whatever was done with it since.
lasts: "weakref.WeakKeyDictionary[Any, Recorder]" = weakref.WeakKeyDictionary()
# The recorder of a model's last training: later evaluate, save and load calls belong to its
# run, and the next fit goes on from it.
recorders: "weakref.WeakKeyDictionary[Any, Recorder]" = weakref.WeakKeyDictionary()
# The file that the weights of a layer or model were read from.
origins: "weakref.WeakKeyDictionary[Any, Origin]" = weakref.WeakKeyDictionary()


def _origins_of(model: Any) -> list[Origin]:
    """The files that the weights of a model and its layers come from, each once."""
    if not origins:
        return []
    found = [origins.get(model), *map(origins.get, model._flatten_layers(include_self=False))]
    return list(dict.fromkeys(one for one in found if one is not None))
