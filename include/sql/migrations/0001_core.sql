-- The staging schema: what came in, what it became, where it went, what went wrong, who did what.
-- Amounts are NUMERIC without a scale (exact); times are timestamptz; accounting dates are dates.

CREATE SCHEMA IF NOT EXISTS airbooks;

-- Where documents come from --------------------------------------------------------------------------------------------------

CREATE TABLE airbooks.watermark (
    source      text PRIMARY KEY,
    changed_at  timestamptz NOT NULL,              -- everything the source changed up to here has been read
    moved_at    timestamptz NOT NULL DEFAULT now(),
    run_id      text NOT NULL DEFAULT ''
);

CREATE TABLE airbooks.raw_document (
    raw_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source        text NOT NULL,
    source_id     text NOT NULL,
    content_hash  text NOT NULL,                   -- sha-256 of the payload in canonical JSON
    payload       jsonb NOT NULL,
    changed_at    timestamptz NOT NULL,
    received_at   timestamptz NOT NULL DEFAULT now(),
    run_id        text NOT NULL DEFAULT '',
    staged_at     timestamptz                      -- null: waits for staging
);
CREATE INDEX raw_document_newest ON airbooks.raw_document (source, source_id, raw_id DESC);
CREATE INDEX raw_document_waiting ON airbooks.raw_document (raw_id) WHERE staged_at IS NULL;

-- Canonical documents: one row per revision -----------------------------------------------------------------------------------

CREATE TABLE airbooks.document (
    document_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source        text NOT NULL,
    source_id     text NOT NULL,
    revision      integer NOT NULL,
    is_current    boolean NOT NULL DEFAULT true,
    raw_id        bigint NOT NULL REFERENCES airbooks.raw_document,
    content_hash  text NOT NULL,                   -- sha-256 of the canonical document
    state         text NOT NULL CHECK (state IN ('valid', 'exception', 'rejected', 'cancelled')),
    kind          text NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    division      text NOT NULL,
    number        text NOT NULL,
    issue_date    date NOT NULL,
    currency      text NOT NULL,
    customer_code text NOT NULL,
    customer_name text NOT NULL,
    net_total     numeric NOT NULL,
    tax_total     numeric NOT NULL,
    gross_total   numeric NOT NULL,
    preceding     text[] NOT NULL DEFAULT '{}',    -- numbers of the invoices a credit note corrects
    route         text[] NOT NULL DEFAULT '{}',    -- the connections it goes to
    body          jsonb NOT NULL,                  -- the whole document; numbers as strings
    run_id        text NOT NULL DEFAULT '',
    staged_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, source_id, revision)
);
CREATE UNIQUE INDEX document_current ON airbooks.document (source, source_id) WHERE is_current;
CREATE INDEX document_number ON airbooks.document (division, number);
CREATE INDEX document_raw ON airbooks.document (raw_id);

CREATE TABLE airbooks.document_line (
    document_id  bigint NOT NULL REFERENCES airbooks.document ON DELETE CASCADE,
    position     integer NOT NULL,
    line_id      text NOT NULL,
    kind         text NOT NULL,
    item_code    text NOT NULL,
    name         text NOT NULL,
    quantity     numeric NOT NULL,
    unit         text NOT NULL,
    net_price    numeric NOT NULL,
    net_amount   numeric NOT NULL,
    tax_code     text NOT NULL,
    tax_category text NOT NULL,
    tax_rate     numeric NOT NULL,
    account_code text NOT NULL,
    PRIMARY KEY (document_id, position)
);

CREATE TABLE airbooks.document_tax (
    document_id    bigint NOT NULL REFERENCES airbooks.document ON DELETE CASCADE,
    position       integer NOT NULL,
    category       text NOT NULL,
    rate           numeric NOT NULL,
    tax_code       text NOT NULL,
    taxable_amount numeric NOT NULL,
    tax_amount     numeric NOT NULL,
    PRIMARY KEY (document_id, position)
);

-- The outbox: one row per document revision, connection and operation -----------------------------------------------------------

CREATE TABLE airbooks.delivery (
    delivery_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id   bigint NOT NULL REFERENCES airbooks.document,
    connection    text NOT NULL,
    platform      text NOT NULL,
    operation     text NOT NULL CHECK (operation IN ('create', 'update', 'void')),
    state         text NOT NULL DEFAULT 'pending'
                  CHECK (state IN ('pending', 'sending', 'delivered', 'unknown', 'rejected', 'parked')),
    attempt       integer NOT NULL DEFAULT 0,
    generation    integer NOT NULL DEFAULT 1,      -- raised whenever a new attempt must not replay an old answer
    idempotency_key text NOT NULL DEFAULT '',
    lease_until   timestamptz,                     -- while sending; the database's clock
    worker        text NOT NULL DEFAULT '',
    not_before    timestamptz NOT NULL DEFAULT now(),  -- pending: when it may go; unknown: when it may be looked up
    absences      integer NOT NULL DEFAULT 0,      -- unknown: look-ups that found nothing
    unknown_since timestamptz,
    options       jsonb NOT NULL DEFAULT '{}',     -- overrides of this delivery (posting date, waivers)
    remote_id     text NOT NULL DEFAULT '',
    remote_number text NOT NULL DEFAULT '',
    remote_status text NOT NULL DEFAULT '',
    remote_version text NOT NULL DEFAULT '',
    remote_total  numeric,
    remote_tax    numeric,
    remote_currency text NOT NULL DEFAULT '',
    confirmed_at  timestamptz,                     -- read back from the platform and equal to the cent
    delivered_at  timestamptz,
    last_error    text NOT NULL DEFAULT '',
    run_id        text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (document_id, connection, operation)
);
CREATE INDEX delivery_open ON airbooks.delivery (connection, state, not_before) WHERE state IN ('pending', 'sending', 'unknown');
CREATE INDEX delivery_document ON airbooks.delivery (document_id);
CREATE INDEX delivery_unconfirmed ON airbooks.delivery (connection, delivery_id) WHERE state = 'delivered' AND confirmed_at IS NULL;

