//! Sending: from the draft that its writer lets go to the mail that is out, put off, or back.
//!
//! What is on its way is the interaction itself, with a `Message-ID` that was fixed when Send was
//! given: a mail that is tried again, also after a crash, is the same mail for whoever gets it
//! twice. Only a new Send, after the writer got it back, makes another one.

use alloc::string::{String, ToString};

use crate::center::{Queue, Role};
use crate::command::{Actor, Dispatch};
use crate::event::{Fact, RevokeReason};
use crate::id::{InteractionId, UserId};
use crate::interaction::attempt::{Attempt, queue_for};
use crate::interaction::change::{Addressees, Change, Entry};
use crate::interaction::decision::Decision;
use crate::interaction::draft::{close_sent, composing, is_of_thread, reopen};
use crate::interaction::gone::take_in_draft;
use crate::interaction::{Attachment, Email, Medium, Mode, Outcome, State, Status};
use crate::media::Media;
use crate::rejection::{Noun, Rejection};
use crate::time::Time;

/// Returns the draft to the outgoing mail worker, or to whoever has to look at it first. Nobody
/// owns it from then on; whoever sent it is told of the end.
pub(super) fn send(attempt: &Attempt<'_>, dispatch: &Dispatch) -> Result<Decision, Rejection> {
    let by = attempt.owner(composing(attempt)?)?;
    let queue = match &dispatch.queue {
        Some(named) => Some(queue_for(attempt.context, named, &Media::Email)?),
        None => None,
    };
    is_of_thread(attempt, dispatch.base)?;
    let email = ready(attempt, dispatch)?;
    if !dispatch.force {
        nothing_newer(attempt, dispatch.base.or(email.base))?;
    }
    let mut change = attempt.change();
    change.withdraw_offer(RevokeReason::OwnerActed);
    change.after.subject = dispatch.subject.clone().or(change.after.subject.take());
    change.after.queue = queue.map(|queue| queue.id).or(change.after.queue);
    if let Some(review) = review(attempt, queue)? {
        change.after.medium = Medium::Email(Email { sends: email.sends - 1, ..email });
        change.facts.push(Fact::SentForReview);
        change.last_sees(by, Status::Completed);
        change.enter_queue(Entry::of(review, attempt.context.now), Mode::Composing);
        return Ok(change.finish());
    }
    change.facts.push(Fact::SendStarted);
    let message_id = attempt.context.world.message_id(&email.from, email.sends);
    change.after.medium = Medium::Email(Email { message_id, ..email });
    let due = attempt.context.now.plus_ms(dispatch.delay_ms.min(Dispatch::DELAY_MS_MAX));
    change.after.state = State::sending(Some(by), attempt.context.now, due);
    let held = change.after.state.held_until();
    change.facts.extend(held.map(|until| Fact::SendHeld { until }));
    close_sent(&mut change);
    Ok(change.finish())
}

/// Returns the mail to whoever sent it, while nobody has begun to deliver it. A new Send of it is a
/// new message.
pub(super) fn cancel(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let by = sender(attempt)?;
    let by = by.filter(|by| attempt.actor.user() == Some(*by)).ok_or(Rejection::NotOwner)?;
    let held = attempt.before.state.held_until();
    let is_held = held.is_some_and(|until| attempt.context.now < until);
    if !is_held || attempt.context.world.is_claimed() {
        return Err(Rejection::OnItsWay);
    }
    let mut change = attempt.change();
    change.facts.push(Fact::SendCanceled);
    give_back(&mut change, by);
    Ok(change.finish())
}

/// Returns the e-mail as it goes out, less its `Message-ID`.
fn ready(attempt: &Attempt<'_>, dispatch: &Dispatch) -> Result<Email, Rejection> {
    let world = attempt.context.world;
    let mut email = attempt.before.email().cloned().unwrap_or_default();
    if let Some(written) = &dispatch.email {
        email.rewrite(written);
    }
    if !email.has_recipients() {
        return Err(Rejection::NoRecipients);
    }
    if !world.may_send_as(&email.from) {
        // A sender who is missing or none of ours gives way to a mailbox, as in the platform's
        // later products (docs/compat/media.md#e-mail, "SMTP").
        let is_ours = |address: &String| world.may_send_as(address);
        let ours = email.mailbox.clone().filter(is_ours).or_else(|| world.default_sender());
        email.from = match ours {
            Some(address) => address,
            None if email.from.is_empty() => return Err(Rejection::NoSender),
            None => return Err(Rejection::NotOurAddress { address: email.from }),
        };
    }
    let bytes: u64 = email.attachments.iter().map(|file| file.bytes).sum();
    if bytes > Attachment::BYTES_MAX {
        return Err(Rejection::AttachmentBounds { part: "bytes", most: Attachment::BYTES_MAX });
    }
    email.sends = email.sends.saturating_add(1);
    Ok(email)
}

