-- What the books tell back about each document: how much of it is paid, what is open, and how it stands. Null until they have said so.

ALTER TABLE erp.sales_document
    ADD COLUMN paid_amount    numeric,
    ADD COLUMN open_amount    numeric,
    ADD COLUMN payment_status text;

-- What the books tell back is no change of the document: whoever reads by change time must not read it again for that.
DROP TRIGGER sales_document_changed ON erp.sales_document;
CREATE FUNCTION erp.is_told_back(before erp.sales_document, after erp.sales_document) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT (before.paid_amount, before.open_amount, before.payment_status)
            IS DISTINCT FROM (after.paid_amount, after.open_amount, after.payment_status)
        AND to_jsonb(before) - ARRAY['paid_amount', 'open_amount', 'payment_status']
            = to_jsonb(after) - ARRAY['paid_amount', 'open_amount', 'payment_status']
$$;
CREATE TRIGGER sales_document_changed BEFORE UPDATE ON erp.sales_document
    FOR EACH ROW WHEN (NOT erp.is_told_back(OLD, NEW)) EXECUTE FUNCTION erp.stamp_document();
