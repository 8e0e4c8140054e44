//! Whoever speaks outward for the engine: to agents, to customers, to mail servers.
//!
//! The engine names no protocol. Whoever speaks one implements a trait of these and is handed in.
//! What counts is in the store before any of them is called, so that each may fail or be
//! interrupted at any moment.

mod center;
mod finder;
mod statistics;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use handoff_domain::{CenterId, Interaction, InteractionId, Time, TokenId, Topic, User, UserId};
use handoff_store::{Mailbox, StreamRow};

use crate::core::{Note, NumberedNote};

pub use center::{AgentState, CenterNews, CenterTopic, QueueState};
pub use finder::{
    Among, Finder, Highlight, Hit, Hits, Narrowed, Order, SearchError, SearchPlace, Wanted,
};

pub use statistics::{
    BUCKETS_MS, Counted, CountedBy, Counts, DispositionMark, QUARTER_MS, Statistics,
    StatisticsError, Tally, Times, WantedCounts,
};

/// What became of a published message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is in the session's hands.
    Delivered,
    /// The session is no more.
    Gone,
    /// It had no room and is to be tried again; [`Delivery::deliver_soon`](crate::Delivery) says
    /// when.
    NoRoom,
}

/// Whether a message can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It is news: a session that has no room for it is cut off, and asks for a replay when it
    /// comes back.
    Now,
    /// It is a replay: the store has it, so it waits until the client has fetched what is queued
    /// for it.
    WhenThereIsRoom,
}

/// Speaks to agents: renders rows as messages and hands them to CometD sessions.
pub trait Publisher: Send + Sync + 'static {
    /// Returns the data of the message that tells `row` to `reader` on `topic`, where it has this
    /// number.
    fn render(&self, row: &StreamRow, reader: UserId, topic: Topic, number: u64) -> Bytes;

    /// Returns the messages that tell `reader` of what is kept nowhere, each with its topic;
    /// `reference` is the number of their own request that it comes from.
    fn render_note(
        &self,
        chat: &Interaction,
        reader: UserId,
        note: &Note,
        reference: Option<i32>,
    ) -> Vec<(Topic, Bytes)>;

    /// Returns the message that tells a reader who else looks at an interaction now, with its
    /// topic.
    fn render_viewers(&self, interaction: &Interaction, viewers: &[UserId]) -> (Topic, Bytes);

    /// Returns the data of the message that says that a replay cannot begin where it was asked to:
    /// `oldest` is the first number that is kept (one past `head` when none is), `head` the last
    /// that was given.
    fn render_resync(&self, topic: Topic, oldest: u64, head: u64) -> Bytes;

    /// Returns the data of the message that tells how an agent or a queue stands, without the
    /// number that it gets: an object that is not empty.
    fn render_center(&self, news: &CenterNews<'_>) -> Bytes;

    /// Returns the data of the message that what changed since a number cannot be told: from
    /// `oldest` on it can, and `head` is the last that was given.
    fn render_center_resync(&self, topic: CenterTopic, oldest: u64, head: u64) -> Bytes;

    /// Returns the CometD channel of a topic.
    fn channel(&self, topic: Topic) -> &'static str;

    /// Hands a message to one session.
    fn publish(&self, session: &str, channel: &str, data: Bytes, patience: Patience) -> Published;

    /// Ends the sessions of a user who was changed or removed that may not go on as they are: those
    /// whose subscriptions would bring something else now, and all of one who could not log in as
    /// they did.
    fn user_changed(&self, before: &User, now: Option<&User>);

    /// Lists the login sessions by which agents have sessions or connections open.
    fn open_logins(&self) -> Vec<OpenLogin>;

    /// Ends the sessions and connections that were opened by a login session.
    fn login_ended(&self, login: &OpenLogin);
}

/// A login session or a token by which something is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLogin {
    pub user: UserId,
    /// The id under which a session is stored; of a token what [`OpenLogin::id_of_token`] says, of
    /// one of a provider's [`OpenLogin::id_of_provided`].
    pub id: String,
}

impl OpenLogin {
    /// Begins what a token is known by; the id of a session has no colon.
    const TOKEN: &str = "token:";

    /// Returns by what it is known that something was opened by a token.
    #[must_use]
    pub fn id_of_token(token: TokenId, expires: Time) -> String {
        format!("{}{token}:{}", Self::TOKEN, expires.0)
    }

    /// Begins what a token of a provider is known by, which is stored nowhere.
    const PROVIDED: &str = "provided:";

    /// Returns by what it is known that something was opened by a token of a provider.
    #[must_use]
    pub fn id_of_provided(expires: Time) -> String {
        format!("{}{}", Self::PROVIDED, expires.0)
    }

    /// Returns when a token of a provider expires; `None` of everything else.
    pub(crate) fn provided_until(&self) -> Option<Time> {
        Some(Time(self.id.strip_prefix(Self::PROVIDED)?.parse().ok()?))
    }

    /// Returns when a token expires; `None` of a session.
    pub(crate) fn ends(&self) -> Option<Time> {
        self.token().map(|(_, expires)| expires).or_else(|| self.provided_until())
    }

