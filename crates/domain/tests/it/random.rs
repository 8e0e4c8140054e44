//! Random sequences of commands never break an invariant, and a refusal changes nothing.

use handoff_domain::Media;
use handoff_domain::command::{Actor, Command, SystemAction};
use handoff_domain::id::UserId;
use handoff_domain::interaction::decide::decide;
use handoff_domain::invariants::{self, step};
use proptest::prelude::*;

use crate::floor::{Floor, MEDIA, SUPERVISOR};
use crate::support::{ANN, BOB, CID, DEE, sequences};
use crate::table::{COMMANDS, wish};

const PEOPLE: [UserId; 5] = [ANN, BOB, CID, DEE, SUPERVISOR];

/// One command by its name, at one of the interactions, by somebody, after some time.
#[derive(Clone, Copy, Debug)]
struct Move {
    command: &'static str,
    at: usize,
    by: usize,
    later_ms: u64,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = (
        0..COMMANDS.len(),
        0..8_usize,
        0..9_usize,
        prop_oneof![Just(0_u64), Just(1_000), Just(31_000)],
    );
    let one = one.prop_map(|(command, at, by, later_ms)| Move {
        command: COMMANDS[command],
        at,
        by,
        later_ms,
    });
    prop::collection::vec(one, 1..120)
}

/// Returns the caller: mostly whoever the command is for, so that sequences get somewhere.
fn caller(floor: &Floor, step: Move, id: handoff_domain::InteractionId) -> Actor {
    let base = step.command.split(' ').next().unwrap_or_default();
    let interaction = &floor.interactions[&id];
    let people = interaction.people();
    let user = |user| Actor::User(floor.caller(user));
    match (base, step.by) {
        ("Offer", _) => Actor::Router,
        (
            "ExpireOffer" | "ExpireHandling" | "CheckCustomer" | "CheckIdle" | "CheckWait"
            | "ReplaceQueue",
            _,
        ) => Actor::Server,
        ("Say", 4..) => Actor::Customer,
        ("Intrude" | "SwitchMode", _) => user(SUPERVISOR),
        ("Delivered" | "DeliveryDeferred" | "DeliveryFailed", _) => Actor::Mailer,
        ("CustomerLeft" | "CountDownload", _) => Actor::Customer,
        (name, _) if name.starts_with("Gone") => Actor::Server,
        ("Accept" | "Reject", 0..6) => user(interaction.offer().map_or(ANN, |offer| offer.to)),
        (_, 0..4) => user(interaction.owner().or(people.first().copied()).unwrap_or(ANN)),
        (_, by) => user(PEOPLE[by % PEOPLE.len()]),
    }
}

/// Returns the command, aimed at somebody by chance where the table's goes to always the same;
/// `None` when whoever was chosen has no such command.
fn aimed(floor: &Floor, step: Move, id: handoff_domain::InteractionId) -> Option<Command> {
    let command = wish(step.command, floor, id).by(&caller(floor, step, id))?;
    let user = PEOPLE[step.by % PEOPLE.len()];
    Some(match command {
        Command::System(SystemAction::Offer { .. }) => {
            SystemAction::Offer { to: user, of: 1 }.into()
        }
        Command::System(SystemAction::AgentGone { .. }) => SystemAction::AgentGone { user }.into(),
        other => other,
    })
}

proptest! {
    #![proptest_config(sequences(200))]

    #[test]
    fn no_sequence_of_commands_breaks_an_invariant(moves in moves()) {
        let mut floor = Floor::new();
        let media = MEDIA.iter().chain(&MEDIA);
        let mut ids: Vec<_> = media.map(|media: &Media| floor.open(media)).collect();
        ids.extend([floor.converse(), floor.converse()]);
        for step in moves {
            floor.now = floor.now.plus_ms(step.later_ms);
            let id = ids[step.at % ids.len()];
            let Some(command) = aimed(&floor, step, id) else { continue };
            let earlier = floor.clone();
            match floor.apply(decide, id, command.clone()) {
                Ok(decision) => {
                    let before = &earlier.interactions[&id];
                    invariants::check_step(before, &decision.after)?;
                    let said = decision.said();
                    step::said_in_order(Some(before), &decision.after, said)?;
                    step::offered_to_able(&earlier.snapshot(), Some(before), &decision.after)?;
                    let related = decision.related.iter().map(|it| it.id);
                    ids.extend(related.filter(|it| !earlier.interactions.contains_key(it)));
                }
                Err(refusal) => {
                    prop_assert_eq!(&earlier.interactions, &floor.interactions);
                    let again = floor.decide(decide, id, &command);
                    prop_assert_eq!(again, Err(refusal));
                }
            }
            invariants::check(&floor.snapshot())?;
        }
    }
}
