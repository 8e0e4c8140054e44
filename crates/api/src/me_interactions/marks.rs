//! What an agent leaves in an interaction for themselves, and that they look at it: `Save` of what
//! was typed in a chat, and `SetInFocus`.

use std::collections::BTreeMap;

use handoff_domain::{Action, Interaction, InteractionId, Visibility};
use handoff_engine::{Directory, Leaving, Mark, OwnMarks};

use crate::caller::Me;
use crate::commands::{self, Answer, Basis, Target, visible_of};
use crate::error::Refusal;
use crate::idempotency::Retry;
use crate::shared::Shared;
use crate::wire::envelope::Envelope;
use crate::wire::marks::{DraftMessage, MarksPart, ReadMessage};
use crate::wire::notification::encode;

/// Whether the caller looks at it, or does no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    On,
    Off,
}

/// That the caller looks at an interaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looking {
    pub(super) focus: Focus,
    /// The last message of a chat that they have read.
    pub(super) index: Option<u64>,
}

/// What was typed in a chat.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(super) text: String,
    pub(super) visibility: Visibility,
}

/// Keeps what was typed; returns the number of the request, which the caller's sessions are told.
pub(super) async fn keep(
    shared: &Shared,
    me: &Me,
    target: Target<'_>,
    typed: Typed,
) -> Result<i32, Refusal> {
    let Typed { text, visibility } = typed;
    let chat = visible_of(shared, me, target.id, target.media).await?;
    leave(shared, me, target, chat.id, Mark::Draft { text, visibility }).await
}

/// Hears that the caller looks at an interaction, and how far they have read it.
pub(super) async fn look(
    shared: &Shared,
    me: &Me,
    target: Target<'_>,
    envelope: Envelope,
    looking: Looking,
    retry: &Retry,
) -> Answer {
    let delivery = shared.engine().delivery();
    if looking.focus == Focus::Off
        && let Ok(id) = target.id.parse()
    {
        // Whatever refuses the rest: who has left it does not stay there.
        delivery.look_away(me.id(), Some(id)).await;
    }
    let seen = visible_of(shared, me, target.id, target.media).await?;
    if let Some(index) = looking.index {
        leave(shared, me, target, seen.id, Mark::Read { index }).await?;
    }
    let instruct = |_: &Interaction, _: &Directory| Ok(Action::SetInFocus.into());
    let answer =
        commands::perform(shared, me, target, envelope, retry, Basis::Request, instruct).await?;
    if looking.focus == Focus::On {
        delivery.look_at(me.id(), seen.id).await;
        if seen.chat().is_none() {
            leave(shared, me, target, seen.id, Mark::Look).await?;
        }
    }
    Ok(answer)
}

async fn leave(
    shared: &Shared,
    me: &Me,
    target: Target<'_>,
    chat: InteractionId,
    mark: Mark,
) -> Result<i32, Refusal> {
    let engine = shared.engine();
    let reference = engine.core().next_reference(me.id()).await?;
    let tell = |own: &OwnMarks| match &mark {
        Mark::Draft { .. } => encode(&DraftMessage::new(chat, own, reference)),
        Mark::Read { .. } | Mark::Look => encode(&ReadMessage::new(chat, own, reference)),
    };
    let leaving = Leaving { user: me.id(), chat, epoch: target.epoch, mark: mark.clone() };
    engine.leave_mark(&leaving, tell).await?;
    Ok(reference)
}

/// Returns what the caller left in those interactions, as it is shown.
///
/// # Errors
///
/// The store's own.
pub(crate) async fn shown<'a>(
    shared: &Shared,
    me: &Me,
    interactions: impl Iterator<Item = &'a Interaction> + Send,
) -> Result<BTreeMap<InteractionId, MarksPart>, handoff_store::StoreError> {
    let own = shared.engine().views().marks_of(me.id(), interactions).await?;
    Ok(own.iter().map(|(id, own)| (*id, MarksPart::of(own))).collect())
}
