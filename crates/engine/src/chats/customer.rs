//! The customer's way in: how a chat begins, who may act as its customer, and what he does.

use std::sync::Arc;

use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{
    Action, Actor, CenterId, ChatRequest, Command, CustomerKey, Direction, Interaction, InteractionId, Media,
    Named, Queue, SkillLevels, State, Time, UserData,
};
use handoff_store::{Put, Receipt, StoreError};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::engine::Engine;
use crate::execute::{Attempt, Done, ExecuteError, Opening};

/// How long after its end a chat can still be read by its customer, in ms: long enough to save the transcript, also after a reload.
const READABLE_AFTER_END_MS: u64 = 60 * 60 * 1_000;
/// Characters of the random part of a secure key: 128 bits in hex.
const SECRET_CHARS: usize = 32;

/// A chat that a customer asks for.
#[derive(Clone, Debug)]
pub struct NewChat {
    /// The contact center of the service.
    pub center: CenterId,
    /// The queue of the service.
    pub queue: Arc<Queue>,
    /// The service's name.
    pub service: String,
    /// The times of the service.
    pub times: handoff_domain::ChatTimes,
    /// How many may wait in the queue at most before the customer is turned away; `None` is any number.
    pub waiting_max: Option<usize>,
    /// The name that the customer goes by.
    pub nickname: String,
    /// What it is about.
    pub subject: Option<String>,
    /// User data.
    pub user_data: UserData,
}

/// A chat that has begun.
#[derive(Clone, Debug)]
pub struct OpenedChat {
    /// The chat.
    pub interaction: Arc<Interaction>,
    /// What its customer proves himself with from now on. It is given once and kept nowhere.
    pub secure_key: String,
}

/// Why a chat did not begin.
#[derive(Debug, thiserror::Error)]
pub enum ChatRefused {
    /// As many customers wait as the service lets in.
    #[error("the queue of the service holds {waiting} customers and takes no more")]
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// It could not be opened.
    #[error(transparent)]
    Failed(#[from] ExecuteError),
}

/// Whoever asks is not the customer of that chat, or there is no such chat: both read the same.
#[derive(Debug, thiserror::Error)]
pub enum NotYourChat {
    /// It is not his.
    #[error("no chat of that id and key")]
    Unknown,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Begins a chat: the customer is in, and waits in the queue of the service.
    ///
    /// # Errors
    ///
    /// [`ChatRefused`] when the queue is full, the rules refuse it, or the store's.
    pub async fn request_chat(&self, new: NewChat) -> Result<OpenedChat, ChatRefused> {
        let waiting = self.waiting_in(new.queue.id);
        if new.waiting_max.is_some_and(|most| waiting >= most) {
            return Err(ChatRefused::Full { waiting });
        }
        let id = self.ids.interaction(self.clock.now());
        // The id makes the key name its chat, which a customer's CometD session has no other place for; the id is no secret.
        let secure_key = format!("{:0SECRET_CHARS$x}{id}", self.ids.random());
        let customer = CustomerKey {
            user_id: format!("{:016X}", self.ids.random() >> 64),
            key_hash: hash_of(&secure_key),
        };
        let NewChat { center, queue, service, times, nickname, subject, user_data, .. } = new;
        let opening = Opening {
            new: NewInteraction {
                id,
                center,
                media: Media::Chat,
                direction: Direction::Inbound,
                sub_type: "InboundNew".to_owned(),
                external_id: None,
                parent: None,
                contact: None,
                subject,
                priority: None,
                user_data,
                email: None,
                chat: Some(ChatRequest { service, nickname, customer, times }),
                queue: Named::Known((*queue).clone()),
                skills: SkillLevels::new(),
                placement: Placement::InQueue,
            },
            center,
            actor: Actor::Customer,
            reference: None,
            receipts: Vec::new(),
        };
        match self.open(&opening).await? {
            Done::Now { interaction, .. } => Ok(OpenedChat { interaction, secure_key }),
            Done::Before(_) => unreachable!("an opening without receipts was never carried out before"),
        }
    }

    /// Gives the chat that a secure key names, if the key is right. The time that it takes tells nothing of how wrong a key is.
    ///
    /// # Errors
    ///
    /// [`NotYourChat::Unknown`] for a key that is not right, whatever is not right about it.
    pub async fn chat_of_key(&self, secure_key: &str) -> Result<Arc<Interaction>, NotYourChat> {
        let id = secure_key.get(SECRET_CHARS..).and_then(|id| id.parse::<InteractionId>().ok());
        let given = hash_of(secure_key);
        let found = match id {
            Some(id) => self.interaction(id).await?,
            None => None,
        };
        let expected =
            found.as_ref().and_then(|found| found.chat.as_ref()).map(|chat| &chat.customer.key_hash);
        let is_right = expected.is_some_and(|hash| hash.as_bytes().ct_eq(given.as_bytes()).into());
        let found = found.filter(|found| is_right && is_readable(found, self.now()));
        found.ok_or(NotYourChat::Unknown)
    }

    /// Gives a chat as it is now, to whoever has proved that he is its customer, and notes his request as a sign of life.
    ///
    /// # Errors
    ///
    /// The same as those of [`Engine::chat_of_key`].
    pub async fn customer_seen(&self, secure_key: &str) -> Result<Arc<Interaction>, NotYourChat> {
        let found = self.chat_of_key(secure_key).await?;
        self.keep_customer(&found);
        Ok(found)
    }

    /// Notes a sign of life of the customer of a live chat.
    pub fn keep_customer(&self, interaction: &Interaction) {
        if interaction.chat.as_ref().is_some_and(handoff_domain::Chat::is_live) {
            self.chats.see(interaction.id, self.now());
        }
    }

    /// Does what the customer of a chat wants done. When it returns `Ok`, it is durable. `receipt` makes a retry safe; `also` is written
    /// with it.
    ///
    /// # Errors
    ///
    /// Those of [`Engine::execute`].
    pub async fn customer_does(
        &self,
        id: InteractionId,
        action: Action,
        receipt: Option<Receipt>,
        also: Vec<Put>,
    ) -> Result<Arc<Interaction>, ExecuteError> {
        let command = Command { actor: Actor::Customer, epoch: None, action, farewell: None };
        match self.execute(&Attempt { id, command, reference: None, receipt, also }).await? {
            Done::Now { interaction, .. } => Ok(interaction),
            Done::Before(_) => self.interaction(id).await?.ok_or(ExecuteError::NotFound(id)),
        }
    }

    /// Gives an interaction as it is now.
    async fn interaction(&self, id: InteractionId) -> Result<Option<Arc<Interaction>>, StoreError> {
        let known = self.board.recent(id);
        let found = if known.is_some() { known } else { self.load_interaction(id).await? };
        Ok(found.map(|found| found.value))
    }
}

/// Tells whether a customer may still read his chat.
fn is_readable(interaction: &Interaction, now: Time) -> bool {
    match interaction.state {
        State::Ended { at, .. } => now.ms_since(at) <= READABLE_AFTER_END_MS,
        _ => true,
    }
}

fn hash_of(secure_key: &str) -> String {
    Sha256::digest(secure_key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
