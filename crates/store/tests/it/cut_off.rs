//! A PostgreSQL store whose way to the server is cut: nothing that is sent arrives, nobody is told
//! so, and no new connection is accepted.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use handoff_domain::Incarnation;
use handoff_store::conformance::samples::{
    BEGIN, desk, event, interaction, notice, put, put_interaction, user_id,
};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::conformance::way::{Ending, Way};
use handoff_store::{
    ChangeSet, CommitError, Guard, Key, Lease, PostgresOptions, PostgresStore, Record, Store,
    StoreError,
};
use tokio::time::{sleep, timeout};

/// The five seconds that are promised (docs/operations/cluster.md#the-connection), and one for a
/// busy machine.
pub(crate) const PROMISED: Duration = Duration::from_secs(6);
/// A lease that no test outlives, in ms.
const LEASE_MS: u64 = 600_000;
const NODE: Incarnation = Incarnation(7);
const OTHER: Incarnation = Incarnation(8);

/// Returns the one server of these tests, and where it is reached by TCP.
pub(crate) fn server() -> &'static (PostgresServer, SocketAddr) {
    static SERVER: OnceLock<(PostgresServer, SocketAddr)> = OnceLock::new();
    SERVER.get_or_init(|| PostgresServer::listening(&[]))
}

/// A store over a way that can be cut, with something in it and a lease.
struct CutOff {
    store: PostgresStore,
    way: Way,
    schema: String,
}

impl CutOff {
    async fn start() -> Self {
        let (server, at) = tokio::task::spawn_blocking(server).await.unwrap();
        let schema = PostgresServer::schema_of(&server.fresh_schema()).to_owned();
        let way = Way::to(*at).await;
        let address = PostgresServer::address_at(way.address(), &schema);
        let store = PostgresStore::open(PostgresOptions::new(address)).await.unwrap();
        store.begin_lease(NODE, LEASE_MS).await.unwrap();
        store.commit(told(1)).await.unwrap();
        store.commit(desk_at(0)).await.unwrap();
        Self { store, way, schema }
    }

    /// Expects everything to be refused in time that is asked now, and a moment later.
    async fn refuses(&self) {
        let later = async {
            sleep(Duration::from_secs(1)).await;
            refused(self.store.commit(told(3))).await
        };
        tokio::join!(
            refused(self.store.commit(told(2))),
            later,
            refused(self.store.commit(relying())),
            read(self.store.ready()),
            read(self.store.log_end()),
            read(self.store.renew_lease(NODE, LEASE_MS)),
            read(self.store.begin_lease(OTHER, LEASE_MS)),
            read(self.store.end_lease(OTHER)),
            read(self.store.take_duties(NODE, &["sweep"])),
            read(self.store.leave_duties(NODE, &["sweep"])),
            read(self.store.nodes()),
        );
    }

    /// Opens the way again, and expects that the store comes back by itself with nothing changed.
    async fn comes_back(&mut self) {
        self.way.mend();
        timeout(PROMISED, self.store.ready()).await.unwrap().unwrap();
        assert_eq!(self.store.log_end().await.unwrap().position, 1, "nothing of it took effect");
        assert_eq!(self.store.renew_lease(NODE, LEASE_MS).await.unwrap(), Lease::Kept);
        for n in [2, 3] {
            self.store.commit(told(n)).await.unwrap();
        }
        self.store.commit(relying()).await.unwrap();
    }
}

fn told(n: u64) -> ChangeSet {
    ChangeSet {
        events: vec![event(interaction(n), BEGIN, vec![notice(1)])],
        ..put_interaction(interaction(n), 0)
    }
}

/// Writes a desk of which nobody is told.
fn desk_at(version: u64) -> ChangeSet {
    ChangeSet { puts: vec![put(Record::Desk(desk(1)), version)], ..ChangeSet::default() }
}

/// Writes nothing, and is about a desk as it is.
fn relying() -> ChangeSet {
    let checks = vec![Guard { key: Key::Desk(user_id(1)), version: 1 }];
    ChangeSet { checks, ..ChangeSet::default() }
}

/// Expects that something is refused in time, and that nothing of it was done.
async fn read<T: std::fmt::Debug>(asked: impl Future<Output = Result<T, StoreError>>) {
    let told = timeout(PROMISED, asked).await.expect("an answer within what is promised");
    assert!(matches!(told, Err(StoreError::Unavailable { .. })), "{told:?}");
}

