//! Who is told of a change, and what they see: worked out from whom the interaction concerned
//! before and whom it concerns afterwards (docs/compat/interactions.md#seen, "what an agent sees
//! when they stop being concerned").
//!
//! Nobody gets more than one notice about the interaction from one event. A watcher of a workbin
//! gets one about the workbin as well, which travels on another topic.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::event::{Notice, NotificationType, Owner, View};
use crate::id::UserId;
use crate::interaction::change::{Change, Refused};
use crate::interaction::{Interaction, OfferKind, Status};

/// The wire's code for "not valid for the current state" (docs/compat/conventions.md#codes): what
/// was asked for did not come about.
const ERROR_CODE: i32 = 2;

/// Something that may only say whom to tell: no rule can see what is in it, so no commit guards it.
///
/// ```
/// # use handoff_domain::interaction::decide::ForNotices;
/// let watchers = ForNotices::new(vec!["Kate"]);
/// ```
///
/// Only the module that makes the notices can open it:
///
/// ```compile_fail,E0616
/// # use handoff_domain::interaction::decide::ForNotices;
/// let watchers = ForNotices::new(vec!["Kate"]);
/// assert!(watchers.0.is_empty());
/// ```
#[derive(Debug)]
pub struct ForNotices<T>(T);

impl<T> ForNotices<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }
}

/// Returns the notices of a change.
pub(super) fn of(before: Option<&Interaction>, change: &Change<'_>) -> Vec<Notice> {
    let earlier = before.into_iter().flat_map(Interaction::each_of_people);
    let everybody: BTreeSet<UserId> = earlier.chain(change.after.each_of_people()).collect();
    let mut notices: Vec<Notice> = everybody
        .into_iter()
        .filter(|user| change.addressees.includes(*user))
        .map(|user| {
            let seen =
                before.filter(|before| before.concerns(user)).map(|before| before.status_for(user));
            let view = if change.after.concerns(user) {
                View::Concerned(change.after.status_for(user))
            } else {
                View::Gone(change.last_seen.get(&user).copied().unwrap_or(Status::Revoked))
            };
            to_agent(user, seen, view, change)
        })
        .collect();
    let left = before.and_then(|before| before.state.workbin());
    let entered = change.after.state.workbin();
    if left != entered {
        for (workbin, added) in
            left.map(|it| (it, false)).into_iter().chain(entered.map(|it| (it, true)))
        {
            let ForNotices(watchers) = change.context.world.watchers(workbin);
            let view = || View::Workbin { workbin, added };
            let told = watchers.into_iter();
            notices.extend(told.map(|it| plain(it, view(), NotificationType::StatusChange)));
        }
    }
    notices
}

/// Returns the notices of an interaction that came into being, or changed, beside the one that the
/// command was about: those whom it concerns are shown it.
pub(super) fn of_other(interaction: &Interaction, kind: NotificationType) -> Vec<Notice> {
    let told = interaction.people().into_iter();
    told.map(|user| plain(user, View::Concerned(interaction.status_for(user)), kind)).collect()
}

fn to_agent(user: UserId, seen: Option<Status>, view: View, change: &Change<'_>) -> Notice {
    let kind = match (&view, seen) {
        (View::Concerned(status), Some(seen)) if *status == seen => change.kind,
        _ => NotificationType::StatusChange,
    };
    match change.errors.get(&user) {
        Some(sentence) => Notice {
            error: Some((ERROR_CODE, sentence.clone())),
            ..plain(user, view, NotificationType::Error)
        },
        None => plain(user, view, kind),
    }
}

pub(super) const fn plain(user: UserId, view: View, kind: NotificationType) -> Notice {
    Notice { to: Owner::User(user), view, kind, error: None, reference: None }
}

/// Says to the owner what became of the offer that they made; nothing when it was not their but a
/// supervisor's own.
pub(super) fn refused_sentence(kind: OfferKind, how: Refused) -> Option<String> {
    let what = match kind {
        OfferKind::Routed => "offer",
        OfferKind::Transfer => "transfer",
        OfferKind::Invite => "invitation",
        OfferKind::Consult => "consultation",
        OfferKind::Monitor | OfferKind::Coach | OfferKind::BargeIn => return None,
    };
    let why = match how {
        Refused::Rejected => "the agent rejected it",
        Refused::Expired => "the agent did not answer in time",
        Refused::Gone => "the agent is no longer there",
    };
    Some(format!(
        "The {what} did not come about because {why}; the interaction is still yours, try another agent or go on with it."
    ))
}
