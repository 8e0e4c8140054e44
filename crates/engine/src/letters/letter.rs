//! A letter that came in, and the e-mail that is kept of it.

use std::sync::Arc;

use handoff_domain::{
    Attachment, CenterId, Email, FileId, Interaction, InteractionId, Letter, Queue, UserData,
};
use handoff_store::{FileRecord, FileSender, Put, Record};

/// Text kept with the interaction of each of both bodies, in bytes. Every event of an interaction
/// that somebody is told of stores it again, and no person reads more; the raw message has all of
/// it.
const TEXT_BYTES_MAX: usize = 256 * 1_024;

/// Characters of a subject: one line of a header at its longest (RFC 5322, section 2.1.1).
const SUBJECT_CHARS_MAX: usize = 998;

/// Bytes of a `Message-ID`: one line of a header at its longest (RFC 5322, section 2.1.1). A longer
/// one is none.
const MESSAGE_ID_BYTES_MAX: usize = 998;

/// Addresses of each kind, and others that a header lists.
pub(super) const LISTED_MAX: usize = 200;

/// A message as it came, which is kept already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawMessage {
    /// Where it is kept.
    pub file: FileId,
    /// Its size.
    pub bytes: u64,
}

/// A letter that came in.
#[derive(Clone, Debug)]
pub struct NewLetter {
    /// The contact center that it came to.
    pub center: CenterId,
    /// The address of the mailbox by which it came.
    pub mailbox: String,
    /// The queue where it waits.
    pub queue: Arc<Queue>,
    /// What is in it. Its parts do not matter here.
    pub letter: Letter,
    /// Its parts, whose contents are kept already.
    pub attachments: Vec<Attachment>,
    /// All of it, kept already.
    pub raw: Option<RawMessage>,
    /// What tells it from every other letter unless its `Message-ID` does ([`has_message_id`]): the
    /// SHA-256 of the raw message in hex, or the name that whoever brings it has for it.
    pub raw_hash: String,
    /// User data of the interaction.
    pub user_data: UserData,
}

/// What became of a letter.
#[derive(Clone, Debug)]
pub struct TakenIn {
    pub id: InteractionId,
    /// `None` when it came before, and what it became is no longer kept.
    pub interaction: Option<Arc<Interaction>>,
    /// Whether it came for the first time. When it did not, what was kept of it this time belongs
    /// to nobody and is swept.
    pub is_new: bool,
}

/// Tells whether a letter has a `Message-ID`, and not one that is too long.
#[must_use]
pub fn has_message_id(letter: &Letter) -> bool {
    message_id(letter).is_some()
}

/// Returns a letter's `Message-ID`, unless it is too long to be one.
pub(super) fn message_id(letter: &Letter) -> Option<&String> {
    letter.message_id.as_ref().filter(|one| is_short(one))
}

/// Returns a letter's subject as it is kept.
pub(super) fn subject(letter: &Letter) -> Option<String> {
    letter.subject.as_deref().map(|subject| subject.chars().take(SUBJECT_CHARS_MAX).collect())
}

const fn is_short(message_id: &str) -> bool {
    message_id.len() <= MESSAGE_ID_BYTES_MAX
}

/// Makes the e-mail of a letter, and says what of it was cut off.
pub(super) fn email_of(new: &NewLetter) -> (Email, Vec<String>) {
    let letter = &new.letter;
    let mut remarks = Vec::new();
    let addresses = |all: &[handoff_domain::Address]| {
        all.iter().take(LISTED_MAX).map(|one| one.address.clone()).collect::<Vec<_>>()
    };
    if letter.to.len() > LISTED_MAX || letter.cc.len() > LISTED_MAX {
        remarks.push(format!("It has more recipients than the {LISTED_MAX} that are shown."));
    }
    let email = Email {
        from: letter.from.as_ref().map(|from| from.address.clone()).unwrap_or_default(),
        reply_to: letter.reply_to.first().map(|one| one.address.clone()),
        reply_to_others: addresses(letter.reply_to.get(1..).unwrap_or_default()),
        to: addresses(&letter.to),
        cc: addresses(&letter.cc),
        body: cut(letter.html.as_deref().unwrap_or_default(), "HTML", &mut remarks),
        body_as_plain_text: cut(&letter.text, "text", &mut remarks),
        message_id: message_id(letter).cloned(),
        answers: letter
            .answers
            .iter()
            .filter(|one| is_short(one))
            .take(LISTED_MAX)
            .cloned()
            .collect(),
        attachments: new.attachments.clone(),
        mailbox: Some(new.mailbox.clone()),
        date: letter.date,
        automatic: letter.automatic,
        report: letter.report.clone().map(|mut report| {
            report.originals.truncate(LISTED_MAX);
            report.recipients.truncate(LISTED_MAX);
            report
        }),
        ..Email::default()
    };
    (email, remarks)
}

fn cut(text: &str, what: &str, remarks: &mut Vec<String>) -> String {
    if text.len() > TEXT_BYTES_MAX {
        remarks.push(format!(
            "Its {what} is longer than what is shown; the raw message has all of it."
        ));
    }
    text[..text.floor_char_boundary(TEXT_BYTES_MAX)].to_owned()
}

/// Returns the records of what is kept of a letter.
pub(super) fn files_of(
    new: &NewLetter,
    interaction: InteractionId,
    at: handoff_domain::Time,
) -> Vec<Put> {
    let record = |id, name: &str, bytes, content_type: &str| {
        let (name, content_type) = (name.to_owned(), content_type.to_owned());
        let by = FileSender::Customer;
        let file = FileRecord {
            id,
            interaction,
            name,
            bytes,
            content_type,
            by,
            at,
            deleted: None,
            also: std::collections::BTreeSet::new(),
            erased: false,
        };
        Put { record: Record::File(file), expected: 0 }
    };
    let attached =
        new.attachments.iter().map(|one| record(one.file, &one.name, one.bytes, &one.content_type));
    let raw =
        new.raw.iter().map(|raw| record(raw.file, "message.eml", raw.bytes, "message/rfc822"));
    attached.chain(raw).collect()
}
