"""A declared mapping of movements: what columns of a table, a query or a provider's event become of an IncomingPayment.

    fields:                 # the fields of IncomingPayment, each a column or a block as in sources.yaml
      booked_on: { column: Buchungstag, as: date, format: "%d.%m.%Y" }
      amount: { column: Betrag, as: amount, decimal: "," }      # signed: negative is a debit
      advice: { each: lines, fields: { document_number: Invoice, amount: { column: Paid, as: amount } } }
    debit: { column: Soll, as: amount, decimal: "," }            # where debits stand in a column of their own
    direction: { column: "S/H", lookup: { S: out, H: in } }      # where a letter says it
    minor_units: true                                            # amounts are whole cents
    total: sum                                                   # the amount of a payment of several lines is the sum of its advice

What `kind` says comes before the sign: without it a debit is a refund.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airbooks.canonical import Finding
from airbooks.canonical.document import ZERO
from airbooks.canonical.incoming import IncomingPayment
from airbooks.canonical.money import minor_units
from airbooks.canonical.payment import PaymentKind
from airbooks.sources.bank.movement import EntryError, Reading, check_money, given, movement_of, unique
from airbooks.sources.fields import Field, compile_field
from airbooks.sources.mapping import Group, compile_group, read_node
from airbooks.sources.raw import Payload
from airbooks.yaml_file import Setting

KEYS = "fields debit direction minor_units total"
FIX = "Correct it where it comes from, or change how the mapping in payments.yaml reads it."
AMOUNTS = ("amount", "fee", "instructed_amount")
OWN_FIELDS = ("source", "fingerprint")
Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementMapping:
    """A compiled mapping of movements."""

    body: Group
    debit: Field | None = None
    direction: Field | None = None
    in_minor_units: bool = False
    sums_lines: bool = False

    @property
    def has_ids(self) -> bool:
        return any(name == "source_id" for name, _ in self.body.fields)


def compile_movements(setting: Setting, defaults: tuple[str, ...] = ()) -> MovementMapping:
    """The mapping under `setting`; records a problem for everything that cannot be. `defaults` are fields that come from elsewhere."""
    keys = setting.fields(KEYS, required="fields")
    fields = keys.get("fields", setting)
    body = compile_group(fields, (IncomingPayment,))
    named = {name for name, _ in body.fields}
    for name in OWN_FIELDS:
        if name in named:
            fields.problem(f"{name!r} is not a column: it is known already")
    total = keys["total"].text() if "total" in keys else ""
    if total not in ("", "sum"):
        keys["total"].problem("`total` can only be sum")
    for name in ("booked_on", "amount", "currency", "account"):
        if name not in named and name not in defaults and not (name == "amount" and total == "sum"):
            fields.problem(f"the field {name!r} is required and not mapped")
    return MovementMapping(
        body=body,
        debit=compile_field(keys["debit"]) if "debit" in keys else None,
        direction=compile_field(keys["direction"]) if "direction" in keys else None,
        in_minor_units="minor_units" in keys and bool(keys["minor_units"].plain()),
        sums_lines=total == "sum",
    )


def movement_from(mapping: MovementMapping, payload: Payload, defaults: Mapping[str, Any]) -> IncomingPayment | None:
    """The movement without its fingerprint; None where nothing was moved. Raises EntryError with the field, the value and the rule.

    `defaults` are the fields that the source itself knows: its name, the account, the id where no column gives one.
    """
    body = {**defaults, **_body(mapping, payload)}
    amount = _signed_amount(mapping, payload, body)
    if not amount:
        return None
    if "kind" not in body:
        body["kind"] = PaymentKind.RECEIPT if amount > 0 else PaymentKind.REFUND
    body["amount"] = abs(amount)
    body["currency"] = str(body.get("currency", "")).upper()
    body["references"] = unique([str(each) for each in body.get("references") or ()])
    for name in ("bank_reference", "payer_name", "payer_account", "reverses"):
        body[name] = given(body.get(name))
    if mapping.in_minor_units:
        body = _in_units(body)
    movement = movement_of(body, FIX)
    check_money(movement.amount, movement.currency, "amount", FIX)
    return movement


def at_our_account(movement: IncomingPayment, reading: Reading, defaults: Mapping[str, Any]) -> IncomingPayment:
    """The movement with our name of the account that its columns tell; one that stands in `defaults` is ours already."""
    if movement.account == defaults.get("account"):
        return movement
    return movement.model_copy(update={"account": reading.account(movement.account)})


def _body(mapping: MovementMapping, payload: Payload) -> Body:
    trouble: list[Finding] = []
    body = mapping.body.build(payload, payload, "", trouble) or {}
    if trouble:
        first = trouble[0]
        raise EntryError(first.field, first.value, first.says.rstrip("."), FIX)
    return body


def _signed_amount(mapping: MovementMapping, payload: Payload, body: Body) -> Decimal:
    amount: Decimal = body.get("amount") or ZERO
    if mapping.sums_lines:
        amount = sum((line.get("amount") or ZERO for line in body.get("advice") or ()), ZERO)
    debit = _single(mapping.debit, "debit", payload)
    if debit:
        if amount:
            raise EntryError("debit", debit, f"there is a credit of {amount} beside the debit", FIX)
        amount = -abs(debit)
    side = _single(mapping.direction, "direction", payload)
    if side not in (None, "in", "out"):
        raise EntryError("direction", side, "`direction` must look up to in or out", FIX)
    return -abs(amount) if side == "out" else amount


def _single(field: Field | None, name: str, payload: Payload) -> Any:
    trouble: list[Finding] = []
    value = read_node(field, payload, payload, name, trouble) if field else None
    if trouble:
        raise EntryError(name, trouble[0].value, trouble[0].says.rstrip("."), FIX)
    return value


def _in_units(body: Body) -> Body:
    """The body with its amounts, which are whole minor units, as amounts of its currency."""
    places = -minor_units(str(body.get("currency", "")))
    scaled = {name: body[name].scaleb(places) for name in AMOUNTS if isinstance(body.get(name), Decimal)}
    lines = [{name: _scaled(value, places) for name, value in line.items()} for line in body.get("advice") or ()]
    return {**body, **scaled, "advice": lines}


def _scaled(value: Any, places: int) -> Any:
    return value.scaleb(places) if isinstance(value, Decimal) else value
