"""Test the model of tools/trackers.py, and write that down as a Process Run Crate.

It makes tests/exchange/fixtures/trackers/crate/, which docs/exchange.md merges with what kprov and
MLflow recorded of the same model: where its data come from, and how it was tested afterwards. All
values are real; the person is the one whom ORCID has for examples.

    PYTHONPATH=. .venv/bin/python -m tools.crate
"""

import hashlib
import json
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

TRACKERS = Path(__file__).resolve().parent.parent / "tests/exchange/fixtures/trackers"
OUT = TRACKERS / "crate"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
SKLEARN = f"pkg:pypi/scikit-learn@{version('scikit-learn')}"
PERSON = "https://orcid.org/0000-0002-1825-0097"


def confusion() -> str:
    """Which digits the model takes for which: a row for each digit, in the order of the columns."""
    import keras
    import numpy

    model = keras.models.load_model(OUT / "digits.keras")
    with numpy.load(OUT / "digits.npz") as table:
        x, y = table["x"].astype("float32") / 16, table["y"]
    found = numpy.zeros((10, 10), int)
    numpy.add.at(found, (y, model.predict(x, verbose=0).argmax(axis=1)), 1)
    rows = [["digit", *range(10)], *([digit, *row] for digit, row in enumerate(found.tolist()))]
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def ref(*names: str) -> Any:
    """A property whose values are other entities."""
    found = [{"@id": name} for name in names]
    return found[0] if len(found) == 1 else found


def entity(iri: str, kind: str, **properties: Any) -> dict[str, Any]:
    return {"@id": iri, "@type": kind, **properties}


def file(path: str, data: bytes, name: str, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    told = {"contentSize": str(len(data)), "encodingFormat": media_type, "sha256": digest}
    return entity(path, "File", name=name, **told)


def crate(started: datetime, ended: datetime) -> dict[str, Any]:
    """The metadata of the crate (RO-Crate 1.1; Process Run Crate 0.5)."""
    raw = (files("sklearn.datasets") / "data" / "digits.csv.gz").read_bytes()
    csv = "https://raw.githubusercontent.com/scikit-learn/scikit-learn/main/sklearn/datasets/data/digits.csv.gz"
    names = ("digits.npz", "digits.keras", "confusion.csv")
    content = {name: (OUT / name).read_bytes() for name in names}
    times = {
        "startTime": started.isoformat(timespec="seconds"),
        "endTime": ended.isoformat(timespec="seconds"),
    }
    graph = [
        entity("ro-crate-metadata.json", "CreativeWork", about=ref("./"),
               conformsTo=ref("https://w3id.org/ro/crate/1.1")),
        entity("./", "Dataset", name="A classifier of digits, tested", author=ref(PERSON),
               description="Where the digits come from, and how the classifier was tested.",
               datePublished=f"{ended:%Y-%m-%d}", conformsTo=ref(PROFILE), license="MIT",
               hasPart=ref(csv, *names), mentions=ref("#sampling", "#test")),
        entity(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5"),
        entity("#sampling", "CreateAction", name="Take the first 400 digits", agent=ref(PERSON),
               instrument=ref(SKLEARN), object=ref(csv), result=ref("digits.npz")),
        entity("#test", "CreateAction", name="Test the classifier", agent=ref(PERSON),
               instrument=ref("#keras"), object=ref("digits.keras", "digits.npz"),
               result=ref("confusion.csv"), **times),
        entity(SKLEARN, "SoftwareApplication", name="scikit-learn", url=SKLEARN,
               softwareVersion=version("scikit-learn")),
        entity("#keras", "SoftwareApplication", name="Keras", url="https://keras.io/",
               softwareVersion=version("keras")),
        entity(PERSON, "Person", name="Josiah Carberry"),
        file(csv, raw, "Handwritten digits", "application/gzip"),
        file("digits.npz", content["digits.npz"], "The first 400 digits", "application/zip"),
        file("digits.keras", content["digits.keras"], "The classifier", "application/zip"),
        file("confusion.csv", content["confusion.csv"], "Confusion matrix", "text/csv"),
    ]  # fmt: skip
    context = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run"]
    return {"@context": context, "@graph": graph}


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    for path in TRACKERS.glob("mlruns/*/*/artifacts/*/digits.*"):
        shutil.copy(path, OUT)
    started = datetime.now(UTC)
    (OUT / "confusion.csv").write_text(confusion())
    found = crate(started, datetime.now(UTC))
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    (OUT / "ro-crate-metadata.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
