CREATE TABLE chat_marks (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL, until INTEGER NOT NULL) STRICT;
CREATE INDEX chat_marks_by_time ON chat_marks (until, id);
