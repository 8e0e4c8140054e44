//! The voice of the engine: renders rows and hands them to sessions.

use std::sync::Arc;

use bytes::Bytes;
use handoff_cometd::{Delivery, EndAdvice, SessionId};
use handoff_domain::{Interaction, Topic, User, UserId};
use handoff_engine::{
    CenterNews, CenterTopic, Core, Directory, Note, OpenLogin, Patience, Published, Publisher,
};
use handoff_store::StreamRow;

use super::audience;
use super::identity::{credentials_of, identity_of, login_of};
use super::link::Link;
use crate::auth::Logins;
use crate::notify::{self, Once, topics};
use crate::wire::center::render_center;
use crate::wire::letters::Cleaner;
use crate::wire::notification::{ResyncMessage, encode};
use crate::wire::operation_lists::OperationLists;
use crate::wire::resource::{Lookup, PublicUrl};

/// Speaks to agents for the engine. It is made before both the engine, which speaks through it, and
/// the server, whose sessions hear it.
pub struct Voice {
    core: Arc<Core>,
    pub(super) link: Arc<Link>,
    url: PublicUrl,
    once: Once,
    pub(super) letters: Arc<Cleaner>,
    pub(super) operations: Arc<OperationLists>,
    /// What this node remembers of login sessions.
    pub(super) logins: Arc<Logins>,
}

impl Voice {
    /// Makes it; until `Comet::new` nobody hears it.
    #[must_use]
    pub fn new(core: Arc<Core>, url: PublicUrl, letters: Arc<Cleaner>) -> Arc<Self> {
        Arc::new(Self {
            core,
            link: Arc::default(),
            url,
            once: Once::default(),
            letters,
            operations: Arc::default(),
            logins: Arc::default(),
        })
    }

    fn lookup<'a>(&'a self, directory: &'a Directory) -> Lookup<'a> {
        let (url, letters, operations) = (&self.url, &*self.letters, &*self.operations);
        Lookup { directory, url, letters, operations }
    }
}

impl Publisher for Voice {
    fn render(&self, row: &StreamRow, reader: UserId, topic: Topic, number: u64) -> Bytes {
        let directory = self.core.directory();
        let lookup = self.lookup(&directory);
        let render = || notify::render(row, reader, topic, number, lookup);
        self.once.message(row, (topic, number), &directory, render)
    }

    fn render_note(
        &self,
        chat: &Interaction,
        reader: UserId,
        note: &Note,
        reference: Option<i32>,
    ) -> Vec<(Topic, Bytes)> {
        let directory = self.core.directory();
        let lookup = self.lookup(&directory);
        notify::note(chat, reader, note, reference, lookup).into()
    }

    fn render_viewers(&self, interaction: &Interaction, viewers: &[UserId]) -> (Topic, Bytes) {
        let directory = self.core.directory();
        let lookup = self.lookup(&directory);
        notify::viewers(interaction.id, viewers, lookup)
    }

    fn render_resync(&self, topic: Topic, oldest: u64, head: u64) -> Bytes {
        notify::render_resync(topic, oldest, head)
    }

    fn render_center(&self, news: &CenterNews<'_>) -> Bytes {
        let directory = self.core.directory();
        render_center(news, self.lookup(&directory))
    }

    fn render_center_resync(&self, topic: CenterTopic, oldest: u64, head: u64) -> Bytes {
        encode(&ResyncMessage::new(topics::center_channel(topic), oldest, head))
    }

    fn channel(&self, topic: Topic) -> &'static str {
        topics::channel(topic)
    }

    fn publish(&self, session: &str, channel: &str, data: Bytes, patience: Patience) -> Published {
        let Some(server) = self.link.server() else { return Published::Gone };
        let session = SessionId::new(session);
        let delivery = match patience {
            Patience::Now => server.deliver(&session, channel, data),
            Patience::WhenThereIsRoom => server.offer(&session, channel, data),
        };
        match delivery {
            Delivery::Delivered => Published::Delivered,
            Delivery::Full => Published::NoRoom,
            // Cut off: the client did not fetch what was queued for it. It will shake hands again
            // and ask for a replay.
            Delivery::Gone | Delivery::CutOff => Published::Gone,
        }
    }

    fn open_logins(&self) -> Vec<OpenLogin> {
        let open = self.link.server().map(|server| server.open_logins()).unwrap_or_default();
        let open = open.into_iter().filter_map(|(identity, login)| {
            Some(OpenLogin { user: identity.as_str().parse().ok()?, id: login.to_string() })
        });
        open.collect()
    }

    fn login_ended(&self, login: &OpenLogin) {
        // Whoever shakes hands again at once must not be let in from memory.
        self.logins.ended(&login.id);
        if let Some(server) = self.link.server() {
            server.end_login(&identity_of(login.user), &login_of(&login.id));
        }
    }

    fn user_changed(&self, before: &User, now: Option<&User>) {
        let Some(server) = self.link.server() else { return };
        let identity = identity_of(before.id);
        let has_their_logins =
            |now: &&User| now.enabled && credentials_of(now) == credentials_of(before);
        let Some(now) = now.filter(has_their_logins) else {
            server.end_identity(&identity);
            return;
        };
        // Their clients shake hands again, and subscribe to what they may listen to now.
        let brings_the_same =
            |name: &String| audience::granted(before, name) == audience::granted(now, name);
        for session in server.sessions_of(&identity) {
            if !server.subscriptions_of(&session).iter().all(brings_the_same) {
                server.end_session(&session, EndAdvice::Handshake);
            }
        }
    }
}
