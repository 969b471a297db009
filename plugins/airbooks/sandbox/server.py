"""The sandbox: every platform's simulator behind one loopback port, with its books, its request log and faults on demand.

Each simulator answers under `/<slug>`. What people and tests ask about a simulator lies under `/__sandbox__/`:
`books/<slug>`, `requests/<slug>`, `connections`, `faults`, `clock/<slug>`. Nothing of it is meant to leave this machine.
"""

from __future__ import annotations

import asyncio
import csv
import importlib
import importlib.util
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import uvicorn
from fastapi import APIRouter, Body, FastAPI, HTTPException
from starlette.types import Receive, Scope, Send

import airbooks.platforms
from airbooks import paths
from airbooks.sandbox.faults import App, Call, Fault, Faults, Kind, strike
from airbooks.sandbox.kit import Books, Clock, Context, Row, Simulator, Store
from airbooks.sandbox.requests import Asked, RequestLog, secrets_of

LOOPBACK = "127.0.0.1"
CONTROL = "/__sandbox__"


def available() -> list[str]:
    """The slugs of every platform that has a simulator."""
    rooms = {room.name for folder in airbooks.platforms.__path__ for room in Path(folder).iterdir() if room.is_dir()}
    return sorted(slug for slug in rooms if slug.isidentifier() and importlib.util.find_spec(f"airbooks.platforms.{slug}.sandbox"))


def catalogue() -> list[Row]:
    """The items of the demo supplier, which every simulated company sells."""
    with paths.CATALOGUE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def simulator(slug: str, base_url: str, *, folder: Path | None = None, time_scale: float = 1.0, think_seconds: float = 0.0) -> Simulator:
    """One platform's simulator, its tables in `folder/<slug>.sqlite` or in memory."""
    kind: type[Simulator] = importlib.import_module(f"airbooks.platforms.{slug}.sandbox").SIMULATOR
    store = Store(None if folder is None else folder / f"{slug}.sqlite")
    context = Context(
        store=store,
        clock=Clock(),
        base_url=f"{base_url}/{slug}",
        time_scale=time_scale,
        think_seconds=think_seconds,
        options={"catalogue": catalogue()},
    )
    return kind(context)


class Door:
    """The outermost layer: records every call and lets armed faults strike it. It must see uvicorn's own `send`.

    `app` answers for the sandbox itself, `apps` for the simulators.
    """

    def __init__(self, app: App, apps: dict[str, App], logs: dict[str, RequestLog], faults: Faults) -> None:
        self.app, self.apps, self.logs, self.faults = app, apps, logs, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        slug, path = _split(scope.get("path", ""))
        if scope["type"] != "http" or slug not in self.apps:
            await self.app(scope, receive, send)
            return
        body = await _whole_body(receive)
        fault = self.faults.choose(slug, scope["method"], path, body)
        record = self.logs[slug].entry(dict(scope), body, fault.kind if fault else None)
        call = Call(self.apps[slug], dict(scope), body, receive, send, record)  # type: ignore[arg-type]
        try:
            await self._answer(call, fault)
        finally:
            record(None)

    async def _answer(self, call: Call, fault: Fault | None) -> None:
        if fault is not None:
            await strike(fault, call)
        else:
            await (await call.handle()).send(call.send)


def _split(path: str) -> tuple[str, str]:
    slug, _, rest = path.removeprefix("/").partition("/")
    return slug, f"/{rest}"


async def _whole_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


class Server(uvicorn.Server):
    """uvicorn, except that it ends at once when it is told to: by itself it looks ten times a second, and pauses again before it goes."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        await super().serve(sockets)

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if not self.force_exit:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()

    def end(self) -> None:
        """End from another thread; answers that are under way are not finished."""
        self.should_exit = self.force_exit = True
        with suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._told.set)


class Sandbox:
    """The simulators of some platforms on one port. `start` serves in a thread, `serve` in the caller's.

    `think_seconds` is how long every vendor works on a call: an assumption, without which a limit on parallel calls allows any number.
    """

    def __init__(
        self,
        slugs: Iterable[str] | None = None,
        *,
        port: int = 0,
        folder: Path | None = None,
        time_scale: float = 1.0,
        think_seconds: float = 0.0,
    ) -> None:
        self._socket = _bound(port)
        self.url = f"http://{LOOPBACK}:{self._socket.getsockname()[1]}"
        chosen = available() if slugs is None else list(slugs)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        made = (simulator(slug, self.url, folder=folder, time_scale=time_scale, think_seconds=think_seconds) for slug in chosen)
        self.simulators = {each.slug: each for each in made}
        self.logs = {slug: RequestLog(secrets_of(each.connection())) for slug, each in self.simulators.items()}
        self.faults = Faults()
        config = uvicorn.Config(
            Door(_served(control(self)), {slug: _thinking(each) for slug, each in self.simulators.items()}, self.logs, self.faults),
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = Server(config)
        self._thread = threading.Thread(target=self.serve, name="sandbox", daemon=True)

    def base_url(self, slug: str) -> str:
        """Where the simulator of `slug` answers, without a trailing slash."""
        return f"{self.url}/{slug}"

    def books(self, slug: str) -> Books:
        return self.simulators[slug].books()

    def requests(self, slug: str) -> list[Asked]:
        return self.logs[slug].asked

    def inject(self, slug: str, fault: str, **parameters: Any) -> None:
        """Arm a transport fault, or one of the simulator's own."""
        if fault in set(Kind):
            self.faults.arm(fault, slug=slug, **parameters)
        else:
            self.simulators[slug].inject(fault, parameters)

    def clear_faults(self) -> None:
        self.faults.clear()
        for each in self.simulators.values():
            each.clear_faults()

    def serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> Self:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.01)
        return self

    def stop(self) -> None:
        self._server.end()
        self._thread.join(10)
        self._socket.close()
        for each in self.simulators.values():
            each.store.close()


