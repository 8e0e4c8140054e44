//! Saying something in a live chat: who may say what, to whom, and how much of it.

use alloc::string::{String, ToString};

use crate::chat::{
    self, Chat, Content, Entry, FileUse, Party, PartyKind, Speaker, Utterance, Visibility,
};
use crate::command::Actor;
use crate::event::Fact;
use crate::id::FileId;
use crate::interaction::Mode;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::{Addressees, Change};
use crate::interaction::decision::Decision;
use crate::rejection::{FileLimit, Rejection};

/// The character that ends a text for many programs, and is part of none.
const NUL: char = '\0';

/// Says something: the customer while their session is live, wherever the chat is; an agent while
/// they take part in it.
pub(super) fn say(attempt: &Attempt<'_>, utterance: &Utterance) -> Result<Decision, Rejection> {
    let chat = match attempt.actor {
        // The customer may type while they wait.
        Actor::Customer => live(attempt)?,
        Actor::User(_) | Actor::Router | Actor::Server | Actor::Mailer => in_hands(attempt)?,
    };
    let speaker = speaker(attempt, chat).ok_or(Rejection::NotInConversation)?;
    let visibility = checked(chat, speaker, utterance)?;
    if let (Content::FileUploaded { bytes, .. }, PartyKind::Customer) =
        (&utterance.content, speaker.kind)
    {
        may_send(attempt, chat, *bytes)?;
    }
    let mut change = attempt.change();
    put(&mut change, speaker, visibility, utterance);
    Ok(change.finish())
}

/// Says what an agent says before they go, at the beginning of the change that lets them go.
pub(super) fn farewell(attempt: &Attempt<'_>, change: &mut Change<'_>) -> Result<(), Rejection> {
    let chat = attempt.before.chat().filter(|chat| chat.is_live());
    let (Some(utterance), Some(chat)) = (attempt.farewell, chat) else { return Ok(()) };
    let Some(speaker) = speaker(attempt, chat) else { return Ok(()) };
    let visibility = checked(chat, speaker, utterance)?;
    put(change, speaker, visibility, utterance);
    change.end_last_words();
    Ok(())
}

/// Counts that the customer fetched a file, which only the history shows.
pub(super) fn count_download(attempt: &Attempt<'_>, file: FileId) -> Result<Decision, Rejection> {
    let chat = live(attempt)?;
    let most =
        attempt.context.world.file_limits(&chat.service).map_or(0, |limits| limits.downloads_max);
    if chat.files.downloads >= most {
        return Err(Rejection::FileLimit(FileLimit::Downloads { most }));
    }
    let files = FileUse { downloads: chat.files.downloads.saturating_add(1), ..chat.files };
    let mut change = attempt.change();
    change.addressees = Addressees::Nobody;
    change.facts.push(Fact::FileDownloaded { file });
    if let Some(chat) = change.after.chat_mut() {
        chat.files = files;
    }
    Ok(change.finish())
}

/// Tells whether the customer may send one more file. Agents are not limited
/// (docs/compat/customers.md#files).
fn may_send(attempt: &Attempt<'_>, chat: &Chat, bytes: u64) -> Result<(), Rejection> {
    let limits = attempt.context.world.file_limits(&chat.service);
    let refused = |limit| Err(Rejection::FileLimit(limit));
    let Some(limits) = limits else { return refused(FileLimit::Uploads { most: 0 }) };
    if limits.need_agent
        && !chat.parties.iter().any(|party| matches!(party.kind, PartyKind::Agent(_)))
    {
        refused(FileLimit::NeedsAgent)
    } else if chat.files.uploads >= limits.uploads_max {
        refused(FileLimit::Uploads { most: limits.uploads_max })
    } else if chat.files.bytes.saturating_add(bytes) > limits.total_bytes_max {
        refused(FileLimit::Bytes { most: limits.total_bytes_max })
    } else {
        Ok(())
    }
}

/// Returns the conversation of a chat whose customer is there.
pub(super) fn live<'a>(attempt: &Attempt<'a>) -> Result<&'a Chat, Rejection> {
    if attempt.before.mode() != Some(Mode::Chatting) {
        return Err(attempt.wrong_state());
    }
    attempt.before.chat().ok_or(Rejection::NoConversation)
}

fn in_hands<'a>(attempt: &Attempt<'a>) -> Result<&'a Chat, Rejection> {
    attempt.handling()?;
    live(attempt)
}

fn speaker<'a>(attempt: &Attempt<'_>, chat: &'a Chat) -> Option<&'a Party> {
    match attempt.actor {
        Actor::Customer => chat.customer_party(),
        Actor::User(caller) => chat.present(caller.user),
        Actor::Router | Actor::Server | Actor::Mailer => None,
    }
}

/// Returns to whom it goes, when the speaker may say it. A hidden speaker is heard by those alone
/// who see them; nobody speaks to readers whose entries they could not see themselves, and the
/// customer speaks to everybody.
fn checked(chat: &Chat, speaker: &Party, utterance: &Utterance) -> Result<Visibility, Rejection> {
    let Utterance { content, visibility, .. } = utterance;
    let visibility = (*visibility).max(speaker.shown_to);
    let is_theirs = match speaker.kind.user() {
        Some(_) => is_for_agents(content),
        None => is_for_customers(content),
    };
    if !is_theirs || visibility > speaker.sees {
        return Err(Rejection::NotForCaller { content: content.name() });
    }
    check_bounds(content)?;
    if chat.is_full() { Err(Rejection::TranscriptFull) } else { Ok(visibility) }
}

