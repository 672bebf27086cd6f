"""A loop in PyTorch: what is recorded of it, and that nothing changes because of it."""

import hashlib
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, random_split

import kprov_capture.torch as kprov
from kprov_capture.home import Home
from tests import examples
from tests.conftest import child_environment


class Network(nn.Module):
    """A block within, a layer that stands in two places, and a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Dropout(0.25))
        self.again = nn.ModuleList([self.features[0]])
        self.scale = nn.Parameter(torch.ones(1))
        self.out = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.features(x)) * self.scale


@pytest.fixture
def data(digits) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(digits[0]), torch.from_numpy(digits[1])


@pytest.fixture
def model() -> Network:
    torch.manual_seed(7)
    return Network()


def epoch_of(model: nn.Module, optimizer: Any, data: Any, steps: int = 2) -> torch.Tensor:
    x, y = data
    for part in torch.arange(len(x)).chunk(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[part]), y[part])
        loss.backward()
        optimizer.step()
    return loss


def test_settings_layers_data_and_epochs(model, data, home: Home, captured) -> None:
    model.out.requires_grad_(False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003, weight_decay=0.02)
    loader = DataLoader(TensorDataset(*data), batch_size=150, shuffle=True)
    told = []
    with kprov.Training(
        "digits-torch", model, optimizer, epochs=3, loss=nn.CrossEntropyLoss(), train=loader,
        val=(data[0][:20], data[1][:20]), hyperparameters={"width": 8}, home=home.path,
    ) as training:  # fmt: skip
        for epoch in training.epochs():
            for batch in loader:
                loss = epoch_of(model, optimizer, batch, 1)
            epoch.log(loss=loss)
            epoch.log({"f1 of 'all'": 0.5}, val_loss=float(epoch.number))
            told.append((epoch.number, float(loss.detach()), float(epoch.number), 0.003))
    found = captured(training.run)
    assert found.epochs("loss", "valLoss", "learningRate") == told
    assert [(run.status, run.epochs, run.planned) for run in found.runs] == [("FINISHED", 3, 3)]
    names = ("name", "rate", "decay", "one", "two", "size", "loss", "seed", "shuffle")
    assert found.rows(
        "?c a dnnprov:iTraining ; dnnprov:optimizerName ?name ; dnnprov:learningRate ?rate ; "
        "dnnprov:weightDecay ?decay ; dnnprov:beta1 ?one ; dnnprov:beta2 ?two ; "
        "dnnprov:batchSize ?size ; dnnprov:lossFunction ?loss ; dnnprov:seed ?seed ; "
        "dnnprov:shuffle ?shuffle ; ?own 8 . ?own dnnprov:reportedName 'width'",
        *names,
    ) == [("AdamW", 0.003, 0.02, 0.9, 0.999, 150, "CrossEntropyLoss", 7, True)]
    assert found.rows(
        "?l a dnnprov:Layer ; dnnprov:layerName ?name ; dnnprov:layerType ?type . "
        "OPTIONAL { ?l dnnprov:parameterCount ?n } OPTIONAL { ?l dnnprov:trainable ?can } "
        "OPTIONAL { ?l dnnprov:dropoutRate ?p }",
        "name", "type", "n", "can", "p",
    ) == [
        ("0", "Linear", 520, True, None),
        ("1", "ReLU", 0, None, None),
        ("2", "Dropout", 0, None, 0.25),
        ("again", "ModuleList", 520, True, None),
        ("features", "Sequential", 520, True, None),
        ("out", "Linear", 90, False, None),
    ]  # fmt: skip
    # The shared layer is a member of both.
    assert len(found.rows('?b prov:hadMember ?l . ?l dnnprov:layerName "0"', "b")) == 2
    assert found.rows(
        "?a a dnnprov:ModelArchitecture ; dnnprov:parameterCount ?n ; "
        "dnnprov:trainableParameterCount ?can",
        "n",
        "can",
    ) == [(611, 521)]
    hashes = found.rows(
        "?t a dnnprov:Training ; prov:used/prov:hadMember ?array . ?array a dnnprov:DataArray ; "
        "prov:specializationOf/dnnprov:sha256 ?hash",
        "array",
        "hash",
    )
    assert {array.rpartition("#")[2]: digest for array, digest in hashes} == {
        "train-set-x": hashlib.sha256(data[0].numpy().tobytes()).hexdigest(),
        "train-set-y": hashlib.sha256(data[1].numpy().tobytes()).hexdigest(),
        "val-set-x": hashlib.sha256(data[0][:20].numpy().tobytes()).hexdigest(),
        "val-set-y": hashlib.sha256(data[1][:20].numpy().tobytes()).hexdigest(),
    }
    assert found.violations() == []


def run(
    model, data, home: Home, schedule: Any, epochs: int = 4, steps: int = 2, **more: Any
) -> Any:
    """A training with a scheduler that steps after each epoch, or ``each_step``."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = schedule(optimizer) if schedule else None
    each_step = more.pop("each_step", False)
    before = more.pop("before", lambda optimizer, number: None)
    with kprov.Training(
        "rates", model, optimizer, epochs=epochs, scheduler=scheduler, home=home.path
    ) as training:
        for epoch in training.epochs():
            before(optimizer, epoch.number)
            for _ in range(steps):
                loss = epoch_of(model, optimizer, data, 1)
                if each_step:
                    scheduler.step()
            epoch.log(loss=loss, val_loss=1.0)
            if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
                scheduler.step(1.0)
            elif scheduler and not each_step:
                scheduler.step()
    return training.run


