"""What airbooks adds to Airflow itself."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class AirbooksPlugin(AirflowPlugin):
    """Registered once: by the entry point `airflow.plugins` of the installed package, or else by plugins/airbooks_plugin.py."""

    name = "airbooks"

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]  # made when the API server asks: no other process pays for it
        """What the API server mounts: one application, under `/airbooks`."""
        from airbooks.ui.app import create_app

        return [{"name": "airbooks", "url_prefix": "/airbooks", "app": create_app()}]
