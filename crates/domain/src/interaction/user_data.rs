//! User data and the other properties that people change.

use alloc::string::{String, ToString};

use crate::center::Role;
use crate::command::{Actor, Caller, Patch, Removal};
use crate::event::{Fact, NotificationType};
use crate::id::ResponseId;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::Change;
use crate::interaction::decision::Decision;
use crate::interaction::say::live;
use crate::interaction::{Mode, State};
use crate::rejection::Rejection;
use crate::user_data::{UserData, UserDataError, Value};

/// Sets the given keys.
pub(super) fn update(attempt: &Attempt<'_>, changes: &UserData) -> Result<Decision, Rejection> {
    let edit = |change: &mut Change<'_>| {
        change.after.user_data.update(changes);
        change.after.user_data.check()?;
        note_disposition(attempt, change, |key| changes.0.contains_key(key));
        Ok(())
    };
    match (attempt.actor, attempt.before.chat()) {
        // The customer may while they are there (`updateData` of the customer API).
        (Actor::Customer, Some(_)) => {
            live(attempt)?;
            edited(attempt, Fact::UserDataChanged, edit)
        }
        _ => by_owner(attempt, Fact::UserDataChanged, edit),
    }
}

/// Removes keys.
pub(super) fn delete(attempt: &Attempt<'_>, removal: &Removal) -> Result<Decision, Rejection> {
    by_owner(attempt, Fact::UserDataChanged, |change| {
        change.after.user_data.delete(removal);
        note_disposition(attempt, change, |key| match removal {
            Removal::Keys(keys) => keys.iter().any(|one| one == key),
            Removal::Tree(tree) => tree.contains_key(key),
        });
        Ok(())
    })
}

/// Sets the disposition, which is a key of the user data.
pub(super) fn set_disposition(
    attempt: &Attempt<'_>,
    key: &str,
    disposition: &Value,
) -> Result<Decision, Rejection> {
    by_owner(attempt, Fact::UserDataChanged, |change| {
        change.after.user_data.0.insert(key.to_string(), disposition.clone());
        change.after.user_data.check()?;
        set(change, Some(disposition));
        Ok(())
    })
}

/// Notes the disposition where an agent names its key in a change of the user data: clients set it
/// so as well. Whoever names it means it, whatever a submitter wrote there before.
fn note_disposition(
    attempt: &Attempt<'_>,
    change: &mut Change<'_>,
    is_named: impl FnOnce(&str) -> bool,
) {
    let key = &attempt.context.options.disposition_key;
    if attempt.actor.user().is_some() && is_named(key) {
        let value = change.after.user_data.0.get(key).cloned();
        set(change, value.as_ref());
    }
}

fn set(change: &mut Change<'_>, value: Option<&Value>) {
    let disposition = match value {
        Some(Value::Text(text)) if !text.is_empty() => Some(text.clone()),
        Some(_) | None => None,
    };
    if change.after.disposition != disposition {
        change.after.disposition.clone_from(&disposition);
        change.facts.push(Fact::DispositionSet { disposition });
    }
}

/// Puts an agent's note behind the others.
pub(super) fn add_comment(attempt: &Attempt<'_>, comment: &str) -> Result<Decision, Rejection> {
    by_owner(attempt, Fact::PropertiesChanged, |change| change.add_note(comment))
}

/// Notes that a text that is kept ready was used.
pub(super) fn use_response(
    attempt: &Attempt<'_>,
    response: ResponseId,
) -> Result<Decision, Rejection> {
    by_owner(attempt, Fact::ResponseUsed { response }, |_| Ok(()))
}

/// Hears that somebody who sees it looks at it now, which changes nothing.
pub(super) fn set_in_focus(attempt: &Attempt<'_>) -> Result<Decision, Rejection> {
    if attempt.before.is_ended() {
        return Err(attempt.wrong_state());
    }
    Ok(attempt.change().finish())
}

fn by_owner(
    attempt: &Attempt<'_>,
    fact: Fact,
    edit: impl FnOnce(&mut Change<'_>) -> Result<(), Rejection>,
) -> Result<Decision, Rejection> {
    attempt.owner(attempt.handling()?)?;
    edited(attempt, fact, edit)
}

fn edited(
    attempt: &Attempt<'_>,
    fact: Fact,
    edit: impl FnOnce(&mut Change<'_>) -> Result<(), Rejection>,
) -> Result<Decision, Rejection> {
    let mut change = attempt.change();
    change.kind = NotificationType::PropertiesUpdated;
    change.facts.push(fact);
    edit(&mut change)?;
    Ok(change.finish())
}

/// Changes properties (`PUT`): by the owner while they own it, by a supervisor or admin until it is
/// over.
pub(super) fn change(attempt: &Attempt<'_>, patch: &Patch) -> Result<Decision, Rejection> {
    if attempt.before.is_ended() {
        return Err(attempt.wrong_state());
    }
    let Actor::User(caller) = attempt.actor else { return Err(Rejection::NotOwner) };
    if attempt.before.owner() != Some(caller.user) && !is_senior(caller) {
        return Err(Rejection::NotOwner);
    }
    if patch.priority.is_some() && !is_senior(caller) {
        return Err(Rejection::SupervisorOnly { property: "priority" });
    }
    if patch.email.is_some() && !is_draft_in_hand(&attempt.before.state) {
        return Err(Rejection::ReadOnly { property: "email" });
    }
    let mut change = attempt.change();
    change.kind = NotificationType::PropertiesUpdated;
    if let Some(user_data) = &patch.user_data {
        change.after.user_data.merge_patch(user_data)?;
        change.after.user_data.check()?;
        change.facts.push(Fact::UserDataChanged);
        note_disposition(attempt, &mut change, |key| user_data.contains_key(key));
    }
    set_properties(&mut change, patch)?;
    Ok(change.finish())
}

fn set_properties(change: &mut Change<'_>, patch: &Patch) -> Result<(), Rejection> {
    let Patch { user_data: _, subject, priority, comment, email } = patch;
    if subject.is_none() && priority.is_none() && comment.is_none() && email.is_none() {
        return Ok(());
    }
    match comment.as_deref() {
        None => {}
        // None is shown until the next; the notes stay.
        Some("") => {
            change.after.notes = change.after.all_notes();
            change.after.comment = Some(String::new());
        }
        Some(text) => change.add_note(text)?,
    }
    let after = &mut change.after;
    after.subject = subject.clone().or(after.subject.take());
    after.priority = priority.unwrap_or(after.priority);
    let by = change.actor.user();
    if let (Some(written), Some(email), Some(by)) = (email, after.email_mut(), by) {
        email.write(written, by, change.context.now);
    }
    change.facts.push(Fact::PropertiesChanged);
    Ok(())
}

pub(super) fn is_senior(caller: &Caller) -> bool {
    caller.roles.contains(&Role::Supervisor) || caller.roles.contains(&Role::Admin)
}

fn is_draft_in_hand(state: &State) -> bool {
    matches!(state, State::Handling(handling) if handling.mode == Mode::Composing)
}

impl From<UserDataError> for Rejection {
    fn from(error: UserDataError) -> Self {
        Self::UserData(error)
    }
}