/// Refuses what was written before the latest that the customer wrote. Ids are in the order of
/// time.
fn nothing_newer(attempt: &Attempt<'_>, base: Option<InteractionId>) -> Result<(), Rejection> {
    let newest = attempt.context.world.newest_inbound();
    match newest.zip(base).filter(|(newest, base)| newest.id > *base) {
        Some((newest, _)) => Err(Rejection::NewerMessage {
            id: newest.id,
            subject: newest.subject.clone(),
            received: newest.received,
        }),
        None => Ok(()),
    }
}

/// Returns the queue where a supervisor has to look at the draft before it goes out: the one of the
/// queue that it goes out by, unless it was there already or its sender is a supervisor.
fn review<'a>(
    attempt: &Attempt<'a>,
    named: Option<&Queue>,
) -> Result<Option<&'a Queue>, Rejection> {
    let world = attempt.context.world;
    let queue = named.or_else(|| attempt.before.queue.and_then(|queue| world.queue(queue)));
    // Who got it there was offered it: a draft that only names the queue was seen by nobody.
    let was_looked_at = |review| attempt.before.queue == Some(review) && attempt.before.offers > 0;
    let review = queue.and_then(|queue| queue.review).filter(|review| !was_looked_at(*review));
    let is_supervisor =
        matches!(attempt.actor, Actor::User(caller) if caller.roles.contains(&Role::Supervisor));
    let Some(review) = review.filter(|_| !is_supervisor) else { return Ok(None) };
    match world.queue(review).filter(|queue| queue.media == Media::Email) {
        None => Err(Rejection::Unknown { noun: Noun::Queue, name: review.to_string() }),
        found => Ok(found),
    }
}

/// The mail is out.
pub(super) fn delivered(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    let by = sender(attempt)?;
    let mut change = attempt.change();
    change.facts.push(Fact::Sent);
    over(&mut change, by, Outcome::Sent, Status::Sent);
    Ok(change.finish())
}

/// The mail could not be delivered yet. It stays on its way, and nobody is told: there is nothing
/// for anybody to do.
pub(super) fn delivery_deferred(
    attempt: &Attempt<'_>,
    reply: &str,
    next: Time,
) -> Result<Decision, Rejection> {
    sender(attempt)?;
    let mut change = attempt.change();
    change.addressees = Addressees::Nobody;
    if let State::Sending { attempt, due, last, .. } = &mut change.after.state {
        *attempt = attempt.saturating_add(1);
        *due = next;
        *last = Some(reply.to_string());
        let (attempt, reply) = (*attempt, reply.to_string());
        change.facts.push(Fact::DeliveryDeferred { attempt, reply, next });
    }
    Ok(change.finish())
}

/// The mail will never be delivered: the draft goes back to whoever sent it, or when they are not
/// there to where a draft of theirs goes. What the server wrote itself is given up.
pub(super) fn delivery_failed(attempt: &Attempt<'_>, reason: &str) -> Result<Decision, Rejection> {
    let by = sender(attempt)?;
    let reason = reason.to_string();
    let mut change = attempt.change();
    let Some(by) = by else {
        change.facts.extend([Fact::DeliveryFailed { reason }, Fact::Canceled]);
        over(&mut change, None, Outcome::Canceled, Status::Canceled);
        return Ok(change.finish());
    };
    change.errors.insert(by, sentence(&reason));
    change.facts.push(Fact::DeliveryFailed { reason });
    give_back(&mut change, by);
    Ok(change.finish())
}

/// Makes it a draft of its sender again, or when they are not there puts it where a draft of theirs
/// goes.
fn give_back(change: &mut Change<'_>, by: UserId) {
    let desk = change.context.world.desk(by);
    let is_there = desk.is_some_and(|desk| desk.session.is_some());
    // Where nobody and no place is left it stays theirs: losing it would be worse.
    if is_there || !take_in_draft(change, by) {
        change.hand_to(by, Mode::Composing, None);
    }
    if change.after.state.workbin().is_some() {
        change.last_sees(by, Status::InWorkbin);
    }
    reopen(change);
}

fn sentence(reason: &str) -> String {
    alloc::format!(
        "The e-mail could not be delivered ({reason}); correct the draft and send it again, or cancel it."
    )
}

fn over(change: &mut Change<'_>, by: Option<UserId>, outcome: Outcome, seen: Status) {
    by.into_iter().for_each(|by| change.last_sees(by, seen));
    change.after.state = State::Ended { outcome, at: change.context.now };
}

fn sender(attempt: &Attempt<'_>) -> Result<Option<UserId>, Rejection> {
    let State::Sending { by, .. } = attempt.before.state else { return Err(attempt.wrong_state()) };
    Ok(by)
}
