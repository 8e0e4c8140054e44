//! What was said in a chat, as JSON: once as the customers' clients know it, once as the agents'
//! do.
//!
//! The two generations name the same things differently (docs/compat/customers.md#answers;
//! docs/compat/media.md#messages-of-a-chat), and both sides count only what they see. An index
//! counts entries; a note about typing is none, and has for customers a number below 0.

use std::collections::BTreeMap;

use handoff_domain::{
    Content, Entry, FileId, Party, PartyKind, Speaker, Time, TreatAs, Visibility,
};
use handoff_engine::{Note, NoteKind, NumberedNote};
use serde::Serialize;

use crate::wire::date;
use crate::wire::resource::{Link, PublicUrl};

/// The text of the message that tells the limits of files (docs/compat/customers.md#files).
const LIMITS_TEXT: &str = "file-client-cfg-get";
/// What people read when a chat has been idle; clients that translate look at `messageType`.
const IDLE_ALERT: &str = "Are you still there? The chat ends soon if nobody writes.";
/// What people read when a chat ends because it was idle.
const IDLE_CLOSE: &str = "The chat has ended because nobody wrote for a while.";

/// Data of a message; its values are texts (docs/compat/customers.md#messages).
type Data = BTreeMap<&'static str, String>;

/// Who said something, for a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomersSpeaker {
    nickname: String,
    participant_id: u32,
    r#type: &'static str,
}

impl CustomersSpeaker {
    fn of(speaker: &Speaker) -> Self {
        let r#type = match speaker.kind {
            PartyKind::Customer => "Client",
            PartyKind::Agent(_) => "Agent",
            PartyKind::Supervisor(_) => "Supervisor",
            // The pages have no type for the server itself; clients know this one for whoever is
            // neither customer nor agent.
            PartyKind::System => "External",
        };
        let participant_id = speaker.public.map_or(0, |id| id.0);
        Self { nickname: speaker.nickname.clone(), participant_id, r#type }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerMessage {
    from: CustomersSpeaker,
    /// Of an entry its number, from 1; of a note a number below 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_type: Option<String>,
    utc_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<BTreeMap<String, String>>,
    /// Their own client's id of it, so that the client knows what it sent when it comes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
}

impl CustomerMessage {
    /// Shows an entry to the customer; `None` when it is not for them.
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        let index = entry.customer?;
        let message_id = own_message_id(entry);
        Some(Self {
            index: index.try_into().ok(),
            message_id,
            ..Self::bare(&entry.from, entry.at, &entry.content)
        })
    }

