//! One user's sessions on this node.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use handoff_domain::{Owner, Time, Topic, UserId};
use handoff_store::{AddedRow, Missed, Page, Store, StoreError, StreamRow};

use super::subscriptions::{PAGE, Replay, Subscriptions};
use crate::outward::{Patience, Published, Publisher};

/// Who of one user's sessions listens to what, and how far each has come.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    /// Stream rows up to this position were given to every session that was subscribed. `None`
    /// before the first subscription.
    position: Option<u64>,
    /// Promised answers up to this number were given. `None` before the first subscription.
    promised: Option<u64>,
    /// The last number up to there on each topic.
    numbers: BTreeMap<Topic, u64>,
    sessions: HashMap<String, Session>,
    /// When the oldest of what was handed over had happened, for whoever counts how late that was.
    given_of: Option<Time>,
}

#[derive(Debug, Default)]
struct Session {
    /// Subscriptions by the name that the client used.
    subscriptions: BTreeMap<String, Vec<(Topic, bool)>>,
    /// The last number given, per topic that is or was subscribed. It outlives an unsubscribe, so
    /// that subscribing twice to the same topic under two names never repeats a message.
    last: BTreeMap<Topic, u64>,
    /// While it is being replayed something: rows up to this position were offered to it. Live rows
    /// wait behind, so that its order is that of the stream, and nothing is queued for a client who
    /// is slower than the store.
    replayed: Option<u64>,
}

impl Session {
    /// Returns the name under which a topic goes out; `None` when no subscription covers it.
    fn channel<'a>(&'a self, topic: Topic, own: &'a str) -> Option<&'a str> {
        let covering = self.subscriptions.iter().flat_map(|(name, topics)| {
            topics
                .iter()
                .filter(|(covered, _)| *covered == topic)
                .map(move |(_, own_name)| (name, *own_name))
        });
        // The topic's own channel goes before a literal name with a trailing slash.
        covering
            .map(|(name, own_name)| if own_name { name.as_str() } else { own })
            .min_by_key(|name| *name != own)
    }

    /// Finds out where each topic of a subscription begins that is to be replayed, and says so
    /// where that cannot be where it was asked to.
    fn begin(
        &mut self,
        publisher: &dyn Publisher,
        id: &str,
        missed: &Missed,
        subscription: &Subscriptions,
    ) -> BTreeMap<Topic, u64> {
        let mut wanted = BTreeMap::new();
        for (topic, replay) in &subscription.topics {
            let given = missed.head.numbers.get(topic).copied().unwrap_or(0);
            let Some(after) = start_after(missed, (*topic, given), *replay) else {
                // Already subscribed, perhaps under another name: goes on where it is. What passed
                // while it was not subscribed is not missed.
                let goes_on = self.channel(*topic, publisher.channel(*topic)).is_some();
                let last = self.last.entry(*topic).or_insert(given);
                *last = if goes_on { *last } else { given.max(*last) };
                continue;
            };
            if let Start::Resync { after, oldest } = after {
                let channel = if subscription.under_own_name {
                    &subscription.name
                } else {
                    publisher.channel(*topic)
                };
                let _gone_is_told_elsewhere: Published = publisher.publish(
                    id,
                    channel,
                    publisher.render_resync(*topic, oldest, given),
                    Patience::Now,
                );
                wanted.insert(*topic, after);
            } else if let Start::After(after) = after {
                wanted.insert(*topic, after);
            }
        }
        wanted
    }

    /// Says so where rows were swept before this session was given them: the numbers of a stream
    /// have no gaps, so the next that is kept tells it. `next` is that number, with the last that
    /// was given on each topic.
    fn tell_swept(
        &mut self,
        publisher: &dyn Publisher,
        id: &str,
        topic: Topic,
        (next, numbers): (u64, &BTreeMap<Topic, u64>),
    ) {
        let Some(channel) = self.channel(topic, publisher.channel(topic)) else { return };
        let has_all = self.last.get(&topic).is_none_or(|last| last + 1 >= next);
        if has_all {
            return;
        }
        let head = numbers.get(&topic).copied().unwrap_or(0).max(next - 1);
        let data = publisher.render_resync(topic, next, head);
        let _gone_is_told_elsewhere: Published =
            publisher.publish(id, channel, data, Patience::Now);
        self.last.insert(topic, next - 1);
    }

