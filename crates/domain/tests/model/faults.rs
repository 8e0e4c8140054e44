//! Rules with a fault, made by wrapping the rules. The exploration must find each, and soon.

use handoff_domain::Interaction;
use handoff_domain::command::{Action, Command, SystemAction, UserCommand};
use handoff_domain::interaction::decide::{Context, Decision, decide};
use handoff_domain::interaction::{OfferKind, State};
use handoff_domain::rejection::Rejection;
use stateright::{Checker, Model};

use crate::explore::{Bounds, Exploration};
use crate::floor::Rules;
use crate::say;

type Answer = Result<Decision, Rejection>;

/// The epoch does not grow, so that nothing fences a late command off.
fn epoch_stays(before: &Interaction, command: &Command, context: &Context<'_>) -> Answer {
    let mut decision = decide(before, command, context)?;
    decision.after.epoch = before.epoch;
    Ok(decision)
}

/// Anybody may accept what is offered to somebody else.
fn anybody_accepts(before: &Interaction, command: &Command, context: &Context<'_>) -> Answer {
    let mut forged = command.clone();
    let offer = before.offer();
    if let (Command::User(UserCommand { caller, action: Action::Accept { .. }, .. }), Some(offer)) =
        (&mut forged, offer)
    {
        caller.user = offer.to;
    }
    let mut decision = decide(before, &forged, context)?;
    if let (Some(Action::Accept { .. }), State::Handling(handling)) =
        (command.action(), &mut decision.after.state)
    {
        handling.by = command.user().unwrap_or(handling.by);
    }
    Ok(decision)
}

/// Complete forgets to free the slot.
fn slot_stays_taken(before: &Interaction, command: &Command, context: &Context<'_>) -> Answer {
    let mut decision = decide(before, command, context)?;
    if matches!(command.action(), Some(Action::Complete { .. })) {
        decision.desks.clear();
    }
    Ok(decision)
}

/// A late timer ends whatever offer is open.
fn late_timer_ends_any_offer(
    before: &Interaction,
    command: &Command,
    context: &Context<'_>,
) -> Answer {
    let mut forged = command.clone();
    if let (Command::System(SystemAction::ExpireOffer { number, .. }), Some(offer)) =
        (&mut forged, before.offer())
    {
        *number = offer.number;
    }
    decide(before, &forged, context)
}

/// The target of a transfer accepts and the old owner stays the owner.
fn old_owner_stays(before: &Interaction, command: &Command, context: &Context<'_>) -> Answer {
    let mut decision = decide(before, command, context)?;
    let is_transfer = before.offer().is_some_and(|offer| offer.kind == OfferKind::Transfer);
    if let (Some(Action::Accept { .. }), true, State::Handling(handling)) =
        (command.action(), is_transfer, &mut decision.after.state)
    {
        handling.by = before.owner().unwrap_or(handling.by);
    }
    Ok(decision)
}

const FAULTS: [(&str, Rules); 5] = [
    ("the epoch stays", epoch_stays),
    ("anybody accepts", anybody_accepts),
    ("a slot stays taken", slot_stays_taken),
    ("a late timer ends any offer", late_timer_ends_any_offer),
    ("the old owner stays", old_owner_stays),
];

#[test]
fn every_fault_is_found() {
    let mut missed = Vec::new();
    for (name, rules) in FAULTS {
        let bounds = Bounds { epochs: 4, offers: 2, departures: 0, last_tick: 0 };
        let checker = Exploration { rules, bounds }.checker().threads(2).spawn_bfs().join();
        match checker.discovery("nothing is wrong") {
            Some(path) => {
                let wrong = path.last_state().wrong.clone().unwrap_or_default();
                say(format_args!(
                    "fault: {name}: found in {} steps: {wrong}",
                    path.into_actions().len()
                ));
            }
            None => missed.push(name),
        }
    }
    assert!(missed.is_empty(), "faults that nothing found: {missed:?}");
}
