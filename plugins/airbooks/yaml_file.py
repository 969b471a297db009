"""YAML read so that every complaint can name its file and line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ConfigError(ValueError):
    """The configuration cannot be used; the text lists every problem as `file:line: what is wrong`."""


@dataclass(slots=True)
class Problems:
    """Collects what is wrong in one directory of configuration, so that a person sees all of it at once."""

    found: list[str] = field(default_factory=list)

    def add(self, file: Path, line: int, text: str) -> None:
        self.found.append(f"{file}:{line}: {text}")

    def raise_if_any(self) -> None:
        if self.found:
            raise ConfigError("\n".join(self.found))


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of a YAML file, with its place. Reading it in the wrong shape records a problem and gives an empty value."""

    node: yaml.Node | None
    file: Path
    problems: Problems

    @property
    def line(self) -> int:
        return self.node.start_mark.line + 1 if self.node else 1

    def problem(self, text: str) -> None:
        self.problems.add(self.file, self.line, text)

    def at(self, node: yaml.Node) -> Setting:
        return Setting(node, self.file, self.problems)

    def items(self) -> Iterator[tuple[str, Setting]]:
        """Keys as text, with their values; a key that stands twice is a problem (YAML itself would keep the last one silently)."""
        if self.is_empty():
            return
        if not isinstance(self.node, yaml.MappingNode):
            self.problem("expected `key: value` pairs")
            return
        seen: set[str] = set()
        for key, value in self.node.value:
            if key.value in seen:
                self.at(key).problem(f"{key.value!r} stands twice; the second would replace the first")
            seen.add(key.value)
            yield str(key.value), self.at(value)

    def elements(self) -> Iterator[Setting]:
        if self.is_empty():
            return
        if not isinstance(self.node, yaml.SequenceNode):
            self.problem("expected a list")
            return
        for element in self.node.value:
            yield self.at(element)

    def fields(self, known: str, required: str = "") -> dict[str, Setting]:
        """The values by key; a key that is not among `known` (blank-separated) is a problem, so is a missing required one."""
        found = dict(self.items())
        names = known.split()
        for name, setting in found.items():
            if name not in names:
                setting.problem(f"unknown key {name!r}{did_you_mean(name, names)}; known keys: {', '.join(names)}")
        for name in required.split():
            if name not in found:
                self.problem(f"{name!r} is missing")
        return found

    def is_empty(self) -> bool:
        return self.node is None or (isinstance(self.node, yaml.ScalarNode) and self.node.tag == "tag:yaml.org,2002:null")

    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def text(self) -> str:
        """The scalar as it is written: `4000`, `NO` and `2026-01-01` stay text."""
        if self.is_empty():
            return ""
        if not isinstance(self.node, yaml.ScalarNode):
            self.problem("expected a single value")
            return ""
        return str(self.node.value)

    def texts(self) -> tuple[str, ...]:
        """A list of scalars; a single scalar is a list of one."""
        if self.is_list():
            return tuple(element.text() for element in self.elements())
        return (self.text(),) if not self.is_empty() else ()

    def plain(self) -> Any:
        """The value as YAML types it (true, 3, lists and mappings), for options that are handed on as they are."""
        if self.node is None:
            return None
        loader = yaml.SafeLoader("")
        try:
            return loader.construct_document(self.node)
        finally:
            loader.dispose()


def did_you_mean(word: str, known: list[str]) -> str:
    """` (did you mean 'x'?)`, or nothing where no known word is close."""
    close = get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def read_setting(file: Path, problems: Problems) -> Setting:
    """The root of one YAML file; a file that is not YAML is a problem with the parser's line."""
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.add(file, line, f"not valid YAML: {error.problem}")
        node = None
    return Setting(node, file, problems)
