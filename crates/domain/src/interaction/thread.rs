//! Threads: which e-mail answers which.
//!
//! Every e-mail is an interaction of its own. What it answers is its parent, and the first of them
//! all is the thread that they share. Whoever takes a letter in finds out where it belongs; a
//! person who knows better splits it off or joins it elsewhere.
//!
//! A parent was always there before its answer, so that no circle can come about, whatever people
//! join. When an e-mail moves, what was written in answer to it keeps the thread that it has: to
//! move a whole branch is to join the rest of it as well.

use alloc::string::ToString;

use crate::command::{Actor, Named};
use crate::event::{Fact, NotificationType};
use crate::id::InteractionId;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::Change;
use crate::interaction::decision::Decision;
use crate::interaction::user_data::is_senior;
use crate::media::{Direction, Media};
use crate::rejection::{Noun, Rejection};

/// Why an e-mail is where it is in a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Threading {
    /// It brings a token that only the recipients of its parent were given.
    Token,
    /// It names a message of its sender, or one that was sent to them.
    KnownMessage,
    /// It reports on a message of ours.
    ReportOn,
    /// It names messages, but nothing shows that it belongs to them.
    NotProven(Unproven),
    NothingNamed,
    /// Somebody split it off.
    Split,
    /// Somebody joined it.
    Joined,
}

/// Why a message that names others is not put with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Unproven {
    /// Nobody here knows any of them.
    UnknownMessage,
    /// What it names is between other people.
    SomebodyElses,
}

/// Makes an inbound e-mail the first of a thread of its own.
pub(super) fn split(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    may_move(attempt)?;
    let mut change = attempt.change();
    change.after.thread = None;
    Ok(moved(change, None, Threading::Split))
}

/// Puts an inbound e-mail into the thread of an earlier e-mail, as an answer to it.
pub(super) fn join(
    attempt: &Attempt<'_>,
    parent: &Named<InteractionId>,
) -> Result<Decision, Rejection> {
    may_move(attempt)?;
    let id = *parent.known(Noun::Interaction)?;
    let is_here = |it: &&_| is_email_of(it, attempt);
    let unknown = || Rejection::Unknown { noun: Noun::Interaction, name: id.to_string() };
    let parent = attempt
        .context
        .world
        .joined()
        .filter(|it| it.id == id)
        .filter(is_here)
        .ok_or_else(unknown)?;
    if parent.received >= attempt.before.received {
        return Err(Rejection::NotEarlier);
    }
    let mut change = attempt.change();
    change.after.thread = Some(parent.thread_root());
    Ok(moved(change, Some(id), Threading::Joined))
}

fn is_email_of(parent: &crate::interaction::Interaction, attempt: &Attempt<'_>) -> bool {
    parent.center == attempt.before.center && parent.media() == Media::Email
}

/// Lets the owner move an inbound e-mail, and supervisors and admins as long as it is not over. A
/// draft belongs to what it answers.
fn may_move(attempt: &Attempt<'_>) -> Result<(), Rejection> {
    let before = attempt.before;
    let is_letter = before.media() == Media::Email && before.direction == Direction::Inbound;
    if !is_letter || before.is_ended() {
        return Err(attempt.wrong_state());
    }
    match attempt.actor {
        Actor::User(caller) if before.owner() == Some(caller.user) || is_senior(caller) => Ok(()),
        Actor::User(_) | Actor::Customer | Actor::Router | Actor::Server | Actor::Mailer => {
            Err(Rejection::NotOwner)
        }
    }
}

fn moved(mut change: Change<'_>, parent: Option<InteractionId>, how: Threading) -> Decision {
    change.after.parent = parent;
    change.kind = NotificationType::PropertiesUpdated;
    change.facts.push(Fact::Threaded { parent, how });
    change.finish()
}
