"""The declarative mapping: a raw document becomes a canonical one, or findings that name document, field, value and expected form."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from airbooks.canonical import CreditNote, Document, Finding, Invoice, Severity, parse_document
from airbooks.config import SourceConfig
from airbooks.sources.fields import Field, FieldError, compile_field
from airbooks.sources.raw import Payload, RawDocument
from airbooks.sources.refuse import Refusal, compile_refusals, is_blank
from airbooks.sources.totals import with_totals
from airbooks.yaml_file import Setting, did_you_mean

FIXES = {
    "SRC-COLUMN": "The sales system has changed: correct the column's name in sources.yaml, or bring the column back, and read again.",
    "SRC-MISSING": "Fill it in in the sales system; the document is read again as soon as it is saved there.",
    "SRC-FORMAT": "Correct it in the sales system, or change how sources.yaml reads this column.",
    "SRC-LOOKUP": "Correct it in the sales system, or add it to the field's lookup in sources.yaml.",
    "SRC-VALUE": "Correct it in the sales system; the document is read again as soon as it is saved there.",
}
OWN_FIELDS = ("source", "source_id", "source_version")


@dataclass(frozen=True, slots=True)
class MappingFailure:
    """A raw document that has no canonical form yet, with the reasons. The raw document stays with it: nothing is dropped."""

    raw: RawDocument
    number: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The fields of one object; it is left out where the column `when` is empty, so that no shipment is not an empty shipment."""

    fields: tuple[tuple[str, Node], ...]
    when: str = ""

    def build(self, row: Payload, document: Payload, path: str, trouble: list[Finding]) -> dict[str, Any] | None:
        if self.when and is_blank(row.get(self.when, document.get(self.when))):
            return None
        values = ((name, read_node(node, row, document, f"{path}{name}", trouble)) for name, node in self.fields)
        return {name: value for name, value in values if value is not None}


@dataclass(frozen=True, slots=True)
class Each:
    """A list with one object for each row of a child; `rows` empty means one object made from the row itself.

    `position` names the canonical field that takes the row's position, from 1, where the source does not number its rows.
    """

    rows: str
    group: Group
    position: str = ""

    def build(self, row: Payload, document: Payload, path: str, trouble: list[Finding]) -> list[dict[str, Any]]:
        children = row.get(self.rows) or () if self.rows else (row,)
        built = (self._one(child, document, n, f"{path}[{n}].", trouble) for n, child in enumerate(children))
        return [each for each in built if each is not None]

    def _one(self, child: Payload, document: Payload, place: int, path: str, trouble: list[Finding]) -> dict[str, Any] | None:
        built = self.group.build(child, document, path, trouble)
        return {self.position: str(place + 1), **built} if built is not None and self.position else built


Node = Field | Group | Each


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """A compiled mapping of one source. `number` reads the document's number, which the findings are filed under."""

    source: str
    number: Field
    body: Group
    computes_totals: bool
    refusals: tuple[Refusal, ...]


def to_canonical(mapping: SourceMapping, raw: RawDocument, waived: Collection[str] = ()) -> Invoice | CreditNote | MappingFailure:
    """The canonical document, or why there is none. `waived` are codes of refusals that a person has decided to overrule."""
    number = document_number(mapping, raw)
    refused = refusal_finding(mapping, raw, waived)
    if refused:
        return failure(raw, number, [refused])
    trouble: list[Finding] = []
    body = mapping.body.build(raw.payload, raw.payload, "", trouble) or {}
    if not body.get("lines") and not trouble:
        trouble.append(no_lines())
    if trouble:
        return failure(raw, number, trouble)
    if mapping.computes_totals:
        body = with_totals(body)
    try:
        return parse_document({**body, "source": raw.source, "source_id": raw.source_id})
    except ValidationError as error:
        return failure(raw, number, [value_finding(each) for each in error.errors(include_url=False)])


def refusal_finding(mapping: SourceMapping, raw: RawDocument, waived: Collection[str]) -> Finding | None:
    """The finding of the first rule that refuses the document, in the order of sources.yaml."""
    for refusal in mapping.refusals:
        try:
            finding = None if refusal.code in waived else refusal.finding(raw.payload)
        except FieldError as error:
            return field_finding(f"refuse.{refusal.code}", error)
        if finding:
            return finding
    return None


def failure(raw: RawDocument, number: str, findings: list[Finding]) -> MappingFailure:
    """The failure with the document's name in front of every complaint."""
    return MappingFailure(raw, number, tuple(replace(each, says=f"Document {number}: {each.says}") for each in findings))


def document_number(mapping: SourceMapping, raw: RawDocument) -> str:
    """The document's number, or its source id where it has none that can be read."""
    try:
        return str(mapping.number.read(raw.payload, raw.payload) or raw.source_id)
    except FieldError:
        return raw.source_id


