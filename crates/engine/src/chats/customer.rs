//! The customer's way in: how a chat begins, who may act as its customer, and what they do.

use std::sync::Arc;

use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{
    Action, Actor, CenterId, ChatRequest, Command, CustomerKey, Direction, Interaction,
    InteractionId, Media, Named, Queue, SkillLevels, State, Time, UserData, Value,
};
use handoff_store::{Put, Receipt, StoreError};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::engine::Engine;
use crate::execute::{Attempt, Done, ExecuteError, Opening};

/// How long after its end a chat can still be read by its customer, in ms: long enough to save the
/// transcript, also after a reload.
const READABLE_AFTER_END_MS: u64 = 60 * 60 * 1_000;
/// The user data that holds a customer's e-mail address.
const ADDRESS_KEY: &str = "EmailAddress";
/// Bytes of an e-mail address at most (RFC 5321, section 4.5.3.1.3).
const ADDRESS_BYTES_MAX: usize = 254;
/// Characters of the random part of a secure key: 128 bits in hex.
const SECRET_CHARS: usize = 32;
/// How long a repetition of a request for a chat is known as one, in ms.
const REQUESTS_KNOWN_MS: u64 = 24 * 60 * 60 * 1_000;

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
    /// How many may wait in the queue at most before the customer is turned away; `None` is any
    /// number.
    pub waiting_max: Option<usize>,
    /// The name that the customer goes by.
    pub nickname: String,
    /// What it is about.
    pub subject: Option<String>,
    /// User data.
    pub user_data: UserData,
    /// By what a repetition of the request is known, which gives the same chat.
    pub request: Option<RequestName>,
}

/// What a repeated request for a chat is known by.
#[derive(Clone, Debug)]
pub struct RequestName {
    /// A random text of the client's that nobody else knows. Whoever names it gets the chat's key,
    /// so it is as secret as that.
    pub secret: String,
    /// A hash of what else the request says: another request by the same name is refused.
    pub fingerprint: String,
}

