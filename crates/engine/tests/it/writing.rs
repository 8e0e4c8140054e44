//! The one write path: races, repetitions, visibility.

use std::collections::BTreeSet;

use handoff_domain::{
    Action, InteractionId, Named, State, Target, UserCommand, UserData, UserId, Value,
};
use handoff_engine::{CommandRequest, Done, ExecuteError};
use handoff_store::{Key, Receipt, Store as _};

use crate::rig::{BEN, KATE, QUEUE, Rig, queue};

#[tokio::test]
async fn of_two_who_complete_and_transfer_at_once_exactly_one_wins() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    rig.bring_in(BEN).await;
    let mut outcomes = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let id = rig.submit().await;
        rig.settle().await;
        let owner = rig.stored(id).await.offer().unwrap().to;
        rig.accept(owner, id).await.unwrap();
        let to_queue = Action::Transfer(Target::Queue(Named::Known(queue())));
        let (completed, moved) = tokio::join!(
            rig.act(owner, id, Action::Complete { queue: None }),
            rig.act(owner, id, to_queue)
        );
        let ended = matches!(rig.stored(id).await.state, State::Ended { .. });
        assert!(completed.is_ok() != moved.is_ok(), "one of them must lose");
        assert_eq!(completed.is_ok(), ended);
        outcomes.insert(ended);
        if !ended {
            rig.settle().await;
            let next = rig.stored(id).await.offer().unwrap().to;
            rig.accept(next, id).await.unwrap();
            rig.act(next, id, Action::Complete { queue: None }).await.unwrap();
        }
    }
    assert!(!outcomes.is_empty());
}

#[tokio::test]
async fn a_repeated_request_has_one_effect_and_one_answer() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    let request = with_key(id, Action::Accept { nickname: None }, "k1");
    let receipt = request.receipt.clone().unwrap();
    let (one, two) = tokio::join!(
        rig.engine.commands().execute(&request),
        rig.engine.commands().execute(&request)
    );
    let first_answers =
        [one.unwrap(), two.unwrap()].iter().filter(|done| matches!(done, Done::Now { .. })).count();
    assert_eq!(first_answers, 1, "the twin gets the first one's receipt");
    let Done::Before(found) = rig.engine.commands().execute(&request).await.unwrap() else {
        panic!("a repetition")
    };
    assert_eq!(*found, receipt);
    let other =
        CommandRequest { receipt: Some(Receipt { fingerprint: "g".into(), ..receipt }), ..request };
    assert!(matches!(rig.engine.commands().execute(&other).await, Err(ExecuteError::KeyReused)));
}

#[tokio::test]
async fn what_changes_nothing_writes_nothing_and_is_known_when_it_is_repeated() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    let key = [Key::Interaction(id)];
    let before = rig.store.versions(&key).await.unwrap();
    let request = with_key(id, Action::SetInFocus, "k1");
    let commands = rig.engine.commands();
    assert!(matches!(commands.execute(&request).await, Ok(Done::Now { .. })));
    let Ok(Done::Before(found)) = commands.execute(&request).await else { panic!("a repetition") };
    assert_eq!(Some(*found), request.receipt);
    assert_eq!(rig.store.versions(&key).await.unwrap(), before, "it stands in nobody's way");
    // The control: what changes something does.
    let change = Action::UpdateUserData(UserData([("a".to_owned(), Value::Bool(true))].into()));
    commands.execute(&with_key(id, change, "k2")).await.unwrap();
    assert_ne!(rig.store.versions(&key).await.unwrap(), before);
}

/// Returns what kate asks for with a key of her own.
fn with_key(id: InteractionId, action: Action, key: &str) -> CommandRequest {
    let (roles, groups) = ([handoff_domain::Role::Agent], [handoff_domain::GroupId(7)]);
    let caller = handoff_domain::Caller::new(KATE, roles.into(), groups.into());
    let receipt = Receipt {
        scope: "kate POST".into(),
        key: key.into(),
        fingerprint: "f".into(),
        answer: "first".into(),
        expires: None,
    };
    CommandRequest {
        reference: Some(1),
        receipt: Some(receipt),
        ..CommandRequest::new(id, UserCommand::new(caller, action))
    }
}

