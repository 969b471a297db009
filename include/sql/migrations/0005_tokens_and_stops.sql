-- Exchanges of tokens, committed before a refresh token is handed in, so that a worker that dies on the way leaves a trace; and what is
-- known of a connection that the platform no longer lets in.

ALTER TABLE airbooks.token ADD COLUMN generation bigint NOT NULL DEFAULT 1;  -- raised whenever a new token is stored

CREATE TABLE airbooks.token_exchange (
    connection  text PRIMARY KEY,
    generation  bigint NOT NULL,                   -- the stored token's when the exchange began; 0: there was none
    seed        text NOT NULL,                     -- scrypt of what the connection itself holds (its refresh token, else its credentials)
    account     text NOT NULL,                     -- scrypt of the whole connection
    worker      text NOT NULL,                     -- host:process
    began_at    timestamptz NOT NULL,
    is_open     boolean NOT NULL,                  -- the platform may have issued a token that was never stored
    cut_off_at  timestamptz,                       -- when an earlier exchange of the same refresh token began and was not heard of again
    failed_at   timestamptz,
    failure     jsonb                              -- what the platform answered; holds no secret
);

ALTER TABLE airbooks.connection_state DROP CONSTRAINT connection_state_state_check;
ALTER TABLE airbooks.connection_state ADD CONSTRAINT connection_state_state_check
    CHECK (state IN ('working', 'stopped', 're-authorise'));
ALTER TABLE airbooks.connection_state
    ADD COLUMN account  text NOT NULL DEFAULT '',  -- scrypt of the connection that was refused: another one is tried at once
    ADD COLUMN tried_at timestamptz,               -- the last try; the next one is due some minutes later
    ADD COLUMN tried_by text NOT NULL DEFAULT '';  -- the run that is trying now
