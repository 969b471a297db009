"""The sandbox's process of a measurement: `python -m tests.bench.sandbox SLUG SCALE THINK` prints its address and serves."""

from __future__ import annotations

import sys

from airbooks.sandbox.server import Sandbox


def main() -> None:
    """Serve until killed."""
    slug, scale, think = sys.argv[1:]
    server = Sandbox([slug], time_scale=float(scale), think_seconds=float(think))
    print(server.url, flush=True)
    server.serve()


if __name__ == "__main__":
    main()
