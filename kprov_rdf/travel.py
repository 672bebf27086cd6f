"""Provenance that came with the file of a model, and whether it is about that model.

``kprov_capture.archive`` says how it is laid out. What is read comes from anywhere: sizes are
limited, nothing is unpacked to a disk, and names in an archive are never paths.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyoxigraph as ox

from kprov_capture.archive import BESIDE, DOCUMENT, FOLDER, LAYOUT, MANIFEST, MAX_MEMBERS
from kprov_capture.identity import check_base
from kprov_capture.redaction import IN_ARCHIVE
from kprov_rdf import journal
from kprov_rdf.dm import guards
from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.exchange.scope import RECORD
from kprov_rdf.exchange.sources import MAX_BYTES
from kprov_rdf.runs import RunInfo, listing
from kprov_rdf.store import LocalStore, Store, select

_MAX_MANIFEST = 1 << 20
# Keras stores the parts of a model as they are; what unpacks to far more is none.
_MAX_EXPANSION = 100
_EXPANSION_FLOOR = 1 << 28
_CHUNK = 1 << 22
_SHOWN = 5

_PARTS = """SELECT ?file ?path ?sha {
  ?file prov:hadMember ?part . ?part a dnnprov:File ; dnnprov:path ?path ;
    prov:specializationOf ?content . ?content dnnprov:sha256 ?sha }"""
_FILES = """SELECT ?sha {
  ?file a dnnprov:File ; prov:wasGeneratedBy ?activity ; prov:specializationOf ?content .
  ?content dnnprov:sha256 ?sha }"""


@dataclass(frozen=True)
class Carried:
    """The provenance that came with ``path``: the document, and what it says, in memory.

    ``parts`` is how many hashes were compared; ``problems`` say what does not agree.
    """

    path: Path
    document: bytes
    run: RunInfo
    store: LocalStore
    parts: int
    problems: tuple[str, ...]


def find(path: Path) -> Carried | None:
    """The provenance in a file, or beside it; None where there is none.

    ``path`` is the file of a model, or the document beside one. Raises ``InputError`` for
    what is damaged or not to be trusted with reading, ``NotFoundError`` where a file cannot
    be read.
    """
    if path.name.endswith(BESIDE):
        model = path.with_name(path.name.removesuffix(BESIDE))
        return _beside(model, path) if path.is_file() else None
    if not path.is_file():
        return None
    try:
        found = _embedded(path) if zipfile.is_zipfile(path) else None
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read: {error.strerror}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise InputError(f"{path} is a damaged archive: {error}.") from error
    beside = path.with_name(path.name + BESIDE)
    if found is None and beside.is_file():
        return _beside(path, beside)
    if found is None and _is_cut(path):
        raise InputError(f"{path} is a damaged archive: its directory, at the end, is not there.")
    return found


def _is_cut(path: Path) -> bool:
    """Whether it begins as an archive of one file or more, and does not end as one."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04" and not zipfile.is_zipfile(path)


def _embedded(path: Path) -> Carried | None:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if DOCUMENT not in names:
            return None
        twice = {name for name in names if names.count(name) > 1} if len(names) < 1000 else names
        if twice or len(names) > MAX_MEMBERS + 2:
            raise InputError(
                f"{path} has {len(names)} members, or more than one of a name. Keras and kprov "
                "write no such archive; it is not read."
            )
        _check_expansion(path, archive)
        document = _member(path, archive, DOCUMENT, MAX_BYTES)
        manifest = _manifest(path, archive)
        own = {
            one.filename: _sha256(archive.open(one))
            for one in archive.infolist()
            if not one.filename.startswith(FOLDER) and not one.is_dir()
        }
    run, store = _loaded(document, f"{DOCUMENT} in {path}")
    problems = [*_differences(store, own), *_lies(manifest, run.iri, document, own)]
    return Carried(path, document, run, store, len(own), tuple(problems))


def _beside(model: Path, path: Path) -> Carried:
    try:
        with path.open("rb") as file:
            document = file.read(MAX_BYTES + 1)
        found = _sha256(model.open("rb")) if model.is_file() else None
    except OSError as error:
        raise NotFoundError(f"{error.filename} cannot be read: {error.strerror}.") from error
    if len(document) > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES >> 20} MiB, and is not read.")
    run, store = _loaded(document, str(path))
    told = {str(row["sha"].value) for row in select(store, _FILES)}
    problems = []
    if found is None:
        problems.append(f"{model.name}, which it lies beside, is not there")
    elif found not in told:
        problems.append(
            f"its SHA-256 is {found}, and the run wrote "
            + (f"files with {_listed(told)}" if told else "no file with a known one")
        )
    return Carried(model, document, run, store, 1, tuple(problems))


