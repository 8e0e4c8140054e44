//! Whether the database is the one that it was: whoever restores a dump, recovers to an earlier
//! time or promotes a standby that was behind has one in which numbers may be missing that clients
//! were told of. Then the log gets another generation, before anything is asked.
//!
//! Every connection is asked, because a standby takes over under nodes that run.

use tokio_postgres::{Client, Error, GenericClient, Transaction};
use tracing::warn;

use crate::error::StoreError;
use crate::log::GENERATION_JUMP;
use crate::postgres::heads::numbers_of;
use crate::postgres::migrate::tables;
use crate::sql::decode::undecodable;
use crate::sql::log;

/// → where the database was when it was seen last, and where it is: the server's own number, its
/// timeline, which every recovery and promotion counts on, and the numbers of database and table,
/// which a dump does not keep.
const PLACE_READ: &str = "SELECT place, concat_ws(' ', \
     (SELECT system_identifier FROM pg_control_system()), \
     left(pg_walfile_name(pg_current_wal_lsn()), 8), \
     (SELECT oid FROM pg_database WHERE datname = current_database()), \
     'log_end'::REGCLASS::OID) FROM cluster WHERE id = 1";
/// What a large center's heads and streams take longer for than any other statement may, in ms:
/// nobody is served before they are done.
const PATIENCE: &str = "SET LOCAL statement_timeout = 600000";
/// The place; nobody else does the same at the same time.
const PLACE_LOCK: &str = "SELECT name FROM cluster WHERE id = 1 FOR UPDATE";
/// The code of an error that says that a database is not whole.
pub(super) const UNFINISHED: &str = "HF001";
/// place
const PLACE_WRITE: &str = "UPDATE cluster SET place = $1 WHERE id = 1";

/// the highest number
const GENERATION_RENEW: &str = "UPDATE log_end \
     SET generation = (generation + 1 + (random() * 4611686018427387904)::BIGINT) & $1 WHERE id = 1";
const HEADS_ALL: &str = "SELECT owner, numbers FROM heads ORDER BY owner FOR NO KEY UPDATE";
/// owners, numbers
const HEADS_SET: &str = "UPDATE heads SET numbers = anew.numbers \
     FROM unnest($1::TEXT[], $2::TEXT[]) AS anew (owner, numbers) WHERE heads.owner = anew.owner";
/// by how much. Positions that somebody may have read to are passed over, and readers who did are
/// told that the log was swept: then they look at everything.
const POSITIONS_JUMP: &str = "INSERT INTO log_ends (number, position, promised, batch) \
     SELECT number + 1, position + $1, promised + $1, gen_random_uuid()::TEXT \
     FROM log_ends ORDER BY number DESC LIMIT 1";
const FLOOR_TO_END: &str =
    "UPDATE log_end SET floor = (SELECT position FROM log_last) WHERE id = 1";

/// Tells whether the database is where it was seen last.
pub(super) async fn is_where_it_was(client: &Client) -> Result<bool, Error> {
    let (_, is_same) = place(client.query_one(PLACE_READ, &[]).await?);
    Ok(is_same)
}

/// Begins a new generation of the log, unless somebody has done so since.
pub(super) async fn begin_anew(client: &mut Client) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(PATIENCE).await?;
    transaction.query_one(PLACE_LOCK, &[]).await?;
    let (Place { before, now }, is_same) = place(transaction.query_one(PLACE_READ, &[]).await?);
    if is_same {
        return Ok(());
    }
    // What comes after this generation has begun would be of the one before.
    demand_whole(&transaction).await?;
    // A fresh schema was nowhere before.
    if !before.is_empty() {
        renew(&transaction).await?;
        let jump = GENERATION_JUMP.cast_signed();
        transaction.execute(POSITIONS_JUMP, &[&jump]).await?;
        transaction.execute(FLOOR_TO_END, &[]).await?;
    }
    transaction.execute(PLACE_WRITE, &[&now]).await?;
    transaction.commit().await?;
    if !before.is_empty() {
        warn!(
            "the database was restored or copied, or a standby was promoted: sessions that ask for what they missed are told to look \
             at everything again"
        );
    }
    Ok(())
}

/// Fails while a dump is being put back: primary keys come after all rows of their table.
pub(super) async fn demand_whole(client: &impl GenericClient) -> Result<(), Error> {
    let names: Vec<String> = tables().map(|table| format!("'{table}'")).collect();
    let demand = format!(
        "DO $$ BEGIN IF EXISTS (SELECT FROM unnest(ARRAY[{}]) AS own (name) \
         JOIN pg_class ON relname = own.name AND relkind = 'r' \
             AND relnamespace = to_regnamespace(quote_ident(current_schema())) \
         WHERE NOT EXISTS (SELECT FROM pg_index \
             WHERE indrelid = pg_class.oid AND indisprimary)) \
         THEN RAISE EXCEPTION 'a dump is being put back, or was put back in part' \
         USING ERRCODE = '{UNFINISHED}'; END IF; END $$",
        names.join(", ")
    );
    client.batch_execute(&demand).await
}

/// Where a database was, and where it is.
struct Place {
    before: String,
    now: String,
}

fn place(row: tokio_postgres::Row) -> (Place, bool) {
    let place = Place { before: row.get(0), now: row.get(1) };
    let is_same = place.before == place.now;
    (place, is_same)
}

/// Begins a new generation: no number that anybody was told of is kept, and the next ones are
/// beyond all of them. A head that cannot be read stays as it is, and nothing can be added to it.
pub(super) async fn renew(transaction: &Transaction<'_>) -> Result<(), Error> {
    let heads = transaction.query(HEADS_ALL, &[]).await?;
    let (mut owners, mut numbers) = (Vec::new(), Vec::new());
    for head in &heads {
        let owner: &str = head.get(0);
        match jumped(owner, head.get(1)) {
            Ok(text) => {
                owners.push(owner);
                numbers.push(text);
            }
            Err(error) => {
                warn!(owner, error = &error as &dyn std::error::Error, "a head is damaged")
            }
        }
    }
    transaction.execute(HEADS_SET, &[&owners, &numbers]).await?;
    transaction.execute(log::STREAMS_FORGET, &[]).await?;
    transaction.execute(GENERATION_RENEW, &[&i64::MAX]).await?;
    Ok(())
}

/// Returns a head's numbers beyond all that anybody was told of.
fn jumped(owner: &str, numbers: &str) -> Result<String, StoreError> {
    let mut numbers = numbers_of(owner, numbers)?;
    numbers.iter_mut().for_each(|(_, last)| *last += GENERATION_JUMP);
    let text = crate::codec::encode("a head", &numbers);
    text.map_err(|error| undecodable("heads", owner, &error))
}
