"""Which form a client wants (RFC 9110, section 12.5.1), and how many runs."""

from collections.abc import Iterable

from flask import request
from werkzeug.datastructures import MIMEAccept

from kprov_rdf.linked.forms import Form

_NEWEST = 100


def best(accept: MIMEAccept, forms: Iterable[Form]) -> Form | None:
    """The form with the highest quality, of equal ones the first; None where none is wanted.

    Without a header every form is wanted.
    """
    listed = list(forms)
    if not accept:
        return listed[0]
    named = {value.lower(): quality for value, quality in accept}
    # A wildcard means the registered type; an alias counts where it is named itself.
    quality = {
        form.suffix: max(
            accept.quality(form.types[0]), *(named.get(one, 0) for one in form.types[1:]), 0
        )
        for form in listed
    }
    chosen = max(listed, key=lambda form: quality[form.suffix])  # the first of equal ones
    return chosen if quality[chosen.suffix] > 0 else None


def open_to_all(accept: MIMEAccept) -> bool:
    """Whether the client said nothing about what it wants (curl, pandas, a script)."""
    return not accept or all(value == "*/*" for value, _ in accept)


def newest() -> int | None:
    """How many runs a list is to have, the newest of them; None for ``?all``."""
    return None if "all" in request.args else _NEWEST
