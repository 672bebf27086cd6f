"""What an export without persons, hosts and paths leaves out: the table, and texts.

Vocabularies have properties of their own for what is private, listed here by name. What other
tools call theirs is told by the words in its name.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from kprov_capture.privacy import MASK
from kprov_capture.redaction import file_name, without_folders, word
from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE, Dnnprov
from kprov_rdf.exchange.statements import RDF_JSON
from kprov_rdf.store import PREFIXES

_FOAF = "http://xmlns.com/foaf/0.1/"
_VCARD = "http://www.w3.org/2006/vcard/ns#"
_SCHEMAS = ("http://schema.org/", "https://schema.org/")
_DC = ("http://purl.org/dc/elements/1.1/", PREFIXES["dcterms"])

# Values that say a person, a host, a path, or what was typed. They are left out.
PRIVATE = {
    Dnnprov.commandLine, Dnnprov.workspace, Dnnprov.computingResource, Dnnprov.containerImage,
    f"{PROV_NAMESPACE}atLocation",
    *(f"{_FOAF}{one}" for one in (
        "mbox", "mbox_sha1sum", "homepage", "nick", "account", "accountName", "phone", "img",
        "depiction", "givenName", "givenname", "familyName", "family_name", "firstName",
        "lastName", "surname", "weblog", "workplaceHomepage", "openid", "based_near",
    )),
    *(f"{schema}{one}" for schema in _SCHEMAS for one in (
        "email", "telephone", "faxNumber", "givenName", "familyName", "additionalName",
        "address", "affiliation", "worksFor", "contactPoint", "image", "jobTitle", "birthDate",
        "codeRepository", "contentLocation", "ipAddress",
    )),
}  # fmt: skip
# All terms of these are about persons.
PRIVATE_VOCABULARIES = (_VCARD,)
# Paths of which the name of the file stays.
PATHS = {Dnnprov.path}
# What a document of JSON-LD calls a thing, where that is no IRI, is often one, too.
_CALLED = "/attribute/id"
# The name of a value, and the value (schema.org, PropertyValue).
VALUE_NAMES = {f"{schema}name" for schema in _SCHEMAS}
VALUES = {f"{schema}value" for schema in _SCHEMAS} | {f"{PROV_NAMESPACE}value"}
# What these lead to, or say as a text, are persons.
LEADS_TO_PERSON = {
    *(f"{dc}{one}" for dc in _DC for one in (
        "creator", "contributor", "publisher", "rightsHolder",
    )),
    *(f"{schema}{one}" for schema in _SCHEMAS for one in (
        "author", "creator", "contributor", "editor", "maintainer", "publisher", "provider",
        "copyrightHolder", "sdPublisher", "founder", "member", "participant",
    )),
    *(f"{_FOAF}{one}" for one in ("maker", "knows", "member")),
    *(f"{PROV_NAMESPACE}{one}" for one in (
        "agent", "wasAttributedTo", "wasAssociatedWith", "actedOnBehalfOf",
    )),
    *(f"http://purl.org/pav/{one}By" for one in (
        "authored", "created", "contributed", "curated", "imported", "retrieved", "provided",
    )),
}  # fmt: skip
PERSONS = {
    f"{PROV_NAMESPACE}Person", f"{PROV_NAMESPACE}Organization", Dnnprov.Scientist,
    *(f"{_FOAF}{one}" for one in ("Person", "Agent", "Organization", "Group")),
    *(f"{schema}{one}" for schema in _SCHEMAS for one in ("Person", "Organization")),
    f"{_VCARD}Individual",
}  # fmt: skip
# IRIs that are a person, an address, a machine or a path themselves.
PRIVATE_IRI = re.compile(
    r"(?:mailto|tel|acct|file|sip|xmpp|ssh|sftp|smb|nfs):|(?:git\+)?ssh:|https?://orcid\.org/"
    r"|https?://(?:www\.)?(?:github|gitlab|bitbucket)\.[a-z]+/",
    re.IGNORECASE,
).match

# Where the vocabulary has no term, its name tells: of a setting, an attribute, of other tools.
_TOLD_BY_NAME = re.compile(
    r"(?:user|username|login|account|author|owner|creator|person|email|mail|host|hostname|node"
    r"|nodename|machine|ip|ipaddress|address|path|dir|directory|folder|cwd|home|workspace|command"
    r"|cmd|cmdline|argv|args|arguments|env|environ|environment|repo|repository|remote|uri|url"
    r"|location|filename|filepath|program|executable|entity|root|team|organization)s?\Z"
)
# Of these the value is the name of someone or of a host, which may stand in other texts too.
_NAMES_ONE = re.compile(
    r"(?:user|username|login|account|author|owner|creator|person|host|hostname|node|nodename"
    r"|machine|email|resource|nick)s?\Z"
)
_ONE_WORD = re.compile(r"[^\s/\\\[\]{}\"']{2,64}\Z").match
# user_id says no less than user; digits of a hash say nothing (``identity.ncname``).
_OF_WHAT = {"id", "name", "key", "info"}
_HASH = re.compile(r"-[0-9a-f]{8}\Z")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_OURS = (DNNPROV_NAMESPACE, PROV_NAMESPACE)

# These are sought in texts of any length and made by anyone: each begins where nothing of it can
# stand before, or is bounded, so that no part is looked at again and again.
_EMAIL = re.compile(
    r"(?<![^\s@<>\"'(),;:/\\])[^\s@<>\"'(),;:/\\]++@[^\s@<>\"'(),;:/\\]+\.[A-Za-z]{2,}"
)
# As git writes an author: a name of up to three words before an address.
_SIGNED = re.compile(
    r"((?:[^\W\d_][\w.'-]{0,40} ){0,2}[^\W\d_][\w.'-]{0,40}) ?<[^\s@<>]{1,80}@[^\s@<>]{1,80}>"
)
_REMOTE = re.compile(
    r"(?<![\w.-])[\w.-]++@[\w.-]++:[^\s\"']+|\b(?:git|ssh|sftp|git\+\w+)://[^\s\"']+"
)
_REPOSITORY = re.compile(
    r"\bhttps?://[^\s\"']{1,300}\.git\b|\bhttps?://(?:www\.)?git[^\s\"'/]*/[^\s\"']+"
)
# A URL of a machine: with a port or an account, an address in digits, or a name of its own net.
_PRIVATE_URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{0,30}://(?:[^\s/@\"']+@[^\s\"']*|[^\s/:\"']+:\d+[^\s\"']*|\d+(?:\.\d+){3}[^\s\"']*"
    r"|[^\s/.\"']+(?=[/\s\"']|\Z)[^\s\"']*"
    r"|[^\s/\"']+\.(?:local|lan|internal|intranet|localdomain|home|corp)\b[^\s\"']*)",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])[:/]").match
_ADDRESS = re.compile(r"(?<![\w.=-])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
_HOME = re.compile(r"(?:/home/|[\\/]Users[\\/]+)([^\\/\s\"'<>|:]+)")
_LEAST = 2  # characters of a word that is looked for in all texts
# Parts of our IRIs, which name nobody.
_STRUCTURE = {
    "run", "catalog", "agent", "content", "import", "dataflow", "metric", "setting", "attribute",
    "campaign", "localhost", "sha256", "person", "machine",
}  # fmt: skip


def is_machine_url(iri: str) -> bool:
    """Whether an IRI has the address of a machine, but of this one."""
    return bool(_PRIVATE_URL.match(iri)) and not _LOCAL(iri)


def is_private(predicate: str) -> bool:
    """Whether the values of a property are left out."""
    return (
        predicate in PRIVATE
        or predicate.startswith(PRIVATE_VOCABULARIES)
        or (not predicate.startswith(_OURS) and tells(_local(predicate)))
    )


def _local(iri: str) -> str:
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]


def is_path(predicate: str) -> bool:
    """Whether the values of a property are paths of which the name of the file stays."""
    return predicate in PATHS or predicate.endswith(_CALLED)


def tells(name: str, words: re.Pattern[str] = _TOLD_BY_NAME) -> bool:
    """Whether the last word of a name, or the whole, says that its values are private."""
    found = [part.lower() for part in _PARTS.findall(_HASH.sub("", name))]
    last = [*found]
    while last and last[-1] in _OF_WHAT:
        last.pop()
    return any(map(words.match, (*found[-1:], *last[-1:], "".join(found))))


def names(predicate: str, text: str) -> Iterator[str]:
    """The names of persons and hosts that a value of a property holds, to be sought elsewhere."""
    yield from _HOME.findall(text)
    for found in _SIGNED.findall(text) if "@" in text else ():
        yield from parts(found)
    for url in _PRIVATE_URL.finditer(text) if "://" in text else ():
        yield from _in_url(url[0])
    if is_private(predicate) and tells(_local(predicate), _NAMES_ONE) and _ONE_WORD(text):
        yield text
    if text.startswith("{"):
        try:
            yield from _in_json(json.loads(text))
        except (ValueError, RecursionError):
            return


def _in_url(url: str) -> Iterator[str]:
    """The account and the machine in the URL of one."""
    try:
        found = urlsplit(url)
        host, user = found.hostname or "", found.username
    except ValueError:  # brackets that hold no address
        return
    if user:
        yield user
    if not _ADDRESS.search(host):
        yield from (host, host.partition(".")[0])


def _in_json(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += one
        elif isinstance(one, dict):
            stack += one.values()
            told = (v for k, v in one.items() if isinstance(v, str) and tells(k, _NAMES_ONE))
            yield from filter(_ONE_WORD, told)


def parts(name: str) -> Iterator[str]:
    """The name of a person, and those of its words that are names too."""
    yield name
    yield from (one for one in re.findall(r"[^\W\d_]{3,}", name) if one.istitle() and one != name)


class Texts:
    """Makes texts without ``words``, e-mail addresses, URLs of machines, remotes and folders."""

    def __init__(self, words: Iterable[str]) -> None:
        found = {one.strip() for one in words} - _STRUCTURE
        # The longest first, so that none leaves a part of another.
        ordered = sorted((one for one in found if len(one) >= _LEAST), key=lambda w: (-len(w), w))
        self._words = [(one, word(one)) for one in ordered]

    def has_word(self, text: str) -> bool:
        return any(one in text and pattern.search(text) for one, pattern in self._words)

    def __call__(self, text: str) -> str:
        if "@" in text or "://" in text:
            for pattern in (_REMOTE, _REPOSITORY, _PRIVATE_URL, _EMAIL):
                text = pattern.sub(MASK, text)
        text = _ADDRESS.sub(MASK, text)
        for one, pattern in self._words:
            if one in text:
                text = pattern.sub(MASK, text)
        return without_folders(text)

    def path(self, text: str) -> str:
        return self(file_name(text))

    def json(self, text: str) -> str:
        """JSON without the values whose names say that they are private."""
        try:
            found = json.loads(text)
            cleaned = _walk(found, self)
            return text if cleaned == found else json.dumps(cleaned, ensure_ascii=False)
        except (ValueError, RecursionError):  # it only claims to be JSON
            return self(text)

    def literal(self, text: str, datatype: str) -> str:
        looks = datatype == RDF_JSON or text.startswith(("{", "["))
        return self.json(text) if looks else self(text)


def _walk(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {
            clean(key): MASK if tells(key) and not _plain(one) else _walk(one, clean)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_walk(one, clean) for one in value]
    return clean(value) if isinstance(value, str) else value


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float))
