//! Every SQL text.

use handoff_domain::Topic;

use crate::record::Kind;

/// The statements of one kind of record.
#[derive(Debug)]
pub(crate) struct RecordTable {
    /// The table's name, for messages.
    pub(crate) name: &'static str,
    /// id → version, and for interactions the lists that it is in.
    pub(crate) guard: &'static str,
    /// id → version, form, body
    pub(crate) load: &'static str,
    /// id after, limit → id, version, form, body
    pub(crate) list: &'static str,
    /// id, version, form, body, and what else the kind has columns for.
    pub(crate) put: &'static str,
    /// id
    pub(crate) remove: &'static str,
}

macro_rules! record_table {
    ($name:literal, guard: $guard:literal, put: $put:expr) => {
        RecordTable {
            name: $name,
            guard: concat!("SELECT ", $guard, " FROM ", $name, " WHERE id = $1"),
            load: concat!("SELECT version, form, body FROM ", $name, " WHERE id = $1"),
            list: concat!(
                "SELECT id, version, form, body FROM ", $name, " WHERE id > $1 ORDER BY id LIMIT $2"
            ),
            put: $put,
            remove: concat!("DELETE FROM ", $name, " WHERE id = $1"),
        }
    };
    ($name:literal) => {
        record_table!(
            $name,
            guard: "version",
            put: concat!(
                "INSERT INTO ", $name, " (id, version, form, body) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version, form = excluded.form, body = excluded.body"
            )
        )
    };
}

static CENTERS: RecordTable = record_table!("centers");
static USERS: RecordTable = record_table!("users");
static SKILLS: RecordTable = record_table!("skills");
static GROUPS: RecordTable = record_table!("agent_groups");
static QUEUES: RecordTable = record_table!("queues");
static WORKBINS: RecordTable = record_table!("workbins");
static SERVICES: RecordTable = record_table!("services");
static DESKS: RecordTable = record_table!("desks");
static INTERACTIONS: RecordTable = record_table!(
    "interactions",
    guard: "version, lists",
    put: "INSERT INTO interactions \
          (id, version, form, body, lists, center, place, media, queue, owner, external_id, contact) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
          ON CONFLICT (id) DO UPDATE SET version = excluded.version, form = excluded.form, body = excluded.body, \
          lists = excluded.lists, center = excluded.center, place = excluded.place, media = excluded.media, \
          queue = excluded.queue, owner = excluded.owner, external_id = excluded.external_id, contact = excluded.contact"
);
static FILES: RecordTable = record_table!("files");
static CONTACTS: RecordTable = record_table!("contacts");
static MAILBOX_MARKS: RecordTable = record_table!("mailbox_marks");
static LOGIN_SESSIONS: RecordTable = record_table!(
    "login_sessions",
    guard: "version",
    put: "INSERT INTO login_sessions (id, version, form, body, last_used) VALUES ($1, $2, $3, $4, $5) \
          ON CONFLICT (id) DO UPDATE SET version = excluded.version, form = excluded.form, body = excluded.body, \
          last_used = excluded.last_used"
);

static FILES_DIRECTORY: RecordTable = record_table!("files_directory");

/// Returns the table of one kind of record.
pub(crate) const fn table(kind: Kind) -> &'static RecordTable {
    match kind {
        Kind::Center => &CENTERS,
        Kind::User => &USERS,
        Kind::Skill => &SKILLS,
        Kind::Group => &GROUPS,
        Kind::Queue => &QUEUES,
        Kind::Workbin => &WORKBINS,
        Kind::Service => &SERVICES,
        Kind::Desk => &DESKS,
        Kind::Interaction => &INTERACTIONS,
        Kind::File => &FILES,
        Kind::Contact => &CONTACTS,
        Kind::MailboxMark => &MAILBOX_MARKS,
        Kind::LoginSession => &LOGIN_SESSIONS,
        Kind::FilesDirectory => &FILES_DIRECTORY,
    }
}

/// list, id
pub(crate) const LIST_ENTER: &str =
    "INSERT INTO interaction_lists (list, id) VALUES ($1, $2) ON CONFLICT (list, id) DO NOTHING";
/// list, id
pub(crate) const LIST_LEAVE: &str = "DELETE FROM interaction_lists WHERE list = $1 AND id = $2";

