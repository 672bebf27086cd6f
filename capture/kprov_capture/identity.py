"""Every IRI that kprov coins is coined here.

Things of one run are fragments of the run's IRI, with local names that are
NCNames (https://www.w3.org/TR/xml-names/#NT-NCName), so that they are legal
in Turtle, PROV-N, PROV-XML and RDF/XML. Everything else is a path under the base.
"""

import hashlib
import os
import re
import time

from kprov_capture.privacy import without_secrets

DEFAULT_BASE = "http://localhost:8642/"

_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\Z")
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\Z")
_BASE = re.compile(r"https?://[^\s<>\"{}|\\^`#?]+/\Z")


def uuid7() -> str:
    """A UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, 74 of chance."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80
    value |= int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76  # version
    value = value & ~(0x3 << 62) | 0x2 << 62  # variant
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def check_base(base: str) -> str:
    """``base`` itself. Raises ``ValueError`` unless it is an http(s) IRI that ends in a slash."""
    if not _BASE.match(base):
        raise ValueError(
            f"the base of the IRIs must be an http or https address that ends in '/', "
            f"without '#', '?' or blanks; found {base!r}"
        )
    return base


def _safe(name: str, pattern: re.Pattern[str]) -> str:
    name = without_secrets(name)  # before its hash is taken, which could be guessed
    if pattern.match(name):
        return name
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:60]
    if not cleaned or not (cleaned[0].isalpha() or cleaned[0] == "_"):
        cleaned = f"_{cleaned}"
    return f"{cleaned}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def ncname(name: str) -> str:
    """``name`` where it is an NCName; else a safe form of it with 8 hex digits of its hash."""
    return _safe(name, _NCNAME)


def segment(name: str) -> str:
    """``name`` as one segment of a path, like :func:`ncname` but free to begin with a digit."""
    return _safe(name, _SEGMENT)


class Names:
    """The IRIs of one run.

    ``run_id`` is a UUID; ``base`` an IRI that ends in a slash.
    """

    def __init__(self, run_id: str, base: str = DEFAULT_BASE) -> None:
        self.run_id = run_id
        self.base = check_base(base)
        self.run = f"{base}run/{run_id}"
        self.catalog = f"{base}catalog"
        self.execution = self("execution")
        self.training = self("training")
        self.architecture = self("architecture")
        self.model = self("model")

    def __call__(self, local: str) -> str:
        """The run-scoped thing with this local name, which the caller keeps an NCName."""
        return f"{self.run}#{local}"

    def content(self, sha256: str) -> str:
        """The bytes with this SHA-256."""
        return f"{self.base}content/sha256-{sha256}"

    def dataflow(self, tag: str, specification: str) -> str:
        """The dataflow with this tag, at this version of its specification."""
        digest = hashlib.sha256(specification.encode()).hexdigest()
        return f"{self.base}dataflow/{segment(tag)}/sha256-{digest[:16]}"

    def campaign(self, name: str) -> str:
        """The campaign with this name."""
        return f"{self.base}campaign/{segment(name)}"

    def agent(self, kind: str, name: str) -> str:
        """An agent: ``person``, ``machine`` or ``kprov-capture``, with its id or version."""
        return f"{self.base}agent/{kind}-{segment(name)}"

    def custom(self, kind: str, name: str) -> str:
        """The property of a ``metric`` or ``setting`` that the ontology does not declare."""
        return f"{self.base}{kind}/{ncname(name)}"


class ImportNames:
    """The IRIs of the import of a document with this SHA-256.

    The graph has the document's own names too, as fragments that the importer
    keeps apart from these.
    """

    def __init__(self, sha256: str, base: str = DEFAULT_BASE) -> None:
        self.sha256 = sha256
        self.base = check_base(base)
        self.graph = f"{base}import/sha256-{sha256}"
        self.catalog = f"{base}catalog"
        self.activity = f"{self.graph}#import"
        self.source = f"{self.graph}#source"
        self.content = f"{base}content/sha256-{sha256}"

    def agent(self, kind: str, name: str) -> str:
        """A program that took part: ``kprov``, or what parsed the document, and its version."""
        return f"{self.base}agent/{kind}-{segment(name)}"
