"""Times of PROV-DM, xsd:dateTime, as texts that are equal where the instants are.

XML Schema 1.1 part 2, section 3.3.7.
"""

import re
from datetime import datetime, timedelta

_TIME = re.compile(
    r"(?P<year>-?(?:[1-9][0-9]{4,17}|[0-9]{4}))-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<hours>0[0-9]|1[0-3]|14(?=:00)):(?P<minutes>[0-5][0-9]))?"
)
_CYCLE = 400  # years after which the calendar repeats itself


def time_term(lexical: str) -> str:
    """The text for ``Terms`` of an xsd:dateTime: ``"2012-11-16T16:05:00Z"``, with its quotes.

    Instants with a zone are told in UTC; one without a zone stays apart from all of them. Years may
    have up to 18 digits and a minus. Raises ``ValueError`` for what is no xsd:dateTime.
    """
    found = _TIME.fullmatch(lexical.strip(" \t\r\n"))
    if found is None:
        raise ValueError(f"{lexical[:60]!r} is no xsd:dateTime, such as 2012-11-16T16:05:00Z")
    year, hour = int(found["year"]), int(found["hour"])
    fraction = (found["fraction"] or "").rstrip("0")
    midnight = hour == 24
    if midnight and (fraction or found["minute"] != "00" or found["second"] != "00"):
        raise ValueError(f"{lexical[:60]!r} has an hour 24, which is only allowed as 24:00:00")
    # In a year that datetime has, and that is a leap year where this one is.
    stand_in = 2000 + year % _CYCLE
    try:
        moment = datetime(
            stand_in,
            int(found["month"]),
            int(found["day"]),
            0 if midnight else hour,
            int(found["minute"]),
            int(found["second"]),
        )
    except ValueError as error:
        raise ValueError(f"{lexical[:60]!r} is no time that exists: {error}") from error
    if midnight:
        moment += timedelta(days=1)
    if found["sign"]:
        away = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
        moment += away if found["sign"] == "-" else -away
    year += moment.year - stand_in
    written = f"-{-year:04}" if year < 0 else f"{year:04}"
    tail = (f".{fraction}" if fraction else "") + ("Z" if found["zone"] else "")
    return f'"{written}-{moment:%m-%dT%H:%M:%S}{tail}"'
