"""What only the server that owns the store can do: make a snapshot, compact the store."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kprov_capture.process import describe
from kprov_rdf.errors import JournalDamagedError, StorageError, StoreLockedError
from kprov_rdf.owner import Address
from kprov_rdf.store import Snapshot

# The server first loads what the journals hold, which may be much when it has just begun.
_SECONDS = 120
_DAMAGED = 409


def borrow(address: Address) -> Snapshot:
    """A snapshot with all that the journals hold.

    Raises ``StoreLockedError`` where the server does not answer, and what it says of
    damaged journals and full disks.
    """
    told = ask(address, "/snapshot", describe())
    return Snapshot(Path(told["snapshot"]), frozenset(told["living"]))


def ask(
    address: Address, path: str, body: Mapping[str, Any], seconds: float = _SECONDS
) -> dict[str, Any]:
    """What the server answers to a POST of JSON that only who shows its token may send.

    Raises as :func:`borrow`.
    """
    import http.client  # 30 ms, and only this needs it

    place = urlsplit(address.url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port or 80, timeout=seconds)
    headers = {"Authorization": f"Bearer {address.token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        answer = response.read()
        told: dict[str, Any] = json.loads(answer)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StoreLockedError(
            f"The store is in use by the server at {address.url}, which does not answer as a "
            f"kprov server does: {error}. Try again; if it stays so, end that server."
        ) from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        busy = response.status == http.client.SERVICE_UNAVAILABLE
        kinds = {_DAMAGED: JournalDamagedError}
        kind = StoreLockedError if busy else kinds.get(response.status, StorageError)
        raise kind(str(told.get("error", f"The server at {address.url} did not do it.")))
    return told
