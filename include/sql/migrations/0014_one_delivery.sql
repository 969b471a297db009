-- A document goes to a connection in one way: as new, as an update, as a void, or as a payment that is applied. Two runs that plan at the same
-- moment must not find two ways for it. Where they have, what nobody has tried yet goes.
DELETE FROM airbooks.delivery d USING airbooks.delivery e
WHERE e.document_id = d.document_id AND e.connection = d.connection AND e.delivery_id <> d.delivery_id
    AND d.state = 'pending' AND d.attempt = 0 AND (e.attempt > 0 OR e.delivery_id < d.delivery_id);

DO $$
DECLARE twice text;
BEGIN
    SELECT string_agg(number || ' on ' || connection, ', ') INTO twice FROM (
        SELECT doc.number, d.connection FROM airbooks.delivery d JOIN airbooks.document doc USING (document_id)
        GROUP BY doc.document_id, doc.number, d.connection HAVING count(*) > 1 LIMIT 20) found;
    IF twice IS NOT NULL THEN
        RAISE EXCEPTION 'documents were tried in two ways: %. Look at each on its platform, delete the delivery that is not there, and'
            ' migrate again.', twice;
    END IF;
END $$;

ALTER TABLE airbooks.delivery DROP CONSTRAINT delivery_document_id_connection_operation_key;
ALTER TABLE airbooks.delivery ADD CONSTRAINT delivery_once UNIQUE (document_id, connection);
