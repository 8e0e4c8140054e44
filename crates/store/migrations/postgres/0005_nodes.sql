-- What living nodes say of themselves, and the newest schema that their programs know.
ALTER TABLE leases ADD COLUMN about TEXT NOT NULL DEFAULT '';
ALTER TABLE leases ADD COLUMN schema BIGINT NOT NULL DEFAULT 4;

-- Who does what one node is enough for; nobody, when its lease is over.
CREATE TABLE duties (name TEXT COLLATE "C" PRIMARY KEY, node TEXT COLLATE "C" NOT NULL);

-- What all nodes must know and nobody else.
CREATE TABLE shared_secrets (id TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, form BIGINT NOT NULL, body TEXT NOT NULL);