/// list, id after, center, media, queue, owner, external id, contact, limit → id. A filter that is
/// null filters nothing.
pub(crate) const LIST_READ: &str = "SELECT i.id FROM interaction_lists l JOIN interactions i ON i.id = l.id \
     WHERE l.list = $1 AND l.id > $2 \
     AND ($3 IS NULL OR i.center = $3) AND ($4 IS NULL OR i.media = $4) AND ($5 IS NULL OR i.queue = $5) \
     AND ($6 IS NULL OR i.owner = $6) AND ($7 IS NULL OR i.external_id = $7) AND ($8 IS NULL OR i.contact = $8) \
     ORDER BY l.id LIMIT $9";

/// The same from the newest on: list, id before, … → id.
pub(crate) const LIST_READ_BACK: &str = "SELECT i.id FROM interaction_lists l JOIN interactions i ON i.id = l.id \
     WHERE l.list = $1 AND l.id < $2 \
     AND ($3 IS NULL OR i.center = $3) AND ($4 IS NULL OR i.media = $4) AND ($5 IS NULL OR i.queue = $5) \
     AND ($6 IS NULL OR i.owner = $6) AND ($7 IS NULL OR i.external_id = $7) AND ($8 IS NULL OR i.contact = $8) \
     ORDER BY l.id DESC LIMIT $9";

/// center → place, count
pub(crate) const CENSUS: &str =
    "SELECT place, COUNT(*) FROM interactions WHERE center = $1 GROUP BY place";

/// → position
pub(crate) const LOG_END_READ: &str = "SELECT position FROM log_end WHERE id = 1";
/// position
pub(crate) const LOG_END_WRITE: &str = "UPDATE log_end SET position = $1 WHERE id = 1";

/// position after, limit → the columns of [`STREAM_READ`], the first and those of the event.
pub(crate) const EVENTS_CHECK: &str = "SELECT position, '', 0, '', at, form, body, subject_kind, subject_form, subject \
     FROM events WHERE position > $1 ORDER BY position LIMIT $2";
/// interaction and position after, limit → the columns of [`HISTORY_READ`], interaction
pub(crate) const HISTORY_CHECK: &str = "SELECT position, at, epoch, form, body, interaction FROM history \
     WHERE (interaction, position) > ($1, $2) ORDER BY interaction, position LIMIT $3";
/// user, position and ordinal after, limit → position, numbers, form, body, user, ordinal
pub(crate) const STREAM_CHECK: &str = "SELECT position, numbers, form, body, user_id, ordinal FROM stream_rows \
     WHERE (user_id, position, ordinal) > ($1, $2, $3) ORDER BY user_id, position, ordinal LIMIT $4";

/// → when the last event was that is kept, and the highest id of an interaction, which begins with
/// when it was made.
pub(crate) const LATEST_READ: &str = "SELECT (SELECT at FROM events ORDER BY position DESC LIMIT 1), (SELECT MAX(id) FROM interactions)";

/// position, at, told, form, body, subject kind, subject form, subject
pub(crate) const EVENT_INSERT: &str = "INSERT INTO events \
     (position, at, told, form, body, subject_kind, subject_form, subject) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
/// limit → position, at, told
pub(crate) const EVENTS_OLDEST: &str =
    "SELECT position, at, told FROM events ORDER BY position LIMIT $1";
/// position
pub(crate) const EVENT_DELETE: &str = "DELETE FROM events WHERE position = $1";

/// interaction, position, at, epoch, form, body, number of the last entry that was said
pub(crate) const HISTORY_INSERT: &str = "INSERT INTO history \
     (interaction, position, at, epoch, form, body, last_entry) VALUES ($1, $2, $3, $4, $5, $6, $7)";
/// interaction, position after, limit → position, at, epoch, form, body
pub(crate) const HISTORY_READ: &str = "SELECT position, at, epoch, form, body FROM history \
     WHERE interaction = $1 AND position > $2 ORDER BY position LIMIT $3";

/// interaction, number of an entry, limit → position, form, body of the events with later entries.
/// An interaction's entries have rising numbers in the order of the log, so the order of the index
/// is that of the transcript.
pub(crate) const TRANSCRIPT_READ: &str = "SELECT position, form, body FROM history \
     WHERE interaction = $1 AND last_entry > $2 ORDER BY last_entry LIMIT $3";

/// user, position, ordinal, numbers, form, body
pub(crate) const ROW_INSERT: &str = "INSERT INTO stream_rows (user_id, position, ordinal, numbers, form, body) VALUES ($1, $2, $3, $4, $5, $6)";
/// user, position after → position, numbers, notice's form and body, at, event's form and body,
/// subject's kind, form and body. The reader stops by itself, because a limit could split the rows
/// of one position.
pub(crate) const STREAM_READ: &str = "SELECT s.position, s.numbers, s.form, s.body, \
     e.at, e.form, e.body, e.subject_kind, e.subject_form, e.subject \
     FROM stream_rows s JOIN events e ON e.position = s.position \
     WHERE s.user_id = $1 AND s.position > $2 ORDER BY s.position, s.ordinal";
