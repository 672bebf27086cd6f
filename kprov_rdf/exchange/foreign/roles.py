"""The files in a folder that a tracker keeps, and what each of them is to the training."""

from collections.abc import Collection

from kprov_rdf.exchange.foreign.training import LoggedFile
from kprov_rdf.exchange.sources import Source

_MODELS = (
    ".ckpt", ".gguf", ".h5", ".hdf5", ".keras", ".onnx", ".pb", ".pt", ".pth", ".safetensors",
    ".tflite", ".weights",
)  # fmt: skip
_DATA_FOLDERS = {"data", "dataset", "datasets"}


def role(path: str, datasets: Collection[str] = ()) -> str:
    """ "model" of a file in a format of models; "dataset" where its folder or the tool says so.

    ``datasets`` are the names that the tool has for data that the training used.
    """
    *folders, name = path.lower().split("/")
    if name.endswith(_MODELS):
        return "model"
    stem = name.partition(".")[0]
    known = stem in {one.lower() for one in datasets}
    return "dataset" if known or _DATA_FOLDERS.intersection(folders) else "file"


def logged(
    source: Source, file: str, path: str, datasets: Collection[str] = (), **digests: str
) -> LoggedFile:
    """A file of a folder, with its hash; ``path`` is what the tool calls it."""
    return LoggedFile(
        path, role(path, datasets), source.digests[file], source.files[file], dict(digests)
    )
