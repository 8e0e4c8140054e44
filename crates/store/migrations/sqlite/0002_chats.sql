CREATE TABLE services (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE files (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;

-- The number of the last entry of a chat that an event carries, so that a transcript is read from any entry on without the rest of the
-- history. Most events carry none and are not in the index.
ALTER TABLE history ADD COLUMN last_entry INTEGER;
CREATE INDEX history_by_entry ON history (interaction, last_entry) WHERE last_entry IS NOT NULL;
