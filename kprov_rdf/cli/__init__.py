"""The command line: a skin over the library. Whatever it does, a library call does.

Imports stand in the commands that need them, so that ``--help`` costs nothing.
"""

import sys
import traceback

import click

from kprov_capture import __version__
from kprov_capture.home import HomeError, create, find
from kprov_rdf.cli import ask, merge, mirror, share, upkeep
from kprov_rdf.cli.context import Context, complete_streams, hang_up, pass_context, tell
from kprov_rdf.cli.diff import diff
from kprov_rdf.cli.export import export
from kprov_rdf.cli.lineage import lineage
from kprov_rdf.cli.links import links
from kprov_rdf.cli.runs import runs
from kprov_rdf.cli.series import series
from kprov_rdf.cli.serve import serve
from kprov_rdf.cli.ship import ship
from kprov_rdf.cli.validate import validate
from kprov_rdf.cli.watch import watch
from kprov_rdf.errors import KprovError


class _InOrder(click.Group):
    """Lists its commands in the order in which a newcomer needs them, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


@click.group(
    cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--home",
    metavar="DIR",
    help="The state folder. Default: $KPROV_HOME, else the nearest .kprov upwards.",
)
@click.version_option(__version__, prog_name="kprov")
@click.pass_context
def cli(context: click.Context, home: str | None) -> None:
    """Provenance of deep-learning training as linked data.

    Trainings record themselves with one line:

    \b
        import kprov_capture.keras as kprov
        model.fit(x, y, callbacks=[kprov.Provenance("digits-cnn")])

    The commands below read what was recorded, also while a training runs.

    Exit status: 0 yes, 1 no (invalid), 2 it could not be done.
    """
    context.obj = Context(home)


@cli.command()
@pass_context
def init(context: Context) -> None:
    """Create the state folder.

    Not needed before training: the first run creates it. It is $KPROV_HOME, or
    .kprov in the working folder.
    """
    path = find(context.asked)
    existed = (path / "journal").is_dir()
    home = create(path)
    click.echo(f"{home.path} {'is there already' if existed else 'created'}.")
    if not existed:
        click.echo("Next: train with the callback kprov.Provenance(…), or try 'kprov demo'.")


@cli.command(short_help="The whole way, from training to published data, on real data.")
@click.option("--epochs", default=31, show_default=True, help="Epochs of each training.")
@pass_context
def demo(context: Context, epochs: int) -> None:
    """Train, capture, validate, ask, merge, mirror, publish: the whole way, on real data.

    Trains a small network on scikit-learn's handwritten digits with several
    optimizers, and then shows what kprov recorded. Takes a minute or two. For its
    tables in SQL it fetches a MonetDB (4 MB, Linux on x86-64); without, that is left out.
    """
    from kprov_rdf import demo as demonstration

    demonstration.run(create(find(context.asked)), epochs)


_COMMANDS = (
    *(runs, ask.show, watch, ask.query),
    *(validate, lineage, diff, export, series, merge.merge, links, mirror.mirror),
    *(serve, ship, share.publish),
    *(upkeep.rm, upkeep.gc, upkeep.backup, upkeep.restore, upkeep.optimize),
)
for _command in _COMMANDS:
    cli.add_command(_command)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; gives the exit status, and prints errors as one paragraph."""
    complete_streams()
    try:
        # Not cli.main(): it turns a closed pipe into status 1, which means "invalid" here.
        given = sys.argv[1:] if arguments is None else list(arguments)
        with cli.make_context("kprov", given) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except (click.exceptions.Exit, SystemExit) as stop:
        code = stop.exit_code if isinstance(stop, click.exceptions.Exit) else stop.code
        return code if isinstance(code, int) else 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except BrokenPipeError:
        hang_up()
        return 0
    except (KprovError, HomeError) as error:
        tell(f"kprov: {error}", err=True)
        return 2
    except ModuleNotFoundError:
        raise  # an extra that is not installed: the entry says which
    except Exception as error:
        if not isinstance(error, OSError):
            # Not left to the interpreter, whose status 1 means "invalid" here.
            traceback.print_exc()
            click.echo("kprov: this is a bug of kprov; please report it with the above.", err=True)
            return 2
        where = f" {error.filename}" if error.filename else ""
        tell(f"kprov: cannot read or write{where}: {error.strerror or error}.", err=True)
        return 2
    return 0
