"""``/journal/{run}``: where trainers on other machines send their journals.

    GET   what there is of the run: {"size": bytes, "ended": true or false}
    POST  ?offset=N with the bytes from N on: adds their whole batches, and says the same;
          409 with the same where there are not N bytes yet, or more, or the run ended
    POST  with no body: a sign of life

All want the token. ``age`` says how many seconds ago the writer gave a sign of life.
"""

import math
from typing import Any

from flask import Blueprint, abort, current_app, request

from kprov_capture.delivery import MAX_BODY, is_run
from kprov_rdf.errors import RefusedError
from kprov_rdf.server import tokens
from kprov_rdf.server.received import Held, Received, TooLargeError

_LONGEST_AGE = 10 * 365 * 86_400.0

blueprint = Blueprint("intake", __name__)
Answer = tuple[dict[str, Any], int]


def _received() -> Received:
    found: Received = current_app.extensions["kprov-received"]
    return found


def _told(held: Held, status: int = 200) -> Answer:
    return {"size": held.size, "ended": held.ended}, status


@blueprint.before_request
def check() -> None:
    tokens.require()
    run_id = (request.view_args or {}).get("run_id", "")
    if not is_run(run_id):
        abort(400, "The id of a run was wanted, a UUID in small letters.")


@blueprint.get("/journal/<run_id>")
def held(run_id: str) -> Answer:
    """How much of a run there is."""
    return _told(_received().held(run_id))


@blueprint.post("/journal/<run_id>")
def append(run_id: str) -> Answer:
    """Take batches of a run, or a sign of life."""
    if request.content_encoding and request.content_encoding != "identity":
        abort(415, "A journal is sent as it is, with no Content-Encoding.")
    request.max_content_length = MAX_BODY
    body, age = request.get_data(cache=False), _age()
    try:
        if not body:
            return _told(_received().touch(run_id, age))
        now, taken = _received().append(run_id, _offset(), body, age)
    except TooLargeError as error:
        abort(413, str(error))
    except RefusedError as error:
        abort(422, str(error))
    return _told(now, 200 if taken else 409)


def _offset() -> int:
    given = request.args.get("offset", "")
    if not (given.isascii() and given.isdigit() and len(given) < 16):
        abort(400, "The address needs offset=N: at which byte of the journal the body begins.")
    return int(given)


def _age() -> float:
    try:
        age = float(request.args.get("age", "0"))
    except ValueError:
        age = -1.0
    if math.isnan(age) or age < 0:
        abort(400, "The age of a sign of life is a number of seconds.")
    return min(age, _LONGEST_AGE)
