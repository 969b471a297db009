"""Drafts on their way to posted documents: the requests for them, and what their answers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from airbooks.canonical import CreditNote, DocumentStatus, Invoice, RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.business_central.client import Company, Part, Row
from airbooks.platforms.business_central.lines import Body, line_bodies, line_dimensions
from airbooks.platforms.business_central.mapping import DATE_FIELDS, LINE_SETS, SETS, document_body, head_body, remarks
from airbooks.platforms.business_central.reading import is_ours
from airbooks.platforms.business_central.spec import OPERATIONS, SPEC
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError, ReferenceMissing
from airbooks.platforms.wire import Reply

Good = Callable[[Reply], Reply]
_NOT_SENT = Outcome.DID_NOT_HAPPEN
UNFIT = ErrorRule(name="code not usable", action=Action.REVIEW, outcome=_NOT_SENT)
OTHER_PRICES = ErrorRule(
    name="prices reckoned otherwise",
    action=Action.REVIEW,
    outcome=_NOT_SENT,
    fix="Change Prices Including VAT on the customer's card in Business Central, then retry. The draft was taken back.",
)
FIXED = ErrorRule(
    name="posted document is fixed",
    action=Action.REVIEW,
    outcome=_NOT_SENT,
    fix="Void it and send a new one, or correct it by a credit note.",
)
TOO_LONG = ErrorRule(
    name="too many lines", action=Action.REVIEW, outcome=_NOT_SENT, fix="Delete the draft in Business Central, then retry."
)
TWICE = ErrorRule(
    name="number used twice", action=Action.REVIEW, outcome=_NOT_SENT, fix="Delete or cancel the wrong ones there, then retry."
)
OTHER_LINES = ErrorRule(name="draft has other lines", action=Action.REVIEW, outcome=_NOT_SENT, fix="Delete the draft there, then retry.")
NO_DIMENSIONS = ErrorRule(
    name="dimensions not set",
    action=Action.REVIEW,
    outcome=_NOT_SENT,
    fix="Set the dimension values of its lines in Business Central, or delete the draft; then retry.",
)
NOT_READ = ErrorRule(name="posting not read back", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
_OPTIONAL = ("customerPurchaseOrderReference", "shipToName", "shipToAddressLine1", "shipToAddressLine2", "shipToCity", "shipToState")


def _error(rule: ErrorRule, message: str, field: str = "") -> PlatformError:
    return PlatformError(message, platform=SPEC.slug, rule=rule, field=field)


# -- creating -----------------------------------------------------------------------------------------------------------------


def parts(batch: Sequence[Sending], corrected: Mapping[str, str]) -> tuple[list[Part], list[Sent]]:
    """The request for each draft, and a verdict for each document that cannot be put into words there."""
    made: list[Part] = []
    unfit: list[Sent] = []
    for sending in batch:
        try:
            body = document_body(sending.document, sending.references, sending.options, corrected.get(sending.key, ""))
        except ReferenceMissing as missing:
            unfit.append(Sent(key=sending.key, error=_error(UNFIT, str(missing), missing.kind)))
        else:
            made.append(Part(id=sending.key, method="POST", path=SETS[sending.document.kind], body=body))
    return made, unfit


def other_prices(row: Row) -> PlatformError:
    """The customer's card decides whether prices include tax; it does not fit the document's."""
    there, ours = ("include", "are without") if row["pricesIncludeTax"] else ("exclude", "include")
    return _error(OTHER_PRICES, f"prices of customer {row['customerNumber']} {there} tax, the document's {ours} tax", "prices_include_tax")


def is_equal(document: Invoice | CreditNote, remote: RemoteDocument) -> bool:
    """Whether the platform reckons the document's amounts as we do."""
    ours = (document.net_total, document.tax_total, document.gross_total, document.currency)
    return ours == (remote.net, remote.tax, remote.total, remote.currency)


# -- dimensions of lines ------------------------------------------------------------------------------------------------------


def set_dimensions(company: Company, drafts: Sequence[tuple[Sending, RemoteDocument]], good: Good) -> dict[str, PlatformError]:
    """Give the lines of drafts the dimension values that they do not share with the head; returns what failed, by key.

    May be repeated: values that are there already are left alone, other ones (defaults of the customer or item) are changed.
    """
    failed: dict[str, PlatformError] = {}
    wanted: list[tuple[str, Part]] = []
    for sending, remote in drafts:
        try:
            found = _dimension_parts(company, sending, remote)
        except PlatformError as error:
            failed[sending.key] = error.as_not_happened()
        else:
            wanted += [(sending.key, part) for part in found]
    for start in range(0, len(wanted), OPERATIONS):
        _send_dimensions(company, wanted[start : start + OPERATIONS], failed, good)
    return failed


def _send_dimensions(company: Company, wanted: Sequence[tuple[str, Part]], failed: dict[str, PlatformError], good: Good) -> None:
    answers = company.batch([part for _, part in wanted])
    for key, part in wanted:
        try:
            if part.id not in answers:
                raise _error(OTHER_LINES, "a dimension of a line was not confirmed")
            good(answers[part.id])
        except PlatformError as error:
            failed[key] = error.as_not_happened()


def _dimension_parts(company: Company, sending: Sending, remote: RemoteDocument) -> list[Part]:
    values = line_dimensions(sending.document, sending.references)
    if not any(values):
        return []
    name = LINE_SETS[remote.kind]
    lines = list(company.rows(f"{SETS[remote.kind]}({remote.remote_id})/{name}", expand="dimensionSetLines"))
    ours = [line for line in sorted(lines, key=lambda line: Decimal(line["sequence"])) if is_ours(line)]
    if len(ours) != len(values):
        raise _error(OTHER_LINES, f"the draft has {len(ours)} lines with amounts, the document {len(values)}")
    return [part for line, codes in zip(ours, values, strict=True) for part in _line_parts(name, line, codes)]


