//! Other agents in a live chat: bringing one in, taking one out, and leaving.

use alloc::string::String;

use crate::center::Queue;
use crate::chat::{LeaveReason, PartyKind, Visibility};
use crate::command::{Named, SupervisorMode};
use crate::event::{Fact, NotificationType, RevokeReason};
use crate::id::UserId;
use crate::interaction::attempt::{Attempt, queue_for};
use crate::interaction::change::{Addressees, Change, Refused};
use crate::interaction::decision::Decision;
use crate::interaction::transfer::{may_be_offered, timeout_ms};
use crate::interaction::{Handling, Interaction, Mode, OfferKind, Status, chat, say};
use crate::rejection::{Noun, Rejection};
use crate::time::Time;

/// How an agent takes part in a conversation beside its owner. Stored by the name of the offer that
/// led there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum ParticipantRole {
    /// Openly, because the owner wanted them in the conversation.
    #[cfg_attr(feature = "stored", serde(rename = "Invite"))]
    Invited,
    /// For their advice to the owner; the customer does not see them.
    #[cfg_attr(feature = "stored", serde(rename = "Consult"))]
    Consulted,
    /// As a supervisor who looks on; only supervisors see them.
    Monitor,
    /// As a supervisor who advises the agents; the customer does not see them.
    Coach,
    /// Openly, as a supervisor.
    BargeIn,
}

impl ParticipantRole {
    /// Tells whether it is a supervisor's, who came of their own accord: they take no slot, and do
    /// not become the owner when the owner leaves.
    #[must_use]
    pub const fn is_supervision(self) -> bool {
        match self {
            Self::Monitor | Self::Coach | Self::BargeIn => true,
            Self::Invited | Self::Consulted => false,
        }
    }

    /// Returns who sees them.
    #[must_use]
    pub const fn shown_to(self) -> Visibility {
        match self {
            Self::Invited | Self::BargeIn => Visibility::All,
            Self::Consulted | Self::Coach => Visibility::Agents,
            Self::Monitor => Visibility::Supervisors,
        }
    }

    /// Returns how much they see.
    #[must_use]
    pub const fn sees(self) -> Visibility {
        if self.is_supervision() { Visibility::Supervisors } else { Visibility::Agents }
    }

    /// Returns what they are as a party of the chat.
    #[must_use]
    pub const fn party(self, user: UserId) -> PartyKind {
        if self.is_supervision() { PartyKind::Supervisor(user) } else { PartyKind::Agent(user) }
    }
}

impl From<SupervisorMode> for ParticipantRole {
    fn from(mode: SupervisorMode) -> Self {
        match mode {
            SupervisorMode::Monitor => Self::Monitor,
            SupervisorMode::Coach => Self::Coach,
            SupervisorMode::BargeIn => Self::BargeIn,
        }
    }
}

/// An agent in a conversation beside its owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Participant {
    /// The agent.
    pub user: UserId,
    /// How they take part.
    #[cfg_attr(feature = "stored", serde(rename = "kind"))]
    pub role: ParticipantRole,
    /// When they came in; the longest present becomes owner when the owner leaves.
    pub since: Time,
    /// The name shown to the others, when they gave one.
    #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
    pub nickname: Option<String>,
}

impl Interaction {
    /// Returns the other agents in the conversation, longest present first.
    #[must_use]
    pub fn others(&self) -> &[Participant] {
        self.handling().map_or(&[], |handling| &handling.others)
    }
}

/// Offers another agent a part in the conversation. An agent who is in for advice alone (`Consult`)
/// and is then invited simply becomes visible: they have agreed to be there already, and this is
/// how a consultation becomes a conference.
pub(super) fn bring_in(
    attempt: &Attempt<'_>,
    agent: &Named<UserId>,
    kind: OfferKind,
) -> Result<Decision, Rejection> {
    let handling = live_chat(attempt)?;
    if handling.offer.is_some() {
        return Err(Rejection::OfferOpen);
    }
    let owner = attempt.owner(handling)?;
    let target = *agent.known(Noun::User)?;
    if target == owner {
        return Err(Rejection::TargetIsSelf);
    }
    let present = handling.others.iter().find(|other| other.user == target);
    match (present.map(|other| other.role), kind) {
        (Some(ParticipantRole::Consulted), OfferKind::Invite) => return Ok(show(attempt, target)),
        // Of one who only looks on the owner does not know, and must not learn of them by a
        // refusal.
        (None | Some(ParticipantRole::Monitor), _) => may_be_offered(attempt, target)?,
        (Some(_), _) => return Err(Rejection::TargetAlreadyIn),
    }
    ask(attempt, target, kind)
}

