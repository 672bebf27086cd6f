"""Charts of runs with matplotlib. Nothing is shown: a notebook does that by itself.

The colours are those of Okabe and Ito ("Color Universal Design", 2008), which people who see
fewer colours tell apart; lines differ in their dashes too.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from kprov_rdf.analysis.epochs import SECONDS
from kprov_rdf.analysis.needed import package
from kprov_rdf.analysis.rows import Value, shown
from kprov_rdf.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kprov_rdf.analysis.run import Run

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5F5F5F")
_DASHES = ("-", "--", "-.", ":")
_GREY = "#777777"
# Up to so many points each has a mark; of so few changes each is labelled.
_MARKED = 15
_LABELLED = 6
# What runs are called by first, where they differ in it.
_NAMES = ("tag", "optimizer_name", "learning_rate", "batch_size", "dropout")
_MOST_NAMES = 3
_OUTSIDE = 8


def _axes(ax: "Axes | None", width: float = 7.0) -> "Axes":
    if ax is not None:
        return ax
    pyplot = package("matplotlib.pyplot", "A chart")
    _, made = pyplot.subplots(figsize=(width, 4.2), layout="constrained")
    return made  # type: ignore[no-any-return]


def _line(ax: "Axes", run: "Run", metric: str, label: str, style: int) -> None:
    points = run.points(metric)
    ax.plot(
        [x for x, _ in points],
        [y for _, y in points],
        _DASHES[style // len(_COLOURS) % len(_DASHES)],
        color=_COLOURS[style % len(_COLOURS)],
        marker="o" if len(points) <= _MARKED else None,
        markersize=3.5,
        linewidth=1.6,
        label=_safe(label),
    )


def _safe(text: str) -> str:
    """A name that matplotlib draws as it is: no formula, and no label that it leaves out."""
    return ("\u200b" if text.startswith("_") else "") + text.replace("$", r"\$")


def _finish(ax: "Axes", metrics: Sequence[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("epoch")
    several = len(metrics) > 1
    measured = {name.removeprefix("val_") if several else name for name in metrics}
    unit = " (s)" if measured == {SECONDS} else ""
    ax.set_ylabel(_safe(measured.pop()) + unit if len(measured) == 1 else "value")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)


def plot(
    run: "Run",
    metrics: Sequence[str],
    ax: "Axes | None",
    *,
    adaptations: bool = True,
    best: bool = True,
) -> "Axes":
    """See :meth:`kprov_rdf.analysis.run.Run.plot`."""
    chosen = list(metrics) or [name for name in ("loss", "val_loss") if name in run]
    if not chosen:
        raise NotFoundError(f"The run {run.short} has reported no loss yet; name a metric.")
    for metric in chosen:
        run.points(metric)  # unknown names are told before anything is drawn
    drawn = _axes(ax)
    for number, metric in enumerate(chosen):
        _line(drawn, run, metric, metric, number)
    if best and chosen[-1] in run.metrics:
        _mark_best(drawn, run, chosen[-1], len(chosen) - 1)
    if adaptations:
        _mark_rates(drawn, run)
    _finish(drawn, chosen)
    drawn.set_title(_safe(f"{run.tag}, {run.optimizer or 'run'} ({run.short})"), fontsize="medium")
    drawn.legend(frameon=False)
    return drawn


def _mark_best(ax: "Axes", run: "Run", metric: str, style: int) -> None:
    if not any(math.isfinite(y) for _, y in run.points(metric)):
        return
    epoch, value = run.best(metric)
    ax.scatter(
        [epoch], [value], s=70, facecolors="none", edgecolors=_COLOURS[style % len(_COLOURS)],
        linewidths=1.6, zorder=4, label=_safe(f"best {metric}: {value:.4g} in epoch {epoch}"),
    )  # fmt: skip


def _mark_rates(ax: "Axes", run: "Run") -> None:
    """Changes of the learning rate: a line where each was made, and the new rate."""
    changes = {
        row.epoch: row.new
        for row in run.adaptations
        if row.setting == "learningRate" and row.epoch is not None
    }
    if not changes:
        return
    for number, (epoch, rate) in enumerate(changes.items()):
        ax.vlines(
            epoch, 0, 1, transform=ax.get_xaxis_transform(), colors=_GREY, linewidth=1,
            linestyles=(0, (2, 2)), zorder=0,
            label="learning rate changed" if number == 0 else "",
        )  # fmt: skip
        if len(changes) <= _LABELLED:
            ax.annotate(
                shown(rate), (epoch, 1), xycoords=("data", "axes fraction"), xytext=(2, -2),
                textcoords="offset points", fontsize="x-small", color=_GREY, va="top",
            )  # fmt: skip


def compare(runs: "Iterable[Run]", metric: str, ax: "Axes | None") -> "Axes":
    """See :func:`kprov_rdf.plot_compare`."""
    listed = list(runs)
    having = [run for run in listed if metric in run and run.points(metric)]
    if not having:
        known = sorted({name for run in listed for name in run.metrics})
        told = f"they have {', '.join(known)}" if known else "they have none"
        raise NotFoundError(f"None of the {len(listed)} runs reported {metric!r}; {told}.")
    crowded = len(having) > _OUTSIDE
    drawn = _axes(ax, 9.0 if crowded else 7.0)
    for number, (run, label) in enumerate(zip(having, labels(having), strict=True)):
        _line(drawn, run, metric, label, number)
    _finish(drawn, [metric])
    if crowded:
        drawn.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    else:
        drawn.legend(frameon=False)
    return drawn


def labels(runs: "Sequence[Run]") -> list[str]:
    """A name for each run: what differs among them, and where that is not enough, the id."""
    told = [{"tag": run.tag, **{name: setting(run, name) for name in ("dropout",)}, **run.settings}
            for run in runs]  # fmt: skip
    names = dict.fromkeys([*_NAMES, *sorted({name for one in told for name in one})])
    differ = [name for name in names if len({shown(one.get(name)) for one in told}) > 1]
    # Other settings of an optimizer differ with it, and say no more than its name.
    chosen = [name for name in differ if name in _NAMES] or differ
    found = [
        ", ".join(_called(name, one.get(name)) for name in chosen[:_MOST_NAMES]) for one in told
    ]
    alike = {name: [one for one, other in zip(told, found, strict=True) if other == name]
             for name in found}  # fmt: skip
    found = [", ".join([*([name] if name else []), *_apart(alike[name], one, differ)])
             for name, one in zip(found, told, strict=True)]  # fmt: skip
    return [
        name if name and found.count(name) == 1 else f"{name} ({run.short})" if name else run.short
        for name, run in zip(found, runs, strict=True)
    ]


def _apart(
    alike: Sequence[Mapping[str, Value]], one: Mapping[str, Value], differ: Sequence[str]
) -> list[str]:
    """What tells one run from those that are called alike, such as a setting of one's own."""
    names = [name for name in differ if len({shown(other.get(name)) for other in alike}) > 1]
    return [_called(name, one.get(name)) for name in names[:_MOST_NAMES]]


