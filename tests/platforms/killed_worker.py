"""A worker that is killed while its session is open: arguments are DSN, platform, connection, account (JSON), key."""

from __future__ import annotations

import json
import os
import signal
import sys

import psycopg
from cryptography.fernet import Fernet

from airbooks.canonical import DocumentKind
from airbooks.platforms import registry
from airbooks.platforms.base import Account
from airbooks.staging.sessions import StoredSessions


def main() -> None:
    dsn, slug, connection, account, key = sys.argv[1:6]
    aside = psycopg.connect(dsn, autocommit=True)
    sessions = StoredSessions(aside, Fernet(key))
    hook = registry.hook_class(slug)(connection, account=Account(**json.loads(account)), sessions=sessions)
    hook.find_invoice("XX-SI-999999", DocumentKind.INVOICE)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
