-- Which earlier payment a refund or charge-back takes back: of several refunds in part, each finds what the ones before have left.

ALTER TABLE airbooks.incoming_payment ADD COLUMN takes_back bigint REFERENCES airbooks.incoming_payment;
CREATE INDEX incoming_payment_takes_back ON airbooks.incoming_payment (takes_back) WHERE takes_back IS NOT NULL;
