//! What the wire calls the rules' states, directions, media and offers.

use handoff_domain::routing::Exclusion;
use handoff_domain::{Direction, Media, OfferKind, Status};

/// Returns a state as the wire spells it; `Canceled` has one "l" (EmailCancel).
#[must_use]
pub const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Queued => "Queued",
        Status::Invited => "Invited",
        Status::Processing => "Processing",
        Status::Chatting => "Chatting",
        Status::LeftChat => "LeftChat",
        Status::Composing => "Composing",
        Status::InWorkbin => "InWorkbin",
        Status::Sending => "Sending",
        Status::Completed => "Completed",
        Status::Canceled => "Canceled",
        Status::Sent => "Sent",
        Status::Revoked => "Revoked",
    }
}

/// Returns a direction as the wire spells it.
#[must_use]
pub const fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "Inbound",
        Direction::Outbound => "Outbound",
        Direction::Internal => "Internal",
    }
}

/// Returns the medium's name for `interactionType`: `Email`, `Chat`, `Workitem`, or an open-media
/// type with a capital first letter.
#[must_use]
pub fn type_name(media: &Media) -> String {
    let mut letters = media.name().chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Returns the kind of an offer as the wire spells it.
#[must_use]
pub const fn offer_kind_name(kind: OfferKind) -> &'static str {
    match kind {
        OfferKind::Routed => "Routed",
        OfferKind::Transfer => "Transfer",
        OfferKind::Invite => "Invite",
        OfferKind::Consult => "Consult",
        OfferKind::Monitor => "Monitor",
        OfferKind::Coach => "Coach",
        OfferKind::BargeIn => "BargeIn",
    }
}

/// Returns the rule that keeps an agent from being offered something, as the wire spells it.
#[must_use]
pub const fn rule_name(rule: Exclusion) -> &'static str {
    match rule {
        Exclusion::QueueUnserved => "QueueUnserved",
        Exclusion::Disabled => "Disabled",
        Exclusion::NotAnAgent => "NotAnAgent",
        Exclusion::NotInGroups => "NotInGroups",
        Exclusion::MissingSkill { .. } => "MissingSkill",
        Exclusion::NoSession => "NoSession",
        Exclusion::Unreachable => "Unreachable",
        Exclusion::NotReady => "NotReady",
        Exclusion::DoNotDisturb => "DoNotDisturb",
        Exclusion::Full => "Full",
        Exclusion::PassedUntil { .. } => "PassedUntil",
        Exclusion::PassedAndOthersEligible { .. } => "PassedAndOthersEligible",
    }
}