/// Asks for the advice of whoever serves a queue and can take it best now. Nobody waits for
/// one who is busy: a consultation is for the customer who is there, so without anybody it is
/// refused.
pub(super) fn consult_queue(
    attempt: &Attempt<'_>,
    queue: &Named<Queue>,
) -> Result<Decision, Rejection> {
    let handling = live_chat(attempt)?;
    if handling.offer.is_some() {
        return Err(Rejection::OfferOpen);
    }
    attempt.owner(handling)?;
    let queue = queue_for(attempt.context, queue, &attempt.before.media())?;
    let found = attempt.context.world.adviser().filter(|user| !attempt.before.concerns(*user));
    let target = found.ok_or_else(|| Rejection::NobodyEligible { queue: queue.name.clone() })?;
    may_be_offered(attempt, target)?;
    ask(attempt, target, OfferKind::Consult)
}

fn ask(attempt: &Attempt<'_>, target: UserId, kind: OfferKind) -> Result<Decision, Rejection> {
    let note = attempt.note()?;
    let mut change = attempt.change();
    change.kind = NotificationType::ParticipantsUpdated;
    change.withdraw_supervision_offer(target);
    change.offer(target, kind, timeout_ms(attempt), note);
    Ok(change.finish())
}

fn show(attempt: &Attempt<'_>, target: UserId) -> Decision {
    let mut change = attempt.change();
    change.kind = NotificationType::ParticipantsUpdated;
    change.facts.push(Fact::Accepted { by: target, kind: OfferKind::Invite });
    let others = change.handling_mut().map(|handling| &mut handling.others);
    for other in others.into_iter().flatten().filter(|other| other.user == target) {
        other.role = ParticipantRole::Invited;
    }
    change.finish()
}

/// Hands the chat over to an agent who is in it already, in one commit: the second step of a
/// transfer that began with a consultation.
pub(super) fn complete_transfer(
    attempt: &Attempt<'_>,
    to: Option<&Named<UserId>>,
) -> Result<Decision, Rejection> {
    let handling = live_chat(attempt)?;
    let owner = attempt.owner(handling)?;
    let heir = colleague(handling, to, |_| true)?;
    let mut change = attempt.change();
    change.handed_over = Some(owner);
    change.last_sees(owner, Status::Completed);
    hand_over(&mut change, heir, RevokeReason::OwnerActed);
    Ok(change.finish())
}

/// Shows an agent to the customer who was asked for advice: the second step of a conference that
/// began with a consultation.
pub(super) fn complete_conference(
    attempt: &Attempt<'_>,
    agent: Option<&Named<UserId>>,
) -> Result<Decision, Rejection> {
    let handling = live_chat(attempt)?;
    attempt.owner(handling)?;
    let is_hidden = |other: &Participant| other.role == ParticipantRole::Consulted;
    let target = colleague(handling, agent, is_hidden)?;
    let is_shown = handling.others.iter().any(|other| other.user == target && !is_hidden(other));
    if is_shown { Err(Rejection::TargetAlreadyIn) } else { Ok(show(attempt, target)) }
}

/// Returns the agent who is in the conversation and named, or of those who `fit` the one who came
/// in last. Supervisors are no colleagues whom an owner could hand anything to.
fn colleague(
    handling: &Handling,
    named: Option<&Named<UserId>>,
    fit: impl Fn(&Participant) -> bool,
) -> Result<UserId, Rejection> {
    let target = named.map(|named| named.known(Noun::User)).transpose()?;
    let mut agents = handling.others.iter().rev().filter(|other| !other.role.is_supervision());
    let found = match target {
        Some(target) => agents.find(|other| other.user == *target),
        None => agents.find(|other| fit(other)),
    };
    found.map(|other| other.user).ok_or(Rejection::TargetNotIn)
}

/// Takes another agent out of the conversation, or takes the invitation to it back.
pub(super) fn remove(attempt: &Attempt<'_>, agent: &Named<UserId>) -> Result<Decision, Rejection> {
    let handling = live_chat(attempt)?;
    attempt.owner(handling)?;
    let target = *agent.known(Noun::User)?;
    // A supervisor came of their own accord, and goes so.
    let is_in =
        handling.others.iter().any(|other| other.user == target && !other.role.is_supervision());
    let is_offered = handling
        .offer
        .as_ref()
        .is_some_and(|offer| offer.to == target && !offer.kind.is_supervision());
    if !is_in && !is_offered {
        return Err(Rejection::TargetNotIn);
    }
    let mut change = attempt.change();
    change.kind = NotificationType::ParticipantsUpdated;
    if is_offered {
        change.withdraw_offer(RevokeReason::OwnerActed);
    }
    if is_in {
        take_out(&mut change, target);
    }
    Ok(change.finish())
}

