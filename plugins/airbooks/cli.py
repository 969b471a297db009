"""The airbooks command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from airbooks import commands, paths, receivables

if TYPE_CHECKING:
    from airbooks.runtime.settings import Stack

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
database = typer.Typer(no_args_is_help=True, help="The staging database.")
app.add_typer(database, name="db")


app.command()(commands.platforms)
app.command()(commands.check)
app.command()(commands.audit)
app.command()(commands.waiting)
app.command()(commands.replay)
app.command("open")(receivables.still_open)
app.command()(receivables.unlock)


@app.callback()
def airbooks() -> None:
    """Sales documents from ERP systems into accounting platforms, exactly once."""


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any free one.")] = 8099,
    tables: Annotated[Path | None, typer.Option(help="Folder of the simulators' tables; without it they live in memory.")] = None,
    platforms: Annotated[str | None, typer.Option(help="Comma-separated slugs; default: every platform.")] = None,
    time_scale: Annotated[float, typer.Option(help="How much faster rate windows pass: 60 makes a minute a second.")] = 1.0,
    think: Annotated[float, typer.Option(help="Seconds that every vendor works on a call before it answers (an assumption).")] = 0.0,
) -> None:
    """Serve every platform's simulator on this machine, for trying Dags without vendor accounts."""
    from airbooks.sandbox.server import Sandbox

    chosen = None if platforms is None else [slug for slug in platforms.split(",") if slug]
    try:
        server = Sandbox(chosen, port=port, folder=tables, time_scale=time_scale, think_seconds=think)
    except OSError as taken:
        typer.echo(f"Port {port} is taken: {taken.strerror}", err=True)
        raise typer.Exit(1) from taken
    typer.echo(f"{server.url}/__sandbox__/connections lists: {', '.join(sorted(server.simulators)) or 'no platform'}")
    server.serve()


Port = Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any free one.")]
Documents = Annotated[int, typer.Option(help="How many sales documents the demo ERP is filled with, the first time.")]


@app.command()
def demo(ui_port: Port = 0, sandbox_port: Port = 0, documents: Documents = 600) -> None:
    """Run the hourly Dag over a demo business with simulated platforms, account for every document, and stop everything again."""
    from airbooks.runtime.demo import demo

    raise typer.Exit(demo(_stack(ui_port, sandbox_port), documents))


@app.command()
def up(ui_port: Port = 8080, sandbox_port: Port = 0, documents: Documents = 600) -> None:
    """Start Airflow, Postgres and the simulated platforms, and leave them running."""
    from airbooks.runtime.demo import up

    raise typer.Exit(up(_stack(ui_port, sandbox_port), documents))


@app.command()
def realdata(
    data: Annotated[Path, typer.Argument(help="The UCI Online Retail file: CSV, also gzipped.", exists=True, dir_okay=False)],
    ui_port: Port = 0,
    sandbox_port: Port = 0,
) -> None:
    """Deliver a year of a real wholesaler's documents into one simulated company, and account for each to the penny."""
    from airbooks.realdata import realdata

    raise typer.Exit(realdata(data, ui_port, sandbox_port))


@app.command()
def down() -> None:
    """Stop what `airbooks up` started."""
    from airbooks.runtime.control import down

    typer.echo(down(paths.state_dir()))


@app.command()
def clean() -> None:
    """Stop what is up, and forget all that runs wrote: databases, books, logs, secrets."""
    from airbooks.realdata import stack
    from airbooks.runtime.control import clean

    clean(stack())
    clean(_stack(0, 0))


@database.command("url")
def database_url() -> None:
    """The address of the local run's staging database, for psql and other tools."""
    from airbooks.runtime.settings import STAGING

    typer.echo(_stack(0, 0).cluster.url(STAGING))


@database.command("migrate")
def database_migrate(url: Annotated[str, typer.Argument(help="The staging database; default: the local run's.")] = "") -> None:
    """Bring a staging database up to date. Safe to repeat and to run from several places at once."""
    from airbooks.runtime.settings import STAGING
    from airbooks.staging.migrate import migrate

    applied = migrate(url or _stack(0, 0).cluster.url(STAGING))
    typer.echo("\n".join(applied) or "Nothing to do.")


def _stack(ui_port: int, sandbox_port: int) -> Stack:
    from airbooks.runtime.settings import DEMO_TIME_SCALE, Stack, free_port, steady_port

    state = paths.state_dir()
    return Stack(
        state=state,
        ui_port=ui_port or free_port(),
        sandbox_port=sandbox_port or steady_port(state),
        time_scale=DEMO_TIME_SCALE,
    )


def main() -> None:
    app()


if __name__ == "__main__":
    main()
