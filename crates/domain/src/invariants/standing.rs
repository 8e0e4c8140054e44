//! What is true of all interactions and desks at any moment.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;

use super::{Snapshot, Violation, demand};
use crate::id::{InteractionId, UserId};
use crate::interaction::{Interaction, Mode, OfferKind, Outcome, ParticipantRole, State};
use crate::media::{Direction, Media};

pub use super::conversation::{conversation_live, conversation_numbered, conversation_peopled};

/// S1: an interaction exists once, and what its state says fits together: a wait is in its current
/// queue, a live session belongs to a chat that is in a queue or in somebody's hands, what is on
/// its way out is an e-mail of ours.
///
/// # Errors
///
/// The first interaction of which that is not so.
pub fn one_place(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    const NAME: &str = "one_place";
    let mut seen = BTreeSet::new();
    for interaction in &snapshot.interactions {
        let id = interaction.id;
        demand(seen.insert(id), NAME, id, "exists twice")?;
        demand(interaction.epoch > 0, NAME, id, "has no epoch")?;
        if let Some(wait) = interaction.wait() {
            demand(
                interaction.queue == Some(wait.queue),
                NAME,
                id,
                "waits in another queue than its own",
            )?;
            demand(
                interaction.queued_at == Some(wait.since),
                NAME,
                id,
                "waits since another time",
            )?;
        }
        let is_live = interaction.mode() == Some(Mode::Chatting);
        let is_parked = matches!(interaction.state, State::Parked { .. });
        demand(!(is_live && is_parked), NAME, id, "a live chat lies in a workbin")?;
        let is_chat = matches!(interaction.mode(), Some(Mode::Chatting | Mode::LeftChat));
        let is_outgoing =
            interaction.media() == Media::Email && interaction.direction == Direction::Outbound;
        let is_sending = matches!(interaction.state, State::Sending { .. });
        demand(is_outgoing || !is_sending, NAME, id, "is on its way out and no e-mail of ours")?;
        demand(
            !is_chat || interaction.media() == Media::Chat,
            NAME,
            id,
            "is worked on as a chat and is none",
        )?;
    }
    Ok(())
}

/// S2: the owner is not a participant as well, nobody takes part twice, and only a live chat has
/// participants.
///
/// # Errors
///
/// The first interaction of which that is not so.
pub fn one_owner(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    const NAME: &str = "one_owner";
    for interaction in &snapshot.interactions {
        let id = interaction.id;
        let mut present: BTreeSet<UserId> = interaction.owner().into_iter().collect();
        for other in interaction.others() {
            demand(present.insert(other.user), NAME, id, "somebody is in the conversation twice")?;
        }
        let is_alone = interaction.others().is_empty();
        let is_live = interaction.mode() == Some(Mode::Chatting);
        demand(is_alone || is_live, NAME, id, "has participants and is no live chat")?;
    }
    Ok(())
}

/// S10: an open offer has a number of its own that was given (the router's the latest), it is to
/// somebody who is not the owner, a waiting interaction's is the router's and an owned one's the
/// owner's, and it ends after it began. (That there is at most one is in the type.) What
/// supervisors asked for stands beside it, in a live chat alone; nobody has two of all these.
///
/// # Errors
///
/// The first interaction of which that is not so.
pub fn one_offer(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    const NAME: &str = "one_offer";
    for interaction in &snapshot.interactions {
        let id = interaction.id;
        let (mut numbers, mut targets) = (BTreeSet::new(), BTreeSet::new());
        for offer in interaction.acceptable() {
            let is_made = (1..=interaction.offers).contains(&offer.number);
            let is_latest = offer.number == interaction.offers || interaction.wait().is_none();
            demand(
                is_made && is_latest && numbers.insert(offer.number),
                NAME,
                id,
                "an offer has a wrong number",
            )?;
            demand(targets.insert(offer.to), NAME, id, "somebody is offered two things")?;
            demand(interaction.owner() != Some(offer.to), NAME, id, "is offered to its owner")?;
            demand(offer.since < offer.expires, NAME, id, "an offer ends before it began")?;
        }
        if let Some(offer) = interaction.offer() {
            // From a queue the router offers it, or a supervisor to somebody by name.
            let is_right = match (offer.kind, interaction.wait()) {
                (OfferKind::Routed, wait) => wait.is_some(),
                (OfferKind::Transfer, _) => true,
                (kind, wait) => wait.is_none() && !kind.is_supervision(),
            };
            demand(is_right, NAME, id, "an offer is of the wrong kind for its state")?;
        }
        let is_live = interaction.mode() == Some(Mode::Chatting);
        for offer in interaction.supervision_offers() {
            demand(is_live, NAME, id, "a supervisor is offered a part where nobody talks")?;
            demand(
                offer.kind.is_supervision(),
                NAME,
                id,
                "what a supervisor asked for is no supervision",
            )?;
            let is_in = interaction.others().iter().any(|other| other.user == offer.to);
            demand(!is_in, NAME, id, "somebody who is in is offered a part")?;
        }
    }
    Ok(())
}

