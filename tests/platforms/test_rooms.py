"""The facts that every room must get right: its spec, its form, its error table, its classes, its simulator, its tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from tests.platforms.setting import setting

from airbooks.operators.invoice import InvoiceOperator
from airbooks.paths import PLUGINS
from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, Outcome, classify
from airbooks.platforms.spec import Capability, Idempotency, PaymentFeature, PlatformSpec
from airbooks.provider import get_provider_info
from airbooks.sandbox.kit import Simulator

TESTS = Path(__file__).parent
LOOKS_SECRET = re.compile(r"token|secret|password|passphrase|api_?key|private_key|credential")
LOOKS_HARMLESS = re.compile(r"_url$|_id$")


@pytest.fixture(params=registry.slugs())
def spec(request: pytest.FixtureRequest) -> PlatformSpec:
    return registry.spec(request.param)


# -- the spec --------------------------------------------------------------------------------------------------------------------


def test_a_platform_says_who_it_is_and_why_its_end_point_differs(spec: PlatformSpec) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", spec.slug)
    assert spec.title
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", spec.class_prefix)
    assert re.fullmatch(r"[\w.-]+\.[a-z]{2,}\b.*", spec.docs)
    assert spec.blueprint_endpoint
    assert spec.real_endpoint
    assert spec.endpoint_note or spec.blueprint_endpoint == spec.real_endpoint


def test_the_account_of_receipts_is_a_field_and_payments_have_one_or_note_it(spec: PlatformSpec) -> None:
    assert spec.receipts_on in {"", *(each.name for each in spec.form)}
    assert not {PaymentFeature.BANK_ACCOUNT, PaymentFeature.BANK_ACCOUNT_NOTED} <= spec.payment_features


def test_what_is_unverified_is_said_in_the_connectors_docstring(spec: PlatformSpec) -> None:
    said = registry.hook_class(spec.slug).__doc__ or ""
    assert spec.unverified
    assert said.partition("UNVERIFIED:")[2].split("\n- ")[1:] == list(spec.unverified)


def test_limits_are_positive_and_a_batch_is_a_capability(spec: PlatformSpec) -> None:
    limits = spec.limits
    numbers = (
        limits.per_second,
        limits.per_minute,
        limits.per_day,
        limits.batches_per_minute,
        limits.concurrent,
        limits.batch_bytes,
        limits.lines,
    )
    assert all(number is None or number > 0 for number in numbers)
    assert (limits.batch > 1) is spec.can(Capability.BATCH)


def test_the_platform_is_given_time_before_absence_is_believed(spec: PlatformSpec) -> None:
    assert spec.settle_seconds >= spec.read_timeout_seconds > 0


def test_a_native_idempotency_mechanism_is_declared_in_both_places(spec: PlatformSpec) -> None:
    assert spec.can(Capability.NATIVE_IDEMPOTENCY) is (spec.idempotency is not Idempotency.NONE)


def test_references_that_must_be_mapped_include_tax_and_are_named_once(spec: PlatformSpec) -> None:
    kinds = [each.value for each in spec.reference_kinds]
    assert len(kinds) == len(set(kinds))
    assert "tax_code" in kinds


# -- the form --------------------------------------------------------------------------------------------------------------------


def test_every_field_of_the_form_explains_itself(spec: PlatformSpec) -> None:
    names = [each.name for each in spec.form]
    assert len(names) == len(set(names))
    for field in spec.form:
        assert field.name.isidentifier()
        assert field.label
        assert field.help or field.default is not None or field.choices, f"{field.name} has neither help nor a default"
        assert not field.choices or field.default in field.choices or field.default is None


def test_secrets_are_flagged_and_have_no_default(spec: PlatformSpec) -> None:
    for field in spec.form:
        if LOOKS_SECRET.search(field.name) and not LOOKS_HARMLESS.search(field.name):
            assert field.secret, f"{field.name} looks like a secret"
        assert not (field.secret and field.default), f"{field.name} is a secret with a default"


def test_airflows_own_fields_are_named_in_the_platforms_words(spec: PlatformSpec) -> None:
    names = [each.name for each in spec.standard_fields]
    assert len(names) == len(set(names))
    assert "host" in names


def test_the_simulators_connection_fills_fields_that_the_form_has(spec: PlatformSpec) -> None:
    from airbooks.sandbox.server import running

    with running([spec.slug]) as sandbox:
        connection = sandbox.simulators[spec.slug].connection()
    assert connection["conn_type"] == spec.connection_type
    assert set(connection["extra"]) <= {each.name for each in spec.form}
    required = {each.name for each in spec.form if each.required and each.default is None}
    assert required <= {name for name, value in connection["extra"].items() if value not in (None, "")}


# -- the error table -----------------------------------------------------------------------------------------------------------------


def test_the_http_statuses_that_every_platform_sends_are_covered(spec: PlatformSpec) -> None:
    assert classify(spec.errors, 401, "", "").action in {Action.RENEW, Action.STOP}
    assert classify(spec.errors, 403, "", "").action in {Action.STOP, Action.RENEW}
    throttled = classify(spec.errors, 429, "", "")
    assert (throttled.action, throttled.outcome) == (Action.WAIT, Outcome.DID_NOT_HAPPEN)
    for status in (500, 502, 503, 504):
        failed = classify(spec.errors, status, "", "")
        assert failed.outcome is Outcome.UNKNOWN or failed.action is Action.WAIT, f"HTTP {status} proves nothing"


def test_no_rule_promises_what_its_action_contradicts(spec: PlatformSpec) -> None:
    for rule in spec.errors:
        assert rule.status or rule.codes or rule.text, f"{rule.name} never matches"
        re.compile(rule.text)
        if rule.action in {Action.RENEW, Action.REREAD, Action.STOP}:
            assert rule.outcome is Outcome.DID_NOT_HAPPEN, rule.name


def test_who_must_mend_a_connection_is_told_how(spec: PlatformSpec) -> None:
    stops = [rule for rule in spec.errors if rule.action is Action.STOP]
    assert stops
    assert [rule.name for rule in stops if not rule.fix] == []


# -- classes, simulator, tests ---------------------------------------------------------------------------------------------------------


def test_hook_and_operator_are_what_their_names_say(spec: PlatformSpec) -> None:
    hook, operator = registry.hook_class(spec.slug), registry.operator_class(spec.slug)
    assert issubclass(hook, PlatformHook)
    assert not hook.__abstractmethods__
    assert (hook.spec, hook.conn_type, hook.hook_name) == (spec, spec.slug, spec.title)
    assert spec.can(Capability.POST_STEP) is (hook.post_invoices is not PlatformHook.post_invoices)
    assert spec.can(Capability.ANSWERS_LATER) is (hook.collect_answers is not PlatformHook.collect_answers)
    assert issubclass(operator, InvoiceOperator)
    assert operator.platform == spec.slug
    assert operator.__doc__


def test_the_operator_takes_a_chunk_and_gives_plain_options(spec: PlatformSpec) -> None:
    operator = registry.operator_class(spec.slug)(
        task_id="deliver", connection_id="books", chunk={"first": 1, "last": 9}, **setting(spec.slug).options
    )
    assert "chunk" in operator.template_fields
    json.dumps(dict(operator.platform_options()))


def test_the_room_offers_its_two_classes_and_nothing_else(spec: PlatformSpec) -> None:
    room = import_module(f"airbooks.platforms.{spec.slug}")
    assert set(room.__all__) == {f"{spec.class_prefix}Hook", f"{spec.class_prefix}InvoiceOperator"}
    assert getattr(room, f"{spec.class_prefix}Hook") is registry.hook_class(spec.slug)
    assert getattr(room, f"{spec.class_prefix}InvoiceOperator") is registry.operator_class(spec.slug)
    with pytest.raises(AttributeError):
        room.Nothing  # noqa: B018


def test_room_spec_and_simulator_cost_no_airflow() -> None:
    modules = ", ".join(
        f"airbooks.platforms.{slug}, airbooks.platforms.{slug}.spec, airbooks.platforms.{slug}.sandbox" for slug in registry.slugs()
    )
    code = f"import sys, {modules}; print('airflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(PLUGINS)}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_connection_type_is_registered(spec: PlatformSpec) -> None:
    types = {each["connection-type"]: each for each in get_provider_info()["connection-types"]}
    assert types[spec.slug]["hook-class-name"] == spec.hook_path


def test_there_is_a_simulator_whose_faults_are_explained(spec: PlatformSpec) -> None:
    simulator = import_module(f"airbooks.platforms.{spec.slug}.sandbox").SIMULATOR
    assert issubclass(simulator, Simulator)
    assert simulator.slug == spec.slug
    assert all(name.isidentifier() and says.strip() for name, says in simulator.faults.items())


def test_a_registered_platform_is_a_tested_one(spec: PlatformSpec) -> None:
    folder = TESTS / spec.slug
    wanted = {"setup.py", "test_mapping.py", "test_hook.py", "test_operator.py", "test_sandbox.py"}
    assert {name for name in wanted if not list(folder.glob(name.replace(".py", "*.py")))} == set()
