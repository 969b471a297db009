"""A deliver task's process, to be killed: `python -m tests.delivery.worker DSN CONNECTION_JSON SEAL_KEY`."""

from __future__ import annotations

import json
import sys

from cryptography.fernet import Fernet
from tests.delivery import office


def main() -> None:
    dsn, connection, key = sys.argv[1:4]
    office.SEAL = Fernet(key.encode())
    made = office.Office(dsn, json.loads(connection))
    made.read_timeout = 60.0
    print("working", flush=True)
    made.deliver()


if __name__ == "__main__":
    main()
