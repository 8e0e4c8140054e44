//! What a reader is offered or has offered, and every operation that is theirs now
//! (docs/api/README.md, "Offers and operations").

use handoff_domain::{Caller, Interaction, OfferKind, Operation, Outline, Rejection, UserId};
use serde::Serialize;

use crate::error::{NO_PERMISSION, sentence_of};
use crate::wire::date;
use crate::wire::names::offer_kind_name;
use crate::wire::operation::operation_name;
use crate::wire::resource::{Lookup, UserPart};

/// An open offer, as its target and the owner see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferPart {
    /// Why it was made: `Routed`, `Transfer`, `Invite`, `Consult`, or a supervisor's `Monitor`,
    /// `Coach`, `BargeIn`.
    pub kind: &'static str,
    /// Who made it; `null` for the router's and for one that a supervisor asked for.
    pub from: Option<UserPart>,
    /// Who may accept it.
    pub to: UserPart,
    /// When it was made.
    pub at: String,
    /// When it ends by itself.
    pub expires: String,
    /// What was said along with it.
    pub note: Option<String>,
}

impl OfferPart {
    /// Shows the offer that concerns `reader`: their own to accept, else the one that they made as
    /// the owner. One that a supervisor asked for is shown to nobody else.
    #[must_use]
    pub fn of(interaction: &Interaction, reader: UserId, lookup: Lookup<'_>) -> Option<Self> {
        let owner = interaction.owner();
        let own = interaction.offer().filter(|_| owner == Some(reader));
        let offer = interaction.offer_to(reader).or(own)?;
        let is_owners =
            matches!(offer.kind, OfferKind::Transfer | OfferKind::Invite | OfferKind::Consult);
        Some(Self {
            kind: offer_kind_name(offer.kind),
            from: owner.filter(|_| is_owners).map(|owner| UserPart::new(owner, lookup)),
            to: UserPart::new(offer.to, lookup),
            at: date::print(offer.since),
            expires: date::print(offer.expires),
            note: offer.note.clone(),
        })
    }
}

/// One operation: whether it is allowed now, and if not why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationPart {
    /// Its `operationName`.
    pub name: &'static str,
    pub allowed: bool,
    /// What the refusal would say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_message: Option<String>,
}

/// Returns every operation, and whether `reader` may use it now.
#[must_use]
pub fn operation_parts(
    interaction: &Interaction,
    reader: UserId,
    lookup: Lookup<'_>,
) -> Vec<OperationPart> {
    let Some(caller) = lookup.directory.users.get(&reader).map(|user| Caller::of(user)) else {
        return Vec::new();
    };
    let part = |(operation, refusal): (Operation, Option<Rejection>)| {
        // The role is asked for before anything of the interaction is.
        let status_message = match refusal {
            _ if !operation.is_open_to(&caller.roles) => Some(NO_PERMISSION.to_owned()),
            Some(refusal) => Some(sentence_of(&refusal)),
            None => None,
        };
        let name = operation_name(operation);
        OperationPart { name, allowed: status_message.is_none(), status_message }
    };
    Outline::of(interaction).operations(&caller).map(part).collect()
}
