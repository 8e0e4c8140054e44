//! Takes the words out of what the log says of an interaction, in a transaction of its own.

use deadpool_postgres::Client;
use handoff_domain::InteractionId;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Transaction};

use super::PostgresStore;
use crate::change_set::Receipt;
use crate::codec::newest;
use crate::erased::{Deed, ErasedWords};
use crate::error::StoreError;
use crate::postgres::alone::{LONG_MAX, TRIES_MAX, limit_of};
use crate::postgres::failure::{Verdict, failed, judge};
use crate::postgres::pipeline::call;
use crate::postgres::text::{clean, soiled};
use crate::postgres::until::Until;
use crate::sql::decode::{receipt_of, text_at};
use crate::sql::statements::{RECEIPTS_BEGINNING, beyond};
use crate::sql::{erase as text, log};

/// A row that cannot be read ends it, and nothing was written.
type Read<T> = Result<Result<T, StoreError>, Error>;

/// Goes on where the row could be read.
macro_rules! readable {
    ($read:expr) => {
        match $read {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        }
    };
}

impl PostgresStore {
    pub(super) async fn words_erased(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
        deed: Deed,
    ) -> Result<ErasedWords, StoreError> {
        const ATTEMPTED: &str = "taking the words out of the log";
        let (subject, after) = (interaction.stored(), after.cast_signed());
        let until = Until::after(LONG_MAX);
        let mut tries = 1;
        loop {
            let erase =
                async |client: &mut Client| once(client, &subject, after, limit, deed).await;
            match self.reads.work(ATTEMPTED, until, erase).await? {
                Ok(erased) => return erased,
                Err(error) if judge(&error) == Verdict::Again && tries < TRIES_MAX => tries += 1,
                Err(error) => return Err(failed(ATTEMPTED, error)),
            }
        }
    }

    pub(super) async fn receipts_found(
        &self,
        scope: &str,
        beginning: &str,
        limit: usize,
    ) -> Result<Vec<Receipt>, StoreError> {
        let end = beyond(beginning);
        let call =
            call!(RECEIPTS_BEGINNING, clean(scope), clean(beginning), clean(&end), limit_of(limit));
        let rows = self.reads.ask_one("looking for receipts", call).await?;
        let receipt = |row: &Row| {
            let key = soiled(text_at(row, 0, "receipts", scope)?);
            receipt_of(scope, &key, row, 1)
        };
        rows.iter().map(receipt).collect()
    }
}

async fn rows<T>(
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Read<Vec<T>> {
    let found = transaction.query(sql, parameters).await?;
    Ok(found.iter().map(read).collect())
}

async fn once(
    client: &mut Client,
    subject: &str,
    after: i64,
    limit: usize,
    deed: Deed,
) -> Read<ErasedWords> {
    // The tokio client's own, which the other ways to a connection have as well.
    let client: &mut tokio_postgres::Client = client;
    let transaction = client.transaction().await?;
    let one_more = limit_of(limit).saturating_add(1);
    let wanted: [&(dyn ToSql + Sync); 3] = [&subject, &after, &one_more];
    let read = |row: &Row| text::history_row(subject, row);
    let mut history = readable!(rows(&transaction, log::HISTORY_READ, &wanted, read).await?);
    let more = history.len() > limit;
    history.truncate(limit);
    if deed == Deed::Erase {
        for row in &history {
            let parameters: [&(dyn ToSql + Sync); 4] =
                [&newest::EVENT, &row.body, &subject, &row.position];
            transaction.execute(text::HISTORY_REWRITE, &parameters).await?;
        }
    }
    let positions: Vec<i64> = history.iter().map(|row| row.position).collect();
    let next = positions.last().filter(|_| more).map(|last| last.cast_unsigned());
    let mut erased = ErasedWords { next, ..ErasedWords::default() };
    for place in text::places(after, &positions, more) {
        let between: [&(dyn ToSql + Sync); 3] = [&subject, place.start(), place.end()];
        let found = rows(&transaction, text::RECENT_NEAR, &between, text::recent_row);
        for row in readable!(found.await?) {
            erased.log_entries += 1;
            erased.stream_rows += readable!(erase_rows(&transaction, &row, deed).await?);
            if deed == Deed::Erase {
                let parameters: [&(dyn ToSql + Sync); 5] =
                    [&row.form, &row.snapshot, &row.event_form, &row.event, &row.position];
                transaction.execute(text::RECENT_REWRITE, &parameters).await?;
            }
        }
    }
    transaction.commit().await?;
    Ok(Ok(erased))
}

async fn erase_rows(
    transaction: &Transaction<'_>,
    recent: &text::RecentRow,
    deed: Deed,
) -> Read<u64> {
    let mut count = 0;
    let mut told: Vec<&str> = recent.told.split_ascii_whitespace().collect();
    // One may be told twice of one event.
    told.sort_unstable();
    told.dedup();
    for owner in told {
        let at: [&(dyn ToSql + Sync); 2] = [&owner, &recent.position];
        let found = rows(transaction, text::ROWS_AT, &at, |row| text::stream_row(owner, row));
        for (ordinal, body) in readable!(found.await?) {
            count += 1;
            if let (Deed::Erase, Some(body)) = (deed, body) {
                let parameters: [&(dyn ToSql + Sync); 5] =
                    [&newest::NOTICE, &body, &owner, &recent.position, &ordinal];
                transaction.execute(text::ROW_REWRITE, &parameters).await?;
            }
        }
    }
    Ok(Ok(count))
}
