//! Every SQL text.

use std::sync::LazyLock;

use crate::record::Kind;
use crate::sql::columns;

/// The statements of one kind of record.
#[derive(Debug)]
pub(crate) struct RecordTable {
    /// The table's name, for messages.
    pub(crate) name: &'static str,
    /// id → version, and the lists that it is in, of kinds that are in lists.
    pub(crate) guard: String,
    /// id → version, form, body
    pub(crate) load: String,
    /// id after, limit → id, version, form, body
    pub(crate) list: String,
    /// id, version, form, body, and what else the kind has columns for.
    pub(crate) put: String,
    /// The same, at the end of the table: of kinds that are in lists.
    pub(crate) put_last: Option<String>,
    /// id
    pub(crate) remove: String,
}

impl RecordTable {
    fn of(kind: Kind) -> Self {
        let name = kind.table();
        let own = columns::names(kind);
        let has_lists = own.contains(&columns::LISTS);
        let lists = if has_lists { columns::LISTS } else { "''" };
        let all = || ["version", "form", "body"].iter().chain(own);
        let names: String = all().map(|column| format!(", {column}")).collect();
        let values: String = (1..=all().count()).map(|n| format!(", ${}", n + 1)).collect();
        let written: Vec<_> = all().map(|name| format!("{name} = excluded.{name}")).collect();
        Self {
            name,
            guard: format!("SELECT version, {lists} FROM {name} WHERE id = $1"),
            load: format!("SELECT version, form, body FROM {name} WHERE id = $1"),
            list: format!(
                "SELECT id, version, form, body FROM {name} WHERE id > $1 ORDER BY id LIMIT $2"
            ),
            put: format!(
                "INSERT INTO {name} (id{names}) VALUES ($1{values}) \
                 ON CONFLICT (id) DO UPDATE SET {}",
                written.join(", ")
            ),
            put_last: has_lists
                .then(|| format!("INSERT OR REPLACE INTO {name} (id{names}) VALUES ($1{values})")),
            remove: format!("DELETE FROM {name} WHERE id = $1"),
        }
    }
}

/// Returns the table of one kind of record.
pub(crate) fn table(kind: Kind) -> &'static RecordTable {
    static ALL: LazyLock<Vec<RecordTable>> =
        LazyLock::new(|| Kind::ALL.iter().copied().map(RecordTable::of).collect());
    &ALL[kind as usize]
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

/// list and id after, list before which it ends, limit → list, id
pub(crate) const WORDS_READ: &str = "SELECT list, id FROM interaction_lists \
     WHERE (list, id) > ($1, $2) AND list < $3 ORDER BY list, id LIMIT $4";

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
/// scope, key
pub(crate) const RECEIPT_FORGET: &str = "DELETE FROM receipts WHERE scope = $1 AND key = $2";
/// scope, key's beginning, what is beyond it, limit → key, fingerprint, answer, expires
pub(crate) const RECEIPTS_BEGINNING: &str = "SELECT key, fingerprint, answer, expires FROM receipts \
     WHERE scope = $1 AND key >= $2 AND key < $3 ORDER BY key LIMIT $4";

/// Returns a text that is behind all that begin like another.
pub(crate) fn beyond(beginning: &str) -> String {
    format!("{beginning}{}", char::MAX)
}

/// now, limit
pub(crate) const RECEIPTS_SWEEP: &str = "DELETE FROM receipts WHERE (scope, key) IN \
     (SELECT scope, key FROM receipts WHERE expires IS NOT NULL AND expires <= $1 ORDER BY expires, scope, key LIMIT $2)";
/// last used before, limit
pub(crate) const LOGINS_SWEEP: &str = "DELETE FROM login_sessions WHERE id IN \
     (SELECT id FROM login_sessions WHERE last_used < $1 ORDER BY last_used, id LIMIT $2)";
/// now, limit
pub(crate) const CLAIMS_SWEEP: &str = "DELETE FROM claims WHERE id IN \
     (SELECT id FROM claims WHERE until <= $1 ORDER BY until, id LIMIT $2)";
/// now, limit
pub(crate) const CHAT_MARKS_SWEEP: &str = "DELETE FROM chat_marks WHERE id IN \
     (SELECT id FROM chat_marks WHERE until <= $1 ORDER BY until, id LIMIT $2)";

/// now, limit
pub(crate) const AUDIT_SWEEP: &str = "DELETE FROM audit_entries WHERE id IN \
     (SELECT id FROM audit_entries WHERE until <= $1 ORDER BY until, id LIMIT $2)";
/// user, limit → id, version, form, body, the last used first
pub(crate) const LOGINS_OF: &str = "SELECT id, version, form, body FROM login_sessions \
     WHERE user_id = $1 ORDER BY last_used DESC, id DESC LIMIT $2";

/// Returns every statement of a store, whichever file it is in.
#[cfg(test)]
pub(crate) fn every_statement() -> Vec<&'static str> {
    let of_kind = |kind: &Kind| {
        let RecordTable { name: _, guard, load, list, put, put_last, remove } = table(*kind);
        let all = [guard, load, list, put, remove].into_iter().chain(put_last);
        all.map(String::as_str)
    };
    let mut all: Vec<_> = Kind::ALL.iter().flat_map(of_kind).collect();
    all.extend([
        LIST_ENTER,
        LIST_LEAVE,
        LIST_READ,
        LIST_READ_BACK,
        WORDS_READ,
        CENSUS,
        TIMER_SET,
        TIMER_PUT_OFF,
        TIMER_READ,
        TIMER_CLEAR,
        TIMER_DONE,
        TIMERS_FIRST,
    ]);
    all.extend(crate::sql::directories::ALL);
    all.extend(crate::sql::log::ALL);
    all.extend(crate::sql::promised::ALL);
    all.extend(crate::sql::erase::ALL);
    all.extend([RECEIPT_READ, RECEIPT_INSERT, RECEIPT_FORGET, RECEIPTS_BEGINNING]);
    all.extend([RECEIPTS_SWEEP, LOGINS_SWEEP]);
    all.extend([CLAIMS_SWEEP, CHAT_MARKS_SWEEP, AUDIT_SWEEP, LOGINS_OF]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_put_writes_the_columns_of_its_kind() {
        assert_eq!(
            table(Kind::LoginSession).put,
            "INSERT INTO login_sessions (id, version, form, body, last_used, user_id) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET \
             version = excluded.version, form = excluded.form, body = excluded.body, \
             last_used = excluded.last_used, user_id = excluded.user_id"
        );
    }
}
