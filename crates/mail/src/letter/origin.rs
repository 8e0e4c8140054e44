//! Who writes to whom, and what the message answers.

use handoff_domain::{Address, InteractionId, Letter};

use super::fields::Fields;
use super::{Envelope, Reading, mailboxes, names};

/// The longest subject that is kept, in bytes: a line's length (RFC 5322, section 2.1.1).
const SUBJECT_LEN_MAX: usize = 998;
/// Fields in which servers say to which address a message was delivered; there a reply address
/// survives when a program lost it in `To`.
const DELIVERED_TO: &[&str] =
    &["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to"];
/// The most `Message-ID`s that a message answers: a thread's length.
const ANSWERS_MAX: usize = 100;

/// Fills in what the headers say.
pub(super) fn fill(letter: &mut Letter, fields: &Fields<'_>, reading: &Reading<'_>) {
    let mut senders = fields.addresses("from");
    if senders.is_empty() {
        senders = other_senders(fields, reading);
        letter.remarks.push(match senders.first() {
            None => "The sender could not be read.".to_owned(),
            Some(_) => "The message does not say who wrote it; who sent it was taken.".to_owned(),
        });
    } else if senders.len() > 1 {
        letter.remarks.push("The message has several senders; the first was taken.".to_owned());
    }
    letter.from = senders.into_iter().next();
    letter.reply_to = fields.addresses("reply-to");
    letter.to = fields.addresses("to");
    letter.cc = fields.addresses("cc");
    letter.subject =
        fields.text("subject").map(|subject| names::cut(&subject, SUBJECT_LEN_MAX).to_owned());
    letter.date = fields.date();
    if letter.date.is_none() && fields.has("date") {
        letter.remarks.push("The date could not be read.".to_owned());
    }
    letter.message_id = fields.ids("message-id").into_iter().next();
    let ids =
        fields.ids("in-reply-to").into_iter().chain(fields.ids("references").into_iter().rev());
    for id in ids.take(ANSWERS_MAX) {
        if !letter.answers.contains(&id) {
            letter.answers.push(id);
        }
    }
}

/// Finds who sent a message without an author: the `Sender` (RFC 5322, section 3.6.2), or the one
/// whom the server was told.
fn other_senders(fields: &Fields<'_>, reading: &Reading<'_>) -> Vec<Address> {
    let sender = fields.addresses("sender");
    if !sender.is_empty() {
        return sender;
    }
    match reading.envelope {
        Envelope::Known { sender: Some(sender), .. } => mailboxes::read(sender, 1),
        Envelope::Known { sender: None, .. } => Vec::new(),
        Envelope::Unknown => fields.addresses("return-path"),
    }
}

/// Finds the interactions that the message proves to answer: first by what it answers, then by the
/// addresses that it was sent to, then by what it reports. Its own `Message-ID` proves nothing:
/// that is one of ours only when our own message comes back.
pub(super) fn proven(
    letter: &Letter,
    fields: &Fields<'_>,
    reading: &Reading<'_>,
) -> Vec<InteractionId> {
    let by_id = letter.answers.iter().filter_map(|id| reading.signer.proven_by_message_id(id));
    let named = letter.to.iter().chain(&letter.cc).map(|address| address.address.clone());
    let delivered = DELIVERED_TO.iter().flat_map(|name| fields.texts(name));
    let envelope = match reading.envelope {
        Envelope::Unknown => &[][..],
        Envelope::Known { recipients, .. } => recipients,
    };
    let addresses = envelope.iter().cloned().chain(delivered).chain(named);
    let by_address = addresses.filter_map(|address| reading.signer.proven_by_address(&address));
    let originals = letter.report.iter().flat_map(|report| &report.originals);
    let by_report = originals.filter_map(|id| reading.signer.proven_by_message_id(id));
    let mut proven = Vec::new();
    for interaction in by_id.chain(by_address).chain(by_report) {
        if !proven.contains(&interaction) {
            proven.push(interaction);
        }
    }
    proven
}