const fn is_for_customers(content: &Content) -> bool {
    match content {
        Content::Text { .. }
        | Content::PushUrl { .. }
        | Content::CustomNotice { .. }
        | Content::NicknameUpdated { .. }
        | Content::FileUploaded { .. }
        | Content::FileDeleted { .. } => true,
        Content::Notice { .. }
        | Content::Joined
        | Content::Left { .. }
        | Content::IdleAlert
        | Content::IdleClose => false,
    }
}

const fn is_for_agents(content: &Content) -> bool {
    match content {
        Content::Text { .. }
        | Content::PushUrl { .. }
        | Content::CustomNotice { .. }
        | Content::Notice { .. }
        | Content::FileUploaded { .. }
        | Content::FileDeleted { .. } => true,
        Content::NicknameUpdated { .. }
        | Content::Joined
        | Content::Left { .. }
        | Content::IdleAlert
        | Content::IdleClose => false,
    }
}

fn check_bounds(content: &Content) -> Result<(), Rejection> {
    match content {
        Content::Text { text, message_type, .. } => {
            some("text", text, Chat::TEXT_CHARS_MAX)?;
            at_most("messageType", message_type.as_deref(), Chat::NAME_CHARS_MAX)
        }
        Content::PushUrl { url } => some("url", url, Chat::URL_CHARS_MAX),
        Content::CustomNotice { text } => {
            text.as_deref().map_or(Ok(()), |text| some("noticeText", text, Chat::TEXT_CHARS_MAX))
        }
        Content::Notice { text, data } => {
            some("text", text, Chat::TEXT_CHARS_MAX)?;
            data.iter()
                .flat_map(|(key, value)| [key, value])
                .try_for_each(|text| without_nul("data", text))?;
            let chars: usize = data.iter().map(|(key, value)| chars(key) + chars(value)).sum();
            within("data", chars, Chat::TEXT_CHARS_MAX)
        }
        Content::NicknameUpdated { nickname } => check_nickname(nickname),
        Content::FileUploaded { name, content_type, description, .. } => {
            some("name", name, Chat::NAME_CHARS_MAX)?;
            some("contentType", content_type, Chat::NAME_CHARS_MAX)?;
            at_most("description", description.as_deref(), Chat::TEXT_CHARS_MAX)
        }
        Content::FileDeleted { name, .. } => some("name", name, Chat::NAME_CHARS_MAX),
        Content::Joined | Content::Left { .. } | Content::IdleAlert | Content::IdleClose => Ok(()),
    }
}

/// Refuses a name that is empty, blank or too long, or that would break the line it stands in.
pub(super) fn check_nickname(nickname: &str) -> Result<(), Rejection> {
    const PART: &str = "nickname";
    some(PART, nickname, Chat::NAME_CHARS_MAX)?;
    if nickname.contains(char::is_control) {
        Err(Rejection::TextControl { part: PART })
    } else {
        Ok(())
    }
}

fn some(part: &'static str, text: &str, chars_max: usize) -> Result<(), Rejection> {
    if text.is_empty() {
        Err(Rejection::TextBounds { part, chars_max })
    } else if is_blank(text) {
        Err(Rejection::TextBlank { part })
    } else {
        without_nul(part, text)?;
        within(part, chars(text), chars_max)
    }
}

/// Tells whether nothing of a text can be seen.
fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || (c.is_control() && c != NUL) || chat::is_invisible(c))
}

pub(super) fn without_nul(part: &'static str, text: &str) -> Result<(), Rejection> {
    if text.contains(NUL) { Err(Rejection::TextControl { part }) } else { Ok(()) }
}

pub(super) fn at_most(
    part: &'static str,
    text: Option<&str>,
    chars_max: usize,
) -> Result<(), Rejection> {
    without_nul(part, text.unwrap_or_default())?;
    within(part, text.map_or(0, chars), chars_max)
}

fn within(part: &'static str, chars: usize, chars_max: usize) -> Result<(), Rejection> {
    if chars <= chars_max { Ok(()) } else { Err(Rejection::TextBounds { part, chars_max }) }
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

/// Records what was said, and what follows from it for the conversation.
fn put(change: &mut Change<'_>, speaker: &Party, visibility: Visibility, utterance: &Utterance) {
    let content = &utterance.content;
    let (new_name, upload) = match content {
        Content::NicknameUpdated { nickname } => (Some(nickname.to_string()), None),
        Content::FileUploaded { bytes, .. } => (None, Some(*bytes)),
        Content::Joined
        | Content::Left { .. }
        | Content::Text { .. }
        | Content::PushUrl { .. }
        | Content::CustomNotice { .. }
        | Content::Notice { .. }
        | Content::FileDeleted { .. }
        | Content::IdleAlert
        | Content::IdleClose => (None, None),
    };
    change.say(Speaker::from(speaker), visibility, content.clone());
    if let Some(entry) = change.said.last_mut() {
        entry.message_id.clone_from(&utterance.message_id);
    }
    let Some(chat) = change.after.chat_mut() else { return };
    // Agents are not limited (docs/compat/customers.md#files).
    if let (Some(bytes), None) = (upload, speaker.kind.user()) {
        chat.files.uploads = chat.files.uploads.saturating_add(1);
        chat.files.bytes = chat.files.bytes.saturating_add(bytes);
    }
    if let Some(name) = new_name {
        rename(chat, speaker, name);
    }
}

fn rename(chat: &mut Chat, speaker: &Party, name: String) {
    if let Some(party) = chat.parties.iter_mut().find(|party| party.id == speaker.id) {
        party.nickname = name;
    }
}

impl Change<'_> {
    /// Puts an entry at the end of the transcript of an interaction that has one.
    pub(super) fn say(&mut self, from: Speaker, visibility: Visibility, content: Content) {
        let at = self.context.now;
        let entry: Option<Entry> =
            self.after.chat_mut().map(|chat| chat.record(at, from, visibility, content));
        self.said.extend(entry);
    }
}
