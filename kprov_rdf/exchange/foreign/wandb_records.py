"""The records in a file of W&B's, ``run-*.wandb``.

The file is a log as LevelDB writes it (its log_format.md): blocks of 32 KiB with fragments of
records, each with a checksum, a length and a kind. W&B puts 7 bytes before the first, and its
checksum is the CRC-32 of zlib over kind and bytes, not that of LevelDB. A record is a
message of Protocol Buffers, of which the fields that tell of a training are named here.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.exchange.foreign.schemas import Budget, Field, Schema, message

IDENT = b":W&B"
_MAGIC = 0xBEE1
_BLOCK = 1 << 15
_HEADER = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
MAX_RECORD = 1 << 26
MAX_FIELDS = 20_000_000

_ITEM: Schema = {
    1: Field("key"), 2: Field("nested_key", repeated=True), 3: Field("none", "int"),
    4: Field("boolean", "bool"), 5: Field("integer", "zigzag"), 6: Field("number", "double"),
    7: Field("text"), 8: Field("json"), 16: Field("value_json"),
}  # fmt: skip
_PAIR: Schema = {
    1: Field("key"), 2: Field("nested_key", repeated=True), 16: Field("value_json"),
}  # fmt: skip
_EXTRA: Schema = {1: Field("key"), 2: Field("value_json")}
_CHANGES: Schema = {1: Field("update", _PAIR, True), 2: Field("remove", _PAIR, True)}
_TIME: Schema = {1: Field("seconds", "int"), 2: Field("nanos", "int")}
_GIT: Schema = {1: Field("remote_url"), 2: Field("commit")}
# What was imported and used stands there as truth values, by number.
_TELEMETRY: Schema = {
    1: Field("imports_init", {}), 2: Field("imports_finish", {}), 3: Field("feature", {}),
    4: Field("python_version"), 5: Field("cli_version"), 6: Field("huggingface_version"),
    12: Field("core_version"), 13: Field("platform"), 200: Field("_info", {}),
}  # fmt: skip
_RUN: Schema = {
    1: Field("run_id"), 2: Field("entity"), 3: Field("project"), 4: Field("config", _CHANGES),
    5: Field("summary", _CHANGES), 6: Field("run_group"), 7: Field("job_type"),
    8: Field("display_name"), 9: Field("notes"), 10: Field("tags", repeated=True),
    12: Field("sweep_id"), 13: Field("host"), 14: Field("starting_step", "int"),
    16: Field("storage_id"), 17: Field("start_time", _TIME), 18: Field("resumed", "bool"),
    19: Field("telemetry", _TELEMETRY), 20: Field("runtime", "int"), 21: Field("git", _GIT),
    22: Field("forked", "bool"), 24: Field("resume", "bool"), 200: Field("_info", {}),
}  # fmt: skip
_FILE: Schema = {1: Field("path"), 2: Field("policy", "int"), 3: Field("type", "int")}
_ENTRY: Schema = {
    1: Field("path"), 2: Field("digest"), 3: Field("ref"), 4: Field("size", "int"),
    5: Field("mimetype"), 6: Field("local_path"), 7: Field("birth_artifact_id"),
    8: Field("skip_cache", "bool"), 16: Field("extra", _EXTRA, True),
}  # fmt: skip
_MANIFEST: Schema = {
    1: Field("version", "int"), 2: Field("storage_policy"),
    3: Field("storage_policy_config", _EXTRA, True), 4: Field("contents", _ENTRY, True),
    5: Field("manifest_file_path"),
}  # fmt: skip
_ARTIFACT: Schema = {
    1: Field("run_id"), 2: Field("project"), 3: Field("entity"), 4: Field("type"),
    5: Field("name"), 6: Field("digest"), 7: Field("description"), 8: Field("metadata"),
    9: Field("user_created", "bool"), 10: Field("use_after_commit", "bool"),
    11: Field("aliases", repeated=True), 12: Field("manifest", _MANIFEST),
    13: Field("distributed_id"), 14: Field("finalize", "bool"), 15: Field("client_id"),
    16: Field("sequence_client_id"), 17: Field("base_id"),
    18: Field("ttl_duration_seconds", "int"), 19: Field("tags", repeated=True),
    20: Field("digest_algorithm"), 100: Field("incremental_beta1", "bool"),
    200: Field("_info", {}),
}  # fmt: skip
_OPTIONS: Schema = {
    1: Field("step_sync", "bool"), 2: Field("hidden", "bool"), 3: Field("defined", "bool"),
}  # fmt: skip
_METRIC: Schema = {
    1: Field("name"), 2: Field("glob_name"), 4: Field("step_metric"),
    5: Field("step_metric_index", "int"),
    6: Field("options", _OPTIONS),
    8: Field("goal", "int"),
    10: Field("expanded_from_glob", "bool"),
}  # fmt: skip
_LINE: Schema = {1: Field("output_type", "int"), 2: Field("timestamp", _TIME), 3: Field("line")}
_ENVIRONMENT: Schema = {
    1: Field("os"), 2: Field("python"), 3: Field("started_at", _TIME), 4: Field("docker"),
    5: Field("args", repeated=True), 6: Field("program"), 7: Field("code_path"),
    8: Field("code_path_local"), 9: Field("git", _GIT), 10: Field("email"), 11: Field("root"),
    12: Field("host"), 13: Field("username"), 14: Field("executable"), 15: Field("colab"),
    16: Field("cpu_count", "int"), 17: Field("cpu_count_logical", "int"), 18: Field("gpu_type"),
    19: Field("gpu_count", "int"), 25: Field("cuda_version"), 199: Field("writer_id"),
}  # fmt: skip
# Of Record; the one field that is set tells what it is.
RECORD: Schema = {
    1: Field("num", "int"),
    2: Field(
        "history", {1: Field("item", _ITEM, True), 2: Field("step", {1: Field("num", "int")})}
    ),
    3: Field("summary", _CHANGES),
    4: Field("output", _LINE),
    5: Field("config", _CHANGES),
    6: Field("files", {1: Field("files", _FILE, True)}),
    7: Field(
        "stats",
        {
            1: Field("stats_type", "int"),
            2: Field("timestamp", _TIME),
            3: Field("item", _PAIR, True),
        },
    ),
    8: Field("artifact", _ARTIFACT),
    9: Field("tbrecord", {1: Field("log_dir"), 2: Field("save", "bool"), 3: Field("root_dir")}),
    10: Field("alert", {1: Field("title"), 2: Field("text"), 3: Field("level")}),
    11: Field("telemetry", _TELEMETRY),
    12: Field("metric", _METRIC),
    13: Field("output_raw", _LINE),
    16: Field("control", {}),
    17: Field("run", _RUN),
    18: Field(
        "exit",
        {
            1: Field("exit_code", "int"),
            2: Field("runtime", "int"),
            3: Field("not_complete", "bool"),
        },
    ),
    20: Field("final", {}),
    21: Field(
        "header", {1: Field("version_info", {1: Field("producer"), 2: Field("min_consumer")})}
    ),
    22: Field("footer", {}),
    25: Field("use_artifact", {1: Field("id"), 2: Field("type"), 3: Field("name")}),
    26: Field("environment", _ENVIRONMENT),
    200: Field("_info", {}),
}
_OF_THE_TRANSPORT = ("num", "control", "_info")


def is_one(data: bytes) -> bool:
    """Whether these bytes begin as a file of W&B's does."""
    return data.startswith(IDENT)


