//! The desk: one agent's presence, channel states, capacity and occupied slots. (*Agent* is the
//! person, *desk* is where they work.)
//!
//! The transitions are methods that say which channels changed, because each such change is
//! published (docs/compat/agents.md#states). They do not decide who may make them: a supervisor's
//! and the agent's own change are the same here.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::center::User;
use crate::event::{Cause, Event, Fact, Notice, NotificationType, Owner, Subject, View};
use crate::id::{CenterId, InteractionId, UserId, WorkbinId};
use crate::media::Media;
use crate::rejection::Rejection;
use crate::time::Time;

mod history;
mod reach;
mod supervision;

pub use reach::Reach;
pub use supervision::{Supervision, SupervisionExtent};

/// Whether an agent takes work on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Readiness {
    /// They do.
    Ready,
    /// They do not, for a reason that they may give.
    NotReady { reason: Option<String> },
    /// They have no contact-center session.
    LoggedOut,
}

/// The state of one channel of one agent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct ChannelState {
    /// Ready or not.
    pub readiness: Readiness,
    /// Do not disturb, which overrides Ready.
    pub do_not_disturb: bool,
}

/// An agent's contact-center session: one per user, however many clients
/// (docs/compat/agents.md#session).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct ContactSession {
    /// When it started.
    pub since: Time,
    /// The place that the client named.
    #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
    pub place: Option<String>,
}

/// Which channels a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels<'a> {
    /// All channels of the session.
    All,
    /// One of them.
    One(&'a Media),
}

/// Whether an agent wants not to be disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoNotDisturb {
    /// They do.
    On,
    /// They do not.
    Off,
}

/// One agent's desk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Desk {
    /// The agent.
    pub user: UserId,
    /// Their contact center.
    pub center: CenterId,
    /// Their contact-center session.
    #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
    pub session: Option<ContactSession>,
    /// The channels of that session.
    pub channels: BTreeMap<Media, ChannelState>,
    /// Since when each channel is as it is; nothing for one that changed last before this was kept.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub channels_since: BTreeMap<Media, Time>,
    /// What they listen to, on each node.
    pub reach: Reach,
    /// Since when they listen to nothing that could show them an offer; `None` while they do.
    #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
    pub unreachable_since: Option<Time>,
    /// The slots that are taken: what they own (drafts apart), what they are offered, what they
    /// take part in.
    pub slots: BTreeMap<InteractionId, Media>,
    /// When they were last offered something; the router prefers who waited longest.
    #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
    pub last_offer: Option<Time>,
    /// How many offers in a row they have let pass by.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "is_zero"))]
    pub missed_offers: u32,
    /// When they were last heard of: by an answer that ended such a row, or by not answering.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub last_heard: Option<Time>,
    /// Workbins that they asked to be told about.
    pub watched: BTreeSet<WorkbinId>,
    /// The supervisors who follow their chats.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub supervised_by: BTreeMap<UserId, Supervision>,
}

