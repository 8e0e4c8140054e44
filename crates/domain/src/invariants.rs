//! The invariants, as named predicates: what must be true of all interactions and desks at any
//! moment ([`standing`]), and of one interaction from one moment to the next ([`step`]).
//!
//! They are used by the tests of this crate, by simulations, and wherever somebody wants to look.
//! They repeat no rule: they say what the rules are for, from the states alone, so that a wrong
//! rule cannot be right by them. The numbers S1… are those of the safety list that the rules were
//! designed from.
//!
//! | predicate | says |
//! |---|---|
//! | [`standing::one_place`] (S1) | an interaction exists once, and what its state says fits together |
//! | [`standing::one_owner`] (S2) | nobody is owner and participant, or twice a participant; only a live chat has participants |
//! | [`standing::one_offer`] (S10) | an open offer has its own number, is to somebody who is not the owner, and ends after it began |
//! | [`standing::slots_match`] | a desk's slots are exactly what its agent owns, is offered or takes part in, drafts apart |
//! | [`standing::capacity`] (S8) | no desk has more slots taken than its agent's capacity |
//! | [`standing::drafts_match`] | an interaction lists exactly its open drafts, and none when it is completed |
//! | [`standing::concerned_kept`] | whom it concerns now is among those who keep sight of it |
//! | [`standing::conversation_numbered`] (S20) | no audience has more entries than a narrower one, and every party their own number |
//! | [`standing::conversation_peopled`] | who is there is exactly who holds the chat, each shown to whom their part allows |
//! | [`standing::conversation_live`] | the customer is there, and the chat worked on as a live one, while their session is |
//! | [`standing::no_ghosts`] | whoever holds something has a contact-center session |
//! | [`step::epoch_rises`] (S3) | the epoch never falls, and rises whenever owner or place change |
//! | [`step::legal_move`] (S7) | the state goes only where the state table has a way |
//! | [`step::end_is_final`] (S4) | what is over stays over |
//! | [`step::offers_counted`] (S10) | offers are numbered one by one |
//! | [`step::offered_to_able`] (S9) | a new offer goes to an agent who is reachable and Ready and had room |
//! | [`step::conversation_grows`] (S20) | numbers only grow, and the customer gets no entry after their session |
//! | [`step::no_succession_of_supervisors`] | a supervisor becomes the owner by an offer alone |
//! | [`step::said_in_order`] (S20) | the entries of a step take each audience's numbers on without a gap |
//! | [`step::attempts_counted`] | what is on its way out is put off once at a time |
//! | [`step::workbin_not_routed`] (S22) | what lies in a workbin is never offered, but for a reminder of it |

mod conversation;
pub mod standing;
pub mod step;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::center::User;
use crate::desk::Desk;
use crate::id::{InteractionId, UserId};
use crate::interaction::Interaction;

/// Everything at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot<'a> {
    /// All interactions, in any order.
    pub interactions: Vec<&'a Interaction>,
    /// All desks.
    pub desks: BTreeMap<UserId, &'a Desk>,
    /// All users.
    pub users: BTreeMap<UserId, &'a User>,
}

impl<'a> Snapshot<'a> {
    /// Takes a snapshot.
    #[must_use]
    pub fn new(
        interactions: impl IntoIterator<Item = &'a Interaction>,
        desks: impl IntoIterator<Item = &'a Desk>,
        users: impl IntoIterator<Item = &'a User>,
    ) -> Self {
        Self {
            interactions: interactions.into_iter().collect(),
            desks: desks.into_iter().map(|desk| (desk.user, desk)).collect(),
            users: users.into_iter().map(|user| (user.id, user)).collect(),
        }
    }
}

/// What was not so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub predicate: &'static str,
    /// What it found.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is violated: {}", self.predicate, self.what)
    }
}

impl core::error::Error for Violation {}

pub type Standing = fn(&Snapshot<'_>) -> Result<(), Violation>;

/// A predicate about one interaction from one moment to the next.
pub type Step = fn(&Interaction, &Interaction) -> Result<(), Violation>;

/// What is true at any moment. [`standing::no_ghosts`] is not among them, because an agent who is
/// gone is looked after one interaction at a time; it is true when that is done.
pub const STANDING: &[(&str, Standing)] = &[
    ("one_place", standing::one_place),
    ("one_owner", standing::one_owner),
    ("one_offer", standing::one_offer),
    ("slots_match", standing::slots_match),
    ("capacity", standing::capacity),
    ("drafts_match", standing::drafts_match),
    ("concerned_kept", standing::concerned_kept),
    ("conversation_numbered", standing::conversation_numbered),
    ("conversation_peopled", standing::conversation_peopled),
    ("conversation_live", standing::conversation_live),
];

/// What is true of every step of every interaction. [`step::offered_to_able`] and
/// [`step::said_in_order`] ask for more than the interaction and stand alone.
pub const STEPS: &[(&str, Step)] = &[
    ("epoch_rises", step::epoch_rises),
    ("legal_move", step::legal_move),
    ("end_is_final", step::end_is_final),
    ("offers_counted", step::offers_counted),
    ("workbin_not_routed", step::workbin_not_routed),
    ("attempts_counted", step::attempts_counted),
    ("conversation_grows", step::conversation_grows),
    ("no_succession_of_supervisors", step::no_succession_of_supervisors),
];

/// Checks everything that is true at any moment.
///
/// # Errors
///
/// The first [`Violation`] found.
pub fn check(snapshot: &Snapshot<'_>) -> Result<(), Violation> {
    STANDING.iter().try_for_each(|(_, predicate)| predicate(snapshot))
}

/// Checks everything that is true of a step of one interaction.
///
/// # Errors
///
/// The first [`Violation`] found.
pub fn check_step(before: &Interaction, after: &Interaction) -> Result<(), Violation> {
    STEPS.iter().try_for_each(|(_, predicate)| predicate(before, after))
}

/// Says what was not so about an interaction, unless it was.
fn demand(
    is_so: bool,
    predicate: &'static str,
    interaction: InteractionId,
    what: &str,
) -> Result<(), Violation> {
    if is_so {
        Ok(())
    } else {
        Err(Violation { predicate, what: alloc::format!("{interaction}: {what}") })
    }
}
