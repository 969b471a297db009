"""What Airflow is told about this package: one connection type per platform, with its own form. Plain data; imports no Airflow."""

from __future__ import annotations

import re
from typing import Any

from airbooks import __version__
from airbooks.platforms import registry
from airbooks.platforms.spec import FormField, PlatformSpec

# Airflow's own connection fields that a platform's form may use; `extra` stays for what only support asks for.
STANDARD = ("host", "schema", "login", "password", "port")
# Airflow shows `***` for the value of every field whose name has one of these in it (its DEFAULT_SENSITIVE_FIELDS), and a form that is
# saved like that would store the stars.
MASKED = re.compile("api_?key|authorization|passphrase|passw|private_key|prox[yi]|secret|token|keyfile_dict|service_account")


def get_provider_info() -> dict[str, Any]:
    """The `apache_airflow_provider` entry point (fields of provider.yaml)."""
    specs = [registry.spec(slug) for slug in registry.slugs()]
    return {
        "package-name": "airbooks",
        "name": "airbooks",
        "description": "Sales invoices, credit notes and payments from ERP systems into accounting platforms, exactly once.",
        "versions": [__version__],
        "connection-types": [connection_type(spec) for spec in specs],
    }


def connection_type(spec: PlatformSpec) -> dict[str, Any]:
    """One platform's connection type, as provider.yaml's schema has it."""
    return {
        "connection-type": spec.connection_type,
        "hook-class-name": spec.hook_path,
        "hook-name": spec.title,
        "ui-field-behaviour": field_behaviour(spec),
        "conn-fields": {each.name: connection_field(each) for each in spec.form},
    }


def field_behaviour(spec: PlatformSpec) -> dict[str, Any]:
    """Airflow's own fields: hidden unless the platform names them, and called what the platform calls them."""
    used = {each.name: each for each in spec.standard_fields if each.label}
    return {
        "hidden-fields": [name for name in STANDARD if name not in used],
        "relabeling": {name: each.label for name, each in used.items()},
        "placeholders": {name: each.placeholder for name, each in used.items() if each.placeholder},
    }


def connection_field(field: FormField) -> dict[str, Any]:
    """A field of the platform's own, stored in the connection's `extra`."""
    schema: dict[str, Any] = {"type": field.kind if field.required else [field.kind, "null"]}
    if field.default is not None and not MASKED.search(field.name):
        schema["default"] = field.default
    if field.choices:
        schema["enum"] = list(field.choices)
    if field.secret:
        schema["format"] = "password"
    return {"label": field.label, "description": description(field), "schema": schema}


def description(field: FormField) -> str:
    """The field's help, with the default where the form cannot show it."""
    hidden = field.default is not None and MASKED.search(field.name) is not None
    return f"{field.help} Default: {field.default}".strip() if hidden else field.help
