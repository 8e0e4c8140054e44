//! Random commands at one chat with three agents and a supervisor: every reader's transcript is one
//! sequence without a gap, they see nothing above them, and from what they see they know who is
//! there.

use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::chat::{Content, Entry, LeaveReason, PartyId, Utterance, Visibility};
use handoff_domain::command::{
    Action, Command, CustomerAction, Named, SupervisorMode, SystemAction, Target,
};
use handoff_domain::event::{Subject, View};
use handoff_domain::id::{InteractionId, UserId};
use handoff_domain::interaction::decide::{Decision, decide};
use handoff_domain::media::Media;
use handoff_domain::{Interaction, Time, invariants};
use proptest::prelude::*;

use crate::floor::{Floor, SUPERVISOR};
use crate::support::{ANN, BOB, CID, in_queue, sequences};
use crate::table::talk::text;

const AGENTS: [UserId; 3] = [ANN, BOB, CID];
const AUDIENCES: [Visibility; 3] = [Visibility::All, Visibility::Agents, Visibility::Supervisors];
const MODES: [SupervisorMode; 3] =
    [SupervisorMode::Monitor, SupervisorMode::Coach, SupervisorMode::BargeIn];

/// What happens next: which command, by whom of those who may be meant, aimed at whom.
#[derive(Clone, Copy, Debug)]
struct Move {
    command: u8,
    by: usize,
    to: usize,
    later_ms: u64,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let later = prop_oneof![4 => Just(0_u64), 1 => Just(20_000), 1 => Just(300_000)];
    let one = (0..30_u8, 0..4_usize, 0..3_usize, later);
    let one = one.prop_map(|(command, by, to, later_ms)| Move { command, by, to, later_ms });
    prop::collection::vec(one, 1..80)
}

fn command(floor: &Floor, id: InteractionId, step: Move) -> Command {
    let interaction = &floor.interactions[&id];
    let target = || Named::Known(AGENTS[step.to]);
    let owner = || interaction.owner().unwrap_or(ANN);
    let anybody = || [ANN, BOB, CID, SUPERVISOR][step.by];
    let offered = || interaction.offer().map_or(BOB, |offer| offer.to);
    let by = |user, action| floor.by(user, action);
    let say = |visibility| Action::Say(Utterance::new(text("words"), visibility));
    let tell = || CustomerAction::Say(Utterance::new(text("words"), Visibility::All));
    let nickname = || (step.by == 0).then(|| format!("Nick {}", step.to));
    match step.command {
        0..3 => SystemAction::Offer { to: AGENTS[step.to], of: 1 }.into(),
        3..7 => by(offered(), Action::Accept { nickname: nickname() }),
        7 => by(offered(), Action::Reject),
        8 => tell().into(),
        9 => by(anybody(), say(AUDIENCES[step.to])),
        10 => by(owner(), Action::Invite(target())),
        11 => by(owner(), Action::Consult(target())),
        12 => by(owner(), Action::Transfer(Target::Agent(target()))),
        13 => by(owner(), Action::CompleteTransfer { to: None }),
        14 => by(owner(), Action::CompleteConference { agent: Some(target()) }),
        15 => by(owner(), Action::RemoveParticipant(target())),
        16 => by(anybody(), Action::Leave),
        17 => by(SUPERVISOR, Action::Intrude { mode: MODES[step.to], nickname: None }),
        18 => by(SUPERVISOR, Action::SwitchMode { mode: MODES[step.to] }),
        19 => by(owner(), Action::PlaceInQueue(in_queue(floor, &Media::Chat))),
        20 => SystemAction::AgentGone { user: [ANN, BOB, CID, SUPERVISOR][step.by] }.into(),
        21 => SystemAction::CheckIdle.into(),
        22 if step.by == 0 => CustomerAction::Leave { reason: LeaveReason::Itself }.into(),
        22 => tell().into(),
        // A supervisor comes in and changes their part often, because that takes several steps in a
        // row.
        24..28 => by(SUPERVISOR, Action::SwitchMode { mode: MODES[step.to] }),
        28 => by(SUPERVISOR, Action::Intrude { mode: MODES[step.to], nickname: None }),
        29 => by(SUPERVISOR, Action::Accept { nickname: nickname() }),
        _ if step.by == 0 => by(owner(), Action::EndChatSession),
        _ => {
            SystemAction::ExpireOffer { number: interaction.offers, running_since: Time(0) }.into()
        }
    }
}