def _served(router: APIRouter) -> FastAPI:
    app = FastAPI(title="airbooks sandbox", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.router.routes.extend(router.routes)  # include_router would build each of them a second time
    return app


def _thinking(each: Simulator) -> App:
    """A simulator's end points, each behind the time that its vendor takes."""
    app = _served(each.router)
    if each.thinks_itself or not each.context.think_seconds:
        return app

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await each.think()
        await app(scope, receive, send)

    return answer


@contextmanager
def running(slugs: Iterable[str] | None = None, **options: Any) -> Iterator[Sandbox]:
    """A sandbox in a thread of this process, stopped at the end."""
    sandbox = Sandbox(slugs, **options).start()
    try:
        yield sandbox
    finally:
        sandbox.stop()


def _bound(port: int) -> socket.socket:
    """A loopback socket on `port` (0: any free one). Raises OSError when the port is taken."""
    wire = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        wire.bind((LOOPBACK, port))
    except OSError:
        wire.close()
        raise
    return wire


def control(sandbox: Sandbox) -> APIRouter:
    """The questions people and tests ask about the simulators."""
    router = APIRouter(prefix=CONTROL)

    def known(slug: str) -> Simulator:
        if slug not in sandbox.simulators:
            raise HTTPException(404, f"no simulator {slug!r}; there are {sorted(sandbox.simulators)}")
        return sandbox.simulators[slug]

    @router.get("/health")
    async def health() -> Row:
        return {"status": "ok", "platforms": sorted(sandbox.simulators)}

    @router.get("/connections")
    async def connections() -> dict[str, Row]:
        return {slug: each.connection() for slug, each in sandbox.simulators.items()}

    @router.get("/books/{slug}")
    async def books(slug: str) -> Row:
        shown: Row = _money_as_text(asdict(known(slug).books()))
        return shown

    @router.get("/requests/{slug}")
    async def requests(slug: str) -> list[Row]:
        known(slug)
        return [asked.as_row() for asked in sandbox.requests(slug)]

    @router.delete("/requests/{slug}", status_code=204)
    async def forget_requests(slug: str) -> None:
        known(slug)
        sandbox.logs[slug].clear()

    @router.get("/faults")
    async def faults() -> Row:
        wire = [{**fault.model_dump(mode="json"), "struck": fault.struck} for fault in sandbox.faults.armed]
        platforms = {slug: each.armed for slug, each in sandbox.simulators.items() if each.armed}
        return {
            "wire": wire,
            "platforms": platforms,
            "struck": {slug: dict(each.armed.consulted) for slug, each in sandbox.simulators.items()},
        }

    @router.post("/faults", status_code=201)
    async def inject(slug: str = Body(), kind: str = Body(), parameters: Row = Body(default_factory=dict)) -> Row:
        known(slug)
        try:
            sandbox.inject(slug, kind, **parameters)
        except ValueError as refused:
            raise HTTPException(422, str(refused)) from refused
        return {"slug": slug, "kind": kind}

    @router.delete("/faults", status_code=204)
    async def clear() -> None:
        sandbox.clear_faults()

    @router.put("/clock/{slug}")
    async def clock(slug: str, seconds: float = Body(embed=True)) -> Row:
        """Move this platform's time `seconds` away from the real one."""
        known(slug).clock.offset = timedelta(seconds=seconds)
        return {"now": known(slug).clock.now().isoformat()}

    return router


def _money_as_text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: _money_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_money_as_text(item) for item in value]
    return value
