"""A demo sales ERP: a Postgres schema of a compressed-air wholesaler and a seeded generator that fills it."""