/// user, position, ordinal → numbers
pub(crate) const ROW_NUMBERS: &str =
    "SELECT numbers FROM stream_rows WHERE user_id = $1 AND position = $2 AND ordinal = $3";
/// user, position, ordinal
pub(crate) const ROW_DELETE: &str =
    "DELETE FROM stream_rows WHERE user_id = $1 AND position = $2 AND ordinal = $3";

/// Returns a topic's place among the counters of a head row, which are in the order of
/// [`Topic::ALL`].
pub(crate) const fn counter(topic: Topic) -> usize {
    match topic {
        Topic::Interactions => 0,
        Topic::Channels => 1,
        Topic::Chats => 2,
        Topic::Emails => 3,
        Topic::Workitems => 4,
        Topic::Openmedia => 5,
        Topic::Workbins => 6,
        Topic::Me => 7,
        Topic::Services => 8,
    }
}

/// How many counters a head row has.
pub(crate) const COUNTERS: usize = Topic::ALL.len();

/// user, position, reference, and by how much each counter grows. Read back with [`HEAD_GROWN`] in
/// the same transaction, or by putting `RETURNING` behind it: in SQLite that opens a table in
/// memory for every row, which costs more than the rest of the statement.
pub(crate) const HEAD_GROW: &str = "INSERT INTO stream_heads (user_id, position, reference, \
     last_interactions, last_channels, last_chats, last_emails, last_workitems, last_openmedia, last_workbins, last_me, \
     last_services) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
     ON CONFLICT (user_id) DO UPDATE SET position = excluded.position, \
     reference = CASE WHEN excluded.reference > stream_heads.reference \
     THEN excluded.reference ELSE stream_heads.reference END, \
     last_interactions = stream_heads.last_interactions + excluded.last_interactions, \
     last_channels = stream_heads.last_channels + excluded.last_channels, \
     last_chats = stream_heads.last_chats + excluded.last_chats, \
     last_emails = stream_heads.last_emails + excluded.last_emails, \
     last_workitems = stream_heads.last_workitems + excluded.last_workitems, \
     last_openmedia = stream_heads.last_openmedia + excluded.last_openmedia, \
     last_workbins = stream_heads.last_workbins + excluded.last_workbins, \
     last_me = stream_heads.last_me + excluded.last_me, \
     last_services = stream_heads.last_services + excluded.last_services";
/// user → each counter.
pub(crate) const HEAD_GROWN: &str = "SELECT last_interactions, last_channels, last_chats, last_emails, last_workitems, \
     last_openmedia, last_workbins, last_me, last_services FROM stream_heads WHERE user_id = $1";
/// user → position, reference, the last number on each topic, the first kept number on each topic.
pub(crate) const HEAD_READ: &str = "SELECT position, reference, \
     last_interactions, last_channels, last_chats, last_emails, last_workitems, last_openmedia, last_workbins, last_me, \
     last_services, \
     kept_interactions, kept_channels, kept_chats, kept_emails, kept_workitems, kept_openmedia, kept_workbins, kept_me, \
     kept_services FROM stream_heads WHERE user_id = $1";
/// user, and for each topic the number up to which its rows are gone (zero for none).
pub(crate) const HEAD_FORGET: &str = "UPDATE stream_heads SET \
     kept_interactions = CASE WHEN $1 >= kept_interactions THEN $1 + 1 ELSE kept_interactions END, \
     kept_channels = CASE WHEN $2 >= kept_channels THEN $2 + 1 ELSE kept_channels END, \
     kept_chats = CASE WHEN $3 >= kept_chats THEN $3 + 1 ELSE kept_chats END, \
     kept_emails = CASE WHEN $4 >= kept_emails THEN $4 + 1 ELSE kept_emails END, \
     kept_workitems = CASE WHEN $5 >= kept_workitems THEN $5 + 1 ELSE kept_workitems END, \
     kept_openmedia = CASE WHEN $6 >= kept_openmedia THEN $6 + 1 ELSE kept_openmedia END, \
     kept_workbins = CASE WHEN $7 >= kept_workbins THEN $7 + 1 ELSE kept_workbins END, \
     kept_me = CASE WHEN $8 >= kept_me THEN $8 + 1 ELSE kept_me END, \
     kept_services = CASE WHEN $9 >= kept_services THEN $9 + 1 ELSE kept_services END \
     WHERE user_id = $10";
