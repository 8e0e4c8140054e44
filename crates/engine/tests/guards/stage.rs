//! A floor as a store and an engine over it.

use std::sync::Arc;

use handoff_bus::LocalBus;
use handoff_domain::chat::ChatRequest;
use handoff_domain::service::{ChatTerms, FileLimits};
use handoff_domain::{
    Center, CenterId, Group, Interaction, InteractionId, Media, Service, ServiceId, ServiceTerms,
    Skill, Time, Workspace,
};
use handoff_engine::{Core, Engine, Mailboxes, Options, Outward, Parts, contact_id};
use handoff_store::{ChangeSet, Contact, Key, Receipt, Record, Store as _};
use handoff_testkit::{CountingIds, FaultyStore, ManualClock};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::deeds::Deed;
use crate::floor::{CENTER, Floor, GROUP, SKILL, queue_id};
use crate::support::chat_request;

/// The service that every chat of a customer came by.
pub(crate) const SERVICE: ServiceId = ServiceId(0x5e);
/// The address of somebody who has written before.
pub(crate) const EVE: &str = "eve@customer.example";

/// The addresses of the floor.
struct Ours;

impl Mailboxes for Ours {
    fn is_ours(&self, _center: CenterId, address: &str) -> bool {
        address.ends_with("@ours.example")
    }

    fn default_sender(&self, _center: CenterId) -> Option<String> {
        Some("support@ours.example".to_owned())
    }

    fn message_id(&self, interaction: InteractionId, sends: u32, sender: &str) -> String {
        format!("{interaction}.{sends}.{sender}")
    }
}

pub(crate) struct Stage {
    pub(crate) store: Arc<FaultyStore>,
    engine: Arc<Engine>,
    committed: UnboundedReceiver<(Instant, ChangeSet)>,
}

impl Stage {
    /// Sets a floor up for something that is to be done.
    pub(crate) async fn set(floor: &Floor, deed: &Deed) -> Self {
        let store = handoff_testkit::center::store(records(floor)).await.unwrap();
        let (store, committed) = FaultyStore::over(Arc::new(store)).copied();
        let store = Arc::new(store);
        let begun = Floor::new().now;
        let clock = Arc::new(ManualClock::at_ms(begun.0));
        let parts = Parts {
            store: store.clone(),
            bus: Arc::new(LocalBus::default()),
            clock: clock.clone(),
            ids: Arc::new(CountingIds::default()),
            options: Options { rules: floor.options.clone(), ..Options::default() },
        };
        let core = Core::open(parts).await.unwrap();
        let outward = Outward { mailboxes: Some(Arc::new(Ours)), ..Outward::default() };
        let engine = Engine::build(core, outward, Vec::new()).await.unwrap();
        clock.advance_ms(u32::try_from(floor.now.ms_since(begun)).unwrap());
        let receipts = floor.interactions.values().filter_map(known_message).collect();
        let timers_set = deed.timer().into_iter().collect();
        let rest = ChangeSet { receipts, timers_set, ..ChangeSet::default() };
        store.commit(rest).await.unwrap();
        Self { store, engine, committed }
    }

    /// Carries something out; `None` when it is refused.
    pub(crate) async fn carry_out(&mut self, deed: &Deed) -> Option<()> {
        while self.committed.try_recv().is_ok() {}
        Box::pin(deed.carry_out(&self.engine)).await
    }

    /// Returns what was written.
    pub(crate) fn written(&mut self) -> impl Iterator<Item = Key> {
        let committed = std::iter::from_fn(|| self.committed.try_recv().ok());
        committed.flat_map(|(_, change)| change.puts).map(|put| put.record.key())
    }
}

/// Returns the proof of which e-mail has a `Message-ID`.
fn known_message(interaction: &Interaction) -> Option<Receipt> {
    Some(Receipt {
        scope: format!("message-id/{CENTER}"),
        key: interaction.email()?.message_id.clone()?,
        fingerprint: String::new(),
        answer: interaction.id.to_string(),
        expires: None,
    })
}

/// Returns the key of everything that is there.
pub(crate) fn keys(floor: &Floor) -> Vec<Key> {
    records(floor).map(|record| record.key()).collect()
}

/// Somebody of whom so many letters of programs came that one more is too many.
fn eve(now: Time) -> Contact {
    Contact {
        id: contact_id(CENTER, EVE),
        center: CENTER,
        address: EVE.to_owned(),
        name: None,
        first_seen: now,
        last_seen: now,
        last_answered: None,
        automatic_count: 10,
        automatic_since: now,
        profile: None,
    }
}

fn records(floor: &Floor) -> impl Iterator<Item = Record> {
    let center = Center {
        id: CENTER,
        name: "Floor".into(),
        workspace: Workspace::default(),
        missed_offers_to_not_ready: Some(0),
        retention_ms: std::collections::BTreeMap::new(),
        time_zone: None,
    };
    let ChatRequest { service, times, .. } = chat_request();
    let service = Service {
        id: SERVICE,
        center: CENTER,
        name: service,
        queue: queue_id(&Media::Chat),
        enabled: true,
        terms: ServiceTerms::Chat(ChatTerms {
            times,
            hours: None,
            max_waiting: None,
            files: FileLimits::default(),
            origins: Vec::new(),
            leave_message: None,
            without_key: false,
        }),
    };
    [
        Record::Center(center),
        Record::Group(Group { id: GROUP, center: CENTER, name: "All".into() }),
        Record::Skill(Skill { name: "English".into(), ..SKILL }),
        Record::Service(service),
        Record::Contact(eve(floor.now)),
    ]
    .into_iter()
    .chain(floor.users.values().cloned().map(Record::User))
    .chain(floor.queues.values().cloned().map(Record::Queue))
    .chain(floor.workbins.values().cloned().map(Record::Workbin))
    .chain(floor.desks.values().cloned().map(Record::Desk))
    .chain(floor.interactions.values().cloned().map(Record::Interaction))
    .collect::<Vec<_>>()
    .into_iter()
}
