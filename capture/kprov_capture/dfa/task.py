"""dfa_lib_python.task"""

from kprov_capture.dfa.activity import Task

__all__ = ["Task"]
