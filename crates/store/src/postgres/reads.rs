//! The reads. Each is answered in one round trip, and of one moment.

pub(super) mod directories;
pub(super) mod log;
mod missed;
pub(super) mod promised;

use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use handoff_domain::{CenterId, Interaction, Time, UserId};
use tokio_postgres::Row;

use crate::aside::Aside;
use crate::change_set::{Receipt, Timer};
use crate::contact_words::{FoundWord, WordQuery};
use crate::error::StoreError;
use crate::postgres::failure::{Verdict, failed, judge};
use crate::postgres::pipeline::{Call, Prepared, call, together};
use crate::postgres::statements::{self as text, table};
use crate::postgres::text::clean;
use crate::postgres::until::Until;
use crate::query::{InteractionQuery, PAGE_BYTES_MAX, PLACES, Page};
use crate::record::{Key, Kind, LoginSession, Record, Version, Versioned};
use crate::sql::decode::{self, integer_at, text_at};
use crate::sql::lists::{WordsRead, center_of, lists_read};
use crate::sql::statements as shared;

const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How long the database may take for what is asked of it, with the connection for it, before it
/// counts as away: a page is read in milliseconds, and a node that is cut off must say so within
/// five seconds.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(4);
/// How many connections of the pool may be found to have ended while nobody used them, as when the
/// server or the way to it was gone: those that are known to have ended are left out, and few are
/// not known.
const ENDED_MAX: u32 = 3;

