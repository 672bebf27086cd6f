"""Entry of the command ``kprov``: runs it, or says what to install."""

import sys

_NEEDED = ("click", "lxml", "prov", "pyoxigraph", "pyshacl", "rdflib", "rich", "SPARQLWrapper")
_EXTRAS = dict.fromkeys(_NEEDED, "store")
_EXTRAS |= {"flask": "server", "jinja2": "server", "waitress": "server", "werkzeug": "server"}
_EXTRAS |= {"pymonetdb": "mirror", "keras": "demo", "sklearn": "demo"}


def main() -> None:
    """Run the command line; where an extra is not installed, print the line that installs it."""
    try:
        from kprov_rdf import cli

        status = cli.run()
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        print(
            f"kprov: the command needs the package {error.name!r}, which is not installed. "
            f"Install what it needs with: pip install '.[{extra}]' in a clone of kprov",
            file=sys.stderr,
        )
        status = 2
    sys.exit(status)


if __name__ == "__main__":
    main()
