-- Payments: what came in, what it pays, and its way through the outbox as a document of its own kind.

ALTER TABLE airbooks.document DROP CONSTRAINT document_kind_check;
ALTER TABLE airbooks.document ADD CONSTRAINT document_kind_check CHECK (kind IN ('invoice', 'credit_note', 'payment'));
ALTER TABLE airbooks.delivery DROP CONSTRAINT delivery_operation_check;
ALTER TABLE airbooks.delivery ADD CONSTRAINT delivery_operation_check CHECK (operation IN ('create', 'update', 'void', 'apply'));

CREATE TABLE airbooks.incoming_payment (
    incoming_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source       text NOT NULL,                    -- who told us first
    source_id    text NOT NULL,
    account      text NOT NULL,                    -- the bank or provider account that was credited
    fingerprint  text NOT NULL,                    -- the movement itself: the same from overlapping statements and other formats
    kind         text NOT NULL CHECK (kind IN ('receipt', 'refund', 'charge_back')),
    booked_on    date NOT NULL,
    amount       numeric NOT NULL CHECK (amount > 0),
    fee          numeric NOT NULL DEFAULT 0,
    currency     text NOT NULL,
    state        text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'review', 'matched', 'on_account', 'reversed', 'ignored')),
    stage        text NOT NULL DEFAULT '',         -- how it was matched
    confidence   numeric,                          -- 0 to 1
    reason       text NOT NULL DEFAULT '',         -- in words
    decided_by   text NOT NULL DEFAULT '',         -- a Dag run, or a person
    decided_at   timestamptz,
    candidates   jsonb NOT NULL DEFAULT '[]',      -- what a person may choose from
    body         jsonb NOT NULL,                   -- the whole canonical movement; numbers as strings
    run_id       text NOT NULL DEFAULT '',
    received_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account, fingerprint)
);
CREATE INDEX incoming_payment_open ON airbooks.incoming_payment (state, incoming_id) WHERE state IN ('new', 'review', 'on_account');
CREATE INDEX incoming_payment_source ON airbooks.incoming_payment (source, source_id);

-- Files that were read completely; one that changed, or had an entry that could not be taken over, is read again.
CREATE TABLE airbooks.statement_file (
    feed      text NOT NULL,
    path      text NOT NULL,
    stamp     text NOT NULL,                       -- size and time of change
    movements integer NOT NULL,
    read_at   timestamptz NOT NULL DEFAULT now(),
    run_id    text NOT NULL DEFAULT '',
    PRIMARY KEY (feed, path)
);

-- What a payment settles. Conservation: per payment, amounts + what stays on account = amount + fee.
CREATE TABLE airbooks.allocation (
    allocation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incoming_id   bigint NOT NULL REFERENCES airbooks.incoming_payment,
    connection    text NOT NULL,
    document_id   bigint NOT NULL REFERENCES airbooks.document, -- the invoice or credit note, in the revision it had then
    number        text NOT NULL,
    amount        numeric NOT NULL,                -- of the payment, in its currency; negative for a credit note that is netted
    discount      numeric NOT NULL DEFAULT 0,      -- for early payment, in the payment's currency
    write_off     numeric NOT NULL DEFAULT 0,      -- tolerated difference, in the payment's currency
    settled       numeric NOT NULL,                -- what the document's open amount falls by, in the document's currency
    payment_document_id bigint REFERENCES airbooks.document, -- the payment as the outbox delivers it
    cancelled_at  timestamptz,                     -- taken back: refund, charge-back, deleted on the platform
    cancelled_by  text NOT NULL DEFAULT '',
    made_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX allocation_incoming ON airbooks.allocation (incoming_id);
CREATE INDEX allocation_document ON airbooks.allocation (document_id);
CREATE INDEX allocation_number ON airbooks.allocation (connection, number) WHERE cancelled_at IS NULL;

-- An application that is unknown is asked for again by applying: every platform's hook looks for the payment before it books one.
INSERT INTO airbooks.delivery_move (state, event, next) VALUES ('unknown', 'applied again', 'pending');

-- Payments as the platforms hold them, whoever booked them there: read, never inferred from balances.
CREATE TABLE airbooks.platform_payment (
    connection   text NOT NULL,
    remote_id    text NOT NULL,
    customer_id  text NOT NULL DEFAULT '',
    received_on  date,
    amount       numeric NOT NULL,
    currency     text NOT NULL DEFAULT '',
    reference    text NOT NULL DEFAULT '',
    allocations  jsonb NOT NULL DEFAULT '[]',      -- [{"remote_id": ..., "amount": ...}]
    reversed     boolean NOT NULL DEFAULT false,
    version      text NOT NULL DEFAULT '',
    modified_at  timestamptz,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    seen_at      timestamptz NOT NULL DEFAULT now(),
    delivery_id  bigint REFERENCES airbooks.delivery, -- ours; null: booked by somebody there
    PRIMARY KEY (connection, remote_id)
);
CREATE INDEX platform_payment_allocations ON airbooks.platform_payment USING gin (allocations jsonb_path_ops);