def test_a_scheduler_acts_on_the_next_epoch(model, data, home, captured) -> None:
    recorded = run(model, data, home, lambda o: lr_scheduler.StepLR(o, 2, 0.5))
    found = captured(recorded)
    assert [row[1] for row in found.epochs("learningRate")] == [0.1, 0.1, 0.05, 0.05]
    assert found.changes() == [(1, 0.1, 0.05, "StepLR"), (3, 0.05, 0.025, "StepLR")]
    assert len(found.rows("?a a dnnprov:ScheduledAdaptation", "a")) == 2
    ((text,),) = found.rows("?c a dnnprov:iTraining ; dnnprov:learningRateSchedule ?s", "s")
    assert json.loads(text)["class_name"] == "StepLR"
    assert json.loads(text)["config"]["step_size"] == 2
    used = found.rows("?e a dnnprov:EpochExecution ; prov:used ?c", "e", "c")
    assert [row[1].rpartition("-")[2] for row in used] == ["0", "0", "1", "1"]
    assert found.violations() == []


def test_a_plateau_is_a_rule_that_watched_a_metric(model, data, home, captured) -> None:
    recorded = run(model, data, home, lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1))
    found = captured(recorded)
    assert [row[1] for row in found.epochs("learningRate")] == [0.1, 0.1, 0.1, 0.1 * 0.1]
    assert found.rows(
        "?a a dnnprov:RuleAdaptation ; dnnprov:technique ?by ; dnnprov:monitoredMetric ?metric ; "
        "dnnprov:patience ?patience ; dnnprov:factor ?factor ; dnnprov:bestValue ?best ; "
        "dnnprov:step ?step ; prov:used ?m . ?m a dnnprov:oTraining ; dnnprov:epoch ?epoch",
        "by", "metric", "patience", "factor", "best", "step", "epoch",
    ) == [("ReduceLROnPlateau", "val_loss", 1, 0.1, 1.0, 6, 2)]  # fmt: skip
    assert found.violations() == []


def test_what_changes_at_each_step_is_one_adaptation_an_epoch(model, data, home, captured) -> None:
    """The rate of an epoch is that of its first step."""
    recorded = run(
        model, data, home, lambda o: lr_scheduler.ExponentialLR(o, 0.5), 2, 2, each_step=True
    )
    found = captured(recorded)
    assert [row[1] for row in found.epochs("learningRate")] == [0.1, 0.025]
    assert found.changes() == [
        (0, 0.1, 0.025, "ExponentialLR"),
        (1, 0.025, 0.00625, "ExponentialLR"),
    ]
    assert found.rows("?a dnnprov:reason ?r", "r") == [("2 changes from step to step",)] * 2
    assert found.violations() == []


