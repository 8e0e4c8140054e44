//! How interactions come into being: submitted, in an agent's hands, as a chat.

use handoff_domain::interaction::open::open;
use handoff_domain::{
    Actor, Direction, Media, Medium, Mode, NewInteraction, Placement, UserData, UserId, Value,
};
use handoff_engine::{NewChat, Opening};

use crate::Cell;
use crate::deeds::Deed;
use crate::floor::{CENTER, Floor, SKILL, queue_id};
use crate::rules::{Relied, relied_on_by_beginning};
use crate::stage::EVE;
use crate::support::{ANN, BOB, chat_request};

/// Returns one of each way to begin.
pub(crate) fn cells() -> Vec<Cell> {
    let mut cells = submitted();
    cells.extend(in_hands());
    cells.extend(chats());
    cells
}

fn user(floor: &Floor, id: UserId) -> Actor {
    Actor::User(floor.caller(id))
}

fn relied_on(floor: &Floor, new: &NewInteraction, actor: &Actor) -> Relied {
    relied_on_by_beginning(floor, new, actor.user(), |new, context| open(new, actor, context))
}

/// Something that is opened as it is.
fn opening(name: &str, floor: Floor, new: NewInteraction, actor: Actor) -> Cell {
    let relied = relied_on(&floor, &new, &actor);
    let (receipts, reference) = (Vec::new(), None);
    let deed = Opening { new, center: CENTER, actor, reference, receipts };
    Cell { name: name.to_owned(), floor, deed: Deed::Opening(Box::new(deed)), relied }
}

fn submitted() -> Vec<Cell> {
    let floor = Floor::new();
    let new = floor.new_interaction(&Media::Workitem);
    let skilled = NewInteraction { skills: [(SKILL.id, 1)].into(), ..new.clone() };
    let mut with_original = floor.clone();
    let original = with_original.owned(&Media::Workitem);
    let following = with_original.new_interaction(&Media::Workitem);
    let following = NewInteraction { parent: Some(original), ..following };
    vec![
        opening("a work item", floor.clone(), new.clone(), user(&floor, ANN)),
        opening("a work item of a service", floor.clone(), new, Actor::Customer),
        opening("a work item with a skill", floor.clone(), skilled, user(&floor, ANN)),
        opening("a work item that follows another", with_original, following, user(&floor, ANN)),
    ]
}

/// Returns something new in its maker's hands.
fn made(floor: &Floor, media: &Media, mode: Mode) -> NewInteraction {
    let placement = Placement::InHands { mode };
    NewInteraction { placement, direction: Direction::Outbound, ..floor.new_interaction(media) }
}

fn in_hands() -> Vec<Cell> {
    let floor = Floor::new();
    let work = made(&floor, &Media::Workitem, Media::Workitem.inbound_mode());
    let email = |floor: &Floor| made(floor, &Media::Email, Mode::Composing);
    let mut with_original = floor.clone();
    let original = with_original.owned(&Media::Email);
    let answer = NewInteraction { parent: Some(original), ..email(&with_original) };
    let (ann, bob) = (user(&floor, ANN), user(&floor, BOB));
    vec![
        opening("a work item in hands", floor.clone(), work, ann.clone()),
        opening("an e-mail in hands", floor.clone(), email(&floor), ann.clone()),
        opening("an answer to one's own", with_original.clone(), answer.clone(), ann),
        opening("an answer to another's", with_original, answer, bob),
    ]
}

fn chats() -> Vec<Cell> {
    let floor = Floor::new();
    let of = |address: &str| {
        UserData([("EmailAddress".to_owned(), Value::Text(address.to_owned()))].into())
    };
    let nothing = UserData::default;
    let rows = [
        ("a chat", nothing()),
        ("a chat of somebody who is known", of(EVE)),
        ("a chat of somebody new", of("adam@elsewhere.example")),
    ];
    rows.map(|(name, user_data)| chat(name, floor.clone(), user_data)).into()
}

fn chat(name: &str, floor: Floor, user_data: UserData) -> Cell {
    let request = chat_request();
    let new = NewInteraction {
        medium: Medium::Chat(Some(request.clone())),
        ..floor.new_interaction(&Media::Chat)
    };
    let relied = relied_on(&floor, &new, &Actor::Customer);
    let deed = NewChat {
        center: CENTER,
        queue: floor.queues[&queue_id(&Media::Chat)].clone().into(),
        service: request.service,
        times: request.times,
        waiting_max: Some(9),
        nickname: request.nickname,
        subject: None,
        user_data,
        request: None,
    };
    Cell { name: name.to_owned(), floor, deed: Deed::Chat(Box::new(deed)), relied }
}
