//! Intake: one letter, one interaction, however often it is brought.
//!
//! Everything that comes of a letter is one commit: the interaction, what is known of its sender,
//! its files, the proof that it was taken in, and the confirmation to its sender on its way out.
//! Whoever brings it may forget it when that is durable, and must not before.

use std::sync::{Arc, OnceLock};

use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::mail::untagged_key;
use handoff_domain::{
    Address, Arrival, Automatic, CenterId, ContactId, Direction, Email, Filing, InteractionId,
    Letter, Medium, Named, NewAcknowledgement, ReportKind, Sender, Silence, silence,
};
use handoff_store::{Contact, Put, Receipt, Record, StoreError, Versioned};

use super::contacts::{LOOP_MAX, Seen, contact_id, version_of, written_by};
use super::copies::{Remembered, remembered, taken_in};
use super::letter::{LISTED_MAX, NewLetter, TakenIn, email_of, files_of, subject};
use super::quota::Acknowledged;
use super::threading::{Belonging, belonging};
use crate::commands::{Commands, Done, ExecuteError, Failure, known_message};
use crate::core::Core;
use crate::core::hours::is_open;
use crate::outward::Mailboxes;

/// The way in of all letters.
pub struct Letters {
    core: Arc<Core>,
    commands: Arc<Commands>,
    mailboxes: Option<Arc<dyn Mailboxes>>,
    acknowledged: Acknowledged,
}

impl Letters {
    pub(crate) fn new(
        core: Arc<Core>,
        commands: Arc<Commands>,
        mailboxes: Option<Arc<dyn Mailboxes>>,
    ) -> Self {
        Self { core, commands, mailboxes, acknowledged: Acknowledged::default() }
    }

    /// Takes a letter in, or finds that it was taken in before. When it returns `Ok`, that is
    /// durable, and whoever brought it may forget it.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::Rejected`] when the queue is none of e-mails or the user data breaks a
    /// bound, or the store's; then it was not taken in, and may be brought again.
    pub async fn take_in_letter(&self, new: &NewLetter) -> Result<TakenIn, ExecuteError> {
        let id = self.core.ids.interaction(self.core.now());
        let taken_in = taken_in(new, id);
        let quota = OnceLock::new();
        let attempt = || self.attempt_letter(new, id, &taken_in, &quota);
        let done = self.commands.again_and_again(id, attempt).await;
        self.commands.count_opening(&done);
        match done? {
            Done::Now { interaction, .. } => {
                Ok(TakenIn { id: interaction.id, interaction: Some(interaction), is_new: true })
            }
            Done::Before(first) => self.taken_in_before(&first).await,
        }
    }

    async fn taken_in_before(&self, first: &Receipt) -> Result<TakenIn, ExecuteError> {
        let corrupt = || StoreError::Corrupt {
            what: format!("the receipt of a letter names {}", first.answer),
        };
        let id: InteractionId = first.answer.parse().map_err(|_| corrupt())?;
        let found = self.core.load_interaction(id).await?;
        Ok(TakenIn { id, interaction: found.map(|found| found.value), is_new: false })
    }

