-- The log ends at its last row, or where it was swept to; that is not written a second time with every batch.
UPDATE log_end SET floor = position WHERE NOT EXISTS (SELECT 1 FROM recent);
ALTER TABLE log_end DROP COLUMN position;
-- From here on a head may be behind its stream: the rows after it count as well. They are settled before they are swept.
