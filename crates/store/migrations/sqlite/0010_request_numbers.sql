CREATE TABLE request_numbers (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
-- Up to here numbers were repeated by notices; nobody can have been told of a higher one.
INSERT INTO request_numbers (id, version, form, body)
  SELECT user_id, 1, 1, json_object('user', user_id, 'last', last) FROM last_references;
DROP TABLE last_references;
