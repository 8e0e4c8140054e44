//! Every invariant can fail: each is shown something that breaks it and nothing else.

use handoff_domain::chat::{Chat, Entry, PartyId, PartyKind, Visibility};
use handoff_domain::command::SystemAction;
use handoff_domain::interaction::{Medium, Outcome, Participant, ParticipantRole, State};
use handoff_domain::invariants::{self, Snapshot, Violation, standing, step};
use handoff_domain::{Direction, Interaction, InteractionId, Mode, OfferKind, Time, WorkbinId};

use crate::floor::{Floor, NODE, SUPERVISOR};
use crate::support::{ANN, BOB, CID, STATES, reply, state};

/// Breaks something in a state, and names the predicate that must see it.
type Break = (&'static str, fn(&mut Interaction), &'static str);

const STANDING: &[Break] = &[
    ("queued", |it| it.epoch = 0, "one_place"),
    ("queued", |it| it.queue = None, "one_place"),
    ("queued", |it| it.queued_at = None, "one_place"),
    (
        "parked",
        |it| {
            it.state = State::Parked { workbin: WorkbinId(1), mode: Mode::Chatting, reminder: None }
        },
        "one_place",
    ),
    ("processing", |it| handling(it).mode = Mode::LeftChat, "one_place"),
    ("sending", |it| it.direction = Direction::Inbound, "one_place"),
    ("chatting in company", |it| handling(it).others[0].user = ANN, "one_owner"),
    ("processing", |it| handling(it).others.push(guest()), "one_owner"),
    ("invited", |it| it.offers = 2, "one_offer"),
    ("processing with transfer", |it| offer(it).to = ANN, "one_offer"),
    ("processing with transfer", |it| offer(it).expires = offer(it).since, "one_offer"),
    ("processing with transfer", |it| offer(it).kind = OfferKind::Routed, "one_offer"),
    ("talking with intrusion", |it| asked(it).kind = OfferKind::Invite, "one_offer"),
    ("talking with intrusion", |it| asked(it).to = ANN, "one_offer"),
    ("talking with intrusion", |it| handling(it).mode = Mode::LeftChat, "one_offer"),
    ("talking with intrusion", |it| handling(it).offer = Some(asked(it).clone()), "one_offer"),
    ("talking with intrusion beside transfer", |it| asked(it).number = 3, "one_offer"),
    ("talking with intrusion beside transfer", |it| asked(it).to = BOB, "one_offer"),
    ("talking in company", |it| it.state = watched_twice(it), "one_offer"),
    ("processing", |it| handling(it).by = BOB, "slots_match"),
    ("chatting in company", |it| handling(it).others.clear(), "slots_match"),
    ("processing", |it| it.drafts.extend([it.id]), "drafts_match"),
    ("composing", |it| it.concerned.clear(), "concerned_kept"),
    ("talking", |it| chat(it).for_customer = 99, "conversation_numbered"),
    ("talking", |it| chat(it).parties[1].id = PartyId::CUSTOMER, "conversation_numbered"),
    ("talking", |it| chat(it).parties[1].public = Some(PartyId(5)), "conversation_numbered"),
    ("talking", |it| chat(it).parties[1].colleague = Some(PartyId(5)), "conversation_numbered"),
    ("talking", |it| chat(it).parties[1].kind = PartyKind::Customer, "conversation_numbered"),
    ("talking", |it| chat(it).parties[1].present = false, "conversation_peopled"),
    (
        "talking in consultation",
        |it| chat(it).parties[2].shown_to = Visibility::All,
        "conversation_peopled",
    ),
    (
        "talking in company",
        |it| chat(it).parties[2].sees = Visibility::Supervisors,
        "conversation_peopled",
    ),
    ("queued talk", |it| chat(it).parties[0].present = false, "conversation_live"),
    ("talking", |it| handling(it).mode = Mode::LeftChat, "conversation_live"),
];

