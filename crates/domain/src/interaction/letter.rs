//! Letters: how an e-mail that came in becomes an interaction, and whether its sender is told that
//! it came.
//!
//! Whoever takes it in has found out what it answers and whom it is from, which needs a store; what
//! follows from that is decided here.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::center::Queue;
use crate::command::Actor;
use crate::event::Fact;
use crate::id::InteractionId;
use crate::interaction::change::{Change, Related};
use crate::interaction::context::Context;
use crate::interaction::decision::Decision;
use crate::interaction::open::{NewInteraction, open_with};
use crate::interaction::{Email, Interaction, Medium, State, Threading};
use crate::mail::{Automatic, untagged_key};
use crate::media::Direction;
use crate::rejection::Rejection;
use crate::time::Time;
use crate::user_data::UserData;

/// Why nobody has to do anything about a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Filing {
    /// It is one that this server sent.
    OwnMessage,
    /// It reports that something went well, or was read.
    Report,
    /// It is one of many that a program wrote to this server's own letters.
    Loop,
}

/// Why the server did not confirm that a letter came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Silence {
    /// A program wrote it, and programs do not answer each other (RFC 3834, section 2).
    Automatic(Automatic),
    Report,
    /// It does not say whom it is from.
    NoSender,
    /// It is from an address of the contact center itself.
    OwnAddress,
    /// Its sender was written to a short while ago.
    Lately,
    /// Nobody reads what is sent to its sender.
    Unread,
    /// As many confirmations as may go out in an hour have gone, in all or to where its sender is.
    TooMany,
}

impl Silence {
    /// How long after one confirmation the same sender gets no other, in ms: a day. RFC 3834,
    /// section 2, asks for a bound and suggests days.
    pub const LATELY_MS: u64 = 24 * 60 * 60 * 1_000;
}

/// What is known of the sender of a letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    /// Whether their address is one of the contact center's own.
    pub is_ours: bool,
    /// When the server last confirmed one of their letters.
    pub last_answered: Option<Time>,
}

/// Returns why the server must not confirm a letter; `None` when it may.
#[must_use]
pub fn silence(email: &Email, sender: Sender, now: Time) -> Option<Silence> {
    if email.report.is_some() {
        return Some(Silence::Report);
    }
    if let Some(why) = email.automatic {
        return Some(Silence::Automatic(why));
    }
    if email.from.is_empty() {
        return Some(Silence::NoSender);
    }
    if sender.is_ours {
        return Some(Silence::OwnAddress);
    }
    if is_unread(&email.from) {
        return Some(Silence::Unread);
    }
    let is_lately = |last: Time| last.plus_ms(Silence::LATELY_MS) > now;
    sender.last_answered.is_some_and(is_lately).then_some(Silence::Lately)
}

/// Tells whether an address says of itself that no person reads what is sent to it: programs' and
/// lists' (RFC 3834, section 2), and those that ask not to be answered.
fn is_unread(address: &str) -> bool {
    const PROGRAMS: &[&str] =
        &["mailerdaemon", "listserv", "majordomo", "bounce", "bounces", "nobody", "devnull"];
    const REFUSALS: &[&str] = &["noreply", "donotreply", "dontreply"];
    let key = untagged_key(address);
    let local = key.rsplit_once('@').map_or("", |(local, _)| local);
    let word: String = local.chars().filter(|character| character.is_alphanumeric()).collect();
    let is_list = local.starts_with("owner-")
        || ["-owner", "-request", "-bounces"].iter().any(|end| local.ends_with(end));
    let is_refusal = |refusal: &&str| word.starts_with(*refusal) || word.ends_with(*refusal);
    is_list || PROGRAMS.contains(&word.as_str()) || REFUSALS.iter().any(is_refusal)
}

/// What the server writes to confirm a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAcknowledgement {
    pub id: InteractionId,
    pub subject: String,
    /// The rest of it, with its `Message-ID`.
    pub email: Email,
}

/// What was found out about a letter beside what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Why it answers what it answers, or nothing.
    pub threading: Threading,
    /// What could not be read or was cut off, a sentence each.
    pub remarks: Vec<String>,
    /// What its sender is told; `None` when the queue says nothing to anybody.
    pub acknowledgement: Option<Result<NewAcknowledgement, Silence>>,
}

/// Decides how a letter comes into being. Its confirmation comes into being with it, on its way
/// out, and is among [`Decision::related`].
///
/// # Errors
///
/// Those of [`open`](super::open::open).
pub fn open_letter(
    new: NewInteraction,
    arrival: Arrival,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let queue = new.queue.clone();
    open_with(new, &Actor::Server, context, |change| {
        let parent = change.after.parent;
        change.facts.push(Fact::Threaded { parent, how: arrival.threading });
        change.facts.extend(arrival.remarks.into_iter().map(Fact::Remark));
        let crate::command::Named::Known(queue) = &queue else { return };
        match arrival.acknowledgement {
            Some(Ok(new)) => acknowledge(change, new, queue),
            Some(Err(why)) => change.facts.push(Fact::NotAcknowledged { why }),
            None => {}
        }
    })
}

fn acknowledge(change: &mut Change<'_>, new: NewAcknowledgement, queue: &Queue) {
    change.facts.push(Fact::Acknowledged { by: new.id });
    let letter = &change.after;
    let acknowledgement = Interaction {
        id: new.id,
        direction: Direction::Outbound,
        sub_type: SUB_TYPE.to_string(),
        external_id: None,
        parent: Some(letter.id),
        thread: Some(letter.thread_root()),
        subject: Some(new.subject),
        priority: queue.priority,
        user_data: UserData::default(),
        medium: Medium::Email(Email { sends: 1, ..new.email }),
        state: State::sending(None, change.context.now, change.context.now),
        epoch: 1,
        queued_at: None,
        ..letter.clone()
    };
    change.related.push(Related::New(acknowledgement, vec![Fact::Opened, Fact::SendStarted]));
}

/// The wire's `interactionSubType` of a confirmation, in the vocabulary of the platform whose API
/// this is.
const SUB_TYPE: &str = "OutboundAcknowledgement";
