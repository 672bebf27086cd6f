"""The provenance of a model goes with its file: embedded in it, or beside it.

The document in an archive tells the SHA-256 of each member of the model, and the run
that of the finished archive and of the document in it. So the archive leads to the run, the
run to the archive, and :mod:`kprov_capture.archive` says how.
"""

import os

from kprov_capture import archive, guard, statements_data, written
from kprov_capture.archive import CannotEmbedError
from kprov_capture.home import Home, HomeError
from kprov_capture.redaction import IN_ARCHIVE
from kprov_capture.run import Run

# Saving a model waits at most about this long for each: what is written, and the copy.
_SECONDS = 5.0
_COPY_SECONDS = 15.0


def model_file(run: Run, started: float, ended: float, path: str, kind: str | None = None) -> None:
    """The model was saved to ``path``: record it, and put its provenance where it is wanted.

    Where it cannot be embedded it lies beside. What fails leaves the file as it was.
    Afterwards the file may change again.
    """
    try:
        how = Home(run.home).travel()
    except HomeError as error:
        guard.report(error, "tell how provenance is to go with a model")
        how = "off"
    exports = [0]

    def finish(number: int) -> None:
        nonlocal how
        exports[0] = number
        if how == "embedded":
            wanted = path.endswith(".keras")
            how = "beside" if wanted and not _embedded(run, number, path) else "off"

    run.model_file(started, ended, path, kind=kind, finish=finish)
    if how == "beside":
        try:
            _beside(run, exports[0], path)
        except (OSError, CannotEmbedError) as error:
            guard.report(error, "write the provenance of a model beside it")
    run.release_data(_SECONDS)


def _embedded(run: Run, number: int, path: str) -> bool:
    try:
        own = archive.members(path, _COPY_SECONDS)
        run.tell(statements_data.archive_members, number, path + IN_ARCHIVE, own)
        document = run.document(_SECONDS)
        told = archive.manifest(run.names.run, run.tag, document, own)
        archive.embed(path, document, told, _COPY_SECONDS)
    except (OSError, CannotEmbedError) as error:
        guard.report(error, "embed the provenance in a model's file, and puts it beside")
        return False
    inside = path + IN_ARCHIVE + archive.DOCUMENT
    _tell(run, number, inside, document, None)
    return True


def _tell(run: Run, export: int, path: str, document: bytes, written: float | None) -> None:
    content = archive.of_bytes(document)
    number = run.number("document")
    run.tell(statements_data.document, number, export, path, content, written)


def beside(run: Run, path: str | os.PathLike[str]) -> str:
    """Write the provenance of ``run`` so far beside the file of its model, and give its path.

    For any format: ``model.pt`` gets ``model.pt.prov.nq``. What ``run`` knows of the file
    is its SHA-256, so that ``kprov show model.pt`` can tell whether it is this model.

    Raises ``ValueError`` for a run that is closed, ``FileNotFoundError`` where there is no
    such file, and ``OSError`` where the document cannot be written.
    """
    text = os.path.abspath(os.fspath(path))
    if run.closed:
        raise ValueError(
            f"the run {run.id[-8:]} is closed, and takes nothing more; call beside(run, "
            f"{os.path.basename(text)!r}) before run.close(), within its with statement"
        )
    if not os.path.isfile(text):
        raise FileNotFoundError(f"there is no file {text}; save the model before")
    number, state = run.exported.get(text, (0, None))
    if state is None or state != written.state(text):  # not saved before, or saved again since
        now = run.now()
        run.model_file(now, now, text)
        number, _ = run.exported[text]
    try:
        return _beside(run, number, text)
    except CannotEmbedError as error:
        raise FileExistsError(f"{error}; take it away, and try again") from error


def _beside(run: Run, number: int, path: str) -> str:
    run.release_data(_SECONDS)  # its hash is to stand in the document
    document = run.document(_SECONDS)
    name = archive.put_beside(path, document)
    _tell(run, number, name, document, run.now())
    return name
