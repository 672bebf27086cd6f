"""Which form a client wants (RFC 9110, section 12.5.1)."""

from collections.abc import Iterable

from werkzeug.datastructures import MIMEAccept

from kprov_rdf.linked.forms import Form


def best(accept: MIMEAccept, forms: Iterable[Form]) -> Form | None:
    """The form with the highest quality, of equal ones the first; None where none is wanted.

    Without a header every form is wanted.
    """
    listed = list(forms)
    if not accept:
        return listed[0]
    quality = {form.suffix: max(accept.quality(one) for one in form.types) for form in listed}
    chosen = max(listed, key=lambda form: quality[form.suffix])  # the first of equal ones
    return chosen if quality[chosen.suffix] > 0 else None


def open_to_all(accept: MIMEAccept) -> bool:
    """Whether the client said nothing about what it wants (curl, pandas, a script)."""
    return not accept or all(value == "*/*" for value, _ in accept)
