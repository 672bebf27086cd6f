"""The database of Keras-Prov, as a dump of MonetDB: each trial becomes a training of DNNProv.

1|2|0.05|"1604881233.2405205"|9|1      a row of ds_oadaptation
"""

import re

from kprov_rdf.dm import guards
from kprov_rdf.exchange.foreign import sql
from kprov_rdf.exchange.foreign.dump import Database
from kprov_rdf.exchange.foreign.flows import say_flows
from kprov_rdf.exchange.foreign.usertasks import say_tables
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

FORMAT = Format(
    "a dump of Keras-Prov's database",
    "application/sql",
    versions="`msqldump` of MonetDB with COPY or INSERT, all versions of the columns",
    kept=(
        "each trial as a training: settings, layers, epochs with metrics, rate and times, "
        "tests; an adaptation where the rate did change, the other rows as attributes; plans, "
        "programs, the user's own tasks, elements and files; any other table as JSON"
    ),
    left="views, functions, sequences and keys. Times without a zone stay texts",
)
_SQL = re.compile(
    rb"\s*(?:--|/\*|CREATE\s|START\s|SET\s|ALTER\s|INSERT\s|COPY\s|BEGIN\b|GRANT\s)", re.IGNORECASE
)
_TABLES = re.compile(
    rb"(?:TABLE|INTO)\s+(?:IF NOT EXISTS\s+)?(?:\"[^\"\n]{1,200}\"\.|\w{1,200}\.)?\"?"
    rb"(?:ds_\w|data_transformation\b)",
    re.IGNORECASE,
)


def claims(source: Source) -> bool:
    """Whether it is a file of SQL that makes or fills tables of DfAnalyzer."""
    if source.is_folder or not _SQL.match(source.beginning()):
        return False
    return _TABLES.search(source.data) is not None


def read(source: Source, says: Statements) -> None:
    """Say the dataflows and trials of a dump.

    Raises ``InputError`` where the SQL cannot be read, and ``LimitError`` for too many rows.
    """
    dump = sql.read(guards.decoded(source.data, source.name), source.name)
    found = Database(dump, source.name)
    says.records = sum(len(table.rows) for table in dump.tables.values())
    say_flows(says, found, found.flows)
    say_tables(says, found.rest)
    if found.flows:
        says.notes.append(
            "what stands for nothing else is not taken: the ids of dataflows, versions, "
            "transformations, sets and attributes"
        )
    passed = ", ".join(f"{count} {kind}" for kind, count in sorted(dump.passed.items()))
    if passed:
        says.notes.append(f"of its SQL only tables and their rows are taken: {passed} are not")
