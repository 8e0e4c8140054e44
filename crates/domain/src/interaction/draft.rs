//! Drafts: answering an inbound e-mail, saving, sending and giving up.
//!
//! An original knows its open drafts and cannot be completed while it has any. A draft is open from its making until it is sent or given
//! up; one that could not be delivered is open again. So the original may be completed as soon as its answer is on its way.

use alloc::string::{String, ToString};
use alloc::vec;

use crate::center::Workbin;
use crate::command::{Actor, Draft, DraftKind};
use crate::event::{Fact, NotificationType, RevokeReason};
use crate::id::UserId;
use crate::interaction::attempt::{Attempt, queue_for};
use crate::interaction::change::{Change, Related, Told};
use crate::interaction::decision::Decision;
use crate::interaction::{Email, Handling, Interaction, Mode, Outcome, State, Status};
use crate::media::{Direction, Media};
use crate::rejection::Rejection;

/// Makes a draft that answers an inbound e-mail which its owner is working on. It is his at once, as `Composing`.
pub(super) fn create(attempt: &Attempt<'_>, draft: &Draft) -> Result<Decision, Rejection> {
    let original = attempt.before;
    let handling = attempt.handling()?;
    let is_answerable = original.media == Media::Email && original.direction == Direction::Inbound;
    if !is_answerable || handling.mode != Mode::Processing {
        return Err(attempt.wrong_state());
    }
    let owner = attempt.owner(handling)?;
    let queue = draft.queue.as_ref().map(|named| queue_for(named, &Media::Email)).transpose()?;
    let mut user_data = original.user_data.clone();
    user_data.update(&draft.user_data);
    user_data.check()?;
    let now = attempt.context.now;
    let new = Interaction {
        id: attempt.context.draft_id,
        direction: Direction::Outbound,
        sub_type: sub_type(draft.kind).to_string(),
        external_id: None,
        parent: Some(original.id),
        subject: draft.subject.clone(),
        comment: None,
        received: now,
        user_data,
        email: Some(draft.email.clone()),
        chat: None,
        state: State::Handling(Handling {
            by: owner,
            since: now,
            mode: Mode::Composing,
            nickname: None,
            offer: None,
            others: vec![],
            seats: vec![],
        }),
        epoch: 1,
        queue: queue.map(|queue| queue.id),
        queued_at: queue.map(|_| now),
        offers: 0,
        drafts: [].into(),
        concerned: [owner].into(),
        ..original.clone()
    };
    let mut change = attempt.change();
    change.facts.push(Fact::DraftCreated { draft: new.id });
    change.after.drafts.insert(new.id);
    // What the agent sees is the draft; that the original has one is history.
    change.told = Told::Nobody;
    change.related.push(Related::New(new, vec![Fact::Opened]));
    Ok(change.finish())
}

/// Gives the draft's `interactionSubType`, in the vocabulary of the platform whose API this is (`OutboundReply` for both kinds of reply;
/// a forwarded mail is a redirected one there, which is the nearest name it has).
const fn sub_type(kind: DraftKind) -> &'static str {
    match kind {
        DraftKind::Reply | DraftKind::ReplyAll => "OutboundReply",
        DraftKind::Forward => "OutboundRedirect",
    }
}

/// Keeps the draft's present text.
pub(super) fn save(
    attempt: &Attempt<'_>,
    email: &Email,
    subject: Option<&str>,
) -> Result<Decision, Rejection> {
    let handling = composing(attempt)?;
    attempt.owner(handling)?;
    let mut change = attempt.change();
    change.kind = NotificationType::DraftSaved;
    change.facts.push(Fact::DraftSaved);
    change.after.email = Some(email.clone());
    if let Some(subject) = subject {
        change.after.subject = Some(subject.to_string());
    }
    Ok(change.finish())
}

/// Gives the draft to the outgoing mail worker. Nobody owns it from then on; whoever sent it is told of the end.
pub(super) fn send(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let handling = composing(attempt)?;
    let by = attempt.owner(handling)?;
    let mut change = attempt.change();
    change.withdraw_offer(RevokeReason::OwnerActed);
    change.facts.push(Fact::SendStarted);
    change.after.state = State::Sending { by, since: attempt.context.now };
    close(&mut change);
    Ok(change.finish())
}

/// Gives the draft up.
pub(super) fn cancel(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let handling = composing(attempt)?;
    let by = attempt.owner(handling)?;
    let mut change = attempt.change();
    change.withdraw_offer(RevokeReason::OwnerActed);
    change.facts.push(Fact::Canceled);
    change.last_sees(by, Status::Canceled);
    change.after.state = State::Ended { outcome: Outcome::Canceled, at: attempt.context.now };
    close(&mut change);
    Ok(change.finish())
}

/// The mail is out.
pub(super) fn delivered(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let by = sender(attempt)?;
    let mut change = attempt.change();
    change.facts.push(Fact::Sent);
    change.last_sees(by, Status::Sent);
    change.after.state = State::Ended { outcome: Outcome::Sent, at: attempt.context.now };
    Ok(change.finish())
}

/// The mail will never be delivered: the draft goes back to whoever sent it, or to his `Drafts` when he is not there.
pub(super) fn delivery_failed(attempt: &Attempt<'_>, reason: &str) -> Result<Decision, Rejection> {
    let by = sender(attempt)?;
    let world = attempt.context.world;
    let is_there = world.desk(by).is_some_and(|desk| desk.session.is_some());
    let drafts = world.own_workbin(Workbin::DRAFTS, by).filter(|_| !is_there);
    let reason = reason.to_string();
    let mut change = attempt.change();
    change.errors.insert(by, sentence(&reason));
    change.facts.push(Fact::DeliveryFailed { reason });
    match drafts {
        Some(workbin) => {
            change.last_sees(by, Status::InWorkbin);
            change.park(workbin.id, Mode::Composing);
        }
        None => change.hand_to(by, Mode::Composing, None),
    }
    reopen(&mut change);
    Ok(change.finish())
}

fn sentence(reason: &str) -> String {
    alloc::format!(
        "The e-mail could not be delivered ({reason}); correct the draft and send it again, or cancel it."
    )
}

fn composing<'a>(attempt: &Attempt<'a>) -> Result<&'a Handling, Rejection> {
    let handling = attempt.handling()?;
    if handling.mode == Mode::Composing { Ok(handling) } else { Err(attempt.wrong_state()) }
}

fn sender(attempt: &Attempt<'_>) -> Result<UserId, Rejection> {
    let State::Sending { by, .. } = attempt.before.state else { return Err(attempt.wrong_state()) };
    attempt.only(&Actor::Mailer)?;
    Ok(by)
}

/// Takes the draft off its original's list of open ones.
fn close(change: &mut Change<'_>) {
    let draft = change.after.id;
    let Some(original) = change.context.world.parent().filter(|original| original.drafts.contains(&draft))
    else {
        return;
    };
    let mut original = original.clone();
    original.drafts.remove(&draft);
    change.related.push(Related::Changed(original, vec![Fact::DraftClosed { draft }]));
}

/// Puts the draft back on its original's list, unless the original was completed meanwhile.
fn reopen(change: &mut Change<'_>) {
    let draft = change.after.id;
    let Some(original) = change.context.world.parent().filter(|original| !original.is_ended()) else {
        return;
    };
    let mut original = original.clone();
    if original.drafts.insert(draft) {
        change.related.push(Related::Changed(original, vec![Fact::DraftReopened { draft }]));
    }
}