    /// Shows a note.
    pub(crate) fn of_note(numbered: &NumberedNote) -> Self {
        let NumberedNote { note, index } = numbered;
        let (r#type, text) = match &note.kind {
            NoteKind::TypingStarted { text } => ("TypingStarted", text.clone()),
            NoteKind::TypingStopped => ("TypingStopped", None),
            NoteKind::Read { index } => ("ReadReceipt", Some(index.to_string())),
        };
        Self { text, index: Some(*index), ..Self::empty(&note.from, note.at, r#type) }
    }

    /// Tells a customer about a file that they have just sent.
    pub(crate) fn about_file(customer: Option<&Party>, at: Time, content: &Content) -> Self {
        Self::bare(&customer.map_or_else(Speaker::system, Speaker::from), at, content)
    }

    /// Tells a customer what they may do with files.
    pub(crate) fn limits(customer: Option<&Party>, at: Time, data: Data) -> Self {
        let from = customer.map_or_else(Speaker::system, Speaker::from);
        let user_data = data.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Self {
            text: Some(LIMITS_TEXT.to_owned()),
            user_data: Some(user_data),
            ..Self::empty(&from, at, "Notice")
        }
    }

    fn empty(from: &Speaker, at: Time, r#type: &'static str) -> Self {
        let from = CustomersSpeaker::of(from);
        Self {
            from,
            index: None,
            text: None,
            r#type,
            message_type: None,
            utc_time: at.0,
            user_data: None,
            message_id: None,
        }
    }

    fn bare(from: &Speaker, at: Time, content: &Content) -> Self {
        let (r#type, text, message_type, user_data) = match content {
            Content::Joined => ("ParticipantJoined", None, None, None),
            Content::Left { reason } => {
                let data =
                    BTreeMap::from([("quit-reason-code".to_owned(), reason.code().to_string())]);
                ("ParticipantLeft", None, None, Some(data))
            }
            Content::Text { text, message_type, .. } => {
                ("Message", Some(text.clone()), message_type.clone(), None)
            }
            Content::PushUrl { url } => ("PushUrl", Some(url.clone()), None, None),
            Content::CustomNotice { text } => ("CustomNotice", text.clone(), None, None),
            Content::Notice { text, data } => {
                ("Notice", Some(text.clone()), None, Some(data.clone()))
            }
            Content::NicknameUpdated { nickname } => {
                ("NicknameUpdated", Some(nickname.clone()), None, None)
            }
            Content::FileUploaded { file, name, bytes, content_type, description } => {
                let data =
                    file_data(*file, name, Some((*bytes, content_type)), description.as_deref());
                ("FileUploaded", Some(name.clone()), None, Some(data))
            }
            Content::FileDeleted { file, name } => {
                ("FileDeleted", Some(name.clone()), None, Some(file_data(*file, name, None, None)))
            }
            Content::IdleAlert => {
                ("Notice", Some(IDLE_ALERT.to_owned()), Some("IdleAlert".to_owned()), None)
            }
            Content::IdleClose => {
                ("Notice", Some(IDLE_CLOSE.to_owned()), Some("IdleClose".to_owned()), None)
            }
        };
        Self { text, message_type, user_data, ..Self::empty(from, at, r#type) }
    }
}

/// Returns the id that the customer's client gave to what they said themselves.
fn own_message_id(entry: &Entry) -> Option<String> {
    entry.message_id.clone().filter(|_| entry.from.kind == PartyKind::Customer)
}

fn file_data(
    file: FileId,
    name: &str,
    kind: Option<(u64, &String)>,
    description: Option<&str>,
) -> BTreeMap<String, String> {
    let mut data = BTreeMap::from([
        ("file-id".to_owned(), file.to_string()),
        ("file-name".to_owned(), name.to_owned()),
    ]);
    if let Some((bytes, content_type)) = kind {
        data.insert("file-size".to_owned(), bytes.to_string());
        data.insert("file-type".to_owned(), content_type.clone());
    }
    if let Some(description) = description {
        data.insert("file-description".to_owned(), description.to_owned());
    }
    data
}

/// Who said something, for an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentsSpeaker {
    nickname: String,
    r#type: &'static str,
    participant_id: String,
    /// Of a user, and never for a customer: which account somebody has is no business of theirs.
    #[serde(flatten)]
    link: Option<Link>,
}

impl AgentsSpeaker {
    fn of(speaker: &Speaker, sees: Visibility, url: Option<&PublicUrl>) -> Self {
        let participant_id = speaker.id_for(sees).map_or_else(String::new, |id| id.0.to_string());
        let link = url.zip(speaker.kind.user()).map(|(url, user)| url.user(user));
        Self {
            nickname: speaker.nickname.clone(),
            r#type: kind_name(&speaker.kind),
            participant_id,
            link,
        }
    }
}

/// Returns the type of a participant as agents' clients know it.
pub(crate) const fn kind_name(kind: &PartyKind) -> &'static str {
    match kind {
        PartyKind::Customer => "Customer",
        PartyKind::Agent(_) => "Agent",
        PartyKind::Supervisor(_) => "Supervisor",
        PartyKind::System => "System",
    }
}

/// Returns a visibility's name.
pub(crate) const fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::All => "All",
        Visibility::Agents => "Agents",
        Visibility::Supervisors => "Supervisors",
    }
}

/// One message of a chat's log, for an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    treat_as: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<BTreeMap<String, String>>,
    visibility: &'static str,
    from: AgentsSpeaker,
    timestamp: String,
    /// Milliseconds, whatever the name says (docs/compat/media.md#messages-of-a-chat).
    timestamp_seconds: i64,
    /// For the customer's own words alone: their client's id of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
}

