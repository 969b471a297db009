-- A 36th of a window is enough between calls on the same place: with a thirtieth, limits per second were used to 94.7 % only.

-- The call of `caller` was answered (or certainly never left). `trip` is how long a call is away at least: what it exceeds a 36th of the
-- window by, the vendor counted it earlier than now, or counts the next one later.
CREATE OR REPLACE FUNCTION airbooks.budget_answered(buckets text[], seconds float8[], caller text, trip float8, clock float8 DEFAULT NULL)
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
        b := airbooks.budget_counted(b, at - greatest(0, trip - seconds[i] / 36), seconds[i]);
        UPDATE airbooks.budget SET newest = b.newest, slices = b.slices, away = b.away - caller, waiting = b.waiting WHERE bucket = b.bucket;
    END LOOP;
END $$;
