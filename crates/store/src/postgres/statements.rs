//! The SQL texts of PostgreSQL alone: what SQLite does for one row is done here for many at once.

#[cfg(feature = "conformance")]
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::record::Kind;
use crate::sql::columns::{self, is_number};

/// The statements of one kind of record.
#[derive(Debug)]
pub(super) struct RecordTable {
    /// ids → id, version, and the lists that it is in, of kinds that are in lists; locked.
    pub(super) guard: String,
    /// ids → id, version
    pub(super) versions: String,
    /// ids → id, version, form, body
    pub(super) load: String,
    /// id after, limit → id, version, form, body
    pub(super) list: String,
    /// ids, versions, forms, bodies, and what else the kind has columns for.
    pub(super) put: String,
    /// ids
    pub(super) remove: String,
    /// center, version after, how many changes at least → id, version, form, body of those that
    /// were changed in its directory then, and of all that were changed together with the last of
    /// them.
    pub(super) changed: String,
}

/// The highest version.
const LAST: i64 = i64::MAX;

impl RecordTable {
    fn of(kind: Kind) -> Self {
        let name = kind.table();
        let own = columns::names(kind);
        let lists = if own.contains(&columns::LISTS) { columns::LISTS } else { "''" };
        let all = || ["version", "form", "body"].iter().chain(own);
        let names: String = all().map(|column| format!(", {column}")).collect();
        let kind_of = |column: &str| if is_number(column) { "BIGINT" } else { "TEXT" };
        let arrays: String =
            (2..).zip(all()).map(|(n, it)| format!(", ${n}::{}[]", kind_of(it))).collect();
        let written: Vec<_> = all().map(|name| format!("{name} = excluded.{name}")).collect();
        Self {
            guard: format!(
                "SELECT id, version, {lists} FROM {name} WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
            ),
            versions: format!("SELECT id, version FROM {name} WHERE id = ANY($1)"),
            load: format!("SELECT id, version, form, body FROM {name} WHERE id = ANY($1)"),
            list: format!(
                "SELECT id, version, form, body FROM {name} WHERE id > $1 ORDER BY id LIMIT $2"
            ),
            put: format!(
                "INSERT INTO {name} (id{names}) SELECT * FROM unnest($1::TEXT[]{arrays}) \
                 ON CONFLICT (id) DO UPDATE SET {}",
                written.join(", ")
            ),
            remove: format!("DELETE FROM {name} WHERE id = ANY($1)"),
            changed: format!(
                "SELECT r.id, r.version, r.form, r.body FROM directory_changes c \
                 JOIN {name} r ON r.id = c.id \
                 WHERE c.center = $1 AND c.kind = '{name}' AND c.version > $2 \
                 AND c.version <= COALESCE((SELECT version FROM directory_changes \
                 WHERE center = $1 AND version > $2 ORDER BY version OFFSET $3::BIGINT - 1 LIMIT 1), {LAST})"
            ),
        }
    }
}

/// Returns the table of one kind of record.
pub(super) fn table(kind: Kind) -> &'static RecordTable {
    static ALL: LazyLock<Vec<RecordTable>> =
        LazyLock::new(|| Kind::ALL.iter().copied().map(RecordTable::of).collect());
    &ALL[kind as usize]
}

/// Returns a statement that locks as one that does not.
#[cfg(feature = "conformance")]
pub(super) fn without_lock(sql: &'static str) -> &'static str {
    static ALL: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        let guards = Kind::ALL.iter().map(|kind| &*table(*kind).guard);
        let bare = |sql: &str| sql.split(" FOR NO KEY UPDATE").next().unwrap_or(sql).to_owned();
        let mut all: HashMap<_, _> =
            guards.chain([TIMERS_LOCK]).map(|sql| (sql.to_owned(), bare(sql))).collect();
        let numbers = "SELECT COUNT(*) FROM unnest($1::BIGINT[], $2::BOOLEAN[])";
        all.insert(NUMBERS_LOCK.to_owned(), numbers.to_owned());
        all
    });
    ALL.get(sql).map_or(sql, String::as_str)
}