/// Asks several things over a connection.
async fn asked(
    client: &Client,
    calls: &[Call<'_>],
) -> Result<Vec<Vec<Row>>, tokio_postgres::Error> {
    let mut prepared = Prepared::default();
    for call in calls {
        prepared.insert(call.sql, client.prepare_cached(call.sql).await?);
    }
    let (begin, end) =
        if calls.len() > 1 { (Some(SNAPSHOT), Some("COMMIT")) } else { (None, None) };
    together(client, &prepared, begin, calls, end).await
}

/// The connections of the pool that were found to have ended while nobody used them.
#[derive(Debug, Default)]
pub(super) struct Ended(u32);

impl Ended {
    /// Tells whether an error is that of such a connection, so that what was asked over it, and may
    /// be asked twice, is asked over another one.
    pub(super) fn is_why(&mut self, error: &tokio_postgres::Error) -> bool {
        self.0 += 1;
        self.0 <= ENDED_MAX && judge(error) == Verdict::Lost
    }
}

/// Where reads are made, and what could not be read.
#[derive(Debug)]
pub(super) struct Reads {
    pub(super) pool: Pool,
    pub(super) aside: Aside,
}

impl Reads {
    /// Returns a connection of the pool.
    pub(super) async fn client(&self, attempted: &'static str) -> Result<Client, StoreError> {
        self.client_until(attempted, Until::after(ANSWER_MAX)).await
    }

    async fn client_until(
        &self,
        attempted: &'static str,
        until: Until,
    ) -> Result<Client, StoreError> {
        let client = until.wait(self.pool.get()).await.map_err(|it| failed(attempted, it))?;
        client.map_err(|error| failed(attempted, error))
    }

    /// Does something over a connection that has to be over by then. What was begun and not
    /// answered may have taken effect.
    pub(super) async fn work<T>(
        &self,
        attempted: &'static str,
        until: Until,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<Result<T, tokio_postgres::Error>, StoreError> {
        let mut client = self.client_until(attempted, until).await?;
        let done = until.wait(work(&mut client)).await;
        done.map_err(|silent| {
            // What was asked may still be answered over it.
            drop(deadpool_postgres::Object::take(client));
            failed(attempted, silent)
        })
    }

    /// Asks several things at once; all answers are of one moment.
    pub(super) async fn ask(
        &self,
        attempted: &'static str,
        calls: &[Call<'_>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let (until, mut ended) = (Until::after(ANSWER_MAX), Ended::default());
        loop {
            match self.work(attempted, until, async |client| asked(client, calls).await).await? {
                Err(error) if ended.is_why(&error) => {}
                done => return done.map_err(|error| failed(attempted, error)),
            }
        }
    }

    /// Returns the time by the database's clock.
    pub(super) async fn clock(&self) -> Result<Time, StoreError> {
        let rows = self.ask_one("reading the database's clock", call!(text::CLOCK_READ)).await?;
        let row = rows.first().ok_or_else(|| decode::senseless("clock", "1", "no time"))?;
        Ok(Time(integer_at(row, 0, "clock", "1")?))
    }

    pub(super) async fn ask_one(
        &self,
        attempted: &'static str,
        call: Call<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.ask(attempted, &[call]).await?.pop().unwrap_or_default())
    }

    /// Goes on without a row that makes no sense, which is written down; `None` for it.
    pub(super) fn or_aside<T>(
        &self,
        row: impl FnOnce() -> String,
        read: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(why) if why.is_unreadable() => {
                self.aside.note(&row(), &why);
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn load(
        &self,
        keys: &[Key],
    ) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
        let rows = self.of_keys("loading records", keys, |kind| &table(kind).load).await?;
        let read = |(key, row): (&Key, Option<Row>)| {
            let id = key.id_text();
            let read = row.map(|row| decode::record_of(key.kind(), &id, &row, 1)).transpose();
            if let Err(why) = &read {
                self.aside.note(&format!("{} {id}", key.kind().table()), why);
            }
            read
        };
        keys.iter().zip(rows).map(read).collect()
    }

    pub(super) async fn versions(&self, keys: &[Key]) -> Result<Vec<Version>, StoreError> {
        let rows = self.of_keys("reading versions", keys, |kind| &table(kind).versions).await?;
        let version = |row: Option<Row>| row.map_or(0, |row| row.get::<_, i64>(1).cast_unsigned());
        Ok(rows.into_iter().map(version).collect())
    }

    /// Reads a row for each key, in their order.
    async fn of_keys(
        &self,
        attempted: &'static str,
        keys: &[Key],
        sql: impl Fn(Kind) -> &'static str,
    ) -> Result<Vec<Option<Row>>, StoreError> {
        let mut kinds: Vec<Kind> = keys.iter().map(Key::kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let ids: Vec<String> = keys.iter().map(|key| clean(&key.id_text()).into_owned()).collect();
        let of_kind = |kind: &Kind| {
            let those = keys.iter().zip(&ids).filter(|(key, _)| key.kind() == *kind);
            call!(sql(*kind), those.map(|(_, id)| id.as_str()).collect::<Vec<_>>())
        };
        let calls: Vec<_> = kinds.iter().map(of_kind).collect();
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.ask(attempted, &calls).await?;
        let found: std::collections::HashMap<(Kind, String), Row> = kinds
            .iter()
            .zip(found)
            .flat_map(|(kind, rows)| rows.into_iter().map(|row| ((*kind, row.get(0)), row)))
            .collect();
        let row = |(key, id): (&Key, String)| found.get(&(key.kind(), id)).cloned();
        Ok(keys.iter().zip(ids.iter().cloned()).map(row).collect())
    }

    pub(super) async fn list(
        &self,
        kind: Kind,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Page<Versioned<Record>>, StoreError> {
        let mut after = match after {
            Some(key) if key.kind() > kind => return Ok(Page { items: Vec::new(), more: false }),
            Some(key) if key.kind() == kind => clean(&key.id_text()).into_owned(),
            // Every key of an earlier kind comes before the first of this one, whose text is not
            // empty.
            _ => String::new(),
        };
        let mut items = Vec::new();
        loop {
            let call = call!(&table(kind).list, after.clone(), one_more(limit));
            let rows = self.ask_one("listing records", call).await?;
            let seen = rows.len();
            for row in rows {
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                let id = text_at(&row, 0, kind.table(), "id")?;
                let read = decode::record_of(kind, id, &row, 1);
                items.extend(self.or_aside(|| format!("{} {id}", kind.table()), read)?);
                after = id.to_owned();
            }
            // Where some were set aside, there may be more behind the last.
            if seen <= limit {
                return Ok(Page { items, more: false });
            }
        }
    }

    pub(super) async fn logins_of(
        &self,
        user: UserId,
        limit: usize,
    ) -> Result<Vec<LoginSession>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let call = call!(shared::LOGINS_OF, user.stored(), limit);
        let mut items = Vec::new();
        for row in self.ask_one("reading a user's login sessions", call).await? {
            let id = text_at(&row, 0, "login_sessions", "id")?;
            let read = decode::record_of(Kind::LoginSession, id, &row, 1);
            let read = self.or_aside(|| format!("login_sessions {id}"), read)?;
            if let Some(Versioned { value: Record::LoginSession(session), .. }) = read {
                items.push(session);
            }
        }
        Ok(items)
    }

    pub(super) async fn interactions(
        &self,
        query: &InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        let mut after = query.after.map(|id| id.to_string());
        loop {
            let rows = self.query(query, after.as_deref()).await?;
            let found = rows.first().map_or(0, found_of);
            let (mut items, mut bytes) = (Vec::new(), 0_usize);
            let mut more = found > rows.len().min(query.limit);
            for row in rows.iter().take(query.limit) {
                if bytes >= PAGE_BYTES_MAX {
                    more = true;
                    break;
                }
                let id = text_at(row, 0, "interactions", "id")?;
                let read = decode::record_of(Kind::Interaction, id, row, 1);
                let read = if query.strict {
                    Some(read?)
                } else {
                    self.or_aside(|| format!("interactions {id}"), read)?
                };
                if let Some(Versioned { value: Record::Interaction(value), version }) = read {
                    bytes += value.weight();
                    items.push(Versioned { value, version });
                }
                after = Some(id.to_owned());
            }
            // The last is where whoever reads on goes on, so a page must not be empty while there
            // are more.
            if !items.is_empty() || !more {
                return Ok(Page { items, more });
            }
        }
    }

    async fn query(
        &self,
        query: &InteractionQuery,
        after: Option<&str>,
    ) -> Result<Vec<Row>, StoreError> {
        let (sql, end) = match query.scope.is_newest_first() {
            // It comes after the text of every interaction's id, whose last character is `z`.
            true => (text::LISTS_READ_BACK, "~"),
            false => (text::LISTS_READ, ""),
        };
        let lists = lists_read(query);
        let call = call!(
            sql,
            lists.iter().map(|list| clean(list)).collect::<Vec<_>>(),
            after.unwrap_or(end),
            center_of(&query.scope).map(|center| center.to_string()),
            query.media.as_ref().map(|media| clean(media.name())),
            query.queue.map(|queue| queue.to_string()),
            query.owner.map(UserId::stored),
            query.external_id.as_deref().map(clean),
            query.contact.as_deref().map(clean),
            one_more(query.limit),
            BYTES,
        );
        self.ask_one("querying interactions", call).await
    }

    pub(super) async fn contact_words(
        &self,
        query: &WordQuery,
    ) -> Result<Page<FoundWord>, StoreError> {
        let read = WordsRead::of(query);
        let ((list, id), limit) = (&read.after, one_more(query.limit));
        let call = call!(shared::WORDS_READ, clean(list), id, clean(&read.end), limit);
        let rows = self.ask_one("looking for contacts", call).await?;
        let found = |row: &Row| {
            let list = text_at(row, 0, "interaction_lists", "list")?;
            let found = read.found(list, text_at(row, 1, "interaction_lists", list)?);
            let no_contact = || decode::senseless("interaction_lists", list, "no such contact");
            found.ok_or_else(no_contact)
        };
        let items = rows.iter().take(query.limit).map(found).collect::<Result<_, _>>()?;
        Ok(Page { items, more: rows.len() > query.limit })
    }

    pub(super) async fn census(
        &self,
        center: CenterId,
    ) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let call = call!(shared::CENSUS, center.to_string());
        let mut counts = PLACES.map(|place| (place, 0));
        for row in self.ask_one("counting interactions", call).await? {
            let place = text_at(&row, 0, "interactions", "place")?;
            let slot = counts.iter_mut().find(|(name, _)| *name == place);
            let (_, count) =
                slot.ok_or_else(|| decode::senseless("interactions", place, "no such place"))?;
            *count = integer_at(&row, 1, "interactions", "place")?.cast_unsigned();
        }
        Ok(counts.to_vec())
    }

    pub(super) async fn timers(
        &self,
        now: Time,
        limit: usize,
    ) -> Result<(Vec<Timer>, Option<Time>), StoreError> {
        let call = call!(shared::TIMERS_FIRST, one_more(limit));
        let rows = self.ask_one("reading timers", call).await?;
        let (mut due_now, mut last) = (Vec::new(), now);
        for row in &rows {
            let subject = text_at(row, 0, "timers", "subject")?;
            let due = Time(integer_at(row, 3, "timers", subject)?);
            if due > now || due_now.len() == limit {
                return Ok((due_now, Some(due)));
            }
            let timer = decode::timer_of(subject, row);
            due_now.extend(self.or_aside(|| format!("timers {subject}"), timer)?);
            last = due;
        }
        // Where some were set aside, there may be more behind the last.
        Ok((due_now, (rows.len() > limit).then_some(last)))
    }

    pub(super) async fn receipts(
        &self,
        wanted: &[(String, String)],
    ) -> Result<Vec<Option<Receipt>>, StoreError> {
        let (scopes, keys): (Vec<_>, Vec<_>) =
            wanted.iter().map(|(scope, key)| (clean(scope), clean(key))).unzip();
        let call = call!(text::RECEIPTS_READ, scopes.clone(), keys.clone());
        let rows = self.ask_one("reading receipts", call).await?;
        if !rows.is_empty() {
            // What they answer for is acknowledged by it.
            self.ask_one("waiting for a standby", call!(text::STANDBY_AWAIT)).await?;
        }
        let found = |place: usize| {
            let is_it = |row: &&Row| {
                row.get::<_, &str>(0) == scopes[place] && row.get::<_, &str>(1) == keys[place]
            };
            let (scope, key) = &wanted[place];
            rows.iter().find(is_it).map(|row| decode::receipt_of(scope, key, row, 2)).transpose()
        };
        (0..wanted.len()).map(found).collect()
    }
}

/// Most bytes before the last row of what is read at once. A page ends before it once it is so
/// large, by weights that are about these.
const BYTES: i64 = 2 * PAGE_BYTES_MAX.cast_signed() as i64;

/// One row more than asked for tells whether there are more.
fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1
}

/// Returns how many rows there were before what is read at once was bounded: the last column.
fn found_of(row: &Row) -> usize {
    row.try_get::<_, i64>(row.len() - 1).map_or(0, |found| usize::try_from(found).unwrap_or(0))
}

/// Positions are counted from 1 by this program and never come near the bound.
fn position_of(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}
