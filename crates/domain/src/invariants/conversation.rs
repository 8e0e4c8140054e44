//! What is true of the conversation of a chat: at any moment, and from one moment to the next.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::{Snapshot, Violation, demand};
use crate::chat::{Chat, Entry, PartyId, PartyKind, Visibility};
use crate::id::UserId;
use crate::interaction::{Interaction, Mode, ParticipantRole};

/// The audiences, widest first.
const AUDIENCES: [Visibility; 3] = [Visibility::All, Visibility::Agents, Visibility::Supervisors];

/// S20: no audience has more entries than a narrower one, every party has a number of their own,
/// one party is the customer, and those whom they or the agents ever saw are numbered for them from
/// 1 without a gap.
///
/// # Errors
///
/// The first chat of which that is not so.
pub fn conversation_numbered(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    const NAME: &str = "conversation_numbered";
    for (interaction, chat) in chats(snapshot) {
        let id = interaction.id;
        let is_nested = chat.for_customer <= chat.for_agents && chat.for_agents <= chat.total;
        demand(is_nested, NAME, id, "an audience has more entries than a narrower one")?;
        let ids: BTreeSet<_> = chat.parties.iter().map(|party| party.id).collect();
        demand(ids.len() == chat.parties.len(), NAME, id, "two parties have one number")?;
        let customers =
            chat.parties.iter().filter(|party| party.kind == PartyKind::Customer).count();
        demand(customers == 1, NAME, id, "there is not exactly one customer")?;
        let public = chat.parties.iter().filter_map(|party| party.public);
        demand(
            is_gapless(public.collect()),
            NAME,
            id,
            "the customer's numbers of parties have a gap",
        )?;
        let colleagues = chat.parties.iter().filter_map(|party| party.colleague);
        demand(
            is_gapless(colleagues.collect()),
            NAME,
            id,
            "the agents' numbers of parties have a gap",
        )?;
    }
    Ok(())
}

fn is_gapless(mut numbers: Vec<PartyId>) -> bool {
    numbers.sort_unstable();
    numbers.into_iter().zip(1..).all(|(number, expected)| number == PartyId(expected))
}

/// Who is there in a conversation is exactly who holds the chat: its owner and the other
/// participants. Each of them is shown to no more readers than their part allows, and sees no more.
/// A party is never there for the customer who is for agents alone.
///
/// # Errors
///
/// The first chat of which that is not so.
pub fn conversation_peopled(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    const NAME: &str = "conversation_peopled";
    for (interaction, chat) in chats(snapshot) {
        let id = interaction.id;
        let mut expected: BTreeMap<UserId, (Visibility, Visibility)> = BTreeMap::new();
        if let Some(handling) = interaction.handling() {
            expected.insert(handling.by, (Visibility::All, Visibility::Agents));
            expected.extend(handling.others.iter().map(|other| (other.user, part(other.role))));
        }
        let present = chat.parties.iter().filter(|party| party.present);
        let there: BTreeMap<UserId, (Visibility, Visibility)> = present
            .filter_map(|party| party.kind.user().map(|user| (user, (party.shown_to, party.sees))))
            .collect();
        demand(there.keys().eq(expected.keys()), NAME, id, "others are there than who holds it")?;
        demand(
            there == expected,
            NAME,
            id,
            "somebody is shown to others, or sees more, than their part allows",
        )?;
    }
    Ok(())
}

/// Returns who sees a participant, and how much they see. Written out a second time, so that the
/// rules' own table cannot be right by itself.
const fn part(role: ParticipantRole) -> (Visibility, Visibility) {
    match role {
        ParticipantRole::Invited => (Visibility::All, Visibility::Agents),
        ParticipantRole::Consulted => (Visibility::Agents, Visibility::Agents),
        ParticipantRole::Monitor => (Visibility::Supervisors, Visibility::Supervisors),
        ParticipantRole::Coach => (Visibility::Agents, Visibility::Supervisors),
        ParticipantRole::BargeIn => (Visibility::All, Visibility::Supervisors),
    }
}

