//! From events to messages: which notice becomes which message on which topic. This is the only
//! place that decides it.
//!
//! Messages are rendered when they are delivered, from the snapshot that the event carries, so a
//! message that is replayed hours later says what was true then. What is looked up is names alone
//! (queues, groups, users); one that was deleted meanwhile is left out.
//!
//! | notice | on `/v2/me/interactions` | on the medium's topic |
//! |---|---|---|
//! | state or data of an interaction | `InteractionStateMessage` | `EmailStateChangeMessage`, `ChatStateChangeMessage`, … |
//! | what was said in a chat | the same, with `messages` | `MessageLogUpdated` |
//! | the same, no longer concerned | the same with that last state and no capabilities | the same |
//! | an item came into or left a watched workbin | – | `WorkbinStateChangeMessage` on `/v2/me/workbins` |
//! | own channels changed | – | `ChannelStateChangeMessageV2` on `/v2/me/channels` |

mod once;
pub mod topics;

use bytes::Bytes;
use handoff_domain::event::Subject;
use handoff_domain::{
    Entry, Interaction, InteractionId, Media, Notice, NotificationType, PartyKind, Topic, UserId,
    View, Visibility,
};
use handoff_engine::{Note, NoteKind};
use handoff_store::StreamRow;

use crate::wire::interaction::{InteractionResource, MediumResource, Sight};
use crate::wire::marks::ViewersMessage;
use crate::wire::notification::{
    ChannelMessage, Head, ItemAction, LogUpdate, MediumMessage, NEW_MESSAGES, ResyncMessage,
    StateMessage, WorkbinMessage, encode,
};
use crate::wire::resource::{Lookup, channels};
use crate::wire::transcript::LogMessage;

pub use once::Once;

/// Returns the data of the message that tells `row` to `reader` on `topic`, where it has this
/// number.
#[must_use]
pub fn render(
    row: &StreamRow,
    reader: UserId,
    topic: Topic,
    number: u64,
    lookup: Lookup<'_>,
) -> Bytes {
    let head = head_of(&row.notice, number);
    match &row.event.subject {
        Subject::Desk(desk) => encode(&ChannelMessage::new(head, channels(desk))),
        Subject::Interaction(interaction) => match row.notice.view {
            View::Workbin { workbin, added } => {
                let action = if added { ItemAction::Added } else { ItemAction::Removed };
                encode(&WorkbinMessage::new(workbin, action, head, interaction, lookup))
            }
            View::Messages { sees } => {
                let entries = row.event.entries();
                render_entries(interaction, reader, entries, sees, topic, head, lookup)
            }
            View::Concerned(_) | View::Gone(_) | View::Channels => {
                render_interaction(interaction, (&row.notice, reader), topic, head, lookup)
            }
        },
        Subject::Transcript { interaction, entries } => {
            let sees = match row.notice.view {
                View::Messages { sees } => sees,
                View::Concerned(_) | View::Gone(_) | View::Workbin { .. } | View::Channels => {
                    Visibility::Agents
                }
            };
            render_entries(interaction, reader, entries.iter(), sees, topic, head, lookup)
        }
        // No topic tells of a directory.
        Subject::Center(_) => Bytes::from_static(b"{}"),
    }
}

/// Returns the data of the message that a replay cannot begin where it was asked to.
#[must_use]
pub fn render_resync(topic: Topic, oldest: u64, head: u64) -> Bytes {
    encode(&ResyncMessage::new(topics::channel(topic), oldest, head))
}

/// Returns the messages that tell those who are connected now what is kept nowhere. They have no
/// number. The agent whose request it comes from is told with the `reference` of that (the pages on
/// typing show it as what follows from it).
#[must_use]
pub fn note(
    interaction: &Interaction,
    reader: UserId,
    note: &Note,
    reference: Option<i32>,
    lookup: Lookup<'_>,
) -> [(Topic, Bytes); 2] {
    let sees = sees(interaction, reader);
    let told = |topic| {
        let messages = vec![LogMessage::of_note(note, sees, lookup.url)];
        let head = Head { reference_id: reference, ..Head::default() };
        if topic != Topic::Interactions {
            return (topic, encode(&LogUpdate::new(head, interaction, messages, lookup)));
        }
        let mut resource = InteractionResource::read_by(interaction, reader, lookup);
        if let Some(answer) = &mut resource.answer {
            answer.typing = is_customer_typing(note);
        }
        (topic, encode(&StateMessage::new(NEW_MESSAGES, head, resource).with(messages)))
    };
    [told(Topic::Interactions), told(Topic::Chats)]
}

