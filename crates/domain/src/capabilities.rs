//! Capabilities: what an agent may do next, per state and medium, as one data table.
//!
//! Which they are, and their order, is what clients of this API family know; each row says where it
//! was seen. Beyond the table an owner may also place the interaction in a queue or a workbin and
//! change its user data, as the reference document has it for every medium. The rules agree with
//! the table: what it lists is never refused for the state (tested).

use crate::chat::Visibility;
use crate::id::UserId;
use crate::interaction::{Interaction, ParticipantRole, Status};
use crate::media::{Direction, Media};
use crate::operation::Operation;

/// How a reader takes part in an interaction that somebody owns. Whoever takes no part sees what
/// the owner may do (docs/compat/interactions.md#seen).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The owner, alone with the customer as far as they know.
    Alone,
    /// The owner, with other agents or supervisors whom they see.
    InCompany,
    /// An agent who was invited and takes part openly.
    Invited,
    /// An agent whose advice was asked for.
    Consulted,
    /// A supervisor who looks on.
    Monitor,
    /// A supervisor who advises.
    Coach,
    /// A supervisor who takes part openly.
    BargeIn,
}

/// Which media a row is about.
#[derive(Clone, Copy)]
enum Kind {
    Any,
    Email,
    Chat,
    /// Work items and open media.
    Work,
}

impl Kind {
    const fn covers(self, media: &Media) -> bool {
        match self {
            Self::Any => true,
            Self::Email => matches!(media, Media::Email),
            Self::Chat => matches!(media, Media::Chat),
            Self::Work => matches!(media, Media::Workitem | Media::Open(_)),
        }
    }
}

/// One row: where it applies, and what may be done there. `None` in a condition means that it does
/// not matter.
struct Row {
    kind: Kind,
    status: Status,
    direction: Option<Direction>,
    part: Option<Part>,
    operations: &'static [Operation],
}

