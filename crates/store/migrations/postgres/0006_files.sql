-- What is in files, for nodes that keep them in the database. A file that was taken out of use has
-- a time in "trashed"; pieces have 256 KiB each but for the last, and are stored as they are.
CREATE TABLE kept_files (content BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, bytes BIGINT NOT NULL, trashed BIGINT);
CREATE UNIQUE INDEX kept_files_id ON kept_files (id) WHERE trashed IS NULL;
CREATE INDEX kept_files_trash ON kept_files (id, trashed) WHERE trashed IS NOT NULL;
CREATE TABLE file_pieces (content BIGINT NOT NULL REFERENCES kept_files ON DELETE CASCADE, number BIGINT NOT NULL, piece BYTEA NOT NULL, PRIMARY KEY (content, number));
ALTER TABLE file_pieces ALTER COLUMN piece SET STORAGE EXTERNAL;
CREATE TABLE files_mark (id BIGINT PRIMARY KEY, mark TEXT NOT NULL);
