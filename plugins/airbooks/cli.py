"""The airbooks command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def airbooks() -> None:
    """Sales documents from ERP systems into accounting platforms, exactly once."""


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any free one.")] = 8099,
    tables: Annotated[Path | None, typer.Option(help="Folder of the simulators' tables; without it they live in memory.")] = None,
    platforms: Annotated[str | None, typer.Option(help="Comma-separated slugs; default: every platform.")] = None,
    time_scale: Annotated[float, typer.Option(help="How much faster rate windows pass: 60 makes a minute a second.")] = 1.0,
) -> None:
    """Serve every platform's simulator on this machine, for trying Dags without vendor accounts."""
    from airbooks.sandbox.server import Sandbox

    chosen = None if platforms is None else [slug for slug in platforms.split(",") if slug]
    server = Sandbox(chosen, port=port, folder=tables, time_scale=time_scale)
    typer.echo(f"{server.url}/__sandbox__/connections lists: {', '.join(sorted(server.simulators)) or 'no platform'}")
    server.serve()


def main() -> None:
    app()


if __name__ == "__main__":
    main()
