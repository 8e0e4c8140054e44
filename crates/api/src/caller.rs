//! Who may do something, as the type of a handler's argument.
//!
//! A handler that touches data takes one of these; without it, it has no user and so cannot name a
//! contact center. The user comes from the credentials, and their center and roles from their
//! record, never from the request.
//!
//! They stand *behind* the argument that reads the body: what is wrong with the body is told first
//! (docs/compat/conventions.md#refusals, order of refusals).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use handoff_domain::{Caller, CenterId, Role, User, UserId};

use crate::auth::{Authenticated, Identified, Session};
use crate::error::{Code, NO_PERMISSION, Refusal};

/// The user behind a request.
#[derive(Clone, Debug)]
pub struct Me {
    pub user: Arc<User>,
    authenticated: Arc<Authenticated>,
}

impl Me {
    #[must_use]
    pub fn id(&self) -> UserId {
        self.user.id
    }

    /// Returns their contact center.
    #[must_use]
    pub fn center(&self) -> CenterId {
        self.user.center
    }

    /// Returns the caller as the rules want them.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::of(&self.user)
    }

    /// Returns how they proved who they are.
    pub(crate) fn authenticated(&self) -> &Authenticated {
        &self.authenticated
    }

    /// Returns their login session.
    pub(crate) fn session(&self) -> &Session {
        &self.authenticated.session
    }

    /// Tells whether they have that role.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.user.roles.contains(&role)
    }
}

/// Finds the caller, who must have one of these roles; any will do when there are none.
fn caller_with(parts: &Parts, roles: &[Role]) -> Result<Me, Refusal> {
    let Some(Identified(found)) = parts.extensions.get() else {
        return Err(Refusal::not_authenticated());
    };
    let authenticated = found.clone()?;
    let me = Me { user: authenticated.user.clone(), authenticated };
    if roles.is_empty() || roles.iter().any(|role| me.is(*role)) {
        return Ok(me);
    }
    Err(Refusal::new(Code::NoPermission, NO_PERMISSION))
}

macro_rules! callers {
    ($($(#[$doc:meta])* $name:ident: $roles:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub Me);

        impl<S: Sync> FromRequestParts<S> for $name {
            type Rejection = Refusal;

            async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
                caller_with(parts, &$roles).map(Self)
            }
        }
    )+};
}

callers! {
    /// Anybody with credentials.
    AnyUser: [];
    /// Somebody who works on interactions.
    Agent: [Role::Agent];
    /// Somebody who watches and helps agents.
    Supervisor: [Role::Supervisor];
    /// Somebody who works for the contact center, no server.
    Person: [Role::Agent, Role::Supervisor, Role::Admin];
    /// Somebody who configures the contact center.
    Admin: [Role::Admin];
    /// Somebody, or a server, that may submit interactions from outside.
    Submitter: [Role::ApiUser, Role::Admin];
}
