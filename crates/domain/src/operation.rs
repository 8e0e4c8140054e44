//! The kinds of what may be wanted of an interaction.

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