/// A desk's slots are exactly what its agent owns, is offered or takes part in, drafts apart.
/// Worked out here from the states, not by the method that the rules use.
///
/// # Errors
///
/// The first desk of which that is not so, or agent without a desk.
pub fn slots_match(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    let mut expected: BTreeMap<UserId, BTreeSet<InteractionId>> = BTreeMap::new();
    for interaction in &snapshot.interactions {
        for user in holders(interaction) {
            expected.entry(user).or_default().insert(interaction.id);
        }
    }
    let users: BTreeSet<UserId> = snapshot.desks.keys().chain(expected.keys()).copied().collect();
    for user in users {
        let taken: BTreeSet<InteractionId> = snapshot
            .desks
            .get(&user)
            .map(|desk| desk.slots.keys().copied().collect())
            .unwrap_or_default();
        let holds = expected.remove(&user).unwrap_or_default();
        if taken != holds {
            let what = format!("agent {user} holds {holds:?} and has slots for {taken:?}");
            return Err(Violation { predicate: "slots_match", what });
        }
    }
    Ok(())
}

fn holders(interaction: &Interaction) -> BTreeSet<UserId> {
    let mut holders = BTreeSet::new();
    match &interaction.state {
        State::Invited(wait, offer) if wait.mode != Mode::Composing => {
            holders.insert(offer.to);
        }
        State::Handling(handling) if handling.mode != Mode::Composing => {
            holders.insert(handling.by);
            // Supervisors who come of their own accord hold nothing.
            let offered = handling.offer.iter().filter(|offer| match offer.kind {
                OfferKind::Routed
                | OfferKind::Transfer
                | OfferKind::Invite
                | OfferKind::Consult => true,
                OfferKind::Monitor | OfferKind::Coach | OfferKind::BargeIn => false,
            });
            holders.extend(offered.map(|offer| offer.to));
            let others = handling.others.iter().filter(|other| match other.role {
                ParticipantRole::Invited | ParticipantRole::Consulted => true,
                ParticipantRole::Monitor | ParticipantRole::Coach | ParticipantRole::BargeIn => {
                    false
                }
            });
            holders.extend(others.map(|other| other.user));
        }
        State::Invited(..)
        | State::Handling(_)
        | State::Queued(_)
        | State::Parked { .. }
        | State::Sending { .. }
        | State::Ended { .. } => {}
    }
    holders
}

/// S8: no desk has more slots taken than its agent's capacity, of any medium and over all. It is
/// not true for a while after somebody's capacity was lowered or they were deleted: what they hold
/// stays theirs.
///
/// # Errors
///
/// The first desk of which that is not so.
pub fn capacity(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    for (id, desk) in &snapshot.desks {
        let Some(user) = snapshot.users.get(id) else { continue };
        let over = |media: &&Media| desk.occupied(media) > user.capacity.of(media);
        let all = u32::try_from(desk.slots.len()).unwrap_or(u32::MAX);
        let is_over_all = user.capacity.overall.is_some_and(|most| all > most);
        if let Some(media) = desk.slots.values().find(over) {
            let what = format!("agent {id} has {} of {media}", desk.occupied(media));
            return Err(Violation { predicate: "capacity", what });
        }
        if is_over_all {
            return Err(Violation {
                predicate: "capacity",
                what: format!("agent {id} has {all} in all"),
            });
        }
    }
    Ok(())
}

/// An interaction lists exactly its open drafts: those that are neither sent nor given up. A
/// completed one has none; a draft that came back after its original was completed is on no list.
///
/// # Errors
///
/// The first interaction of which that is not so.
pub fn drafts_match(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    const NAME: &str = "drafts_match";
    let by_id: BTreeMap<InteractionId, &Interaction> =
        snapshot.interactions.iter().map(|interaction| (interaction.id, *interaction)).collect();
    let is_open = |draft: &Interaction| draft.mode() == Some(Mode::Composing);
    for interaction in &snapshot.interactions {
        for draft in &interaction.drafts {
            let is_right = by_id
                .get(draft)
                .is_none_or(|draft| is_open(draft) && draft.parent == Some(interaction.id));
            demand(
                is_right,
                NAME,
                interaction.id,
                "lists a draft that is not open or not its own",
            )?;
        }
        let is_completed =
            matches!(interaction.state, State::Ended { outcome: Outcome::Completed, .. });
        let has_none = interaction.drafts.is_empty();
        demand(
            has_none || !is_completed,
            NAME,
            interaction.id,
            "was completed with an open draft",
        )?;
        let original = interaction.parent.and_then(|parent| by_id.get(&parent));
        let is_listed = original.is_none_or(|original| {
            original.is_ended() || original.drafts.contains(&interaction.id)
        });
        demand(!is_open(interaction) || is_listed, NAME, interaction.id, "is open and on no list")?;
    }
    Ok(())
}

/// Whom an interaction concerns now is among those who keep sight of it.
///
/// # Errors
///
/// The first interaction of which that is not so.
pub fn concerned_kept(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    for interaction in &snapshot.interactions {
        let is_so = interaction.people().is_subset(&interaction.concerned);
        demand(is_so, "concerned_kept", interaction.id, "concerns somebody who may not see it")?;
    }
    Ok(())
}

/// Nothing is held by a ghost: whoever owns, is offered or takes part in something has a
/// contact-center session. True when everything of the agents who are gone has been looked after.
///
/// # Errors
///
/// The first interaction of which that is not so.
pub fn no_ghosts(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    for interaction in &snapshot.interactions {
        if matches!(interaction.state, State::Sending { .. }) {
            continue;
        }
        let is_there =
            |user: &UserId| snapshot.desks.get(user).is_some_and(|desk| desk.session.is_some());
        let is_so = interaction.people().iter().all(is_there);
        demand(is_so, "no_ghosts", interaction.id, "is held by somebody who is not there")?;
    }
    Ok(())
}