    /// Says so on every topic where not even the last number reached this session.
    fn tell_swept_to_the_end(
        &mut self,
        publisher: &dyn Publisher,
        id: &str,
        numbers: &BTreeMap<Topic, u64>,
    ) {
        for (topic, last) in numbers {
            self.tell_swept(publisher, id, *topic, (last + 1, numbers));
        }
    }

    /// Offers a row on every topic that is subscribed and where it was not given yet.
    fn offer(
        &mut self,
        publisher: &dyn Publisher,
        (user, id): (UserId, &str),
        (row, numbers): (&StreamRow, &BTreeMap<Topic, u64>),
    ) -> Published {
        for (topic, number) in &row.numbers {
            self.tell_swept(publisher, id, *topic, (*number, numbers));
            let Some(channel) = self.channel(*topic, publisher.channel(*topic)) else { continue };
            if self.last.get(topic).is_some_and(|last| last >= number) {
                continue;
            }
            let data = publisher.render(row, user, *topic, *number);
            match publisher.publish(id, channel, data, Patience::WhenThereIsRoom) {
                Published::NoRoom => return Published::NoRoom,
                // A session that is gone will be forgotten by its own notice.
                Published::Delivered | Published::Gone => self.last.insert(*topic, *number),
            };
        }
        Published::Delivered
    }
}