def test_other_settings_that_a_scheduler_changes(model, data, home, captured) -> None:
    recorded = run(
        model, data, home,
        lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=9), 1, 2, each_step=True,
    )  # fmt: skip
    found = captured(recorded)
    changed = found.rows(
        "?c dnnprov:adaptedProperty ?p ; prov:wasGeneratedBy/dnnprov:technique ?by", "p", "by"
    )
    assert [(p.rpartition("#")[2], by) for p, by in changed] == [
        ("learningRate", "OneCycleLR"),
        ("momentum", "OneCycleLR"),
    ]
    assert found.violations() == []


def test_schedulers_in_a_sequence(model, data, home, captured) -> None:
    def schedule(optimizer: Any) -> Any:
        parts = [
            lr_scheduler.ConstantLR(optimizer, 0.5, 1),
            lr_scheduler.LambdaLR(optimizer, lambda epoch: 2.0),
        ]
        return lr_scheduler.SequentialLR(optimizer, parts, milestones=[1])

    found = captured(run(model, data, home, schedule, 2))
    assert found.changes() == [(0, 0.05, 0.2, "SequentialLR")]
    ((text,),) = found.rows("?c a dnnprov:iTraining ; dnnprov:learningRateSchedule ?s", "s")
    assert [one["class_name"] for one in json.loads(text)["schedulers"]] == [
        "ConstantLR",
        "LambdaLR",
    ]
    assert found.violations() == []


def test_ones_own_assignment_at_the_start_of_an_epoch(model, data, home, captured) -> None:
    def before(optimizer: Any, number: int) -> None:
        if number == 1:
            optimizer.param_groups[0]["lr"] = 0.025

    found = captured(run(model, data, home, None, 3, before=before))
    assert found.changes() == [(1, 0.1, 0.025, "assignment")]
    assert [row[1] for row in found.epochs("learningRate")] == [0.1, 0.025, 0.025]
    assert found.violations() == []


def test_each_group_has_settings_of_its_own(model, data, home, captured) -> None:
    optimizer = torch.optim.SGD(
        [{"params": model.features.parameters()}, {"params": model.out.parameters(), "lr": 0.5}],
        lr=0.25,
    )
    with kprov.Training("groups", model, optimizer, epochs=2, home=home.path) as training:
        for _ in training.epochs():
            epoch_of(model, optimizer, data)
            optimizer.param_groups[1]["lr"] /= 2
    found = captured(training.run)
    pattern = '?p dnnprov:reportedName "learning_rate_group_1" . ?c dnnprov:adaptedProperty ?p ; '
    assert found.rows(pattern + "dnnprov:oldValue ?old ; dnnprov:newValue ?new", "old", "new") == [
        (0.25, 0.125),
        (0.5, 0.25),
    ]
    assert found.rows('?p dnnprov:reportedName "momentum_group_1"', "p") == []
    assert found.violations() == []


def test_a_loop_that_is_left_early_has_finished(model, data, home, captured) -> None:
    optimizer = torch.optim.Adam(model.parameters())
    with kprov.Training("early", model, optimizer, epochs=9, home=home.path) as training:
        for epoch in training.epochs():
            epoch.log(loss=epoch_of(model, optimizer, data))
            if epoch.number == 1:
                break
    found = captured(training.run)
    assert [(run.status, run.epochs, run.planned) for run in found.runs] == [("FINISHED", 2, 9)]
    assert found.violations() == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("no more data"), "FINISHED_WITH_ERROR"), (KeyboardInterrupt(), "INTERRUPTED")],
    ids=["exception", "Ctrl-C"],
)
def test_what_the_loop_raises_goes_on(error, status, model, data, home, captured) -> None:
    optimizer = torch.optim.Adam(model.parameters())
    with (
        pytest.raises(type(error)),
        kprov.Training("cut", model, optimizer, epochs=9, home=home.path) as training,
    ):
        for epoch in training.epochs():
            epoch_of(model, optimizer, data)
            if epoch.number == 1:
                raise error  # nothing was logged in this epoch: it did not end
            epoch.log(loss=0.5)
    found = captured(training.run)
    assert found.epochs("loss") == [(0, 0.5)]
    assert found.runs[0].status == status
    told = [row[0] for row in found.rows("?t dnnprov:error ?e", "e")]
    assert told == (["ValueError: no more data"] if status == "FINISHED_WITH_ERROR" else [])
    assert found.violations() == []


