-- The words by which a contact is found, as lists. Of those who are there already these are the address and the words of the name that
-- stood before it, without the small letters of what is not ASCII; the others follow with their next letter.
ALTER TABLE contacts ADD COLUMN lists TEXT NOT NULL DEFAULT '';
CREATE TABLE words_of_contacts (id TEXT NOT NULL, list TEXT NOT NULL, PRIMARY KEY (id, list)) STRICT, WITHOUT ROWID;
INSERT INTO words_of_contacts (id, list)
WITH RECURSIVE known (id, before, rest) AS (
    SELECT id, 'n' || json_extract(body, '$.center') || ':',
        replace(replace(lower(json_extract(body, '$.address') || ' ' || COALESCE(json_extract(body, '$.name'), '')), char(9), ' '), char(10), ' ') || ' '
    FROM contacts WHERE json_valid(body) AND json_extract(body, '$.address') IS NOT NULL
), split (id, list, before, rest) AS (
    SELECT id, '', before, rest FROM known
    UNION ALL
    SELECT id, before || substr(rest, 1, min(instr(rest, ' ') - 1, 64)), before, substr(rest, instr(rest, ' ') + 1) FROM split WHERE rest <> ''
)
SELECT DISTINCT id, list FROM split WHERE length(list) > length(before);
UPDATE contacts SET lists =
    COALESCE((SELECT group_concat(list, ' ') FROM (SELECT list FROM words_of_contacts w WHERE w.id = contacts.id ORDER BY list)), '');
INSERT INTO interaction_lists (list, id) SELECT list, id FROM words_of_contacts ORDER BY list, id;
DROP TABLE words_of_contacts;