class Log:
    """The records of a file. ``torn``: it ends within one, as that of a run that was killed."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.torn = False
        if not is_one(data) or len(data) < 7 or struct.unpack("<H", data[4:6])[0] != _MAGIC:
            raise MalformedError(name, "It does not begin with the seven bytes of a file of W&B's.")
        if data[6]:
            raise MalformedError(name, f"It is of version {data[6]} of W&B's format; 0 is known.")

    def records(self) -> Iterator[dict[str, Any]]:
        """Each record as an object of JSON. Raises ``MalformedError`` for a damaged one."""
        budget = Budget(MAX_FIELDS)
        for at, raw in self._whole():
            found = message(raw, RECORD, f"The record at byte {at:,} of {self.name}", budget)
            yield {key: one for key, one in found.items() if key not in _OF_THE_TRANSPORT}

    def _wrong(self, at: int, message: str) -> MalformedError:
        return MalformedError(
            self.name, f"At byte {at:,}: {message}.", mend="Copy it again from where it was made."
        )

    def _whole(self) -> Iterator[tuple[int, bytes]]:
        parts: list[bytes] = []
        began = size = 0
        for at, kind, fragment in self._fragments():
            if (kind in (_FULL, _FIRST)) == bool(parts):
                raise self._wrong(at, "A fragment is of no record")
            began = began if parts else at
            size = size + len(fragment) if parts else len(fragment)
            if size > MAX_RECORD:
                raise self._wrong(began, f"The record is larger than {MAX_RECORD >> 20} MiB")
            if kind in (_FULL, _LAST):
                yield began, b"".join((*parts, fragment))
                parts = []
            else:
                parts.append(fragment)
        self.torn = self.torn or bool(parts)

    def _fragments(self) -> Iterator[tuple[int, int, bytes]]:
        data, at = self.data, 7
        while at < len(data):
            left = _BLOCK - at % _BLOCK
            if left < _HEADER.size:
                at += left
                continue
            if at + _HEADER.size > len(data):
                self.torn = True
                return
            checksum, size, kind = _HEADER.unpack_from(data, at)
            if not checksum and not size and not kind and not data[at:].strip(b"\0"):
                self.torn = True  # room that was never written
                return
            end = at + _HEADER.size + size
            if size > left - _HEADER.size or kind not in (_FULL, _FIRST, _MIDDLE, _LAST):
                raise self._wrong(at, "There is no fragment of a record")
            if end > len(data):
                self.torn = True
                return
            fragment = data[at + _HEADER.size : end]
            if zlib.crc32(fragment, zlib.crc32(bytes((kind,)))) != checksum:
                raise self._wrong(at, "The checksum is wrong")
            yield at, kind, fragment
            at = end