def test_tests_and_files(model, data, home, captured, tmp_path) -> None:
    """A file that is written within the loop is a checkpoint of its epoch."""
    optimizer = torch.optim.Adam(model.parameters())
    x, y = data
    _, part = random_split(TensorDataset(x, y), [200, 100], torch.Generator().manual_seed(3))
    with kprov.Training("files", model, optimizer, epochs=2, home=home.path) as training:
        for epoch in training.epochs():
            epoch_of(model, optimizer, data)
            epoch.log(loss=1.0)
            training.save(tmp_path / f"epoch-{epoch.number}.pt")
        with training.test(part) as test:
            test.log(accuracy=0.75)
        training.save(tmp_path / "model.pt")
    found = captured(training.run)
    written = found.rows(
        "?f a dnnprov:File ; dnnprov:path ?path ; prov:wasDerivedFrom ?model ; "
        "prov:specializationOf/dnnprov:sha256 ?hash . ?model a dnnprov:TrainedModel",
        "path", "model", "hash",
    )  # fmt: skip
    assert [(path, of.rpartition("#")[2], digest) for path, of, digest in written] == [
        (str(path), of, hashlib.sha256(path.read_bytes()).hexdigest())
        for path, of in (
            (tmp_path / "epoch-0.pt", "checkpoint-0"),
            (tmp_path / "epoch-1.pt", "checkpoint-1"),
            (tmp_path / "model.pt", "model"),
        )
    ]
    assert torch.load(tmp_path / "model.pt").keys() == model.state_dict().keys()
    assert found.rows(
        "?t a dnnprov:Testing ; prov:used ?m , ?d . ?m a dnnprov:TrainedModel . "
        "?d a dnnprov:TestSet ; dnnprov:sampleCount ?n ; prov:hadMember ?a . "
        "?a prov:specializationOf/dnnprov:sha256 ?hash . FILTER STRENDS(STR(?a), '-x') "
        "?o prov:wasGeneratedBy ?t ; dnnprov:accuracy ?accuracy",
        "accuracy", "n", "hash",
    ) == [(0.75, 100, hashlib.sha256(x[part.indices].numpy().tobytes()).hexdigest())]  # fmt: skip
    assert found.violations() == []


class Stream(IterableDataset):
    def __iter__(self) -> Any:
        yield from range(3)


@pytest.mark.parametrize(
    ("train", "reason", "batches"),
    [
        (DataLoader(Stream(), batch_size=2), "one by one", None),
        (DataLoader(list(range(10)), batch_size=5), "one by one", 2),
        (torch.ones(3, dtype=torch.bfloat16), "BFloat16", None),
        (np.array([None, 1], dtype=object), "have no bytes", None),
    ],
    ids=["stream", "samples", "bfloat16", "objects"],
)
def test_data_that_cannot_be_hashed_say_why(train, reason, batches, model, home, captured) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with kprov.Training("data", model, optimizer, train=train, home=home.path) as training:
        pass
    found = captured(training.run)
    pattern = "?d dnnprov:unhashedReason ?why . OPTIONAL { ?d dnnprov:batchCount ?n }"
    ((why, count),) = found.rows(pattern, "why", "n")
    assert reason in why
    assert count == batches
    assert found.violations() == []