/// Returns a statement that takes the log's end, or goes by it, as one that does so by plain
/// sequences and waits for nobody.
#[cfg(feature = "conformance")]
pub(super) fn by_sequences(sql: &'static str) -> &'static str {
    const OWN_END: &str = "FROM (SELECT position, promised FROM log_ends \
         WHERE xmin = pg_current_xact_id()::XID) AS log_last";
    static ALL: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
        let all =
            [HISTORY_WRITE, RECENT_WRITE, ROWS_WRITE, HEADS_WRITE, PROMISED_WRITE, PROMISED_TRIM];
        let mut all: HashMap<_, _> =
            all.into_iter().map(|sql| (sql, sql.replace("FROM log_last", OWN_END))).collect();
        let end = "SELECT generation FROM log_end WHERE id = 1";
        all.insert(END_LOCK, end.to_owned());
        let take = "INSERT INTO log_ends (number, position, promised, batch) \
             SELECT last_of('batches', 1), last_of('positions', $1), last_of('promises', $2), $3 \
             RETURNING position, promised";
        all.insert(END_TAKE, take.to_owned());
        all
    });
    ALL.get(sql).map_or(sql, String::as_str)
}

/// numbers in their order, whether each is taken alone
pub(super) const NUMBERS_LOCK: &str = "SELECT COUNT(taken) FROM (SELECT CASE WHEN alone \
     THEN pg_advisory_xact_lock(number)::TEXT ELSE pg_advisory_xact_lock_shared(number)::TEXT END \
     AS taken FROM unnest($1::BIGINT[], $2::BOOLEAN[]) AS wanted (number, alone)) AS locks";
/// centers → center, version
pub(super) const DIRECTORIES_READ: &str =
    "SELECT center, version FROM directory_versions WHERE center = ANY($1)";
/// scopes, keys → scope, key, fingerprint, answer, expires
pub(super) const RECEIPTS_READ: &str = "SELECT r.scope, r.key, r.fingerprint, r.answer, r.expires \
     FROM unnest($1::TEXT[], $2::TEXT[]) AS wanted (scope, key) \
     JOIN receipts r ON r.scope = wanted.scope AND r.key = wanted.key";
/// subjects, kinds, numbers → subject, kind, number, due; locked.
pub(super) const TIMERS_LOCK: &str = "SELECT t.subject, t.kind, t.number, t.due \
     FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[]) AS wanted (subject, kind, number) \
     JOIN timers t ON t.subject = wanted.subject AND t.kind = wanted.kind \
     AND t.number = wanted.number ORDER BY t.subject, t.kind, t.number FOR NO KEY UPDATE OF t";
/// owners → owner, position, numbers; locked.
pub(super) const HEADS_LOCK: &str = "SELECT owner, position, numbers FROM heads WHERE owner = ANY($1) ORDER BY owner FOR NO KEY UPDATE";
/// owners
pub(super) const HEADS_MAKE: &str = "INSERT INTO heads (owner, position, numbers) \
     SELECT owner, 0, '[]' FROM unnest($1::TEXT[]) AS wanted (owner) ORDER BY owner \
     ON CONFLICT (owner) DO NOTHING";

/// lists, ids
pub(super) const LISTS_LEAVE: &str = "DELETE FROM interaction_lists l \
     USING unnest($1::TEXT[], $2::TEXT[]) AS left_ (list, id) \
     WHERE l.list = left_.list AND l.id = left_.id";
/// lists, ids
pub(super) const LISTS_ENTER: &str = "INSERT INTO interaction_lists (list, id) \
     SELECT * FROM unnest($1::TEXT[], $2::TEXT[]) ON CONFLICT (list, id) DO NOTHING";
/// centers, versions
pub(super) const DIRECTORIES_WRITE: &str = "INSERT INTO directory_versions (center, version) \
     SELECT * FROM unnest($1::TEXT[], $2::BIGINT[]) \
     ON CONFLICT (center) DO UPDATE SET version = excluded.version";
/// centers, kinds, ids, versions
pub(super) const CHANGES_NOTE: &str = "INSERT INTO directory_changes (center, kind, id, version) \
     SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[]) \
     ON CONFLICT (center, kind, id) DO UPDATE SET version = excluded.version";
