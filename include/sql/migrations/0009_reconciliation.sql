-- Reconciliation of the sales system, staging and the platforms; periods that are locked after it; what was told back to sales systems.

CREATE INDEX delivery_remote ON airbooks.delivery (connection, remote_id) WHERE remote_id <> '';
-- Where a platform books one payment of ours per document, the delivery bears all their ids, joined by commas.
CREATE INDEX delivery_payments ON airbooks.delivery USING gin (string_to_array(remote_id, ',')) WHERE operation = 'apply';
CREATE INDEX platform_payment_delivery ON airbooks.platform_payment (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX allocation_payment ON airbooks.allocation (payment_document_id) WHERE payment_document_id IS NOT NULL;

CREATE TABLE airbooks.reconciliation (
    reconciliation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    division     text NOT NULL,
    starts_on    date NOT NULL,
    ends_on      date NOT NULL,
    tolerance    numeric NOT NULL,                 -- per document; smaller differences are rounding
    differences  integer NOT NULL,
    unexplained  integer NOT NULL,                 -- differences without a cause
    calls        integer NOT NULL DEFAULT 0,       -- balances that were asked of the platforms
    content_hash text NOT NULL,                    -- sha-256 of lines and differences: the same again where nothing changed
    made_by      text NOT NULL,                    -- the Dag run
    made_at      timestamptz NOT NULL DEFAULT now(),
    CHECK (starts_on <= ends_on)
);
CREATE INDEX reconciliation_newest ON airbooks.reconciliation (division, ends_on, reconciliation_id DESC);

-- One line per currency and measure; sides that nobody told are null.
CREATE TABLE airbooks.reconciliation_line (
    reconciliation_id bigint NOT NULL REFERENCES airbooks.reconciliation ON DELETE CASCADE,
    currency        text NOT NULL,
    measure         text NOT NULL CHECK (measure IN ('invoices', 'credit notes', 'payments', 'open')),
    sales_count     integer,
    sales_amount    numeric,
    staged_count    integer NOT NULL,
    staged_amount   numeric NOT NULL,
    platform_count  integer NOT NULL,
    platform_amount numeric NOT NULL,
    PRIMARY KEY (reconciliation_id, currency, measure)
);

CREATE TABLE airbooks.reconciliation_difference (
    reconciliation_id bigint NOT NULL REFERENCES airbooks.reconciliation ON DELETE CASCADE,
    position    integer NOT NULL,
    leg         text NOT NULL CHECK (leg IN ('sales - staging', 'staging - platform')),
    currency    text NOT NULL,
    measure     text NOT NULL,
    connection  text NOT NULL DEFAULT '',
    number      text NOT NULL DEFAULT '',
    source_id   text NOT NULL DEFAULT '',
    cause       text NOT NULL DEFAULT '',          -- from the closed list of airbooks.payments.differences; empty: nobody knows
    amount      numeric NOT NULL,                  -- left side less right side
    says        text NOT NULL DEFAULT '',
    PRIMARY KEY (reconciliation_id, position)
);

CREATE TABLE airbooks.period_lock (
    lock_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    division     text NOT NULL,
    locked_until date NOT NULL,                    -- the last day that is locked
    by           text NOT NULL,
    reason       text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    reconciliation_id bigint NOT NULL REFERENCES airbooks.reconciliation,
    lifted_at    timestamptz,
    lifted_by    text NOT NULL DEFAULT '',
    lifted_reason text NOT NULL DEFAULT ''
);
CREATE INDEX period_lock_now ON airbooks.period_lock (division, locked_until DESC) WHERE lifted_at IS NULL;

-- What a sales system was told last of each of its documents.
CREATE TABLE airbooks.written_back (
    target       text NOT NULL,                    -- the writer's name
    source       text NOT NULL,
    source_id    text NOT NULL,
    status       text NOT NULL,
    paid         numeric NOT NULL,
    open_amount  numeric NOT NULL,
    currency     text NOT NULL,
    written_at   timestamptz NOT NULL DEFAULT now(),
    run_id       text NOT NULL DEFAULT '',
    PRIMARY KEY (target, source, source_id)
);
