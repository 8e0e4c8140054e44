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
            self.woken.notify_one();
        }
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
