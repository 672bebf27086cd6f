"""Gives the ontology another namespace: ``make namespace IRI=https://example.org/dnnprov#``.

The one place that says it is the header of ``ontology/dnnprov.ttl``. This changes it there
and in everything that must say the same: shapes, queries, constants, tests and pages. What
was recorded before keeps the namespace that it was recorded with.
"""

import re
import sys
from pathlib import Path

from kprov_capture.terms import DNNPROV_NAMESPACE

ROOT = Path(__file__).resolve().parent.parent
_FOLDERS = ("ontology", "shapes", "capture", "kprov_rdf", "tests", "tools", "bench", "docs")
_NAMESPACE = re.compile(r"https?://[\w.-]+(:\d+)?(/[\w.~%/-]*)?#", re.ASCII)
_SUFFIXES = {".ttl", ".rq", ".py", ".md", ".html", ".jsonld", ".json", ".js", ".svg"}


def change(iri: str, root: Path = ROOT, old: str = DNNPROV_NAMESPACE) -> list[Path]:
    """The files that were changed. Raises ``ValueError`` for an IRI that is no namespace."""
    if not _NAMESPACE.fullmatch(iri):
        raise ValueError(
            f"{iri!r} is no namespace that can be used: wanted is an http or https IRI that ends "
            "in '#', such as https://example.org/dnnprov#."
        )
    if f"<{iri}>" in (root / "ontology" / "dnnprov.ttl").read_text() and iri != old:
        raise ValueError(
            f"{iri} is the namespace of a vocabulary that this one uses. Take another."
        )
    changed = []
    files = [one for folder in _FOLDERS for one in sorted((root / folder).rglob("*"))]
    for path in [root / "README.md", *files]:
        if path.suffix not in _SUFFIXES or not path.is_file():
            continue
        before = path.read_text()
        # The ontology's own IRI, its shapes and topics lie below the namespace without its '#'.
        after = before.replace(old.rstrip("#"), iri.rstrip("#"))
        if after != before:
            path.write_text(after)
            changed.append(path)
    return changed


if __name__ == "__main__":
    try:
        done = change(*sys.argv[1:2])
    except (TypeError, ValueError) as error:
        sys.exit(f"make namespace IRI=...: {error}")
    print(f"{len(done)} files changed.")
