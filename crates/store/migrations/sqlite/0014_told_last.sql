-- `told` goes last. An event that thousands are told of names all of them there, and whoever reads one of their streams had to pass by it.
CREATE TABLE recent_anew (
    position INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    form INTEGER NOT NULL,
    snapshot TEXT,
    event_form INTEGER,
    event TEXT,
    told TEXT NOT NULL
) STRICT;
INSERT INTO recent_anew (position, at, subject, kind, form, snapshot, event_form, event, told)
SELECT position, at, subject, kind, form, snapshot, event_form, event, told FROM recent ORDER BY position;
DROP TABLE recent;
ALTER TABLE recent_anew RENAME TO recent;