-- Exceptions: work for people, grouped by cause ---------------------------------------------------------------------------------

CREATE TABLE airbooks.exception_cause (
    cause_id     text PRIMARY KEY,                 -- hash of code, connection and subject
    code         text NOT NULL,
    connection   text NOT NULL DEFAULT '',
    subject      text NOT NULL DEFAULT '',         -- what the documents share, e.g. tax_code:GST10
    says         text NOT NULL,
    fix          text NOT NULL,
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'held', 'closed')),
    round        integer NOT NULL DEFAULT 1,       -- raised when a closed cause comes back, so that it is reviewed again
    opened_at    timestamptz NOT NULL DEFAULT now(),
    review_run_id text NOT NULL DEFAULT '',        -- the exception_review run that asks a person
    answer       text NOT NULL DEFAULT '',
    answer_data  jsonb NOT NULL DEFAULT '{}',
    reason       text NOT NULL DEFAULT '',
    decided_by   text NOT NULL DEFAULT '',
    decided_at   timestamptz
);

CREATE TABLE airbooks.exception (
    exception_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause_id     text NOT NULL REFERENCES airbooks.exception_cause,
    raw_id       bigint REFERENCES airbooks.raw_document,
    document_id  bigint REFERENCES airbooks.document,
    delivery_id  bigint REFERENCES airbooks.delivery,
    number       text NOT NULL DEFAULT '',         -- the document's number (or its source id when it has none)
    code         text NOT NULL,
    severity     text NOT NULL CHECK (severity IN ('error', 'warning')),
    field        text NOT NULL DEFAULT '',
    value        text NOT NULL DEFAULT '',
    says         text NOT NULL,
    fix          text NOT NULL,
    connection   text NOT NULL DEFAULT '',
    amount       numeric,                          -- the document's gross total, where it has one
    currency     text NOT NULL DEFAULT '',
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    run_id       text NOT NULL DEFAULT '',
    opened_at    timestamptz NOT NULL DEFAULT now(),
    closed_at    timestamptz
);
CREATE INDEX exception_open ON airbooks.exception (cause_id) WHERE state = 'open';
CREATE INDEX exception_of_document ON airbooks.exception (document_id);
CREATE INDEX exception_of_raw ON airbooks.exception (raw_id);
CREATE INDEX exception_of_delivery ON airbooks.exception (delivery_id);

CREATE TABLE airbooks.waiver (
    document_source    text NOT NULL,
    document_source_id text NOT NULL,
    code               text NOT NULL,              -- the rule that this document need not keep
    reason             text NOT NULL,
    decided_by         text NOT NULL,
    decided_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (document_source, document_source_id, code)
);

-- What connections know ------------------------------------------------------------------------------------------------------------

CREATE TABLE airbooks.reference_map (               -- answers of people; they come before include/config/mappings.yaml
    connection  text NOT NULL,
    kind        text NOT NULL,
    code        text NOT NULL,
    target      text NOT NULL,
    decided_by  text NOT NULL,
    decided_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (connection, kind, code)
);

CREATE TABLE airbooks.platform_reference (          -- the platforms' own lists, as far as we asked for them
    connection  text NOT NULL,
    kind        text NOT NULL,
    code        text NOT NULL,
    name        text NOT NULL DEFAULT '',
    remote_id   text NOT NULL DEFAULT '',
    active      boolean NOT NULL DEFAULT true,
    details     jsonb NOT NULL DEFAULT '{}',
    read_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (connection, kind, code)
);

CREATE TABLE airbooks.customer_link (
    connection  text NOT NULL,
    code        text NOT NULL,
    currency    text NOT NULL DEFAULT '',          -- only where a platform fixes a customer's currency
    remote_id   text NOT NULL,
    linked_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (connection, code, currency)
);

CREATE TABLE airbooks.token (
    connection  text PRIMARY KEY,
    sealed      bytea NOT NULL,                    -- Fernet, with Airflow's key
    renewed_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE airbooks.connection_budget (
    connection  text NOT NULL,
    bucket      text NOT NULL,                     -- second | minute | day | batch
    next_free   timestamptz NOT NULL DEFAULT now(),  -- when the next call may leave (generic cell rate algorithm)
    PRIMARY KEY (connection, bucket)
);

CREATE TABLE airbooks.connection_state (
    connection  text PRIMARY KEY,
    state       text NOT NULL DEFAULT 'working' CHECK (state IN ('working', 'stopped')),
    says        text NOT NULL DEFAULT '',
    changed_at  timestamptz NOT NULL DEFAULT now()
);

-- The audit trail: append-only, each row sealed with the hash of the one before ------------------------------------------------------

CREATE TABLE airbooks.audit_event (
    event_id     bigint PRIMARY KEY,
    at           timestamptz NOT NULL,
    actor        text NOT NULL,                    -- a person, or the Dag run that acted
    action       text NOT NULL,
    document_id  bigint,
    delivery_id  bigint,
    number       text NOT NULL DEFAULT '',
    connection   text NOT NULL DEFAULT '',
    detail       jsonb NOT NULL DEFAULT '{}',
    previous     text NOT NULL,                    -- hash of event_id - 1; the first has 64 zeros
    hash         text NOT NULL
);
CREATE INDEX audit_event_document ON airbooks.audit_event (document_id);
CREATE INDEX audit_event_number ON airbooks.audit_event (number);

CREATE FUNCTION airbooks.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON airbooks.audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION airbooks.refuse_change();