/// Leaves the conversation. When the owner leaves, the longest present takes over; when nobody is
/// left, the customer's session ends and the owner keeps the interaction for what is to be done
/// afterwards. Once it has ended there is nothing left to leave: leaving again changes nothing,
/// because the documents list `Leave` among what an agent may do in `LeftChat` (ChatLeave).
pub(super) fn leave(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let handling = attempt.handling()?;
    match handling.mode {
        Mode::Chatting | Mode::LeftChat => {}
        Mode::Processing | Mode::Composing => return Err(attempt.wrong_state()),
    }
    let user = attempt.actor.user().ok_or(Rejection::NotOwner)?;
    if handling.by != user && handling.others.iter().all(|other| other.user != user) {
        return Err(Rejection::NotOwner);
    }
    let mut change = attempt.change();
    change.kind = NotificationType::ParticipantsUpdated;
    say::farewell(attempt, &mut change)?;
    if handling.by == user {
        owner_leaves(&mut change, handling);
        return Ok(change.finish());
    }
    tell_supervisors_alone(&mut change, handling, user);
    change.refuse_offer(user, Refused::Rejected);
    change.last_sees(user, Status::Completed);
    take_out(&mut change, user);
    Ok(change.finish())
}

fn owner_leaves(change: &mut Change<'_>, handling: &Handling) {
    if pass_on(change, RevokeReason::OwnerActed) {
        change.last_sees(handling.by, Status::Completed);
    } else if handling.mode == Mode::Chatting {
        chat::end(change, RevokeReason::OwnerActed, LeaveReason::Removed);
    }
}

/// Makes the longest present participant the owner; tells whether there was one. Supervisors are
/// none. An open offer of the former owner's is taken back.
pub(super) fn pass_on(change: &mut Change<'_>, reason: RevokeReason) -> bool {
    let Some(handling) = change.handling_mut() else { return false };
    let heir =
        handling.others.iter().find(|other| !other.role.is_supervision()).map(|other| other.user);
    heir.is_some_and(|heir| hand_over(change, heir, reason))
}

/// Makes a participant the owner in place of the present one; tells whether they were there.
fn hand_over(change: &mut Change<'_>, heir: UserId, reason: RevokeReason) -> bool {
    let since = change.context.now;
    let Some(handling) = change.handling_mut() else { return false };
    let Some(at) = handling.others.iter().position(|other| other.user == heir) else {
        return false;
    };
    let heir = handling.others.remove(at);
    let former = handling.by;
    handling.by = heir.user;
    handling.since = since;
    handling.nickname = heir.nickname;
    change.withdraw_offer(reason);
    change.facts.push(Fact::ParticipantLeft { user: former });
    change.facts.push(Fact::OwnerChanged { to: heir.user });
    change.kind = NotificationType::ParticipantsUpdated;
    true
}

/// Keeps it to themselves that a supervisor goes who only looked on: nobody else knew that they
/// were there.
pub(super) fn tell_supervisors_alone(change: &mut Change<'_>, handling: &Handling, user: UserId) {
    let is_hidden = handling
        .others
        .iter()
        .any(|other| other.user == user && other.role == ParticipantRole::Monitor);
    let is_offered = handling.offer.as_ref().is_some_and(|offer| offer.to == user);
    // An offer to them is the owner's business.
    if is_hidden && !is_offered {
        change.addressees = Addressees::Only(user);
    }
}

/// Takes a participant out.
pub(super) fn take_out(change: &mut Change<'_>, user: UserId) {
    let Some(handling) = change.handling_mut() else { return };
    let present = handling.others.len();
    handling.others.retain(|other| other.user != user);
    if handling.others.len() < present {
        change.facts.push(Fact::ParticipantLeft { user });
    }
}

fn live_chat<'a>(attempt: &Attempt<'a>) -> Result<&'a Handling, Rejection> {
    let handling = attempt.handling()?;
    if handling.mode == Mode::Chatting { Ok(handling) } else { Err(attempt.wrong_state()) }
}
