"""dfa_lib_python.task_status"""

from kprov_capture.dfa.specification import TaskStatus

__all__ = ["TaskStatus"]
