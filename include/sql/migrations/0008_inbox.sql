-- Events that other systems send us, as they came: proven genuine by the route that took them in, not yet understood by anybody.

CREATE TABLE airbooks.inbox_event (
    inbox_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source       text NOT NULL,                    -- the connection that holds its secret is webhook_<source>
    event_id     text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 255), -- the sender's own; the same however often it is sent
    signed_at    timestamptz NOT NULL,             -- the sender's clock, of the try that reached us first
    received_at  timestamptz NOT NULL DEFAULT now(),
    body         jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object'),
    body_sha256  text NOT NULL,                    -- of the bytes that were signed
    handled_at   timestamptz,                      -- null: waits
    handled_run  text NOT NULL DEFAULT '',         -- the Dag run that settled it
    error        text NOT NULL DEFAULT '',         -- why it could not be used; empty: it was
    UNIQUE (source, event_id)
);
CREATE INDEX inbox_event_waiting ON airbooks.inbox_event (source, inbox_id) WHERE handled_at IS NULL;
CREATE INDEX inbox_event_failed ON airbooks.inbox_event (source, inbox_id) WHERE error <> '';

-- An id that came again with another content: the first one stays what it was, and somebody has to ask the sender.
CREATE TABLE airbooks.inbox_conflict (
    inbox_id     bigint NOT NULL REFERENCES airbooks.inbox_event,
    body_sha256  text NOT NULL,
    signed_at    timestamptz NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT now(),
    body         jsonb NOT NULL,
    PRIMARY KEY (inbox_id, body_sha256)
);

-- A hint that there is work, told with the commit; who missed it finds the event in the table.
CREATE FUNCTION airbooks.tell_inbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('airbooks_inbox', source) FROM (SELECT DISTINCT source FROM arrived) AS each;
    RETURN NULL;
END
$$;
CREATE TRIGGER inbox_event_told AFTER INSERT ON airbooks.inbox_event
    REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION airbooks.tell_inbox();
