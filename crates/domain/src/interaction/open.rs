//! Opening: how an interaction comes into being, in a queue or in the hands of the agent who makes
//! it.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec;

use crate::center::{Queue, SkillLevels};
use crate::chat::{Chat, ChatRequest};
use crate::command::{Actor, Named};
use crate::event::Fact;
use crate::id::{CenterId, InteractionId, UserId};
use crate::interaction::attempt::{Slot, may_take, queue_for};
use crate::interaction::change::{Change, Entry, Related};
use crate::interaction::context::Context;
use crate::interaction::decision::Decision;
use crate::interaction::say::check_nickname;
use crate::interaction::{Filing, Interaction, Medium, Mode, Outcome, State};
use crate::media::Direction;
use crate::rejection::{Noun, Rejection};
use crate::user_data::UserData;

/// Where a new interaction goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Into its queue.
    InQueue,
    /// Into the hands of the agent who makes it.
    InHands {
        /// How they work on it: `Composing` for an outbound e-mail, else as the medium has it.
        mode: Mode,
    },
    /// On file at once, because nobody has to do anything about it.
    Filed(Filing),
}

/// An interaction that is to come into being.
#[derive(Clone, Debug, PartialEq)]
pub struct NewInteraction {
    pub id: InteractionId,
    /// Its contact center.
    pub center: CenterId,
    /// Its medium, with the e-mail that it is or the conversation that it starts.
    pub medium: Medium<ChatRequest>,
    /// Who started it.
    pub direction: Direction,
    /// The wire's `interactionSubType`.
    pub sub_type: String,
    /// The submitter's own id for it.
    pub external_id: Option<String>,
    /// The interaction that it answers or follows.
    pub parent: Option<InteractionId>,
    /// The contact, when known.
    pub contact: Option<String>,
    pub subject: Option<String>,
    /// Its priority; `None` is the queue's.
    pub priority: Option<i64>,
    pub user_data: UserData,
    /// Its queue; for one in an agent's hands the queue that it belongs to.
    pub queue: Named<Queue>,
    /// Skills asked for beyond the queue's, for the first wait.
    pub skills: SkillLevels,
    /// Where it goes.
    pub placement: Placement,
}

/// Decides whether a new interaction comes into being, and how it starts.
///
/// A draft (`Composing`) of the interaction that [`World::parent`](super::context::World::parent)
/// gives becomes one of its open drafts; the original is then among [`Decision::related`].
///
/// # Errors
///
/// A [`Rejection`], tried in this order: a placement in hands by somebody who is no user, an
/// unknown queue or one of another medium, a customer's nickname or user data beyond a bound, an
/// unknown skill, no contact-center session, no free slot (a draft needs none).
pub fn open(
    new: NewInteraction,
    actor: &Actor,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    open_with(new, actor, context, |_| {})
}

/// Opens it; `tell` adds what the history says of it before it says where it went.
pub(super) fn open_with(
    new: NewInteraction,
    actor: &Actor,
    context: &Context<'_>,
    tell: impl FnOnce(&mut Change<'_>),
) -> Result<Decision, Rejection> {
    let placement = new.placement;
    let maker = match placement {
        Placement::InQueue | Placement::Filed(_) => None,
        Placement::InHands { mode } => Some((actor.user().ok_or(Rejection::NotOwner)?, mode)),
    };
    let media = new.medium.media();
    let queue = queue_for(context, &new.queue, &media)?;
    if let Medium::Chat(Some(chat)) = &new.medium {
        check_nickname(&chat.nickname)?;
    }
    new.user_data.check()?;
    if let Some(skill) = new.skills.keys().find(|skill| !context.world.has_skill(**skill)) {
        return Err(Rejection::Unknown { noun: Noun::Skill, name: skill.to_string() });
    }
    if let Some((user, mode)) = maker {
        let slot = if mode == Mode::Composing { Slot::NotNeeded } else { Slot::Needed };
        may_take(context, user, &media, slot)?;
    }
    let mode = media.inbound_mode();
    let skills = new.skills.clone();
    let since = context.now;
    let mut change = Change::of_new(unplaced(new, queue, context), actor, context);
    change.facts.push(Fact::Opened);
    tell(&mut change);
    match maker {
        None => {
            if let Placement::Filed(why) = placement {
                change.facts.push(Fact::Filed { why });
                change.after.state = State::Ended { outcome: Outcome::Completed, at: since };
                return Ok(change.finish());
            }
            change.after.submitter = actor.user();
            let entry = Entry { skills, ..Entry::of(queue, since) };
            change.enter_queue(entry, mode);
        }
        Some((user, mode)) => {
            change.hand_to(user, mode, None);
            if mode == Mode::Composing {
                list_draft(&mut change, user);
            }
        }
    }
    Ok(change.finish())
}

/// Makes the interaction without its place, which the caller gives it next.
fn unplaced(new: NewInteraction, queue: &Queue, context: &Context<'_>) -> Interaction {
    Interaction {
        id: new.id,
        center: new.center,
        medium: new.medium.map_conversation(|request| Chat::start(request, context.now)),
        direction: new.direction,
        sub_type: new.sub_type,
        external_id: new.external_id,
        parent: new.parent,
        thread: context
            .world
            .parent()
            .filter(|it| Some(it.id) == new.parent)
            .map(Interaction::thread_root),
        contact: new.contact,
        subject: new.subject,
        comment: None,
        notes: alloc::vec![],
        priority: new.priority.unwrap_or(queue.priority),
        received: context.now,
        user_data: new.user_data,
        state: State::Ended { outcome: Outcome::Canceled, at: context.now },
        epoch: 0,
        queue: Some(queue.id),
        queued_at: Some(context.now),
        offers: 0,
        drafts: BTreeSet::new(),
        concerned: BTreeSet::new(),
        submitter: None,
        disposition: None,
    }
}

/// Puts a draft that an agent made of their own accord on the list of its original, if that is
/// theirs: an open draft keeps an original from being completed, and nobody may keep another's work
/// open.
fn list_draft(change: &mut Change<'_>, maker: UserId) {
    let draft = change.after.id;
    let parent = change.after.parent;
    let original = change
        .context
        .world
        .parent()
        .filter(|it| Some(it.id) == parent && it.owner() == Some(maker));
    if let Some(original) = original {
        let mut original = original.clone();
        original.drafts.insert(draft);
        change.related.push(Related::Changed(original, vec![Fact::DraftCreated { draft }]));
    }
}
