CREATE TABLE contacts (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE mailbox_marks (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, form INTEGER NOT NULL, body TEXT NOT NULL) STRICT;

-- E-mails are found by their threads and everything by its contact, also when it is over. What there was before there were threads is
-- each in a thread of its own; contacts with a space in them were never given by a program of ours and are left out.
INSERT INTO interaction_lists (list, id)
SELECT 't' || id, id FROM interactions WHERE media = 'email'
UNION ALL
SELECT 'c' || center || ':' || contact, id FROM interactions
WHERE contact IS NOT NULL AND instr(contact, ' ') = 0 AND instr(contact, '%') = 0
UNION ALL
SELECT 's', id FROM interactions WHERE place = 'sending';
UPDATE interactions SET lists = trim(lists || ' t' || id) WHERE media = 'email';
UPDATE interactions SET lists = trim(lists || ' c' || center || ':' || contact)
WHERE contact IS NOT NULL AND instr(contact, ' ') = 0 AND instr(contact, '%') = 0;
UPDATE interactions SET lists = lists || ' s' WHERE place = 'sending';
