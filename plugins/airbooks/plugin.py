"""What airbooks adds to Airflow itself."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class AirbooksPlugin(AirflowPlugin):
    """Registered once: by the entry point `airflow.plugins` of the installed package, or else by plugins/airbooks_plugin.py."""

    name = "airbooks"
