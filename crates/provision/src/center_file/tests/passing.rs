//! What is with users, queues and workbins that are removed.

use handoff_domain::event::Cause;
use handoff_domain::interaction::Mode;
use handoff_domain::{
    Action, Actor, Caller, DirectoryChange, DirectoryItem, Fact, Interaction, UserCommand,
};
use handoff_engine::CommandRequest;
use handoff_store::{InteractionQuery, InteractionScope};
use handoff_testkit::FaultyStore;

use super::*;

/// The sample with a second queue, and with somebody else.
pub(super) fn with_ben() -> String {
    format!(
        "{SAMPLE}[[queue]]\nname = \"rest\"\nchannel = \"workitem\"\ngroups = [\"Support\"]\n\
         [[user]]\nuserName = \"ben\"\nroles = [\"agent\"]\ngroups = [\"Support\"]\n"
    )
}

/// Without Kate, without the first queue and without the group's workbin.
pub(super) const AFTER: &str = "[center]\nname = \"Demo\"\n[[skill]]\nname = \"billing\"\n[[group]]\nname = \"Support\"\n\
    [[queue]]\nname = \"rest\"\nchannel = \"workitem\"\ngroups = [\"Support\"]\n\
    [[user]]\nuserName = \"ben\"\nroles = [\"agent\"]\ngroups = [\"Support\"]\n";

pub(super) async fn stored(setup: &Setup, id: InteractionId) -> Interaction {
    let found = setup.store.load(&[Key::Interaction(id)]).await.unwrap().pop().flatten();
    match found.map(|found| found.value) {
        Some(Record::Interaction(interaction)) => interaction,
        other => panic!("{id} is not stored: {other:?}"),
    }
}

pub(super) fn kate(user: &handoff_domain::User) -> Actor {
    Actor::User(caller(user))
}

pub(super) fn caller(user: &handoff_domain::User) -> Caller {
    Caller::of(user)
}

pub(super) async fn prune(
    setup: &Setup,
    engine: &Engine,
    text: &str,
    work_to: &[&str],
) -> Result<Outcome, CenterFileError> {
    let work_to: Vec<String> = work_to.iter().map(|name| (*name).to_owned()).collect();
    let plan = setup.plan(text, Unnamed::Prune).await?;
    pass_on(plan, engine, &work_to, QUIETLY).await
}

pub(super) fn applied(passed_on: usize) -> Outcome {
    Outcome::Applied { passed_on }
}

#[tokio::test]
async fn what_is_with_what_is_removed_is_passed_on() {
    let setup = Setup::with(&with_ben()).await;
    let engine = engine(&setup).await;
    let user = setup.user("kate").await;
    engine
        .desks()
        .start_contact_session(user.id, user.center, &[Media::Workitem], None)
        .await
        .unwrap();
    let waiting = open(&engine, "tasks", Placement::InQueue, Actor::Server).await;
    let elsewhere = open(&engine, "rest", Placement::InQueue, Actor::Server).await;
    let in_hands = Placement::InHands { mode: Mode::Processing };
    let owned = open(&engine, "rest", in_hands, kate(&user)).await;
    let parked = open(&engine, "tasks", in_hands, kate(&user)).await;
    let team = engine.core().directory().workbin_for(&user, "Team");
    let park = UserCommand::new(caller(&user), Action::PlaceInWorkbin(team, None));
    engine.commands().execute(&CommandRequest::new(parked, park)).await.unwrap();

    let refused = prune(&setup, &engine, AFTER, &[]).await.unwrap_err();
    assert!(matches!(&refused, CenterFileError::NoPlace(_)), "{refused}");
    assert!(refused.to_string().contains("2 of channel workitem"), "{refused}");
    let refused = prune(&setup, &engine, AFTER, &["tasks"]).await.unwrap_err();
    assert!(matches!(&refused, CenterFileError::WorkTo(_)), "{refused}");
    assert!(setup.user("kate").await.enabled, "nothing was changed");

    assert_eq!(prune(&setup, &engine, AFTER, &["rest"]).await.unwrap(), applied(3));
    let directory = setup.directory().await;
    let rest = directory.queues.values().next().unwrap();
    assert_eq!((directory.queues.len(), rest.name.as_str()), (1, "rest"));
    assert!(directory.user_by_name("kate").is_none());
    for id in [waiting, elsewhere, owned, parked] {
        let interaction = stored(&setup, id).await;
        let wait = interaction.wait().unwrap_or_else(|| panic!("{:?}", interaction.state));
        assert_eq!((wait.queue, interaction.queue), (rest.id, Some(rest.id)));
    }
    let plan = setup.plan(AFTER, Unnamed::Prune).await.unwrap();
    assert!(plan.difference.is_empty(), "{}", plan.difference);
}

