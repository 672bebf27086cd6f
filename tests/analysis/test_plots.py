"""Charts: what is drawn are the metrics, labelled, and nothing is shown or left open."""

import matplotlib as mpl
import matplotlib.colors
import numpy as np
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

import kprov_rdf
from kprov_rdf.errors import InputError, NotFoundError
from tests import recording


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(ax) -> list[str]:
    return [one.get_text() for one in ax.get_legend().get_texts()]


def test_a_run_is_drawn_as_it_was_recorded(store) -> None:
    run = store.run("test-flow")
    ax = run.plot("loss", "val_loss")
    assert [line.get_label() for line in ax.lines] == ["loss", "val_loss"]
    for line in ax.lines:
        x, y = line.get_data()
        assert np.asarray(x).tolist() == run.epochs.tolist()
        assert np.asarray(y).tolist() == run[line.get_label()].tolist()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert texts(ax) == ["loss", "val_loss", "best val_loss: 0.85 in epoch 2",
                         "learning rate changed"]  # fmt: skip
    # The rule changed the rate after epoch 0, to half of it.
    (change,) = [one for one in ax.collections if one.get_label() == "learning rate changed"]
    assert change.get_segments()[0][:, 0].tolist() == [0, 0]
    assert [one.get_text() for one in ax.texts] == ["0.0005"]
    ax.figure.canvas.draw()


def test_axes_are_taken_and_given_back(store) -> None:
    figure, ax = plt.subplots()
    assert store.run("test-flow").plot(ax=ax, adaptations=False, best=False) is ax
    assert texts(ax) == ["loss", "val_loss"]
    assert kprov_rdf.plot_compare(store.runs(), "loss", ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_epochs_that_did_not_report_are_bridged(home) -> None:
    run = recording.begin(home.path)
    for number in range(5):
        now = run.now()
        more = {"val_loss": 1.0 + number} if number % 2 else {}
        run.epoch(number, now, run.now(), 1.0, 0.001, 0, {"loss": 1.0, **more})
    run.end_training("FINISHED")
    run.close()
    with kprov_rdf.open(home) as store:
        ax = store.run().plot("val_loss", "elapsed_time")
        assert ax.lines[0].get_xdata().tolist() == [1, 3]
        assert ax.get_ylabel() == "value"
        assert store.run().plot("elapsed_time").get_ylabel() == "elapsed_time (s)"


def test_runs_are_called_by_what_differs(home) -> None:
    recording.record(home.path, "flow", "Adam", (0.9, 0.7))
    recording.record(home.path, "flow", "Adam", (0.8, 0.6), 0.01)
    with kprov_rdf.open(home) as store:
        ax = kprov_rdf.plot_compare(store.runs(), "val_loss")
        assert texts(ax) == ["learning_rate=0.01", "learning_rate=0.001"]
        assert [line.get_ydata().tolist() for line in ax.lines] == [[1.05, 0.85], [1.15, 0.95]]
    recording.record(home.path, "flow", "SGD", (0.8, 0.6), 0.01)
    recording.record(home.path, "flow", "SGD", (0.5, 0.4), 0.01)
    with kprov_rdf.open(home) as store:
        names = texts(kprov_rdf.plot_compare(store.runs(), "loss"))
        assert names[2:] == ["Adam, learning_rate=0.01", "Adam, learning_rate=0.001"]
        assert names[0] == f"SGD, learning_rate=0.01 ({store.run().short})"
        with pytest.raises(NotFoundError, match="None of the 4 runs reported 'auc'; they have"):
            kprov_rdf.plot_compare(store.runs(), "auc")
        with pytest.raises(NotFoundError, match="no metric 'auc'"):
            store.run().plot("auc")
        assert plt.get_fignums() == [1, 2]  # and none for those
        one = store.runs()[:1]
        assert texts(kprov_rdf.plot_compare(one, "loss")) == [one[0].short]


def test_runs_that_are_called_alike_are_told_apart_by_a_setting_of_ones_own(home) -> None:
    for units in (16, 32):
        recording.record(home.path, "flow", "Adam", own={"units": units})
    recording.record(home.path, "flow", "SGD", own={"units": 32})
    with kprov_rdf.open(home) as store:
        names = texts(kprov_rdf.plot_compare(store.runs(), "loss"))
    assert names == ["SGD", "Adam, units=32", "Adam, units=16"]


def test_many_runs_are_told_apart(home) -> None:
    for number in range(10):
        recording.record(home.path, "flow", "Adam", (0.9, 0.7 - number / 50), 0.001 * (number + 1))
    with kprov_rdf.open(home) as store:
        ax = kprov_rdf.plot_compare(store.runs(), "loss")
    styles = {(line.get_color(), line.get_linestyle()) for line in ax.lines}
    assert len(styles) == len(set(texts(ax))) == 10
    for line in ax.lines:
        assert matplotlib.colors.is_color_like(line.get_color())


def test_a_grid_has_a_chart_for_each_two_settings(home) -> None:
    for optimizer in ("SGD", "Adam"):
        for rate in (0.1, 0.001, 0.01):
            recording.record(home.path, "flow", optimizer, (0.9, rate), rate)
    with kprov_rdf.open(home) as store:
        axes = kprov_rdf.plot_grid(store.runs(), "loss", rows="optimizer_name")
        assert axes.shape == (2, 3)
        assert axes[1, 0].get_title() == "optimizer_name SGD\nlearning_rate 0.001"
        assert [line.get_ydata().tolist() for line in axes[1, 0].lines] == [
            [0.9, 0.001], [1.15, 0.251],
        ]  # fmt: skip
        # The dropout is that of the layers.
        assert kprov_rdf.plot_grid(store.runs(), "accuracy").shape == (1, 3)
        with pytest.raises(InputError, match="has a setting 'momentun'"):
            kprov_rdf.plot_grid(store.runs(), "loss", rows="momentun")


def test_names_of_others_are_drawn_as_they_are(hostile, tmp_path) -> None:
    run = hostile.run()
    ax = run.plot(*run.metrics)
    assert len(texts(ax)) == len(run.metrics) + 1  # and the best
    ax.figure.savefig(tmp_path / "hostile.png")
    kprov_rdf.plot_compare([run], "_hidden").figure.savefig(tmp_path / "hidden.png")
