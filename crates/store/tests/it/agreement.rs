//! The stores agree: whatever sequence of change sets and sweeps they get, they give the same
//! answers.

use handoff_domain::interaction::decide::TimerKind;
use handoff_domain::interaction::{Participant, ParticipantRole};
use handoff_domain::{
    Handling, Interaction, Media, Mode, Notice, OfferKind, Owner, State, Time, Topic, UserId, View,
};
use handoff_store::conformance::samples::{
    self, BEGIN, CENTER, chats, desk, desk_event, ended, event, handling, interaction_id,
    interaction_in, login, mail, notice, offer, put, queue_id, receipt, subject, user_id, wait,
    workbin_id,
};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::{
    ChangeSet, CommitError, Committed, DirectoryGuard, Extent, Guard, InteractionQuery,
    InteractionScope, Key, Kind, MemoryStore, PostgresOptions, PostgresStore, PromisedAnswer,
    Receipt, Record, SqliteStore, Store, StoreError, SweepReport, Timer, TimerKey, Version,
    WordQuery,
};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::options;

/// What is done to both stores.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Commit(Box<ChangeSet>),
    Sweep { now: i64, streams_before: i64, logins_before: i64, limit: usize },
}

/// What came of it, in a form that can be compared.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Committed(Committed),
    Conflict(Key),
    Timer(TimerKey),
    Receipt(Receipt),
    Swept(SweepReport),
}

const SMALL: u64 = 4;

fn time() -> impl Strategy<Value = Time> {
    (0..20_i64).prop_map(Time)
}

fn state() -> impl Strategy<Value = State> {
    let participant = |n| Participant {
        user: user_id(n),
        role: ParticipantRole::Invited,
        since: BEGIN,
        nickname: None,
    };
    let shared =
        (0..SMALL, prop::collection::btree_set(0..SMALL, 0..3), prop::option::of(0..SMALL));
    prop_oneof![
        (0..SMALL).prop_map(|queue| State::Queued(wait(queue))),
        (0..SMALL, 0..SMALL)
            .prop_map(|(queue, to)| State::Invited(wait(queue), offer(to, OfferKind::Routed))),
        shared.prop_map(move |(by, others, to)| State::Handling(Handling {
            others: others.into_iter().map(participant).collect(),
            offer: to.map(|to| offer(to, OfferKind::Transfer)),
            ..handling(by)
        })),
        (0..SMALL).prop_map(|n| State::Parked {
            workbin: workbin_id(n),
            mode: Mode::Composing,
            reminder: None
        }),
        (prop::option::of(0..SMALL), 0..3_u32).prop_map(|(by, attempt)| {
            State::Sending { by: by.map(user_id), since: BEGIN, attempt, due: BEGIN, last: None }
        }),
        Just(ended()),
    ]
}

fn interaction() -> impl Strategy<Value = Interaction> {
    let media =
        prop_oneof![Just(Media::Email), Just(Media::Chat), Just(Media::Open("sms".to_owned()))];
    let text = || prop::option::of(prop_oneof![Just("x".to_owned()), Just("y".to_owned())]);
    let thread = prop::option::of(0..SMALL);
    (0..SMALL, state(), prop::option::of(0..SMALL), media, text(), text(), thread).prop_map(
        |(n, state, queue, media, external_id, contact, thread)| Interaction {
            thread: thread.map(interaction_id),
            queue: queue.map(queue_id),
            medium: media.into(),
            external_id,
            contact,
            epoch: n,
            ..interaction_in(n, state)
        },
    )
}

fn record() -> impl Strategy<Value = Record> {
    prop_oneof![
        4 => interaction().prop_map(Record::Interaction),
        1 => (0..SMALL).prop_map(|n| Record::Desk(desk(n))),
        1 => (0..SMALL).prop_map(|n| Record::User(samples::user(n))),
        1 => (0..SMALL).prop_map(|n| Record::Contact(mail::contact(n))),
        1 => (0..SMALL).prop_map(|n| Record::Contact(mail::known_contact(n))),
        4 => prop::sample::select(samples::one_of_each()),
        1 => (0..SMALL, time())
            .prop_map(|(n, used)| Record::LoginSession(login(&n.to_string(), used))),
    ]
}

