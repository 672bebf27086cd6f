"""Times of PROV-DM (xsd:dateTime) as terms, so that two are equal where they mean one instant."""

import re
from datetime import UTC, datetime, timedelta

_DATE_TIME = re.compile(
    r"(-?)(\d{4,})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", re.ASCII
)


def time_term(lexical: str) -> str:
    """The text of a time as a term (``Terms``): equal for equal values of xsd:dateTime.

    A time without a zone equals none with one. Raises ``ValueError`` for what is no time.
    """
    match = _DATE_TIME.fullmatch(lexical.strip())
    if match is None:
        raise ValueError(f"{lexical!r} is no xsd:dateTime, such as 2026-11-21T09:30:00Z")
    minus, year, month, day, hour, minute, second, fraction, zone = match.groups()
    midnight = hour == "24" and (minute, second) == ("00", "00") and not (fraction or "").strip("0")
    if minus or len(year) > 4 or year == "0000":
        return f'"{match[0]}"'  # beyond what Python counts: as it is written
    at = datetime(int(year), int(month), int(day), 0 if midnight else int(hour), int(minute),
                  int(second))  # fmt: skip
    digits = (fraction or "").rstrip("0")
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:])
        if hours * 60 + minutes > 14 * 60 or minutes > 59:
            raise ValueError(f"{lexical!r} has a zone of more than 14 hours")
    try:
        if midnight:
            at += timedelta(days=1)
        if zone and zone != "Z":
            offset = timedelta(hours=hours, minutes=minutes)
            at = at.replace(tzinfo=UTC) + (offset if zone[0] == "-" else -offset)
    except OverflowError:
        return f'"{match[0]}"'
    text = f"{at:%Y-%m-%dT%H:%M:%S}".rjust(19, "0")
    return f'"{text}{"." + digits if digits else ""}{"Z" if zone else ""}"'
