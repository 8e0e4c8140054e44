//! Every SQL text.

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

/// subject, kind, number, due
pub(crate) const TIMER_SET: &str = "INSERT INTO timers (subject, kind, number, due) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (subject, kind, number) DO UPDATE SET due = excluded.due";
/// subject, kind, number, due
pub(crate) const TIMER_PUT_OFF: &str = "INSERT INTO timers (subject, kind, number, due) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (subject, kind, number) DO UPDATE SET due = excluded.due WHERE excluded.due > due";
/// subject, kind, number → due
pub(crate) const TIMER_READ: &str =
    "SELECT due FROM timers WHERE subject = $1 AND kind = $2 AND number = $3";
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
            TIMER_SET,
            TIMER_PUT_OFF,
            TIMER_READ,
            TIMER_CLEAR,
            TIMER_DONE,
            TIMERS_FIRST,
        ]);
        all.extend(crate::sql::log::ALL);
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
}
