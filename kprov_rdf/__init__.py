"""The store side of kprov: ingest journals, query, validate, export.

    import kprov_rdf

    with kprov_rdf.open() as store:
        run = store.run("@latest")
        run.plot("loss", "val_loss")
        frame = store.query("q1", epoch=9).to_pandas()

The layers, from the bottom: errors and resources; journal and store; ingest and
query; runs; validate and exchange; analysis; cli and demo. A layer imports only layers
below it. Importing this package loads none of them: what is here imports when it is called.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes

    from kprov_capture.home import Home
    from kprov_rdf.analysis.run import Run
    from kprov_rdf.analysis.store import ProvenanceStore

__all__ = ["open", "plot_compare", "plot_grid"]


def open(where: "str | os.PathLike[str] | Home | None" = None) -> "ProvenanceStore":
    """Open the runs that were recorded, to ask about them: a snapshot, which blocks nobody.

    ``where`` is a state folder, or one that has it as ``.kprov``; without it ``$KPROV_HOME``,
    else the nearest ``.kprov`` upwards from the working folder, as for the command. It may also be
    the URL of a SPARQL endpoint or of a kprov server; or a file: a model that was saved with
    its provenance, or a document of any format that ``kprov merge`` takes, read into memory.

    Raises ``HomeError`` where there is no state folder, ``NotFoundError`` where there is no
    file, ``StoreLockedError`` where another process writes for more than five seconds.
    """
    from kprov_rdf.analysis.store import ProvenanceStore

    return ProvenanceStore(where)


def plot_compare(
    runs: "Iterable[Run]", metric: str = "val_loss", ax: "Axes | None" = None
) -> "Axes":
    """Draw a metric of several runs over the epochs, each called by what differs among them.

    Gives the axes, which are ``ax`` where that is given. Raises ``NotFoundError`` where no run
    reported the metric, ``UnsupportedError`` where matplotlib is not installed.
    """
    from kprov_rdf.analysis import plots

    return plots.compare(runs, metric, ax)


def plot_grid(
    runs: "Iterable[Run]", metric: str, rows: str = "dropout", columns: str = "learning_rate"
) -> Any:
    """Draw a metric of training and validation in a grid of charts, one for each two settings.

    ``rows`` and ``columns`` are names of ``run.settings``, or ``dropout``, which is also looked
    for in the layers. Gives an array of axes, of shape (values of ``rows``, values of
    ``columns``). Raises as :func:`plot_compare` does.
    """
    from kprov_rdf.analysis import plots

    return plots.grid(runs, metric, rows, columns)
