//! The customer of a chat: who may act as them, and what they do.

use std::sync::Arc;

use handoff_domain::{CustomerAction, Interaction, InteractionId, State, Time};
use handoff_store::{Put, Receipt, StoreError};
use subtle::ConstantTimeEq as _;

use super::key::{SECRET_CHARS, hash_of};
use crate::commands::{CommandRequest, Commands, Done, ExecuteError};
use crate::core::{Core, customer_of};
use crate::letters::Contacts;
use crate::outward::Customers;

/// How long after its end a chat can still be read by its customer, in ms: long enough to save the
/// transcript, also after a reload.
const READABLE_AFTER_END_MS: u64 = 60 * 60 * 1_000;

/// The chats of all customers.
pub struct Conversations {
    pub(super) core: Arc<Core>,
    pub(super) commands: Arc<Commands>,
    pub(super) contacts: Contacts,
    pub(super) customers: Arc<dyn Customers>,
}

/// Whoever asks is not the customer of that chat, or there is no such chat: both read the same.
#[derive(Debug, thiserror::Error)]
pub enum NotYourChat {
    /// It is not theirs.
    #[error("no chat of that id and key")]
    Unknown,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Conversations {
    pub(crate) const fn new(
        core: Arc<Core>,
        commands: Arc<Commands>,
        contacts: Contacts,
        customers: Arc<dyn Customers>,
    ) -> Self {
        Self { core, commands, contacts, customers }
    }

    /// Returns the chat that a secure key names, if the key is right. The time that it takes tells
    /// nothing of how wrong a key is.
    ///
    /// # Errors
    ///
    /// [`NotYourChat::Unknown`] for a key that is not right, whatever is not right about it.
    pub async fn chat_of_key(&self, secure_key: &str) -> Result<Arc<Interaction>, NotYourChat> {
        let found = match id_in(secure_key) {
            Some(id) => self.core.interaction(id).await?,
            None => None,
        };
        self.opened_by(secure_key, found)
    }

    /// Returns the chat that a secure key names as this node has heard of it, and notes the
    /// request as a sign of life: for what the rules decide about, who ask the store before they
    /// refuse.
    ///
    /// # Errors
    ///
    /// The same as those of [`Conversations::chat_of_key`].
    pub async fn customer_heard(&self, secure_key: &str) -> Result<Arc<Interaction>, NotYourChat> {
        let found = match id_in(secure_key) {
            Some(id) => self.chat_heard_of(id).await?,
            None => None,
        };
        let found = self.opened_by(secure_key, found)?;
        self.keep_customer(&found);
        Ok(found)
    }

    /// Returns a chat as this node has heard of it, for whoever is told what happens in it: of
    /// what another node did they are told when this one hears of it.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn chat_heard_of(
        &self,
        chat: InteractionId,
    ) -> Result<Option<Arc<Interaction>>, StoreError> {
        if let Some(known) = self.core.board.recent(chat) {
            return Ok(Some(known.value));
        }
        Ok(self.core.load_interaction(chat).await?.map(|found| found.value))
    }

    fn opened_by(
        &self,
        secure_key: &str,
        found: Option<Arc<Interaction>>,
    ) -> Result<Arc<Interaction>, NotYourChat> {
        let given = hash_of(secure_key);
        let expected =
            found.as_ref().and_then(|found| found.chat()).map(|chat| &chat.customer.key_hash);
        let is_right = expected.is_some_and(|hash| hash.as_bytes().ct_eq(given.as_bytes()).into());
        let found = found.filter(|found| is_right && is_readable(found, self.core.now()));
        found.ok_or(NotYourChat::Unknown)
    }

    /// Returns a chat as it is now, to whoever has proved that they are its customer, and notes
    /// their request as a sign of life.
    ///
    /// # Errors
    ///
    /// The same as those of [`Conversations::chat_of_key`].
    pub async fn customer_seen(&self, secure_key: &str) -> Result<Arc<Interaction>, NotYourChat> {
        let found = self.chat_of_key(secure_key).await?;
        self.keep_customer(&found);
        Ok(found)
    }

    /// Notes a sign of life of the customer of a live chat.
    pub fn keep_customer(&self, interaction: &Interaction) {
        if let Some(chat) = interaction.chat().filter(|chat| chat.is_live()) {
            let silence_ms = chat.times.customer_silence_ms;
            self.core.activity.note(customer_of(interaction.id), silence_ms, self.core.now());
        }
    }

    /// Notes a sign of life of a customer who was heard of before, whatever else of the chat is in
    /// memory.
    pub fn keep_awaited_customer(&self, chat: InteractionId) {
        self.core.activity.note_again(customer_of(chat), self.core.now());
    }

    /// Tells whether the customer of a chat that has not ended was heard of on this node.
    #[must_use]
    pub fn is_customer_awaited(&self, chat: InteractionId) -> bool {
        self.core.activity.has_heard(customer_of(chat))
    }

    /// Does what the customer of a chat wants done. When it returns `Ok`, it is durable. `receipt`
    /// makes a retry safe; `also` is written with it.
    ///
    /// # Errors
    ///
    /// Those of [`Commands::execute`].
    pub async fn customer_does(
        &self,
        id: InteractionId,
        action: CustomerAction,
        receipt: Option<Receipt>,
        also: Vec<Put>,
    ) -> Result<Arc<Interaction>, ExecuteError> {
        match self
            .commands
            .execute(&CommandRequest { receipt, also, ..CommandRequest::new(id, action) })
            .await?
        {
            Done::Now { interaction, .. } => Ok(interaction),
            Done::Before(_) => self.core.interaction(id).await?.ok_or(ExecuteError::NotFound(id)),
        }
    }
}

fn id_in(secure_key: &str) -> Option<InteractionId> {
    secure_key.get(SECRET_CHARS..)?.parse().ok()
}

/// Tells whether a customer may still read their chat.
fn is_readable(interaction: &Interaction, now: Time) -> bool {
    match interaction.state {
        State::Ended { at, .. } => now.ms_since(at) <= READABLE_AFTER_END_MS,
        _ => true,
    }
}