def _listed(hashes: set[str]) -> str:
    shown = sorted(hashes)[:_SHOWN]
    return ", ".join(shown) + (", …" if len(hashes) > len(shown) else "")


def _check_expansion(path: Path, archive: zipfile.ZipFile) -> None:
    """By what the members declare: zipfile reads no more of them."""
    whole = sum(one.file_size for one in archive.infolist())
    if whole > max(_EXPANSION_FLOOR, _MAX_EXPANSION * path.stat().st_size):
        raise InputError(f"{path} would unpack to {whole >> 20} MiB; it is not read.")


def _member(path: Path, archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with archive.open(name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise InputError(f"{name} in {path} is larger than {limit >> 20} MiB; it is not read.")
    return data


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    with file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _manifest(path: Path, archive: zipfile.ZipFile) -> Mapping[str, Any]:
    if MANIFEST not in archive.namelist():
        raise InputError(f"{path} has {DOCUMENT} but no {MANIFEST}; kprov writes both.")
    try:
        found = json.loads(_member(path, archive, MANIFEST, _MAX_MANIFEST))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{MANIFEST} in {path} is no JSON that can be read: {error}.") from error
    layout = found.get("layout") if isinstance(found, dict) else None
    if layout != LAYOUT:
        raise InputError(
            f"{MANIFEST} in {path} says layout {str(layout)[:20]!r}, and this kprov reads "
            f"{LAYOUT}. Upgrade kprov, if a newer one wrote it."
        )
    return dict(found)


def _loaded(document: bytes, name: str) -> tuple[RunInfo, LocalStore]:
    """What the document says, in a store in memory, and the run that it is of."""
    iri, text = journal.copied(document, name)
    match = RECORD.fullmatch(iri)
    try:
        base = check_base(match[1]) if match else None
    except ValueError:
        base = None
    if base is None:
        raise InputError(f"{name} does not name a run as kprov does; found {iri[:200]!r}.")
    guards.check_rdf(text, name)
    run = ox.NamedNode(iri)
    allowed = {run, ox.NamedNode(f"{base}catalog")}
    try:
        other = next(
            (q for q in ox.parse(text, ox.RdfFormat.N_QUADS) if q.graph_name not in allowed), None
        )
    except SyntaxError as error:
        raise InputError(f"{name} is not N-Quads: {error}.") from error
    if other is not None:
        raise InputError(
            f"{name} also says something in {other.graph_name}, and is to be about its run "
            f"{iri} only. It is not read."
        )
    store = LocalStore()
    store.load(text)
    # Saved while it ran, so it does not end in there; that is no crash.
    runs = listing(store, {iri}, iri)
    if not runs:
        raise InputError(f"{name} tells nothing of the run {iri} that it names.")
    return runs[0], store


def _differences(store: Store, own: Mapping[str, str]) -> Iterator[str]:
    """What the archive has otherwise than the save that resembles it most."""
    told: dict[str, dict[str, str]] = {}
    for row in select(store, _PARTS):
        name = str(row["path"].value).rpartition(IN_ARCHIVE)[2]
        if not name.startswith(FOLDER):
            told.setdefault(row["file"].value, {})[name] = row["sha"].value
    if not told:
        yield "its provenance tells no SHA-256 of a part of it"
        return
    closest = max(told.values(), key=lambda one: len(one.items() & own.items()))
    for name in sorted(own.keys() | closest.keys()):
        found, wanted = own.get(name), closest.get(name)
        if found is None:
            yield f"it has no {name}, of which its provenance tells"
        elif wanted is None:
            yield f"it has {name}, of which its provenance tells nothing"
        elif found != wanted:
            yield f"its {name} has the SHA-256 {found}, and its provenance tells of {wanted}"


def _lies(
    manifest: Mapping[str, Any], run: str, document: bytes, own: Mapping[str, str]
) -> Iterator[str]:
    """What the manifest says otherwise than it is."""
    if manifest.get("run") != run:
        told = str(manifest.get("run"))[:200]
        yield f"its manifest names another run than its provenance: {told}"
    if _said(manifest.get("document")) != hashlib.sha256(document).hexdigest():
        yield "its manifest tells another SHA-256 of the provenance than that has"
    members = manifest.get("members")
    said = {k: _said(v) for k, v in members.items()} if isinstance(members, dict) else {}
    if said != own:
        yield "its manifest tells other SHA-256s of the parts than they have"


def _said(entry: object) -> object:
    return entry.get("sha256") if isinstance(entry, dict) else None