/// The customer is there exactly while their session is live, and the chat is worked on as a live
/// one exactly then.
///
/// # Errors
///
/// The first chat of which that is not so.
pub fn conversation_live(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    const NAME: &str = "conversation_live";
    for (interaction, chat) in chats(snapshot) {
        let is_there = chat.customer_party().is_some_and(|customer| customer.present);
        demand(
            is_there == chat.is_live(),
            NAME,
            interaction.id,
            "the customer's party is not as their session",
        )?;
        let is_chatting = interaction.mode() == Some(Mode::Chatting);
        demand(
            is_chatting == chat.is_live(),
            NAME,
            interaction.id,
            "is not worked on as its session is",
        )?;
    }
    Ok(())
}

fn chats<'a>(snapshot: &'a Snapshot<'_>) -> impl Iterator<Item = (&'a Interaction, &'a Chat)> {
    snapshot
        .interactions
        .iter()
        .filter_map(|interaction| interaction.chat().map(|chat| (*interaction, chat)))
}

/// S20: the numbers of entries only grow, a session that ended is ended for good, and the customer
/// gets no entry after it.
///
/// # Errors
///
/// When that was not so.
pub fn conversation_grows(before: &Interaction, after: &Interaction) -> Result<(), Violation> {
    const NAME: &str = "conversation_grows";
    let (Some(earlier), Some(later)) = (before.chat(), after.chat()) else {
        let is_same = before.chat().is_none() && after.chat().is_none();
        return demand(is_same, NAME, before.id, "its conversation came or went");
    };
    let is_growing =
        AUDIENCES.iter().all(|sees| earlier.total_for(*sees) <= later.total_for(*sees));
    demand(is_growing, NAME, before.id, "an audience has fewer entries than before")?;
    let is_over = earlier.ended.is_none() || earlier.ended == later.ended;
    demand(is_over, NAME, before.id, "a session that was over is not, or ended otherwise")?;
    let is_quiet = earlier.is_live() || earlier.for_customer == later.for_customer;
    demand(is_quiet, NAME, before.id, "the customer got an entry after their session")
}

/// A supervisor in the conversation becomes its owner by accepting an offer, never because the
/// owner left.
///
/// # Errors
///
/// When they did.
pub fn no_succession_of_supervisors(
    before: &Interaction,
    after: &Interaction,
) -> Result<(), Violation> {
    let was_supervisor = |user: &UserId| {
        before
            .others()
            .iter()
            .any(|other| other.user == *user && part(other.role).1 == Visibility::Supervisors)
    };
    let was_offered = |user: &UserId| before.offer().is_some_and(|offer| offer.to == *user);
    let is_so = after.owner().is_none_or(|owner| !was_supervisor(&owner) || was_offered(&owner));
    demand(is_so, "no_succession_of_supervisors", before.id, "a supervisor inherited it")
}

/// S20: the entries of a step take the numbers of each audience on without a gap, up to what the
/// conversation counts afterwards; each is numbered for exactly those who may see it, and its
/// speaker is known to them.
///
/// # Errors
///
/// The first audience in which that is not so.
pub fn said_in_order<'a>(
    before: Option<&Interaction>,
    after: &Interaction,
    said: impl Iterator<Item = &'a Entry> + Clone,
) -> Result<(), Violation> {
    const NAME: &str = "said_in_order";
    for sees in AUDIENCES {
        let total = |of: Option<&Interaction>| {
            of.and_then(|of| of.chat()).map_or(0, |chat| chat.total_for(sees))
        };
        let mut last = total(before);
        for entry in said.clone() {
            let index = entry.index_for(sees);
            demand(
                index.is_some() == (entry.visibility <= sees),
                NAME,
                after.id,
                "an entry is seen by others",
            )?;
            let is_known = index.is_none() || entry.from.id_for(sees).is_some();
            demand(is_known, NAME, after.id, "an entry's speaker has no number for a reader")?;
            demand(
                index.is_none_or(|index| index == last + 1),
                NAME,
                after.id,
                "a number was left out",
            )?;
            last = index.unwrap_or(last);
        }
        demand(
            last == total(Some(after)),
            NAME,
            after.id,
            "the conversation counts other entries",
        )?;
    }
    Ok(())
}
