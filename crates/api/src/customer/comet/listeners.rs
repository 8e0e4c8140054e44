//! Which sessions listen to which chat, and what there is to tell them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_cometd::SessionId;
use handoff_domain::{Chat, Interaction, InteractionId};
use handoff_engine::NumberedNote;
use tokio::sync::Notify;

use crate::customer::answer::Standing;
use crate::customer::availability;

/// Notes that may wait to be told. They are worth nothing a moment later, so beyond it the oldest
/// is forgotten.
const NOTES_MAX: usize = 1_024;

/// A session that listens to a chat.
pub(super) struct Listener {
    pub(super) chat: InteractionId,
    pub(super) key: String,
    /// The channel under which it is told.
    pub(super) channel: String,
    /// How far it has been told, in the customer's numbering.
    pub(super) position: u64,
    /// Whether it has been told that the chat is over.
    pub(super) is_end_told: bool,
    /// What it has been told of its place in line.
    pub(super) standing: Standing,
}

impl Listener {
    /// Tells whether there may be something in a chat, or of its place in line, that it has not
    /// been told.
    pub(super) fn may_miss_something_of(&self, chat: &Interaction) -> bool {
        let is_new = |chat: &Chat| {
            chat.for_customer > self.position || !(chat.is_live() || self.is_end_told)
        };
        chat.chat().is_some_and(is_new)
            || availability::may_be_said_of(chat)
            || !self.standing.says_the_same(&Standing::default())
    }
}

type Handle = Arc<tokio::sync::Mutex<Listener>>;

#[derive(Default)]
struct Inner {
    by_session: HashMap<SessionId, (InteractionId, Handle)>,
    by_chat: HashMap<InteractionId, Vec<SessionId>>,
    changed: HashSet<InteractionId>,
    /// Chats whose customers somebody is about to tell what there is, and how many are.
    being_told: HashMap<InteractionId, usize>,
    notes: VecDeque<(InteractionId, NumberedNote)>,
    is_stopped: bool,
}

impl Inner {
    fn remove(&mut self, session: &SessionId) {
        let Some((chat, _)) = self.by_session.remove(session) else { return };
        if let Some(sessions) = self.by_chat.get_mut(&chat) {
            sessions.retain(|other| other != session);
            if sessions.is_empty() {
                self.by_chat.remove(&chat);
            }
        }
    }
}

/// Somebody who is about to tell the sessions of a chat what there is. What they leave untold,
/// others are woken for.
pub(super) struct Telling<'a> {
    listeners: &'a Listeners,
    chat: InteractionId,
    /// Whether there is something that they took upon themselves and have not told to the end.
    is_owing: bool,
}

impl Telling<'_> {
    /// Takes what there is to tell so far upon itself: it is told after this.
    pub(super) fn takes_it(&mut self) {
        self.is_owing |= self.listeners.lock().changed.remove(&self.chat);
    }

    /// Says that what was taken is told.
    pub(super) fn has_told(mut self) {
        self.is_owing = false;
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        let mut inner = self.listeners.lock();
        if let Some(count) = inner.being_told.get_mut(&self.chat) {
            *count -= 1;
            if *count == 0 {
                inner.being_told.remove(&self.chat);
            }
        }
        if self.is_owing && inner.by_chat.contains_key(&self.chat) {
            inner.changed.insert(self.chat);
        }
        if inner.changed.contains(&self.chat) {
            self.listeners.woken.notify_one();
        }
    }
}

/// The listeners of this node.
#[derive(Default)]
pub(super) struct Listeners {
    inner: Mutex<Inner>,
    woken: Notify,
}

impl Listeners {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a session listen; whatever it listened to before it listens to no more.
    pub(super) fn add(
        &self,
        session: SessionId,
        chat: InteractionId,
        listener: Listener,
    ) -> Handle {
        debug_assert_eq!(chat, listener.chat);
        let handle = Arc::new(tokio::sync::Mutex::new(listener));
        let mut inner = self.lock();
        inner.remove(&session);
        inner.by_session.insert(session.clone(), (chat, handle.clone()));
        inner.by_chat.entry(chat).or_default().push(session);
        handle
    }

    pub(super) fn remove(&self, session: &SessionId) {
        self.lock().remove(session);
    }