/// Everything was looked at and nothing was in the queue; a chat that comes then is not left where
/// nobody is offered it, and success reported.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_to_a_queue_while_that_is_removed_is_not_left_there_silently() {
    let setup = Setup::with(&with_ben()).await;
    let engine = engine(&setup).await;
    let came = std::sync::Mutex::new(None);
    let runtime = tokio::runtime::Handle::current();
    let customer = |told| {
        let Told::Progress { .. } = told else { return };
        let opening =
            || runtime.block_on(open(&engine, "tasks", Placement::InQueue, Actor::Server));
        let mut came = came.lock().unwrap();
        if came.is_none() {
            // A runtime is not waited for on a thread of its own.
            let opened = std::thread::scope(|scope| scope.spawn(opening).join());
            *came = Some(opened.unwrap());
        }
    };
    let plan = setup.plan(AFTER, Unnamed::Prune).await.unwrap();
    let refused = pass_on(plan, &engine, &[], &customer).await.unwrap_err();
    assert!(matches!(&refused, CenterFileError::CameMeanwhile(_)), "{refused}");
    assert!(refused.to_string().contains("1 of channel workitem"), "{refused}");
    let id = came.lock().unwrap().expect("a customer came");

    assert_eq!(prune(&setup, &engine, AFTER, &["rest"]).await.unwrap(), applied(1));
    let rest = setup.directory().await.queues.values().next().unwrap().id;
    assert_eq!(stored(&setup, id).await.wait().map(|wait| wait.queue), Some(rest));
}