    async fn attempt_letter(
        &self,
        new: &NewLetter,
        id: InteractionId,
        taken_in: &Receipt,
        quota: &OnceLock<bool>,
    ) -> Result<Done, Failure> {
        let sender = self.sender(new);
        let remembered = remembered(&self.core, new, taken_in, sender.map(|(id, _)| id));
        let Remembered { first, is_named, names, contact: known } =
            remembered.await.map_err(Failure::Fatal)?;
        if let Some(first) = first {
            return Ok(Done::Before(Box::new(first)));
        }
        let belonging = belonging(&self.core, new.center, &new.letter, names.as_ref()).await?;
        let mut contact = sender.map(|sender| self.contact(new, sender, known.as_ref()));
        let filing = filing(&new.letter, &belonging, contact.as_ref());
        let (mut email, mut remarks) = email_of(new);
        email.raw = new.raw.map(|raw| raw.file);
        remarks.splice(0..0, new.letter.remarks.iter().take(LISTED_MAX).cloned());
        let acknowledgement = match filing {
            Some(_) => None,
            None => self.acknowledgement(new, &email, contact.as_mut(), quota),
        };
        let mut receipts = vec![taken_in.clone()];
        let message_id = email.message_id.as_ref().filter(|_| !is_named);
        receipts.extend(message_id.map(|message_id| known_message(new.center, message_id, id)));
        if let Some(Ok(ack)) = &acknowledgement
            && let Some(message_id) = &ack.email.message_id
        {
            receipts.push(known_message(new.center, message_id, ack.id));
        }
        let placement = filing.map_or(Placement::InQueue, Placement::Filed);
        let opening = opening(new, id, email, (&belonging, contact.as_ref()), placement);
        let arrival = Arrival { threading: belonging.how, remarks, acknowledgement };
        let mut batch = self.commands.decide_letter(opening, arrival, belonging.parent)?;
        batch.change.receipts = receipts;
        batch.change.puts.extend(files_of(new, id, self.core.now()));
        let expected = version_of(known.as_ref());
        batch
            .change
            .puts
            .extend(contact.map(|contact| Put { record: Record::Contact(contact), expected }));
        self.commands.commit(batch).await
    }

    /// Returns whom a letter is from, unless that is the contact center itself.
    fn sender<'n>(&self, new: &'n NewLetter) -> Option<(ContactId, &'n Address)> {
        let from = new.letter.from.as_ref()?;
        let is_ours = self.is_own_address(new.center, &from.address);
        (!is_ours).then(|| (contact_id(new.center, &from.address), from))
    }

    /// Returns what is known of its sender with a letter.
    fn contact(
        &self,
        new: &NewLetter,
        (id, from): (ContactId, &Address),
        known: Option<&Versioned<Contact>>,
    ) -> Contact {
        let seen = Seen {
            center: new.center,
            address: &from.address,
            name: from.name.as_deref(),
            is_automatic: new.letter.automatic.is_some(),
            now: self.core.now(),
        };
        written_by(known.map(|known| &known.value), id, &seen)
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
        let now = self.core.now();
        let is_closed = new.queue.hours.as_ref().is_some_and(|hours| !is_open(hours, now));
        let outside = new.queue.closed.as_ref().filter(|_| is_closed);
        let words = outside.or(new.queue.acknowledge.as_ref())?;
        let last_answered = contact.as_ref().and_then(|contact| contact.last_answered);
        let sender =
            Sender { is_ours: self.is_own_address(new.center, &letter.from), last_answered };
        if let Some(why) = silence(letter, sender, now) {
            return Some(Err(why));
        }
        let limits = self.core.options.acknowledgements;
        if !quota.get_or_init(|| self.acknowledged.admits((new.center, &letter.from), limits, now))
        {
            return Some(Err(Silence::TooMany));
        }
        if let Some(contact) = contact {
            contact.last_answered = Some(now);
        }
        let id = self.core.ids.interaction(now);
        let message_id = self.mailboxes.as_deref().map(|it| it.message_id(id, 1, &new.mailbox));
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
            self.mailboxes.as_deref().is_some_and(|mailboxes| mailboxes.is_ours(center, address))
        };
        is_ours(address) || is_ours(&untagged_key(address))
    }
}

/// Returns the interaction that a letter becomes: what it answers and whom it is from were found
/// out.
fn opening(
    new: &NewLetter,
    id: InteractionId,
    email: Email,
    (belonging, contact): (&Belonging, Option<&Contact>),
    placement: Placement,
) -> NewInteraction {
    NewInteraction {
        id,
        center: new.center,
        medium: Medium::Email(email),
        direction: Direction::Inbound,
        sub_type: sub_type(&new.letter, belonging).to_owned(),
        external_id: None,
        parent: belonging.parent.as_ref().map(|parent| parent.value.id),
        contact: contact.map(|contact| contact.id.to_string()),
        subject: subject(&new.letter),
        priority: None,
        user_data: new.user_data.clone(),
        queue: Named::Known((*new.queue).clone()),
        skills: [].into(),
        placement,
    }
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
