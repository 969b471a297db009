-- Sessions that count against a platform's licence until they are logged out: the next worker ends those whose worker died.

CREATE TABLE airbooks.open_session (
    session_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection     text NOT NULL,
    backend        integer NOT NULL,               -- the Postgres backend of the worker that has it, or that is logging it out
    backend_start  timestamptz NOT NULL,           -- tells that backend from a later one of the same number
    sealed         bytea NOT NULL,                 -- what it takes to log out
    opened_at      timestamptz NOT NULL DEFAULT now(),
    left_at        timestamptz                     -- when its worker was found gone
);