/// A stop after the removal and before the work was passed on: the next application finds it.
#[tokio::test]
async fn what_a_stop_left_behind_is_passed_on_by_the_next_application() {
    let setup = Setup::with(&with_ben()).await;
    let one = engine(&setup).await;
    let id = open(&one, "tasks", Placement::InQueue, Actor::Server).await;
    let directory = setup.directory().await;
    let queue = directory.queues.values().find(|queue| queue.name == "tasks").unwrap();
    let key = Key::Queue(queue.id);
    let removal = handoff_store::Removal { version: directory.version(&key), key };
    let guard = directory.guard(queue.center, handoff_store::Extent::Whole);
    let change = crate::change_set(&directory, guard, &BY, Vec::new(), vec![removal]);
    setup.store.commit(change).await.unwrap();
    let other = engine(&setup).await;
    prune(&setup, &other, AFTER, &["rest"]).await.unwrap();
    let rest = setup.directory().await.queues.values().next().unwrap().id;
    assert_eq!(stored(&setup, id).await.wait().map(|wait| wait.queue), Some(rest));
    let gone = InteractionQuery::of(InteractionScope::Waiting, 10);
    assert_eq!(setup.store.interactions(&gone).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn changes_of_the_center_are_in_its_history_with_who_made_them() {
    let setup = Setup::with(&with_ben()).await;
    let engine = engine(&setup).await;
    let user = setup.user("kate").await.id;
    prune(&setup, &engine, AFTER, &[]).await.unwrap();
    let log = setup.store.log_after(0, 1_000).await.unwrap().items;
    let of_center = log.iter().filter(|entry| !entry.facts.is_empty());
    let of_user = |fact: &Fact| match fact {
        Fact::DirectoryChanged { what, .. } => *what == DirectoryItem::User(user),
        _ => false,
    };
    let facts: Vec<(Cause, Fact)> = of_center
        .flat_map(|entry| entry.facts.iter().map(|fact| (entry.cause, fact.clone())))
        .filter(|(_, fact)| of_user(fact))
        .collect();
    let told = [DirectoryChange::Added, DirectoryChange::Changed, DirectoryChange::Removed];
    let expected = told.map(|how| {
        let what = DirectoryItem::User(user);
        (Cause::Operator, Fact::DirectoryChanged { what, how })
    });
    assert_eq!(facts, expected);
}

/// A session that ends after the user was disabled writes their desk while that is removed.
#[tokio::test]
async fn a_desk_that_is_written_meanwhile_goes_all_the_same() {
    let setup = Setup::with(&with_ben()).await;
    let user = setup.user("kate").await;
    let store = Arc::new(FaultyStore::over(setup.store.clone()));
    let engine = engine_on(store.clone()).await;
    let media = [Media::Workitem];
    engine.desks().start_contact_session(user.id, user.center, &media, None).await.unwrap();
    engine.desks().end_contact_session(user.id, user.center).await.unwrap();
    let commits = std::sync::atomic::AtomicUsize::new(0);
    let late = |told| {
        // After the new state of who goes, and before the removal.
        if matches!(told, Told::Progress { .. })
            && commits.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0
        {
            store.write_before_next_commit(Key::Desk(user.id));
        }
    };
    let plan = setup.plan(AFTER, Unnamed::Prune).await.unwrap();
    pass_on(plan, &engine, &[], &late).await.unwrap();
    assert_eq!(store.conflicts(), 1, "the desk was written meanwhile");
    assert!(setup.directory().await.user_by_name("kate").is_none());
    assert_eq!(setup.store.load(&[Key::Desk(user.id)]).await.unwrap(), [None]);
}

/// Only a queue goes, so that the removal is the first commit.
#[tokio::test]
async fn a_plan_that_was_overtaken_moves_no_work() {
    let setup = Setup::with(&with_ben()).await;
    let engine = engine(&setup).await;
    let id = open(&engine, "tasks", Placement::InQueue, Actor::Server).await;
    let was = stored(&setup, id).await;
    let without_tasks = {
        let before = with_ben();
        let (start, end) = (before.find("[[queue]]").unwrap(), before.find("[[workbin]]").unwrap());
        format!("{}{}", &before[..start], &before[end..])
    };
    let late = setup.plan(&without_tasks, Unnamed::Prune).await.unwrap();
    setup.apply(&with_ben().replace("Lund", "Early"), Unnamed::Keep).await.unwrap();
    let work_to = ["rest".to_owned()];
    let refused = pass_on(late, &engine, &work_to, QUIETLY).await.unwrap_err();
    assert!(matches!(&refused, CenterFileError::Conflict(_)), "{refused}");
    assert_eq!(stored(&setup, id).await, was);
    // The control: one that was not overtaken.
    let plan = setup.plan(&without_tasks, Unnamed::Prune).await.unwrap();
    assert_eq!(pass_on(plan, &engine, &work_to, QUIETLY).await.unwrap(), applied(1));
}

#[tokio::test]
async fn what_is_a_pruned_users_alone_goes_with_them() {
    let setup = Setup::with(SAMPLE).await;
    let kate = setup.user("kate").await;
    let desk = Record::Desk(handoff_domain::Desk::new(kate.id, kate.center, Time(0)));
    let settings = handoff_store::DeskSettings { user: kate.id, text: "{}".to_owned() };
    let own = [desk, Record::DeskSettings(settings)];
    let puts = own.map(|record| handoff_store::Put { record, expected: 0 }).into();
    let change = handoff_store::ChangeSet { puts, ..Default::default() };
    setup.store.commit(change).await.unwrap();
    let keys = [Key::Desk(kate.id), Key::DeskSettings(kate.id)];
    assert_eq!(setup.store.versions(&keys).await.unwrap(), [1, 1]);
    setup.apply(REST, Unnamed::Prune).await.unwrap();
    assert_eq!(setup.store.versions(&keys).await.unwrap(), [0, 0]);
}
