//! Who is on the other side: the caller's identity, its browser, and the session that ties them
//! together.
//!
//! All of them are opaque strings that are cheap to clone. Nothing here checks anything: an
//! [`Identity`] is believed because a middleware that authenticated the request has put it there.

use std::fmt;
use std::sync::Arc;

/// Defines a string newtype that is cheap to clone and opaque to this crate.
macro_rules! opaque_id {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

opaque_id! {
    /// An authenticated user, as the outer middleware names it; travels in the request's
    /// extensions.
    Identity
}

opaque_id! {
    /// A session's `clientId`: unpredictable, more than 128 random bits.
    SessionId
}

opaque_id! {
    /// The value of a `BAYEUX_BROWSER` cookie.
    BrowserId
}

opaque_id! {
    /// What an outer middleware notes about the request of a handshake, as where it came from;
    /// travels in the request's extensions and is kept for the application. Nothing is decided by
    /// it here; a policy may.
    Tag
}

opaque_id! {
    /// What let a request in when that can end by itself, as a login that is logged out; travels in
    /// the request's extensions. What was opened by it ends with it, by
    /// [`CometdServer::end_login`](crate::CometdServer::end_login).
    Login
}

opaque_id! {
    /// Where a request comes from, as far as it counts: what one source may open and send is
    /// bounded. An outer middleware puts it into the request's extensions; requests without one are
    /// not counted.
    Source
}

/// What an application is told about a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// The session's id.
    pub id: SessionId,
    /// The identity whose handshake opened the session; `None` if it was anonymous.
    pub identity: Option<Identity>,
    /// What was noted about its handshake.
    pub tag: Option<Tag>,
    /// The login that let its handshake in, if there was one.
    pub login: Option<Login>,
}
