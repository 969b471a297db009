-- Rate budgets that know when calls were answered: a place in a vendor's window is free again one window after that (see staging/budget.py).
-- Times are seconds since 1970 by this server's clock, given by the caller only in tests.

DROP TABLE airbooks.connection_budget;

CREATE TABLE airbooks.budget (
    bucket        text PRIMARY KEY,                -- who is counted (a connection, or the digest of an app), and the limit's name
    newest        bigint NOT NULL DEFAULT 0,       -- number of the newest slice; a slice is a hundredth of the window, counted since 1970
    slices        integer[] NOT NULL DEFAULT array_fill(0, ARRAY[101]),  -- calls answered in slice n, at n % 101 + 1
    away          jsonb NOT NULL DEFAULT '{}',     -- caller -> when its call left; a caller is '<pid of its backend>.<its number>'
    waiting       jsonb NOT NULL DEFAULT '{}',     -- caller -> [its turn (the smallest goes first), when it asks again]
    closed_until  float8 NOT NULL DEFAULT 0,       -- nobody calls before: the vendor refused
    lowered       float8 NOT NULL DEFAULT 1,       -- the share of the limit that was left then
    lowered_at    float8 NOT NULL DEFAULT 0        -- when that pause ends; the share grows back within ten windows
) WITH (fillfactor = 40);                          -- every call updates its row, in place

CREATE FUNCTION airbooks.budget_counted(b airbooks.budget, counted_at float8, seconds float8) RETURNS airbooks.budget LANGUAGE plpgsql AS $$
DECLARE
    slice bigint := floor(counted_at * 100 / seconds);
BEGIN
    IF slice > b.newest - 101 THEN
        b.slices[slice % 101 + 1] := b.slices[slice % 101 + 1] + 1;
    END IF;
    RETURN b;
END $$;

-- The bucket as it is at `at`: slices that left the window are empty, waiters that did not come back are forgotten, and a call whose
-- worker died is counted as answered now.
CREATE FUNCTION airbooks.budget_at(b airbooks.budget, at float8, seconds float8) RETURNS airbooks.budget LANGUAGE plpgsql AS $$
DECLARE
    slice bigint := floor(at * 100 / seconds);
    caller text;
BEGIN
    IF abs(slice - b.newest) > 100 THEN
        b.slices := array_fill(0, ARRAY[101]);
        b.newest := slice;
    END IF;
    WHILE b.newest < slice LOOP
        b.newest := b.newest + 1;
        b.slices[b.newest % 101 + 1] := 0;
    END LOOP;
    IF b.waiting <> '{}' THEN
        b.waiting := coalesce((SELECT jsonb_object_agg(key, value) FROM jsonb_each(b.waiting)
                               WHERE (value ->> 1)::float8 > at - 1 - seconds / 20), '{}');
    END IF;
    IF b.away <> '{}' THEN
        FOR caller IN
            SELECT key FROM jsonb_each_text(b.away)
            WHERE value::float8 < at - 2
                AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = split_part(key, '.', 1)::integer)
        LOOP
            b.away := b.away - caller;
            b := airbooks.budget_counted(b, at, seconds);
        END LOOP;
    END IF;
    RETURN b;
END $$;

-- Seconds until a caller whose turn is `turn` may call, 0 for now: the places that are free, less one for each who goes before it.
CREATE FUNCTION airbooks.budget_wait(b airbooks.budget, caller text, turn float8, at float8, calls integer, seconds float8)
RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    places integer := greatest(1, floor(calls * least(1, b.lowered + (at - b.lowered_at) / (10 * seconds))));
    ahead integer := (SELECT count(*) FROM jsonb_each(b.waiting) WHERE ((value ->> 0)::float8, key) < (turn, caller));
    missing integer := ahead + 1 - places
        + (SELECT count(*) FROM jsonb_object_keys(b.away)) + (SELECT sum(answered) FROM unnest(b.slices) AS answered);
BEGIN
    IF b.closed_until > at THEN
        RETURN b.closed_until - at + ahead * greatest(seconds / calls, 0.05);  -- one after the other, not all at once
    END IF;
    IF missing <= 0 THEN
        RETURN 0;
    END IF;
    FOR age IN REVERSE 100 .. 0 LOOP
        missing := missing - b.slices[(b.newest - age) % 101 + 1];
        IF missing <= 0 THEN
            RETURN greatest((b.newest - age + 101) * seconds / 100 - at, 0.0005);
        END IF;
    END LOOP;
    RETURN seconds / 2;  -- it takes a place whose call is still away
