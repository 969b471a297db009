-- The only ways between the states of a delivery, kept by the database itself; what counts against a document and what against its
-- platform; and corrections that replace a document instead of changing it.

CREATE TABLE airbooks.delivery_move (
    state  text NOT NULL,
    event  text NOT NULL,
    next   text NOT NULL,
    PRIMARY KEY (state, event)
);
COMMENT ON TABLE airbooks.delivery_move IS 'the transition table of airbooks.delivery.states, for the trigger below and for readers';
INSERT INTO airbooks.delivery_move (state, event, next) VALUES
    ('pending', 'claimed', 'sending'),
    ('pending', 'superseded', 'rejected'),
    ('sending', 'booked', 'delivered'),
    ('sending', 'refused', 'rejected'),
    ('sending', 'held back', 'parked'),
    ('sending', 'differs', 'parked'),
    ('sending', 'not sent', 'pending'),
    ('sending', 'lost', 'unknown'),
    ('sending', 'taken on', 'accepted'),
    ('accepted', 'still open', 'accepted'),
    ('accepted', 'overdue', 'parked'),
    ('accepted', 'booked', 'delivered'),
    ('accepted', 'refused', 'rejected'),
    ('accepted', 'held back', 'parked'),
    ('accepted', 'differs', 'parked'),
    ('accepted', 'not sent', 'pending'),
    ('accepted', 'lost', 'unknown'),
    ('unknown', 'found', 'delivered'),
    ('unknown', 'differs', 'parked'),
    ('unknown', 'refused', 'rejected'),
    ('unknown', 'held back', 'parked'),
    ('unknown', 'absent', 'unknown'),
    ('unknown', 'absent twice', 'pending'),
    ('rejected', 'released', 'pending'),
    ('rejected', 'asked again', 'accepted'),
    ('parked', 'released', 'pending'),
    ('parked', 'asked again', 'accepted'),
    ('parked', 'given up', 'rejected');

CREATE FUNCTION airbooks.refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a delivery that is % cannot become % (delivery %)', OLD.state, NEW.state, OLD.delivery_id
        USING ERRCODE = 'check_violation';
END $$;
CREATE FUNCTION airbooks.is_move(old_state text, new_state text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM airbooks.delivery_move m WHERE m.state = old_state AND m.next = new_state)
$$;
CREATE TRIGGER delivery_moves BEFORE UPDATE OF state ON airbooks.delivery
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state AND NOT airbooks.is_move(OLD.state, NEW.state))
    EXECUTE FUNCTION airbooks.refuse_move();

ALTER TABLE airbooks.delivery
    ADD COLUMN failures integer NOT NULL DEFAULT 0,  -- attempts that count against the document; its platform's outages do not
    ADD COLUMN step text NOT NULL DEFAULT ''         -- of an update that replaces: voiding the old document, or reissuing the new one
        CHECK (step IN ('', 'voiding', 'reissuing'));

CREATE TABLE airbooks.connection_circuit (
    connection  text PRIMARY KEY,
    failures    integer NOT NULL DEFAULT 0,        -- requests in a row that the platform did not answer; 0: it answers
    open_until  timestamptz NOT NULL DEFAULT now(),  -- nobody calls it before; then one worker tries
    says        text NOT NULL DEFAULT '',          -- the last failure
    changed_at  timestamptz NOT NULL DEFAULT now()
);
