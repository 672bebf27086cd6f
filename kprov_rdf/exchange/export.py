"""Writing records to hand them on: which, changed how, in which format, and where to.

with open_snapshot(home) as store:
    chosen = selection.of_records(store, selection.find(store, ["@latest"]))
    data = export.write(chosen, "svg", export.Options(summary=True))
"""

import dataclasses
import io
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from kprov_capture.identity import DEFAULT_BASE
from kprov_rdf.errors import InputError, StorageError
from kprov_rdf.exchange import formats
from kprov_rdf.exchange.edits import fold, lineage, near, rebase, redact
from kprov_rdf.exchange.formats import Content, Files, Written
from kprov_rdf.exchange.selection import Selection
from kprov_rdf.exchange.writing import to_file

# A picture of a training of more epochs than this has them folded, unless it is said otherwise.
MOST_EPOCHS = 12
_ZIPPED_AT = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can say: the same content, the same bytes


@dataclass(frozen=True)
class Options:
    """What is changed before it is written, in this order.

    ``lineage``: only how the thing of this name came to be (``edits.lineage``).
    ``depth``: only what is so many PROV relations from the execution or a model.
    ``summary``: the epochs of a training as one, and its adaptations where they are many; None: in
    pictures of many epochs.
    ``redact``: without persons, hosts and paths. ``base``: what IRIs of kprov's begin with.
    """

    depth: int | None = None
    summary: bool | None = None
    redact: bool = False
    base: str | None = None
    lineage: str | None = None


def edited(chosen: Selection, options: Options, picture: bool = False) -> Selection:
    """What is selected, changed by the options.

    Raises ``InputError`` for a base that is none, and as ``redact`` does.
    """
    graphs = chosen.graphs
    if options.lineage is not None:
        graphs = lineage.lineage(graphs, lineage.find(graphs, options.lineage))
    if options.depth is not None:
        graphs = near.near(graphs, options.depth)
    many = picture and options.summary is None and fold.epochs(graphs) > MOST_EPOCHS
    if options.summary or many:
        graphs = fold.fold(graphs)
    chosen = dataclasses.replace(chosen, graphs=graphs)
    # The base first: it may be what names a host.
    if options.base:
        chosen = _rebased(chosen, options.base)
    return _redacted(chosen) if options.redact else chosen


def _rebased(chosen: Selection, base: str) -> Selection:
    name = rebase.renaming((chosen.base, DEFAULT_BASE), base)
    return Selection(
        rebase.rename(chosen.graphs, name),
        tuple(map(name, chosen.records)),
        base,
        frozenset(map(name, chosen.living)),
    )


def _redacted(chosen: Selection) -> Selection:
    cleaned = redact.Redaction(chosen.graphs, chosen.records, chosen.base)
    return Selection(
        cleaned.graphs(),
        tuple(map(cleaned.iri, chosen.records)),
        chosen.base,
        frozenset(map(cleaned.iri, chosen.living)),
    )


def written(chosen: Selection, form: str, options: Options | None = None) -> Written:
    """What is selected in the format ``form``, a key of ``formats.FORMATS``.

    Of a format that is a folder, the files by name. Raises ``InputError`` for a format that
    there is not, and as ``edited`` and ``formats.written`` do.
    """
    if form not in formats.FORMATS:
        raise InputError(
            f"There is no format {form!r}; the formats are {', '.join(formats.FORMATS)}."
        )
    picture = formats.FORMATS[form].picture
    return formats.written(edited(chosen, options or Options(), picture), form)


def content(chosen: Selection, form: str, options: Options | None = None) -> Content:
    """The content of what ``written`` gives."""
    return written(chosen, form, options).content


def write(chosen: Selection, form: str, options: Options | None = None) -> bytes:
    """The same as one file: of a format that is a folder, a ZIP of it."""
    found = content(chosen, form, options)
    return found if isinstance(found, bytes) else zipped(found)


def zipped(files: Files) -> bytes:
    """The files as a ZIP, which depends on their names and content only."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, given in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _ZIPPED_AT)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with archive.open(entry, "w", force_zip64=True) as file:
                if isinstance(given, bytes):
                    file.write(given)
                else:
                    with given.open("rb") as source:
                        shutil.copyfileobj(source, file)
    return target.getvalue()


def save(found: Content, path: Path) -> None:
    """Write it whole or not at all: several files as a ZIP where ``path`` ends so, else a folder.

    Raises ``InputError`` for a folder that is there already and is not empty, ``StorageError``
    where it cannot be written.
    """
    if isinstance(found, bytes):
        to_file(found, path)
    elif path.suffix.lower() == ".zip":
        to_file(zipped(found), path)
    else:
        _folder(found, path)


def _folder(files: Files, path: Path) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(
            f"{path} is there already and is no empty folder; nothing was written. Name another "
            "one, or a .zip."
        )
    beside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        for name, given in files.items():
            place = beside / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(given, bytes):
                place.write_bytes(given)
            else:
                shutil.copyfile(given, place)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o777 & ~mask)  # mkdtemp makes it private
        os.replace(beside, path)
    except OSError as error:
        raise StorageError(
            f"{error.filename or path} cannot be written: {error.strerror}. Name another folder "
            "with -o, or free some space; nothing was written."
        ) from error
    finally:
        if beside:
            shutil.rmtree(beside, ignore_errors=True)