impl Audience {
    pub(crate) fn sessions_open(&self) -> u64 {
        self.sessions.len() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Returns the topics by which somebody can be reached and that at least one session listens
    /// to.
    pub(crate) fn topics(&self) -> BTreeSet<Topic> {
        self.each_topic().collect()
    }

    /// Tells whether these are [`Audience::topics`]. Every audience is asked again and again, and
    /// nearly always they are.
    pub(crate) fn has_topics(&self, topics: &BTreeSet<Topic>) -> bool {
        self.each_topic().all(|topic| topics.contains(&topic))
            && topics.iter().all(|topic| self.each_topic().any(|own| own == *topic))
    }

    /// Names some more than once.
    fn each_topic(&self) -> impl Iterator<Item = Topic> {
        let topics =
            self.sessions.values().flat_map(|session| session.subscriptions.values().flatten());
        topics.map(|(topic, _)| *topic).filter(|topic| topic.shows_offers())
    }

    /// Tells whether every session was given everything up to a position.
    pub(crate) fn has_all_up_to(&self, position: u64) -> bool {
        self.position.is_some_and(|given| given >= position)
            && self.sessions.values().all(|session| session.replayed.is_none())
    }

    /// Hands every session the answers that were promised since.
    pub(crate) async fn give_promised(
        &mut self,
        publisher: &dyn Publisher,
        store: &dyn Store,
        user: UserId,
    ) -> Result<(), StoreError> {
        let Some(mut given) = self.promised else { return Ok(()) };
        loop {
            let page = store.promised(user, given, PAGE).await?;
            for row in page.items {
                self.answer(publisher, row.topic, &Bytes::copy_from_slice(row.body.as_bytes()));
                given = row.number;
            }
            // Moved on only after they were handed over, as with rows.
            self.promised = Some(given);
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Hands every session what it has not been given yet.
    pub(crate) async fn catch_up(
        &mut self,
        publisher: &dyn Publisher,
        store: &dyn Store,
        user: UserId,
    ) -> Result<(), StoreError> {
        let Some(mut position) = self.position else { return Ok(()) };
        loop {
            let page = store.stream(Owner::User(user), position, PAGE).await?;
            self.numbers.extend(page.items.iter().flat_map(|row| row.numbers.iter().copied()));
            for row in &page.items {
                self.give(publisher, user, row);
                position = row.position;
            }
            // Moved on only after the rows were handed over, so that a failed read gives nothing
            // twice and loses nothing.
            self.position = Some(position);
            if !page.more {
                break;
            }
        }
        self.go_on_replaying(publisher, store, user).await
    }

    /// Hands every session what it has not been given yet, of `fresh` where that follows on what
    /// was given before, and otherwise of the log.
    pub(crate) async fn give_fresh(
        &mut self,
        publisher: &dyn Publisher,
        store: &dyn Store,
        user: UserId,
        fresh: Option<Vec<AddedRow>>,
    ) -> Result<(), StoreError> {
        if !fresh.is_some_and(|rows| self.give_following(publisher, user, rows)) {
            return self.catch_up(publisher, store, user).await;
        }
        self.go_on_replaying(publisher, store, user).await
    }

    /// The same as far as it needs no read; tells whether that was all.
    pub(crate) fn give_without_reading(
        &mut self,
        publisher: &dyn Publisher,
        user: UserId,
        fresh: Option<Vec<AddedRow>>,
    ) -> bool {
        fresh.is_some_and(|rows| self.give_following(publisher, user, rows))
            && self.sessions.values().all(|session| session.replayed.is_none())
    }

    /// Hands every session rows as long as none is missing before them; tells whether none was.
    fn give_following(
        &mut self,
        publisher: &dyn Publisher,
        user: UserId,
        mut rows: Vec<AddedRow>,
    ) -> bool {
        let Some(given) = self.position else { return true };
        // Commits that end together may have been noted in another order.
        rows.sort_by_key(|added| added.row.position);
        for AddedRow { after, row } in rows.iter().filter(|added| added.row.position > given) {
            if self.position.is_none_or(|reached| *after > reached) {
                return false;
            }
            self.numbers.extend(row.numbers.iter().copied());
            self.give(publisher, user, row);
            self.position = Some(row.position);
        }
        true
    }

    async fn go_on_replaying(
        &mut self,
        publisher: &dyn Publisher,
        store: &dyn Store,
        user: UserId,
    ) -> Result<(), StoreError> {
        let Some(position) = self.position else { return Ok(()) };
        let replaying = self.sessions.iter().filter(|(_, session)| session.replayed.is_some());
        for id in replaying.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.replay(publisher, store, (user, &id), position, None).await?;
        }
        Ok(())
    }

    /// Hands every session what it has not been given yet, and says so to those for whom it was
    /// swept.
    pub(crate) async fn catch_up_to_the_end(
        &mut self,
        publisher: &dyn Publisher,
        store: &dyn Store,
        user: UserId,
    ) -> Result<(), StoreError> {
        // Read before the rows: whatever is kept of it has been given afterwards.
        let head = store.head(Owner::User(user)).await?;
        self.catch_up(publisher, store, user).await?;
        for (topic, last) in head.numbers {
            let known = self.numbers.entry(topic).or_default();
            *known = last.max(*known);
        }
        for (id, session) in &mut self.sessions {
            if session.replayed.is_none() {
                session.tell_swept_to_the_end(publisher, id, &self.numbers);
            }
        }
        Ok(())
    }

    /// Returns when the oldest of what was handed over since the last call had happened.
    pub(crate) fn take_given_of(&mut self) -> Option<Time> {
        self.given_of.take()
    }

    fn give(&mut self, publisher: &dyn Publisher, user: UserId, row: &StreamRow) {
        self.given_of.get_or_insert(row.event.at);
        for (topic, number) in &row.numbers {
            let mut data: Option<Bytes> = None;
            for (id, session) in
                self.sessions.iter_mut().filter(|(_, session)| session.replayed.is_none())
            {
                session.tell_swept(publisher, id, *topic, (*number, &self.numbers));
                let Some(channel) = session.channel(*topic, publisher.channel(*topic)) else {
                    continue;
                };
                if session.last.get(topic).is_some_and(|last| last >= number) {
                    continue;
                }
                let data = data
                    .get_or_insert_with(|| publisher.render(row, user, *topic, *number))
                    .clone();
                // A session that is gone will be forgotten by its own notice; what it missed it
                // asks for when it comes back.
                let _gone_is_told_elsewhere: Published =
                    publisher.publish(id, channel, data, Patience::Now);
                session.last.insert(*topic, *number);
            }
        }
    }

    /// Adds a subscription and gives it what it asked to be replayed. The audience must have caught
    /// up.
    pub(crate) async fn add(
        &mut self,
        publisher: &dyn Publisher,
        store: &dyn Store,
        user: UserId,
        id: &str,
        subscription: Subscriptions,
    ) -> Result<(), StoreError> {
        let missed = store.missed(Owner::User(user), &subscription.after(), PAGE).await?;
        // Whoever was not subscribed when an answer was promised does not get it.
        self.promised.get_or_insert(missed.promised);
        // Rows up to the head just read are replayed here; later ones come by catching up from it.
        if self.position.is_none() {
            self.numbers.clone_from(&missed.head.numbers);
        }
        let position = *self.position.get_or_insert(missed.head.position);
        let session = self.sessions.entry(id.to_owned()).or_default();
        let wanted = session.begin(publisher, id, &missed, &subscription);
        session.last.extend(wanted.iter().map(|(topic, after)| (*topic, *after)));
        let topics =
            subscription.topics.keys().map(|topic| (*topic, subscription.under_own_name)).collect();
        session.subscriptions.insert(subscription.name, topics);
        if wanted.is_empty() {
            return Ok(());
        }
        let page = missed.rows;
        let first = page.items.first().map_or(position, |first| first.position - 1);
        // What waits for room goes on from where it is: another topic's rows may come before these.
        let from = session.replayed.map_or(first, |reached| reached.min(first));
        session.replayed = Some(from);
        let page = (from == first).then_some(page);
        self.replay(publisher, store, (user, id), position, page).await
    }

    /// Offers one session the kept rows that it has not been given, up to `until`, for as long as
    /// it has room. When it has none the rest waits for the next round. The first page of them may
    /// have been read already.
    async fn replay(
        &mut self,
        publisher: &dyn Publisher,
        store: &dyn Store,
        (user, id): (UserId, &str),
        until: u64,
        mut first: Option<Page<StreamRow>>,
    ) -> Result<(), StoreError> {
        let Some(session) = self.sessions.get_mut(id) else { return Ok(()) };
        let Some(mut position) = session.replayed else { return Ok(()) };
        loop {
            let page = match first.take() {
                Some(page) => page,
                None => store.stream(Owner::User(user), position, PAGE).await?,
            };
            for row in page.items.iter().filter(|row| row.position <= until) {
                let row = (row, &self.numbers);
                if session.offer(publisher, (user, id), row) == Published::NoRoom {
                    return Ok(());
                }
                position = row.0.position;
                session.replayed = Some(position);
            }
            if !page.more || page.items.last().is_none_or(|last| last.position >= until) {
                session.replayed = None;
                session.tell_swept_to_the_end(publisher, id, &self.numbers);
                return Ok(());
            }
        }
    }

    pub(crate) fn remove(&mut self, id: &str, name: &str) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.subscriptions.remove(name);
        }
    }

