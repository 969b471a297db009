-- A document goes to a connection in one way: as new, as an update, as a void, or as a payment that is applied. Two runs that plan at the same
-- moment must not find two ways for it.
ALTER TABLE airbooks.delivery DROP CONSTRAINT delivery_document_id_connection_operation_key;
ALTER TABLE airbooks.delivery ADD CONSTRAINT delivery_once UNIQUE (document_id, connection);
