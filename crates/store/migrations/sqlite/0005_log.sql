-- One log. `subject` is an interaction's id as it is, `d` and a user, or `c` and a center; `owner` is `u` and a user, `c` and a center,
-- or `g` and a group; a topic is its name. Only a new topic is a new row, and no migration.
ALTER TABLE history RENAME COLUMN interaction TO subject;

CREATE TABLE heads (
    owner TEXT NOT NULL,
    topic TEXT NOT NULL,
    position INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (owner, topic)
) STRICT, WITHOUT ROWID;
INSERT INTO heads (owner, topic, position, last)
SELECT 'u' || user_id, 'Interactions', position, last_interactions FROM stream_heads WHERE last_interactions > 0
UNION ALL SELECT 'u' || user_id, 'Channels', position, last_channels FROM stream_heads WHERE last_channels > 0
UNION ALL SELECT 'u' || user_id, 'Chats', position, last_chats FROM stream_heads WHERE last_chats > 0
UNION ALL SELECT 'u' || user_id, 'Emails', position, last_emails FROM stream_heads WHERE last_emails > 0
UNION ALL SELECT 'u' || user_id, 'Workitems', position, last_workitems FROM stream_heads WHERE last_workitems > 0
UNION ALL SELECT 'u' || user_id, 'Openmedia', position, last_openmedia FROM stream_heads WHERE last_openmedia > 0
UNION ALL SELECT 'u' || user_id, 'Workbins', position, last_workbins FROM stream_heads WHERE last_workbins > 0
UNION ALL SELECT 'u' || user_id, 'Me', position, last_me FROM stream_heads WHERE last_me > 0
UNION ALL SELECT 'u' || user_id, 'Services', position, last_services FROM stream_heads WHERE last_services > 0;

-- The highest request number that a notice of a user repeated.
CREATE TABLE last_references (user_id TEXT NOT NULL PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO last_references (user_id, last) SELECT user_id, reference FROM stream_heads WHERE reference > 0;
DROP TABLE stream_heads;

-- One row for each position until it is swept. `told` is the owners of its stream rows in their order, separated by spaces; `snapshot`,
-- in its `form`, is null when nobody is told; `event` is null where the history has it.
CREATE TABLE recent (
    position INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    subject TEXT NOT NULL,
    told TEXT NOT NULL,
    kind TEXT NOT NULL,
    form INTEGER NOT NULL,
    snapshot TEXT,
    event_form INTEGER,
    event TEXT
) STRICT;
CREATE INDEX stream_rows_by_position ON stream_rows (position, ordinal);
INSERT INTO recent (position, at, subject, told, kind, form, snapshot, event_form, event)
SELECT position, at,
    COALESCE(CASE WHEN json_valid(subject) THEN CASE subject_kind
        WHEN 'interaction' THEN json_extract(subject, '$.id')
        WHEN 'transcript' THEN json_extract(subject, '$.interaction.id')
        WHEN 'desk' THEN 'd' || json_extract(subject, '$.user')
    END END, ''),
    COALESCE((SELECT group_concat('u' || user_id, ' ') FROM
        (SELECT user_id FROM stream_rows WHERE stream_rows.position = events.position ORDER BY ordinal)), ''),
    subject_kind, subject_form, subject,
    CASE WHEN subject_kind <> 'interaction' THEN form END,
    CASE WHEN subject_kind <> 'interaction' THEN body END
FROM events;

CREATE TABLE ends (generation INTEGER NOT NULL, position INTEGER NOT NULL, floor INTEGER NOT NULL) STRICT;
INSERT INTO ends (generation, position, floor)
SELECT 1, position, COALESCE((SELECT MIN(position) - 1 FROM events), position) FROM log_end;
DROP TABLE log_end;
CREATE TABLE log_end (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL,
    position INTEGER NOT NULL,
    floor INTEGER NOT NULL
) STRICT;
INSERT INTO log_end (id, generation, position, floor) SELECT 1, generation, position, floor FROM ends;
DROP TABLE ends;

-- What nobody was told of was in the history alone.
INSERT INTO recent (position, at, subject, told, kind, form)
SELECT position, at, subject, '', 'interaction', 1 FROM history
WHERE position > (SELECT floor FROM log_end) AND position NOT IN (SELECT position FROM events);
DROP TABLE events;

CREATE TABLE streams (
    owner TEXT NOT NULL,
    position INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    numbers TEXT NOT NULL,
    form INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (owner, position, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO streams (owner, position, ordinal, numbers, form, body)
SELECT 'u' || user_id, position, ordinal, numbers, form, body FROM stream_rows ORDER BY user_id, position, ordinal;
DROP TABLE stream_rows;

-- The file that the database lies in, by which a copy is noticed; empty until it is first opened.
CREATE TABLE database_file (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), file TEXT NOT NULL) STRICT;
INSERT INTO database_file (id, file) VALUES (1, '');
