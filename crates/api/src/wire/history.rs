//! What happened to an interaction (docs/compat/conventions.md#retries).

use handoff_domain::event::{Cause, RevokeReason};
use handoff_domain::{
    Entry, Fact, FileId, Filing, ResponseId, Role, Roles, Silence, Threading, Unproven, UserId,
    Visibility,
};
use handoff_engine::Directory;
use handoff_store::HistoryEntry;
use serde::Serialize;
use serde_json::{Value, json};

use super::date::print;
use super::names::offer_kind_name;
use super::transcript::{kind_name as party_kind_name, visibility_name};

/// One entry of an interaction's history.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryResource {
    /// Its place in the log; grows.
    pub position: u64,
    pub at: String,
    /// Who caused it: `User` with their id and name, `Customer`, `Router`, `Server`, `Mailer` or
    /// `Operator`.
    pub cause: Value,
    /// What happened, in order.
    pub facts: Vec<Value>,
    /// The interaction's epoch after it.
    pub epoch: u64,
}

impl HistoryResource {
    /// Shows an entry; `None` when nothing of it is for a reader of these roles.
    #[must_use]
    pub fn new(entry: &HistoryEntry, directory: &Directory, roles: &Roles) -> Option<Self> {
        let sees_all = roles.contains(&Role::Supervisor) || roles.contains(&Role::Admin);
        let sees = if sees_all { Visibility::Supervisors } else { Visibility::Agents };
        let shown: Vec<&Fact> =
            entry.facts.iter().filter(|fact| sees_all || is_for_agents(fact, directory)).collect();
        if shown.is_empty() && !entry.facts.is_empty() {
            return None;
        }
        Some(Self {
            position: entry.position,
            at: print(entry.at),
            cause: cause(entry.cause, directory),
            facts: shown.into_iter().map(|one| fact(one, sees, directory)).collect(),
            epoch: entry.epoch,
        })
    }
}

pub(in crate::wire) fn cause(cause: Cause, directory: &Directory) -> Value {
    match cause {
        Cause::User(user) => {
            let name = directory.users.get(&user).map(|user| user.user_name.clone());
            json!({"kind": "User", "id": user.to_string(), "userName": name})
        }
        Cause::Customer => json!({"kind": "Customer"}),
        Cause::Router => json!({"kind": "Router"}),
        Cause::Server => json!({"kind": "Server"}),
        Cause::Mailer => json!({"kind": "Mailer"}),
        Cause::Operator => json!({"kind": "Operator"}),
    }
}

/// Shows what happened: `fact` names it, the other keys say to whom and where.
pub(in crate::wire) fn fact(fact: &Fact, sees: Visibility, directory: &Directory) -> Value {
    let queue_name = |id| directory.queues.get(id).map(|queue| queue.name.clone());
    let skill_name = |id| directory.skills.get(&id).map(|skill| skill.name.clone());
    match fact {
        Fact::Opened => json!({"fact": "Opened"}),
        Fact::Queued { queue, skill, .. } => queued(queue_name(queue), skill.and_then(skill_name)),
        Fact::QueueReplaced { queue } => queue_replaced(queue_name(queue)),
        Fact::Offered { .. }
        | Fact::Accepted { .. }
        | Fact::Rejected { .. }
        | Fact::OfferExpired { .. }
        | Fact::OfferRevoked { .. } => offer_fact(fact),
        Fact::UserDataChanged => json!({"fact": "UserDataChanged"}),
        Fact::DispositionSet { disposition } => disposition_set(disposition.as_deref()),
        Fact::ResponseUsed { response } => response_used(*response),
        Fact::PropertiesChanged => json!({"fact": "PropertiesChanged"}),
        Fact::Parked { workbin, until } => {
            json!({"fact": "PlacedInWorkbin", "workbin": workbin.to_string(), "until": until.map(print)})
        }
        Fact::Reminded { of } => json!({"fact": "Reminded", "for": of.to_string()}),
        Fact::Pulled { workbin, by } => {
            json!({"fact": "Pulled", "workbin": workbin.to_string(), "by": by.to_string()})
        }
        Fact::Taken { by } => json!({"fact": "Taken", "by": by.to_string()}),
        Fact::Widened { step } => json!({"fact": "Widened", "step": step}),
        Fact::DraftCreated { .. }
        | Fact::DraftClosed { .. }
        | Fact::DraftReopened { .. }
        | Fact::DraftSaved
        | Fact::SendStarted
        | Fact::SendHeld { .. }
        | Fact::SendCanceled
        | Fact::SentForReview
        | Fact::DeliveryDeferred { .. }
        | Fact::AttachmentAdded { .. }
        | Fact::AttachmentRemoved { .. }
        | Fact::Threaded { .. }
        | Fact::Remark(..)
        | Fact::Acknowledged { .. }
        | Fact::NotAcknowledged { .. }
        | Fact::Filed { .. }
        | Fact::Sent
        | Fact::DeliveryFailed { .. } => letter_fact(fact),
        Fact::ParticipantLeft { user } => {
            json!({"fact": "ParticipantLeft", "user": user.to_string()})
        }
        Fact::OwnerChanged { to } => json!({"fact": "OwnerChanged", "to": to.to_string()}),
        Fact::ChatEnded => json!({"fact": "ChatEnded"}),
        Fact::Said(entry) => said(entry, sees),
        Fact::ModeSwitched { by, kind } => {
            json!({"fact": "ModeSwitched", "by": by.to_string(), "kind": offer_kind_name((*kind).into())})
        }
        Fact::FileDownloaded { file } => file_downloaded(*file),
        Fact::HandlingExpired { owner } => handling_expired(*owner),
        Fact::AgentGone { user } => json!({"fact": "AgentGone", "user": user.to_string()}),
        Fact::Completed => json!({"fact": "Completed"}),
        Fact::Canceled => json!({"fact": "Canceled"}),
        Fact::Erased => json!({"fact": "Erased"}),
        // These are of desks and centers, whose histories have no door yet.
        Fact::SessionBegan { .. }
        | Fact::SessionEnded
        | Fact::ChannelChanged { .. }
        | Fact::DirectoryChanged { .. }
        | Fact::ContactChanged { .. } => json!({"fact": "Other"}),
    }
}

