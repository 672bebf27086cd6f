"""Capture of deep-learning training as PROV-O statements; standard library only.

``kprov_capture.keras`` holds the Keras callback; ``kprov_capture.run.Run`` records
for any framework. Statements go to a journal (``kprov_capture.journal``) that
``kprov_rdf`` loads into its store.
"""

__version__ = "0.1.0"