    pub(crate) fn forget(&mut self, id: &str) {
        self.sessions.remove(id);
    }

    /// Hands a message without a number to every session that is subscribed to the topic.
    pub(crate) fn answer(&self, publisher: &dyn Publisher, topic: Topic, data: &Bytes) {
        for (id, session) in &self.sessions {
            if let Some(channel) = session.channel(topic, publisher.channel(topic)) {
                let _gone_is_told_elsewhere: Published =
                    publisher.publish(id, channel, data.clone(), Patience::Now);
            }
        }
    }
}

/// Where a replay begins.
enum Start {
    After(u64),
    /// What was asked for is not kept, or was never given; it begins after this number instead, and
    /// the client is told.
    Resync {
        after: u64,
        oldest: u64,
    },
}

/// Decides where a topic begins on which numbers were given up to one; `None` for live.
fn start_after(missed: &Missed, (topic, given): (Topic, u64), replay: Replay) -> Option<Start> {
    let oldest = missed.oldest.get(&topic).copied().unwrap_or(given + 1);
    match replay {
        Replay::Live => None,
        Replay::AllKept => Some(Start::After(oldest - 1)),
        Replay::After(after) if after > given => Some(Start::Resync { after: given, oldest }),
        Replay::After(after) if after + 1 < oldest => {
            Some(Start::Resync { after: oldest - 1, oldest })
        }
        Replay::After(after) => Some(Start::After(after)),
    }
}
