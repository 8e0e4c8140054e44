//! Drafts: answering an inbound e-mail, saving and giving up.
//!
//! An original knows its open drafts and cannot be completed while it has any. A draft is open from
//! its making until it is sent or given up; one that could not be delivered is open again. So the
//! original may be completed as soon as its answer is on its way.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use crate::command::{Draft, DraftKind};
use crate::event::{Fact, NotificationType, RevokeReason};
use crate::id::InteractionId;
use crate::interaction::attempt::{Attempt, queue_for};
use crate::interaction::change::{Change, Related};
use crate::interaction::decision::Decision;
use crate::interaction::{
    Attachment, Email, Handling, Interaction, Medium, Mode, Outcome, State, Status, Writing,
};
use crate::media::{Direction, Media};
use crate::rejection::Rejection;

/// Makes a draft that answers an inbound e-mail which its owner is working on. It is their at once,
/// as `Composing`.
pub(super) fn create(attempt: &Attempt<'_>, draft: &Draft) -> Result<Decision, Rejection> {
    let original = attempt.before;
    let handling = attempt.handling()?;
    let is_answerable =
        original.media() == Media::Email && original.direction == Direction::Inbound;
    if !is_answerable || handling.mode != Mode::Processing {
        return Err(attempt.wrong_state());
    }
    let owner = attempt.owner(handling)?;
    let queue = match &draft.queue {
        Some(named) => Some(queue_for(attempt.context, named, &Media::Email)?),
        None => None,
    };
    is_of_thread(attempt, draft.base)?;
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
        thread: Some(original.thread_root()),
        subject: draft.subject.clone(),
        comment: None,
        notes: vec![],
        received: now,
        user_data,
        medium: Medium::Email(email(attempt, draft)),
        state: State::Handling(Handling {
            by: owner,
            since: now,
            mode: Mode::Composing,
            nickname: None,
            offer: None,
            others: vec![],
            supervision_offers: vec![],
        }),
        epoch: 1,
        queue: queue.map(|queue| queue.id),
        queued_at: queue.map(|_| now),
        offers: 0,
        drafts: [].into(),
        concerned: [owner].into(),
        submitter: None,
        disposition: None,
        ..original.clone()
    };
    let mut change = attempt.change();
    change.facts.push(Fact::DraftCreated { draft: new.id });
    change.after.drafts.insert(new.id);
    // What may be done with the original follows from its drafts.
    change.kind = NotificationType::PropertiesUpdated;
    change.related.push(Related::New(new, vec![Fact::Opened]));
    Ok(change.finish())
}

/// Returns the e-mail that a draft starts as: what its writer wrote, and what ties it to its
/// original.
///
/// An answer names what it answers, the nearest first, so that every mail program shows it in its
/// place, and has the files of its original that its text shows. What is passed on to somebody else
/// names nothing, because they have none of it; they get all files instead.
fn email(attempt: &Attempt<'_>, draft: &Draft) -> Email {
    let original = attempt.before.email().cloned().unwrap_or_default();
    let newest =
        attempt.context.world.newest_inbound().map_or(attempt.before.id, |newest| newest.id);
    // Under the names by which the draft's text shows them.
    let renamed = |file: &Attachment| {
        draft.email.attachments.iter().find(|one| one.file == file.file).cloned()
    };
    let (answers, attachments) = match draft.kind {
        DraftKind::Reply | DraftKind::ReplyAll => (
            original.message_id.into_iter().chain(original.answers).collect(),
            original.attachments.iter().filter_map(renamed).collect(),
        ),
        DraftKind::Forward => (
            Vec::new(),
            original.attachments.into_iter().map(|file| renamed(&file).unwrap_or(file)).collect(),
        ),
    };
    let mut email = Email {
        answers,
        attachments,
        base: Some(draft.base.unwrap_or(newest)),
        mailbox: original.mailbox,
        ..Email::default()
    };
    email.rewrite(&draft.email);
    let now = attempt.context.now;
    email.written = attempt.actor.user().map(|by| Box::new(Writing { by, since: now, at: now }));
    email
}

