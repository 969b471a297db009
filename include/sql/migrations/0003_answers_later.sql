-- Platforms that take a request on and answer later (jobs, asynchronous posting): a state of its own, with the ticket they gave.

ALTER TABLE airbooks.delivery DROP CONSTRAINT delivery_state_check;
ALTER TABLE airbooks.delivery ADD CONSTRAINT delivery_state_check
    CHECK (state IN ('pending', 'sending', 'accepted', 'delivered', 'unknown', 'rejected', 'parked'));
ALTER TABLE airbooks.delivery
    ADD COLUMN ticket text NOT NULL DEFAULT '',    -- what the platform calls the request it took on; kept until it has answered
    ADD COLUMN accepted_at timestamptz;            -- when it took it on

DROP INDEX airbooks.delivery_open;
CREATE INDEX delivery_open ON airbooks.delivery (connection, state, not_before)
    WHERE state IN ('pending', 'sending', 'accepted', 'unknown');