/// Shows what happened to an offer.
fn offer_fact(fact: &Fact) -> Value {
    match fact {
        Fact::Offered { to, kind, expires, of } => {
            json!({"fact": "Offered", "to": to.to_string(), "kind": offer_kind_name(*kind), "expires": print(*expires), "of": of})
        }
        Fact::Accepted { by, kind } => {
            json!({"fact": "Accepted", "by": by.to_string(), "kind": offer_kind_name(*kind)})
        }
        Fact::Rejected { by } => json!({"fact": "Rejected", "by": by.to_string()}),
        Fact::OfferExpired { to } => json!({"fact": "OfferExpired", "to": to.to_string()}),
        Fact::OfferRevoked { to, reason } => {
            json!({"fact": "OfferRevoked", "to": to.to_string(), "reason": revoke_reason(*reason)})
        }
        _ => unreachable!("only offers are shown here"),
    }
}

fn queued(queue: Option<String>, skill: Option<String>) -> Value {
    json!({"fact": "Queued", "queue": queue, "skill": skill})
}

fn file_downloaded(file: FileId) -> Value {
    json!({"fact": "FileDownloaded", "file": file.to_string()})
}

fn queue_replaced(by: Option<String>) -> Value {
    json!({"fact": "QueueReplaced", "queue": by})
}

fn disposition_set(disposition: Option<&str>) -> Value {
    json!({"fact": "DispositionSet", "disposition": disposition})
}

fn response_used(response: ResponseId) -> Value {
    json!({"fact": "ResponseUsed", "response": response.to_string()})
}

fn handling_expired(owner: UserId) -> Value {
    json!({"fact": "HandlingExpired", "owner": owner.to_string()})
}