def _line_parts(name: str, line: Row, codes: Mapping[str, str]) -> list[Part]:
    there = {each["code"]: each for each in line["dimensionSetLines"]}
    place = f"{name}({line['id']})/dimensionSetLines"
    found: list[Part] = []
    for code, value in codes.items():
        key = f"{line['id']}/{code}"
        if code not in there:
            found.append(Part(id=key, method="POST", path=place, body={"code": code, "valueCode": value}))
        elif there[code]["valueCode"] != value:
            found.append(Part(id=key, method="PATCH", path=f"{place}({there[code]['id']})", body={"valueCode": value}, if_match="*"))
    return found


def without_dimensions(error: PlatformError) -> PlatformError:
    """The draft is made and would be found as it is by a later try: a person must complete it."""
    return _error(NO_DIMENSIONS, f"the draft is made without dimensions of its lines: {error.message}", "dimensions")


# -- dates --------------------------------------------------------------------------------------------------------------------


def redated_parts(drafts: Sequence[tuple[Sending, RemoteDocument]]) -> list[Part]:
    """The requests that give drafts of an earlier try the posting date that a person has chosen since (after a closed period)."""
    return [_redated(sending, remote) for sending, remote in drafts if remote.posting_date != sending.document.ledger_date]


def _redated(sending: Sending, remote: RemoteDocument) -> Part:
    """All dates at once: a new posting date may move the others."""
    document = sending.document
    dates = {DATE_FIELDS[remote.kind]: document.issue_date, "postingDate": document.ledger_date, "dueDate": document.due_date}
    body = {name: value.isoformat() for name, value in dates.items() if value}
    return Part(id=sending.key, method="PATCH", path=f"{SETS[remote.kind]}({remote.remote_id})", body=body, if_match=remote.version)


# -- posting ------------------------------------------------------------------------------------------------------------------


def posting_part(sending: Sending, remote: RemoteDocument) -> Part:
    return Part(id=sending.key, method="POST", path=f"{SETS[remote.kind]}({remote.remote_id})/Microsoft.NAV.post")


def posted(sending: Sending, found: RemoteDocument | None, error: PlatformError | None) -> Sent:
    """What posting came to: the document read again is the proof, whatever the answer was."""
    if found is not None and found.status is not DocumentStatus.DRAFT:
        return Sent(key=sending.key, remote=found)
    if error is not None:
        return Sent(key=sending.key, remote=found, error=error)
    return Sent(key=sending.key)


def not_read_back(error: PlatformError) -> PlatformError:
    return _error(NOT_READ, f"the answer to the posting could not be checked: {error.message}")


def is_twice(sending: Sending, hits: Sequence[RemoteDocument]) -> Sent:
    numbers = ", ".join(hit.number for hit in hits)
    return Sent(key=sending.key, error=_error(TWICE, f"{sending.document.number} is there {len(hits)} times: {numbers}", "number"))


# -- changing -----------------------------------------------------------------------------------------------------------------


def replacing_parts(sending: Sending, remote: RemoteDocument, row: Row) -> list[Part]:
    """The requests that make a draft equal to the document: head, old lines away, new lines; for one transaction.

    The head carries the version token, so that a draft that somebody changed meanwhile is left alone. Raises PlatformError for a draft
    with too many lines to be replaced at once.
    """
    document, refs, options = sending.document, sending.references, sending.options
    place, lines = f"{SETS[remote.kind]}({remote.remote_id})", LINE_SETS[remote.kind]
    head = head_body(document, refs, options)
    cleared = {name: "" for name in _OPTIONAL if row.get(name) and name not in head}
    found = [Part(id="head", method="PATCH", path=place, body=head | cleared, if_match=remote.version)]
    found += [Part(id=f"old {line['id']}", method="DELETE", path=f"{lines}({line['id']})", if_match="*") for line in row[lines]]
    bodies = line_bodies(document, refs, remarks(document, options))
    found += [Part(id=f"new {index}", method="POST", path=f"{place}/{lines}", body=body) for index, body in enumerate(bodies)]
    if len(found) > OPERATIONS:
        raise _error(TOO_LONG, f"replacing the draft takes {len(found)} operations; one transaction holds {OPERATIONS}", "lines")
    return found


def changes(sending: Sending, row: Row) -> set[str]:
    """The fields in which a posted document differs from ours."""
    document, refs, options = sending.document, sending.references, sending.options
    found = {name for name, value in head_body(document, refs, options).items() if not _same(value, row[name])}
    ours = line_bodies(document, refs, remarks(document, options))
    theirs = row[LINE_SETS[document.kind]]
    if len(ours) != len(theirs) or any(_line_differs(one, other) for one, other in zip(ours, theirs, strict=True)):
        found.add("lines")
    return found


def _line_differs(ours: Body, theirs: Row) -> bool:
    return any(not _same(value, theirs[name]) for name, value in ours.items())


def _same(ours: Any, theirs: Any) -> bool:
    """Codes are kept in capitals there (from memory), numbers without trailing zeros."""
    if isinstance(ours, Decimal):
        return ours == Decimal(theirs)
    return bool(str(ours).upper() == str(theirs).upper())


def is_fixed(sending: Sending, remote: RemoteDocument, changed: set[str]) -> PlatformError:
    says = f"{sending.document.number} is posted as {remote.number}; only its due date can change, not {', '.join(sorted(changed))}"
    return _error(FIXED, says, min(changed))


def voided(key: str, remote: RemoteDocument | None, error: PlatformError) -> Sent:
    """A void that was refused because it had been done before is done."""
    return Sent(key=key, error=error) if remote is None else Sent(key=key, remote=remote, note="was void already")
