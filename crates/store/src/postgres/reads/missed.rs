//! What a reader of a stream missed.

use std::collections::BTreeMap;

use handoff_domain::{Owner, Topic};
use tokio_postgres::Transaction;

use super::Reads;
use super::log::{StreamPage, Taken, stream_call};
use crate::codec;
use crate::error::StoreError;
use crate::missed::{Missed, Search};
use crate::postgres::failure::failed;
use crate::postgres::pipeline::{Call, call};
use crate::postgres::statements as text;
use crate::query::{Head, Page};
use crate::sql::decode::{integer_at, text_at};
use crate::sql::keys::owner_text;

const ATTEMPTED: &str = "reading what was missed";
/// Rows of a stream that are looked through at once.
const BACK_PAGE: i64 = 256;

impl Reads {
    pub(in crate::postgres) async fn missed(
        &self,
        owner: Owner,
        after: &BTreeMap<Topic, u64>,
        limit: usize,
    ) -> Result<Missed, StoreError> {
        let owner = owner_text(owner);
        let calls = [call!(text::HEAD_READ, &owner), call!(text::END_READ)];
        let found = self.ask(ATTEMPTED, &calls).await?;
        let head = self.head_of(&owner, &found[0])?;
        let search = Search::new(&head, after);
        if search.is_over() {
            // Most come back without having missed anything.
            let promised = promised_of(&found[1])?;
            let rows = Page { items: Vec::new(), more: false };
            return Ok(Missed { head, oldest: search.oldest, rows, promised });
        }
        let mut client = self.client(ATTEMPTED).await?;
        let begun = client
            .build_transaction()
            .read_only(true)
            .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
            .start();
        // Whoever stops waiting drops it, and that rolls it back.
        let transaction = begun.await.map_err(|error| failed(ATTEMPTED, error))?;
        self.missed_in(&transaction, &owner, after, limit).await
    }

    async fn missed_in(
        &self,
        transaction: &Transaction<'_>,
        owner: &str,
        after: &BTreeMap<Topic, u64>,
        limit: usize,
    ) -> Result<Missed, StoreError> {
        let head = self.head_of(owner, &rows(transaction, call!(text::HEAD_READ, owner)).await?)?;
        let Search { oldest, first, .. } = search(transaction, owner, &head, after).await?;
        let mut page = StreamPage::new(owner, limit);
        let mut more = false;
        if let Some(first) = first {
            let found = rows(transaction, stream_call(owner, first - 1, limit)).await?;
            more = !matches!(page.take(self, &found)?, Taken::All);
        }
        let promised = promised_of(&rows(transaction, call!(text::END_READ)).await?)?;
        Ok(Missed { head, oldest, rows: page.end(more), promised })
    }
}

fn promised_of(rows: &[tokio_postgres::Row]) -> Result<u64, StoreError> {
    rows.first().map_or(Ok(0), |row| Ok(integer_at(row, 1, "log_end", "1")?.cast_unsigned()))
}

async fn rows(
    transaction: &Transaction<'_>,
    call: Call<'_>,
) -> Result<Vec<tokio_postgres::Row>, StoreError> {
    let parameters: Vec<_> = call.parameters.iter().map(|it| &**it as _).collect();
    let rows = transaction.query(call.sql, &parameters).await;
    rows.map_err(|error| failed(ATTEMPTED, error))
}

async fn search(
    transaction: &Transaction<'_>,
    owner: &str,
    head: &Head,
    after: &BTreeMap<Topic, u64>,
) -> Result<Search, StoreError> {
    let mut search = Search::new(head, after);
    let mut before = (i64::MAX, i64::MAX);
    while !search.is_over() {
        let call = call!(text::STREAM_BACK, owner, before.0, before.1, BACK_PAGE);
        let found = rows(transaction, call).await?;
        for row in &found {
            let number = |column| integer_at(row, column, "streams", owner);
            before = (number(0)?, number(2)?);
            // Numbers that cannot be read are as good as gone; the reading of the stream notes it.
            let read = text_at(row, 1, "streams", owner).map(codec::decode_numbers);
            if let Ok(Ok(numbers)) = read
                && !search.is_over()
            {
                search.see(before.0.cast_unsigned(), &numbers);
            }
        }
        if found.is_empty() {
            break;
        }
    }
    Ok(search)
}
