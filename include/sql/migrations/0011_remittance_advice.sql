-- What payers say that they pay, by file and not through the bank: it waits for the movement of money that it speaks of.

CREATE TABLE airbooks.remittance_advice (
    advice_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL,
    fingerprint text NOT NULL,                     -- the advice itself: the same when its file is read again
    account     text NOT NULL DEFAULT '',          -- ours that is paid into; empty where the payer does not say
    paid_on     date NOT NULL,
    amount      numeric NOT NULL,
    currency    text NOT NULL,
    body        jsonb NOT NULL,                    -- as a movement, with its lines; numbers as strings
    incoming_id bigint REFERENCES airbooks.incoming_payment, -- the movement that has it now; null: none has come yet
    run_id      text NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, fingerprint)
);
CREATE INDEX remittance_advice_waiting ON airbooks.remittance_advice (currency, amount) WHERE incoming_id IS NULL;