/// Mostly a version that is right, because a sequence of refusals tests little.
fn version() -> impl Strategy<Value = Version> {
    prop_oneof![5 => Just(0_u64), 3 => Just(1), 2 => Just(2), 1 => Just(3)]
}

fn told() -> impl Strategy<Value = Notice> {
    let view = prop_oneof![
        Just(notice(0).view),
        Just(View::Channels),
        (0..SMALL).prop_map(|n| View::Workbin { workbin: workbin_id(n), added: n > 1 }),
    ];
    (0..SMALL, view, prop::option::of(0..9_i32)).prop_map(|(user, view, reference)| Notice {
        view,
        reference,
        ..notice(user)
    })
}

fn happened() -> impl Strategy<Value = handoff_domain::Event> {
    let notices = || prop::collection::vec(told(), 0..4);
    prop_oneof![
        3 => (interaction(), time(), notices()).prop_map(|(it, at, told)| event(it, at, told)),
        1 => (0..SMALL, time(), notices()).prop_map(|(n, at, told)| desk_event(desk(n), at, told)),
        1 => (0..SMALL, time(), notices())
            .prop_map(|(n, at, told)| chats::shown(chats::chat(n), at, Vec::new(), told)),
    ]
}

fn promised() -> impl Strategy<Value = PromisedAnswer> {
    (0..SMALL, time(), "[a-c]{0,3}").prop_map(|(to, until, body)| PromisedAnswer {
        to: user_id(to),
        topic: Topic::Contacts,
        body: body.into(),
        until,
    })
}

fn timer_key() -> impl Strategy<Value = TimerKey> {
    let of = |kind| move |n| TimerKey::Interaction(interaction_id(n), kind);
    prop_oneof![
        (0..SMALL).prop_map(of(TimerKind::CustomerSilence)),
        (0..SMALL).prop_map(of(TimerKind::ChatIdle)),
        (0..SMALL).prop_map(of(TimerKind::LongestWait)),
        (0..SMALL).prop_map(of(TimerKind::Reminder)),
        (0..SMALL).prop_map(of(TimerKind::Offer { number: 1 })),
        (0..SMALL).prop_map(of(TimerKind::Offer { number: 2 })),
        (0..SMALL).prop_map(|n| TimerKey::Handling(user_id(n))),
        (0..SMALL).prop_map(|n| TimerKey::Grace(user_id(n))),
    ]
}

/// Timers to check, seldom one, to set, to remove as read and to put off.
fn timers() -> impl Strategy<Value = [Vec<Timer>; 4]> {
    let timer = || (timer_key(), time()).prop_map(|(key, due)| Timer { key, due });
    let checked = prop::collection::vec(timer(), 0..2)
        .prop_flat_map(|checked| prop_oneof![4 => Just(Vec::new()), 1 => Just(checked)]);
    let some = || prop::collection::vec(timer(), 0..3);
    (checked, some(), some(), some())
        .prop_map(|(checked, set, done, put_off)| [checked, set, done, put_off])
}