def read_node(node: Node, row: Payload, document: Payload, path: str, trouble: list[Finding]) -> Any:
    if isinstance(node, Each):
        return node.build(row, document, path, trouble) or None
    if isinstance(node, Group):
        return node.build(row, document, f"{path}.", trouble)
    try:
        return node.read(row, document)
    except FieldError as error:
        trouble.append(field_finding(path, error))
        return None


def field_finding(path: str, error: FieldError) -> Finding:
    says = f"{in_words(path)} is empty" + (f"; expected {error.expected}." if error.expected != "text" else ".")
    if error.code == "SRC-COLUMN":
        says = f"{in_words(path)} cannot be read: the source gives no column {error.value!r}."
    elif error.value:
        says = f"{in_words(path)} is {error.value!r}; expected {error.expected}."
    shared = error.code in {"SRC-COLUMN", "SRC-LOOKUP"}
    subject = f"{path.rpartition('.')[2]}:{error.value}" if shared else ""
    return Finding(
        code=error.code, severity=Severity.ERROR, field=path, value=error.value, says=says, fix=FIXES[error.code], subject=subject
    )


def no_lines() -> Finding:
    return Finding(code="SRC-MISSING", severity=Severity.ERROR, field="lines", value="", says="It has no lines.", fix=FIXES["SRC-MISSING"])


def value_finding(error: ErrorDetails) -> Finding:
    """A refusal of the canonical model in a person's words."""
    location = [part for part in error["loc"] if part not in ("invoice", "credit_note")]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    missing = error["type"] == "missing"
    value = "" if missing or isinstance(error["input"], dict | list) else str(error["input"])
    complaint = "is missing" if missing else f"is {value!r}: {error['msg'].removeprefix('Value error, ')}"
    code = "SRC-MISSING" if missing else "SRC-VALUE"
    says = f"{in_words(path) or 'It'} {complaint}."
    return Finding(code=code, severity=Severity.ERROR, field=path, value=value, says=says, fix=FIXES[code])


def in_words(path: str) -> str:
    """`lines[3].net_price` as "Net price of line 4", `buyer.vat_id` as "Vat id of the buyer"."""
    if not path:
        return "It"
    holder, _, name = path.rpartition(".")
    word = name.replace("_", " ").capitalize()
    if not holder:
        return word
    rows, bracket, index = holder.partition("[")
    one = rows.rpartition(".")[2].replace("_", " ")
    return f"{word} of {one.removesuffix('s')} {int(index.split(']')[0]) + 1}" if bracket else f"{word} of the {one}"


@lru_cache(maxsize=64)
def compile_mapping(source: SourceConfig) -> SourceMapping:
    """The mapping of a source of sources.yaml; raises ConfigError with file and line of every field that does not exist."""
    keys = source.mapping.fields("fields totals", required="fields")
    fields = keys.get("fields", source.mapping)
    body = compile_group(fields, (Document, Invoice, CreditNote))
    named = dict(body.fields)
    number = named.get("number")
    for name in ("number", "kind", "division", "issue_date", "currency", "buyer", "lines"):
        if name not in named:
            fields.problem(f"the canonical field {name!r} is required and not mapped")
    totals = keys["totals"].text() if "totals" in keys else "given"
    if totals not in ("given", "computed"):
        keys["totals"].problem("`totals` must be given or computed")
    refusals = compile_refusals(source.refuse)
    fields.problems.raise_if_any()
    if not isinstance(number, Field):
        raise TypeError("number is a single field")
    return SourceMapping(source.name, number, body, totals == "computed", refusals)


def compile_group(setting: Setting, models: tuple[type[BaseModel], ...], when: str = "") -> Group:
    """The fields of one canonical object, each checked against the model(s); without a model (a dictionary) every name is allowed."""
    known = {name: field.annotation for model in models for name, field in model.model_fields.items()}
    compiled: list[tuple[str, Node]] = []
    if Document in models:
        known = {name: annotation for name, annotation in known.items() if name not in OWN_FIELDS}
    for name, value in setting.items():
        if models and name not in known:
            value.problem(f"there is no canonical field {name!r}{did_you_mean(name, list(known))}")
            continue
        compiled.append((name, compile_node(value, tuple(models_in(known.get(name))))))
    return Group(tuple(compiled), when)


def compile_node(setting: Setting, models: tuple[type[BaseModel], ...]) -> Node:
    """`each` + `fields`: a list from a child's rows; `single`: a list of one; `fields`: an object; anything else: one value."""
    keys = dict(setting.items()) if setting.is_mapping() else {}
    shape = next((name for name in ("single", "fields") if name in keys), "")
    if not shape:
        return compile_field(setting)
    setting.fields(f"{shape} each when position")
    group = compile_group(keys[shape], models, keys["when"].text() if "when" in keys else "")
    if "each" in keys:
        return Each(keys["each"].text(), group, keys["position"].text() if "position" in keys else "")
    return Each("", group) if shape == "single" else group


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The canonical models inside an annotation such as `tuple[Line, ...]` or `Party | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)