def _called(name: str, value: Value) -> str:
    if name in ("tag", "optimizer_name"):
        return shown(value) or "–"
    return f"{name}={shown(value) or '–'}"


def setting(run: "Run", name: str) -> Value:
    """A setting of a run; ``dropout`` also where all layers that have one have the same."""
    found = run.settings.get(name)
    if found is None and name == "dropout":
        rates = {row.dropout for row in run.layers if row.dropout is not None}
        return rates.pop() if len(rates) == 1 else None
    return found


def grid(runs: "Iterable[Run]", metric: str, rows: str, columns: str) -> Any:
    """See :func:`kprov_rdf.plot_grid`."""
    listed = list(runs)
    of = {run: (setting(run, rows), setting(run, columns)) for run in listed}
    down, across = (list(_sorted(pair[i] for pair in of.values())) for i in (0, 1))
    if not down or not across:
        lacking = rows if not down else columns
        known = sorted({name for run in listed for name in run.settings}) or ["none"]
        raise InputError(
            f"None of the {len(listed)} runs has a setting {lacking!r}; they have "
            f"{', '.join(known)}."
        )
    if not any(metric in run for run in listed):
        raise NotFoundError(f"None of the {len(listed)} runs reported {metric!r}.")
    pyplot = package("matplotlib.pyplot", "A chart")
    figure, axes = pyplot.subplots(
        len(down), len(across), sharex=True, sharey=True, squeeze=False, layout="constrained",
        figsize=(1.5 + 2.6 * len(across), 0.8 + 2.25 * len(down)),
    )  # fmt: skip
    for (i, first), (j, second) in product(enumerate(down), enumerate(across)):
        ax = axes[i, j]
        for run in (one for one in listed if of[one] == (first, second)):
            for number, name in enumerate((metric, f"val_{metric}")):
                if name in run:
                    _line(ax, run, name, name, number)
        _finish(ax, [metric])
        ax.label_outer()
        ax.set_title(_safe(f"{rows} {shown(first)}\n{columns} {shown(second)}"), fontsize="small")
    handles: dict[str, Any] = {}
    for ax in axes.flat:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles.keys(), loc="outside upper right", frameon=False,
                  ncols=2)  # fmt: skip
    return axes


def _sorted(values: Iterable[Value]) -> Iterator[Value]:
    known = {value for value in values if value is not None}
    return iter(sorted(known, key=lambda one: (isinstance(one, str), one)))
