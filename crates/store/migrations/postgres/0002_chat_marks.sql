CREATE TABLE chat_marks (
    id TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL,
    form BIGINT NOT NULL,
    body TEXT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX chat_marks_by_time ON chat_marks (until, id);
