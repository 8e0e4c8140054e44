//! Files that nodes keep in their database: what becomes of them when it goes away, and when
//! whoever brings one stops waiting.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_util::future::join_all;
use handoff_domain::FileId;
use handoff_store::conformance::samples::BEGIN;
use handoff_store::conformance::samples::chats::file_id;
use handoff_store::conformance::server::PostgresServer;
use handoff_store::conformance::way::{Ending, Way};
use handoff_store::{
    CarryError, DiskFiles, Files, FilesCarried, FilesError, KeptFile, MemoryFiles, PostgresFiles,
    PostgresOptions, PostgresStore, Store as _, carry_files,
};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::cut_off::{self, PROMISED};
use crate::kept_files::{keep, new, whole};

/// More than two pieces.
const LARGE: usize = 700_000;

fn large(n: u64) -> Vec<u8> {
    (0..LARGE as u64).map(|at| ((at + n) % 251) as u8).collect()
}

async fn made(address: &str) -> PostgresOptions {
    let options = PostgresOptions::new(address);
    PostgresStore::open(options.clone()).await.unwrap().close().await;
    options
}

async fn schema_of(server: &PostgresServer) -> PostgresOptions {
    made(&server.fresh_schema()).await
}

async fn read(files: &dyn Files, id: FileId) -> Option<Vec<u8>> {
    whole(files, id, usize::MAX).await
}

#[tokio::test]
async fn what_one_node_keeps_every_node_reads() {
    let options = schema_of(PostgresServer::shared()).await;
    let directory = TempDir::new().unwrap();
    let node = || PostgresFiles::new(&options, directory.path()).unwrap();
    let (one, other) = (node(), node());
    keep(&one, new(file_id(1), BEGIN), &large(1)).await;
    assert_eq!(read(&other, file_id(1)).await, Some(large(1)));
    other.delete(file_id(1)).await.unwrap();
    assert_eq!(read(&one, file_id(1)).await, None);
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 0, "what arrives has no name");
}

