//! A PostgreSQL schema as a copy needs it: read and written table by table, beside everything else
//! that a store does.

use async_trait::async_trait;
use deadpool_postgres::{Client, Transaction};
use tokio::sync::Mutex;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

use super::failure::failed;
use super::heads::numbers_of;
use super::reads::log::end_of;
use super::statements as text;
use super::text::{clean, soiled};
use super::{PostgresOptions, PostgresStore};
use crate::codec;
use crate::copy::{
    Bulk, Cell, Cells, Column, Ends, Holds, Seen, StreamHead, Table, UNFINISHED, refused,
};
use crate::error::StoreError;
use crate::sql::decode::{integer_at, senseless, text_at};

const READING: &str = "reading what is copied";
const WRITING: &str = "writing what is copied";

const LIVING: &str = "SELECT EXISTS (SELECT 1 FROM leases WHERE until > clock_timestamp())";
const HEADS_ALL: &str = "SELECT owner, position, numbers FROM heads ORDER BY owner";
const UNFINISHED_IS: &str = "SELECT to_regclass($1) IS NOT NULL";
/// The lock of whoever copies into a schema, for as long as their connection lasts.
const TAKE: &str = "SELECT pg_try_advisory_lock(hashtextextended(current_schema(), 7273117))";
/// owners, positions, numbers
const HEADS_WRITE: &str = "INSERT INTO heads (owner, position, numbers) \
     SELECT * FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[])";
/// generation, floor
const END_WRITE: &str = "UPDATE log_end SET generation = $1, floor = $2 WHERE id = 1";
/// position, number of a promised answer
const ENDS_WRITE: &str =
    "INSERT INTO log_ends (number, position, promised, batch) VALUES (0, $1, $2, '')";

/// A PostgreSQL schema that is copied from or into.
#[derive(Debug)]
pub struct PostgresBulk {
    name: String,
    store: PostgresStore,
    /// The connection that took the schema and alone writes to it, once there is one: whoever loses
    /// it can write no more.
    taken: Mutex<Option<Client>>,
}

type Parameter = Box<dyn ToSql + Sync + Send>;

impl PostgresBulk {
    /// Connects to a database, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// Those of [`PostgresStore::open`].
    pub async fn open(options: PostgresOptions) -> Result<Self, StoreError> {
        let store = PostgresStore::open_unfinished(options).await?;
        Ok(Self { name: format!("postgres://{}", store.name()), store, taken: Mutex::default() })
    }

    async fn query(&self, sql: &str, parameters: &[Parameter]) -> Result<Vec<Row>, StoreError> {
        let client = self.store.reads.client(READING).await?;
        let ask = async || {
            client.query(&client.prepare_cached(sql).await?, &references(parameters)).await
        };
        ask().await.map_err(|error| failed(READING, error))
    }

    /// Carries out work in one transaction.
    async fn together(
        &self,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        let mut taken = self.taken.lock().await;
        let client = taken.as_mut().ok_or_else(|| writing("nobody took it to write to"))?;
        let transaction = client.transaction().await.map_err(writing)?;
        work(&transaction).await?;
        transaction.commit().await.map_err(writing)
    }
}

/// Makes the error of something that was not written.
fn writing(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    failed(WRITING, error)
}

/// Expects that what is written to is no whole store, and keeps it from becoming one until the
/// transaction ends.
async fn expect_unfinished(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let read = async {
        let is_there: bool = transaction.query_one(UNFINISHED_IS, &[&UNFINISHED]).await?.get(0);
        if !is_there {
            return Ok(false);
        }
        let keep = format!("SELECT source FROM {UNFINISHED} FOR SHARE");
        Ok(transaction.query_opt(&keep, &[]).await?.is_some())
    };
    match read.await.map_err(|error: Error| writing(error))? {
        true => Ok(()),
        false => Err(writing("it is no unfinished copy any more: another copy made it whole")),
    }
}

