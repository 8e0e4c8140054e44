-- What its operators call this cluster, and where the database was when it was seen last: a dump that is restored, a recovery to an
-- earlier time and a promoted standby are elsewhere.
ALTER TABLE cluster ADD COLUMN label TEXT;
ALTER TABLE cluster ADD COLUMN place TEXT NOT NULL DEFAULT '';