    /// Returns the sessions that listen to a chat.
    pub(super) fn of(&self, chat: InteractionId) -> Vec<(SessionId, Handle)> {
        let inner = self.lock();
        let sessions = inner.by_chat.get(&chat).into_iter().flatten();
        sessions
            .filter_map(|session| Some((session.clone(), inner.by_session.get(session)?.1.clone())))
            .collect()
    }

    /// Returns the chats that somebody listens to.
    pub(super) fn chats(&self) -> Vec<InteractionId> {
        self.lock().by_chat.keys().copied().collect()
    }

    pub(super) fn mark(&self, chat: InteractionId) {
        let mut inner = self.lock();
        if inner.by_chat.contains_key(&chat) {
            inner.changed.insert(chat);
            if !inner.being_told.contains_key(&chat) {
                self.woken.notify_one();
            }
        }
    }

    /// Says that somebody is about to tell the sessions of a chat what there is, which nobody else
    /// needs to be woken for meanwhile.
    pub(super) fn begin_telling(&self, chat: InteractionId) -> Telling<'_> {
        *self.lock().being_told.entry(chat).or_default() += 1;
        Telling { listeners: self, chat, is_owing: false }
    }

    /// Marks the chat of a session that has room again.
    pub(super) fn mark_session(&self, session: &SessionId) {
        let chat = self.lock().by_session.get(session).map(|(chat, _)| *chat);
        if let Some(chat) = chat {
            self.mark(chat);
        }
    }

    pub(super) fn mark_all(&self) {
        let mut inner = self.lock();
        inner.changed = inner.by_chat.keys().copied().collect();
        self.woken.notify_one();
    }

    pub(super) fn mark_note(&self, chat: InteractionId, note: &NumberedNote) {
        let mut inner = self.lock();
        if inner.by_chat.contains_key(&chat) {
            inner.notes.push_back((chat, note.clone()));
            if inner.notes.len() > NOTES_MAX {
                inner.notes.pop_front();
            }
            self.woken.notify_one();
        }
    }

    /// Takes what there is to tell: the chats in which something was said, and notes.
    pub(super) fn take(&self) -> (HashSet<InteractionId>, VecDeque<(InteractionId, NumberedNote)>) {
        let mut inner = self.lock();
        (std::mem::take(&mut inner.changed), std::mem::take(&mut inner.notes))
    }

    /// Waits until there is something to tell; false when there never will be again.
    pub(super) async fn something(&self) -> bool {
        self.woken.notified().await;
        !self.lock().is_stopped
    }

    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.woken.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const CHAT: InteractionId = InteractionId(7);

    fn listeners() -> Listeners {
        let listeners = Listeners::default();
        let (key, channel) = (String::new(), String::new());
        let standing = Standing::default();
        let listener =
            Listener { chat: CHAT, key, channel, position: 0, is_end_told: false, standing };
        listeners.add(SessionId::new("ada"), CHAT, listener);
        listeners
    }

    fn is_woken(listeners: &Listeners) -> bool {
        listeners.something().now_or_never().is_some()
    }

    #[test]
    fn nobody_is_woken_for_what_is_being_told_and_somebody_for_what_is_left() {
        let listeners = listeners();
        listeners.mark(CHAT);
        assert!(is_woken(&listeners), "the control");
        for leaves_something in [false, true] {
            listeners.take();
            let mut telling = listeners.begin_telling(CHAT);
            listeners.mark(CHAT);
            telling.takes_it();
            if leaves_something {
                listeners.mark(CHAT);
            }
            assert!(!is_woken(&listeners));
            telling.has_told();
            assert_eq!(is_woken(&listeners), leaves_something);
        }
        let gone = listeners.begin_telling(CHAT);
        listeners.take();
        listeners.mark(CHAT);
        drop(gone);
        assert!(is_woken(&listeners), "whoever was about to tell it has gone");
        listeners.take();
        let mut cut_off = listeners.begin_telling(CHAT);
        listeners.mark(CHAT);
        cut_off.takes_it();
        drop(cut_off);
        assert!(is_woken(&listeners), "whoever took it has gone before it was told");
        assert!(listeners.take().0.contains(&CHAT));
        assert!(listeners.lock().being_told.is_empty());
    }
}
