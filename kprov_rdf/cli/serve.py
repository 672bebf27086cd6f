"""The command that serves."""

import math
from pathlib import Path

import click

from kprov_capture.home import Home, find
from kprov_capture.identity import DEFAULT_BASE
from kprov_rdf.cli.context import Context, pass_context
from kprov_rdf.errors import InputError


def _token(path: Path) -> tuple[str, bool]:
    """The token in a file, and whether it was made now."""
    from kprov_capture import secret

    try:
        if path.exists():
            return secret.read(path), False
        return secret.create(path), True
    except ValueError as error:
        raise InputError(f"{error}. Write one there, or name a new file.") from error


@click.command(short_help="Serve pages, live charts, linked data and SPARQL.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    default=8642,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="0 takes a free one.",
)
@click.option(
    "--token",
    envvar="KPROV_TOKEN",
    help="What a request must show to take or change something. Default: a random one, which "
    "the commands of this user find.  [env: KPROV_TOKEN]",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False),
    help="A file with it, which stays out of the list of processes; made where it is missing.",
)
@click.option(
    "--query-seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0.1, max=86_400),
    help="Time of one query.",
)
@click.option(
    "--query-memory",
    default=1024,
    show_default=True,
    type=click.IntRange(min=1),
    help="Memory of one query, MiB.",
)
@click.option(
    "--query-rows",
    default=100_000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Rows of one answer.",
)
@pass_context
def serve(
    context: Context,
    host: str,
    port: int,
    token: str | None,
    token_file: str | None,
    query_seconds: float,
    query_memory: int,
    query_rows: int,
) -> None:
    """Serve the runs: a page of them, a page and live charts for each, linked data, SPARQL.

    \b
        http://localhost:8642/            the runs
        http://localhost:8642/run/ID      a run, as a page or as RDF (Accept, or .ttl …)
        http://localhost:8642/sparql      questions
        http://localhost:8642/health      200 once the journals are loaded

    It follows trainings while they run, and every other command works beside it. Only
    this machine reaches it unless --host says otherwise; then anyone who can reach it can
    read everything. Ctrl-C ends it.

    With a token, trainings on other machines may send their runs while they train:
    set KPROV_SERVER and KPROV_TOKEN (or KPROV_TOKEN_FILE) where they run.
    """
    if math.isnan(query_seconds):  # which is in every range
        raise click.BadParameter("--query-seconds is not in the range of times.")
    from kprov_rdf.server.pool import Limits
    from kprov_rdf.server.serve import is_loopback
    from kprov_rdf.server.serve import serve as run

    made = False
    if token_file:
        token, made = _token(Path(token_file))
    home = Home(find(context.asked))
    existed = (home.path / "journal").is_dir()
    base = home.base()
    limits = Limits(seconds=query_seconds, memory=query_memory << 20, rows=query_rows)

    def started(url: str) -> None:
        if not existed:
            click.echo(f"{home.path} created.")
        click.echo(f"kprov: serving {home.path} at {url} (Ctrl-C ends it)")
        if base != url:
            own = " (the default)" if base == DEFAULT_BASE else ""
            click.echo(f"IRIs begin with {base}{own}; here they are found by their paths.")
        if not is_loopback(host):
            click.echo("Anyone who can reach this machine can read everything here.")
        if token:
            what = f"the new token in {token_file}" if made else "the token"
            click.echo(f"Trainings that show {what} may send their runs here.")

    run(home, host, port, token, limits, started)
    click.echo("kprov: ended.")
