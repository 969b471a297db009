"""What airbooks serves inside Airflow's API server: the door for webhooks."""
