"""Cuts a process off the network, for good: each of ``child.program`` is, before it reads anything.

To those that answer queries it is the wall behind the check for SERVICE.
Linux on x86-64 and arm64 only: a seccomp filter (seccomp(2)) that refuses to make sockets.
Elsewhere the check of the text stands alone.
"""

import ctypes
import errno
import platform
import struct
import sys

# linux/audit.h, linux/seccomp.h, linux/bpf_common.h; numbers of socket and io_uring_setup,
# which can make sockets too.
_MACHINES = {"x86_64": (0xC000003E, 41, 425), "aarch64": (0xC00000B7, 198, 425)}
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES
_NUMBER, _MACHINE = 0, 4  # where struct seccomp_data has them
_X32 = 0x40000000  # system calls of the x32 ABI begin here
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def cut_off() -> bool:
    """Let this process make no socket from now on; whether the system can do that."""
    if not sys.platform.startswith("linux") or platform.machine() not in _MACHINES:
        return False
    machine, *refused = _MACHINES[platform.machine()]
    # code, jump if true, jump if false, operand; jumps count the instructions left out.
    code = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 0, 5, machine),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 3, 0, _X32),
        (_EQUAL, 2, 0, refused[0]),
        (_EQUAL, 1, 0, refused[1]),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    filter_ = b"".join(struct.pack("HBBI", *one) for one in code)
    program = _Program(len(code), filter_)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return int(libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)) == 0
