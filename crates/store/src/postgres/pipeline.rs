//! Statements that are sent together and answered in one round trip.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

/// A value that is bound to a statement.
pub(super) type Parameter<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// A statement with what is bound to it.
pub(super) struct Call<'a> {
    pub(super) sql: &'static str,
    pub(super) parameters: Vec<Parameter<'a>>,
}

/// Makes a [`Call`].
macro_rules! call {
    ($sql:expr $(, $parameter:expr)* $(,)?) => {
        $crate::postgres::pipeline::Call { sql: $sql, parameters: vec![$(Box::new($parameter)),*] }
    };
}
pub(super) use call;

/// Statements that were prepared on a connection.
#[derive(Debug, Default)]
pub(super) struct Prepared(HashMap<&'static str, Statement>);

impl Prepared {
    pub(super) fn insert(&mut self, sql: &'static str, statement: Statement) {
        self.0.insert(sql, statement);
    }

    /// Prepares what is not yet, each in a round trip of its own.
    pub(super) async fn all_of(
        &mut self,
        client: &Client,
        calls: &[Call<'_>],
    ) -> Result<(), Error> {
        for call in calls {
            if !self.0.contains_key(call.sql) {
                self.0.insert(call.sql, client.prepare(call.sql).await?);
            }
        }
        Ok(())
    }
}

/// Sends `begin`, the calls and `end` in that order without waiting in between; returns the rows of
/// each call. Their statements must be prepared. Once it was polled everything was sent: whoever
/// stops waiting leaves no transaction open that `end` would end.
///
/// # Errors
///
/// The first one. Everything after it failed as well, and an `end` that commits has rolled back.
pub(super) async fn together(
    client: &Client,
    prepared: &Prepared,
    begin: Option<&str>,
    calls: &[Call<'_>],
    end: Option<&str>,
) -> Result<Vec<Vec<Row>>, Error> {
    type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + Send + 'a>>;
    let bare = |text| -> Answer<'_> {
        Box::pin(async move { client.batch_execute(text).await.map(|()| Vec::new()) })
    };
    let mut answers: Vec<Answer<'_>> = Vec::with_capacity(calls.len() + 2);
    answers.extend(begin.map(bare));
    for call in calls {
        let statement = &prepared.0[call.sql];
        let parameters: Vec<&(dyn ToSql + Sync)> =
            call.parameters.iter().map(|it| &**it as &(dyn ToSql + Sync)).collect();
        answers.push(Box::pin(async move { client.query(statement, &parameters).await }));
    }
    answers.extend(end.map(bare));
    let rows = in_order(answers).await?;
    Ok(rows.into_iter().skip(usize::from(begin.is_some())).take(calls.len()).collect())
}

/// Begins all in their order, then waits for each.
async fn in_order<T, F: Future<Output = Result<T, Error>> + Unpin>(
    mut waiting: Vec<F>,
) -> Result<Vec<T>, Error> {
    let mut begun = Vec::with_capacity(waiting.len());
    poll_fn(|context| {
        for future in &mut waiting {
            begun.push(match Pin::new(future).poll(context) {
                Poll::Ready(done) => Some(done),
                Poll::Pending => None,
            });
        }
        Poll::Ready(())
    })
    .await;
    let (mut all, mut first) = (Vec::with_capacity(waiting.len()), None);
    for (future, done) in waiting.into_iter().zip(begun) {
        let done = match done {
            Some(done) => done,
            None => future.await,
        };
        match done {
            Ok(done) => all.push(done),
            Err(error) => first = first.or(Some(error)),
        }
    }
    first.map_or(Ok(all), Err)
}