/// subjects, kinds, numbers
pub(super) const TIMERS_REMOVE: &str = "DELETE FROM timers t \
     USING unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[]) AS gone (subject, kind, number) \
     WHERE t.subject = gone.subject AND t.kind = gone.kind AND t.number = gone.number";
/// subjects, kinds, numbers, due times
pub(super) const TIMERS_WRITE: &str = "INSERT INTO timers (subject, kind, number, due) \
     SELECT * FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[]) \
     ON CONFLICT (subject, kind, number) DO UPDATE SET due = excluded.due";
/// subjects, kinds, numbers, due times
pub(super) const TIMERS_PUT_OFF: &str = "INSERT INTO timers (subject, kind, number, due) \
     SELECT * FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[]) \
     ON CONFLICT (subject, kind, number) DO UPDATE SET due = GREATEST(timers.due, excluded.due)";
/// scopes, keys
pub(super) const RECEIPTS_FORGET: &str = "DELETE FROM receipts WHERE (scope, key) IN \
     (SELECT * FROM unnest($1::TEXT[], $2::TEXT[]))";
/// scopes, keys, fingerprints, answers, expiries
pub(super) const RECEIPTS_WRITE: &str = "INSERT INTO receipts \
     (scope, key, fingerprint, answer, expires) \
     SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::BIGINT[])";

/// Keeps everybody else from taking positions.
pub(super) const END_LOCK: &str = "SELECT generation FROM log_end WHERE id = 1 FOR NO KEY UPDATE";
/// how many positions, how many numbers of promised answers, the batch's name → the last of each
pub(super) const END_TAKE: &str = "INSERT INTO log_ends (number, position, promised, batch) \
     SELECT number + 1, position + $1, promised + $2, $3 FROM log_ends ORDER BY number DESC LIMIT 1 \
     RETURNING position, promised";
/// → the last position and the last number of a promised answer
pub(super) const END_READ: &str = "SELECT position, promised FROM log_last";
/// subjects; what the log still has stays, because the body of an event is in its history alone
pub(super) const HISTORY_FORGET: &str = "DELETE FROM history \
     WHERE subject = ANY($1) AND position <= (SELECT floor FROM log_end WHERE id = 1)";
/// how many positions; then places from 1 on among them, subjects, times, epochs, forms, bodies,
/// last entries
pub(super) const HISTORY_WRITE: &str = "INSERT INTO history \
     (subject, position, at, epoch, form, body, last_entry) \
     SELECT subject, log_last.position - $1 + place, at, epoch, form, body, last_entry FROM log_last, \
     unnest($2::BIGINT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[], $7::TEXT[], \
     $8::BIGINT[]) AS added (place, subject, at, epoch, form, body, last_entry)";
/// how many positions; then places, times, subjects, kinds, forms, snapshots, forms and bodies of
/// events, whom they are told
pub(super) const RECENT_WRITE: &str = "INSERT INTO recent \
     (position, at, subject, kind, form, snapshot, event_form, event, told) \
     SELECT log_last.position - $1 + place, at, subject, kind, form, snapshot, event_form, event, told \
     FROM log_last, unnest($2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[], \
     $7::TEXT[], $8::BIGINT[], $9::TEXT[], $10::TEXT[]) \
     AS added (place, at, subject, kind, form, snapshot, event_form, event, told)";
/// how many positions; then owners, places, ordinals, numbers, forms, bodies
pub(super) const ROWS_WRITE: &str = "INSERT INTO streams \
     (owner, position, ordinal, numbers, form, body) \
     SELECT owner, log_last.position - $1 + place, ordinal, numbers, form, body FROM log_last, \
     unnest($2::TEXT[], $3::BIGINT[], $4::BIGINT[], $5::TEXT[], $6::BIGINT[], $7::TEXT[]) \
     AS added (owner, place, ordinal, numbers, form, body)";
/// how many positions; then owners, places of their last rows, numbers
pub(super) const HEADS_WRITE: &str = "UPDATE heads \
     SET position = log_last.position - $1 + place, numbers = grown.numbers FROM log_last, \
     unnest($2::TEXT[], $3::BIGINT[], $4::TEXT[]) AS grown (owner, place, numbers) \
     WHERE heads.owner = grown.owner";