#[cfg(feature = "stored")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Desk {
    /// Why somebody is NotReady who let too many offers pass by.
    pub const MISSED_OFFERS: &'static str = "MissedOffers";

    /// Returns the desk of a user who was never here.
    #[must_use]
    pub fn new(user: UserId, center: CenterId, now: Time) -> Self {
        Self {
            user,
            center,
            session: None,
            channels: BTreeMap::new(),
            channels_since: BTreeMap::new(),
            reach: Reach::default(),
            unreachable_since: Some(now),
            slots: BTreeMap::new(),
            last_offer: None,
            missed_offers: 0,
            last_heard: None,
            watched: BTreeSet::new(),
            supervised_by: BTreeMap::new(),
        }
    }

    /// Tells whether the agent has a contact-center session and would see an offer of that medium.
    #[must_use]
    pub fn is_reachable(&self, media: &Media) -> bool {
        self.session.is_some() && self.reach.covers(media)
    }

    /// Tells whether the agent takes work of that medium: Ready, and not in do-not-disturb.
    #[must_use]
    pub fn is_ready(&self, media: &Media) -> bool {
        self.channels
            .get(media)
            .is_some_and(|channel| channel.readiness == Readiness::Ready && !channel.do_not_disturb)
    }

    /// Returns how many slots of that medium are taken.
    #[must_use]
    pub fn occupied(&self, media: &Media) -> u32 {
        u32::try_from(self.slots.values().filter(|taken| *taken == media).count())
            .unwrap_or(u32::MAX)
    }

    /// Tells whether one more interaction of that medium fits, by the user's capacity. `user` is
    /// the agent of this desk.
    #[must_use]
    pub fn has_room(&self, user: &User, media: &Media) -> bool {
        let all = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.occupied(media) < user.capacity.of(media)
            && user.capacity.overall.is_none_or(|most| all < most)
    }

    /// Starts a contact-center session with those channels, all `NotReady`, or joins the one that
    /// is open: channels that it has already stay as they are, because clients join again after
    /// each new handshake and must not lose their Ready; new ones come up `NotReady`. Returns the
    /// channels that changed.
    #[must_use = "the changed channels are to be published"]
    pub fn start_session(
        &mut self,
        channels: &[Media],
        place: Option<String>,
        now: Time,
    ) -> Vec<Media> {
        let before = self.channels.clone();
        match &mut self.session {
            Some(session) => session.place = place.or(session.place.take()),
            None => {
                self.session = Some(ContactSession { since: now, place });
                // What is left of the last session is only its channels, logged out.
                self.channels.clear();
            }
        }
        for channel in channels {
            let readiness = Readiness::NotReady { reason: None };
            let state = ChannelState { readiness, do_not_disturb: false };
            self.channels.entry(channel.clone()).or_insert(state);
        }
        self.changed_since(&before)
    }

    /// Ends the contact-center session: its channels are logged out. Returns the channels that
    /// changed.
    ///
    /// # Errors
    ///
    /// [`Rejection::NoSession`] when there is none.
    pub fn end_session(&mut self) -> Result<Vec<Media>, Rejection> {
        self.session.take().ok_or(Rejection::NoSession)?;
        let before = self.channels.clone();
        for state in self.channels.values_mut() {
            *state = ChannelState { readiness: Readiness::LoggedOut, do_not_disturb: false };
        }
        Ok(self.changed_since(&before))
    }

    /// Takes work on those channels. Returns the channels that changed.
    ///
    /// # Errors
    ///
    /// [`Rejection::NoSession`] without a contact-center session, [`Rejection::ChannelNotOpen`] for
    /// a channel that is not part of it.
    pub fn set_ready(&mut self, channels: Channels<'_>) -> Result<Vec<Media>, Rejection> {
        let changed = self.set(channels, |state| state.readiness = Readiness::Ready)?;
        self.missed_offers = 0;
        Ok(changed)
    }

    /// Takes no work on those channels, for a reason that the agent may give. Returns the channels
    /// that changed.
    ///
    /// # Errors
    ///
    /// As [`Desk::set_ready`].
    pub fn set_not_ready(
        &mut self,
        channels: Channels<'_>,
        reason: Option<&str>,
    ) -> Result<Vec<Media>, Rejection> {
        self.set(channels, |state| {
            state.readiness = Readiness::NotReady { reason: reason.map(ToString::to_string) };
        })
    }

    /// Switches do-not-disturb on those channels. Returns the channels that changed.
    ///
    /// # Errors
    ///
    /// As [`Desk::set_ready`].
    pub fn set_do_not_disturb(
        &mut self,
        channels: Channels<'_>,
        wish: DoNotDisturb,
    ) -> Result<Vec<Media>, Rejection> {
        self.set(channels, |state| state.do_not_disturb = wish == DoNotDisturb::On)
    }

    fn set(
        &mut self,
        channels: Channels<'_>,
        edit: impl Fn(&mut ChannelState),
    ) -> Result<Vec<Media>, Rejection> {
        if self.session.is_none() {
            return Err(Rejection::NoSession);
        }
        let before = self.channels.clone();
        match channels {
            Channels::All => self.channels.values_mut().for_each(edit),
            Channels::One(media) => match self.channels.get_mut(media) {
                Some(state) => edit(state),
                None => {
                    return Err(Rejection::ChannelNotOpen { channel: media.name().to_string() });
                }
            },
        }
        Ok(self.changed_since(&before))
    }

    /// Notes an answer to an offer: the count of those that they let pass by starts anew.
    pub fn answer_offer(&mut self, now: Time) {
        self.missed_offers = 0;
        self.last_heard = Some(now);
    }

    /// Counts an offer made at `since` that they let pass by. With the last of `most` in a row (0
    /// is any number, and none is counted) they take no more work on any channel, and the count
    /// starts anew. Returns the channels that changed.
    ///
    /// One that was made before they were last heard of says nothing new about them: of those that
    /// were made together, only the first that ends is counted. Neither does one that ends where
    /// they cannot see it.
    #[must_use = "the changed channels are to be published"]
    pub fn miss_offer(&mut self, since: Time, most: u32, now: Time) -> Vec<Media> {
        let is_old = self.last_heard.is_some_and(|heard| since < heard);
        if most == 0 || is_old || self.unreachable_since.is_some() {
            return Vec::new();
        }
        self.last_heard = Some(now);
        self.missed_offers = self.missed_offers.saturating_add(1);
        if self.missed_offers < most {
            return Vec::new();
        }
        self.missed_offers = 0;
        let before = self.channels.clone();
        let reason = || Some(Self::MISSED_OFFERS.to_string());
        for state in self.channels.values_mut().filter(|it| it.readiness == Readiness::Ready) {
            state.readiness = Readiness::NotReady { reason: reason() };
        }
        self.changed_since(&before)
    }

    /// Returns the event of a change: every one has a place in the log, and the agent is told of
    /// their own channels. Its snapshot holds the changed channels alone, as the documents' samples
    /// do.
    #[must_use]
    pub fn event(&self, changed: &[Media], facts: Vec<Fact>, cause: Cause, at: Time) -> Event {
        let mut snapshot = Self::new(self.user, self.center, at);
        snapshot.channels = self.channels.clone();
        snapshot.channels_since = self.channels_since.clone();
        snapshot.channels.retain(|media, _| changed.contains(media));
        snapshot.channels_since.retain(|media, _| changed.contains(media));
        let notice = Notice {
            to: Owner::User(self.user),
            view: View::Channels,
            kind: NotificationType::StatusChange,
            error: None,
            reference: None,
        };
        Event {
            at,
            cause,
            facts,
            subject: Subject::Desk(snapshot),
            notices: (!changed.is_empty()).then_some(notice).into_iter().collect(),
        }
    }

    /// Notes when channels became what they are.
    pub fn note_changed(&mut self, changed: &[Media], now: Time) {
        self.channels_since.extend(changed.iter().map(|media| (media.clone(), now)));
        let channels = &self.channels;
        self.channels_since.retain(|media, _| channels.contains_key(media));
    }

    fn changed_since(&self, before: &BTreeMap<Media, ChannelState>) -> Vec<Media> {
        let gone = before.keys().filter(|media| !self.channels.contains_key(media));
        let changed =
            self.channels.iter().filter(|(media, state)| before.get(media) != Some(state));
        changed.map(|(media, _)| media).chain(gone).cloned().collect()
    }

    /// Takes a slot. Taking it again changes nothing.
    pub fn take_slot(&mut self, interaction: InteractionId, media: Media) {
        self.slots.insert(interaction, media);
    }

    /// Frees a slot. Returns whether it was taken.
    pub fn free_slot(&mut self, interaction: InteractionId) -> bool {
        self.slots.remove(&interaction).is_some()
    }

    /// Watches a workbin. Returns whether that is new.
    pub fn watch(&mut self, workbin: WorkbinId) -> bool {
        self.watched.insert(workbin)
    }

    /// Watches a workbin no more. Returns whether they did.
    pub fn unwatch(&mut self, workbin: WorkbinId) -> bool {
        self.watched.remove(&workbin)
    }
}

#[cfg(test)]
mod tests;
