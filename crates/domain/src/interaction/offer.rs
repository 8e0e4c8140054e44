//! Offers: what somebody may accept, the router's own, and its end by time.

use alloc::string::{String, ToString};
use core::fmt::Display;

use crate::id::UserId;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::Refused;
use crate::interaction::decision::Decision;
use crate::interaction::{Interaction, ParticipantRole, State};
use crate::rejection::{Noun, Rejection};
use crate::routing::{self, Exclusion, Waiting};
use crate::time::Time;

/// Why somebody is offered an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum OfferKind {
    /// The router found them.
    Routed,
    /// The owner wants to hand it over.
    Transfer,
    /// The owner wants them in the conversation.
    Invite,
    /// The owner wants their advice; the customer does not see them.
    Consult,
    /// A supervisor wants to look on; only supervisors see them.
    Monitor,
    /// A supervisor wants to advise the agents; the customer does not see them.
    Coach,
    /// A supervisor wants to take part openly.
    BargeIn,
}

impl OfferKind {
    /// Returns what whoever accepts it is in the conversation; `None` when they become its owner.
    #[must_use]
    pub const fn role(self) -> Option<ParticipantRole> {
        match self {
            Self::Routed | Self::Transfer => None,
            Self::Invite => Some(ParticipantRole::Invited),
            Self::Consult => Some(ParticipantRole::Consulted),
            Self::Monitor => Some(ParticipantRole::Monitor),
            Self::Coach => Some(ParticipantRole::Coach),
            Self::BargeIn => Some(ParticipantRole::BargeIn),
        }
    }

    /// Tells whether it is a supervisor's own way into a chat. It takes no slot of theirs.
    #[must_use]
    pub fn is_supervision(self) -> bool {
        self.role().is_some_and(ParticipantRole::is_supervision)
    }
}

/// An open offer. It ends in accept, reject, expiry or revocation, and in exactly one of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Offer {
    /// Its number within the interaction, from 1; a timer names it, so that a late timer cannot end
    /// a later offer.
    pub number: u64,
    /// Who may accept it.
    pub to: UserId,
    /// Why.
    pub kind: OfferKind,
    /// When it was made.
    pub since: Time,
    /// When it ends by itself.
    pub expires: Time,
    /// What whoever made it says to its target.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub note: Option<String>,
    /// The name that a supervisor who asked for it wants to go by.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub nickname: Option<String>,
}

impl Offer {
    /// Most characters of a note: a few sentences.
    pub const NOTE_CHARS_MAX: usize = 1_000;
}

impl Interaction {
    /// Returns the open offer: the router's, or the owner's. What supervisors asked for is no
    /// such offer.
    #[must_use]
    pub const fn offer(&self) -> Option<&Offer> {
        match &self.state {
            State::Invited(_, offer) => Some(offer),
            State::Handling(handling) => handling.offer.as_ref(),
            State::Queued(_)
            | State::Parked { .. }
            | State::Sending { .. }
            | State::Ended { .. } => None,
        }
    }

    /// Returns what supervisors asked for and have not taken yet.
    #[must_use]
    pub fn supervision_offers(&self) -> &[Offer] {
        self.handling().map_or(&[], |handling| &handling.supervision_offers)
    }

    /// Returns everything that somebody may accept now: the open offer and what
    /// supervisors asked for.
    pub fn acceptable(&self) -> impl Iterator<Item = &Offer> {
        self.offer().into_iter().chain(self.supervision_offers())
    }

    /// Returns what a user may accept.
    #[must_use]
    pub fn offer_to(&self, user: UserId) -> Option<&Offer> {
        self.acceptable().find(|offer| offer.to == user)
    }
}

/// Offers a waiting interaction to the agent whom the router found. Every routing rule is tried
/// again here, on the state that the commit guards: the router may have planned with an older one.
pub(super) fn offer(attempt: &Attempt<'_>, to: UserId, of: u32) -> Result<Decision, Rejection> {
    let State::Queued(wait) = &attempt.before.state else { return Err(attempt.wrong_state()) };
    let world = attempt.context.world;
    let unknown = |noun, id: &dyn Display| Rejection::Unknown { noun, name: id.to_string() };
    let queue = world.queue(wait.queue).ok_or_else(|| unknown(Noun::Queue, &wait.queue))?;
    let user = world.user(to).ok_or_else(|| unknown(Noun::User, &to))?;
    let media = attempt.before.media();
    let waiting = Waiting::of(attempt.before, &media, wait);
    let desk = world.desk(to).ok_or(Rejection::TargetUnreachable)?;
    if let Some(exclusion) = routing::exclusion(
        &waiting,
        queue,
        routing::Agent { user, desk: &desk },
        attempt.context.now,
    ) {
        return Err(refusal(&exclusion));
    }
    let mut change = attempt.change();
    change.offer_of(of, to, queue.invite_timeout_ms);
    Ok(change.finish())
}

/// Ends an offer whose time is over. The number keeps a late timer from ending a later offer.
pub(super) fn expire(
    attempt: &Attempt<'_>,
    number: u64,
    running_since: Time,
) -> Result<Decision, Rejection> {
    let offer = attempt.before.acceptable().find(|offer| offer.number == number);
    let offer = offer.ok_or_else(|| attempt.wrong_state())?;
    let mut change = attempt.change();
    change.refuse_offer(offer.to, Refused::Expired);
    if offer.since < running_since {
        // For a part of its time nobody could answer it.
        change.heard = None;
    }
    Ok(change.finish())
}

pub(super) const fn refusal(exclusion: &Exclusion) -> Rejection {
    match exclusion {
        Exclusion::NoSession | Exclusion::Unreachable => Rejection::TargetUnreachable,
        Exclusion::NotReady | Exclusion::DoNotDisturb => Rejection::TargetNotReady,
        Exclusion::Full => Rejection::TargetFull,
        Exclusion::QueueUnserved
        | Exclusion::Disabled
        | Exclusion::NotAnAgent
        | Exclusion::NotInGroups
        | Exclusion::MissingSkill { .. }
        | Exclusion::PassedUntil { .. }
        | Exclusion::PassedAndOthersEligible { .. } => Rejection::TargetNotEligible,
    }
}
