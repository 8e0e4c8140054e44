//! The voice of the engine: renders rows and hands them to sessions.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use handoff_cometd::{Delivery, SessionId};
use handoff_domain::Topic;
use handoff_engine::{Directory, Engine, Patience, Published, Publisher};
use handoff_store::StreamRow;

use super::link::Link;
use crate::notify::{self, topics};
use crate::wire::letters::Cleaner;
use crate::wire::resource::{Lookup, PublicUrl};

/// Speaks to agents for the engine.
pub(super) struct Voice {
    /// Weak, because the engine owns its publisher.
    engine: Weak<Engine>,
    link: Arc<Link>,
    url: PublicUrl,
    letters: Arc<Cleaner>,
}

impl Voice {
    pub(super) const fn new(
        engine: Weak<Engine>,
        link: Arc<Link>,
        url: PublicUrl,
        letters: Arc<Cleaner>,
    ) -> Self {
        Self { engine, link, url, letters }
    }

    /// Returns the names as they are now. The engine is there whenever it renders; should it be
    /// going, names are left out.
    fn directory(&self) -> Arc<Directory> {
        self.engine.upgrade().map_or_else(Arc::default, |engine| engine.core().directory())
    }
}

impl Publisher for Voice {
    fn render(&self, row: &StreamRow, topic: Topic, number: u64) -> Bytes {
        let directory = self.directory();
        let lookup = Lookup { directory: &directory, url: &self.url, letters: &self.letters };
        notify::render(row, topic, number, lookup)
    }

    fn render_resync(&self, topic: Topic, oldest: u64, head: u64) -> Bytes {
        notify::render_resync(topic, oldest, head)
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
}
