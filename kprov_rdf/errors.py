"""Everything that kprov_rdf raises on purpose.

    KprovError
    ├── NotFoundError         no such run, query, file
    ├── InputError            a parameter, query or file that cannot be understood
    │   ├── UnsupportedError  a format or a feature that is not there
    │   └── RefusedError      something that is not done for safety
    ├── BusyError             not now; the same may be done in a moment
    ├── LimitError            it took more time or memory than it may
    ├── JournalDamagedError   bytes of a journal were changed or are missing
    ├── RemoteError           an endpoint does not answer
    ├── StoreLockedError      another process owns the store
    ├── StorageError          the disk is full, read-only, or fails
    └── MirrorError           MonetDB is not there, refuses, or ends

The message says what was wanted, what was found, where, and what to do next.
The command line prints it and exits with 2.
"""


class KprovError(Exception):
    """Base of all of them."""


class NotFoundError(KprovError):
    pass


class InputError(KprovError):
    pass


class UnsupportedError(InputError):
    pass


class RefusedError(InputError):
    pass


class BusyError(KprovError):
    pass


class LimitError(KprovError):
    pass


class JournalDamagedError(KprovError):
    pass


class RemoteError(KprovError):
    pass


class StoreLockedError(KprovError):
    pass


class StorageError(KprovError):
    pass


class MirrorError(KprovError):
    pass
