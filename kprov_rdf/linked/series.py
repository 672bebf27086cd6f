"""What a run reported epoch by epoch: for charts, in a page and in a stream."""

import math
from typing import Any

from kprov_rdf.epochs import names, read
from kprov_rdf.store import Store

__all__ = ["epochs", "names"]


def epochs(store: Store, run: str, after: int = -1) -> list[dict[str, Any]]:
    """The epochs after number ``after``: number, and value by name of the metric.

    JSON has no NaN and no infinity; such a value is None.
    """
    return [
        {
            "epoch": number,
            "values": {
                name: value if math.isfinite(value) else None for name, value in told.items()
            },
        }
        for number, told in read(store, run, after)
    ]
