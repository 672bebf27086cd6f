"""Capture of Keras 3 training.

    import kprov_capture.keras as kprov
    model.fit(x, y, callbacks=[kprov.Provenance("digits-cnn")])

Importing this wraps ``fit``, ``evaluate`` and ``save`` of ``keras.Model`` once: a
callback alone sees neither the data nor the batch size, gets no end when an
exception is raised, and nothing of a later ``evaluate`` or ``save``. The wrappers
pass straight through for models that were not trained with :class:`Provenance`.
"""

from kprov_capture.keras.callback import Provenance
from kprov_capture.keras.wrappers import install

__all__ = ["Provenance"]

install()