/// position after → user, position. There is no index on the position: it would be rewritten by
/// every notice, while this is one scan of small rows a second and node. The reader stops by
/// itself, because a limit could split the users of one position.
pub(crate) const HEADS_AFTER: &str =
    "SELECT user_id, position FROM stream_heads WHERE position > $1 ORDER BY position, user_id";

/// subject, kind, number, due
pub(crate) const TIMER_SET: &str = "INSERT INTO timers (subject, kind, number, due) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (subject, kind, number) DO UPDATE SET due = excluded.due";
/// subject, kind, number
pub(crate) const TIMER_CLEAR: &str =
    "DELETE FROM timers WHERE subject = $1 AND kind = $2 AND number = $3";
/// subject, kind, number, due
pub(crate) const TIMER_DONE: &str =
    "DELETE FROM timers WHERE subject = $1 AND kind = $2 AND number = $3 AND due = $4";
/// limit → subject, kind, number, due
pub(crate) const TIMERS_FIRST: &str =
    "SELECT subject, kind, number, due FROM timers ORDER BY due, subject, kind, number LIMIT $1";

/// scope, key → fingerprint, answer, expires
pub(crate) const RECEIPT_READ: &str =
    "SELECT fingerprint, answer, expires FROM receipts WHERE scope = $1 AND key = $2";
/// scope, key, fingerprint, answer, expires
pub(crate) const RECEIPT_INSERT: &str = "INSERT INTO receipts (scope, key, fingerprint, answer, expires) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, key) DO UPDATE SET \
     fingerprint = excluded.fingerprint, answer = excluded.answer, expires = excluded.expires";
/// now, limit
pub(crate) const RECEIPTS_SWEEP: &str = "DELETE FROM receipts WHERE (scope, key) IN \
     (SELECT scope, key FROM receipts WHERE expires IS NOT NULL AND expires <= $1 ORDER BY expires, scope, key LIMIT $2)";
/// last used before, limit
pub(crate) const LOGINS_SWEEP: &str = "DELETE FROM login_sessions WHERE id IN \
     (SELECT id FROM login_sessions WHERE last_used < $1 ORDER BY last_used, id LIMIT $2)";

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 14] = [
        Kind::Center,
        Kind::User,
        Kind::Skill,
        Kind::Group,
        Kind::Queue,
        Kind::Workbin,
        Kind::Service,
        Kind::Desk,
        Kind::Interaction,
        Kind::File,
        Kind::Contact,
        Kind::MailboxMark,
        Kind::LoginSession,
        Kind::FilesDirectory,
    ];

    fn every_statement() -> Vec<&'static str> {
        let tables = KINDS.map(table);
        let mut all: Vec<_> = tables
            .iter()
            .flat_map(|table| [table.guard, table.load, table.list, table.put, table.remove])
            .collect();
        all.extend([
            LIST_ENTER,
            LIST_LEAVE,
            LIST_READ,
            LIST_READ_BACK,
            CENSUS,
            LOG_END_READ,
            LOG_END_WRITE,
            LATEST_READ,
            EVENTS_CHECK,
            HISTORY_CHECK,
            STREAM_CHECK,
            EVENT_INSERT,
        ]);
        all.extend([
            EVENTS_OLDEST,
            EVENT_DELETE,
            HISTORY_INSERT,
            HISTORY_READ,
            TRANSCRIPT_READ,
            ROW_INSERT,
            STREAM_READ,
            ROW_NUMBERS,
        ]);
        all.extend([
            ROW_DELETE,
            HEAD_GROW,
            HEAD_GROWN,
            HEAD_READ,
            HEAD_FORGET,
            HEADS_AFTER,
            TIMER_SET,
            TIMER_CLEAR,
            TIMER_DONE,
            TIMERS_FIRST,
        ]);
        all.extend([RECEIPT_READ, RECEIPT_INSERT, RECEIPTS_SWEEP, LOGINS_SWEEP]);
        all
    }

    #[test]
    fn parameters_first_occur_in_ascending_order() {
        for statement in every_statement() {
            let mut highest = 0;
            for part in statement.split('$').skip(1) {
                let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
                let number: usize = digits.parse().unwrap();
                assert!(number <= highest + 1, "{statement}");
                highest = highest.max(number);
            }
        }
    }

    #[test]
    fn counters_are_in_the_order_of_the_topics() {
        assert_eq!(Topic::ALL.map(counter), std::array::from_fn(|place| place));
    }
}
