"""The dataflows that were made known to a state folder, for tasks that name them by their tag."""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from kprov_capture.dataflow import Dataflow
from kprov_capture.messages import read_dataflow


def _file(home: Path, tag: str) -> Path:
    # By a hash: a tag may be longer than a name of a file, and differ from another in case only.
    return home / "dataflows" / f"{hashlib.sha256(tag.encode('utf-8', 'replace')).hexdigest()}.json"


def register(home: Path, message: Any) -> Dataflow:
    """Keep a message that specifies a dataflow, in the place of one with the same tag.

    Raises ``ValueError`` where it cannot be understood, ``OSError`` where it cannot be kept.
    """
    flow = read_dataflow(message)
    path = _file(home, flow.tag)
    text = json.dumps(message)
    with contextlib.suppress(OSError, ValueError):
        if path.read_text("ascii") == text:
            return flow
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(text, "ascii")
    beside.replace(path)
    return flow


def find(home: Path, tag: str) -> tuple[Dataflow, Any]:
    """The dataflow with this tag, and the message that specified it.

    Raises ``ValueError`` where none is known.
    """
    try:
        message = json.loads(_file(home, tag).read_text("ascii"))
        return read_dataflow(message), message
    except (OSError, ValueError) as error:
        raise ValueError(
            f"The dataflow {tag!r} is not known in {home}. Save its specification first: "
            "Dataflow.save(), or POST /pde/dataflow/json."
        ) from error