/// Returns who is there, as a reader of these entries believes.
fn believed(entries: &[Entry], sees: Visibility) -> BTreeSet<PartyId> {
    let mut there = BTreeSet::new();
    for entry in entries.iter().filter(|entry| entry.index_for(sees).is_some()) {
        let id = entry.from.id_for(sees).expect("a reader knows who speaks to them");
        match entry.content {
            Content::Joined => drop(there.insert(id)),
            Content::Left { .. } => drop(there.remove(&id)),
            _ => {}
        }
    }
    there
}

/// Returns who is there whom a reader may see.
fn visible(floor: &Floor, id: InteractionId, sees: Visibility) -> BTreeSet<PartyId> {
    let chat = floor.interactions[&id].chat().expect("a conversation");
    let seen = chat.parties.iter().filter(|party| party.present && party.shown_to <= sees);
    seen.map(|party| party.id_for(sees).expect("seen")).collect()
}

/// What each agent was sent since they came in, by their own numbers.
type Screens = BTreeMap<UserId, (Visibility, u64)>;

/// Shows an event's entries to those who are told of it: what they get must go on where they are.
fn deliver(
    screens: &mut Screens,
    before: &Interaction,
    decision: &Decision,
) -> Result<(), TestCaseError> {
    for event in &decision.events {
        let (entries, is_history): (Vec<&Entry>, bool) = match &event.subject {
            Subject::Transcript { entries, .. } => (entries.iter().collect(), true),
            Subject::Interaction(_) | Subject::Desk(_) | Subject::Center(_) => {
                (event.entries().collect(), false)
            }
        };
        for notice in &event.notices {
            let View::Messages { sees } = notice.view else { continue };
            let user = notice.user().expect("their own stream");
            let is_in = |interaction: &Interaction| interaction.people().contains(&user);
            prop_assert!(is_in(before) || is_in(&decision.after), "{notice:?}");
            let numbers: Vec<u64> =
                entries.iter().filter_map(|entry| entry.index_for(sees)).collect();
            prop_assert!(!numbers.is_empty(), "{notice:?} is about nothing that they see");
            let known = screens.get(&user).filter(|(saw, _)| *saw == sees && !is_history);
            let mut last = known.map_or(numbers[0] - 1, |(_, last)| *last);
            for number in numbers {
                prop_assert_eq!(number, last + 1, "to {:?}", notice);
                last = number;
            }
            screens.insert(user, (sees, last));
        }
    }
    screens.retain(|user, _| {
        decision.after.owner() == Some(*user)
            || decision.after.others().iter().any(|other| other.user == *user)
    });
    Ok(())
}

proptest! {
    #![proptest_config(sequences(300))]

    #[test]
    fn every_reader_has_one_sequence_and_knows_who_is_there(moves in moves()) {
        let mut floor = Floor::new();
        let id = floor.converse();
        let mut screens = Screens::new();
        for step in moves {
            floor.now = floor.now.plus_ms(step.later_ms);
            let command = command(&floor, id, step);
            let before = floor.interactions[&id].clone();
            let Ok(decision) = floor.apply(decide, id, command) else { continue };
            invariants::check_step(&before, &decision.after)?;
            invariants::step::said_in_order(Some(&before), &decision.after, decision.said())?;
            invariants::check(&floor.snapshot())?;
            deliver(&mut screens, &before, &decision)?;
            let transcript = &floor.transcripts[&id];
            for sees in AUDIENCES {
                let is_live = decision.after.chat().is_some_and(handoff_domain::Chat::is_live);
                // The customer hears of nobody after their session.
                if is_live || sees != Visibility::All {
                    let (believed, there) = (believed(transcript, sees), visible(&floor, id, sees));
                    prop_assert_eq!(believed, there, "{:?}", sees);
                }
                let numbers = transcript.iter().filter_map(|entry| entry.index_for(sees));
                let chat = floor.interactions[&id].chat();
                prop_assert!(numbers.eq(1..=chat.map_or(0, |chat| chat.total_for(sees))));
            }
            let is_shown = |entry: &Entry| entry.customer.is_some();
            let for_all = |entry: &Entry| entry.visibility == Visibility::All;
            prop_assert!(transcript.iter().all(|entry| !is_shown(entry) || for_all(entry)));
        }
    }
}
