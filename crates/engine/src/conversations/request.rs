//! How a chat begins.

use std::sync::Arc;

use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{
    Actor, CenterId, ChatRequest, ContactId, CustomerKey, Direction, Interaction, InteractionId,
    Medium, Named, Queue, SkillLevels, UserData, Value,
};
use handoff_store::{Receipt, StoreError};

use super::key::{RequestName, SECRET_CHARS, hash_of, key_of, request_scope};
use super::{Conversations, NotYourChat};
use crate::commands::{Done, ExecuteError, Opening};

/// The user data that holds a customer's e-mail address.
const ADDRESS_KEY: &str = "EmailAddress";

/// Bytes of an e-mail address at most (RFC 5321, section 4.5.3.1.3).
const ADDRESS_BYTES_MAX: usize = 254;

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
    pub user_data: UserData,
    /// By what a repetition of the request is known, which gives the same chat.
    pub request: Option<RequestName>,
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
    Full { waiting: usize },
    /// The request was repeated when the chat that it began could no longer be read.
    #[error(transparent)]
    Gone(#[from] NotYourChat),
    /// It could not be opened.
    #[error(transparent)]
    Failed(#[from] ExecuteError),
}

impl Conversations {
    /// Begins a chat: the customer is in, and waits in the queue of the service.
    ///
    /// # Errors
    ///
    /// [`ChatRefused`] when the queue is full, the rules refuse it, or the store's.
    pub async fn request_chat(&self, new: NewChat) -> Result<OpenedChat, ChatRefused> {
        let board = self.core.current_board().await.map_err(ExecuteError::from)?;
        let waiting = board.waiting_in(new.queue.id);
        if new.waiting_max.is_some_and(|most| waiting >= most) {
            // It may be full because of a twin of this request that came a moment before.
            let twin = match &new.request {
                Some(request) => self.chat_of_request(&new.service, request).await?,
                None => None,
            };
            return twin.ok_or(ChatRefused::Full { waiting });
        }
        let id = self.core.ids.interaction(self.core.now());
        let salt = self.core.ids.random();
        let secure_key = match &new.request {
            Some(request) => request.key_of(id, salt),
            None => key_of(&format!("{salt:0SECRET_CHARS$x}"), id),
        };
        let receipt = new.request.as_ref().map(|request| Receipt {
            scope: request_scope(&new.service),
            key: request.receipt_key(),
            fingerprint: request.fingerprint.clone(),
            answer: format!("{id} {salt:x}"),
            expires: Some(self.core.now().plus_ms(REQUESTS_KNOWN_MS)),
        });
        let customer = CustomerKey {
            user_id: format!("{:016X}", self.core.ids.random() >> 64),
            key_hash: hash_of(&secure_key),
        };
        let contact = self.contact_of(&new).await.map_err(ExecuteError::from)?;
        let request = new.request.clone();
        let opening = opening(new, id, customer, contact, receipt);
        match (self.commands.open(&opening).await?, request) {
            (Done::Now { interaction, .. }, _) => Ok(OpenedChat { interaction, secure_key }),
            (Done::Before(receipt), Some(request)) => {
                Ok(self.opened_before(&request, &receipt).await?)
            }
            (Done::Before(_), None) => {
                unreachable!("an opening without receipts was never carried out before")
            }
        }
    }

    /// Returns the contact of a customer who gave an e-mail address.
    async fn contact_of(&self, new: &NewChat) -> Result<Option<ContactId>, StoreError> {
        match address_of(&new.user_data) {
            Some(address) => self.contacts.meet(new.center, address, &new.nickname).await.map(Some),
            None => Ok(None),
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
        let found = self.core.store.receipt(&request_scope(service), &request.receipt_key()).await;
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
}

fn opening(
    new: NewChat,
    id: InteractionId,
    customer: CustomerKey,
    contact: Option<ContactId>,
    receipt: Option<Receipt>,
) -> Opening {
    let NewChat { center, queue, service, times, nickname, subject, user_data, .. } = new;
    let conversation = ChatRequest { service, nickname, customer, times };
    let new = NewInteraction {
        id,
        center,
        medium: Medium::Chat(Some(conversation)),
        direction: Direction::Inbound,
        sub_type: "InboundNew".to_owned(),
        external_id: None,
        parent: None,
        contact: contact.map(|contact| contact.to_string()),
        subject,
        priority: None,
        user_data,
        queue: Named::Known((*queue).clone()),
        skills: SkillLevels::new(),
        placement: Placement::InQueue,
    };
    let receipts = receipt.into_iter().collect();
    Opening { new, center, actor: Actor::Customer, reference: None, receipts }
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
