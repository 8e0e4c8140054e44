-- Records by kind: the key, how often it was written, and the encoded body with the number of its form.
CREATE TABLE centers (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE users (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE skills (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE agent_groups (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE queues (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE workbins (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE desks (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;

CREATE TABLE login_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    form INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX login_sessions_by_use ON login_sessions (last_used, id);

-- The columns before the body are what queries filter on. None of them is indexed: which list an interaction is found in is a row of
-- interaction_lists, so that a write that moves it nowhere touches one page and no index.
CREATE TABLE interactions (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    lists TEXT NOT NULL,
    center TEXT NOT NULL,
    place TEXT NOT NULL,
    media TEXT NOT NULL,
    queue TEXT,
    owner TEXT,
    external_id TEXT,
    contact TEXT,
    form INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE interaction_lists (list TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (list, id)) STRICT, WITHOUT ROWID;

-- Where the log ends. Kept apart from the events because those are swept, and a position is never given twice.
CREATE TABLE log_end (id INTEGER NOT NULL PRIMARY KEY, position INTEGER NOT NULL) STRICT;
INSERT INTO log_end (id, position) VALUES (1, 0);

-- Events that somebody was told of, with a snapshot of what they were about, until the streams forget them. `told` is the users of the
-- stream rows in the order of their ordinals, 32 characters each.
CREATE TABLE events (
    position INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    told TEXT NOT NULL,
    form INTEGER NOT NULL,
    body TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_form INTEGER NOT NULL,
    subject TEXT NOT NULL
) STRICT;

-- What happened to each interaction, for good.
CREATE TABLE history (
    interaction TEXT NOT NULL,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    form INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (interaction, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE stream_rows (
    user_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    numbers TEXT NOT NULL,
    form INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (user_id, position, ordinal)
) STRICT, WITHOUT ROWID;

-- One row for each user: the last number on each topic, and the first that the stream still keeps.
CREATE TABLE stream_heads (
    user_id TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    reference INTEGER NOT NULL,
    last_interactions INTEGER NOT NULL,
    last_channels INTEGER NOT NULL,
    last_chats INTEGER NOT NULL,
    last_emails INTEGER NOT NULL,
    last_workitems INTEGER NOT NULL,
    last_openmedia INTEGER NOT NULL,
    last_workbins INTEGER NOT NULL,
    last_me INTEGER NOT NULL,
    last_services INTEGER NOT NULL,
    kept_interactions INTEGER NOT NULL DEFAULT 1,
    kept_channels INTEGER NOT NULL DEFAULT 1,
    kept_chats INTEGER NOT NULL DEFAULT 1,
    kept_emails INTEGER NOT NULL DEFAULT 1,
    kept_workitems INTEGER NOT NULL DEFAULT 1,
    kept_openmedia INTEGER NOT NULL DEFAULT 1,
    kept_workbins INTEGER NOT NULL DEFAULT 1,
    kept_me INTEGER NOT NULL DEFAULT 1,
    kept_services INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

-- `subject`, `kind` and `number` together are the timer's name, written so that their order is the order of the names.
CREATE TABLE timers (
    subject TEXT NOT NULL,
    kind INTEGER NOT NULL,
    number INTEGER NOT NULL,
    due INTEGER NOT NULL,
    PRIMARY KEY (subject, kind, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due, subject, kind, number);

CREATE TABLE receipts (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    expires INTEGER,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_by_expiry ON receipts (expires, scope, key) WHERE expires IS NOT NULL;