/// The table; the first row that applies counts, and without one nothing may be done. Pages are
/// those of the public documentation that the contract's section 4 names.
const TABLE: &[Row] = &[
    // Every medium's Accept and Reject pages.
    Row {
        kind: Kind::Any,
        status: Status::Invited,
        direction: None,
        part: None,
        operations: &[Operation::Accept, Operation::Reject],
    },
    // Captured traffic of an inbound e-mail (2016).
    Row {
        kind: Kind::Email,
        status: Status::Processing,
        direction: Some(Direction::Inbound),
        part: None,
        operations: &[
            Operation::Reply,
            Operation::ReplyAll,
            Operation::Transfer,
            Operation::AddComment,
            Operation::AttachUserData,
            Operation::UpdateUserData,
            Operation::DeleteUserData,
            Operation::SetDisposition,
            Operation::SetInFocus,
            Operation::Complete,
        ],
    },
    // Our decision: the row above without the answers, which only an inbound e-mail has.
    Row {
        kind: Kind::Email,
        status: Status::Processing,
        direction: None,
        part: None,
        operations: &[
            Operation::Transfer,
            Operation::AddComment,
            Operation::AttachUserData,
            Operation::UpdateUserData,
            Operation::DeleteUserData,
            Operation::SetDisposition,
            Operation::SetInFocus,
            Operation::Complete,
        ],
    },
    // EmailCreate, EmailReply, EmailSave (`Save` works there too and is not listed).
    Row {
        kind: Kind::Any,
        status: Status::Composing,
        direction: None,
        part: None,
        operations: &[
            Operation::Cancel,
            Operation::Send,
            Operation::AddComment,
            Operation::AttachUserData,
            Operation::UpdateUserData,
            Operation::DeleteUserData,
            Operation::SetDisposition,
            Operation::SetInFocus,
            Operation::Transfer,
        ],
    },
    // ChatMessageType.
    Row {
        kind: Kind::Chat,
        status: Status::Chatting,
        direction: None,
        part: Some(Part::Alone),
        operations: &[
            Operation::Transfer,
            Operation::Leave,
            Operation::Invite,
            Operation::Consult,
            Operation::SetInFocus,
            Operation::SetDisposition,
            Operation::AttachUserData,
            Operation::DeleteUserData,
            Operation::UpdateUserData,
            Operation::Complete,
            Operation::SendMessage,
            Operation::SendStartTypingNotification,
            Operation::SendStopTypingNotification,
        ],
    },
    // ChatInviteUser: the row above and what goes to the agents alone.
    Row {
        kind: Kind::Chat,
        status: Status::Chatting,
        direction: None,
        part: Some(Part::InCompany),
        operations: &[
            Operation::Transfer,
            Operation::Leave,
            Operation::Invite,
            Operation::Consult,
            Operation::SetInFocus,
            Operation::SetDisposition,
            Operation::AttachUserData,
            Operation::DeleteUserData,
            Operation::UpdateUserData,
            Operation::Complete,
            Operation::SendMessage,
            Operation::SendStartTypingNotification,
            Operation::SendStopTypingNotification,
            Operation::SendToAgents,
            Operation::SendStartTypingToAgentsNotification,
            Operation::SendStopTypingToAgentsNotification,
        ],
    },
    // Our decision for the five rows from here on: what of the row above the rules let this party
    // do. Where the customer does not see them, what they say goes to the agents, so only that is
    // listed; where agents do not see them either, nothing is.
    Row {
        kind: Kind::Chat,
        status: Status::Chatting,
        direction: None,
        part: Some(Part::Invited),
        operations: &[
            Operation::Leave,
            Operation::SendMessage,
            Operation::SendStartTypingNotification,
            Operation::SendStopTypingNotification,
            Operation::SendToAgents,
            Operation::SendStartTypingToAgentsNotification,
            Operation::SendStopTypingToAgentsNotification,
        ],
    },
    Row {
        kind: Kind::Chat,
        status: Status::Chatting,
        direction: None,
        part: Some(Part::Consulted),
        operations: &[
            Operation::Leave,
            Operation::SendToAgents,
            Operation::SendStartTypingToAgentsNotification,
            Operation::SendStopTypingToAgentsNotification,
        ],
    },
    // ChatSwitchToMonitor: no `Complete`, and the two other modes by these names.
    Row {
        kind: Kind::Chat,
        status: Status::Chatting,
        direction: None,
        part: Some(Part::Monitor),
        operations: &[Operation::Leave, Operation::SwitchToCoach, Operation::SwitchBargeIn],
    },
    Row {
        kind: Kind::Chat,
        status: Status::Chatting,
        direction: None,
        part: Some(Part::Coach),
        operations: &[
            Operation::Leave,
            Operation::SendToAgents,
            Operation::SendStartTypingToAgentsNotification,
            Operation::SendStopTypingToAgentsNotification,
            Operation::SwitchToMonitor,
            Operation::SwitchBargeIn,
        ],
    },
    Row {
        kind: Kind::Chat,
        status: Status::Chatting,
        direction: None,
        part: Some(Part::BargeIn),
        operations: &[
            Operation::Leave,
            Operation::SendMessage,
            Operation::SendStartTypingNotification,
            Operation::SendStopTypingNotification,
            Operation::SendToAgents,
            Operation::SendStartTypingToAgentsNotification,
            Operation::SendStopTypingToAgentsNotification,
            Operation::SwitchToMonitor,
            Operation::SwitchToCoach,
        ],
    },
    // ChatLeave; its `InFocus` is the early name of what every later page calls `SetInFocus`.
    Row {
        kind: Kind::Chat,
        status: Status::LeftChat,
        direction: None,
        part: None,
        operations: &[
            Operation::Transfer,
            Operation::Complete,
            Operation::Leave,
            Operation::SetInFocus,
        ],
    },
    // WorkitemCreate, OpenMediaAPICreate, OpenMediaAPIAccept.
    Row {
        kind: Kind::Work,
        status: Status::Processing,
        direction: None,
        part: None,
        operations: &[
            Operation::Transfer,
            Operation::AttachUserData,
            Operation::UpdateUserData,
            Operation::DeleteUserData,
            Operation::SetInFocus,
            Operation::Complete,
        ],
    },
];

