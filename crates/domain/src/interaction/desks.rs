//! What a change of an interaction means for desks: which slots are taken and freed, who was
//! offered something, and who let too much pass by.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::desk::Desk;
use crate::event::Event;
use crate::id::UserId;
use crate::interaction::change::{Change, Heard};
use crate::interaction::{Interaction, Offer};

/// The desks that change, and what their agents are told of it.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) desks: Vec<Desk>,
    pub(super) told: Vec<Event>,
}

/// Returns the desks whose slots change, whose agent was offered something, or answered it or did
/// not.
pub(super) fn of(before: Option<&Interaction>, change: &Change<'_>) -> Changed {
    let Change { after, context, .. } = change;
    let has_slot = |it: &Interaction, user: UserId| it.slot_holders().any(|one| one == user);
    let earlier = before.into_iter().flat_map(Interaction::slot_holders);
    let freed = earlier.filter(|user| !has_slot(after, *user));
    let is_taken = |user: &UserId| before.is_none_or(|before| !has_slot(before, *user));
    let taken = after.slot_holders().filter(is_taken);
    let offers = before.map_or(0, |before| before.offers);
    let is_new = |offer: &&Offer| offer.number > offers && !offer.kind.is_supervision();
    let offered = after.offer().filter(is_new).map(|offer| offer.to);
    // Whoever had a slot and keeps it has it on their desk, too: both are written together.
    let touched: BTreeSet<UserId> =
        freed.chain(taken).chain(offered).chain(counted(change)).collect();
    let mut changed = Changed::default();
    for user in touched {
        let known = context.world.desk(user);
        let mut desk =
            known.as_deref().cloned().unwrap_or_else(|| Desk::new(user, after.center, context.now));
        if has_slot(after, user) {
            desk.take_slot(after.id, after.media().clone());
        } else {
            desk.free_slot(after.id);
        }
        if offered == Some(user) {
            desk.last_offer = Some(context.now);
        }
        changed.told.extend(count(change, user, &mut desk));
        if known.as_deref() != Some(&desk) {
            changed.desks.push(desk);
        }
    }
    changed
}

/// Returns whose count of missed offers changes. That somebody who answered missed none before,
/// as nearly always, is only looked at: their desk is no part of the commit then.
fn counted(change: &Change<'_>) -> Option<UserId> {
    let (user, heard) = change.heard?;
    let world = change.context.world;
    let counts = match heard {
        Heard::Missed { .. } => true,
        // Where the first one is too many, an answer counts before any was missed.
        Heard::Answered => world.missed_any(user) || world.missed_offers_max() == 1,
    };
    counts.then_some(user)
}

/// Counts whether the agent of a desk answered; returns what they are told when that was one too
/// many.
fn count(change: &Change<'_>, user: UserId, desk: &mut Desk) -> Option<Event> {
    let (_, heard) = change.heard.filter(|(of, _)| *of == user)?;
    let now = change.context.now;
    let Heard::Missed { since } = heard else {
        desk.answer_offer(now);
        return None;
    };
    let before = desk.clone();
    let channels = desk.miss_offer(since, change.context.world.missed_offers_max(), now);
    if channels.is_empty() {
        return None;
    }
    desk.note_changed(&channels, now);
    let facts = desk.facts_since(Some(&before));
    Some(desk.event(&channels, facts, change.actor.cause(), now))
}
