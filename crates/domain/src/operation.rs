//! The kinds of what may be wanted of an interaction.

use crate::center::{Role, Roles};

/// Defines the kinds, and the list of all of them.
macro_rules! operations {
    ($($(#[$docs:meta])* $name:ident,)*) => {
        /// What may be wanted of an interaction, by kind and without its arguments: what
        /// capabilities list, and what a refusal is about. How each is called to people is known to
        /// the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $($(#[$docs])* $name,)*
        }

        impl Operation {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

operations! {
    Accept,
    Reject,
    Reply,
    ReplyAll,
    Forward,
    Save,
    Send,
    CancelSend,
    Cancel,
    AddAttachment,
    RemoveAttachment,
    SendMessage,
    SendToAgents,
    SendUrl,
    SendCustomNotice,
    SendStartTypingNotification,
    SendStopTypingNotification,
    SendStartTypingToAgentsNotification,
    SendStopTypingToAgentsNotification,
    SendNotification,
    RequestChatHistory,
    Invite,
    Consult,
    CompleteTransfer,
    CompleteConference,
    RemoveParticipantFromConference,
    Leave,
    EndChatSession,
    Intrude,
    SwitchToMonitor,
    SwitchToCoach,
    SwitchBargeIn,
    AttachUserData,
    UpdateUserData,
    DeleteUserData,
    SetDisposition,
    AddComment,
    UseResponse,
    SetInFocus,
    SplitFromThread,
    JoinThread,
    Transfer,
    PlaceInQueue,
    PlaceInWorkbin,
    PullInteraction,
    /// It is put into somebody's hands, wherever it is.
    Pull,
    SetPriority,
    /// The next step of its queue is taken now.
    Widen,
    Complete,
    /// Properties are given anew.
    Change,
    // The customer's.
    CountDownload,
    CustomerLeft,
    // The server's own.
    Offer,
    ExpireOffer,
    ExpireHandling,
    CheckCustomer,
    CheckIdle,
    CheckWait,
    Remind,
    AgentGone,
    Delivered,
    DeliveryDeferred,
    DeliveryFailed,
}

impl Operation {
    /// Tells whether supervisors may want it of anybody's interaction.
    #[must_use]
    pub const fn is_on_behalf(self) -> bool {
        matches!(
            self,
            Self::Pull
                | Self::SetPriority
                | Self::Widen
                | Self::Transfer
                | Self::PlaceInQueue
                | Self::PlaceInWorkbin
        )
    }

    /// Tells whether roles lead to a door for it: agents have one for every operation, supervisors
    /// one for what they do on anybody's behalf.
    #[must_use]
    pub fn is_open_to(self, roles: &Roles) -> bool {
        roles.contains(&Role::Agent) || (self.is_on_behalf() && roles.contains(&Role::Supervisor))
    }
}
