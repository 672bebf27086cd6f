"""The ways in beside the callback: ``model.provenance`` of the papers, and ``autolog``.

All three give the same record. Where several are active, one fit is one training: the
callback goes before ``model.provenance``, and that before ``autolog``.
"""

import os
import sys
import weakref
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import keras

from kprov_capture import guard
from kprov_capture.keras.callback import Provenance, checked_interval
from kprov_capture.keras.recorder import Options
from kprov_capture.nquads import Value
from kprov_capture.values import check_tag

# Names of Keras-Prov that Keras spells in another way.
_LEGACY = {"num_epochs": "epochs"}
_TYPES = ("TEXT", "NUMERIC")

_asked: "weakref.WeakKeyDictionary[Any, Provenance]" = weakref.WeakKeyDictionary()
_auto: Provenance | None = None


@guard.guarded("find what records a model")
def asked_for(model: Any) -> Provenance | None:
    """The callback that ``model.provenance`` or ``autolog`` made, if any."""
    return _asked.get(model) or _auto


def default_tag() -> str:
    """The name of the script without its suffix; 'notebook' without a script."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    name = os.path.splitext(os.path.basename(script))[0] if script else ""
    return name if name and name.isprintable() else "notebook"


def autolog(
    dataflow_tag: str | None = None,
    *,
    home: str | os.PathLike[str] | None = None,
    hyperparameters: Mapping[str, Value] | None = None,
    campaign: str | None = None,
    batch_metrics: bool = False,
    system_metrics: float | None = None,
    disable: bool = False,
) -> None:
    """Record every ``fit`` of this process from now on, until ``autolog(disable=True)``.

    The arguments are those of :class:`Provenance`; without a ``dataflow_tag`` it is the
    name of the script. Harmless when repeated: the last call counts.
    """
    global _auto
    if disable:
        _auto = None
        return
    tag = default_tag() if dataflow_tag is None else dataflow_tag
    _auto = Provenance(
        tag,
        home=home,
        hyperparameters=hyperparameters,
        campaign=campaign,
        batch_metrics=batch_metrics,
        system_metrics=system_metrics,
    )


def chosen(hyps: Mapping[str, Any] | None) -> frozenset[str] | None:
    """The settings that ``hyps`` asks for, by Keras's names; None for all of them."""
    if hyps is None:
        return None
    if not isinstance(hyps, Mapping):
        raise TypeError(
            "hyps is a dict of names and True or False, such as "
            f"{{'LEARNING_RATE': True}}; found {type(hyps).__name__}"
        )
    for name, wanted in hyps.items():
        if wanted not in (True, False):
            raise TypeError(f"hyps says True or False of each name; found {name!r}: {wanted!r}")
    names = (str(name).lower() for name, wanted in hyps.items() if wanted)
    return frozenset(_LEGACY.get(name, name) for name in names)


def own_settings(given: Any, values: Mapping[str, Value]) -> dict[str, Value]:
    """The user's hyperparameters with their values.

    ``given`` maps names to values, or lists names with the types of Keras-Prov, as in
    ``[("K", "NUMERIC")]``, whose ``values`` stand beside it.
    """
    if isinstance(given, Mapping):
        return {**given, **values}
    known = {name.lower(): value for name, value in values.items()}
    found: dict[str, Value] = {}
    for entry in given:
        if not (isinstance(entry, (list, tuple)) and len(entry) == 2 and entry[1] in _TYPES):
            raise ValueError(
                "hyperparameters lists pairs of a name and TEXT or NUMERIC, such as "
                f"[('K', 'NUMERIC')], or maps names to values; found {entry!r}"
            )
        name, kind = entry
        if str(name).lower() not in known:
            raise ValueError(
                f"the hyperparameter {name!r} has no value: give it by its name, "
                f"as in model.provenance(…, {name}=16)"
            )
        value = known.pop(str(name).lower())
        if kind == "NUMERIC" and (isinstance(value, bool) or not isinstance(value, Real)):
            raise ValueError(f"the hyperparameter {name!r} is NUMERIC; found {value!r}")
        found[str(name)] = value if kind == "NUMERIC" else str(value)
    if known:
        raise TypeError(
            f"model.provenance knows no {', '.join(sorted(known))}: list it in hyperparameters"
        )
    return found


def provenance(
    self: Any,
    dataflow_tag: str,
    adaptation: bool = True,
    hyps: Mapping[str, bool] | None = None,
    hyperparameters: Mapping[str, Value] | Iterable[tuple[str, str]] = (),
    *,
    home: str | os.PathLike[str] | None = None,
    campaign: str | None = None,
    batch_metrics: bool = False,
    system_metrics: float | None = None,
    **values: Value,
) -> Provenance:
    """Record each ``fit`` of this model, as Keras-Prov does; before or after ``compile``.

        model.provenance(dataflow_tag="alexnet", adaptation=True,
                         hyps={"OPTIMIZER_NAME": True, "LEARNING_RATE": True})

    ``hyps`` chooses settings by the names of Keras-Prov or of Keras (any argument of the
    optimizer, of ``compile`` or of ``fit``); without it all are recorded, and with all
    False the architecture, the data and the epochs. ``adaptation`` says whether
    changes of settings are recorded. ``hyperparameters`` are the user's own.
    Returns the callback that records.
    """
    tag = check_tag(dataflow_tag, "model.provenance('digits-cnn')")
    own = own_settings(hyperparameters, values)
    options = Options(
        tag, home, campaign, chosen(hyps), own, bool(adaptation), bool(batch_metrics),
        checked_interval(system_metrics),
    )  # fmt: skip
    made = _asked[self] = Provenance.with_options(options)
    return made


def install() -> None:
    """Give ``keras.Model`` its method; harmless when repeated."""
    keras.Model.provenance = provenance
