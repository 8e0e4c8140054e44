//! Webhooks: where events are sent.

use std::collections::BTreeSet;

use handoff_domain::{QueueId, Time, WebhookId};
use handoff_store::{Key, Record, Webhook, WebhookSecret, WebhookStart};

use super::{Edit, Editor, Refused, expect_free};
use crate::thing::Thing;
use crate::webhook_description::WebhookDescription;

/// Most webhooks of one contact center: each reads the log by itself.
const WEBHOOKS_MAX: usize = 16;
/// How long a secret is good once there is another one, in ms: a day, to change it where it is
/// checked.
const PREVIOUS_MS: u64 = 24 * 60 * 60 * 1_000;

/// Which secret another one takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// The one that receivers know; it stays good for a while.
    Known,
    /// The newest, which nobody has: the one before stays good for as long as it was to.
    Lost,
}

impl<'a> Editor<'a> {
    /// Makes a webhook.
    ///
    /// # Errors
    ///
    /// [`Refused::TooMany`], [`Refused::Taken`], [`Refused::Unknown`].
    pub fn add_webhook(
        &self,
        id: WebhookId,
        said: &WebhookDescription,
        secret: WebhookSecret,
        start: WebhookStart,
    ) -> Result<Edit, Refused> {
        if self.webhooks().count() >= WEBHOOKS_MAX {
            return Err(Refused::TooMany { thing: Thing::Webhook, most: WEBHOOKS_MAX });
        }
        let webhook = Webhook {
            id,
            center: self.center,
            name: String::new(),
            url: String::new(),
            events: BTreeSet::new(),
            queues: BTreeSet::new(),
            enabled: true,
            secret,
            previous: None,
            start,
            tests: 0,
        };
        self.write_webhook(None, webhook, said)
    }

    /// Changes a webhook. What is sent from then on goes by the new values.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::Taken`], [`Refused::Unknown`].
    pub fn change_webhook(
        &self,
        id: WebhookId,
        said: &WebhookDescription,
    ) -> Result<Edit, Refused> {
        let before = self.webhook(id)?;
        self.write_webhook(Some(before), before.clone(), said)
    }

    fn write_webhook(
        &self,
        before: Option<&Webhook>,
        mut webhook: Webhook,
        said: &WebhookDescription,
    ) -> Result<Edit, Refused> {
        if let Some(name) = &said.name {
            let mut others = self.webhooks().filter(|other| other.id != webhook.id);
            expect_free(Thing::Webhook, name, others.any(|other| other.name == *name))?;
        }
        if let Some(names) = &said.queues {
            let queue = |name: &String| self.queue_named(name).map(|queue| queue.id);
            webhook.queues = names.iter().map(queue).collect::<Result<_, _>>()?;
        }
        said.apply(&mut webhook);
        Ok(self.write(before, webhook, Record::Webhook))
    }

    /// Has a webhook sent something to try it.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`].
    pub fn test_webhook(&self, id: WebhookId) -> Result<Edit, Refused> {
        self.with_webhook(id, |webhook| webhook.tests += 1)
    }

    /// Has a webhook send again what is after a position of the log.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`].
    pub fn replay_webhook(&self, id: WebhookId, after: u64, at: Time) -> Result<Edit, Refused> {
        self.with_webhook(id, |webhook| {
            webhook.start = WebhookStart { number: webhook.start.number + 1, after, at };
        })
    }

    /// Replaces the secret of a webhook, which signs with the one before as well for a day.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`]; [`Refused::Rotating`] while two are good and none of them is lost.
    pub fn rotate_webhook(
        &self,
        id: WebhookId,
        secret: WebhookSecret,
        replaces: Replaces,
        now: Time,
    ) -> Result<Edit, Refused> {
        let webhook = self.webhook(id)?;
        let previous = webhook.previous.filter(|(_, until)| now < *until);
        let previous = match (previous, replaces) {
            (Some((_, until)), Replaces::Known) => return Err(Refused::Rotating { until }),
            (Some(previous), Replaces::Lost) => previous,
            (None, _) => (webhook.secret, now.plus_ms(PREVIOUS_MS)),
        };
        self.with_webhook(id, |webhook| {
            webhook.secret = secret;
            webhook.previous = Some(previous);
        })
    }

    fn with_webhook(
        &self,
        id: WebhookId,
        change: impl FnOnce(&mut Webhook),
    ) -> Result<Edit, Refused> {
        let before = self.webhook(id)?;
        let mut webhook = before.clone();
        change(&mut webhook);
        Ok(self.write(Some(before), webhook, Record::Webhook))
    }

    /// Removes a webhook.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`].
    pub fn remove_webhook(&self, id: WebhookId) -> Result<Edit, Refused> {
        self.webhook(id)?;
        Ok(self.remove(Key::Webhook(id)))
    }

    /// Returns a webhook as it is.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`].
    pub fn webhook(&self, id: WebhookId) -> Result<&'a Webhook, Refused> {
        let known = self.directory.webhooks.get(&id).filter(|it| it.center == self.center);
        known.map(|webhook| &**webhook).ok_or(Refused::Absent(Thing::Webhook))
    }

    fn webhooks(&self) -> impl Iterator<Item = &'a Webhook> {
        let center = self.center;
        let all = self.directory.webhooks.values().map(|webhook| &**webhook);
        all.filter(move |webhook| webhook.center == center)
    }

    /// Returns a webhook for which only some queues count, and this one is among them.
    pub(super) fn webhook_of_queue(&self, id: QueueId) -> Option<&'a Webhook> {
        self.webhooks().find(|webhook| webhook.queues.contains(&id))
    }
}
