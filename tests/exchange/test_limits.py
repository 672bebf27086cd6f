"""What is refused, or done otherwise, since it would take too much memory."""

from itertools import repeat

import pyoxigraph as ox
import pytest

from kprov_rdf.errors import LimitError
from kprov_rdf.exchange import blanks, mend

NODE = ox.NamedNode("http://e.org/a")


def test_rdf_of_too_many_statements_is_refused_before_all_are_read() -> None:
    endless = repeat(ox.Quad(NODE, NODE, NODE))
    with pytest.raises(LimitError, match="more than 10 statements"):
        mend.at_most(endless, 10)


def test_very_many_blank_nodes_are_numbered_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blanks, "MAX_STATEMENTS", 2)
    quads = [ox.Quad(ox.BlankNode(f"x{n}"), NODE, ox.Literal(str(n))) for n in range(3)]
    found, note = blanks.canonical(quads)
    assert [one.subject for one in found] == [ox.BlankNode(f"n{n}") for n in range(3)]
    assert "in the order of the document" in note


def test_statements_come_in_one_order_whatever_was_done_to_them() -> None:
    """Each ``Dataset`` of pyoxigraph has an order of its own."""
    text = "".join(f'_:b{n} <http://e.org/p> "{n}" . <http://e.org/{n}> <http://e.org/q> _:b{n} .'
                   for n in range(50))  # fmt: skip
    quads = list(ox.parse(text, ox.RdfFormat.TURTLE))
    assert blanks.canonical(quads)[0] == blanks.canonical(quads[::-1])[0]
