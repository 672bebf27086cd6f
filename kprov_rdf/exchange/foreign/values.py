"""Values as other tools write them: times, digests, sizes."""

import re
from datetime import datetime

import pyoxigraph as ox

from kprov_capture.terms import XSD_NAMESPACE

_DATE_TIME = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)
_SHORT_TIME = re.compile(r"(.*T\d\d:\d\d)(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)
_SHORT_ZONE = re.compile(r"([+-]\d\d)(\d\d)?\Z", re.ASCII)
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
_SIZE = re.compile(r"\s*(\d{1,18})\s*(B|bytes?)?\s*\Z", re.IGNORECASE | re.ASCII)


def date_time(text: str) -> ox.Literal | None:
    """A time as xsd:dateTime: seconds and the colon of the zone are filled in; None: it is none."""
    text = text.strip().replace(" ", "T", 1)
    if "T" in text:
        day, _, clock = text.partition("T")
        zone = _SHORT_ZONE.search(clock)
        if zone:
            clock = f"{clock[: zone.start()]}{zone[1]}:{zone[2] or '00'}"
        text = f"{day}T{clock}"
    short = _SHORT_TIME.match(text)
    if short:
        text = f"{short[1]}:00{short[2] or ''}"
    if not _DATE_TIME.match(text):
        return None
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return ox.Literal(text, datatype=ox.NamedNode(f"{XSD_NAMESPACE}dateTime"))


def sha256(text: str) -> str | None:
    """A SHA-256 in hex, in small letters; None: it is none."""
    return text.lower() if _SHA256.match(text) else None


def size(text: str) -> int | None:
    """A number of bytes, where ``contentSize`` says it exactly."""
    found = _SIZE.match(text)
    return int(found[1]) if found else None