END $$;

-- One call of `caller` out of every one of `buckets` (sorted, each with its calls per seconds), or of none: seconds to wait and to ask
-- again, 0 when it may leave now. `handicap` is how many seconds later than it did it counts as having asked. A caller that would wait
-- longer than `longest` is not remembered.
CREATE FUNCTION airbooks.budget_take(
    buckets text[], calls integer[], seconds float8[], caller text, handicap float8, longest float8, clock float8 DEFAULT NULL
) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    b airbooks.budget;
    found airbooks.budget[] := '{}';
    waits float8[] := '{}';
    at float8;
    turn float8;
    wait float8 := 0;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);  -- a server that crashes forgets less than a second of calls
    FOR b IN
        SELECT stored.* FROM unnest(buckets) WITH ORDINALITY AS asked (bucket, place) JOIN airbooks.budget stored USING (bucket)
        ORDER BY place FOR UPDATE OF stored
    LOOP
        found := found || b;
    END LOOP;
    at := coalesce(clock, extract(epoch FROM clock_timestamp()));
    turn := at + handicap;
    FOREACH b IN ARRAY found LOOP
        turn := least(turn, (b.waiting -> caller ->> 0)::float8);
    END LOOP;
    FOR i IN 1 .. cardinality(found) LOOP
        found[i] := airbooks.budget_at(found[i], at, seconds[i]);
        waits[i] := airbooks.budget_wait(found[i], caller, turn, at, calls[i], seconds[i]);
        wait := greatest(wait, waits[i]);
    END LOOP;
    FOR i IN 1 .. cardinality(found) LOOP
        b := found[i];
        b.waiting := b.waiting - caller;
        IF wait = 0 THEN
            b.away := b.away || jsonb_build_object(caller, at);
        ELSIF waits[i] > 0 AND wait <= longest THEN
            b.waiting := b.waiting || jsonb_build_object(caller, jsonb_build_array(turn, at + wait));
        END IF;
        UPDATE airbooks.budget SET newest = b.newest, slices = b.slices, away = b.away, waiting = b.waiting WHERE bucket = b.bucket;
    END LOOP;
    RETURN wait;
END $$;

-- The call of `caller` was answered (or certainly never left). `trip` is how long a call is away at least: what it exceeds a thirtieth of
-- the window by, the vendor counted it earlier than now, or counts the next one later.
CREATE FUNCTION airbooks.budget_answered(buckets text[], seconds float8[], caller text, trip float8, clock float8 DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    b airbooks.budget;
    at float8;
    i integer;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    FOR b IN
        SELECT stored.* FROM unnest(buckets) WITH ORDINALITY AS asked (bucket, place) JOIN airbooks.budget stored USING (bucket)
        ORDER BY place FOR UPDATE OF stored
    LOOP
        CONTINUE WHEN NOT b.away ? caller;
        i := array_position(buckets, b.bucket);
        at := coalesce(clock, extract(epoch FROM clock_timestamp()));
        b := airbooks.budget_at(b, at, seconds[i]);
        b := airbooks.budget_counted(b, at - greatest(0, trip - seconds[i] / 30), seconds[i]);
        UPDATE airbooks.budget SET newest = b.newest, slices = b.slices, away = b.away - caller, waiting = b.waiting WHERE bucket = b.bucket;
    END LOOP;
END $$;

-- The vendor refused: nobody calls for `pause` seconds, and where a bucket is to be `lowered` only half as many as before may call then.
-- A refusal while the bucket is closed belongs to the one that closed it.
CREATE FUNCTION airbooks.budget_penalise(buckets text[], lowers boolean[], seconds float8[], pause float8, clock float8 DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at float8 := coalesce(clock, extract(epoch FROM clock_timestamp()));
BEGIN
    FOR i IN 1 .. cardinality(buckets) LOOP
        UPDATE airbooks.budget b
        SET lowered = CASE WHEN lowers[i] AND b.closed_until <= at
                THEN greatest(0.1, least(1, b.lowered + (at - b.lowered_at) / (10 * seconds[i])) / 2) ELSE b.lowered END,
            lowered_at = CASE WHEN lowers[i] AND b.closed_until <= at THEN at + pause ELSE b.lowered_at END,
            closed_until = greatest(b.closed_until, at + pause)
        WHERE bucket = buckets[i];
    END LOOP;
END $$;
