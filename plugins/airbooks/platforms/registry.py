"""Which platforms there are: one folder each, found by looking. Plain data comes cheap; classes are imported when asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airbooks.platforms.errors import ConfigurationError
from airbooks.platforms.spec import PlatformSpec

if TYPE_CHECKING:
    from airbooks.platforms.base import PlatformHook


@cache
def slugs() -> tuple[str, ...]:
    """The platforms' slugs, in alphabetical order."""
    rooms = Path(__file__).parent
    return tuple(sorted(each.parent.name for each in rooms.glob("*/spec.py")))


@cache
def spec(slug: str) -> PlatformSpec:
    """The plain data of a platform; raises ConfigurationError for an unknown slug."""
    if slug not in slugs():
        raise ConfigurationError(f"There is no platform {slug!r}. Known platforms: {', '.join(slugs())}.")
    found = import_module(f"airbooks.platforms.{slug}.spec").SPEC
    assert isinstance(found, PlatformSpec)  # noqa: S101
    return found


def _load(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def hook_class(slug: str) -> type[PlatformHook]:
    """The platform's hook (imports Airflow and the HTTP client)."""
    found: type[PlatformHook] = _load(spec(slug).hook_path)
    return found


def operator_class(slug: str) -> type[Any]:
    """The platform's InvoiceOperator."""
    found: type[Any] = _load(spec(slug).operator_path)
    return found