const STEPS: &[Break] = &[
    ("processing", |it| it.epoch -= 1, "epoch_rises"),
    ("composing", |it| handling(it).by = BOB, "epoch_rises"),
    ("composing", |it| it.state = sending(it.received), "epoch_rises"),
    ("sending", |it| *attempt(it) += 2, "attempts_counted"),
    (
        "sending",
        |it| moved(it, state("invited").0.interactions.into_values().next().expect("one").state),
        "legal_move",
    ),
    (
        "completed",
        |it| it.state = State::Ended { outcome: Outcome::Sent, at: it.received },
        "end_is_final",
    ),
    ("processing", |it| it.offers += 2, "offers_counted"),
    ("processing", |it| it.offers -= 1, "offers_counted"),
    ("processing with transfer", |it| offer(it).to = CID, "offers_counted"),
    ("talking with intrusion", |it| asked(it).to = CID, "offers_counted"),
    ("talking", |it| it.medium = Medium::Chat(None), "conversation_grows"),
    ("talking", |it| chat(it).total -= 1, "conversation_grows"),
    ("talking is over", |it| chat(it).ended = None, "conversation_grows"),
    ("talking is over", |it| chat(it).for_customer += 1, "conversation_grows"),
    ("talking while monitored", inherited, "no_succession_of_supervisors"),
];

fn handling(interaction: &mut Interaction) -> &mut handoff_domain::Handling {
    let State::Handling(handling) = &mut interaction.state else { panic!("it is owned") };
    handling
}

fn sending(since: Time) -> State {
    State::Sending { by: Some(ANN), since, attempt: 0, due: since, last: None }
}

fn attempt(interaction: &mut Interaction) -> &mut u32 {
    let State::Sending { attempt, .. } = &mut interaction.state else { panic!("it is on its way") };
    attempt
}

fn chat(interaction: &mut Interaction) -> &mut Chat {
    interaction.chat_mut().expect("it is a conversation")
}

fn inherited(interaction: &mut Interaction) {
    handling(interaction).by = SUPERVISOR;
    interaction.epoch += 1;
}

fn offer(interaction: &mut Interaction) -> &mut handoff_domain::Offer {
    handling(interaction).offer.as_mut().expect("an offer is open")
}

fn asked(interaction: &mut Interaction) -> &mut handoff_domain::Offer {
    &mut handling(interaction).supervision_offers[0]
}

/// Returns a chat in which somebody is who asks to look on as well.
fn watched_twice(interaction: &mut Interaction) -> State {
    let mut state = state("talking with intrusion")
        .0
        .interactions
        .into_values()
        .next()
        .expect("it exists")
        .state;
    if let State::Handling(asked) = &mut state {
        asked.supervision_offers[0].number = 1;
        asked.supervision_offers[0].to = CID;
        asked.others.clone_from(&handling(interaction).others);
    }
    state
}

fn guest() -> Participant {
    Participant {
        user: CID,
        role: ParticipantRole::Invited,
        since: handoff_domain::Time(0),
        nickname: None,
    }
}

fn moved(interaction: &mut Interaction, to: State) {
    interaction.state = to;
    interaction.epoch += 1;
}

fn name(found: Result<(), Violation>) -> &'static str {
    found.map_or_else(|violation| violation.predicate, |()| "nothing")
}

#[test]
fn every_state_of_the_table_keeps_them() {
    for (name, _) in STATES {
        let (floor, id) = state(name);
        invariants::check(&floor.snapshot()).expect(name);
        standing::no_ghosts(&floor.snapshot()).expect(name);
        invariants::check_step(&floor.interactions[&id], &floor.interactions[&id]).expect(name);
    }
}

#[test]
fn every_predicate_about_a_moment_can_fail() {
    for (index, (name_of, break_it, expected)) in STANDING.iter().enumerate() {
        let (mut floor, id) = state(name_of);
        break_it(floor.interactions.get_mut(&id).expect("it exists"));
        assert_eq!(
            name(invariants::check(&floor.snapshot())),
            *expected,
            "case {index}, {name_of}"
        );
    }
}