#[tokio::test]
async fn the_same_external_id_opens_one_interaction() {
    let rig = Rig::new().await;
    let openings = [rig.opening(Some("crm-1")), rig.opening(Some("crm-1"))];
    let (one, two) = tokio::join!(
        rig.engine.commands().open(&openings[0]),
        rig.engine.commands().open(&openings[1])
    );
    let mut ids: Vec<String> = [one.unwrap(), two.unwrap()]
        .into_iter()
        .map(|done| match done {
            Done::Now { interaction, .. } => interaction.id.to_string(),
            Done::Before(receipt) => receipt.answer,
        })
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(rig.engine.core().board().look_at_lines(|lines| lines.of(QUEUE).count()), 1);
}

#[tokio::test]
async fn request_numbers_go_on_after_a_restart() {
    let rig = Rig::new().await;
    assert_eq!(numbers(&rig, KATE, 3).await, [1, 2, 3]);
    let rig = rig.restarted().await;
    assert_eq!(numbers(&rig, KATE, 2).await, [101, 102], "the rest of the block is left");
    assert_eq!(numbers(&rig, BEN, 1).await, [1], "each user has their own");
}

async fn numbers(rig: &Rig, user: UserId, count: usize) -> Vec<i32> {
    let mut numbers = Vec::new();
    for _ in 0..count {
        numbers.push(rig.engine.core().next_reference(user).await.unwrap());
    }
    numbers
}

#[tokio::test]
async fn two_nodes_give_no_request_the_same_number() {
    let here = Rig::new().await;
    let there = here.beside().await;
    // More than a block each, in turns and at once.
    let mut given: Vec<i32> = Vec::new();
    for _ in 0..3 {
        let both = futures_util::join!(numbers(&here, KATE, 70), numbers(&there, KATE, 70));
        assert!(both.0.is_sorted() && both.1.is_sorted());
        given.extend(both.0.into_iter().chain(both.1));
    }
    let different: BTreeSet<i32> = given.iter().copied().collect();
    assert_eq!((different.len(), given.len()), (420, 420));
    let alone = Rig::new().await;
    let first = &numbers(&alone, KATE, 1).await[0];
    assert!(given.contains(first), "the control: who counts for themselves gives it again");
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_keep_others_from_being_told() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    rig.store.slow_down();
    let opening = rig.opening(None);
    let id = opening.new.id;
    {
        // Polled once, the commit is under way; then the caller hangs up.
        let mut call = std::pin::pin!(rig.engine.commands().open(&opening));
        let first = futures_util::poll!(call.as_mut());
        assert!(first.is_pending(), "the caller must go away before the answer");
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    rig.settle().await;
    assert_eq!(rig.stored(id).await.offer().map(|offer| offer.to), Some(KATE));
}

/// However many change one interaction at once, each loses at most one race: whoever lost waits for
/// a turn.
#[tokio::test]
async fn whoever_lost_a_race_gets_the_next_turn() {
    const AT_ONCE: u64 = 100;
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.store.slow_down();
    let before = rig.store.conflicts();
    let all = (0..AT_ONCE).map(|number| {
        let data = [(format!("key {number}"), Value::Integer(number.into()))];
        rig.act(KATE, id, Action::UpdateUserData(UserData(data.into())))
    });
    for done in futures_util::future::join_all(all).await {
        done.unwrap();
    }
    assert_eq!(rig.stored(id).await.user_data.0.len() as u64, AT_ONCE);
    let lost = rig.store.conflicts() - before;
    assert!((1..AT_ONCE).contains(&lost), "{lost} commits of {AT_ONCE} commands were in vain");
}
