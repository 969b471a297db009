-- Sessions that count against a platform's licence until they are logged out: the next worker ends those whose worker died, and where it
-- is known how many the licence allows, nobody asks for one more.

CREATE TABLE airbooks.open_session (
    session_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection     text NOT NULL,
    licence        text NOT NULL,                  -- whose sessions the vendor counts together
    backend        integer NOT NULL,               -- the Postgres backend of the worker that has it, or that is logging it out; 0: nobody's
    backend_start  timestamptz NOT NULL,           -- tells that backend from a later one of the same number
    sealed         bytea,                          -- what it takes to log out; NULL: about to be opened
    left_at        timestamptz                     -- when it was first found without a worker
);

CREATE FUNCTION airbooks.session_is_held(s airbooks.open_session) RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = s.backend AND coalesce(backend_start = s.backend_start, true))
$$;

-- A place for a session of this worker, or NULL while `allowed` (NULL: unknown) are open. What other connections left behind is theirs to
-- log out and not counted.
CREATE FUNCTION airbooks.session_reserve(of_connection text, of_licence text, allowed integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('airbooks.licence ' || of_licence, 0));
    INSERT INTO airbooks.open_session (connection, licence, backend, backend_start)
    SELECT of_connection, of_licence, pid, backend_start FROM pg_stat_activity
    WHERE pid = pg_backend_pid() AND (allowed IS NULL OR allowed > (
        SELECT count(*) FROM airbooks.open_session s
        WHERE licence = of_licence AND (connection = of_connection OR airbooks.session_is_held(s))))
    RETURNING session_id INTO made;
    RETURN made;
END $$;
