//! From a parsed request to the engine and back: the few steps that every operation on an
//! interaction takes.

use std::sync::Arc;

use handoff_domain::{Action, Interaction, InteractionId, Media, UserCommand, Utterance};
use handoff_engine::{CommandRequest, Directory, Done, ExecuteError};

use crate::caller::Me;
use crate::error::{Code, Refusal};
use crate::idempotency::Retry;
use crate::shared::Shared;
use crate::wire::envelope::{Envelope, JsonText};
use crate::wire::names::status_name;

/// What a handler returns.
pub type Answer = Result<JsonText, Refusal>;

/// Returns an interaction that the caller may see. Every other reads like one that does not exist,
/// malformed ids included (docs/compat/conventions.md#refusals).
///
/// # Errors
///
/// Code 6, or the store's.
pub async fn visible(shared: &Shared, me: &Me, id: &str) -> Result<Arc<Interaction>, Refusal> {
    let Ok(id) = id.parse::<InteractionId>() else { return Err(Refusal::not_found("interaction")) };
    let found = shared.engine().views().interaction_for(me.id(), id).await?;
    found.ok_or_else(|| Refusal::not_found("interaction"))
}

/// The same, by the door of one medium: an interaction of another is not behind it.
///
/// # Errors
///
/// Code 6, or the store's.
pub async fn visible_of(
    shared: &Shared,
    me: &Me,
    id: &str,
    media: Option<&Media>,
) -> Result<Arc<Interaction>, Refusal> {
    let found = visible(shared, me, id).await?;
    if media.is_none_or(|media| found.media() == *media) {
        return Ok(found);
    }
    Err(Refusal::not_found("interaction"))
}

/// One interaction as a request names it, and on what terms.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its id, or whatever text came in its place.
    pub id: &'a str,
    /// The medium whose door it was named at; `None` for the doors of all.
    pub media: Option<&'a Media>,
    /// The epoch that the caller believes current.
    pub epoch: Option<u64>,
}

/// What is to be done with an interaction, whoever wants it.
#[derive(Clone, Debug)]
pub struct Instruction {
    pub action: Action,
    /// What is said first in a live chat, by an agent who goes.
    pub farewell: Option<Utterance>,
    /// What is said to whom it is offered.
    pub note: Option<String>,
}

impl From<Action> for Instruction {
    fn from(action: Action) -> Self {
        Self { action, farewell: None, note: None }
    }
}

/// What it takes to say what is to be done with an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The request, and of the interaction what never changes. Then it is not read: the engine
    /// compares what it remembers when it commits, and reads it before it refuses.
    Request,
    /// The same, or of an e-mail how it is now.
    RequestUnlessEmail,
    /// The interaction as it is now.
    Present,
}

impl Basis {
    /// Tells whether an interaction need not be read, as far as this goes.
    fn is_met_by(self, remembered: &Interaction) -> bool {
        match self {
            Self::Request => true,
            Self::RequestUnlessEmail => remembered.email().is_none(),
            Self::Present => false,
        }
    }
}

/// Carries out an operation on one interaction; `instruct` says what, once the interaction is
/// found, and rests on no more than `basis`.
///
/// # Errors
///
/// Code 6 for an interaction that the caller may not see, or why it was refused.
pub async fn perform(
    shared: &Shared,
    me: &Me,
    target: Target<'_>,
    envelope: Envelope,
    retry: &Retry,
    basis: Basis,
    instruct: impl FnOnce(&Interaction, &Directory) -> Result<Instruction, Refusal> + Send,
) -> Answer {
    if let Some(answer) = retry.earlier(shared, me).await? {
        return Ok(answer);
    }
    let engine = shared.engine();
    let remembered = remembered_of(shared, me, target).filter(|known| basis.is_met_by(known));
    let interaction = match &remembered {
        Some(known) => known.clone(),
        None => visible_of(shared, me, target.id, target.media).await?,
    };
    let instruction = instruct(&interaction, &engine.core().directory());
    if instruction.is_err() && remembered.is_some() {
        // That it cannot be seen any more is told first.
        visible_of(shared, me, target.id, target.media).await?;
    }
    let Instruction { action, farewell, note } = instruction?;
    let reference = engine.core().next_reference(me.id()).await?;
    let answer = envelope.success(Some(reference));
    let receipt = retry.receipt(me, &answer, engine.core().now());
    let caller = me.caller();
    let command = UserCommand { caller, epoch: target.epoch, action, farewell, note };
    let attempt = CommandRequest {
        reference: Some(reference),
        receipt,
        ..CommandRequest::new(interaction.id, command)
    };
    carry_out(shared, me, &attempt, answer).await
}

/// Returns an interaction as it is remembered, if the caller could see it then.
fn remembered_of(shared: &Shared, me: &Me, target: Target<'_>) -> Option<Arc<Interaction>> {
    let known = shared.engine().views().remembered_for(me.id(), target.id.parse().ok()?)?;
    target.media.is_none_or(|media| known.media() == *media).then_some(known)
}

/// Carries out a command; `answer` is what its caller gets for it.
///
/// # Errors
///
/// The engine's, as refusals; a code 2 says which state the interaction is in.
pub async fn carry_out(
    shared: &Shared,
    me: &Me,
    attempt: &CommandRequest,
    answer: JsonText,
) -> Answer {
    match shared.engine().commands().execute(attempt).await {
        Ok(Done::Now { .. }) => Ok(answer),
        Ok(Done::Before(receipt)) => Ok(JsonText(receipt.answer)),
        Err(error) => Err(with_state(shared, me, attempt.id, error).await),
    }
}

async fn with_state(shared: &Shared, me: &Me, id: InteractionId, error: ExecuteError) -> Refusal {
    let is_refused = matches!(error, ExecuteError::Rejected(_));
    let refusal = Refusal::from(error);
    if !is_refused || refusal.code != Code::WrongState {
        return refusal;
    }
    let Ok(Some(interaction)) = shared.engine().views().interaction_for(me.id(), id).await else {
        return refusal;
    };
    let state = status_name(interaction.status_for(me.id()));
    if refusal.sentence.contains(state) {
        return refusal;
    }
    refusal.adding(&format!("The interaction is {state}."))
}