/// A chat that has begun.
#[derive(Clone, Debug)]
pub struct OpenedChat {
    /// The chat.
    pub interaction: Arc<Interaction>,
    /// What its customer proves themselves with from now on. It is kept nowhere, and given again
    /// only to whoever repeats the request by its name.
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
    /// The request was repeated when the chat that it began could no longer be read.
    #[error(transparent)]
    Gone(#[from] NotYourChat),
    /// It could not be opened.
    #[error(transparent)]
    Failed(#[from] ExecuteError),
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

impl Engine {
    /// Begins a chat: the customer is in, and waits in the queue of the service.
    ///
    /// # Errors
    ///
    /// [`ChatRefused`] when the queue is full, the rules refuse it, or the store's.
    pub async fn request_chat(&self, new: NewChat) -> Result<OpenedChat, ChatRefused> {
        let waiting = self.waiting_in(new.queue.id);
        if new.waiting_max.is_some_and(|most| waiting >= most) {
            // It may be full because of a twin of this request that came a moment before.
            let twin = match &new.request {
                Some(request) => self.chat_of_request(&new.service, request).await?,
                None => None,
            };
            return twin.ok_or(ChatRefused::Full { waiting });
        }
        let id = self.ids.interaction(self.clock.now());
        let salt = self.ids.random();
        let secure_key = match &new.request {
            Some(request) => request.key_of(id, salt),
            None => key_of(&format!("{salt:0SECRET_CHARS$x}"), id),
        };
        let receipt = new.request.as_ref().map(|request| Receipt {
            scope: request_scope(&new.service),
            key: request.receipt_key(),
            fingerprint: request.fingerprint.clone(),
            answer: format!("{id} {salt:x}"),
            expires: Some(self.clock.now().plus_ms(REQUESTS_KNOWN_MS)),
        });
        let customer = CustomerKey {
            user_id: format!("{:016X}", self.ids.random() >> 64),
            key_hash: hash_of(&secure_key),
        };
        let contact = match address_of(&new.user_data) {
            Some(address) => {
                let met = self.meet(new.center, address, &new.nickname).await;
                Some(met.map_err(ExecuteError::from)?.to_string())
            }
            None => None,
        };
        let NewChat {
            center, queue, service, times, nickname, subject, user_data, request, ..
        } = new;
        let opening = Opening {
            new: NewInteraction {
                id,
                center,
                media: Media::Chat,
                direction: Direction::Inbound,
                sub_type: "InboundNew".to_owned(),
                external_id: None,
                parent: None,
                contact,
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
            receipts: receipt.into_iter().collect(),
        };
        match (self.open(&opening).await?, request) {
            (Done::Now { interaction, .. }, _) => Ok(OpenedChat { interaction, secure_key }),
            (Done::Before(receipt), Some(request)) => {
                Ok(self.opened_before(&request, &receipt).await?)
            }
            (Done::Before(_), None) => {
                unreachable!("an opening without receipts was never carried out before")
            }
        }
    }

    /// Returns the chat that a request began when it came the first time; `None` when it was not
    /// carried out, or longer ago than repetitions are known.
    ///
    /// # Errors
    ///
    /// [`ChatRefused::Failed`] when the name is that of another request, [`ChatRefused::Gone`] when
    /// the chat can no longer be read, or the store's.
    pub async fn chat_of_request(
        &self,
        service: &str,
        request: &RequestName,
    ) -> Result<Option<OpenedChat>, ChatRefused> {
        let found = self.store.receipt(&request_scope(service), &request.receipt_key()).await;
        match found.map_err(ExecuteError::from)? {
            Some(receipt) if receipt.fingerprint != request.fingerprint => {
                Err(ExecuteError::KeyReused.into())
            }
            Some(receipt) => Ok(Some(self.opened_before(request, &receipt).await?)),
            None => Ok(None),
        }
    }

    async fn opened_before(
        &self,
        request: &RequestName,
        receipt: &Receipt,
    ) -> Result<OpenedChat, NotYourChat> {
        let parts = receipt.answer.split_once(' ');
        let parts = parts
            .and_then(|(id, salt)| Some((id.parse().ok()?, u128::from_str_radix(salt, 16).ok()?)));
        let (id, salt) = parts.ok_or(NotYourChat::Unknown)?;
        let secure_key = request.key_of(id, salt);
        Ok(OpenedChat { interaction: self.chat_of_key(&secure_key).await?, secure_key })
    }

    /// Returns the chat that a secure key names, if the key is right. The time that it takes tells
    /// nothing of how wrong a key is.
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
        let expected = found
            .as_ref()
            .and_then(|found| found.chat.as_ref())
            .map(|chat| &chat.customer.key_hash);
        let is_right = expected.is_some_and(|hash| hash.as_bytes().ct_eq(given.as_bytes()).into());
        let found = found.filter(|found| is_right && is_readable(found, self.now()));
        found.ok_or(NotYourChat::Unknown)
    }

    /// Returns a chat as it is now, to whoever has proved that they are its customer, and notes
    /// their request as a sign of life.
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

    /// Notes a sign of life of a customer who was heard of before, whatever else of the chat is in
    /// memory.
    pub fn keep_awaited_customer(&self, chat: InteractionId) {
        if self.chats.has_seen(chat) {
            self.chats.see(chat, self.now());
        }
    }

    /// Tells whether the customer of a chat that has not ended was heard of since this node
    /// started.
    #[must_use]
    pub fn is_customer_awaited(&self, chat: InteractionId) -> bool {
        self.chats.has_seen(chat)
    }

    /// Does what the customer of a chat wants done. When it returns `Ok`, it is durable. `receipt`
    /// makes a retry safe; `also` is written with it.
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
        let command =
            Command { actor: Actor::Customer, epoch: None, action, farewell: None, note: None };
        match self.execute(&Attempt { id, command, reference: None, receipt, also }).await? {
            Done::Now { interaction, .. } => Ok(interaction),
            Done::Before(_) => self.interaction(id).await?.ok_or(ExecuteError::NotFound(id)),
        }
    }

    /// Returns an interaction as it is now, to whoever asks: who may see it is decided elsewhere.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn interaction(
        &self,
        id: InteractionId,
    ) -> Result<Option<Arc<Interaction>>, StoreError> {
        let known = self.board.recent(id);
        let found = if known.is_some() { known } else { self.load_interaction(id).await? };
        Ok(found.map(|found| found.value))
    }
}

impl RequestName {
    /// Makes the key of the chat out of what the client knows and what the server has written down,
    /// neither of which gives it away alone.
    fn key_of(&self, id: InteractionId, salt: u128) -> String {
        let digest = hash_of(&format!("key {salt:x} {}", self.secret));
        key_of(&digest[..SECRET_CHARS], id)
    }

    /// Returns what is written down of the name itself.
    fn receipt_key(&self) -> String {
        hash_of(&format!("request {}", self.secret))
    }
}

/// Returns the e-mail address that a customer gave. Nobody has checked that it is theirs, as with a
/// web form.
fn address_of(user_data: &UserData) -> Option<&str> {
    let Some(Value::Text(address)) = user_data.0.get(ADDRESS_KEY) else { return None };
    let address = address.trim();
    let is_address = address.len() <= ADDRESS_BYTES_MAX
        && address
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !address.contains(|c: char| c.is_whitespace() || c.is_control());
    is_address.then_some(address)
}

fn request_scope(service: &str) -> String {
    format!("requestChat/{service}")
}

/// Makes a key. The id makes it name its chat, which a customer's CometD session has no other place
/// for; the id is no secret.
fn key_of(secret: &str, id: InteractionId) -> String {
    format!("{secret}{id}")
}

/// Tells whether a customer may still read their chat.
fn is_readable(interaction: &Interaction, now: Time) -> bool {
    match interaction.state {
        State::Ended { at, .. } => now.ms_since(at) <= READABLE_AFTER_END_MS,
        _ => true,
    }
}

fn hash_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