/// Returns what may be done, with an interaction of that medium and direction, by an agent who sees
/// it in that state.
#[must_use]
pub fn capabilities(
    media: &Media,
    status: Status,
    direction: Direction,
    part: Part,
) -> &'static [Operation] {
    let applies = |row: &&Row| {
        row.kind.covers(media)
            && row.status == status
            && row.direction.is_none_or(|only| only == direction)
            && row.part.is_none_or(|only| only == part)
    };
    TABLE.iter().find(applies).map_or(&[], |row| row.operations)
}

impl Interaction {
    /// Returns how `reader` takes part.
    #[must_use]
    pub fn part_of(&self, reader: UserId) -> Part {
        let others = self.others();
        match others.iter().find(|other| other.user == reader).map(|other| other.role) {
            Some(ParticipantRole::Invited) => Part::Invited,
            Some(ParticipantRole::Consulted) => Part::Consulted,
            Some(ParticipantRole::Monitor) => Part::Monitor,
            Some(ParticipantRole::Coach) => Part::Coach,
            Some(ParticipantRole::BargeIn) => Part::BargeIn,
            // A supervisor who only looks on must not show in what the others may do.
            None if others.iter().any(|other| other.role.shown_to() <= Visibility::Agents) => {
                Part::InCompany
            }
            None => Part::Alone,
        }
    }

    /// Returns what `reader` may do next, as they see it.
    #[must_use]
    pub fn capabilities_for(&self, reader: UserId) -> &'static [Operation] {
        capabilities(&self.media(), self.status_for(reader), self.direction, self.part_of(reader))
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    fn check(media: &Media, status: Status, expect: &str) {
        let listed = capabilities(media, status, Direction::Inbound, Part::Alone);
        let names: Vec<String> = listed.iter().map(|one| format!("{one:?}")).collect();
        assert_eq!(names.join(","), expect, "{media} {status:?}");
    }

    #[test]
    fn the_documented_rows() {
        use Status as S;
        check(&Media::Email, S::Invited, "Accept,Reject");
        check(&Media::Chat, S::LeftChat, "Transfer,Complete,Leave,SetInFocus");
        let sms = Media::Open("sms".into());
        let work = "Transfer,AttachUserData,UpdateUserData,DeleteUserData,SetInFocus,Complete";
        check(&Media::Workitem, S::Processing, work);
        check(&sms, S::Processing, work);
    }

    #[test]
    fn nothing_can_be_done_where_nobody_works() {
        use Status as S;
        for media in [Media::Email, Media::Chat, Media::Workitem, Media::Open("sms".into())] {
            for status in [
                S::Queued,
                S::InWorkbin,
                S::Sending,
                S::Completed,
                S::Canceled,
                S::Sent,
                S::Revoked,
            ] {
                check(&media, status, "");
            }
        }
    }

    #[test]
    fn only_an_inbound_email_can_be_answered() {
        let names =
            |direction| capabilities(&Media::Email, Status::Processing, direction, Part::Alone);
        assert!(names(Direction::Inbound).contains(&Operation::Reply));
        assert!(!names(Direction::Internal).contains(&Operation::Reply));
    }

    #[test]
    fn agents_talk_among_themselves_when_there_are_several() {
        let names = |part| capabilities(&Media::Chat, Status::Chatting, Direction::Inbound, part);
        assert!(!names(Part::Alone).contains(&Operation::SendToAgents));
        assert_eq!(names(Part::InCompany).len(), names(Part::Alone).len() + 3);
    }

    #[test]
    fn whom_the_customer_does_not_see_sends_him_nothing() {
        let names = |part| capabilities(&Media::Chat, Status::Chatting, Direction::Inbound, part);
        for (part, speaks, switches) in [
            (Part::Invited, true, 0),
            (Part::Consulted, false, 0),
            (Part::Monitor, false, 2),
            (Part::Coach, false, 2),
            (Part::BargeIn, true, 2),
        ] {
            let names = names(part);
            assert_eq!(names.contains(&Operation::SendMessage), speaks, "{part:?}");
            assert_eq!(
                names.iter().filter(|one| format!("{one:?}").starts_with("Switch")).count(),
                switches,
                "{part:?}"
            );
            assert!(
                names.contains(&Operation::Leave) && !names.contains(&Operation::Complete),
                "{part:?}"
            );
        }
    }
}
