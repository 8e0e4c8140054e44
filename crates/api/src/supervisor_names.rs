//! The names by which supervisors want to go in the chats that they are offered.
//!
//! A supervisor gives the name before the offer, and accepts without one. It is remembered until
//! then, in memory: after a restart of the server, or on another node, they go by their own.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use handoff_domain::{Action, Interaction, InteractionId, UserId};

/// Names remembered at once; beyond it the oldest is forgotten. An offer stands for seconds, so
/// this is far more than are open.
const NAMES_MAX: usize = 1_000;

/// The names, oldest first.
#[derive(Default)]
pub(crate) struct SupervisorNames {
    names: Mutex<VecDeque<(InteractionId, UserId, String)>>,
}

impl SupervisorNames {
    /// Remembers a name, or that there is none.
    pub(crate) fn remember(
        &self,
        chat: InteractionId,
        supervisor: UserId,
        nickname: Option<&String>,
    ) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|(of, who, _)| (*of, *who) != (chat, supervisor));
        names.extend(nickname.map(|nickname| (chat, supervisor, nickname.clone())));
        if names.len() > NAMES_MAX {
            names.pop_front();
        }
    }

    fn recall(&self, chat: InteractionId, supervisor: UserId) -> Option<String> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let found = names.iter().find(|(of, who, _)| (*of, *who) == (chat, supervisor));
        found.map(|(_, _, nickname)| nickname.clone())
    }

    /// Completes what somebody wants to do in a chat: a supervisor who accepts an offer without a
    /// name gets the one that they gave before.
    pub(crate) fn complete(&self, chat: &Interaction, user: UserId, action: Action) -> Action {
        let is_supervisors = chat.offer_to(user).is_some_and(|offer| offer.kind.is_supervision());
        match action {
            Action::Accept { nickname: None } if is_supervisors => {
                Action::Accept { nickname: self.recall(chat.id, user) }
            }
            action => action,
        }
    }
}
