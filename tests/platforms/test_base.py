"""What all platforms share: reading a connection, keeping its secrets, and sending one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import pytest
from tests.documents import invoice
from tests.platforms.scripted import answer, scripted

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import Account, PlatformHook, Preview, Sending, Sent, one_by_one
from airbooks.platforms.errors import Action, ConfigurationError, ErrorRule, Outcome, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.spec import FormField, Idempotency, Limits, PlatformSpec, StandardField
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply

SPEC = PlatformSpec(
    slug="paper",
    title="Paper Books",
    class_prefix="Paper",
    docs="paper.example",
    blueprint_endpoint="/invoices",
    real_endpoint="/invoices",
    limits=Limits(),
    idempotency=Idempotency.NONE,
    capabilities=frozenset(),
    standard_fields=(StandardField(name="host", label="Host"),),
    form=(
        FormField(name="company", label="Company", help="The company's number.", required=True),
        FormField(name="journal", label="Journal", default="SALES"),
        FormField(name="api_key", label="API key", secret=True),
    ),
    reference_kinds=(ReferenceKind.TAX_CODE,),
    errors=(),
    settle_seconds=60,
)
REMOTE = RemoteDocument(remote_id="1", kind=DocumentKind.INVOICE, status=DocumentStatus.OPEN)


class PaperHook(PlatformHook):
    """A platform on which everything is found once and nothing is ever wrong."""

    spec = SPEC

    def authorisation(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token().access}"}

    def issue_token(self, newest: Token | None) -> Token:
        return Token(access=f"issued-{uuid4()}")

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return None

    def test_connection(self) -> tuple[bool, str]:
        return True, "paper"

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return ()

    def ensure_customer(self, party: Party, currency: str) -> str:
        return party.code

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return [REMOTE] if number == "SI-1" else []

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        return REMOTE

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        return []

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        return Sent(key=sending.key)

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        return Sent(key=key)

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        yield from ()

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:
        return RemotePayment(remote_id="1", amount=payment.amount)

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        yield from (ReferenceItem(kind=kind, code=code) for code in ("A", "B"))

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        return []


def hook(**extra: Any) -> PaperHook:
    return PaperHook("books", account=Account(host="http://127.0.0.1:1", password="pa55word", extra=extra))


def test_a_platforms_hook_is_named_by_its_spec() -> None:
    assert (PaperHook.conn_type, PaperHook.hook_name, PaperHook.default_conn_name) == ("paper", "Paper Books", "paper_default")
    assert PaperHook(account=Account()).conn_id == "paper_default"


def test_a_missing_field_is_named_with_its_connection_and_its_help() -> None:
    for empty in ({}, {"company": ""}, {"company": None}):
        with pytest.raises(ConfigurationError) as caught:
            hook(**empty).setting("company")
        assert str(caught.value) == (
            "Connection 'books' (Paper Books) has no 'Company'. Set the field 'company' in its form. The company's number."
        )


def test_an_empty_field_has_the_default_of_its_form() -> None:
    assert hook().setting("journal") == "SALES"
    assert hook(journal="").setting("journal") == "SALES"
    assert hook(journal="EXPORT").setting("journal") == "EXPORT"


def test_mappings_get_the_settings_without_the_secrets() -> None:
    made = hook(company=7, api_key="k3y-of-the-books", unknown="x")
    assert made.settings() == {"company": "7", "journal": "SALES"}
    assert set(made.secrets()) == {"pa55word", "k3y-of-the-books"}


def test_a_call_is_authorised_by_a_token_that_is_issued_once() -> None:
    with scripted(answer(body=b'{"ok": true}')) as server, PaperHook("books", account=Account(host=server.url)) as made:
        for _ in range(2):
            made.call("GET", "/things", params={"page": "1"}, read=True)
        assert [each.target for each in server.asked] == ["/things?page=1"] * 2
        assert len({each.headers["authorization"] for each in server.asked}) == 1


def test_an_address_on_another_host_gets_no_credentials() -> None:
    with scripted(answer()) as elsewhere, scripted(answer()) as server, PaperHook("books", account=Account(host=server.url)) as made:
        made.call("GET", f"{elsewhere.url}/things", read=True)
        assert elsewhere.asked == []
        assert len(server.asked) == 1


def test_a_hook_closes_its_session_and_can_be_used_again() -> None:
    with scripted(answer()) as server:
        made = PaperHook("books", account=Account(host=server.url))
        made.call("GET", "/one", read=True)
        made.close()
        made.call("GET", "/two", read=True)
        made.close()
        assert [each.target for each in server.asked] == ["/one", "/two"]


def test_what_a_platform_cannot_do_at_once_is_done_one_by_one() -> None:
    wanted = [("SI-1", DocumentKind.INVOICE), ("SI-2", DocumentKind.INVOICE)]
    assert hook().find_invoices(wanted) == {wanted[0]: [REMOTE], wanted[1]: []}
    assert [each.code for each in hook().find_reference(ReferenceKind.ITEM, ["B", "C"])] == ["B"]


def sendings(count: int) -> list[Sending]:
    return [Sending(key=str(number), document=invoice(), references=References(entries=MappingProxyType({}))) for number in range(count)]


def failure(action: Action, outcome: Outcome = Outcome.DID_NOT_HAPPEN) -> PlatformError:
    return PlatformError("no", platform="paper", rule=ErrorRule(name="no", action=action, outcome=outcome))


@pytest.mark.parametrize(
    ("action", "tried"), [(Action.REVIEW, 3), (Action.LOOK_UP, 3), (Action.WAIT, 2), (Action.STOP, 2), (Action.RENEW, 2)]
)
@pytest.mark.parametrize("outcome", Outcome)
def test_one_bad_document_is_passed_by_and_a_bad_connection_ends_the_round(action: Action, tried: int, outcome: Outcome) -> None:
    asked: list[str] = []

    def send(sending: Sending) -> RemoteDocument:
        asked.append(sending.key)
        if sending.key == "1":
            raise failure(action, outcome)
        return REMOTE

    sent = one_by_one(sendings(3), send)
    assert asked == ["0", "1", "2"][:tried]
    assert [each.key for each in sent] == ["0", "1", "2"]
    assert sent[1].outcome is outcome
    if tried == 2:  # the last one was never sent, whatever became of the one before
        assert sent[2].error is not None
        assert (sent[2].error.action, sent[2].outcome) == (action, Outcome.DID_NOT_HAPPEN)


def test_an_outcome_is_only_known_by_a_document_or_an_error_that_knows() -> None:
    assert Sent(key="1", remote=REMOTE).outcome is Outcome.HAPPENED
    assert Sent(key="1").outcome is Outcome.UNKNOWN
    assert Sent(key="1", error=failure(Action.REVIEW)).outcome is Outcome.DID_NOT_HAPPEN


class SharingHook(PaperHook):
    """A platform that counts calls per app."""

    spec = replace(SPEC, limits=Limits(per_second=8, concurrent=4, per_app=frozenset({"second"}), app_named_by=("login", "company")))


def test_connections_of_one_app_are_counted_together_under_a_name_that_gives_nothing_away() -> None:
    def counted_as(conn_id: str, login: str, limit: str) -> str:
        return SharingHook(conn_id, account=Account(login=login, password="other", extra={"company": "7"})).counted_as(limit)

    assert counted_as("au", "app-key-1", "second") == counted_as("nz", "app-key-1", "second") != counted_as("au", "app-key-2", "second")
    assert "app-key-1" not in counted_as("au", "app-key-1", "second")
    assert counted_as("au", "app-key-1", "concurrent") == "au"