async fn refused<T: std::fmt::Debug>(handed_in: impl Future<Output = Result<T, CommitError>>) {
    read(async { handed_in.await.map_err(|error| error.into_conflict().unwrap_err()) }).await;
}

async fn cut(ending: Ending) {
    let mut cut_off = CutOff::start().await;
    cut_off.way.cut(ending).await;
    // At first connections are lost, then none can be had.
    cut_off.refuses().await;
    cut_off.refuses().await;
    cut_off.comes_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_everything_is_dropped_everything_is_refused_in_time() {
    cut(Ending::Silent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_connections_are_lost_and_none_can_be_had_everything_is_refused_in_time() {
    cut(Ending::Reset).await;
}

/// Cuts the way in the middle of a commit, which then has no effect.
async fn cut_at(text: &'static str, change: ChangeSet) {
    let mut cut_off = CutOff::start().await;
    cut_off.way.cut_when_said(text);
    let CutOff { store, way, .. } = &mut cut_off;
    let later = async {
        way.until_cut().await;
        refused(store.commit(told(3))).await;
    };
    tokio::join!(refused(store.commit(change)), later);
    cut_off.comes_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_which_nothing_can_be_written_is_not_waited_for() {
    cut_at("ROLLBACK", desk_at(9)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_checks_is_not_waited_for() {
    cut_at("COMMIT", relying()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_is_not_prepared_is_not_waited_for() {
    // The first removal of a desk on this connection.
    let removals = vec![handoff_store::Removal { key: Key::Desk(user_id(1)), version: 1 }];
    cut_at("DELETE FROM desks", ChangeSet { removals, ..ChangeSet::default() }).await;
}

/// A new generation that takes longer than anybody waits for a connection is begun once, and done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generation_that_takes_long_to_begin_is_not_begun_over() {
    let mut cut_off = CutOff::start().await;
    let CutOff { store, way, schema } = &mut cut_off;
    let before = store.log_end().await.unwrap().generation;
    let (server, _) = server();
    server.run(&format!(
        "CREATE FUNCTION {schema}.slow() RETURNS TRIGGER LANGUAGE plpgsql \
         AS 'BEGIN PERFORM pg_sleep(7); RETURN NULL; END'; \
         CREATE TRIGGER slow AFTER UPDATE ON {schema}.heads FOR EACH STATEMENT \
         EXECUTE FUNCTION {schema}.slow(); UPDATE {schema}.cluster SET place = 'elsewhere'"
    ));
    way.cut(Ending::Reset).await;
    way.mend();
    let ready = async {
        while store.ready().await.is_err() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(30), ready).await.expect("it is done after a while");
    assert_ne!(store.log_end().await.unwrap().generation, before);
}

/// What a batch did whose COMMIT got no answer nobody knows; whoever came meanwhile is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_commit_whose_answer_is_lost_is_refused_in_time() {
    let mut cut_off = CutOff::start().await;
    cut_off.way.cut_when_said("COMMIT");
    let CutOff { store, way, .. } = &mut cut_off;
    let later = async {
        way.until_cut().await;
        for n in 3..6 {
            refused(store.commit(told(n))).await;
        }
    };
    let unknown = timeout(Duration::from_secs(16), store.commit(told(2)));
    let (unknown, ()) = tokio::join!(unknown, later);
    let unknown = unknown.unwrap().unwrap_err().into_conflict().unwrap_err();
    assert!(matches!(unknown, StoreError::OutcomeUnknown { .. }), "{unknown:?}");
    cut_off.comes_back().await;
}

/// A server that was frozen takes connections and says nothing; the one that took over is next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_takes_connections_and_says_nothing_is_passed_over() {
    let (server, at) = tokio::task::spawn_blocking(server).await.unwrap();
    let schema = PostgresServer::schema_of(&server.fresh_schema()).to_owned();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hosts = [silent.local_addr().unwrap(), *at].map(|at| at.to_string()).join(",");
    let address = PostgresServer::address_at(*at, &schema).replacen(&at.to_string(), &hosts, 1);
    let opening = PostgresStore::open(PostgresOptions::new(address));
    let store = timeout(PROMISED, opening).await.expect("within what is promised").unwrap();
    timeout(PROMISED, store.commit(told(1))).await.unwrap().unwrap();
    assert_eq!(store.log_end().await.unwrap().position, 1);
}