impl LogMessage {
    /// Shows an entry to a user who sees so much; `None` when it is not for them.
    pub(crate) fn of(entry: &Entry, sees: Visibility, url: &PublicUrl) -> Option<Self> {
        Self::shown(entry, sees, Some(url))
    }

    fn shown(entry: &Entry, sees: Visibility, url: Option<&PublicUrl>) -> Option<Self> {
        let index = Some(entry.index_for(sees)?);
        let (from, at) = (AgentsSpeaker::of(&entry.from, sees, url), entry.at);
        let empty =
            Self { index, ..Self::empty(from, at, content_type(&entry.content), entry.visibility) };
        Some(match &entry.content {
            Content::Joined => empty,
            Content::Left { reason } => {
                let data =
                    BTreeMap::from([("quit-reason-code".to_owned(), reason.code().to_string())]);
                Self { user_data: Some(data), ..empty }
            }
            Content::Text { text, message_type, treat_as } => Self {
                text: Some(text.clone()),
                message_type: message_type.clone(),
                treat_as: (*treat_as == TreatAs::System).then_some("System"),
                ..empty
            },
            Content::PushUrl { url } => Self { url: Some(url.clone()), ..empty },
            Content::CustomNotice { text } => Self { notice_text: text.clone(), ..empty },
            Content::Notice { text, data } => {
                Self { text: Some(text.clone()), user_data: Some(data.clone()), ..empty }
            }
            Content::NicknameUpdated { nickname } => Self { text: Some(nickname.clone()), ..empty },
            Content::FileUploaded { file, name, bytes, content_type, description } => {
                let data =
                    file_data(*file, name, Some((*bytes, content_type)), description.as_deref());
                Self { text: Some(name.clone()), user_data: Some(data), ..empty }
            }
            Content::FileDeleted { file, name } => Self {
                text: Some(name.clone()),
                user_data: Some(file_data(*file, name, None, None)),
                ..empty
            },
            Content::IdleAlert => Self {
                text: Some(IDLE_ALERT.to_owned()),
                message_type: Some("IdleAlert".to_owned()),
                ..empty
            },
            Content::IdleClose => Self {
                text: Some(IDLE_CLOSE.to_owned()),
                message_type: Some("IdleClose".to_owned()),
                ..empty
            },
        })
    }

    /// Shows an entry to the customer in this shape; `None` when it is not for them.
    pub(crate) fn for_customer(entry: &Entry) -> Option<Self> {
        Some(Self {
            message_id: own_message_id(entry),
            ..Self::shown(entry, Visibility::All, None)?
        })
    }

    /// Shows a note.
    pub(crate) fn of_note(note: &Note, sees: Visibility, url: &PublicUrl) -> Self {
        let (r#type, text) = match &note.kind {
            NoteKind::TypingStarted { text } => ("TypingStarted", text.clone()),
            NoteKind::TypingStopped => ("TypingStopped", None),
            NoteKind::Read { index } => ("ReadReceipt", Some(index.to_string())),
        };
        let from = AgentsSpeaker::of(&note.from, sees, Some(url));
        Self { text, ..Self::empty(from, note.at, r#type, note.visibility) }
    }

    fn empty(from: AgentsSpeaker, at: Time, r#type: &'static str, visibility: Visibility) -> Self {
        Self {
            index: None,
            r#type,
            text: None,
            url: None,
            notice_text: None,
            message_type: None,
            treat_as: None,
            user_data: None,
            visibility: visibility_name(visibility),
            from,
            timestamp: date::print(at),
            timestamp_seconds: at.0,
            message_id: None,
        }
    }
}

/// Returns the type of a message as agents' clients know it.
const fn content_type(content: &Content) -> &'static str {
    match content {
        Content::Joined => "ParticipantJoined",
        Content::Left { .. } => "ParticipantLeft",
        Content::Text { .. } => "Text",
        Content::PushUrl { .. } => "PushUrl",
        Content::CustomNotice { .. } => "CustomNotice",
        Content::Notice { .. } | Content::IdleAlert | Content::IdleClose => "Notice",
        Content::NicknameUpdated { .. } => "NicknameUpdated",
        Content::FileUploaded { .. } => "FileUploaded",
        Content::FileDeleted { .. } => "FileDeleted",
    }
}
