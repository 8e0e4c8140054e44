//! Two nodes over one PostgreSQL database, and what becomes of them when it is in trouble.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use handoff_domain::interaction::decide::TimerKind;
use handoff_domain::{Notice, Time, Topic};
use handoff_store::conformance::samples::{
    BEGIN, CENTER, desk, event, interaction, interaction_id, notice, owner, put, put_interaction,
    receipt, subject, user, user_id,
};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::{
    ChangeSet, CommitError, DirectoryGuard, Extent, Guard, Key, PostgresFaults, PostgresOptions,
    PostgresStore, Record, Store, StoreError, Timer, TimerKey,
};

const MANY: u64 = 60;

struct Nodes {
    address: String,
    both: [Arc<PostgresStore>; 2],
}

impl Nodes {
    async fn start(faults: PostgresFaults) -> Self {
        let address = PostgresServer::shared().fresh_schema();
        let options = || PostgresOptions { faults, ..PostgresOptions::new(&address) };
        // At once: one of them makes the schema, and the other waits for it.
        let open = || Box::pin(PostgresStore::open(options()));
        let (one, other) = tokio::join!(open(), open());
        let both = [Arc::new(one.unwrap()), Arc::new(other.unwrap())];
        Self { address, both }
    }

    fn node(&self, n: u64) -> Arc<PostgresStore> {
        Arc::clone(&self.both[usize::from(n % 2 == 1)])
    }

    /// Has the nodes commit in turns, all at once.
    async fn commit_all(
        &self,
        changes: impl IntoIterator<Item = ChangeSet>,
    ) -> Vec<Result<(), CommitError>> {
        let start = |(n, change)| {
            let node = self.node(n);
            tokio::spawn(async move { node.commit(change).await.map(|_| ()) })
        };
        let tasks: Vec<_> = (0..).zip(changes).map(start).collect();
        let mut done = Vec::new();
        for task in tasks {
            done.push(task.await.unwrap());
        }
        done
    }
}

