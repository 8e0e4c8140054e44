//! Sending what happened to one interaction, in its order, as far as it is taken.

use std::sync::Arc;

use handoff_domain::{Fact, Interaction, InteractionId, QueueId};
use handoff_store::{
    DeliveryOutcome, HeldBack, HistoryEntry, StoreError, SubjectKey, Webhook, WebhookDelivery,
};

use crate::delivery::{Attempt, Happened, Sending};

/// Entries of a history read at once.
const PAGE: usize = 50;
/// Messages of one interaction that are sent before others have their turn.
const TURN: usize = 20;
/// How long an interaction rests that the store could not read, in ms.
const UNREAD_MS: u64 = 1_000;

/// How far a walk came.
pub(crate) struct Walked {
    pub(crate) id: InteractionId,
    /// What waits still.
    pub(crate) held: HeldBack,
    /// Whether all was sent or given up that it was to.
    pub(crate) is_done: bool,
    /// What became of each attempt, in order.
    pub(crate) deliveries: Vec<WebhookDelivery>,
}

/// One walk.
pub(crate) struct Walk {
    sending: Arc<Sending>,
    webhook: Arc<Webhook>,
    walked: Walked,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    GoesOn,
    /// Others are next, or it rests.
    Over,
}

/// Returns the types of the events that a webhook wants of an entry, each with its fact and the
/// place of that in the entry, which is the same whatever is wanted.
pub(crate) fn wanted<'a>(
    sending: &'a Sending,
    webhook: &'a Webhook,
    facts: &'a [Fact],
) -> impl Iterator<Item = (u32, &'static str, &'a Fact)> {
    let events = (0_u32..).zip(facts);
    let events = events.filter_map(|(place, fact)| Some((place, sending.wire.event(fact)?, fact)));
    events.filter(|(_, event, _)| webhook.wants(event))
}

/// Returns the queue that an entry is about: the one that it names, else the one that its
/// interaction is in or was in last.
pub(crate) fn queue_of(facts: &[Fact], interaction: &Interaction) -> Option<QueueId> {
    let named = facts.iter().rev().find_map(|fact| match fact {
        Fact::Queued { queue, .. } | Fact::QueueReplaced { queue } => Some(*queue),
        _ => None,
    });
    named.or(interaction.queue)
}

impl Walk {
    pub(crate) const fn new(
        sending: Arc<Sending>,
        webhook: Arc<Webhook>,
        id: InteractionId,
        held: HeldBack,
    ) -> Self {
        let walked = Walked { id, held, is_done: false, deliveries: Vec::new() };
        Self { sending, webhook, walked }
    }

    /// Sends what waits, until it is done, or one message is not taken, or it is others' turn.
    pub(crate) async fn go(mut self) -> Walked {
        if let Err(error) = self.send_all().await {
            // One that can never be read keeps the others from nothing.
            if error.is_unreadable() {
                self.walked.is_done = true;
            }
            tracing::warn!(
                webhook.name = %self.webhook.name,
                interaction.id = %self.walked.id,
                error = %error,
                "what happened to an interaction could not be read for a webhook"
            );
            self.walked.held.due = self.sending.core.now().plus_ms(UNREAD_MS);
        }
        self.walked
    }

    async fn send_all(&mut self) -> Result<(), StoreError> {
        let core = self.sending.core.clone();
        let (id, last) = (self.walked.id, self.walked.held.last);
        loop {
            let subject = SubjectKey::Interaction(id);
            let page = core.store().history(subject, self.walked.held.after, PAGE).await?;
            let interaction = core.interaction(id).await?;
            // A directory that is behind may have taken another contact center's for this one's.
            let own = interaction.filter(|it| it.center == self.webhook.center);
            let Some(interaction) = own else {
                self.walked.is_done = true;
                return Ok(());
            };
            let entries = page.items.iter().take_while(|entry| entry.position <= last);
            for entry in entries {
                if self.send_entry(entry, &interaction).await == Turn::Over {
                    return Ok(());
                }
                self.walked.held.after = entry.position;
                self.walked.held.done = 0;
            }
            let is_behind = page.items.last().is_some_and(|entry| entry.position < last);
            if !(page.more && is_behind) {
                self.walked.is_done = true;
                return Ok(());
            }
        }
    }

    async fn send_entry(&mut self, entry: &HistoryEntry, interaction: &Interaction) -> Turn {
        let (sending, webhook) = (self.sending.clone(), self.webhook.clone());
        if !webhook.wants_queue(queue_of(&entry.facts, interaction)) {
            return Turn::GoesOn;
        }
        let done = self.walked.held.done;
        let messages = wanted(&sending, &webhook, &entry.facts);
        for (place, event, fact) in messages.filter(|(place, ..)| *place >= done) {
            if self.walked.deliveries.len() >= TURN {
                self.walked.held.due = sending.core.now();
                return Turn::Over;
            }
            self.walked.held.since = entry.at;
            let message = format!("msg_{}_{}_{place}", entry.position, entry.at.0);
            let directory = sending.core.directory();
            let happened = Happened { fact, entry, interaction, directory: &directory };
            let body = sending.wire.body(happened);
            let attempt = sending.attempt(&webhook, &message, body).await;
            if self.note(message, (event, place), entry, attempt) == Turn::Over {
                return Turn::Over;
            }
        }
        Turn::GoesOn
    }

    /// Notes how an attempt went, and what follows from it.
    fn note(
        &mut self,
        message: String,
        (event, place): (&'static str, u32),
        entry: &HistoryEntry,
        attempt: Attempt,
    ) -> Turn {
        let (core, held) = (&self.sending.core, &mut self.walked.held);
        let now = core.now();
        held.attempts += 1;
        let attempts = held.attempts;
        let waited_ms = now.ms_since(entry.at.max(self.webhook.start.at));
        let (outcome, next, turn) = if attempt.error.is_none() {
            (DeliveryOutcome::Delivered, None, Turn::GoesOn)
        } else if waited_ms >= core.options().webhook_give_up_ms {
            held.due = now;
            (DeliveryOutcome::GivenUp, None, Turn::Over)
        } else {
            held.due = now.plus_ms(self.sending.rest_ms(attempts));
            (DeliveryOutcome::Failed, Some(held.due), Turn::Over)
        };
        if outcome != DeliveryOutcome::Failed {
            held.done = place + 1;
            held.attempts = 0;
        }
        self.sending.standing.count(outcome);
        self.walked.deliveries.push(WebhookDelivery {
            message,
            event: event.to_owned(),
            about: Some((self.walked.id, entry.position)),
            at: attempt.at,
            attempt: attempts,
            outcome,
            status: attempt.status,
            took_ms: attempt.took_ms,
            error: attempt.error,
            next,
        });
        turn
    }
}
