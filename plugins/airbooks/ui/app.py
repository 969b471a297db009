"""What airbooks mounts in Airflow's API server, under `/airbooks`.

Airflow puts no log-in before what a plugin mounts: every route here asks for a user itself (`GetUserDep`), except the one for webhooks,
which asks for a signature. FastAPI's own pages about an app (docs, schema) would be open to anybody, so there are none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from airbooks.staging.database import connect
from airbooks.ui.inbox import Inbox, webhooks


def create_app() -> FastAPI:
    """The application; it opens no connection before the first event."""
    inbox = Inbox(connect)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        inbox.close()

    app = FastAPI(title="airbooks", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(webhooks(inbox))
    return app
