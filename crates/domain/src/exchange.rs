//! Who waits for whom: since when a customer is owed an answer, and the last words of either side.
//!
//! It is kept as it is now, so that whoever shows it reads no transcript and no thread for it.

use alloc::borrow::Cow;
use alloc::string::String;

use unicode_segmentation::UnicodeSegmentation;

use crate::chat::{Content, Entry, PartyKind, TreatAs, Visibility};
use crate::id::UserId;
use crate::interaction::{Email, Interaction, Medium};
use crate::media::Direction;
use crate::time::Time;

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Side {
    Customer,
    Agent,
}

/// Words, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Said {
    pub from: Side,
    /// Their beginning, on one line.
    pub text: String,
    pub at: Time,
}

/// How a conversation stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Exchange {
    /// Since when the customer waits for words of an agent; `None` while they do not. A chat that
    /// was stored before this was kept says it from its next entry on.
    #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
    pub owed_since: Option<Time>,
    /// What the customer sees as said last.
    #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
    pub last: Option<Said>,
}

impl Said {
    /// Most characters of the text: a line of a list.
    pub const CHARS_MAX: usize = 140;
    /// How many bytes of a text are looked at for its beginning: more than as many characters take
    /// with some blanks between them.
    const LOOKED_AT_MAX: usize = 4_096;

    /// Takes down the beginning of a text.
    #[must_use]
    pub fn new(from: Side, text: &str, at: Time) -> Self {
        Self { from, text: beginning(text), at }
    }

    fn of_email(email: &Email, from: Side, at: Time) -> Self {
        Self::new(from, &email.body_as_plain_text, at)
    }
}

impl Exchange {
    /// Returns how a conversation begins: whoever comes in waits, whether or not they write.
    pub(crate) const fn begun(at: Time) -> Self {
        Self { owed_since: Some(at), last: None }
    }

    #[cfg(feature = "stored")]
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes an entry into account.
    pub(crate) fn note(&mut self, entry: &Entry) {
        let Some(text) = words(&entry.content).filter(|_| entry.visibility == Visibility::All)
        else {
            return;
        };
        let from = match entry.from.kind {
            PartyKind::Customer => Side::Customer,
            PartyKind::Agent(_) | PartyKind::Supervisor(_) => Side::Agent,
            PartyKind::System => return,
        };
        self.owed_since = match from {
            Side::Agent => None,
            Side::Customer => self.owed_since.or(Some(entry.at)),
        };
        self.last = Some(Said::new(from, text, entry.at));
    }
}

impl Entry {
    /// Returns the agent whose words it shows to the customer; `None` of everything else.
    #[must_use]
    pub fn answered_by(&self) -> Option<UserId> {
        words(&self.content).filter(|_| self.visibility == Visibility::All)?;
        self.from.kind.user()
    }
}

impl Email {
    /// Returns what it says to whom it answers.
    pub(crate) fn answer(&self, at: Time) -> Said {
        Said::of_email(self, Side::Agent, at)
    }
}

impl Interaction {
    /// Returns since when its customer waits for an answer; of what is no conversation, since when
    /// it waits to be done. `None` once it is over, in a chat whose customer has gone, and for what
    /// agents write.
    #[must_use]
    pub fn owed_since(&self) -> Option<Time> {
        if self.is_ended() || self.direction == Direction::Outbound {
            return None;
        }
        match &self.medium {
            Medium::Chat(chat) => chat.as_ref().filter(|chat| chat.is_live())?.exchange.owed_since,
            Medium::Email(email) => email.answered.is_none().then_some(self.received),
            Medium::Workitem | Medium::Open(_) => Some(self.received),
        }
    }

    /// Returns what customer and agents said last.
    #[must_use]
    pub fn said_last(&self) -> Option<Cow<'_, Said>> {
        match &self.medium {
            Medium::Chat(chat) => chat.as_ref()?.exchange.last.as_ref().map(Cow::Borrowed),
            Medium::Email(email) => {
                let letter = || Cow::Owned(Said::of_email(email, Side::Customer, self.received));
                Some(email.answered.as_ref().map_or_else(letter, Cow::Borrowed))
            }
            Medium::Workitem | Medium::Open(_) => None,
        }
    }
}

/// Returns the words of an entry; `None` for what nobody says.
fn words(content: &Content) -> Option<&str> {
    match content {
        Content::Text { text, treat_as: TreatAs::Normal, .. } => Some(text),
        Content::PushUrl { url } => Some(url),
        Content::FileUploaded { name, .. } => Some(name),
        Content::Text { treat_as: TreatAs::System, .. }
        | Content::CustomNotice { .. }
        | Content::Notice { .. }
        | Content::NicknameUpdated { .. }
        | Content::FileDeleted { .. }
        | Content::Joined
        | Content::Left { .. }
        | Content::IdleAlert
        | Content::IdleClose => None,
    }
}

/// Returns the beginning of a text with its white space as single blanks. What a reader takes for
/// one character is not cut, unless it is longer than all of it may be.
fn beginning(text: &str) -> String {
    let mut line = String::new();
    let mut chars = 0;
    let near = &text[..text.floor_char_boundary(Said::LOOKED_AT_MAX)];
    for word in near.split_whitespace() {
        if chars > Said::CHARS_MAX {
            break;
        }
        let gap = if line.is_empty() { "" } else { " " };
        line.extend([gap, word]);
        chars += gap.len() + word.chars().count();
    }
    if line.is_ascii() {
        line.truncate(Said::CHARS_MAX);
        line.truncate(line.trim_end().len());
        return line;
    }
    let mut room = Said::CHARS_MAX;
    let fits = |grapheme: &&str| {
        let left = room.checked_sub(grapheme.chars().count());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let bytes: usize = line.graphemes(true).take_while(fits).map(str::len).sum();
    if bytes == 0 {
        return line.chars().take(Said::CHARS_MAX).collect();
    }
    line.truncate(bytes);
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_beginning_is_one_line_and_cuts_no_character() {
        let a = |count| "a".repeat(count);
        let family = "👩‍👩‍👧‍👦";
        for (text, wanted) in [
            (String::new(), String::new()),
            (" Hello,\r\n\tyou \u{a0} there ".into(), "Hello, you there".into()),
            (a(140), a(140)),
            (a(141), a(140)),
            (format!("{} b", a(139)), a(139)),
            (format!("{}{family}", a(133)), format!("{}{family}", a(133))),
            (format!("{}{family}", a(134)), a(134)),
            (format!("{}e\u{301}", a(139)), a(139)),
            (format!("{}🇩🇪", a(139)), a(139)),
            (format!("{}🇩🇪🇫🇷", a(137)), format!("{}🇩🇪", a(137))),
            (format!("e{}", "\u{301}".repeat(200)), format!("e{}", "\u{301}".repeat(139))),
            (format!("{}x", " ".repeat(5_000)), String::new()),
        ] {
            assert_eq!(beginning(&text), wanted, "{text:?}");
        }
    }
}