/// how many answers; then users, topics, ends, sizes, bodies, in the order of their numbers
pub(super) const PROMISED_WRITE: &str = "INSERT INTO promised_answers \
     (number, user_id, topic, until, bytes, body) \
     SELECT log_last.promised - $1 + place, user_id, topic, until, bytes, body FROM log_last, \
     unnest($2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[], $6::TEXT[]) WITH ORDINALITY \
     AS added (user_id, topic, until, bytes, body, place)";
/// user; how many answers, the place among them of the first that stays in any case; how many stay,
/// how many bytes
pub(super) const PROMISED_TRIM: &str = "DELETE FROM promised_answers WHERE number IN \
     (SELECT number FROM (SELECT number, ROW_NUMBER() OVER newest AS place, \
     SUM(bytes) OVER newest AS together FROM promised_answers WHERE user_id = $1 \
     WINDOW newest AS (ORDER BY number DESC)) AS kept \
     WHERE number < (SELECT promised FROM log_last) - $2::BIGINT + $3::BIGINT \
     AND (place > $4::BIGINT OR together > $5::BIGINT))";
/// Has a commit that writes nothing wait, where there is a synchronous standby, until that has all
/// that was committed before: a server that is started anew, or ends a connection, shows what it
/// committed though the standby may not have it.
pub(super) const STANDBY_AWAIT: &str = "SELECT pg_logical_emit_message(true, 'handoff', '')::TEXT \
     WHERE current_setting('synchronous_standby_names') <> ''";
/// id of a batch → its last position and number
pub(super) const BATCH_FIND: &str = "SELECT position, promised FROM log_ends WHERE batch = $1";

/// → the database's time, in milliseconds since 1970
pub(super) const CLOCK_READ: &str = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT";

/// → generation, position, floor
pub(super) const LOG_END_READ: &str = "SELECT generation, \
     (SELECT position FROM log_last), floor FROM log_end WHERE id = 1";
/// → when the last event was that is kept, and the highest id of an interaction, which begins with
/// when it was made.
pub(super) const LATEST_READ: &str = "SELECT (SELECT at FROM recent ORDER BY position DESC LIMIT 1), \
     (SELECT MAX(id) FROM interactions)";

/// Reads interactions of several lists, each only as far as the limit.
macro_rules! lists_read {
    ($beyond:literal, $order:literal) => {
        concat!(
            "WITH ids AS (SELECT DISTINCT l.id FROM unnest($1::TEXT[]) AS wanted (list) \
             CROSS JOIN LATERAL (SELECT l.id FROM interaction_lists l \
             JOIN interactions i ON i.id = l.id WHERE l.list = wanted.list AND l.id ", $beyond, " $2 \
             AND ($3::TEXT IS NULL OR i.center = $3) AND ($4::TEXT IS NULL OR i.media = $4) \
             AND ($5::TEXT IS NULL OR i.queue = $5) AND ($6::TEXT IS NULL OR i.owner = $6) \
             AND ($7::TEXT IS NULL OR i.external_id = $7) AND ($8::TEXT IS NULL OR i.contact = $8) \
             ORDER BY l.id", $order, " LIMIT $9) AS l ORDER BY l.id", $order, " LIMIT $9), \
             picked AS (SELECT i.id, COUNT(*) OVER () AS found, COALESCE(SUM(OCTET_LENGTH(i.body)) \
             OVER (ORDER BY i.id", $order, " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) \
             AS before FROM ids JOIN interactions i ON i.id = ids.id) \
             SELECT i.id, i.version, i.form, i.body, picked.found FROM picked \
             JOIN interactions i ON i.id = picked.id WHERE picked.before <= $10::BIGINT \
             ORDER BY i.id", $order
        )
    };
}

/// How reads of many bodies are bounded: `picked` are the keys in their order with the bytes of
/// what comes before each, and only those are read before which there are at most so many. The last
/// column says how many were picked.
macro_rules! bounded {
    ($keys:literal, $bytes:literal, $from:literal, $order:literal, $read:literal) => {
        concat!(
            "WITH picked AS (SELECT ",
            $keys,
            ", COUNT(*) OVER () AS found, \
             COALESCE(SUM(",
            $bytes,
            ") OVER (ORDER BY ",
            $order,
            " \
             RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP), 0) AS before \
             FROM (",
            $from,
            ") AS first) ",
            $read
        )
    };
}

