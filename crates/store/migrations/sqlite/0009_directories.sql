-- How often each contact center's directory was changed; one that is not here was never since.
CREATE TABLE directory_versions (
    center TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The version at which each record of a directory was changed last, removed ones among them: what is to be read again. `kind` is the
-- name of the record's table.
CREATE TABLE directory_changes (
    center TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (center, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_changes_by_version ON directory_changes (center, version);
