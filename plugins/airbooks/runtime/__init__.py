"""A whole airbooks on one machine, with nothing installed by hand: Postgres, Airflow and the sandbox under one supervisor."""
