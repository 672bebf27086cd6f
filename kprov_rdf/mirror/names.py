"""Tags and metrics as SQL names that need no quotes.

A name that is one already stays as it is. Any other is put into a form that is; a word of
SQL's own gets an underscore (``seed_``), and where two names meet, eight digits of a hash.
So a name does not depend on what else there is, as long as nothing meets it.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Set

_LENGTH = 60
_NAME = re.compile(rf"[a-z_][a-z0-9_]{{0,{_LENGTH - 1}}}\Z")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# The keywords of MonetDB 11.41 (sys.keywords) that it does not take, unquoted, as a schema
# or a column: each was tried. Those that it takes (precision, name, value …) are not here.
_WORDS = """
add admin after aggregate all alter always and any asc asymmetric atomic auto_increment before
begin best between bigint bigserial binary blob by call cascade case cast chain char character
check clob coalesce commit committed constraint continue convert copy corresponding create cross
cube current current_date current_role current_schema current_time current_timestamp
current_timezone current_user day dec decimal declare default delete delimiters desc distinct do
double drop each effort else elseif encrypted end escape every except exclude exists external
extract false float following for foreign from full function fwf generated global grant group
grouping groups having hour hugeint identity if ilike in index inner insert int integer
intersect into is isolation join lateral left like limit loader local localtime localtimestamp
matched mediumint merge minute month natural new next not now null nullif numeric of offset old
on only option or order ordered others outer over partial partition position preceding preserve
primary procedure public range read real records references referencing remote rename repeatable
replica restart restrict return returns revoke right rollback rollup rows sample savepoint
second seed select sequence serial serializable session_user set sets simple smallint some
split_part stdin stdout string substring symmetric then ties tinyint to transaction trigger true
truncate unbounded uncommitted unencrypted union unique update user using values varchar varying
view when where while window with work write xmlagg xmlattributes xmlcomment xmlconcat
xmldocument xmlelement xmlforest xmlnamespaces xmlparse xmlpi xmlquery xmlschema xmltext
xmlvalidate year
"""
RESERVED = frozenset(_WORDS.split())


def quoted(*parts: str) -> str:
    """An SQL name of one or more parts, in quotes: right for any name."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def snake(local: str) -> str:
    """``valLoss`` as ``val_loss``: the local name of a property as the papers spell columns."""
    return _HUMP.sub("_", local).lower()


def _plain(text: str) -> str:
    """``text`` in lower-case letters, digits and underscores, not beginning with a digit."""
    plain = text
    if not _NAME.match(text):
        plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:_LENGTH] or "unnamed"
        plain = plain if plain[0].isalpha() else f"n_{plain}"
    return f"{plain}_" if plain in RESERVED else plain


def assign(wanted: Mapping[str, str], taken: Set[str]) -> dict[str, str]:
    """An SQL name for each key of ``wanted``, whose values are what one would call it.

    Where two would get the same name, the one that is called exactly so keeps it. Names in
    ``taken`` are given to none.
    """
    plain = {key: _plain(text) for key, text in wanted.items()}
    met = Counter(plain.values())
    called = Counter(wanted.values())
    found = {}
    for key, text in wanted.items():
        name = plain[key]
        own = met[name] == 1 or (text == name and called[text] == 1)
        if not own or name in taken:
            name += "_" + hashlib.sha256(key.encode()).hexdigest()[:8]
        found[key] = name
    return found
