-- Answers that a user was promised, kept for a minute. No number is given twice: whoever reads goes by the last that they have seen.
CREATE TABLE promised_answers (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL,
    topic TEXT NOT NULL,
    until INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX promised_answers_of_user ON promised_answers (user_id, number);
