//! The error texts of unsuccessful replies.
//!
//! Clients split them at the colons and read the code, and some look for `402` (bayeux.md 1.5,
//! 1.7), so the wording is that of the reference server from version 5 on.

use std::fmt;

/// Why a message was not successful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No such session, or it is not the caller's.
    SessionUnknown,
    /// The policy or a bound refused the handshake.
    HandshakeDenied,
    /// A subscribe or unsubscribe without `subscription`.
    SubscriptionMissing,
    /// A `subscription` that is not a channel name or pattern.
    SubscriptionInvalid,
    /// The policy refused the subscription, or it names a meta channel.
    SubscribeDenied,
    /// The session has all the subscriptions it may have.
    SubscribeFailed,
    /// The policy refused to create the channel.
    CreateDenied,
    /// The policy refused the publication.
    PublishDenied,
    /// The policy let the publication pass no further, by what it carries.
    MessageDeleted,
    /// A meta channel that does not exist.
    MetaUnknown,
    /// A message without `channel`, or an unsubscription from a channel that does not exist.
    ChannelMissing,
    /// A channel name that is not one, or a pattern where a name belongs.
    ChannelInvalid,
    /// A message id that is neither a number nor letters and digits.
    MessageIdInvalid,
    /// More messages than the policy lets through.
    TooMany,
    /// Too many held polls of one browser, and the server is told not to bear it.
    MultipleClients,
}

impl Failure {
    /// Returns the text on the wire: `code:arguments:text`.
    pub fn text(self) -> &'static str {
        match self {
            Self::SessionUnknown => "402::session_unknown",
            Self::HandshakeDenied => "403::handshake_denied",
            Self::SubscriptionMissing => "403::subscription_missing",
            Self::SubscriptionInvalid => "403::subscription_invalid",
            Self::SubscribeDenied => "403:denied_by_security_policy:subscribe_denied",
            Self::SubscribeFailed => "403::subscribe_failed",
            Self::CreateDenied => "403:denied_by_security_policy:create_denied",
            Self::PublishDenied => "403:denied_by_security_policy:publish_denied",
            Self::MessageDeleted => "404::message_deleted",
            Self::MetaUnknown => "403:denied_by_security_policy:channel_create_denied",
            Self::ChannelMissing => "400::channel_missing",
            Self::ChannelInvalid => "405::channel_invalid",
            Self::MessageIdInvalid => "405::message_id_invalid",
            Self::TooMany => "429::too_many_requests",
            Self::MultipleClients => "403::multiple_clients",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}
