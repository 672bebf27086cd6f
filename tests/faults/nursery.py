"""A process that has imported Keras and forks children: fresh processes without 5 s of import.

No TensorFlow operation runs in it, so that each child is as a script of its own after its
imports: random seeds, threads and files are the child's. It reads a line of JSON for each
child, says its process id, waits for it when asked, and says how it ended.
"""

import faulthandler
import json
import os
import signal
import sys
import traceback
from typing import Any


def child(order: dict[str, Any]) -> None:
    """Run the script as ``__main__`` of a process of its own, up to the end of Python."""
    for number, name in enumerate(("out", "err"), 1):
        handle = os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(handle, number)
        os.close(handle)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.environb.clear()
    os.environb.update(
        {name.encode("latin-1"): value.encode("latin-1") for name, value in order["env"].items()}
    )
    os.chdir(order["folder"])
    sys.argv = ["script.py", *order["argv"]]
    main = {"__name__": "__main__", "__builtins__": __builtins__}
    exec(compile(order["script"], "script.py", "exec"), main)  # noqa: S102  # what it is for


def serve() -> None:
    import keras  # noqa: F401

    from tests import recording  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            print(os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1]), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            faulthandler.dump_traceback_later(120, exit=True)  # no test hangs
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                child(order)
            except SystemExit:
                raise
            except BaseException:
                traceback.print_exc()
                raise SystemExit(1) from None
            return  # through atexit, as a script does
        print(pid, flush=True)


if __name__ == "__main__":
    serve()
