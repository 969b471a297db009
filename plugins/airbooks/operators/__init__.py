"""The Airflow operators of the DAGs."""