fn change() -> impl Strategy<Value = ChangeSet> {
    let guard = || (record().prop_map(|record| record.key()), version());
    let guards = move || prop::collection::vec(guard(), 0..2);
    let directory = (0..6_u64, prop_oneof![5 => Just(Extent::Checked), 1 => Just(Extent::Whole)])
        .prop_map(|(version, extent)| DirectoryGuard { center: CENTER, version, extent });
    let receipt = (0..6_u64, prop::option::of(time()))
        .prop_map(|(n, expires)| receipt(&n.to_string(), expires));
    (
        prop::collection::vec((record(), version()), 0..3),
        guards(),
        (guards(), directory),
        timers(),
        prop::collection::vec(timer_key(), 0..2),
        prop::collection::vec(happened(), 0..3),
        prop::collection::vec(receipt, 0..2),
        prop::collection::vec(promised(), 0..3),
    )
        .prop_map(
            |(
                puts,
                removals,
                (checks, directory),
                timers,
                timers_cleared,
                events,
                receipts,
                promised,
            )| {
                let [timers_checked, timers_set, timers_done, timers_put_off] = timers;
                let guard = |(key, version)| Guard { key, version };
                let mut change = ChangeSet {
                    puts: puts
                        .into_iter()
                        .map(|(record, expected)| put(record, expected))
                        .collect(),
                    removals: removals.into_iter().map(guard).collect(),
                    checks: checks.into_iter().map(guard).collect(),
                    directory: Some(directory),
                    timers_checked,
                    timers_set,
                    timers_cleared,
                    timers_done,
                    timers_put_off,
                    events,
                    receipts,
                    receipts_forgotten: Vec::new(),
                    promised,
                };
                // A key occurs once among the writes, as a change set demands.
                let mut written = std::collections::BTreeSet::new();
                change.puts.retain(|put| written.insert(put.record.key()));
                change.removals.retain(|removal| written.insert(removal.key.clone()));
                // What is cleared by name is guarded, as a change set demands as well.
                let checked = change.checks.iter().map(|check| check.key.clone());
                written.extend(checked);
                change.timers_cleared.retain(|timer| written.contains(&timer.subject()));
                change
            },
        )
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        9 => change().prop_map(|change| Step::Commit(Box::new(change))),
        1 => (0..20_i64, 0..20_i64, 0..20_i64, 0..6_usize).prop_map(
            |(now, streams_before, logins_before, limit)| Step::Sweep {
                now,
                streams_before,
                logins_before,
                limit,
            },
        ),
    ]
}

pub(crate) async fn do_it(store: &dyn Store, step: Step) -> Outcome {
    match step {
        Step::Commit(change) => match store.commit(*change).await {
            Ok(committed) => Outcome::Committed(committed),
            Err(CommitError::Conflict { key }) => Outcome::Conflict(key),
            Err(CommitError::Timer(key)) => Outcome::Timer(key),
            Err(CommitError::Receipt(receipt)) => Outcome::Receipt(*receipt),
            Err(CommitError::Store(error)) => panic!("{error:?}"),
        },
        Step::Sweep { now, streams_before, logins_before, limit } => {
            let swept =
                store.sweep(Time(now), Time(streams_before), Time(logins_before), limit).await;
            Outcome::Swept(swept.unwrap())
        }
    }
}

fn queries() -> Vec<InteractionQuery> {
    let mut scopes = vec![
        InteractionScope::Active(CENTER),
        InteractionScope::Waiting,
        InteractionScope::Sending,
    ];
    for contact in ["x", "y"] {
        scopes.push(InteractionScope::OfContact { center: CENTER, contact: contact.to_owned() });
    }
    for n in 0..SMALL {
        scopes.push(InteractionScope::HeldBy(user_id(n)));
        scopes.push(InteractionScope::InWorkbin(workbin_id(n)));
        scopes.push(InteractionScope::InThread { center: CENTER, root: interaction_id(n) });
        scopes.push(InteractionScope::VisibleTo {
            user: user_id(n),
            center: CENTER,
            queues: vec![queue_id(n), queue_id(0)],
            workbins: vec![workbin_id(n), workbin_id(1)],
        });
    }
    let mut queries = Vec::new();
    for scope in scopes {
        let all = InteractionQuery::of(scope, 3);
        queries.push(InteractionQuery { after: Some(interaction_id(1)), ..all.clone() });
        queries.push(InteractionQuery { media: Some(Media::Chat), ..all.clone() });
        queries.push(InteractionQuery {
            queue: Some(queue_id(1)),
            owner: Some(user_id(1)),
            ..all.clone()
        });
        queries.push(InteractionQuery { external_id: Some("x".to_owned()), ..all.clone() });
        queries.push(InteractionQuery { contact: Some("y".to_owned()), ..all.clone() });
        queries.push(all);
    }
    queries
}