#[test]
fn every_predicate_about_a_step_can_fail() {
    for (index, (name_of, break_it, expected)) in STEPS.iter().enumerate() {
        let (floor, id) = state(name_of);
        let before = &floor.interactions[&id];
        let mut after = before.clone();
        break_it(&mut after);
        assert_eq!(
            name(invariants::check_step(before, &after)),
            *expected,
            "case {index}, {name_of}"
        );
    }
}

#[test]
fn what_lies_in_a_workbin_is_not_offered() {
    let (floor, id) = state("parked");
    let mut after = state("invited").0.interactions.into_values().next().expect("it exists");
    after.epoch = 99;
    assert_eq!(
        name(step::workbin_not_routed(&floor.interactions[&id], &after)),
        "workbin_not_routed"
    );
}

#[test]
fn one_interaction_exists_once() {
    let (floor, id) = state("queued");
    let twice = [&floor.interactions[&id], &floor.interactions[&id]];
    assert_eq!(name(standing::one_place(&Snapshot::new(twice, [], []))), "one_place");
}

#[test]
fn more_slots_than_the_capacity_are_seen() {
    let mut floor = Floor::new();
    let desk = floor.desks.get_mut(&ANN).expect("a desk");
    for number in 0..4 {
        desk.take_slot(InteractionId::compose(7, number), handoff_domain::Media::Chat);
    }
    assert_eq!(name(standing::capacity(&floor.snapshot())), "capacity");
}

#[test]
fn a_ghost_is_seen() {
    let (mut floor, _) = state("processing");
    let _ = floor.desks.get_mut(&ANN).expect("a desk").end_session();
    assert_eq!(name(standing::no_ghosts(&floor.snapshot())), "no_ghosts");
}

#[test]
fn an_offer_to_somebody_who_cannot_take_it_is_seen() {
    let (floor, id) = state("queued");
    let mut after = floor.clone();
    after.machine(id, SystemAction::Offer { to: BOB, of: 1 });
    let check = |floor: &Floor| {
        step::offered_to_able(
            &floor.snapshot(),
            Some(&floor.interactions[&id]),
            &after.interactions[&id],
        )
    };
    assert_eq!(name(check(&floor)), "nothing");
    let mut away = floor.clone();
    away.desks.get_mut(&BOB).expect("a desk").set_reach(NODE, [].into(), floor.now);
    assert_eq!(name(check(&away)), "offered_to_able");
    let mut busy = floor.clone();
    let ready = busy.desks.get_mut(&BOB).expect("a desk");
    let _ = ready.set_not_ready(handoff_domain::Channels::All, None);
    assert_eq!(name(check(&busy)), "offered_to_able");
}

#[test]
fn an_open_draft_on_no_list_is_seen() {
    let mut floor = Floor::new();
    let (original, _) = floor.answered();
    floor.does(ANN, original, reply());
    assert_eq!(name(standing::drafts_match(&floor.snapshot())), "nothing");
    floor.interactions.get_mut(&original).expect("it exists").drafts.clear();
    assert_eq!(name(standing::drafts_match(&floor.snapshot())), "drafts_match");
}

#[test]
fn an_entry_that_is_numbered_wrongly_is_seen() {
    let (floor, id) = state("talking in consultation");
    let (after, said) = (&floor.interactions[&id], &floor.transcripts[&id]);
    let check = |said: &[Entry]| name(step::said_in_order(None, after, said.iter()));
    assert_eq!(check(said), "nothing");
    assert_eq!(check(&said[1..]), "said_in_order");
    for break_it in [
        |entry: &mut Entry| entry.number += 1,
        |entry: &mut Entry| entry.customer = Some(3),
        |entry: &mut Entry| entry.visibility = Visibility::All,
        |entry: &mut Entry| entry.agents = None,
    ] {
        let mut broken = said.clone();
        break_it(broken.last_mut().expect("three came in"));
        assert_eq!(check(&broken), "said_in_order");
    }
    let mut nameless = said.clone();
    nameless[1].from.public = None;
    assert_eq!(check(&nameless), "said_in_order");
}
