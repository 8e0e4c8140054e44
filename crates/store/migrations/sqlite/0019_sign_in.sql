CREATE TABLE user_tokens (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE second_factors (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE audit_entries (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL, until INTEGER NOT NULL) STRICT;
CREATE INDEX audit_entries_by_time ON audit_entries (until, id);
ALTER TABLE login_sessions ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
UPDATE login_sessions SET user_id = COALESCE(json_extract(body, '$.user'), '') WHERE json_valid(body);
CREATE INDEX login_sessions_of_user ON login_sessions (user_id, last_used, id);
