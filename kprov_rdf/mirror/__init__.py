"""The mirror: what the store says of trainings, as tables in MonetDB.

embedded  installs MonetDB's libraries, and runs them as a server in a child process
monetd    that child
names     tags and metrics as SQL names
columns   the tables and columns, and how a literal becomes a cell
facts     what is asked of the store, by the .rq files
tables    the tables, filled
load      the tables into a database, in one transaction
ask       SQL questions to the mirror that was made last
"""

from importlib.util import find_spec

from kprov_rdf.errors import MirrorError

if find_spec("pymonetdb") is None:
    raise MirrorError(
        "The mirror needs the package 'pymonetdb', which is not installed. Install what it needs "
        "with: pip install '.[mirror]' in a clone of kprov"
    )