/// Stops waiting after so many looks.
async fn given_up(files: &PostgresFiles, id: FileId, looks: usize) -> bool {
    let mut incoming = files.begin(new(id, BEGIN)).await.unwrap();
    incoming.write(&large(0)).await.unwrap();
    let mut keeping = pin!(incoming.keep());
    let mut left = looks;
    poll_fn(|context| match keeping.as_mut().poll(context) {
        Poll::Ready(kept) => Poll::Ready(kept.is_ok()),
        Poll::Pending if left == 0 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// A transaction that stays open on a connection would take what comes later with it.
#[tokio::test]
async fn whoever_stops_waiting_leaves_nothing_open() {
    let options = schema_of(PostgresServer::shared()).await;
    let directory = TempDir::new().unwrap();
    let node = || PostgresFiles::new(&options, directory.path()).unwrap();
    let (one, other) = (node(), node());
    let mut kept = 0;
    for looks in 0..30 {
        let (given, after) = (file_id(1_000 + looks), file_id(looks));
        kept += usize::from(given_up(&one, given, looks as usize).await);
        keep(&one, new(after, BEGIN), b"after it").await;
        assert_eq!(read(&other, after).await.as_deref(), Some(&b"after it"[..]), "{looks} looks");
        let found = read(&other, given).await;
        assert!(found.is_none() || found == Some(large(0)), "whole or not there");
    }
    assert!((1..30).contains(&kept), "{kept} of 30 were waited for to the end");
}

#[tokio::test]
async fn a_server_that_ends_in_the_middle_of_a_file_leaves_nothing_of_it() {
    let server = tokio::task::spawn_blocking(|| PostgresServer::start(&[])).await.unwrap();
    let options = schema_of(&server).await;
    let directory = TempDir::new().unwrap();
    let files = PostgresFiles::new(&options, directory.path()).unwrap();
    keep(&files, new(file_id(1), BEGIN), &large(1)).await;
    let mut incoming = files.begin(new(file_id(2), BEGIN)).await.unwrap();
    incoming.write(&large(2)).await.unwrap();
    server.stop();
    let refused = incoming.keep().await.unwrap_err();
    assert!(matches!(refused, FilesError::Unavailable { .. }), "{refused:?}");
    files.ready().await.unwrap_err();
    server.launch();
    files.ready().await.unwrap();
    assert_eq!(read(&files, file_id(2)).await, None);
    assert_eq!(read(&files, file_id(1)).await, Some(large(1)), "the control: what was kept stays");
    keep(&files, new(file_id(2), BEGIN), &large(2)).await;
    assert_eq!(read(&files, file_id(2)).await, Some(large(2)));
}

/// Expects that something is refused in time.
async fn refused<T: std::fmt::Debug>(asked: impl Future<Output = Result<T, FilesError>>) {
    let told = timeout(PROMISED, asked).await.expect("an answer within what is promised");
    assert!(matches!(told, Err(FilesError::Unavailable { .. })), "{told:?}");
}

/// Cuts the way to the server while files come and go.
async fn cut(ending: Ending) {
    let (server, at) = tokio::task::spawn_blocking(cut_off::server).await.unwrap();
    let schema = PostgresServer::schema_of(&server.fresh_schema()).to_owned();
    let mut way = Way::to(*at).await;
    let options = made(&PostgresServer::address_at(way.address(), &schema)).await;
    let directory = TempDir::new().unwrap();
    let files = PostgresFiles::new(&options, directory.path()).unwrap();
    keep(&files, new(file_id(1), BEGIN), &large(1)).await;
    let mut large_one = files.begin(new(file_id(2), BEGIN)).await.unwrap();
    large_one.write(&large(2)).await.unwrap();
    let mut small_one = files.begin(new(file_id(3), BEGIN)).await.unwrap();
    small_one.write(b"small").await.unwrap();
    way.cut(ending).await;
    tokio::join!(
        refused(large_one.keep()),
        refused(small_one.keep()),
        refused(files.read(file_id(1), 0, 9)),
        refused(files.delete(file_id(1))),
        refused(files.ready()),
        refused(files.list(None, 9)),
    );
    refused(files.ready()).await;
    way.mend();
    timeout(PROMISED, files.ready()).await.unwrap().unwrap();
    assert_eq!(read(&files, file_id(1)).await, Some(large(1)));
    for n in [2, 3] {
        assert_eq!(read(&files, file_id(n)).await, None, "nothing of it arrived");
    }
    keep(&files, new(file_id(2), BEGIN), &large(2)).await;
    assert_eq!(read(&files, file_id(2)).await, Some(large(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_everything_is_dropped_files_are_refused_in_time() {
    cut(Ending::Silent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_connections_are_lost_and_none_can_be_had_files_are_refused_in_time() {
    cut(Ending::Reset).await;
}

#[tokio::test]
async fn a_file_of_which_a_piece_is_missing_is_not_given_out_short() {
    let server = PostgresServer::shared();
    let address = server.fresh_schema();
    let options = made(&address).await;
    let directory = TempDir::new().unwrap();
    let files = PostgresFiles::new(&options, directory.path()).unwrap();
    keep(&files, new(file_id(1), BEGIN), &large(1)).await;
    let schema = PostgresServer::schema_of(&address);
    server.run(&format!("DELETE FROM {schema}.file_pieces WHERE number = 1"));
    files.read(file_id(1), 0, 9).await.unwrap().unwrap();
    let told = files.read(file_id(1), 262_144, 9).await.unwrap_err();
    assert!(matches!(told, FilesError::Damaged { id } if id == file_id(1)), "{told:?}");
}

/// More large files than there are connections, as parts of one letter, each of which takes longer
/// than an answer of the database may.
#[tokio::test]
async fn large_files_wait_for_each_other_and_nobody_else_waits_for_them() {
    let server = PostgresServer::shared();
    let address = server.fresh_schema();
    let options = made(&address).await;
    let directory = TempDir::new().unwrap();
    let files = PostgresFiles::new(&options, directory.path()).unwrap();
    keep(&files, new(file_id(1), BEGIN), b"small").await;
    let schema = PostgresServer::schema_of(&address);
    server.run(&format!(
        "CREATE FUNCTION {schema}.slow() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$; \
         CREATE TRIGGER slow BEFORE INSERT ON {schema}.file_pieces FOR EACH ROW EXECUTE FUNCTION {schema}.slow()"
    ));
    let all = (10..15).map(|n| {
        let files = &files;
        async move {
            let mut incoming = files.begin(new(file_id(n), BEGIN)).await.unwrap();
            incoming.write(&large(n)).await.unwrap();
            incoming.keep().await
        }
    });
    let kept = join_all(all);
    let read_meanwhile = async {
        for _ in 0..20 {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            assert_eq!(read(&files, file_id(1)).await.as_deref(), Some(&b"small"[..]));
        }
    };
    let (kept, ()) = tokio::join!(kept, read_meanwhile);
    kept.into_iter().collect::<Result<Vec<()>, _>>().unwrap();
    for n in 10..15 {
        assert_eq!(read(&files, file_id(n)).await, Some(large(n)));
    }
}

async fn carried(from: &dyn Files, to: &dyn Files) -> FilesCarried {
    carry_files(from, to, &|_| ()).await.unwrap()
}

#[tokio::test]
async fn files_go_from_a_directory_to_a_database_and_back() {
    let options = schema_of(PostgresServer::shared()).await;
    let (first, second, arriving) =
        (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let source = DiskFiles::open(first.path()).unwrap();
    keep(&source, new(file_id(1), BEGIN), &large(1)).await;
    keep(&source, new(file_id(2), BEGIN.plus_ms(7)), b"small").await;
    let database = PostgresFiles::new(&options, arriving.path()).unwrap();
    // Beside the server that has the directory.
    let beside = DiskFiles::open_beside(first.path()).unwrap();
    let bytes = LARGE as u64 + 5;
    assert_eq!(carried(&beside, &database).await, FilesCarried { carried: 2, there: 0, bytes });
    keep(&source, new(file_id(3), BEGIN), b"since then").await;
    drop(source);
    let source = DiskFiles::open(first.path()).unwrap();
    let rest = FilesCarried { carried: 1, there: 2, bytes: 10 };
    assert_eq!(carried(&source, &database).await, rest);
    let back = DiskFiles::open(second.path()).unwrap();
    assert_eq!(carried(&database, &back).await.carried, 3);
    assert_eq!(read(&back, file_id(1)).await, Some(large(1)));
    let mut kept = back.list(None, 9).await.unwrap().items;
    kept.sort_unstable_by_key(|kept| kept.id);
    assert_eq!(kept[1], KeptFile { id: file_id(2), at: BEGIN.plus_ms(7) });
}

#[tokio::test]
async fn a_file_that_is_not_read_back_as_it_was_written_is_told() {
    let source = MemoryFiles::new();
    keep(&source, new(file_id(1), BEGIN), b"what it is").await;
    let server = PostgresServer::shared();
    let address = server.fresh_schema();
    let (options, directory) = (made(&address).await, TempDir::new().unwrap());
    let target = PostgresFiles::new(&options, directory.path()).unwrap();
    let schema = PostgresServer::schema_of(&address);
    server.run(&format!(
        "CREATE FUNCTION {schema}.damage() RETURNS TRIGGER AS \
         $$ BEGIN NEW.piece = set_byte(NEW.piece, 0, 0); RETURN NEW; END $$ LANGUAGE plpgsql; \
         CREATE TRIGGER damage BEFORE INSERT ON {schema}.file_pieces \
         FOR EACH ROW EXECUTE FUNCTION {schema}.damage()"
    ));
    let refused = carry_files(&source, &target, &|_| ()).await.unwrap_err();
    assert!(matches!(refused, CarryError::Differs { .. }), "{refused:?}");
    assert!(target.list(None, 9).await.unwrap().items.is_empty());
}
