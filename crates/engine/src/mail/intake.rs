//! Intake: one letter, one interaction, however often it is brought.
//!
//! Everything that comes of a letter is one commit: the interaction, what is known of its sender,
//! its files, the proof that it was taken in, and the confirmation to its sender on its way out.
//! Whoever brings it may forget it when that is durable, and must not before.

use std::sync::{Arc, OnceLock};

use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::mail::untagged_key;
use handoff_domain::{
    Arrival, Attachment, Automatic, CenterId, Direction, Email, FileId, Filing, Interaction,
    InteractionId, Letter, Media, Named, NewAcknowledgement, Queue, ReportKind, Sender, Silence,
    UserData, open_letter, silence,
};
use handoff_store::{Contact, FileRecord, FileSender, Put, Receipt, Record, StoreError, Versioned};

use super::contacts::{LOOP_MAX, Seen, contact_id, version_of, written_by};
use super::copies::taken_in;
use super::threading::Belonging;
use super::{known_message, message_ids};
use crate::engine::Engine;
use crate::execute::{Batch, Done, ExecuteError, Failure};

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
const LISTED_MAX: usize = 200;

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
    /// What tells it from every other letter when it has no `Message-ID`: the SHA-256 of the raw
    /// message in hex, or the name that whoever brings it has for it.
    pub raw_hash: String,
    /// User data of the interaction.
    pub user_data: UserData,
}

/// What became of a letter.
#[derive(Clone, Debug)]
pub struct TakenIn {
    /// Its interaction.
    pub interaction: Arc<Interaction>,
    /// Whether it came for the first time. When it did not, what was kept of it this time belongs
    /// to nobody and is swept.
    pub is_new: bool,
}

/// What was found out about a letter.
struct Judged {
    belonging: Belonging,
    contact: Option<(Option<Versioned<Contact>>, Contact)>,
    filing: Option<Filing>,
}

impl Engine {
    /// Takes a letter in, or finds that it was taken in before. When it returns `Ok`, that is
    /// durable, and whoever brought it may forget it.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::Rejected`] when the queue is none of e-mails or the user data breaks a
    /// bound, or the store's; then it was not taken in, and may be brought again.
    pub async fn take_in_letter(&self, new: &NewLetter) -> Result<TakenIn, ExecuteError> {
        let id = self.ids.interaction(self.clock.now());
        let taken_in = taken_in(new, id);
        let quota = OnceLock::new();
        if let Some(first) = self.first_copy(new, &taken_in).await? {
            return self.taken_in_before(&first).await;
        }
        let done =
            self.again_and_again(id, || self.attempt_letter(new, id, &taken_in, &quota)).await?;
        match done {
            Done::Now { interaction, .. } => Ok(TakenIn { interaction, is_new: true }),
            Done::Before(first) => self.taken_in_before(&first).await,
        }
    }

    async fn taken_in_before(&self, first: &Receipt) -> Result<TakenIn, ExecuteError> {
        let corrupt = || StoreError::Corrupt {
            what: format!("the receipt of a letter names {}", first.answer),
        };
        let id: InteractionId = first.answer.parse().map_err(|_| corrupt())?;
        let found = self.load_interaction(id).await?.ok_or(ExecuteError::NotFound(id))?;
        Ok(TakenIn { interaction: found.value, is_new: false })
    }

    async fn attempt_letter(
        &self,
        new: &NewLetter,
        id: InteractionId,
        taken_in: &Receipt,
        quota: &OnceLock<bool>,
    ) -> Result<Done, Failure> {
        let Judged { belonging, contact, filing } = self.judge(new).await?;
        let (mut email, mut remarks) = email_of(new);
        email.raw = new.raw.map(|raw| raw.file);
        remarks.splice(0..0, new.letter.remarks.iter().take(LISTED_MAX).cloned());
        let (known, mut contact) =
            contact.map_or((None, None), |(known, contact)| (known, Some(contact)));
        let acknowledgement = match filing {
            Some(_) => None,
            None => self.acknowledgement(new, &email, contact.as_mut(), quota),
        };
        let mut receipts = vec![taken_in.clone()];
        if let Some(message_id) = &email.message_id
            && self.store.receipt(&message_ids(new.center), message_id).await?.is_none()
        {
            receipts.push(known_message(new.center, message_id, id));
        }
        if let Some(Ok(ack)) = &acknowledgement
            && let Some(message_id) = &ack.email.message_id
        {
            receipts.push(known_message(new.center, message_id, ack.id));
        }
        let arrival = Arrival { threading: belonging.how, remarks, acknowledgement };
        let opening = NewInteraction {
            id,
            center: new.center,
            media: Media::Email,
            direction: Direction::Inbound,
            sub_type: sub_type(&new.letter, &belonging).to_owned(),
            external_id: None,
            parent: belonging.parent.as_ref().map(|parent| parent.value.id),
            contact: contact.as_ref().map(|contact| contact.id.to_string()),
            subject: subject(&new.letter),
            priority: None,
            user_data: new.user_data.clone(),
            email: Some(email),
            chat: None,
            queue: Named::Known((*new.queue).clone()),
            skills: [].into(),
            placement: filing.map_or(Placement::InQueue, Placement::Filed),
        };
        let mut batch = self.decide_letter(new.center, opening, arrival, belonging)?;
        batch.change.receipts = receipts;
        batch.change.puts.extend(files_of(new, id, self.clock.now()));
        let expected = version_of(known.as_ref());
        batch
            .change
            .puts
            .extend(contact.map(|contact| Put { record: Record::Contact(contact), expected }));
        self.commit(batch).await
    }