    /// Returns the token that it was, and when that expires; `None` of a session.
    pub(crate) fn token(&self) -> Option<(TokenId, Time)> {
        let (token, expires) = self.id.strip_prefix(Self::TOKEN)?.split_once(':')?;
        Some((token.parse().ok()?, Time(expires.parse().ok()?)))
    }
}

/// Speaks to customers: whoever holds their connections. It is called often and must not wait.
pub trait Customers: Send + Sync + 'static {
    /// Something was said in this chat.
    fn changed(&self, chat: InteractionId);
    /// A note for the customer of this chat.
    fn noted(&self, chat: InteractionId, note: &NumberedNote);
    /// Something may have been said in any chat.
    fn look_again(&self);
}

/// What the contact centers' own addresses are, and how their messages are told from everybody
/// else's.
pub trait Mailboxes: Send + Sync + 'static {
    /// Tells whether an address, before which a name may stand, is one of the contact center's own.
    /// Upper and lower case are the same.
    fn is_ours(&self, center: CenterId, address: &str) -> bool;

    /// Returns the address that the contact center sends as when nobody says another.
    fn default_sender(&self, center: CenterId) -> Option<String>;

    /// Returns the `Message-ID`, without the angle brackets, of an interaction that is sent by
    /// `sender` for the `sends`-th time. The same arguments always give the same.
    fn message_id(&self, interaction: InteractionId, sends: u32, sender: &str) -> String;

    /// Returns what would keep a mailbox from working on this server, such as a secret that is not
    /// there. It may read files.
    fn problem(&self, _mailbox: &Mailbox) -> Option<String> {
        None
    }
}

/// What became of a mail that was given to the next server. `reply` is what that said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It took it.
    Sent {
        /// What it said.
        reply: String,
    },
    /// It did not take it, and may later.
    Later {
        /// What it said.
        reply: String,
    },
    /// It will never take it.
    Never {
        /// What it said.
        reply: String,
    },
    /// Nobody knows, because the connection was lost when it had all of it. It is posted again, as
    /// the same message.
    Unsure {
        /// What is known.
        reply: String,
    },
}

/// Hands mails to the next server. A mail may come more than once: after a crash, and after
/// [`Posted::Unsure`]. It is then the same mail with the same `Message-ID`.
#[async_trait]
pub trait Post: Send + Sync + 'static {
    /// Hands a mail over. It may take as long as the protocol takes; when the server stops, it is
    /// dropped at any point.
    async fn post(&self, mail: &Interaction) -> Posted;
}

/// Whoever speaks outward for one engine.
pub struct Outward {
    pub publisher: Arc<dyn Publisher>,
    pub customers: Arc<dyn Customers>,
    /// Without any, every address is as good as another.
    pub mailboxes: Option<Arc<dyn Mailboxes>>,
    /// Without one, whatever is sent waits.
    pub post: Option<Arc<dyn Post>>,
    /// Without one, nothing can be searched.
    pub finder: Option<Arc<dyn Finder>>,
    /// Without any, no statistics are told.
    pub statistics: Option<Arc<dyn Statistics>>,
}

impl Default for Outward {
    fn default() -> Self {
        Self {
            publisher: Arc::new(Nobody),
            customers: Arc::new(Nobody),
            mailboxes: None,
            post: None,
            finder: None,
            statistics: None,
        }
    }
}

/// Nobody is there: no agent has a session, and no customer listens.
struct Nobody;

impl Publisher for Nobody {
    fn render(&self, _row: &StreamRow, _reader: UserId, _topic: Topic, _number: u64) -> Bytes {
        Bytes::new()
    }

    fn render_note(
        &self,
        _chat: &Interaction,
        _reader: UserId,
        _note: &Note,
        _reference: Option<i32>,
    ) -> Vec<(Topic, Bytes)> {
        Vec::new()
    }

    fn render_viewers(&self, _interaction: &Interaction, _viewers: &[UserId]) -> (Topic, Bytes) {
        (Topic::Interactions, Bytes::new())
    }

    fn render_resync(&self, _topic: Topic, _oldest: u64, _head: u64) -> Bytes {
        Bytes::new()
    }

    fn render_center(&self, _news: &CenterNews<'_>) -> Bytes {
        Bytes::new()
    }

    fn render_center_resync(&self, _topic: CenterTopic, _oldest: u64, _head: u64) -> Bytes {
        Bytes::new()
    }

    fn channel(&self, _topic: Topic) -> &'static str {
        ""
    }

    fn publish(
        &self,
        _session: &str,
        _channel: &str,
        _data: Bytes,
        _patience: Patience,
    ) -> Published {
        Published::Gone
    }

    fn user_changed(&self, _before: &User, _now: Option<&User>) {}

    fn open_logins(&self) -> Vec<OpenLogin> {
        Vec::new()
    }

    fn login_ended(&self, _login: &OpenLogin) {}
}

impl Customers for Nobody {
    fn changed(&self, _chat: InteractionId) {}

    fn noted(&self, _chat: InteractionId, _note: &NumberedNote) {}

    fn look_again(&self) {}
}
