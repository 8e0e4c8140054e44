-- The words by which a contact is found, as lists. Of contacts that a program before this one wrote they follow with the next letter.
ALTER TABLE contacts ADD COLUMN lists TEXT NOT NULL DEFAULT '';
