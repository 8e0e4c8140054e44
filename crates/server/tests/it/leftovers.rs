//! What an application left behind that stopped after it had removed a queue.

use std::path::Path;
use std::sync::Arc;

use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{Actor, Direction, Medium, Named, Queue, SkillLevels, UserData};
use handoff_engine::{Core, Engine, Opening, Options, Outward, Parts, SystemClock, SystemIds};
use handoff_provision::{By, change_set};
use handoff_store::{AuditTool, Extent, Key, Removal, SqliteOptions, SqliteStore, Store as _};

use crate::child::{Server, finish, handoff, text};
use crate::commands::{directory, succeed};

const REST: &str =
    "[center]\nname = \"Small\"\n[[queue]]\nname = \"rest\"\nchannel = \"workitem\"\n";
const TASKS: &str = "[[queue]]\nname = \"tasks\"\nchannel = \"workitem\"\n";
const APPLY: [&str; 5] = ["apply", "center.toml", "--config", "handoff.toml", "--prune"];

/// Makes a center that is as its file says, and a task in a queue that it has no more.
fn left_behind() -> tempfile::TempDir {
    let directory = directory();
    let file = directory.path().join("center.toml");
    std::fs::write(&file, format!("{REST}{TASKS}")).unwrap();
    succeed(&APPLY, directory.path());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(stop_between(&directory.path().join("data/handoff.db")));
    std::fs::write(&file, REST).unwrap();
    directory
}

/// Puts a task into the queue, and removes that.
async fn stop_between(database: &Path) {
    let store = Arc::new(SqliteStore::open(SqliteOptions::new(database)).unwrap());
    let parts = Parts {
        store: store.clone(),
        bus: Arc::new(handoff_bus::LocalBus::default()),
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds::default()),
        options: Options::default(),
    };
    let core = Core::open(parts).await.unwrap();
    let engine = Engine::build(core, Outward::default(), Vec::new()).await.unwrap();
    let directory = engine.core().directory();
    let queue = directory.queues.values().find(|queue| queue.name == "tasks").unwrap();
    let new = NewInteraction {
        id: engine.core().ids().interaction(engine.core().now()),
        center: queue.center,
        medium: Medium::Workitem,
        direction: Direction::Inbound,
        sub_type: "InboundNew".to_owned(),
        external_id: None,
        parent: None,
        contact: None,
        subject: None,
        priority: None,
        user_data: UserData::default(),
        queue: Named::Known(Queue::clone(queue)),
        skills: SkillLevels::default(),
        placement: Placement::InQueue,
    };
    let (center, actor) = (queue.center, Actor::Server);
    let opening = Opening { new, center, actor, reference: None, receipts: Vec::new() };
    engine.commands().open(&opening).await.unwrap();
    let key = Key::Queue(queue.id);
    let removal = Removal { version: directory.version(&key), key };
    let by = By::operator(engine.core().now(), AuditTool::Apply);
    let guard = directory.guard(center, Extent::Whole);
    store.commit(change_set(&directory, guard, &by, Vec::new(), vec![removal])).await.unwrap();
    engine.stop().await;
    store.close().await;
}

/// Runs the same command again, as operations/README says.
fn the_same_command_does_the_rest(directory: &Path) {
    let refused = finish(&APPLY, directory);
    assert!(!refused.status.success(), "{}", text(&refused.stdout));
    assert!(text(&refused.stderr).contains("1 of channel workitem"), "{}", text(&refused.stderr));
    let dry = [&APPLY[..], &["--dry-run"]].concat();
    assert_eq!(succeed(&dry, directory), "no changes\n");
    let with_place = [&APPLY[..], &["--work-to", "rest"]].concat();
    let done = succeed(&with_place, directory);
    assert_eq!(done, "no changes\ninteractions that were passed on: 1\napplied\n");
    assert_eq!(succeed(&with_place, directory), "no changes\n");
}

#[test]
fn what_a_stop_left_is_passed_on_in_the_store() {
    let directory = left_behind();
    the_same_command_does_the_rest(directory.path());
}

#[test]
fn what_a_stop_left_is_passed_on_by_the_running_server() {
    let directory = left_behind();
    let mut command = handoff(&["serve", "--config", "handoff.toml"]);
    let _server = Server::start(command.current_dir(directory.path()));
    the_same_command_does_the_rest(directory.path());
}
