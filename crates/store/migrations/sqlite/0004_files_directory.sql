CREATE TABLE files_directory (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;

-- A store that was in use before there were marks takes on the directory that it finds; a new one has no row, and takes on none with files.
INSERT INTO files_directory (id, version, form, body)
SELECT '1', 1, 1, '{"mark":"","attended":[]}'
WHERE EXISTS (SELECT 1 FROM log_end WHERE position > 0) OR EXISTS (SELECT 1 FROM files);
