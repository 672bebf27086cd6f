"""kprov_capture.identity"""

import re
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.identity import (
    DEFAULT_BASE,
    ImportNames,
    Names,
    check_base,
    ncname,
    segment,
    uuid7,
)

NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*\Z")


def test_uuid7_is_of_version_7_and_holds_the_time() -> None:
    before = time.time_ns() // 1_000_000
    value = uuid.UUID(uuid7())
    assert value.variant == uuid.RFC_4122
    assert value.version == 7
    assert before <= value.int >> 80 <= time.time_ns() // 1_000_000


def test_uuids_differ() -> None:
    assert len({uuid7() for _ in range(10_000)}) == 10_000


@given(st.text())
def test_any_name_becomes_an_ncname(name: str) -> None:
    assert NCNAME.match(ncname(name))
    assert not ncname(name).endswith(".")


@given(st.text(), st.text())
def test_names_that_differ_stay_different(one: str, other: str) -> None:
    assert (one == other) == (ncname(one) == ncname(other))
    assert (one == other) == (segment(one) == segment(other))


@pytest.mark.parametrize("name", ["conv2d_1", "val_loss", "block1.conv-2", "_x"])
def test_a_name_that_is_an_ncname_is_kept(name: str) -> None:
    assert ncname(name) == name


def test_fragments_and_paths() -> None:
    names = Names("0193b1c2-7a10-7c3e-9d55-0f3c2b1a4e77")
    assert names("epoch-3") == f"{DEFAULT_BASE}run/0193b1c2-7a10-7c3e-9d55-0f3c2b1a4e77#epoch-3"
    assert names.content("ab") == f"{DEFAULT_BASE}content/sha256-ab"
    assert names.custom("metric", "f1") == f"{DEFAULT_BASE}metric/f1"


@pytest.mark.parametrize("base", ["", "x", "http://e", "http://e/#", "ftp://e/", "http://e/ /"])
def test_a_base_that_is_none_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="must be an http or https address"):
        check_base(base)


def test_an_import_is_named_by_the_bytes_that_were_imported() -> None:
    names = ImportNames("a" * 64, "https://example.org/p/")
    assert names.graph == "https://example.org/p/import/sha256-" + "a" * 64
    assert names.activity == names.graph + "#import"
    assert names.content == Names(uuid7(), "https://example.org/p/").content("a" * 64)
    assert names.agent("prov", "3.2.3") == "https://example.org/p/agent/prov-3.2.3"
    with pytest.raises(ValueError, match="base of the IRIs"):
        ImportNames("a" * 64, "no base")
