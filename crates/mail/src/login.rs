//! How a mail server is told who we are: a password, or a bearer token (`XOAUTH2`).
//!
//! Where tokens come from is not known here: the server gives a [`Tokens`]. Secrets show themselves
//! to nobody who prints them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ports::NotNow;

/// A password or token: printing it prints that there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Returns the secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Which token is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// One that was kept from before will do.
    Kept,
    /// The last one was refused: get a new one.
    Renewed,
}

/// Gets bearer tokens, such as from a refresh-token endpoint.
#[async_trait]
pub trait Tokens: Send + Sync + 'static {
    /// Returns a token for the user.
    ///
    /// # Errors
    ///
    /// When there is none to be had now.
    async fn bearer(&self, user: &str, token: Token) -> Result<Secret, NotNow>;
}

/// How to log in.
#[derive(Clone)]
pub enum Login {
    Password {
        user: String,
        password: Secret,
    },
    /// With a bearer token.
    Bearer {
        user: String,
        tokens: Arc<dyn Tokens>,
    },
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (way, user) = match self {
            Self::Password { user, .. } => ("Password", user),
            Self::Bearer { user, .. } => ("Bearer", user),
        };
        f.debug_struct(way).field("user", user).finish_non_exhaustive()
    }
}

/// Returns the first answer of the mechanism `PLAIN` (RFC 4616).
pub(crate) fn plain(user: &str, password: &Secret) -> String {
    STANDARD.encode(format!("\0{user}\0{}", password.reveal()))
}

/// Returns the first answer of the mechanism `XOAUTH2`, as Google and Microsoft document it.
pub(crate) fn xoauth2(user: &str, token: &Secret) -> String {
    STANDARD.encode(format!("user={user}\x01auth=Bearer {}\x01\x01", token.reveal()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_the_documents() {
        // RFC 4616, section 4, without an authorization identity.
        let decoded = STANDARD.decode(plain("tim", &Secret::new("tanstaaftanstaaf"))).unwrap();
        assert_eq!(decoded, b"\0tim\0tanstaaftanstaaf");
        // The example of Google's "OAuth 2.0 mechanism" page.
        assert_eq!(
            xoauth2(
                "someuser@example.com",
                &Secret::new("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
            ),
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
        );
    }

    #[test]
    fn secrets_do_not_print() {
        let login = Login::Password { user: "kate".into(), password: Secret::new("hunter2") };
        assert_eq!(format!("{login:?}"), "Password { user: \"kate\", .. }");
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret");
    }
}
