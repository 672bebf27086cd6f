"""Generates the parts of docs/exchange.md that the code says already, and runs its commands."""

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kprov_rdf.dm.repairs import RULES
from kprov_rdf.exchange import contexts, foreign, formats, sniff
from kprov_rdf.exchange.foreign import provone
from tools import losses

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/exchange.md"
TRACKERS = ROOT / "tests/exchange/fixtures/trackers"
_HASH = re.compile(r"([0-9a-f]{8})[0-9a-f]{24,}")
_PROV = ("provn", "provjson", "provxml", "provjsonld")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join([_row(*head), "|---" * len(head) + "|", *(_row(*row) for row in rows)])


def reading() -> str:
    """What is read: tool or format, versions, what is kept, what is not."""
    prov = [sniff.FORMATS[key].label for key in _PROV]
    rdf = [one.label for key, one in sniff.FORMATS.items() if key not in _PROV]
    rows = [
        (_and(prov), "W3C, 2013 to 2026", "all statements", _and(losses.unsaid())),
        (_and(rdf), "1.1; JSON-LD 1.1", "all statements, in their graphs",
         "an empty graph; documents with triple terms (RDF 1.2) are refused"),
        _of(provone.FORMAT),
    ]  # fmt: skip
    for key in foreign.MODULES:
        module = foreign.module(key)
        if module:
            rows.append(_of(module.FORMAT))
    head = ("tool or format", "versions, and where it is", "what is kept", "what is not")
    return _table(head, rows)


def _and(names: list[str]) -> str:
    return ", ".join(names)


def _of(form: sniff.Format) -> tuple[str, ...]:
    if not (form.versions and form.kept and form.left):
        raise ValueError(f"{form.label} does not say what of it is read")
    return form.label[0].upper() + form.label[1:], form.versions, form.kept, form.left


def repairs() -> str:
    """The rules by which defects are mended."""
    rows = [(f"`{name}`", one.what, one.how, one.tools) for name, one in RULES.items()]
    return _table(("rule", "what is wrong", "how it is read", "seen of"), rows)


def shipped() -> str:
    """The contexts of JSON-LD: those of the folder, as its README tells."""
    folder = Path(contexts.__file__).parent / "contexts"
    told = {}
    for line in (folder / "README.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `"):
            told[cells[0].strip(" `")] = (cells[2], cells[1], cells[4].strip("| "))
    files = {path.name for path in folder.glob("*.jsonld")}
    if files != told.keys():
        raise ValueError(f"contexts/README.md does not tell of {files ^ told.keys()}")
    return _table(("address", "version", "licence"), list(told.values()))


def writing() -> str:
    """What is written: formats, how they are named, what they hold and lack."""
    rows = []
    for key, one in formats.FORMATS.items():
        suffixes = ", ".join(f"`.{suffix}`" for suffix in one.suffixes)
        named = suffixes or ("a folder or `.zip`" if one.folder else "–")
        rows.append((one.label, f"`{key}`", named, one.holds, one.lacks))
    return _table(("format", "`--format`", "by suffix", "what is in it", "what is not"), rows)


@functools.cache
def _work() -> tempfile.TemporaryDirectory[str]:
    """A folder with the files of the page; its commands run in it."""
    folder = tempfile.TemporaryDirectory()
    place = Path(folder.name).resolve()
    for name in ("mlruns", "crate"):
        shutil.copytree(TRACKERS / name, place / name)
    shutil.copy(TRACKERS / "kprov.nq.gz", place)
    (place / "examples").symlink_to(ROOT / "examples")
    for name, text in _blocks():
        (place / name).write_text(text, "utf-8")
    return folder


def _blocks() -> list[tuple[str, str]]:
    """The files that the page shows: a block after a line that ends in ``name`` and a colon."""
    return re.findall(r"`([\w.]+)`:\n\n```\w*\n(.*?)```\n", PAGE.read_text("utf-8"), re.DOTALL)


def run(*commands: str, width: int = 150) -> str:
    """What commands print, as a block of a console; hashes are cut, and lines at ``width``."""
    folder = os.path.realpath(_work().name)
    kprov = f"{sys.executable} -m kprov_rdf"
    path = os.pathsep.join([str(ROOT), str(ROOT / "capture")])
    lines = ["```console"]
    for command in commands:
        script = f'kprov() {{ {kprov} "$@"; }}\npython() {{ {sys.executable} "$@"; }}\n{command}'
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": path, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{command}: {done.stderr}")
        lines.append(f"$ {command}")
        told = (done.stdout + done.stderr).replace(f"{folder}/", "")
        for line in _HASH.sub(r"\1…", told).splitlines():
            lines.append(line if len(line) <= width else f"{line[: width - 2]} …")
    return "\n".join([*lines, "```"])


def main() -> None:
    """Draw the picture of the page."""
    run("kprov merge kprov.nq.gz mlruns crate")
    run("kprov export --all --lineage confusion.csv -o lineage.svg")
    shutil.copy(Path(_work().name) / "lineage.svg", ROOT / "docs/pictures/merged.svg")


if __name__ == "__main__":
    main()
