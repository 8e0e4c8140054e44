//! The statements of the log: its end, histories, what is recent, streams and their heads.

/// → generation, position, floor. What is swept is the oldest, so a log without rows ends at its
/// floor.
pub(crate) const LOG_END_READ: &str = "SELECT generation, \
     COALESCE((SELECT MAX(position) FROM recent), floor), floor FROM log_end WHERE id = 1";
/// floor
pub(crate) const LOG_FLOOR_WRITE: &str = "UPDATE log_end SET floor = $1 WHERE id = 1";
/// generation
pub(crate) const GENERATION_WRITE: &str = "UPDATE log_end SET generation = $1 WHERE id = 1";

/// → when the last event was that is kept, and the highest id of an interaction, which begins with
/// when it was made.
pub(crate) const LATEST_READ: &str = "SELECT (SELECT at FROM recent ORDER BY position DESC LIMIT 1), \
     (SELECT MAX(id) FROM interactions)";

/// position, at, subject, told, kind, form, snapshot, event's form and body
pub(crate) const RECENT_INSERT: &str = "INSERT INTO recent \
     (position, at, subject, told, kind, form, snapshot, event_form, event) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
/// position after, limit → position, subject, told, epoch, at, form and text of the event
pub(crate) const LOG_READ: &str = "SELECT r.position, r.subject, r.told, COALESCE(h.epoch, 0), \
     r.at, COALESCE(r.event_form, h.form), COALESCE(r.event, h.body) \
     FROM recent r LEFT JOIN history h ON h.subject = r.subject AND h.position = r.position \
     WHERE r.position > $1 ORDER BY r.position LIMIT $2";
/// position after, limit → the columns of [`LOG_READ`]; then kind, form and text of the snapshot
pub(crate) const LOG_CHECK: &str = "SELECT r.position, r.subject, r.told, COALESCE(h.epoch, 0), \
     r.at, COALESCE(r.event_form, h.form), COALESCE(r.event, h.body), r.kind, r.form, r.snapshot \
     FROM recent r LEFT JOIN history h ON h.subject = r.subject AND h.position = r.position \
     WHERE r.position > $1 ORDER BY r.position LIMIT $2";
/// position after, limit → position, subject, told
pub(crate) const TOLD_READ: &str =
    "SELECT position, subject, told FROM recent WHERE position > $1 ORDER BY position LIMIT $2";
/// limit → position, at, told
pub(crate) const RECENT_OLDEST: &str =
    "SELECT position, at, told FROM recent ORDER BY position LIMIT $1";
/// position
pub(crate) const RECENT_SWEEP: &str = "DELETE FROM recent WHERE position <= $1";

/// subject, position, at, epoch, form, body, number of the last entry that was said
pub(crate) const HISTORY_INSERT: &str = "INSERT INTO history \
     (subject, position, at, epoch, form, body, last_entry) VALUES ($1, $2, $3, $4, $5, $6, $7)";
/// subject; what the log still has stays, because the body of an event is in its history alone
pub(crate) const HISTORY_FORGET: &str = "DELETE FROM history \
     WHERE subject = $1 AND position <= (SELECT floor FROM log_end WHERE id = 1)";
/// subject, position after, limit → position, at, epoch, form, body
pub(crate) const HISTORY_READ: &str = "SELECT position, at, epoch, form, body FROM history \
     WHERE subject = $1 AND position > $2 ORDER BY position LIMIT $3";
/// subject and position after, limit → the columns of [`HISTORY_READ`], subject
pub(crate) const HISTORY_CHECK: &str = "SELECT position, at, epoch, form, body, subject FROM history \
     WHERE (subject, position) > ($1, $2) ORDER BY subject, position LIMIT $3";
/// interaction, number of an entry, limit → position, form, body of the events with later entries.
/// An interaction's entries have rising numbers in the order of the log, so the order of the index
/// is that of the transcript.
pub(crate) const TRANSCRIPT_READ: &str = "SELECT position, form, body FROM history \
     WHERE subject = $1 AND last_entry > $2 ORDER BY last_entry LIMIT $3";

/// owner, position, ordinal, numbers, form, body
pub(crate) const ROW_INSERT: &str = "INSERT INTO streams \
     (owner, position, ordinal, numbers, form, body) VALUES ($1, $2, $3, $4, $5, $6)";
/// owner, position after → position, numbers, notice's form and body; then as [`LOG_CHECK`] from
/// `at` on. The reader stops by itself, because a limit could split the rows of one position.
pub(crate) const STREAM_READ: &str = "SELECT s.position, s.numbers, s.form, s.body, \
     r.at, COALESCE(r.event_form, h.form), COALESCE(r.event, h.body), r.kind, r.form, r.snapshot \
     FROM streams s JOIN recent r ON r.position = s.position \
     LEFT JOIN history h ON h.subject = r.subject AND h.position = r.position \
     WHERE s.owner = $1 AND s.position > $2 ORDER BY s.position, s.ordinal";
/// owner, position after → position, numbers, oldest first
pub(crate) const STREAM_TAIL: &str = "SELECT position, numbers FROM streams \
     WHERE owner = $1 AND position > $2 ORDER BY position, ordinal";
/// → owner
pub(crate) const STREAM_OWNERS: &str = "SELECT DISTINCT owner FROM streams";
/// owner → position, numbers, newest first. The reader stops by itself.
pub(crate) const STREAM_BACK: &str = "SELECT position, numbers FROM streams \
     WHERE owner = $1 ORDER BY position DESC, ordinal DESC";
/// owner, position and ordinal after, limit → position, numbers, form, body, owner, ordinal
pub(crate) const STREAM_CHECK: &str = "SELECT position, numbers, form, body, owner, ordinal FROM streams \
     WHERE (owner, position, ordinal) > ($1, $2, $3) ORDER BY owner, position, ordinal LIMIT $4";
/// owner, position
pub(crate) const STREAM_SWEEP: &str = "DELETE FROM streams WHERE owner = $1 AND position <= $2";
pub(crate) const STREAMS_FORGET: &str = "DELETE FROM streams";

/// owner, topic, position, last
pub(crate) const HEAD_WRITE: &str = "INSERT INTO heads (owner, topic, position, last) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (owner, topic) DO UPDATE SET \
     position = excluded.position, last = excluded.last";
/// owner → topic, position, last. The rows of its stream after the highest position count as well.
pub(crate) const HEADS_READ: &str = "SELECT topic, position, last FROM heads WHERE owner = $1";
/// by how much
pub(crate) const HEADS_JUMP: &str = "UPDATE heads SET last = last + $1";

/// Every statement of this file.
#[cfg(test)]
pub(crate) const ALL: [&str; 26] = [
    LOG_END_READ,
    LOG_FLOOR_WRITE,
    GENERATION_WRITE,
    LATEST_READ,
    RECENT_INSERT,
    LOG_READ,
    LOG_CHECK,
    TOLD_READ,
    RECENT_OLDEST,
    RECENT_SWEEP,
    HISTORY_INSERT,
    HISTORY_FORGET,
    HISTORY_READ,
    HISTORY_CHECK,
    TRANSCRIPT_READ,
    ROW_INSERT,
    STREAM_READ,
    STREAM_TAIL,
    STREAM_OWNERS,
    STREAM_BACK,
    STREAM_CHECK,
    STREAM_SWEEP,
    STREAMS_FORGET,
    HEAD_WRITE,
    HEADS_READ,
    HEADS_JUMP,
];
