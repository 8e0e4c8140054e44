-- Records by kind: the key, how often it was written, and the encoded body with the number of its form. Texts sort by their bytes.
CREATE TABLE centers (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE users (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE skills (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE agent_groups (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE queues (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE workbins (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE services (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE mailboxes (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE desks (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE files (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE contacts (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE mailbox_marks (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE files_directory (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE reader_cursors (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE request_numbers (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE desk_settings (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);

CREATE TABLE login_sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    form BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX login_sessions_by_use ON login_sessions (last_used, id);

CREATE TABLE claims (
    id TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL,
    form BIGINT NOT NULL,
    body TEXT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX claims_by_time ON claims (until, id);

-- The columns before the body are what queries filter on. None of them is indexed: which list an interaction is found in is a row of
-- interaction_lists, so that a write that moves it nowhere touches no index.
CREATE TABLE interactions (
    id TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL,
    lists TEXT NOT NULL,
    center TEXT NOT NULL,
    place TEXT NOT NULL,
    media TEXT NOT NULL,
    queue TEXT,
    owner TEXT,
    external_id TEXT,
    contact TEXT,
    form BIGINT NOT NULL,
    body TEXT NOT NULL
) WITH (fillfactor = 70);
CREATE TABLE interaction_lists (list TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, PRIMARY KEY (list, id));

-- How often each contact center's directory was changed, and at which version each of its records was changed last, removed ones among
-- them.
CREATE TABLE directory_versions (center TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL);
CREATE TABLE directory_changes (
    center TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (center, kind, id)
);
CREATE INDEX directory_changes_by_version ON directory_changes (center, version);

-- The log's lock: whoever appends holds this row and does not write it (ADR 0013). Where the log ends is the row that the last batch
-- added, with the batch's name for whoever lost the answer; `promised` is the number of the last promised answer.
CREATE TABLE log_end (id BIGINT PRIMARY KEY CHECK (id = 1), generation BIGINT NOT NULL, floor BIGINT NOT NULL) WITH (fillfactor = 10);
INSERT INTO log_end (id, generation, floor) VALUES (1, 1, 0);
CREATE TABLE log_ends (
    number BIGINT PRIMARY KEY,
    position BIGINT NOT NULL,
    promised BIGINT NOT NULL,
    batch TEXT COLLATE "C" NOT NULL UNIQUE,
    at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX log_ends_by_time ON log_ends (at);
INSERT INTO log_ends (number, position, promised, batch) VALUES (0, 0, 0, '');
CREATE VIEW log_last AS SELECT position, promised FROM log_ends ORDER BY number DESC LIMIT 1;

CREATE TABLE history (
    subject TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    form BIGINT NOT NULL,
    body TEXT NOT NULL,
    last_entry BIGINT,
    PRIMARY KEY (subject, position)
);
CREATE INDEX history_by_entry ON history (subject, last_entry) WHERE last_entry IS NOT NULL;

CREATE TABLE recent (
    position BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    form BIGINT NOT NULL,
    snapshot TEXT,
    event_form BIGINT,
    event TEXT,
    told TEXT NOT NULL
);

CREATE TABLE streams (
    owner TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    numbers TEXT NOT NULL,
    form BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (owner, position, ordinal)
);
-- One row for each stream, so that whoever counts on locks all of its numbers. `numbers` is as in `streams`; a newer program's topics
-- keep theirs.
CREATE TABLE heads (
    owner TEXT COLLATE "C" PRIMARY KEY,
    position BIGINT NOT NULL,
    numbers TEXT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE timers (
    subject TEXT COLLATE "C" NOT NULL,
    kind BIGINT NOT NULL,
    number BIGINT NOT NULL,
    due BIGINT NOT NULL,
    PRIMARY KEY (subject, kind, number)
);
CREATE INDEX timers_by_due ON timers (due, subject, kind, number);

CREATE TABLE receipts (
    scope TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    expires BIGINT,
    PRIMARY KEY (scope, key)
);
CREATE INDEX receipts_by_expiry ON receipts (expires, scope, key) WHERE expires IS NOT NULL;

CREATE TABLE promised_answers (
    number BIGINT PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL,
    topic TEXT NOT NULL,
    until BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX promised_answers_of_user ON promised_answers (user_id, number);
CREATE INDEX promised_answers_by_end ON promised_answers (until, number);

-- Nodes that live, by the clock of this database.
CREATE TABLE leases (node TEXT COLLATE "C" PRIMARY KEY, until TIMESTAMPTZ NOT NULL);

-- Which cluster this is: no other's nodes may join it by mistake.
CREATE TABLE cluster (id BIGINT PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL);
INSERT INTO cluster (id, name) VALUES (1, gen_random_uuid()::TEXT);
