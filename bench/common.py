"""What every benchmark shares: rows of value, limit and peer; printing and saving them."""

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
# A benchmark may add options of its own.
PARSER = argparse.ArgumentParser()
PARSER.add_argument("--json", action="store_true", help="print one JSON object")
PARSER.add_argument("--save", action="store_true", help="keep the figures in bench/results/")
PARSER.add_argument("--quick", action="store_true", help="fewer repeats, where there are many")


@dataclass(frozen=True)
class Row:
    """One figure. ``limit`` is what the project asks for; ``least``: it is a lower one."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    least: bool = False
    peer: str | None = None
    peer_value: float | None = None

    @property
    def verdict(self) -> str:
        if self.limit is None:
            return ""
        met = self.value >= self.limit if self.least else self.value <= self.limit
        return "MET" if met else "MISSED"


def machine() -> dict[str, str]:
    """Where and when, and of which commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit,
        "python": platform.python_version(),
        "processor": f"{model}, {os.cpu_count()} cores",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def quantile(values: list[float], part: float) -> float:
    """The value that ``part`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def given() -> argparse.Namespace:
    """The options of the command line."""
    options = PARSER.parse_args()
    if options.quick and options.save:
        PARSER.error("rough figures are not kept: leave out --quick or --save")
    return options


def quick() -> bool:
    """Whether a rough figure will do."""
    return bool(given().quick)


def report(name: str, rows: list[Row], note: str = "") -> None:
    """Print the rows as text, or with --json as one object; --save keeps them for README.md.

    ``note`` is a paragraph that README.md shows below them.
    """
    options = given()
    found = {"name": name, "machine": machine(), "rows": [asdict(row) for row in rows]}
    if note:
        found["note"] = note
    if options.save:
        (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    if options.json:
        json.dump(found, sys.stdout)
        print()
        return
    print(f"{name}: {', '.join(f'{key} {value}' for key, value in found['machine'].items())}")
    for row in rows:
        print("  " + "  ".join(cell for cell in cells(row) if cell))


def cells(row: Row) -> list[str]:
    """A row as the cells of a table."""
    sign = "at least" if row.least else "at most"
    limit = "" if row.limit is None else f"{sign} {row.limit:g} {row.unit}"
    peer = ""
    if row.peer and row.peer_value:
        ratio = row.value / row.peer_value
        shown = f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"
        peer = f"{row.peer}: {row.peer_value:.4g} {row.unit} (ratio {shown})"
    return [row.what, f"{row.value:.4g} {row.unit}", limit, row.verdict, peer]


def markdown() -> str:
    """All saved results as Markdown; bench/README.md is made of it."""
    parts = []
    for path in sorted(RESULTS.glob("*.json")):
        found = json.loads(path.read_text("utf-8"))
        where = found["machine"]
        parts += [
            f"## {found['name']}",
            "",
            f"{where['date']}, commit {where['commit']}, {where['processor']}, Python "
            f"{where['python']}, load {where['load']}",
            "",
            "| what | measured | limit | | peer in the same run |",
            "|---|---|---|---|---|",
        ]
        parts += ["| " + " | ".join(cells(Row(**row))) + " |" for row in found["rows"]]
        parts += ["", found["note"], ""] if "note" in found else [""]
    return "\n".join(parts)