/// Returns whether the customer is typing, if that is what a note says.
fn is_customer_typing(note: &Note) -> Option<bool> {
    match note.kind {
        _ if note.from.kind != PartyKind::Customer => None,
        NoteKind::TypingStarted { .. } => Some(true),
        NoteKind::TypingStopped => Some(false),
        NoteKind::Read { .. } => None,
    }
}

/// Returns the message that tells who else looks at an interaction now. It has no number.
#[must_use]
pub fn viewers(
    interaction: InteractionId,
    viewers: &[UserId],
    lookup: Lookup<'_>,
) -> (Topic, Bytes) {
    let message = ViewersMessage::new(interaction, viewers, lookup);
    (Topic::Interactions, encode(&message))
}

/// Returns the messages that tell one agent again what was said, because they asked for it. They
/// have no number.
#[must_use]
pub fn history(
    interaction: &Interaction,
    reader: UserId,
    entries: &[Entry],
    reference: i32,
    lookup: Lookup<'_>,
) -> [(Topic, Bytes); 2] {
    let sees = sees(interaction, reader);
    let told = |topic| {
        let head = Head { reference_id: Some(reference), ..Head::default() };
        (topic, render_entries(interaction, reader, entries.iter(), sees, topic, head, lookup))
    };
    [told(Topic::Interactions), told(Topic::Chats)]
}

/// Returns how much a reader sees of a chat; who takes no part sees what an agent would.
#[must_use]
pub fn sees(interaction: &Interaction, reader: UserId) -> Visibility {
    let party = interaction.chat().and_then(|chat| chat.present(reader));
    party.map_or(Visibility::Agents, |party| party.sees)
}

fn render_entries<'a>(
    interaction: &Interaction,
    reader: UserId,
    entries: impl Iterator<Item = &'a Entry>,
    sees: Visibility,
    topic: Topic,
    head: Head,
    lookup: Lookup<'_>,
) -> Bytes {
    let messages = entries.filter_map(|entry| LogMessage::of(entry, sees, lookup.url)).collect();
    render_messages(interaction, reader, messages, topic, head, lookup)
}

fn render_messages(
    interaction: &Interaction,
    reader: UserId,
    messages: Vec<LogMessage>,
    topic: Topic,
    head: Head,
    lookup: Lookup<'_>,
) -> Bytes {
    if topic != Topic::Interactions {
        return encode(&LogUpdate::new(head, interaction, messages, lookup));
    }
    let resource = InteractionResource::read_by(interaction, reader, lookup);
    encode(&StateMessage::new(NEW_MESSAGES, head, resource).with(messages))
}

fn render_interaction(
    interaction: &Interaction,
    (notice, reader): (&Notice, UserId),
    topic: Topic,
    head: Head,
    lookup: Lookup<'_>,
) -> Bytes {
    let sight = Sight::told(interaction, &notice.view, reader);
    let media = &interaction.media();
    if topic == Topic::Interactions {
        let kind = kind_on_interactions(notice.kind);
        encode(&StateMessage::new(kind, head, InteractionResource::new(interaction, sight, lookup)))
    } else {
        let resource = MediumResource::new(interaction, sight, lookup);
        encode(&MediumMessage::new(kind_on_medium(notice.kind, media), head, media, resource))
    }
}

fn head_of(notice: &Notice, number: u64) -> Head {
    let (error_code, error_message) = notice.error.clone().unzip();
    Head { reference_id: notice.reference, sequence: Some(number), error_code, error_message }
}

/// Returns `notificationType` on the interactions topic, whose list has no word for a saved draft
/// (docs/compat/notifications.md#messages).
const fn kind_on_interactions(kind: NotificationType) -> &'static str {
    match kind {
        NotificationType::StatusChange => "StatusChange",
        NotificationType::PropertiesUpdated
        | NotificationType::DraftSaved
        | NotificationType::AttachmentAdded
        | NotificationType::AttachmentRemoved => "PropertiesUpdated",
        NotificationType::ParticipantsUpdated => "ParticipantsUpdated",
        NotificationType::NewMessages => NEW_MESSAGES,
        NotificationType::Error => "Error",
    }
}

/// Returns `notificationType` on a medium's topic; only e-mails say `EmailSaved`
/// (EmailMessageType).
const fn kind_on_medium(kind: NotificationType, media: &Media) -> &'static str {
    match (kind, media) {
        (NotificationType::DraftSaved, Media::Email) => "EmailSaved",
        (NotificationType::AttachmentAdded, Media::Email) => "AttachmentAdded",
        (NotificationType::AttachmentRemoved, Media::Email) => "AttachmentRemoved",
        _ => kind_on_interactions(kind),
    }
}
