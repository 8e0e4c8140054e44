//! One topic of a contact center on this node: what was told, and to whom.

use std::collections::BTreeMap;

use bytes::Bytes;
use handoff_domain::Time;
use handoff_store::LogEnd;

use super::picture::{Picture, Place, Seen, Subject};
use crate::delivery::Replay;
use crate::outward::{Patience, Published, Publisher};

/// A number of these topics: a place in the log, and which log that is. A restored one goes on from
/// an earlier place, and whoever knew more of the other is not to be answered by silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(pub(super) u64);

impl Mark {
    /// How many logs are told apart. A place times this is exact in JavaScript for 70 years at a
    /// thousand entries a second.
    const LOGS: u64 = 1 << 12;

    /// `None` is before all places: whoever has come no further is told everything.
    pub(super) fn of(position: Option<u64>, generation: u64) -> Self {
        let place = position.map_or(0, |position| position.saturating_add(1));
        Self(place.saturating_mul(Self::LOGS).saturating_add(generation % Self::LOGS))
    }

    /// Returns the place, if it is one of that log.
    fn position(self, end: LogEnd) -> Option<u64> {
        let position = (self.0 / Self::LOGS).checked_sub(1)?;
        let is_of_it = self.0 % Self::LOGS == end.generation % Self::LOGS;
        (is_of_it && position <= end.position).then_some(position)
    }
}

/// One topic of a center.
pub(super) struct Live<S: Subject> {
    picture: Option<Picture<S>>,
    generation: u64,
    /// When a look was last taken in.
    taken: Time,
    /// Whether one was put off since.
    is_put_off: bool,
    /// How far each session has come that listens, by its id and the name under which it does.
    watches: BTreeMap<(String, String), Place<S>>,
}

impl<S: Subject> Default for Live<S> {
    fn default() -> Self {
        Self {
            picture: None,
            generation: 0,
            taken: Time(0),
            is_put_off: false,
            watches: BTreeMap::new(),
        }
    }
}

impl<S: Subject> Live<S> {
    pub(super) fn is_watched(&self) -> bool {
        !self.watches.is_empty()
    }

    pub(super) const fn has_begun(&self) -> bool {
        self.picture.is_some()
    }

    /// Tells whether a look may be taken in.
    pub(super) fn is_due(&self, pause_ms: u64, now: Time) -> bool {
        !self.has_begun() || now.ms_since(self.taken) >= pause_ms
    }

    /// Notes that a look was put off because it is not due.
    pub(super) const fn put_off(&mut self) {
        self.is_put_off = true;
    }

    /// Returns when one is due that was put off.
    pub(super) fn due(&self, pause_ms: u64) -> Option<Time> {
        (self.is_put_off && self.is_watched()).then(|| self.taken.plus_ms(pause_ms))
    }

    /// Takes a look in.
    pub(super) fn take_in(
        &mut self,
        seen: Seen<S>,
        generation: u64,
        now: Time,
        publisher: &dyn Publisher,
    ) {
        let is_of_another = self.generation != generation;
        self.generation = generation;
        self.taken = now;
        self.is_put_off = false;
        match &mut self.picture {
            Some(picture) if !is_of_another && !picture.is_overfull() => {
                picture.take_in(seen, publisher);
            }
            _ => {
                let picture = self.picture.insert(Picture::begin(seen, publisher));
                for ((session, name), place) in &mut self.watches {
                    resync(picture, generation, publisher, (session, name));
                    *place = picture.live();
                }
            }
        }
    }

    /// Adds a session that listens under a name.
    pub(super) fn watch(
        &mut self,
        publisher: &dyn Publisher,
        (session, name): (&str, String),
        (replay, end): (Replay, LogEnd),
    ) {
        let Some(picture) = &self.picture else { return };
        let place = match replay {
            Replay::Live => picture.live(),
            Replay::AllKept => Picture::all(),
            Replay::After(number) => {
                let known = Mark(number).position(end).and_then(|known| picture.since(known));
                known.unwrap_or_else(|| {
                    resync(picture, self.generation, publisher, (session, &name));
                    picture.live()
                })
            }
        };
        self.watches.insert((session.to_owned(), name), place);
    }

    /// Takes away what a session listens to under a name, or under any.
    pub(super) fn unwatch(&mut self, session: &str, name: Option<&str>) {
        self.watches
            .retain(|(of, under), _| of != session || name.is_some_and(|name| name != under));
    }

    /// Hands every session what it is owed, as far as it has room; tells whether all had.
    pub(super) fn give(&mut self, publisher: &dyn Publisher) -> bool {
        let (Some(picture), generation) = (&self.picture, self.generation) else { return true };
        let (mut had_room, mut gone) = (true, Vec::new());
        for (watch, place) in &mut self.watches {
            let (session, name) = watch;
            while let Some(owed) = picture.owed(place) {
                let data = numbered(owed.message, Mark::of(owed.position, generation));
                match publisher.publish(session, name, data, Patience::WhenThereIsRoom) {
                    Published::Delivered => place.pass(owed.after),
                    Published::NoRoom => {
                        had_room = false;
                        break;
                    }
                    Published::Gone => {
                        gone.push(watch.clone());
                        break;
                    }
                }
            }
        }
        for watch in gone {
            self.watches.remove(&watch);
        }
        had_room
    }
}

fn resync<S: Subject>(
    picture: &Picture<S>,
    generation: u64,
    publisher: &dyn Publisher,
    (session, name): (&str, &str),
) {
    let [oldest, head] =
        [picture.begun(), picture.reached()].map(|place| Mark::of(Some(place), generation).0);
    let data = publisher.render_center_resync(S::TOPIC, oldest, head);
    let _gone_is_told_elsewhere: Published = publisher.publish(session, name, data, Patience::Now);
}

/// Writes the number into a message, which is an object that is not empty.
fn numbered(message: &Bytes, Mark(number): Mark) -> Bytes {
    let rest = message.get(1..).unwrap_or_default();
    [format!("{{\"sequence\":{number},").as_bytes(), rest].concat().into()
}

#[cfg(test)]
mod tests;