/// Returns a value as it is bound.
fn bound(cell: &Cell, holds: Holds) -> Parameter {
    match (cell, holds) {
        (Cell::Integer(number), _) => Box::new(*number),
        (Cell::Text(text), _) => Box::new(clean(text).into_owned()),
        (Cell::Nothing, Holds::Integers) => Box::new(None::<i64>),
        (Cell::Nothing, Holds::Text) => Box::new(None::<String>),
    }
}

/// Returns a column of many rows as it is bound.
fn array(rows: &[Cells], place: usize, holds: Holds) -> Parameter {
    let cells = rows.iter().map(|row| &row[place]);
    match holds {
        Holds::Integers => Box::new(cells.map(number).collect::<Vec<_>>()),
        Holds::Text => Box::new(cells.map(word).collect::<Vec<_>>()),
    }
}

const fn number(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Integer(number) => Some(*number),
        Cell::Text(_) | Cell::Nothing => None,
    }
}

fn word(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(clean(text).into_owned()),
        Cell::Integer(_) | Cell::Nothing => None,
    }
}

fn cell(row: &Row, place: usize) -> Result<Cell, Error> {
    Ok(match *row.columns()[place].type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(place)?.map_or(Cell::Nothing, Cell::Integer),
        _ => row
            .try_get::<_, Option<&str>>(place)?
            .map_or(Cell::Nothing, |text| Cell::Text(soiled(text).into_owned())),
    })
}

fn cells(row: &Row, places: std::ops::Range<usize>) -> Result<Cells, StoreError> {
    let all: Result<Cells, Error> = places.map(|place| cell(row, place)).collect();
    all.map_err(|error| failed(READING, error))
}

fn names<'a>(columns: impl IntoIterator<Item = &'a Column>, of: &str) -> String {
    columns.into_iter().map(|it| format!("{of}{}", it.name)).collect::<Vec<_>>().join(", ")
}

/// Returns arrays of columns from the first parameter on.
fn arrays<'a>(columns: impl IntoIterator<Item = &'a Column>) -> String {
    let array = |(column, n): (&Column, i32)| match column.holds {
        Holds::Text => format!("${n}::TEXT[]"),
        Holds::Integers => format!("${n}::BIGINT[]"),
    };
    columns.into_iter().zip(1..).map(array).collect::<Vec<_>>().join(", ")
}

/// Returns the condition that a row `t` has the key that is `wanted`.
fn has_key(table: &Table) -> String {
    let each = table.key.iter().map(|column| format!("t.{0} = wanted.{0}", column.name));
    each.collect::<Vec<_>>().join(" AND ")
}

fn seen_sql(table: &Table, has_after: bool) -> String {
    let (key, count) = (names(&table.key, ""), table.key.len());
    let shown = names(table.key.iter().chain(&table.state), "");
    let bytes = table.body.map_or("0".to_owned(), |body| format!("OCTET_LENGTH({body})"));
    let holes: Vec<String> = (1..=count).map(|n| format!("${n}")).collect();
    let (after, limit) = match has_after {
        true => (format!("WHERE ({key}) > ({})", holes.join(", ")), count + 1),
        false => (String::new(), 1),
    };
    let name = table.name;
    format!("SELECT {shown}, {bytes}::BIGINT FROM {name} {after} ORDER BY {key} LIMIT ${limit}")
}

fn rows_sql(table: &Table) -> String {
    let (shown, wanted) = (names(table.columns(), "t."), names(&table.key, ""));
    let (name, arrays) = (table.name, arrays(&table.key));
    format!(
        "SELECT {shown} FROM unnest({arrays}) WITH ORDINALITY AS wanted ({wanted}, place) \
         JOIN {name} t ON {} ORDER BY wanted.place",
        has_key(table)
    )
}