def test_lazy_modules_are_described_once_they_are_built(data, home, captured) -> None:
    network = nn.Sequential(nn.LazyLinear(10))
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    with kprov.Training("lazy", network, optimizer, epochs=1, home=home.path) as training:
        for _ in training.epochs():
            network(data[0])
    found = captured(training.run)
    assert found.rows("?l dnnprov:layerName ?n ; dnnprov:parameterCount ?c", "n", "c") == [
        ("0", 650)
    ]


def test_a_training_joins_the_run_around_it(model, data, home, captured) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with kprov.Run("whole", home=home.path) as around:
        with kprov.Training("part", model, optimizer, epochs=1) as first:
            for epoch in first.epochs():
                epoch.log(loss=1)
        assert not around.closed
        with kprov.Training("second", model, optimizer, epochs=1) as second:
            pass
    assert first.run is around
    assert second.run is not around
    found = captured()
    assert sorted(run.tag for run in found.runs) == ["second", "whole"]
    assert found.rows("?e dnnprov:backend ?b", "b") == [("torch",)] * 2
    assert found.violations() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataflow_tag": "a\nb"}, "such as Training"),
        ({"model": "net"}, "torch.nn.Module"),
        ({"optimizer": None}, "torch.optim.Optimizer"),
        ({"epochs": "10"}, "epochs=10"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused_at_once(arguments, message, model) -> None:
    given = {"dataflow_tag": "t", "model": model, "optimizer": torch.optim.SGD(model.parameters())}
    with pytest.raises((TypeError, ValueError), match=message):
        kprov.Training(**{**given, **arguments})


def test_an_error_of_ours_does_not_reach_the_loop(
    model, data, tmp_path, monkeypatch, caplog
) -> None:
    monkeypatch.setenv("KPROV_STRICT", "0")
    (tmp_path / "file").write_text("")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = []
    with kprov.Training(
        "flow", model, optimizer, epochs=2, home=tmp_path / "file" / "home"
    ) as training:
        for epoch in training.epochs():
            epoch.log(loss=epoch_of(model, optimizer, data), text="no number")
            seen.append(epoch.number)
        with training.test() as test:
            test.log(loss=1)
        training.save(tmp_path / "model.pt")
        epoch.log(loss=2)
    assert seen == [0, 1]
    assert (tmp_path / "model.pt").exists()
    assert "cannot be created" in caplog.text
    assert "after the end" in caplog.text


SCRIPT = """
import contextlib, json, sys
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)
digits = load_digits()
x, y = torch.tensor(digits.data[:400] / 16).float(), torch.tensor(digits.target[:400])
model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=10)
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)

def one_epoch():
    total = 0.0
    for batch, target in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(batch), target)
        loss.backward()
        optimizer.step()
        total += loss.item()
    scheduler.step(total)
    return total

losses = []
if sys.argv[1] == "captured":
    import kprov_capture.torch as kprov
    with kprov.Training("same", model, optimizer, epochs=5, train=loader,
                        scheduler=scheduler) as training:
        for epoch in training.epochs():
            losses.append(one_epoch())
            epoch.log(loss=losses[-1])
else:
    losses = [one_epoch() for _ in range(5)]
print(json.dumps([loss.hex() for loss in losses]))
print(sorted(optimizer.state_dict()["param_groups"][0]), sorted(scheduler.state_dict()))
"""


def test_the_losses_are_the_same_to_the_last_bit_in_fresh_processes(home, captured) -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, how],
            capture_output=True,
            check=True,
            text=True,
            env=child_environment(home.path),
        ).stdout
        for how in ("plain", "captured")
    ]
    assert told[0] == told[1]
    found = captured()
    losses = json.loads(told[1].splitlines()[0])
    assert [row[1].hex() for row in found.epochs("loss")] == losses
    assert found.violations() == []


def test_the_example(home: Home) -> None:
    found = examples.run("torch_loop.py", home)
    assert len(found.epochs()) == 15
    assert {change[3] for change in found.changes()} == {"ReduceLROnPlateau"}
