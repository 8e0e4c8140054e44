//! What came of an interaction, and queues that ask for it before it is completed.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_domain::command::{Action, Command, CustomerAction, Named, Patch, Removal, Target};
use handoff_domain::event::{Fact, NotificationType};
use handoff_domain::media::Media;
use handoff_domain::user_data::{UserData, Value};
use handoff_domain::{InteractionId, Queue, Rejection};

use crate::floor::{Floor, SUPERVISOR, queue_id};
use crate::support::{ANN, BOB, reply};

const KEY: &str = "DISP_KEY";

fn set(value: &str) -> Action {
    let disposition = Value::Text(value.to_string());
    Action::SetDisposition { key: "ANY".to_string(), disposition }
}

fn data(key: &str, value: Value) -> UserData {
    UserData(BTreeMap::from([(key.to_string(), value)]))
}

fn text(value: &str) -> UserData {
    data(KEY, Value::Text(value.to_string()))
}

const fn complete() -> Action {
    Action::Complete { queue: None }
}

/// Returns an interaction that Ann has, in a queue that is changed so.
fn in_hands(media: &Media, change: impl FnOnce(&mut Queue)) -> (Floor, InteractionId) {
    let mut floor = Floor::new();
    let id = match media {
        Media::Chat => floor.converse(),
        media => floor.open(media),
    };
    floor.give(id, ANN);
    change(Arc::make_mut(&mut floor.queues).get_mut(&queue_id(media)).expect("there is one"));
    (floor, id)
}

fn disposition(floor: &Floor, id: InteractionId) -> Option<&str> {
    floor.interactions[&id].disposition.as_deref()
}

#[test]
fn an_agent_says_what_came_of_it_and_may_say_otherwise() {
    let (mut floor, id) = in_hands(&Media::Workitem, |_| {});
    let fact = |disposition: Option<&str>| Fact::DispositionSet {
        disposition: disposition.map(ToString::to_string),
    };
    let said = floor.does(ANN, id, set("sold"));
    assert_eq!(said.events[0].facts, [Fact::UserDataChanged, fact(Some("sold"))]);
    assert!(said.events[0].notices.iter().all(|it| it.kind == NotificationType::PropertiesUpdated));
    let again = floor.does(ANN, id, set("sold"));
    assert_eq!(again.events[0].facts, [Fact::UserDataChanged], "it is so already");
    // Those who set it as clients of before do say so as well.
    for (action, then) in [
        (Action::UpdateUserData(text("lost")), Some("lost")),
        (Action::AttachUserData(text("sold")), Some("sold")),
        (Action::UpdateUserData(data("other", Value::Null)), Some("sold")),
        (Action::DeleteUserData(Removal::Keys(vec![KEY.to_string()])), None),
        (set("sold"), Some("sold")),
        (set(""), None),
        (Action::UpdateUserData(data(KEY, Value::Integer(7))), None),
        (Action::Change(Patch { user_data: Some(text("put").0), ..Patch::default() }), Some("put")),
    ] {
        floor.does(ANN, id, action.clone());
        assert_eq!(disposition(&floor, id), then, "{action:?}");
    }
}

#[test]
fn it_goes_along_with_the_interaction_and_no_further() {
    let (mut floor, id) = in_hands(&Media::Email, |_| {});
    floor.does(ANN, id, set("sold"));
    let draft = floor.does(ANN, id, reply());
    let [other] = &draft.related[..] else { panic!("{draft:?}") };
    assert_eq!(other.disposition, None, "a draft is other work");
    let (mut floor, id) = in_hands(&Media::Workitem, |_| {});
    floor.does(ANN, id, set("sold"));
    floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(BOB))));
    floor.does(BOB, id, Action::Accept { nickname: None });
    assert_eq!(disposition(&floor, id), Some("sold"));
    floor.does(BOB, id, complete());
    assert_eq!(disposition(&floor, id), Some("sold"));
    let over = floor.tries(SUPERVISOR, id, set("lost"));
    assert!(matches!(over, Err(Rejection::WrongState { .. })), "{over:?}");
}

#[test]
fn customers_do_not_say_what_came_of_their_chat() {
    let (mut floor, id) = in_hands(&Media::Chat, |_| {});
    floor.does(ANN, id, set("sold"));
    floor.machine(id, Command::Customer(CustomerAction::UpdateUserData(text("mine"))));
    assert_eq!(disposition(&floor, id), Some("sold"));
    floor.does(ANN, id, Action::UpdateUserData(data("other", Value::Null)));
    assert_eq!(disposition(&floor, id), Some("sold"));
    floor.does(ANN, id, Action::UpdateUserData(text("mine")));
    assert_eq!(disposition(&floor, id), Some("mine"), "an agent says so, too");
}

#[test]
fn a_queue_that_asks_for_one_lets_nothing_end_without() {
    let asks = |queue: &mut Queue| queue.disposition_required = true;
    for media in [Media::Workitem, Media::Chat, Media::Email] {
        let (mut floor, id) = in_hands(&media, asks);
        let refused = floor.tries(ANN, id, complete());
        let queue = media.name().to_string();
        assert_eq!(refused, Err(Rejection::NoDisposition { queue, offered: Vec::new() }));
        let queue = Some(Named::Known(floor.queues[&queue_id(&media)].clone()));
        floor.does(ANN, id, Action::Complete { queue });
        floor.give(id, ANN);
        floor.does(ANN, id, set("anything"));
        floor.does(ANN, id, complete());
    }
    let (mut floor, id) = in_hands(&Media::Workitem, |queue| {
        asks(queue);
        queue.dispositions = ["lost", "sold"].map(str::to_string).into();
    });
    floor.does(ANN, id, set("anything"));
    let refused = floor.tries(ANN, id, complete()).unwrap_err();
    assert!(matches!(refused, Rejection::NoDisposition { offered, .. } if offered.len() == 2));
    floor.does(ANN, id, set("lost"));
    floor.does(ANN, id, complete());
}