    fn decide_letter(
        &self,
        center: CenterId,
        opening: NewInteraction,
        arrival: Arrival,
        belonging: Belonging,
    ) -> Result<Batch, Failure> {
        let directory = self.directory();
        let subject = (center, opening.id);
        let world = self.surroundings(&directory, subject, [].into(), belonging.parent);
        let decision = open_letter(opening, arrival, &self.context(&world)?)
            .map_err(|rejection| Failure::Refused(rejection.into()))?;
        Ok(Batch::new(decision, 0, &world, None))
    }

    /// Finds out what a letter answers, whom it is from, and whether anybody has to do anything
    /// about it.
    async fn judge(&self, new: &NewLetter) -> Result<Judged, StoreError> {
        let letter = &new.letter;
        let belonging = self.belonging(new.center, letter).await?;
        let mut contact = None;
        if let Some(from) =
            letter.from.as_ref().filter(|from| !self.is_own_address(new.center, &from.address))
        {
            let id = contact_id(new.center, &from.address);
            let known = self.load_contact(id).await?;
            let seen = Seen {
                center: new.center,
                address: &from.address,
                name: from.name.as_deref(),
                is_automatic: letter.automatic.is_some(),
                now: self.clock.now(),
            };
            let after = written_by(known.as_ref().map(|known| &known.value), id, &seen);
            contact = Some((known, after));
        }
        let filing = filing(letter, &belonging, contact.as_ref().map(|(_, contact)| contact));
        Ok(Judged { belonging, contact, filing })
    }

    /// Returns what the sender is told, and notes in what is known of them that they are. `quota`
    /// is whether one more may go out, once that was asked: a letter counts once however often it
    /// is attempted.
    fn acknowledgement(
        &self,
        new: &NewLetter,
        letter: &Email,
        contact: Option<&mut Contact>,
        quota: &OnceLock<bool>,
    ) -> Option<Result<NewAcknowledgement, Silence>> {
        let words = new.queue.acknowledge.as_ref()?;
        let now = self.clock.now();
        let last_answered = contact.as_ref().and_then(|contact| contact.last_answered);
        let sender =
            Sender { is_ours: self.is_own_address(new.center, &letter.from), last_answered };
        if let Some(why) = silence(letter, sender, now) {
            return Some(Err(why));
        }
        let limits = self.options.acknowledgements;
        if !quota.get_or_init(|| self.mail.acknowledges((new.center, &letter.from), limits, now)) {
            return Some(Err(Silence::TooMany));
        }
        if let Some(contact) = contact {
            contact.last_answered = Some(now);
        }
        let id = self.ids.interaction(now);
        let message_id = self.mail.mailboxes().map(|it| it.message_id(id, 1, &new.mailbox));
        let email = Email {
            from: new.mailbox.clone(),
            to: vec![letter.from.clone()],
            body_as_plain_text: words.text.clone(),
            message_id,
            answers: letter.message_id.iter().chain(&letter.answers).cloned().collect(),
            mailbox: Some(new.mailbox.clone()),
            ..Email::default()
        };
        Some(Ok(NewAcknowledgement { id, subject: words.subject.clone(), email }))
    }

    /// Tells whether what is sent to an address, before which a name may stand, comes back to the
    /// contact center: it is one of its own, or one of those with a tag (`own+tag@domain`), which
    /// many servers deliver to it.
    #[must_use]
    pub fn is_own_address(&self, center: CenterId, address: &str) -> bool {
        let is_ours = |address: &str| {
            self.mail.mailboxes().is_some_and(|mailboxes| mailboxes.is_ours(center, address))
        };
        is_ours(address) || is_ours(&untagged_key(address))
    }
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

fn sub_type(letter: &Letter, belonging: &Belonging) -> &'static str {
    match (&letter.report, &belonging.parent) {
        (Some(report), _) => report.kind.sub_type(),
        (None, Some(_)) => "InboundCustomerReply",
        (None, None) => "InboundNew",
    }
}

/// Returns why nobody has to do anything about a letter; `None` when somebody has to.
fn filing(letter: &Letter, belonging: &Belonging, contact: Option<&Contact>) -> Option<Filing> {
    if letter.automatic == Some(Automatic::OwnMessage) {
        return Some(Filing::OwnMessage);
    }
    match letter.report.as_ref().map(|report| report.kind) {
        Some(ReportKind::Delivery | ReportKind::Disposition) => Some(Filing::Report),
        // Somebody must see that the customer did not get it.
        Some(ReportKind::NonDelivery) => None,
        None => {
            // What programs write of their own accord, as orders of a shop, is no loop however much
            // it is.
            let is_loop = letter.automatic.is_some()
                && belonging.parent.is_some()
                && contact.is_some_and(|contact| contact.automatic_count > LOOP_MAX);
            is_loop.then_some(Filing::Loop)
        }
    }
}

/// Makes the e-mail of a letter, and says what of it was cut off.
fn email_of(new: &NewLetter) -> (Email, Vec<String>) {
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
fn files_of(new: &NewLetter, interaction: InteractionId, at: handoff_domain::Time) -> Vec<Put> {
    let record = |id, name: &str, bytes, content_type: &str| {
        let (name, content_type) = (name.to_owned(), content_type.to_owned());
        let by = FileSender::Customer;
        let file = FileRecord { id, interaction, name, bytes, content_type, by, at, deleted: None };
        Put { record: Record::File(file), expected: 0 }
    };
    let attached =
        new.attachments.iter().map(|one| record(one.file, &one.name, one.bytes, &one.content_type));
    let raw =
        new.raw.iter().map(|raw| record(raw.file, "message.eml", raw.bytes, "message/rfc822"));
    attached.chain(raw).collect()
}