fn accepted(outcomes: &[Result<(), CommitError>]) -> usize {
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

/// Has both nodes write one record over and over, each from what it read; returns how often they
/// were told that it was written, and its version in the end.
async fn race(nodes: &Nodes) -> (u64, u64) {
    let key = Key::Desk(user_id(1));
    nodes
        .node(0)
        .commit(ChangeSet { puts: vec![put(Record::Desk(desk(1)), 0)], ..ChangeSet::default() })
        .await
        .unwrap();
    let task = |n| {
        let (node, key) = (nodes.node(n), key.clone());
        async move {
            let mut written = 0;
            for _ in 0..MANY {
                let version = node.load_one(&key).await.unwrap().unwrap().version;
                let puts = vec![put(Record::Desk(desk(1)), version)];
                written += u64::from(
                    node.commit(ChangeSet { puts, ..ChangeSet::default() }).await.is_ok(),
                );
            }
            written
        }
    };
    let tasks: Vec<_> = (0..8).map(|n| tokio::spawn(task(n))).collect();
    let mut written = 1;
    for task in tasks {
        written += task.await.unwrap();
    }
    (written, nodes.node(0).load_one(&key).await.unwrap().unwrap().version)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_write_one_version_one_wins() {
    let nodes = Nodes::start(PostgresFaults::default()).await;
    let (written, version) = race(&nodes).await;
    assert_eq!(written, version);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_guards_that_are_read_without_their_locks_let_two_win() {
    let nodes =
        Nodes::start(PostgresFaults { is_without_locks: true, ..PostgresFaults::default() }).await;
    let (written, version) = race(&nodes).await;
    assert!(written > version, "written {written} times, version {version}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_exist_is_made_once() {
    let nodes = Nodes::start(PostgresFaults::default()).await;
    for n in 0..10 {
        let made = nodes.commit_all((0..8).map(|_| put_interaction(interaction(n), 0))).await;
        assert_eq!(accepted(&made), 1, "{made:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_at_two_nodes_has_one_effect() {
    let nodes = Nodes::start(PostgresFaults::default()).await;
    for n in 0..10_u64 {
        let change = || ChangeSet {
            events: vec![event(interaction(1), BEGIN, vec![notice(1)])],
            receipts: vec![receipt(&n.to_string(), None)],
            ..ChangeSet::default()
        };
        let done = nodes.commit_all((0..8).map(|_| change())).await;
        assert_eq!(accepted(&done), 1, "{done:?}");
        assert!(
            done.iter()
                .filter_map(|it| it.as_ref().err())
                .all(|it| matches!(it, CommitError::Receipt(_)))
        );
    }
    assert_eq!(nodes.node(0).log_end().await.unwrap().position, 10);
}

/// Positions are dense and in the order in which they can be seen, numbers of a stream as well, and
/// new streams are numbered from one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_skips_nothing_whichever_node_writes() {
    let nodes = Nodes::start(PostgresFaults::default()).await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (node, done) = (nodes.node(1), Arc::clone(&done));
        tokio::spawn(async move {
            let mut position = 0;
            loop {
                let is_last = done.load(Ordering::Acquire);
                let page = node.log_after(position, 100).await.unwrap();
                for entry in &page.items {
                    assert_eq!(entry.position, position + 1, "a position came late");
                    position = entry.position;
                }
                if is_last && page.items.is_empty() {
                    return position;
                }
            }
        })
    };
    let told = |n: u64| -> Vec<Notice> { [1, 2 + n % 5].map(notice).into() };
    let change = |n| ChangeSet {
        events: vec![event(interaction(n), BEGIN, told(n))],
        ..put_interaction(interaction(n), 0)
    };
    let committed = nodes.commit_all((0..4 * MANY).map(change)).await;
    assert_eq!(accepted(&committed) as u64, 4 * MANY);
    done.store(true, Ordering::Release);
    assert_eq!(reader.await.unwrap(), 4 * MANY);
    for user in 1..7 {
        let rows = nodes.node(0).stream(owner(user), 0, 9_999).await.unwrap().items;
        let numbers: Vec<u64> = rows.iter().map(|row| row.numbers[0].1).collect();
        assert_eq!(numbers, (1..=rows.len() as u64).collect::<Vec<_>>(), "of user {user}");
        let head = nodes.node(1).head(owner(user)).await.unwrap();
        assert_eq!(head.numbers[&Topic::Interactions], rows.len() as u64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_timers_that_two_nodes_put_off_the_latest_stays() {
    let nodes = Nodes::start(PostgresFaults::default()).await;
    let key = |n| TimerKey::Interaction(interaction_id(n), TimerKind::ChatIdle);
    for round in 1..=5 {
        let change = |due: i64| ChangeSet {
            timers_put_off: vec![
                Timer { key: key(round), due: Time(due) },
                Timer { key: key(100 + due.cast_unsigned() % 3), due: Time(due) },
            ],
            ..ChangeSet::default()
        };
        assert_eq!(accepted(&nodes.commit_all((1..9).map(change)).await), 8);
    }
    let (due, _) = nodes.node(0).timers(Time(99), 99).await.unwrap();
    let due: BTreeMap<_, _> = due.into_iter().map(|timer| (timer.key, timer.due.0)).collect();
    assert!((1..=5).all(|n| due[&key(n)] == 8), "{due:?}");
}

/// Whoever ends a timer that is gone already leaves alone what somebody sets meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_that_is_set_while_another_node_ends_the_one_before_stays() {
    let nodes = Nodes::start(PostgresFaults::default()).await;
    let timer = |due| Timer { key: TimerKey::Grace(user_id(1)), due: Time(due) };
    for round in 1..=20 {
        let ends = |_| ChangeSet { timers_done: vec![timer(round)], ..ChangeSet::default() };
        let sets = ChangeSet { timers_set: vec![timer(100 + round)], ..ChangeSet::default() };
        let mut changes: Vec<_> = (0..8).map(ends).collect();
        changes.insert(5, sets);
        assert_eq!(accepted(&nodes.commit_all(changes).await), 9);
        let (due, _) = nodes.node(0).timers(Time(999), 9).await.unwrap();
        assert_eq!(due, [timer(100 + round)]);
        let done = ChangeSet { timers_done: vec![timer(100 + round)], ..ChangeSet::default() };
        nodes.node(1).commit(done).await.unwrap();
    }
}

/// A head that cannot be read takes down nobody else of its batch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_cannot_be_read_keeps_nobody_else_from_committing() {
    let nodes = Nodes::start(PostgresFaults::default()).await;
    let told = |n: u64, to: u64| ChangeSet {
        events: vec![event(interaction(n), BEGIN, vec![notice(to)])],
        ..put_interaction(interaction(n), 0)
    };
    assert_eq!(accepted(&nodes.commit_all([told(0, 1), told(1, 2)]).await), 2);
    let schema = PostgresServer::schema_of(&nodes.address);
    let owner = format!("u{}", user_id(1).stored());
    let damage = format!("UPDATE {schema}.heads SET numbers = 'what' WHERE owner = '{owner}'");
    PostgresServer::shared().run(&damage);
    let outcomes = nodes.commit_all((2..42).map(|n| told(n, 1 + n % 4))).await;
    assert_eq!(accepted(&outcomes), 30, "{outcomes:?}");
}

/// Whoever relies on a center as it was is refused once another node has changed it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_another_node_changes_is_noticed() {
    let nodes = Nodes::start(PostgresFaults::default()).await;
    let guard = |version, extent| Some(DirectoryGuard { center: CENTER, version, extent });
    let change = |version| ChangeSet {
        puts: vec![put(Record::User(user(1)), version)],
        directory: guard(version, Extent::Whole),
        ..ChangeSet::default()
    };
    let relying = |n: u64| ChangeSet {
        checks: vec![Guard { key: Key::User(user_id(1)), version: 1 }],
        directory: guard(1, Extent::Checked),
        ..put_interaction(interaction(n), 0)
    };
    nodes.node(0).commit(change(0)).await.unwrap();
    let mut changes: Vec<_> = (0..MANY).map(relying).collect();
    changes.insert(MANY as usize / 2, change(1));
    let outcomes = nodes.commit_all(changes).await;
    assert!(outcomes[MANY as usize / 2].is_ok());
    let late = nodes.node(1).commit(relying(MANY)).await;
    assert!(matches!(late, Err(CommitError::Conflict { key: Key::User(_) })), "{late:?}");
    assert_eq!(nodes.node(1).directory_versions().await.unwrap()[&CENTER], 2);
}

/// Commits what each writer may do once while connections are lost; returns the refusals, and what
/// was told to be done.
async fn committed(nodes: &Nodes, each: u64) -> (Vec<CommitError>, BTreeSet<u64>) {
    let task = |writer: u64| {
        let node = nodes.node(writer);
        async move {
            let mut outcomes = Vec::new();
            for n in (0..each).map(|n| writer * 10_000 + n) {
                let told = vec![event(interaction(n), BEGIN, vec![notice(writer)])];
                let change = ChangeSet { events: told, ..put_interaction(interaction(n), 0) };
                outcomes.push((n, node.commit(change).await.map(|_| ())));
            }
            outcomes
        }
    };
    let tasks: Vec<_> = (0..6).map(|writer| tokio::spawn(task(writer))).collect();
    let (mut refusals, mut done) = (Vec::new(), BTreeSet::new());
    for task in tasks {
        for (n, outcome) in task.await.unwrap() {
            match outcome {
                Ok(()) => drop(done.insert(n)),
                Err(error) => refusals.push(error),
            }
        }
    }
    (refusals, done)
}

fn losing(forgets_batches: bool) -> PostgresFaults {
    PostgresFaults { lose_answer_of_every: 3, forgets_batches, ..PostgresFaults::default() }
}

/// A connection that is lost after it has committed leaves it open what became of that, and a
/// second try would be refused for what the first one did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_is_known_though_the_answer_is_lost() {
    let nodes = Nodes::start(losing(false)).await;
    let (refusals, done) = committed(&nodes, 10).await;
    assert!(refusals.is_empty(), "{refusals:?}");
    for n in &done {
        let history = nodes.node(*n).history(subject(*n), 0, 9).await.unwrap().items;
        assert_eq!(history.len(), 1, "interaction {n}");
    }
    assert_eq!(nodes.node(0).log_end().await.unwrap().position, 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_a_lost_answer_taken_for_a_lost_batch_is_refused_by_itself() {
    let nodes = Nodes::start(losing(true)).await;
    let (refusals, _) = committed(&nodes, 10).await;
    let is_by_itself = |error: &CommitError| matches!(error, CommitError::Conflict { .. });
    assert!(refusals.iter().any(is_by_itself), "{refusals:?}");
}

/// A server that ends connections wherever they are does no more than make commits slow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_may_be_cut_at_any_time() {
    let nodes = Nodes::start(PostgresFaults::default()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let cutter = {
        let (address, stop) = (nodes.address.clone(), Arc::clone(&stop));
        tokio::task::spawn_blocking(move || {
            while !stop.load(Ordering::Acquire) {
                PostgresServer::shared().cut_connections(&address);
            }
        })
    };
    let (refusals, done) = committed(&nodes, MANY).await;
    stop.store(true, Ordering::Release);
    cutter.await.unwrap();
    // Nothing is refused for what it did itself, and what is told to have failed had no effect.
    let failed =
        |it: &CommitError| matches!(it, CommitError::Store(StoreError::Unavailable { .. }));
    assert!(refusals.iter().all(failed), "{refusals:?}");
    assert_eq!(nodes.node(0).log_end().await.unwrap().position, done.len() as u64);
}
