"""What a source's documents must not be, said in sources.yaml: each rule has a code, a condition on raw columns, and words for a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from airbooks.canonical import Finding, Severity
from airbooks.sources.fields import FieldError
from airbooks.sources.raw import Payload
from airbooks.yaml_file import Setting

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A document that meets every test of `where`, and has a line that meets every test of `any_line`, is refused under `code`.

    `says` and `fix` may name columns in braces: of the first such line, else of the document; `{line}` is that line's position and
    `{index}` one less.
    """

    code: str
    where: tuple[tuple[str, Test], ...]
    any_line: tuple[tuple[str, Test], ...]
    lines: str
    field: str
    value: str
    says: str
    fix: str

    def finding(self, payload: Payload) -> Finding | None:
        """The finding, or None where the document is not refused; raises FieldError where a column that decides does not exist."""
        if not meets(payload, self.where):
            return None
        words: dict[str, Any] = Words(payload)
        if self.any_line:
            position, line = self._first_line(payload)
            if line is None:
                return None
            words = Words({**payload, **line, "line": position, "index": position - 1})
        return Finding(
            code=self.code,
            severity=Severity.ERROR,
            field=self.field.format_map(words),
            value=str(words[self.value] or "") if self.value else "",
            says=self.says.format_map(words),
            fix=self.fix.format_map(words),
            subject=self.code,
        )

    def _first_line(self, payload: Payload) -> tuple[int, Payload | None]:
        if self.lines not in payload:
            raise missing_column(self.lines)
        for position, line in enumerate(payload[self.lines] or (), start=1):
            if meets(line, self.any_line):
                return position, line
        return 0, None


class Words(dict[str, Any]):
    """Columns for the braces of a message; one that the document does not have is left empty."""

    def __missing__(self, key: str) -> str:
        return ""


def meets(row: Payload, tests: tuple[tuple[str, Test], ...]) -> bool:
    """Whether `row` meets every test; a column that is not there is blank, and no other test can be answered about it."""
    for column, test in tests:
        if column not in row and test not in (is_blank, is_present):
            raise missing_column(column)
        if not test(row.get(column)):
            return False
    return True


def missing_column(name: str) -> FieldError:
    return FieldError("SRC-COLUMN", name, f"a column {name!r}")


def number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def is_blank(value: Any) -> bool:
    return value is None or str(value).strip() == ""


def is_present(value: Any) -> bool:
    return not is_blank(value)


def is_zero(value: Any) -> bool:
    return number(value) == 0


def is_negative(value: Any) -> bool:
    found = number(value)
    return found is not None and found < 0


def is_positive(value: Any) -> bool:
    found = number(value)
    return found is not None and found > 0


NAMED_TESTS: Mapping[str, Test] = {
    "blank": is_blank,
    "present": is_present,
    "zero": is_zero,
    "negative": is_negative,
    "positive": is_positive,
}


def compile_refusals(setting: Setting) -> tuple[Refusal, ...]:
    return tuple(_refusal(element) for element in setting.elements())


def _refusal(setting: Setting) -> Refusal:
    keys = setting.fields("code where any_line lines field value says fix", required="code says fix")
    texts = {name: keys[name].text() if name in keys else "" for name in ("code", "field", "value", "says", "fix")}
    if "where" not in keys and "any_line" not in keys:
        setting.problem("a rule needs `where` (columns of the document) or `any_line` (columns of one line)")
    return Refusal(
        where=_tests(keys.get("where")),
        any_line=_tests(keys.get("any_line")),
        lines=keys["lines"].text() if "lines" in keys else "lines",
        **texts,
    )


def _tests(setting: Setting | None) -> tuple[tuple[str, Test], ...]:
    return tuple((column, _test(value)) for column, value in setting.items()) if setting else ()


def _test(setting: Setting) -> Test:
    """`blank`, `present`, `zero`, `negative`, `positive`, or `{in: [...]}`, `{matches: regex}`."""
    if not setting.is_mapping():
        if setting.text() not in NAMED_TESTS:
            setting.problem(f"unknown test {setting.text()!r}; known: {', '.join(NAMED_TESTS)}, or in: [...] or matches: regex")
        return NAMED_TESTS.get(setting.text(), is_blank)
    keys = setting.fields("in matches")
    if "in" in keys:
        allowed = frozenset(keys["in"].texts())
        return lambda value: str(value) in allowed
    pattern = re.compile(keys["matches"].text() if "matches" in keys else "")
    return lambda value: pattern.fullmatch("" if value is None else str(value)) is not None
