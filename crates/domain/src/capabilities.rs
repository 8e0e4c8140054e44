//! Capabilities: what an agent may do next, per state and medium, as one data table.
//!
//! The names and their order are those that clients of this API family know; each row says where it was seen. Beyond the table an owner may
//! also place the interaction in a queue or a workbin and change its user data, as the reference document has it for every medium. The
//! rules agree with the table: what it lists is never refused for the state (tested).

use crate::id::UserId;
use crate::interaction::{Interaction, Status};
use crate::media::{Direction, Media};

/// Whether other agents take part in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// The owner is alone with the customer.
    Alone,
    /// Other agents are there.
    OtherAgents,
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

/// One row: where it applies, and what may be done there. `None` in a condition means that it does not matter.
struct Row {
    kind: Kind,
    status: Status,
    direction: Option<Direction>,
    company: Option<Company>,
    names: &'static [&'static str],
}

/// The table; the first row that applies counts, and without one nothing may be done. Pages are those of the public documentation that the
/// contract's section 4 names.
const TABLE: &[Row] = &[
    // Every medium's Accept and Reject pages.
    Row {
        kind: Kind::Any,
        status: Status::Invited,
        direction: None,
        company: None,
        names: &["Accept", "Reject"],
    },
    // Captured traffic of an inbound e-mail (2016).
    Row {
        kind: Kind::Email,
        status: Status::Processing,
        direction: Some(Direction::Inbound),
        company: None,
        names: &[
            "Reply",
            "ReplyAll",
            "Transfer",
            "AddComment",
            "AttachUserData",
            "UpdateUserData",
            "DeleteUserData",
            "SetDisposition",
            "SetInFocus",
            "Complete",
        ],
    },
    // Our decision: the row above without the answers, which only an inbound e-mail has.
    Row {
        kind: Kind::Email,
        status: Status::Processing,
        direction: None,
        company: None,
        names: &[
            "Transfer",
            "AddComment",
            "AttachUserData",
            "UpdateUserData",
            "DeleteUserData",
            "SetDisposition",
            "SetInFocus",
            "Complete",
        ],
    },
    // EmailCreate, EmailReply, EmailSave (`Save` works there too and is not listed).
    Row {
        kind: Kind::Any,
        status: Status::Composing,
        direction: None,
        company: None,
        names: &[
            "Cancel",
            "Send",
            "AddComment",
            "AttachUserData",
            "UpdateUserData",
            "DeleteUserData",
            "SetDisposition",
            "SetInFocus",
            "Transfer",
        ],
    },
    // ChatMessageType.
    Row {
        kind: Kind::Chat,
        status: Status::Chatting,
        direction: None,
        company: Some(Company::Alone),
        names: &[
            "Transfer",
            "Leave",
            "Invite",
            "Consult",
            "SetInFocus",
            "SetDisposition",
            "AttachUserData",
            "DeleteUserData",
            "UpdateUserData",
            "Complete",
            "SendMessage",
            "SendStartTypingNotification",
            "SendStopTypingNotification",
        ],
    },
    // ChatInviteUser: the row above and what goes to the agents alone.
    Row {
        kind: Kind::Chat,
        status: Status::Chatting,
        direction: None,
        company: Some(Company::OtherAgents),
        names: &[
            "Transfer",
            "Leave",
            "Invite",
            "Consult",
            "SetInFocus",
            "SetDisposition",
            "AttachUserData",
            "DeleteUserData",
            "UpdateUserData",
            "Complete",
            "SendMessage",
            "SendStartTypingNotification",
            "SendStopTypingNotification",
            "SendToAgents",
            "SendStartTypingToAgentsNotification",
            "SendStopTypingToAgentsNotification",
        ],
    },
    // ChatLeave; its `InFocus` is the early name of what every later page calls `SetInFocus`.
    Row {
        kind: Kind::Chat,
        status: Status::LeftChat,
        direction: None,
        company: None,
        names: &["Transfer", "Complete", "Leave", "SetInFocus"],
    },
    // WorkitemCreate, OpenMediaAPICreate, OpenMediaAPIAccept.
    Row {
        kind: Kind::Work,
        status: Status::Processing,
        direction: None,
        company: None,
        names: &["Transfer", "AttachUserData", "UpdateUserData", "DeleteUserData", "SetInFocus", "Complete"],
    },
];

/// Gives what may be done, with an interaction of that medium and direction, by an agent who sees it in that state.
#[must_use]
pub fn capabilities(
    media: &Media,
    status: Status,
    direction: Direction,
    company: Company,
) -> &'static [&'static str] {
    let applies = |row: &&Row| {
        row.kind.covers(media)
            && row.status == status
            && row.direction.is_none_or(|only| only == direction)
            && row.company.is_none_or(|only| only == company)
    };
    TABLE.iter().find(applies).map_or(&[], |row| row.names)
}

impl Interaction {
    /// Gives whether other agents take part in the conversation.
    #[must_use]
    pub fn company(&self) -> Company {
        if self.others().is_empty() { Company::Alone } else { Company::OtherAgents }
    }

    /// Gives what `reader` may do next, as he sees it.
    #[must_use]
    pub fn capabilities_for(&self, reader: UserId) -> &'static [&'static str] {
        capabilities(&self.media, self.status_for(reader), self.direction, self.company())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(media: &Media, status: Status, expect: &str) {
        let names = capabilities(media, status, Direction::Inbound, Company::Alone);
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
            for status in
                [S::Queued, S::InWorkbin, S::Sending, S::Completed, S::Canceled, S::Sent, S::Revoked]
            {
                check(&media, status, "");
            }
        }
    }

    #[test]
    fn only_an_inbound_email_can_be_answered() {
        let names = |direction| capabilities(&Media::Email, Status::Processing, direction, Company::Alone);
        assert!(names(Direction::Inbound).contains(&"Reply"));
        assert!(!names(Direction::Internal).contains(&"Reply"));
    }

    #[test]
    fn agents_talk_among_themselves_when_there_are_several() {
        let names = |company| capabilities(&Media::Chat, Status::Chatting, Direction::Inbound, company);
        assert!(!names(Company::Alone).contains(&"SendToAgents"));
        assert_eq!(names(Company::OtherAgents).len(), names(Company::Alone).len() + 3);
    }
}