fn put_sql(table: &Table) -> String {
    let written: Vec<_> =
        table.rest.iter().map(|it| format!("{0} = excluded.{0}", it.name)).collect();
    let conflict = match written.is_empty() {
        true => "NOTHING".to_owned(),
        false => format!("UPDATE SET {}", written.join(", ")),
    };
    let (columns, arrays) = (names(table.columns(), ""), arrays(table.columns()));
    let (name, key) = (table.name, names(&table.key, ""));
    format!(
        "INSERT INTO {name} ({columns}) SELECT * FROM unnest({arrays}) \
         ON CONFLICT ({key}) DO {conflict}"
    )
}

fn remove_sql(table: &Table) -> String {
    let (name, arrays, wanted) = (table.name, arrays(&table.key), names(&table.key, ""));
    let has_key = has_key(table);
    format!("DELETE FROM {name} t USING unnest({arrays}) AS wanted ({wanted}) WHERE {has_key}")
}

fn columns_of<'a>(rows: &[Cells], columns: impl IntoIterator<Item = &'a Column>) -> Vec<Parameter> {
    let place = |(place, column): (usize, &Column)| array(rows, place, column.holds);
    columns.into_iter().enumerate().map(place).collect()
}

fn references(parameters: &[Parameter]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|it| &**it as &(dyn ToSql + Sync)).collect()
}

/// Reads the source of a copy that is not finished; `None` when it is none.
async fn unfinished(client: &Client) -> Result<Option<String>, Error> {
    let is_there: bool = client.query_one(UNFINISHED_IS, &[&UNFINISHED]).await?.get(0);
    if !is_there {
        return Ok(None);
    }
    let source = client.query_opt(&format!("SELECT source FROM {UNFINISHED}"), &[]).await?;
    Ok(Some(source.map(|row| row.get(0)).unwrap_or_default()))
}

impl PostgresStore {
    async fn unfinished(&self, attempted: &'static str) -> Result<Option<String>, StoreError> {
        let client = self.reads.client(attempted).await?;
        unfinished(&client).await.map_err(|error| failed(attempted, error))
    }

    /// Refuses a schema that is a copy which is not finished.
    pub(super) async fn refuse_unfinished(&self) -> Result<(), StoreError> {
        match self.unfinished("connecting to the database").await? {
            Some(source) => Err(refused(&source)),
            None => Ok(()),
        }
    }
}

async fn write(
    transaction: &Transaction<'_>,
    table: &Table,
    rows: &[Cells],
    gone: &[Cells],
) -> Result<(), Error> {
    if !gone.is_empty() {
        let parameters = columns_of(gone, &table.key);
        transaction.execute(&remove_sql(table), &references(&parameters)).await?;
    }
    if !rows.is_empty() {
        let parameters = columns_of(rows, table.columns());
        transaction.execute(&put_sql(table), &references(&parameters)).await?;
    }
    Ok(())
}

async fn finish(
    transaction: &Transaction<'_>,
    ends: Ends,
    heads: &[StreamHead],
) -> Result<(), Error> {
    let text = |head: &StreamHead| codec::encode::<_, String>("a head", &head.numbers);
    let texts: Vec<String> = heads.iter().map(|it| text(it).unwrap_or_default()).collect();
    let owners: Vec<&str> = heads.iter().map(|head| head.owner.as_str()).collect();
    let positions: Vec<i64> = heads.iter().map(|head| head.position.cast_signed()).collect();
    for table in ["heads", "streams", "recent", "promised_answers", "log_ends"] {
        transaction.execute(&format!("DELETE FROM {table}"), &[]).await?;
    }
    transaction.execute(HEADS_WRITE, &[&owners, &positions, &texts]).await?;
    let (position, floor) = (ends.log.position.cast_signed(), ends.log.floor.cast_signed());
    transaction.execute(ENDS_WRITE, &[&position, &ends.promised.cast_signed()]).await?;
    transaction.execute(END_WRITE, &[&ends.log.generation.cast_signed(), &floor]).await?;
    transaction.execute(&format!("DROP TABLE {UNFINISHED}"), &[]).await.map(|_| ())
}

#[async_trait]
impl Bulk for PostgresBulk {
    fn name(&self) -> &str {
        &self.name
    }

