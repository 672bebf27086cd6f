"""Entry of the command ``kprov``: runs it, or says what to install."""

import sys

_NEEDED = {"click", "rich", "pyoxigraph", "prov", "pyshacl", "rdflib"}


def main() -> None:
    """Run the command line; without the extra `store`, print the line that installs it."""
    try:
        from kprov_rdf import cli

        status = cli.run()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        print(
            f"kprov: the command needs the package {error.name!r}, which is not installed. "
            "Install what it needs with: pip install 'kprov-rdf[store]'",
            file=sys.stderr,
        )
        status = 2
    sys.exit(status)


if __name__ == "__main__":
    main()
