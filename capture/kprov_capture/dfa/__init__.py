"""dfa_lib_python, recording into runs of kprov instead of sending to a server.

    from kprov_capture import dfa
    dfa.install()

    from dfa_lib_python.dataflow import Dataflow    # and the rest of the script as it was

Each execution (``exec_tag``) is a run; where the script names none, the process is one.
Nothing is sent, printed, or waited for.
"""

import importlib
import sys

NAME = "dfa_lib_python"
MODULES = (
    "ProvenanceObject", "attribute", "attribute_type", "dataflow", "dataset", "dependency",
    "element", "extractor", "extractor_cartridge", "extractor_extension", "file", "method_type",
    "performance", "program", "raw_data_extractor", "raw_data_indexer", "set", "set_type", "task",
    "task_status", "transformation",
)  # fmt: skip


def install() -> None:
    """Have ``import dfa_lib_python`` find this package. Harmless when repeated.

    Raises ``ImportError`` where the real one was imported already.
    """
    found = sys.modules.get(NAME)
    if found is not None and found is not sys.modules[__name__]:
        raise ImportError(
            f"{NAME} was imported already, from {getattr(found, '__file__', 'elsewhere')}. Call "
            "kprov_capture.dfa.install() before the first import of it."
        )
    sys.modules[NAME] = sys.modules[__name__]
    for one in MODULES:
        sys.modules[f"{NAME}.{one}"] = importlib.import_module(f"{__name__}.{one}")


def uninstall() -> None:
    """Undo :func:`install`: the next import finds the real one, where there is one."""
    if sys.modules.get(NAME) is sys.modules[__name__]:
        for one in ("", *(f".{name}" for name in MODULES)):
            sys.modules.pop(f"{NAME}{one}", None)


def close() -> None:
    """End the runs now, and not with the process: they are written when it returns."""
    from kprov_capture.dfa import recorder

    recorder.close()