/// Writes down everything that can be asked of a store.
async fn everything(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let mut all = lasting(store).await?;
    let mut users: Vec<UserId> = (0..SMALL).map(user_id).collect();
    users.push(user_id(99));
    for user in users {
        for (after, limit) in [(0, 1), (0, 99), (3, 2)] {
            all.push(format!("{:?}", store.promised(user, after, limit).await?));
        }
        let user = Owner::User(user);
        all.push(format!("{:?}", store.head(user).await?));
        for after in [0, 2, 99] {
            let all_after = Topic::ALL.map(|topic| (topic, after)).into();
            all.push(format!("{:?}", store.missed(user, &all_after, 3).await?));
        }
        let mixed = [(Topic::Interactions, 2), (Topic::Channels, 1), (Topic::Emails, 99)].into();
        all.push(format!("{:?}", store.missed(user, &mixed, 99).await?));
        for (after, limit) in [(0, 1), (0, 3), (2, 99)] {
            all.push(format!("{:?}", store.stream(user, after, limit).await?));
        }
    }
    for number in [0, 4, u64::MAX] {
        all.push(format!("{:?}", store.promised_after(number).await?));
    }
    let end = store.log_end().await?;
    all.push(format!("{:?}", (end.position, end.floor)));
    for (position, limit) in [(0, 1), (0, 99), (3, 2)] {
        let position = end.floor + position;
        all.push(format!("{:?}", store.log_after(position, limit).await?));
        all.push(format!("{:?}", store.told_after(position, limit).await?));
    }
    Ok(all)
}

/// Writes down what is in a store and not in its log.
pub(crate) async fn lasting(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let mut all = Vec::new();
    for kind in Kind::ALL.iter().copied() {
        all.push(format!("{:?}", store.list(kind, None, 3).await?));
        all.push(format!("{:?}", store.list(kind, None, 99).await?));
    }
    all.push(format!("{:?}", store.directory_versions().await?));
    for (version, limit) in [(0, 1), (0, 99), (2, 2)] {
        all.push(format!("{:?}", store.directory_after(CENTER, version, limit).await?));
    }
    for query in queries() {
        all.push(format!("{query:?}: {:?}", store.interactions(&query).await?));
    }
    for (beginning, limit) in [("", 3), ("", 99), ("e", 2), ("adams", 99)] {
        let beginning = beginning.to_owned();
        let words = WordQuery { center: CENTER, beginning, after: None, limit };
        all.push(format!("{words:?}: {:?}", store.contact_words(&words).await?));
    }
    all.push(format!("{:?}", store.census(CENTER).await?));
    for limit in [0, 2, 99] {
        all.push(format!("{:?}", store.timers(Time(10), limit).await?));
    }
    for n in 0..SMALL {
        all.push(format!("{:?}", store.history(subject(n), 1, 2).await?));
        all.push(format!("{:?}", store.history(subject(n), 0, 99).await?));
        for (after, limit) in [(0, 2), (1, 99), (3, 1)] {
            all.push(format!("{:?}", store.transcript(interaction_id(n), after, limit).await?));
        }
    }
    for n in 0..6 {
        let wanted = receipt(&n.to_string(), None);
        all.push(format!("{:?}", store.receipt(&wanted.scope, &wanted.key).await?));
    }
    Ok(all)
}

/// Carries out the same on a store and in memory; returns what there is in memory then.
async fn agree(store: &dyn Store, steps: Vec<Step>) -> Vec<String> {
    let memory = MemoryStore::new();
    for step in steps {
        let expected = do_it(&memory, step.clone()).await;
        assert_eq!(do_it(store, step).await, expected);
    }
    let expected = everything(&memory).await.unwrap();
    assert_eq!(everything(store).await.unwrap(), expected);
    expected
}

async fn sqlite_agrees(steps: Vec<Step>) {
    let directory = TempDir::new().unwrap();
    let sqlite = SqliteStore::open(options(&directory)).unwrap();
    let expected = agree(&sqlite, steps).await;
    drop(sqlite);
    let reopened = SqliteStore::open(options(&directory)).unwrap();
    assert_eq!(everything(&reopened).await.unwrap(), expected);
}

async fn postgres_agrees(steps: Vec<Step>) {
    let address = PostgresServer::shared().fresh_schema();
    let store = PostgresStore::open(PostgresOptions::new(&address)).await.unwrap();
    let expected = agree(&store, steps).await;
    store.close().await;
    let other = PostgresStore::open(PostgresOptions::new(address)).await.unwrap();
    assert_eq!(everything(&other).await.unwrap(), expected);
}

pub(crate) fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_sqlite_agree(steps in prop::collection::vec(step(), 1..60)) {
        run(sqlite_agrees(steps));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_postgres_agree(steps in prop::collection::vec(step(), 1..60)) {
        run(postgres_agrees(steps));
    }
}
