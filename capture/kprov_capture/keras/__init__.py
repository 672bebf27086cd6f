"""Capture of Keras 3 training.

    import kprov_capture.keras as kprov
    model.fit(x, y, callbacks=[kprov.Provenance("digits-cnn")])

or, once, ``kprov.autolog()``; or the papers' own ``model.provenance("digits-cnn")``.

Importing this wraps ``fit``, ``evaluate`` and what saves and loads models once: a callback
alone sees neither the data nor the batch size, gets no end when an exception is raised, and
nothing of a later ``evaluate`` or ``save``. The wrappers pass straight through for models
that nothing records.
"""

from kprov_capture.keras import files, ways, wrappers
from kprov_capture.keras.callback import Provenance
from kprov_capture.keras.ways import autolog
from kprov_capture.run import Run

__all__ = ["Provenance", "Run", "autolog"]

wrappers.install()
ways.install()
files.install()