/// Refuses what is said to have been seen last when it is no e-mail of the thread: an id of
/// elsewhere may be newer than anything of it, and would let an answer to an old letter pass.
pub(super) fn is_of_thread(
    attempt: &Attempt<'_>,
    base: Option<InteractionId>,
) -> Result<(), Rejection> {
    let Some(id) = base else { return Ok(()) };
    let (draft, world) = (attempt.before, attempt.context.world);
    let is_here = |it: &&Interaction| {
        let is_near = it.thread_root() == draft.thread_root() || draft.parent == Some(it.id);
        it.id == id && it.center == draft.center && it.media() == Media::Email && is_near
    };
    world.base().filter(is_here).map(drop).ok_or(Rejection::OtherThread)
}

/// The `interactionSubType` of an answer.
const REPLY: &str = "OutboundReply";

/// Returns the draft's `interactionSubType`, in the vocabulary of the platform whose API this is
/// (`OutboundReply` for both kinds of reply; a forwarded mail is a redirected one there, which is
/// the nearest name it has).
const fn sub_type(kind: DraftKind) -> &'static str {
    match kind {
        DraftKind::Reply | DraftKind::ReplyAll => REPLY,
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
    let (by, now) = (attempt.owner(handling)?, attempt.context.now);
    let mut change = attempt.change();
    change.kind = NotificationType::DraftSaved;
    change.facts.push(Fact::DraftSaved);
    change.after.email_mut().into_iter().for_each(|draft| draft.write(email, by, now));
    if let Some(subject) = subject {
        change.after.subject = Some(subject.to_string());
    }
    Ok(change.finish())
}

/// Returns the draft up.
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

/// Returns the handling of a draft in somebody's hands; anything else is the wrong state.
pub(super) fn composing<'a>(attempt: &Attempt<'a>) -> Result<&'a Handling, Rejection> {
    let handling = attempt.handling()?;
    if handling.mode == Mode::Composing { Ok(handling) } else { Err(attempt.wrong_state()) }
}

/// Takes the draft off its original's list of open ones, because it was given up.
pub(super) fn close(change: &mut Change<'_>) {
    let draft = change.after.id;
    let Some(mut original) = listing(change) else { return };
    original.drafts.remove(&draft);
    let closed = Fact::DraftClosed { draft, answers: false };
    change.related.push(Related::Changed(original, vec![closed]));
}

/// Takes the draft off its original's list of open ones, because it goes out. If it is an answer,
/// nothing is owed any more, which whoever has the original is told.
pub(super) fn close_sent(change: &mut Change<'_>) {
    let (draft, now) = (change.after.id, change.context.now);
    let Some(mut original) = listing(change) else { return };
    original.drafts.remove(&draft);
    let answer = change.after.email().filter(|_| change.after.sub_type == REPLY);
    let answers = answer.is_some();
    if let (Some(answer), Some(letter)) =
        (answer.map(|email| email.answer(now)), original.email_mut())
    {
        letter.answered = Some(answer);
    }
    let closed = Fact::DraftClosed { draft, answers };
    change.related.push(Related::Changed(original, vec![closed]));
}

/// Returns the original on whose list of open ones the draft is.
fn listing(change: &Change<'_>) -> Option<Interaction> {
    let draft = change.after.id;
    change.context.world.parent().filter(|original| original.drafts.contains(&draft)).cloned()
}

/// Puts the draft back on its original's list, unless the original was completed meanwhile. It is
/// owed again what did not go out.
pub(super) fn reopen(change: &mut Change<'_>) {
    let draft = change.after.id;
    let Some(original) = change.context.world.parent().filter(|original| !original.is_ended())
    else {
        return;
    };
    let mut original = original.clone();
    if !original.drafts.insert(draft) {
        return;
    }
    let is_answer = change.after.sub_type == REPLY;
    // Another answer may have gone out all the same: better one too many that is owed than none.
    if let Some(letter) = original.email_mut().filter(|_| is_answer) {
        letter.answered = None;
    }
    change.related.push(Related::Changed(original, vec![Fact::DraftReopened { draft }]));
}
