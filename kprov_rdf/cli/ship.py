"""The command that sends to a server what was recorded here."""

import click

from kprov_rdf.cli.context import Context, pass_context
from kprov_rdf.errors import InputError


@click.command(short_help="Send the runs of this folder to a server.")
@click.option("--server", metavar="URL", help="Default: $KPROV_SERVER, else url in kprov.toml.")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False),
    help="The server's. Default: $KPROV_TOKEN, $KPROV_TOKEN_FILE, else what kprov.toml says.",
)
@pass_context
def ship(context: Context, server: str | None, token_file: str | None) -> None:
    """Send to a server what it lacks of the runs recorded here.

    A training sends its run by itself where a server is set, and what an earlier one
    had left. This sends all of them now. What the server has is not sent again.

    Exit status: 0 the server has all, 2 it lacks something.
    """
    from kprov_capture import target
    from kprov_capture.delivery import Link, waiting
    from kprov_capture.home import find, open_home
    from kprov_capture.target import DeliveryError, RejectedError, SettingsError

    home = open_home(find(context.asked))
    try:
        to = target.find(home.path, server, token_file)
    except SettingsError as error:
        raise InputError(str(error)[:1].upper() + str(error)[1:]) from error
    if to is None:
        raise InputError(
            "No server is set. Name it: kprov ship --server http://HOST:8642/, with KPROV_TOKEN or "
            "--token-file."
        )
    todo = waiting(home, to, everything=True)
    if not todo:
        click.echo(f"Nothing to send: {to.url} has all.")
        return
    link, sent = Link(to), 0
    for number, one in enumerate(todo):
        rejected = None
        try:
            one.deliver(link)
            sent += 1
        except RejectedError as error:
            rejected = str(error)
            click.echo(f"kprov: run {one.run_id[-8:]} is not sent: {error}", err=True)
        except DeliveryError as error:
            left = len(todo) - number
            runs = "1 run is" if left == 1 else f"{left} runs are"
            click.echo(f"kprov: {runs} not sent: {error}", err=True)
            break
        one.note(to, rejected)
    link.close()
    whole = "run" if len(todo) == 1 else f"{len(todo)} runs"
    click.echo(f"{to.url} has {sent} of the {whole} that it may have lacked a part of.")
    if sent < len(todo):
        raise SystemExit(2)
