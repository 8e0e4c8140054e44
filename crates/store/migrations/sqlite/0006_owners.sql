-- A user who owns something has one timer for all of it and no longer one for each interaction. They may be silent until the latest of them.
INSERT INTO timers (subject, kind, number, due)
SELECT 'o' || owned.owner, 1, 0, max(timers.due)
FROM timers JOIN interactions AS owned ON timers.subject = 'i' || owned.id
WHERE timers.kind = 1 AND owned.owner IS NOT NULL
GROUP BY owned.owner;
DELETE FROM timers WHERE kind = 1 AND subject LIKE 'i%';
