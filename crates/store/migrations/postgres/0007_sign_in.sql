CREATE TABLE user_tokens (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE second_factors (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE audit_entries (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL, until BIGINT NOT NULL);
CREATE INDEX audit_entries_by_time ON audit_entries (until, id);
-- Whose a session is. Of those that a program before this one keeps it follows when they are used.
ALTER TABLE login_sessions ADD COLUMN user_id TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE login_sessions SET user_id = COALESCE(substring(body FROM '"user":"([0-9a-f]{32})"'), '');
CREATE INDEX login_sessions_of_user ON login_sessions (user_id, last_used, id);