/// position after, limit, bytes → as in SQLite, and how many were found.
pub(super) const LOG_READ: &str = bounded!(
    "position",
    "OCTET_LENGTH(COALESCE(event, '')) + OCTET_LENGTH(told)",
    "SELECT r.position, COALESCE(r.event, h.body) AS event, r.told FROM recent r \
     LEFT JOIN history h ON h.subject = r.subject AND h.position = r.position \
     WHERE r.position > $1 ORDER BY r.position LIMIT $2",
    "position",
    "SELECT r.position, r.subject, r.told, COALESCE(h.epoch, 0), r.at, \
     COALESCE(r.event_form, h.form), COALESCE(r.event, h.body), picked.found \
     FROM picked JOIN recent r ON r.position = picked.position \
     LEFT JOIN history h ON h.subject = r.subject AND h.position = r.position \
     WHERE picked.before <= $3::BIGINT ORDER BY r.position"
);
/// position after, limit, bytes → position, subject, told, and how many were found.
pub(super) const TOLD_READ: &str = bounded!(
    "position, subject, told",
    "OCTET_LENGTH(told)",
    "SELECT position, subject, told FROM recent WHERE position > $1 ORDER BY position LIMIT $2",
    "position",
    "SELECT position, subject, told, found FROM picked WHERE before <= $3::BIGINT ORDER BY position"
);
/// owner, position after, limit, bytes → as in SQLite, and how many were found. Rows of one
/// position stay together.
pub(super) const STREAM_READ: &str = bounded!(
    "owner, first.position, ordinal",
    "OCTET_LENGTH(first.body) + OCTET_LENGTH(COALESCE(snapshot, ''))",
    "SELECT s.owner, s.position, s.ordinal, s.body, r.snapshot \
     FROM streams s JOIN recent r ON r.position = s.position WHERE s.owner = $1 AND s.position > $2 \
     ORDER BY s.position FETCH FIRST $3 ROWS WITH TIES",
    "first.position",
    "SELECT s.position, s.numbers, s.form, s.body, r.at, COALESCE(r.event_form, h.form), \
     COALESCE(r.event, h.body), r.kind, r.form, r.snapshot, (SELECT COUNT(*) FROM (SELECT 1 FROM streams l WHERE l.owner = $1 \
     AND l.position > (SELECT MAX(position) FROM picked) LIMIT 1) AS later), picked.found \
     FROM picked JOIN streams s ON s.owner = picked.owner AND s.position = picked.position \
     AND s.ordinal = picked.ordinal JOIN recent r ON r.position = s.position \
     LEFT JOIN history h ON h.subject = r.subject AND h.position = r.position \
     WHERE picked.before <= $4::BIGINT ORDER BY s.position, s.ordinal"
);
/// owner → position, numbers
pub(super) const HEAD_READ: &str = "SELECT position, numbers FROM heads WHERE owner = $1";
/// owner, position and ordinal before, limit → position, numbers, ordinal; newest first
pub(super) const STREAM_BACK: &str = "SELECT position, numbers, ordinal FROM streams \
     WHERE owner = $1 AND (position, ordinal) < ($2, $3) ORDER BY position DESC, ordinal DESC LIMIT $4";
/// lists, id after, center, media, queue, owner, external id, contact, limit, bytes → id, version,
/// form, body, and how many were found. A filter that is null filters nothing.
pub(super) const LISTS_READ: &str = lists_read!(">", "");
/// The same from the newest on.
pub(super) const LISTS_READ_BACK: &str = lists_read!("<", " DESC");
/// user, number after, limit, bytes → number, topic, body, and how many were found
pub(super) const PROMISED_READ: &str = bounded!(
    "number, topic, body",
    "OCTET_LENGTH(body)",
    "SELECT number, topic, body FROM promised_answers WHERE user_id = $1 AND number > $2 \
     ORDER BY number LIMIT $3",
    "number",
    "SELECT number, topic, body, found FROM picked WHERE before <= $4::BIGINT ORDER BY number"
);
/// number after → users
pub(super) const PROMISED_USERS: &str =
    "SELECT DISTINCT user_id FROM promised_answers WHERE number > $1 ORDER BY user_id";
