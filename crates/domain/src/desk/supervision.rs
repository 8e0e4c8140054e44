//! Supervisors who follow an agent's chats: whenever they take one, each of them is offered a part
//! in it.
//!
//! It is kept on the agent's desk, because that is where a chat finds it that the agent has just
//! taken. Chats that they took before are not meant, and nobody is offered the same chat twice.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::Desk;
use crate::command::SupervisorMode;
use crate::id::{InteractionId, UserId};
use crate::time::Time;

/// Which of an agent's chats a supervisor follows (the documents' `supervisorMonitoringMode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum SupervisionExtent {
    /// The next that the agent takes.
    NextChat,
    /// All that they take from now on.
    #[default]
    AllChats,
}

/// How a supervisor follows an agent's chats.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Supervision {
    /// How they take part.
    pub mode: SupervisorMode,
    /// The name that they go by there.
    pub nickname: Option<String>,
    /// Which chats.
    pub extent: SupervisionExtent,
    /// Since when; what the agent took before is not meant.
    pub since: Time,
    /// The agent's present chats that they were offered already.
    pub offered: BTreeSet<InteractionId>,
}

impl Desk {
    /// Lets a supervisor follow the agent's chats; what they had asked for before is replaced.
    pub fn supervise(&mut self, supervisor: UserId, supervision: Supervision) {
        self.supervised_by.insert(supervisor, supervision);
    }

    /// Lets them follow them no more. Returns whether they did.
    pub fn end_supervision(&mut self, supervisor: UserId) -> bool {
        self.supervised_by.remove(&supervisor).is_some()
    }

    /// Returns who is still to be offered a part in a chat that the agent took at that time.
    #[must_use]
    pub fn followers_to_ask(
        &self,
        chat: InteractionId,
        taken: Time,
    ) -> Vec<(UserId, &Supervision)> {
        let all = self.supervised_by.iter();
        all.filter(|(_, supervision)| {
            supervision.since <= taken && !supervision.offered.contains(&chat)
        })
        .map(|(supervisor, supervision)| (*supervisor, supervision))
        .collect()
    }

    /// Notes that they were offered a part. Chats that the agent has no more are forgotten, so that
    /// the note does not grow.
    pub fn note_asked(&mut self, supervisor: UserId, chat: InteractionId) {
        let Some(supervision) = self.supervised_by.get_mut(&supervisor) else { return };
        match supervision.extent {
            SupervisionExtent::NextChat => {
                self.supervised_by.remove(&supervisor);
            }
            SupervisionExtent::AllChats => {
                let slots = &self.slots;
                supervision.offered.retain(|chat| slots.contains_key(chat));
                supervision.offered.insert(chat);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CenterId;
    use crate::media::Media;

    const SAM: UserId = UserId(4);

    fn supervised(extent: SupervisionExtent) -> Desk {
        let mut desk = Desk::new(UserId(1), CenterId(1), Time(0));
        let (mode, offered) = (SupervisorMode::Coach, BTreeSet::new());
        desk.supervise(SAM, Supervision { mode, nickname: None, extent, since: Time(10), offered });
        desk
    }

    fn is_asked(desk: &Desk, chat: u128, taken: i64) -> bool {
        desk.followers_to_ask(InteractionId(chat), Time(taken)).iter().any(|(who, _)| *who == SAM)
    }

    #[test]
    fn a_supervisor_is_offered_what_the_agent_takes_from_then_on_and_nothing_twice() {
        let mut desk = supervised(SupervisionExtent::AllChats);
        assert!(!is_asked(&desk, 7, 9), "taken before");
        assert!(is_asked(&desk, 7, 10));
        desk.take_slot(InteractionId(7), Media::Chat);
        desk.note_asked(SAM, InteractionId(7));
        assert!(!is_asked(&desk, 7, 10));
        assert!(is_asked(&desk, 8, 20));
        desk.free_slot(InteractionId(7));
        desk.note_asked(SAM, InteractionId(8));
        assert_eq!(
            desk.supervised_by[&SAM].offered.len(),
            1,
            "only chats that the agent has are remembered"
        );
        assert!(desk.end_supervision(SAM) && !desk.end_supervision(SAM));
    }

    #[test]
    fn who_asked_for_the_next_chat_is_offered_one() {
        let mut desk = supervised(SupervisionExtent::NextChat);
        assert!(is_asked(&desk, 7, 10));
        desk.note_asked(SAM, InteractionId(7));
        assert!(!is_asked(&desk, 8, 20));
    }
}
