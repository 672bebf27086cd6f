"""What IPython shows of runs, answers and stores; names of others are text there."""

import json
import re

from IPython.core.formatters import DisplayFormatter

from tests.analysis.conftest import HOSTILE

ALLOWED = {
    "table", "thead", "tbody", "tr", "th", "td", "p", "details", "summary", "figure",
    "figcaption", "svg", "title", "path", "polyline", "circle", "line", "span",
}  # fmt: skip


def shown(value: object) -> str:
    """The HTML that a notebook gets."""
    data, _ = DisplayFormatter().format(value)
    assert data["text/plain"]
    return data["text/html"]


def check(html: str) -> None:
    """It is well formed, has no link and no script, and nothing of a name is markup."""
    tags = re.findall(r"<(/?)([a-z]+)[^>]*?(/?)>", html)
    assert {name for _, name, _ in tags} <= ALLOWED
    open_: list[str] = []
    for end, name, alone in tags:
        if end:
            assert open_.pop() == name
        elif not alone:
            open_.append(name)
    assert open_ == []
    assert not re.search(r"href|src=[^x]|url\(|<script|javascript:", html)
    assert "<img" not in html


def test_a_run_shows_its_state_a_chart_and_its_tables(store) -> None:
    html = shown(store.run("test-flow"))
    check(html)
    for told in ("FINISHED, 3 of 3 epochs", "<svg", "val_loss", "Settings", "learning_rate",
                 "Adaptations (1)", "ReduceLROnPlateau", "Tests (2)", "0.8"):  # fmt: skip
        assert told in html
    points = re.findall(r'<polyline points="([^"]+)"', html)
    assert [len(one.split()) for one in points] == [3, 3]
    # Lower on the page is less.
    heights = [float(one.split(",")[1]) for one in points[0].split()]
    assert heights == sorted(heights)


def test_answers_runs_and_stores_are_tables(store) -> None:
    for value in (store, store.runs(), store.query("q1", epoch=0), store.runs()[:1]):
        html = shown(value)
        check(html)
        assert "<table" in html
        assert "Adam" in html or "SGD" in html
    assert "1 row<" in shown(store.query("q1", epoch=0))


def test_names_of_others_are_text(hostile) -> None:
    text = "SELECT ?s ?p ?o { ?s ?p ?o FILTER isLiteral(?o) }"
    for value in (hostile, hostile.runs(), hostile.run(), hostile.query(text)):
        html = shown(value)
        check(html)
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; &quot;it&#x27;s&quot;" in shown(hostile.run())
    assert HOSTILE in hostile.run().metrics


def test_what_a_terminal_would_obey_is_shown_as_text(store) -> None:
    found = store.query('SELECT ?x { VALUES ?x { "a\\u001b[31mb\\u202ec\\nd" } }')
    assert "\x1b" not in repr(found)
    assert "\u202e" not in repr(found)
    assert "\u202e" not in shown(found)
    assert len(repr(found).splitlines()) == 3


def test_long_answers_show_their_first_rows(store) -> None:
    found = store.query("SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 100")
    assert shown(found).count("<tr>") == 21
    assert "the first 20 of 100 rows" in shown(found)
    assert len(repr(found).splitlines()) == 23


def test_a_closed_store_shows_that(store) -> None:
    store.close()
    assert "closed" in shown(store)


def test_everything_shown_is_plain_data(store) -> None:
    data, _ = DisplayFormatter().format(store.run())
    json.dumps(data)
