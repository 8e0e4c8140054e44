//! Supervisors in a live chat: coming in of their own accord, and changing the way in which they
//! take part.
//!
//! They take no slot, need not be Ready, and never become the owner because the owner leaves.
//! Nobody else is told of one who only looks on.

use alloc::string::ToString;

use crate::center::Role;
use crate::command::{Actor, SupervisorMode};
use crate::event::{Fact, NotificationType};
use crate::interaction::attempt::Attempt;
use crate::interaction::change::Addressees;
use crate::interaction::decision::Decision;
use crate::interaction::say::check_nickname;
use crate::interaction::transfer::timeout_ms;
use crate::interaction::{Mode, ParticipantRole};
use crate::rejection::Rejection;

/// Offers a supervisor the part that they ask for. They accept it like any other offer, because
/// that is how their client learns of chats (8.5.2 pages on Intrude: they get the chat in state
/// `Invited`). It stands beside whatever the owner offers, and the owner beside whatever
/// supervisors ask for.
pub(super) fn intrude(
    attempt: &Attempt<'_>,
    mode: SupervisorMode,
    nickname: Option<&str>,
) -> Result<Decision, Rejection> {
    let handling = attempt.handling()?;
    if handling.mode != Mode::Chatting {
        return Err(attempt.wrong_state());
    }
    let Actor::User(caller) = attempt.actor else { return Err(Rejection::NotSupervisor) };
    if !caller.roles.contains(&Role::Supervisor) {
        return Err(Rejection::NotSupervisor);
    }
    let user = caller.user;
    if handling.by == user || handling.others.iter().any(|other| other.user == user) {
        return Err(Rejection::TargetAlreadyIn);
    }
    if attempt.before.offer_to(user).is_some() {
        return Err(Rejection::OfferOpen);
    }
    let desk = attempt.context.world.desk(user);
    let desk = desk.filter(|desk| desk.session.is_some()).ok_or(Rejection::NoSession)?;
    if !desk.is_reachable(&attempt.before.media()) {
        return Err(Rejection::TargetUnreachable);
    }
    nickname.map_or(Ok(()), check_nickname)?;
    let mut change = attempt.change();
    change.addressees = Addressees::Only(user);
    change.offer(user, mode.into(), timeout_ms(attempt), None);
    let asked = change.handling_mut().and_then(|handling| handling.supervision_offers.last_mut());
    if let Some(offer) = asked {
        offer.nickname = nickname.map(ToString::to_string);
    }
    Ok(change.finish())
}

/// Lets a supervisor who is in go on in another way. The same way again changes nothing.
pub(super) fn switch_mode(
    attempt: &Attempt<'_>,
    mode: SupervisorMode,
) -> Result<Decision, Rejection> {
    let handling = attempt.handling()?;
    if handling.mode != Mode::Chatting {
        return Err(attempt.wrong_state());
    }
    let user = attempt.actor.user().ok_or(Rejection::NotInConversation)?;
    let part =
        handling.others.iter().find(|other| other.user == user && other.role.is_supervision());
    let earlier = part.ok_or(Rejection::NotInConversation)?.role;
    let role = ParticipantRole::from(mode);
    let mut change = attempt.change();
    if role == earlier {
        return Ok(change.finish());
    }
    change.kind = NotificationType::ParticipantsUpdated;
    change.facts.push(Fact::ModeSwitched { by: user, kind: mode });
    let others = change.handling_mut().map(|handling| &mut handling.others);
    for other in others.into_iter().flatten().filter(|other| other.user == user) {
        other.role = role;
    }
    Ok(change.finish())
}
