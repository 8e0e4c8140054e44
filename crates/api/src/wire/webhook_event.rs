//! What webhooks are sent (docs/api/webhooks.md): a message for each fact of an interaction, in the
//! form of Standard Webhooks: `type`, `timestamp`, `data`.
//!
//! Nothing that was written, by a customer or an agent, is in it, and no user data: it leaves the
//! installation, and whoever is told what happened asks for the rest with a right of their own.

use bytes::Bytes;
use handoff_domain::{Fact, Interaction, Time, Visibility};
use handoff_engine::Directory;
use handoff_store::{HistoryEntry, Webhook};
use serde_json::{Value, json};

use super::date::print;
use super::history;
use super::names::status_name;

/// The type of what is sent to try a webhook.
const TEST: &str = "webhook.test";

/// Makes the table of events: which fact is told as which type.
macro_rules! events {
    ($($fact:pat => $name:literal,)+) => {
        /// The types of all events, as the table has them.
        pub const EVENTS: &[&str] = &[$($name),+];

        /// Returns the type of the event that a fact is; `None` of what is of no interaction.
        #[must_use]
        pub const fn event(fact: &Fact) -> Option<&'static str> {
            Some(match fact {
                $($fact => $name,)+
                Fact::SessionBegan { .. }
                | Fact::SessionEnded
                | Fact::ChannelChanged { .. }
                | Fact::DirectoryChanged { .. }
                | Fact::ContactChanged { .. } => return None,
            })
        }
    };
}

events! {
    Fact::Opened => "interaction.opened",
    Fact::Queued { .. } => "interaction.queued",
    Fact::QueueReplaced { .. } => "interaction.queue_replaced",
    Fact::Offered { .. } => "interaction.offered",
    Fact::Accepted { .. } => "interaction.accepted",
    Fact::Rejected { .. } => "interaction.rejected",
    Fact::OfferExpired { .. } => "interaction.offer_expired",
    Fact::OfferRevoked { .. } => "interaction.offer_revoked",
    Fact::UserDataChanged => "interaction.user_data_changed",
    Fact::DispositionSet { .. } => "interaction.disposition_set",
    Fact::ResponseUsed { .. } => "interaction.response_used",
    Fact::PropertiesChanged => "interaction.properties_changed",
    Fact::Parked { .. } => "interaction.placed_in_workbin",
    Fact::Reminded { .. } => "interaction.reminded",
    Fact::Pulled { .. } => "interaction.pulled",
    Fact::Taken { .. } => "interaction.taken",
    Fact::Widened { .. } => "interaction.widened",
    Fact::DraftCreated { .. } => "interaction.draft_created",
    Fact::DraftClosed { .. } => "interaction.draft_closed",
    Fact::DraftReopened { .. } => "interaction.draft_reopened",
    Fact::DraftSaved => "interaction.draft_saved",
    Fact::SendStarted => "interaction.send_started",
    Fact::SendHeld { .. } => "interaction.send_held",
    Fact::SendCanceled => "interaction.send_canceled",
    Fact::SentForReview => "interaction.sent_for_review",
    Fact::DeliveryDeferred { .. } => "interaction.delivery_deferred",
    Fact::AttachmentAdded { .. } => "interaction.attachment_added",
    Fact::AttachmentRemoved { .. } => "interaction.attachment_removed",
    Fact::Threaded { .. } => "interaction.threaded",
    Fact::Remark(..) => "interaction.remark",
    Fact::Acknowledged { .. } => "interaction.acknowledged",
    Fact::NotAcknowledged { .. } => "interaction.not_acknowledged",
    Fact::Filed { .. } => "interaction.filed",
    Fact::Sent => "interaction.sent",
    Fact::DeliveryFailed { .. } => "interaction.delivery_failed",
    Fact::ParticipantLeft { .. } => "interaction.participant_left",
    Fact::OwnerChanged { .. } => "interaction.owner_changed",
    Fact::ChatEnded => "interaction.chat_ended",
    Fact::Said(..) => "interaction.said",
    Fact::ModeSwitched { .. } => "interaction.mode_switched",
    Fact::FileDownloaded { .. } => "interaction.file_downloaded",
    Fact::HandlingExpired { .. } => "interaction.handling_expired",
    Fact::AgentGone { .. } => "interaction.agent_gone",
    Fact::Completed => "interaction.completed",
    Fact::Canceled => "interaction.canceled",
    Fact::Erased => "interaction.erased",
}