    async fn take(&self) -> Result<bool, StoreError> {
        let mut taken = self.taken.lock().await;
        if taken.is_none() {
            let client = self.store.reads.client(WRITING).await?;
            if client.query_one(TAKE, &[]).await.map_err(writing)?.get(0) {
                *taken = Some(client);
            }
        }
        Ok(taken.is_some())
    }

    async fn is_served(&self) -> Result<bool, StoreError> {
        Ok(self.query(LIVING, &[]).await?.first().is_some_and(|row| row.get(0)))
    }

    async fn seen(
        &self,
        table: &'static Table,
        after: &[Cell],
        limit: usize,
    ) -> Result<Vec<Seen>, StoreError> {
        let mut parameters: Vec<Parameter> =
            after.iter().zip(&table.key).map(|(cell, column)| bound(cell, column.holds)).collect();
        parameters.push(Box::new(i64::try_from(limit).unwrap_or(i64::MAX)));
        let rows = self.query(&seen_sql(table, !after.is_empty()), &parameters).await?;
        let (key, all) = (table.key.len(), table.key.len() + table.state.len());
        let seen = |row: &Row| {
            let bytes = integer_at(row, all, table.name, "bytes")?.cast_unsigned();
            Ok(Seen { key: cells(row, 0..key)?, state: cells(row, key..all)?, bytes })
        };
        rows.iter().map(seen).collect()
    }

    async fn rows(&self, table: &'static Table, keys: &[Cells]) -> Result<Vec<Cells>, StoreError> {
        let found = self.query(&rows_sql(table), &columns_of(keys, &table.key)).await?;
        let count = table.columns().count();
        found.iter().map(|row| cells(row, 0..count)).collect()
    }

    async fn write(
        &self,
        table: &'static Table,
        rows: &[Cells],
        gone: &[Cells],
    ) -> Result<(), StoreError> {
        self.together(async |transaction| {
            expect_unfinished(transaction).await?;
            write(transaction, table, rows, gone).await.map_err(writing)
        })
        .await
    }

    async fn heads(&self) -> Result<Vec<StreamHead>, StoreError> {
        let head = |row: &Row| {
            let owner = text_at(row, 0, "heads", "owner")?;
            let position = integer_at(row, 1, "heads", owner)?.cast_unsigned();
            let numbers = numbers_of(owner, text_at(row, 2, "heads", owner)?)?;
            Ok(StreamHead { owner: owner.to_owned(), position, numbers })
        };
        self.query(HEADS_ALL, &[]).await?.iter().map(head).collect()
    }

    async fn ends(&self) -> Result<Ends, StoreError> {
        let (log, ends) = (self.query(text::LOG_END_READ, &[]).await?, text::END_READ);
        let none = || senseless("log_end", "", "the log has no end");
        let log = end_of(log.first().ok_or_else(none)?)?;
        let promised = self.query(ends, &[]).await?;
        let promised = integer_at(promised.first().ok_or_else(none)?, 1, "log_last", "promised")?;
        Ok(Ends { log, promised: promised.cast_unsigned() })
    }

    async fn unfinished(&self) -> Result<Option<String>, StoreError> {
        self.store.unfinished(READING).await
    }

    async fn begin(&self, source: &str) -> Result<(), StoreError> {
        let create = format!("CREATE TABLE {UNFINISHED} (source TEXT NOT NULL)");
        let note = format!("INSERT INTO {UNFINISHED} (source) VALUES ($1)");
        self.together(async |transaction| {
            transaction.batch_execute(&create).await.map_err(writing)?;
            transaction.execute(&note, &[&source]).await.map_err(writing).map(|_| ())
        })
        .await
    }

    async fn finish(&self, ends: Ends, heads: &[StreamHead]) -> Result<(), StoreError> {
        self.together(async |transaction| {
            expect_unfinished(transaction).await?;
            finish(transaction, ends, heads).await.map_err(writing)
        })
        .await
    }
}
