"""The one file that Airflow scans in plugins/. Where the package is installed, its entry point registers the plugin instead."""

from importlib.metadata import entry_points

if not entry_points(group="airflow.plugins", name="airbooks"):
    from airbooks.plugin import AirbooksPlugin  # noqa: F401 Airflow looks for plugin classes among a file's names