/// Returns the message of a fact of an entry, about an interaction as it is by now.
#[must_use]
pub fn body(
    fact: &Fact,
    entry: &HistoryEntry,
    interaction: &Interaction,
    directory: &Directory,
) -> Bytes {
    let queue = interaction.queue.and_then(|id| directory.queues.get(&id));
    let owner = interaction.owner().map(|id| {
        let name = directory.users.get(&id).map(|user| user.user_name.clone());
        json!({"id": id.to_string(), "userName": name})
    });
    let message = json!({
        "type": event(fact),
        "timestamp": timestamp(entry.at),
        "data": {
            "interactionId": interaction.id.to_string(),
            "channel": interaction.media().name(),
            "externalId": interaction.external_id,
            "position": entry.position,
            "epoch": entry.epoch,
            "cause": history::cause(entry.cause, directory),
            "fact": without_words(fact, directory),
            "now": {
                "state": status_name(interaction.status()),
                "queue": queue.map(|queue| queue.name.clone()),
                "queueId": interaction.queue.map(|id| id.to_string()),
                "owner": owner,
                "epoch": interaction.epoch,
            },
        },
    });
    message.to_string().into()
}

/// Shows a fact as histories do, without what somebody outside has put into words: names of files,
/// and what other mail servers say, which repeats addresses.
fn without_words(fact: &Fact, directory: &Directory) -> Value {
    let mut shown = history::fact(fact, Visibility::Supervisors, directory);
    let words = match fact {
        Fact::AttachmentAdded { .. } | Fact::AttachmentRemoved { .. } => "name",
        Fact::DeliveryDeferred { .. } => "reply",
        Fact::DeliveryFailed { .. } => "reason",
        Fact::Remark(..) => "text",
        _ => return shown,
    };
    if let Some(parts) = shown.as_object_mut() {
        parts.remove(words);
    }
    shown
}

/// Returns the type and the message that is sent to try a webhook.
#[must_use]
pub fn test(webhook: &Webhook, at: Time) -> (&'static str, Bytes) {
    let data = json!({"webhookId": webhook.id.to_string(), "name": webhook.name});
    let message = json!({"type": TEST, "timestamp": timestamp(at), "data": data});
    (TEST, message.to_string().into())
}

/// Prints a time in ISO 8601, in UTC and to the millisecond.
fn timestamp(time: Time) -> String {
    let text = print(time);
    format!("{}T{}Z", &text[..10], &text[11..23])
}

#[cfg(test)]
mod tests {
    use handoff_domain::FileId;

    use super::*;

    #[test]
    fn times_are_those_of_the_standard() {
        assert_eq!(timestamp(Time(1_767_960_000_035)), "2026-01-09T12:00:00.035Z");
    }

    #[test]
    fn words_of_somebody_outside_are_in_no_message() {
        const WORDS: &str = "words of theirs";
        let (file, words) = (FileId(1), || WORDS.to_owned());
        let next = Time(0);
        for fact in [
            Fact::AttachmentAdded { file, name: words() },
            Fact::AttachmentRemoved { file, name: words() },
            Fact::DeliveryDeferred { attempt: 1, reply: words(), next },
            Fact::DeliveryFailed { reason: words() },
            Fact::Remark(words()),
        ] {
            let directory = Directory::default();
            let shown = history::fact(&fact, Visibility::Supervisors, &directory).to_string();
            assert!(shown.contains(WORDS), "the control: {shown}");
            let told = without_words(&fact, &directory).to_string();
            assert!(told.contains("\"fact\"") && !told.contains(WORDS), "{told}");
        }
    }

    /// The page lists them all, and what a message looks like.
    #[test]
    fn every_event_is_on_the_page() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/webhooks.md");
        let page = std::fs::read_to_string(path).unwrap();
        let listed: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .filter(|name| name.contains('.'))
            .collect();
        let mut wanted = EVENTS.to_vec();
        wanted.push(TEST);
        assert_eq!(listed, wanted);
    }
}
