-- A closed period is overridden by another ledger date, which every delivery of the document then gets.
ALTER TABLE airbooks.waiver ADD COLUMN posting_date date;
