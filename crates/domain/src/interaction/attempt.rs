//! One command at one interaction, and the refusals that many commands share.

use alloc::string::{String, ToString};

use crate::center::{Queue, Role, User};
use crate::chat::Utterance;
use crate::command::{Actor, Named};
use crate::event::{Fact, RevokeReason};
use crate::id::UserId;
use crate::interaction::change::Change;
use crate::interaction::context::Context;
use crate::interaction::{Handling, Interaction, Mode, Offer, State, Status, say};
use crate::media::Media;
use crate::operation::Operation;
use crate::rejection::{Noun, Rejection};

/// One command at one interaction.
pub(super) struct Attempt<'a> {
    /// The interaction as it is.
    pub(super) before: &'a Interaction,
    /// Who wants it.
    pub(super) actor: &'a Actor,
    /// What the decision depends on beside.
    pub(super) context: &'a Context<'a>,
    /// What kind of command it is, for refusals.
    pub(super) command: Operation,
    /// What the caller says before they go.
    pub(super) farewell: Option<&'a Utterance>,
    /// What the caller says to whom it is offered.
    pub(super) note: Option<&'a str>,
    pub(super) purpose: Purpose,
}

/// Where an interaction is that is put elsewhere.
pub(super) struct Placed {
    pub(super) mode: Mode,
    /// Whose it is, when it is in somebody's hands.
    pub(super) owner: Option<UserId>,
}

/// What a decision is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It is carried out.
    CarryOut,
    /// Somebody asks whether it would be refused. What follows from it, which refuses nothing, is
    /// not worked out: agents are told with each message what they may do, so this is asked for
    /// every operation many times more often than anything is carried out.
    Ask,
}

impl<'a> Attempt<'a> {
    /// Returns the refusal of a command that the state does not allow.
    pub(super) fn wrong_state(&self) -> Rejection {
        let status = match self.actor.user() {
            Some(reader) => self.before.status_for(reader),
            None => self.before.status(),
        };
        Rejection::WrongState { status, command: self.command }
    }

    /// Returns the handling of an interaction that somebody owns; anything else is the wrong state.
    pub(super) fn handling(&self) -> Result<&'a Handling, Rejection> {
        self.before.handling().ok_or_else(|| self.wrong_state())
    }

    /// Returns the owner, who must be the caller.
    pub(super) fn owner(&self, handling: &Handling) -> Result<UserId, Rejection> {
        match self.actor.user() {
            Some(user) if user == handling.by => Ok(user),
            Some(_) | None => Err(Rejection::NotOwner),
        }
    }

    /// Returns where it is, for whoever may put it elsewhere: its owner, or a supervisor on
    /// anybody's behalf, also where nobody has it.
    pub(super) fn placed(&self) -> Result<Placed, Rejection> {
        let may_act_for_others = self.supervisor().is_some();
        match &self.before.state {
            State::Handling(handling) => {
                let is_own = self.actor.user() == Some(handling.by);
                let placed = Placed { mode: handling.mode, owner: Some(handling.by) };
                if is_own || may_act_for_others { Ok(placed) } else { Err(Rejection::NotOwner) }
            }
            State::Queued(wait) | State::Invited(wait, _) if may_act_for_others => {
                Ok(Placed { mode: wait.mode, owner: None })
            }
            State::Parked { mode, .. } if may_act_for_others => {
                Ok(Placed { mode: *mode, owner: None })
            }
            _ => Err(self.wrong_state()),
        }
    }

    /// Returns the caller, if they are a supervisor.
    pub(super) fn supervisor(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(caller) if caller.roles.contains(&Role::Supervisor) => Some(caller.user),
            _ => None,
        }
    }

    /// Begins to put it elsewhere. Its owner sees `last` when they do so themselves, and otherwise
    /// that it was taken away.
    pub(super) fn leave(&self, placed: &Placed, last: Status, change: &mut Change<'_>) {
        let reason = match placed.owner {
            Some(owner) if self.actor.user() == Some(owner) => {
                change.last_sees(owner, last);
                RevokeReason::OwnerActed
            }
            _ => RevokeReason::SupervisorActed,
        };
        if let State::Invited(_, offer) = &self.before.state {
            change.facts.push(Fact::OfferRevoked { to: offer.to, reason });
        }
        change.withdraw_offer(reason);
        change.withdraw_supervision_offers(reason);
    }

    /// Returns what the caller was offered. Where nothing is offered but what supervisors asked
    /// for, which is no business of theirs, it is the wrong state.
    pub(super) fn offer(&self) -> Result<&'a Offer, Rejection> {
        let own = self.actor.user().and_then(|user| self.before.offer_to(user));
        let refusal =
            || self.before.offer().map_or_else(|| self.wrong_state(), |_| Rejection::NotOffered);
        own.ok_or_else(refusal)
    }

    /// Returns what goes along with an offer.
    pub(super) fn note(&self) -> Result<Option<String>, Rejection> {
        say::at_most("note", self.note, Offer::NOTE_CHARS_MAX)?;
        Ok(self.note.filter(|note| !note.trim().is_empty()).map(ToString::to_string))
    }

    /// Starts the change that the command makes.
    pub(super) fn change(&self) -> Change<'a> {
        Change::of(self.before, self.actor, self.context, self.purpose)
    }
}

/// Returns the queue that is named, as it is now, when it takes interactions of that medium.
pub(super) fn queue_for<'a>(
    context: &Context<'a>,
    named: &Named<Queue>,
    media: &Media,
) -> Result<&'a Queue, Rejection> {
    of_medium(context, named.known(Noun::Queue)?, media)
}

/// Returns the queue, as it is now, when it takes interactions of that medium.
pub(super) fn of_medium<'a>(
    context: &Context<'a>,
    named: &Queue,
    media: &Media,
) -> Result<&'a Queue, Rejection> {
    let gone = || Rejection::Unknown { noun: Noun::Queue, name: named.name.clone() };
    let queue = context.world.queue(named.id).ok_or_else(gone)?;
    if queue.media == *media {
        Ok(queue)
    } else {
        Err(Rejection::WrongMedia { queue: queue.name.clone() })
    }
}

/// Refuses somebody who cannot take one interaction more into their hands: it takes a
/// contact-center session, and a free slot when the interaction needs one. Reach and readiness do
/// not matter, because the agent asks for it themselves (docs/compat/agents.md#capacity).
pub(super) fn may_take(
    context: &Context<'_>,
    user: UserId,
    media: &Media,
    slot: Slot,
) -> Result<(), Rejection> {
    let desk = context
        .world
        .desk(user)
        .filter(|desk| desk.session.is_some())
        .ok_or(Rejection::NoSession)?;
    let has_room =
        || context.world.user(user).is_some_and(|user: &User| desk.has_room(user, media));
    match slot {
        Slot::Needed if !has_room() => Err(Rejection::Full),
        Slot::Needed | Slot::NotNeeded => Ok(()),
    }
}

/// Whether an interaction takes a slot of whoever holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// It does.
    Needed,
    /// It is a draft (docs/compat/agents.md#gone).
    NotNeeded,
}
