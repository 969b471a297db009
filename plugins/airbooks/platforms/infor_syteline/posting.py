"""How posting is asked for: an IDO method or an application event, both named by the connection, for they differ by version and site."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from airbooks.platforms.errors import PlatformError
from airbooks.platforms.infor_syteline.ido import Idos
from airbooks.platforms.infor_syteline.spec import POST_EVENT, POST_METHOD, POST_NONE, POSTING_UNSET, SPEC

_PLACE = re.compile(r"\{(\w+)\}")


class Posting:
    """The posting of one kind of row (`SLArinvs` or `SLArpmts`) as the connection describes it."""

    def __init__(self, idos: Idos, ido: str, settings: Mapping[str, str], *, name_field: str, parameters_field: str) -> None:
        self._idos, self.ido = idos, ido
        self.mode = settings.get("post_mode", POST_NONE)
        self.name = settings.get(name_field, "")
        self._name_field, self._field, self._text = name_field, parameters_field, settings.get(parameters_field, "")

    @property
    def is_ours(self) -> bool:
        """Whether this connection posts; if not, the finance team's posting task does."""
        return self.mode != POST_NONE

    def check(self) -> None:
        """Raises PlatformError (STOP) when the connection is to post and does not say how."""
        if not self.is_ours:
            return
        if not self.name:
            raise _unset(f"The connection's post_mode is {self.mode!r}, and its field {self._name_field!r} is empty.")
        self._template()

    def _template(self) -> Any:
        wanted = list if self.mode == POST_METHOD else dict
        try:
            found = json.loads(self._text) if self._text else wanted()
        except ValueError:
            found = None
        if not isinstance(found, wanted):
            shape = "list" if wanted is list else "object"
            raise _unset(f"The connection's field {self._field!r} must be a JSON {shape} of texts, not {self._text!r}.")
        return found

    def ask(self, row: Mapping[str, str]) -> None:
        """Post one row; `row` fills the places in braces. Raises PlatformError."""
        self.check()
        template = self._template()
        if self.mode == POST_EVENT:
            self._idos.raise_event(self.name, {name: _filled(str(value), row) for name, value in template.items()})
            return
        self._idos.invoke(self.ido, self.name, [None if each is None else _filled(str(each), row) for each in template])


def _unset(message: str) -> PlatformError:
    return PlatformError(message, platform=SPEC.slug, rule=POSTING_UNSET)


def _filled(text: str, row: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: row.get(found[1], found[0]), text)
