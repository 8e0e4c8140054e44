//! The rules of the state table: `decide(state, command, context) -> Decision | Rejection`.
//!
//! One arm per command, one call per arm; the families are the sibling modules. Each of them tries
//! its refusals from top to bottom in the contract's order (section 1): state, ownership, named
//! things that are unknown, targets that cannot take it. The stale epoch comes before all of them
//! and is tried here, once. What follows from a change of state (epoch, slots, timers, notices) is
//! derived in one place from the states before and after, see the private module `change`.

use crate::command::{Action, Actor, Command, CustomerAction, SystemAction, UserCommand};
use crate::interaction::attempt::{Attempt, Purpose};
use crate::interaction::{
    Interaction, OfferKind, accept, attachments, chat, complete, draft, gone, offer, on_behalf,
    participants, place, reject, remind, say, send, supervision, thread, transfer, user_data,
};
use crate::rejection::Rejection;

pub use crate::interaction::context::{Context, GonePolicy, Options, World};
pub use crate::interaction::decision::{Decision, TimerChange, TimerKind};
pub use crate::interaction::notices::ForNotices;

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
    let actor = command.actor();
    let attempt = Attempt {
        before,
        actor: &actor,
        context,
        command: command.operation(),
        farewell: None,
        note: None,
        purpose: Purpose::CarryOut,
    };
    match command {
        Command::User(command) => by_user(attempt, command),
        Command::Customer(action) => by_customer(&attempt, action),
        Command::System(action) => by_system(&attempt, action),
    }
}

/// Returns why a user's command would be refused; `None` when it would be carried out.
pub(crate) fn refusal(
    before: &Interaction,
    command: &UserCommand,
    context: &Context<'_>,
) -> Option<Rejection> {
    let attempt = Attempt {
        before,
        actor: &Actor::User(command.caller.clone()),
        context,
        command: command.action.operation(),
        farewell: None,
        note: None,
        purpose: Purpose::Ask,
    };
    by_user(attempt, command).err()
}

fn by_user(attempt: Attempt<'_>, command: &UserCommand) -> Result<Decision, Rejection> {
    let current = attempt.before.epoch;
    if let Some(given) = command.epoch.filter(|given| *given != current) {
        return Err(Rejection::StaleEpoch { given, current });
    }
    let farewell = command.farewell.as_ref().filter(|_| has_farewell(&command.action));
    let attempt = &Attempt { farewell, note: command.note.as_deref(), ..attempt };
    match &command.action {
        Action::Accept { nickname } => accept::accept(attempt, nickname.as_deref()),
        Action::Reject => reject::reject(attempt),
        Action::UpdateUserData(changes) | Action::AttachUserData(changes) => {
            user_data::update(attempt, changes)
        }
        Action::DeleteUserData(removal) => user_data::delete(attempt, removal),
        Action::Change(patch) => user_data::change(attempt, patch),
        Action::SetDisposition { key, disposition } => {
            user_data::set_disposition(attempt, key, disposition)
        }
        Action::AddComment(comment) => user_data::add_comment(attempt, comment),
        Action::UseResponse(response) => user_data::use_response(attempt, *response),
        Action::SetInFocus => user_data::set_in_focus(attempt),
        Action::PlaceInQueue(queue) => place::in_queue(attempt, queue),
        Action::PlaceInWorkbin(workbin, until) => place::in_workbin(attempt, workbin, *until),
        Action::Pull { from } => place::pull(attempt, from.as_ref()),
        Action::Take { to } => on_behalf::take(attempt, to.as_ref()),
        Action::SetPriority(priority) => on_behalf::set_priority(attempt, *priority),
        Action::Widen => on_behalf::widen(attempt),
        Action::Transfer(target) => transfer::transfer(attempt, target),
        Action::Invite(agent) => participants::bring_in(attempt, agent, OfferKind::Invite),
        Action::Consult(agent) => participants::bring_in(attempt, agent, OfferKind::Consult),
        Action::ConsultQueue(queue) => participants::consult_queue(attempt, queue),
        Action::RemoveParticipant(agent) => participants::remove(attempt, agent),
        Action::Leave => participants::leave(attempt),
        Action::EndChatSession => chat::end_session(attempt),
        Action::Say(utterance) => say::say(attempt, utterance),
        Action::CompleteTransfer { to } => participants::complete_transfer(attempt, to.as_ref()),
        Action::CompleteConference { agent } => {
            participants::complete_conference(attempt, agent.as_ref())
        }
        Action::Intrude { mode, nickname } => {
            supervision::intrude(attempt, *mode, nickname.as_deref())
        }
        Action::SwitchMode { mode } => supervision::switch_mode(attempt, *mode),
        Action::Complete { queue } => complete::complete(attempt, queue.as_ref()),
        Action::CreateDraft(draft) => draft::create(attempt, draft),
        Action::SaveDraft { email, subject } => draft::save(attempt, email, subject.as_deref()),
        Action::Send(dispatch) => send::send(attempt, dispatch),
        Action::CancelSend => send::cancel(attempt),
        Action::AddAttachment(attachment) => attachments::add(attempt, attachment),
        Action::RemoveAttachment(file) => attachments::remove(attempt, *file),
        Action::Split => thread::split(attempt),
        Action::Join { parent } => thread::join(attempt, parent),
        Action::Cancel => draft::cancel(attempt),
    }
}

fn by_customer(attempt: &Attempt<'_>, action: &CustomerAction) -> Result<Decision, Rejection> {
    match action {
        CustomerAction::Say(utterance) => say::say(attempt, utterance),
        CustomerAction::UpdateUserData(changes) => user_data::update(attempt, changes),
        CustomerAction::CountDownload { file } => say::count_download(attempt, *file),
        CustomerAction::Leave { reason } => chat::customer_left(attempt, *reason),
    }
}

fn by_system(attempt: &Attempt<'_>, action: &SystemAction) -> Result<Decision, Rejection> {
    match action {
        SystemAction::Offer { to, of } => offer::offer(attempt, *to, *of),
        SystemAction::ExpireOffer { number, running_since } => {
            offer::expire(attempt, *number, *running_since)
        }
        SystemAction::ExpireHandling => gone::expire_handling(attempt),
        SystemAction::AgentGone { user } => gone::agent_gone(attempt, *user),
        SystemAction::CheckCustomer { listening_since } => {
            chat::check_customer(attempt, *listening_since)
        }
        SystemAction::CheckIdle => chat::check_idle(attempt),
        SystemAction::CheckWait => chat::check_wait(attempt),
        SystemAction::Remind => remind::remind(attempt),
        SystemAction::Delivered => send::delivered(attempt),
        SystemAction::DeliveryDeferred { reply, next } => {
            send::delivery_deferred(attempt, reply, *next)
        }
        SystemAction::DeliveryFailed { reason } => send::delivery_failed(attempt, reason),
        SystemAction::Requeue(queue) => place::requeue(attempt, queue),
        SystemAction::ReplaceQueue(queue) => place::replace_queue(attempt, queue),
    }
}

/// Tells whether somebody goes by an action who may say something before.
const fn has_farewell(action: &Action) -> bool {
    matches!(action, Action::Transfer(_) | Action::Complete { .. } | Action::Leave)
}
