"""xsd:dateTime: one text for one instant (XML Schema 1.1 part 2, section 3.3.7)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.dm.times import time_term

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("lexical", "text"),
    [
        ("2012-11-16T16:05:00Z", '"2012-11-16T16:05:00Z"'),
        ("2012-11-16T17:05:00+01:00", '"2012-11-16T16:05:00Z"'),
        ("2012-11-16T16:05:00-00:00", '"2012-11-16T16:05:00Z"'),
        ("2012-11-16T02:05:00+14:00", '"2012-11-15T12:05:00Z"'),
        # Without a zone it is another value, even beside the same digits in UTC.
        ("2012-11-16T16:05:00", '"2012-11-16T16:05:00"'),
        ("2012-11-16T16:05:00.500", '"2012-11-16T16:05:00.5"'),
        ("2012-11-16T16:05:00.000Z", '"2012-11-16T16:05:00Z"'),
        ("2012-11-16T16:05:00.1234567890123", '"2012-11-16T16:05:00.1234567890123"'),
        ("2012-12-31T24:00:00.0", '"2013-01-01T00:00:00"'),
        ("\n2012-11-16T16:05:00Z ", '"2012-11-16T16:05:00Z"'),
        ("9999-12-31T23:30:00-01:00", '"10000-01-01T00:30:00Z"'),
        ("12012-02-29T00:00:00", '"12012-02-29T00:00:00"'),
        ("0000-01-01T00:30:00+01:00", '"-0001-12-31T23:30:00Z"'),
        ("-0004-02-29T00:00:00", '"-0004-02-29T00:00:00"'),
    ],
)
def test_text_of_a_time(lexical: str, text: str) -> None:
    assert time_term(lexical) == text


@given(st.datetimes(timezones=ZONES), ZONES)
def test_one_instant_has_one_text_in_every_zone(moment: datetime, zone: timezone) -> None:
    try:
        elsewhere = moment.astimezone(zone)
        utc = moment.astimezone(UTC)
    except OverflowError:
        return
    assert time_term(elsewhere.isoformat()) == time_term(moment.isoformat())
    assert time_term(moment.isoformat()) == time_term(utc.isoformat().replace("+00:00", "Z"))


@given(st.datetimes(), st.datetimes())
def test_different_instants_have_different_texts(one: datetime, other: datetime) -> None:
    assert (time_term(one.isoformat()) == time_term(other.isoformat())) == (one == other)


@pytest.mark.parametrize(
    "lexical",
    [
        "",
        "2012-11-16",
        "2012-11-16 16:05:00",
        "2012-11-16T16:05",
        "2012-11-16T16:05:00z",
        "2012-13-16T16:05:00",
        "2013-02-29T16:05:00",
        "2012-11-16T24:00:01",
        "2012-11-16T24:00:00.1",
        "2012-11-16T16:05:60",
        "2012-11-16T16:05:00+14:01",
        "2012-11-16T16:05:00.Z",
        "02012-11-16T16:05:00",
        "٢٠١٢-11-16T16:05:00",
        f"{'9' * 100_000}-11-16T16:05:00",
    ],
)
def test_what_is_no_time_is_told(lexical: str) -> None:
    with pytest.raises(ValueError, match=r"is no|hour 24"):
        time_term(lexical)
