//! The rules of the state table: `decide(state, command, context) -> Decision | Rejection`.
//!
//! One arm per command, one call per arm; the families are the sibling modules. Each of them tries
//! its refusals from top to bottom in the contract's order (section 1): state, ownership, named
//! things that are unknown, targets that cannot take it. The stale epoch comes before all of them
//! and is tried here, once. What follows from a change of state (epoch, slots, timers, notices) is
//! derived in one place from the states before and after, see the private module `change`.

use crate::command::{Action, Command};
use crate::interaction::attempt::Attempt;
use crate::interaction::{
    Interaction, OfferKind, accept, attachments, chat, complete, draft, gone, offer, participants,
    place, reject, say, send, supervision, thread, transfer, user_data,
};
use crate::rejection::Rejection;

pub use crate::interaction::context::{Context, GonePolicy, Options, World};
pub use crate::interaction::decision::{Decision, TimerChange, TimerKind};

/// Decides what a command does to an interaction.
///
/// # Errors
///
/// A [`Rejection`] when the command is refused; then nothing changes. Refusals are tried in the
/// contract's order: stale epoch, state, ownership, named things that are unknown, targets that
/// cannot take it.
pub fn decide(
    before: &Interaction,
    command: &Command,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if let Some(given) = command.epoch.filter(|given| *given != before.epoch) {
        return Err(Rejection::StaleEpoch { given, current: before.epoch });
    }
    let farewell = command.farewell.as_ref().filter(|_| has_farewell(&command.action));
    let attempt = Attempt {
        before,
        actor: &command.actor,
        context,
        command: command.action.name(),
        farewell,
        note: command.note.as_deref(),
    };
    match &command.action {
        Action::Offer { to } => offer::offer(&attempt, *to),
        Action::ExpireOffer { number } => offer::expire(&attempt, *number),
        Action::Accept { nickname } => accept::accept(&attempt, nickname.as_deref()),
        Action::Reject => reject::reject(&attempt),
        Action::UpdateUserData(changes) | Action::AttachUserData(changes) => {
            user_data::update(&attempt, changes)
        }
        Action::DeleteUserData(removal) => user_data::delete(&attempt, removal),
        Action::Change(patch) => user_data::change(&attempt, patch),
        Action::SetDisposition { key, disposition } => {
            user_data::set_disposition(&attempt, key, disposition)
        }
        Action::AddComment(comment) => user_data::add_comment(&attempt, comment),
        Action::SetInFocus => user_data::set_in_focus(&attempt),
        Action::PlaceInQueue(queue) => place::in_queue(&attempt, queue),
        Action::PlaceInWorkbin(workbin) => place::in_workbin(&attempt, workbin),
        Action::Pull { from } => place::pull(&attempt, from.as_ref()),
        Action::Transfer(target) => transfer::transfer(&attempt, target),
        Action::Invite(agent) => participants::bring_in(&attempt, agent, OfferKind::Invite),
        Action::Consult(agent) => participants::bring_in(&attempt, agent, OfferKind::Consult),
        Action::ConsultQueue(queue) => participants::consult_queue(&attempt, queue),
        Action::RemoveParticipant(agent) => participants::remove(&attempt, agent),
        Action::Leave => participants::leave(&attempt),
        Action::EndChatSession => chat::end_session(&attempt),
        Action::Say(utterance) => say::say(&attempt, utterance),
        Action::CompleteTransfer { to } => participants::complete_transfer(&attempt, to.as_ref()),
        Action::CompleteConference { agent } => {
            participants::complete_conference(&attempt, agent.as_ref())
        }
        Action::Intrude { mode } => supervision::intrude(&attempt, *mode),
        Action::SwitchMode { mode } => supervision::switch_mode(&attempt, *mode),
        Action::CountDownload { file } => say::count_download(&attempt, *file),
        Action::CustomerLeft { reason } => chat::customer_left(&attempt, *reason),
        Action::CheckCustomer => chat::check_customer(&attempt),
        Action::CheckIdle => chat::check_idle(&attempt),
        Action::CheckWait => chat::check_wait(&attempt),
        Action::Complete { queue } => complete::complete(&attempt, queue.as_ref()),
        Action::CreateDraft(draft) => draft::create(&attempt, draft),
        Action::SaveDraft { email, subject } => draft::save(&attempt, email, subject.as_deref()),
        Action::Send(dispatch) => send::send(&attempt, dispatch),
        Action::AddAttachment(attachment) => attachments::add(&attempt, attachment),
        Action::RemoveAttachment(file) => attachments::remove(&attempt, *file),
        Action::Split => thread::split(&attempt),
        Action::Join { parent } => thread::join(&attempt, parent),
        Action::Cancel => draft::cancel(&attempt),
        Action::Delivered => send::delivered(&attempt),
        Action::DeliveryDeferred { reply, next } => send::delivery_deferred(&attempt, reply, *next),
        Action::DeliveryFailed { reason } => send::delivery_failed(&attempt, reason),
        Action::ExpireHandling => gone::expire_handling(&attempt),
        Action::AgentGone { user } => gone::agent_gone(&attempt, *user),
    }
}

/// Tells whether somebody goes by an action who may say something before.
const fn has_farewell(action: &Action) -> bool {
    matches!(action, Action::Transfer(_) | Action::Complete { .. } | Action::Leave)
}
