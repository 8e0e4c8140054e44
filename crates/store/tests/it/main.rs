//! Tests of the stores: the suite on each of them, that they agree, and what becomes of SQLite's
//! file.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is not as it should be, in helpers too"
)]

mod agreement;
mod aside;
mod backups;
mod bucket_files;
mod copies;
mod crash;
mod cut_off;
mod database_files;
mod databases;
mod early;
mod erased_pages;
mod faults;
mod files;
mod fixtures;
mod generations;
mod kept_files;
mod nodes;
mod pages;
mod segments;
mod shared_files;
mod size;
mod standby;
mod upgrade;

use std::sync::Arc;

use handoff_store::conformance::server::PostgresServer;
use handoff_store::{
    MemoryStore, PostgresOptions, PostgresStore, SqliteOptions, SqliteStore, Store,
};
use tempfile::TempDir;

fn memory() -> (Arc<dyn Store>, ()) {
    (Arc::new(MemoryStore::new()), ())
}

fn sqlite() -> (Arc<dyn Store>, TempDir) {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(options(&directory)).unwrap();
    (Arc::new(store), directory)
}

fn options(directory: &TempDir) -> SqliteOptions {
    SqliteOptions::new(directory.path().join("data").join("handoff.db"))
}

mod on_memory {
    handoff_store::conformance!(crate::memory);
}

fn postgres() -> (Arc<dyn Store>, ()) {
    let url = PostgresServer::shared().fresh_schema();
    // The runtime's own threads may not wait for a future.
    let runtime = tokio::runtime::Handle::current();
    let open = move || runtime.block_on(PostgresStore::open(PostgresOptions::new(url)));
    (Arc::new(std::thread::spawn(open).join().unwrap().unwrap()), ())
}

mod on_postgres {
    handoff_store::conformance!(crate::postgres);
}

mod on_sqlite {
    handoff_store::conformance!(crate::sqlite);
}