/// Shows what happened to a letter, a draft or what is written beside them.
fn letter_fact(fact: &Fact) -> Value {
    match fact {
        Fact::DraftCreated { draft } => json!({"fact": "DraftCreated", "draft": draft.to_string()}),
        Fact::DraftClosed { draft, .. } => {
            json!({"fact": "DraftClosed", "draft": draft.to_string()})
        }
        Fact::DraftReopened { draft } => {
            json!({"fact": "DraftReopened", "draft": draft.to_string()})
        }
        Fact::DraftSaved => json!({"fact": "DraftSaved"}),
        Fact::SendStarted => json!({"fact": "SendStarted"}),
        Fact::SendHeld { until } => json!({"fact": "SendHeld", "until": print(*until)}),
        Fact::SendCanceled => json!({"fact": "SendCanceled"}),
        Fact::SentForReview => json!({"fact": "SentForReview"}),
        Fact::DeliveryDeferred { attempt, reply, next } => {
            json!({"fact": "DeliveryDeferred", "attempt": attempt, "reply": reply, "next": print(*next)})
        }
        Fact::AttachmentAdded { file, name } => {
            json!({"fact": "AttachmentAdded", "attachment": file.to_string(), "name": name})
        }
        Fact::AttachmentRemoved { file, name } => {
            json!({"fact": "AttachmentRemoved", "attachment": file.to_string(), "name": name})
        }
        Fact::Threaded { parent, how } => {
            json!({"fact": "Threaded", "parentId": parent.map(|id| id.to_string()), "how": threading(*how)})
        }
        Fact::Remark(text) => json!({"fact": "Remark", "text": text}),
        Fact::Acknowledged { by } => json!({"fact": "Acknowledged", "by": by.to_string()}),
        Fact::NotAcknowledged { why } => {
            json!({"fact": "NotAcknowledged", "reason": silence(*why)})
        }
        Fact::Filed { why } => json!({"fact": "Filed", "reason": filing(*why)}),
        Fact::Sent => json!({"fact": "Sent"}),
        Fact::DeliveryFailed { reason } => json!({"fact": "DeliveryFailed", "reason": reason}),
        other => unreachable!("{other:?} is shown by `fact`"),
    }
}

/// Shows that something was said, without what: that is in the chat's messages, for those who take
/// part.
fn said(entry: &Entry, sees: Visibility) -> Value {
    json!({
        "fact": "Said",
        "type": entry.content.name(),
        "by": party_kind_name(&entry.from.kind),
        "participantId": entry.from.id_for(sees).map(|id| id.0.to_string()),
        "visibility": visibility_name(entry.visibility),
    })
}

/// Tells whether somebody who is no supervisor may know of a fact: that a supervisor looks on is
/// for supervisors alone.
fn is_for_agents(fact: &Fact, directory: &Directory) -> bool {
    let is_supervisor =
        |user| directory.users.get(user).is_some_and(|user| user.roles.contains(&Role::Supervisor));
    match fact {
        Fact::Said(entry) => entry.agents.is_some(),
        Fact::Offered { kind, .. } | Fact::Accepted { kind, .. } => !kind.is_supervision(),
        Fact::ModeSwitched { .. } => false,
        // These do not say what the offer was for, so all of a supervisor's are left
        // out.
        Fact::Rejected { by: user }
        | Fact::OfferExpired { to: user }
        | Fact::OfferRevoked { to: user, .. }
        | Fact::ParticipantLeft { user } => !is_supervisor(user),
        _ => true,
    }
}

const fn revoke_reason(reason: RevokeReason) -> &'static str {
    match reason {
        RevokeReason::AgentGone => "AgentGone",
        RevokeReason::CustomerLeft => "CustomerLeft",
        RevokeReason::OwnerActed => "OwnerActed",
        RevokeReason::OwnerGone => "OwnerGone",
        RevokeReason::QueueGone => "QueueGone",
        RevokeReason::SupervisorActed => "SupervisorActed",
    }
}

const fn threading(how: Threading) -> &'static str {
    match how {
        Threading::Token => "its address or Message-ID bears this server's token",
        Threading::KnownMessage => "it names a message that its sender wrote or got",
        Threading::ReportOn => "it reports on a message of ours",
        Threading::NotProven(Unproven::UnknownMessage) => "it names an unknown message",
        Threading::NotProven(Unproven::SomebodyElses) => "it names a message of somebody else",
        Threading::NothingNamed => "it names no message",
        Threading::Split => "it was split off",
        Threading::Joined => "it was joined",
    }
}

const fn silence(why: Silence) -> &'static str {
    match why {
        Silence::Automatic(_) => "a program wrote it",
        Silence::Report => "it is a report",
        Silence::NoSender => "it has no sender",
        Silence::OwnAddress => "it is from an address of ours",
        Silence::Lately => "its sender got a confirmation within a day",
        Silence::Unread => "nobody reads what is sent to its sender",
        Silence::TooMany => {
            "too many confirmations went out within the hour, in all or to its sender's domain"
        }
    }
}

const fn filing(why: Filing) -> &'static str {
    match why {
        Filing::OwnMessage => "it is a message of ours",
        Filing::Report => "it is a report that asks nothing of anybody",
        Filing::Loop => "programs write to each other",
    }
}
