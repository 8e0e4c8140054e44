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
use axum::http::Method;
use axum::http::request::Parts;
use handoff_domain::event::Cause;
use handoff_domain::{Caller, CenterId, Role, Time, User, UserId};
use handoff_engine::Core;
use handoff_provision::By;
use handoff_store::{AuditAction, AuditEntry, AuditTarget, AuditTool, TokenScope};

use crate::auth::{Authenticated, ByToken, Identified, Session};
use crate::error::{Code, NO_PERMISSION, Refusal};

/// The sentence for a request that comes by a token and must not.
const NOT_BY_TOKEN: &str = "A token cannot do this; sign in with your password.";

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

    /// Returns who changes the contact center, for the log and the audit.
    pub(crate) fn by(&self, at: Time, tool: AuditTool) -> By {
        By { cause: Cause::User(self.id()), at, source: self.authenticated.source(tool) }
    }

    /// Returns an entry of the audit for something that they do to a user.
    pub(crate) fn audits(&self, core: &Core, action: AuditAction, target: &User) -> AuditEntry {
        let source = self.authenticated.source(AuditTool::Request);
        let apart = u64::try_from(core.ids().random() >> 64).unwrap_or_default();
        AuditEntry::of(self.center(), core.now(), apart, action, source)
            .on(AuditTarget::user(target))
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

/// What a request needs that comes by a token, beside the roles of the token's user.
#[derive(Clone, Copy, Debug)]
enum Needs {
    /// One of these scopes to change something; any that reads to read.
    ToChange(&'static [TokenScope]),
    /// One of these scopes, whatever the method.
    Any(&'static [TokenScope]),
    /// No token: a person does it.
    Person,
}

impl Needs {
    const WORK: Self = Self::ToChange(&[TokenScope::Work]);
    const KEEP: Self = Self::ToChange(&[TokenScope::Work, TokenScope::Admin]);
    const ADMIN: Self = Self::ToChange(&[TokenScope::Admin]);
    const SUBMIT: Self = Self::Any(&[TokenScope::Submit, TokenScope::Work]);
    const FOLLOW: Self =
        Self::Any(&[TokenScope::Read, TokenScope::Work, TokenScope::Submit, TokenScope::Admin]);

    /// Refuses a token that does not have it.
    fn expect_of(self, token: &ByToken, method: &Method) -> Result<(), Refusal> {
        match self {
            Self::ToChange(_) if matches!(*method, Method::GET | Method::HEAD) => {
                token.expect_reads()
            }
            Self::ToChange(scopes) | Self::Any(scopes) => token.expect_any(scopes),
            Self::Person => Err(Refusal::new(Code::NoPermission, NOT_BY_TOKEN)),
        }
    }
}

/// Finds the caller, who must have one of these roles; any will do when there are none.
fn caller_with(parts: &Parts, roles: &[Role], needs: Needs) -> Result<Me, Refusal> {
    let Some(Identified { found, .. }) = parts.extensions.get() else {
        return Err(Refusal::not_authenticated());
    };
    let authenticated = found.clone()?;
    if let Some(token) = authenticated.token() {
        needs.expect_of(token, &parts.method)?;
    }
    let me = Me { user: authenticated.user.clone(), authenticated };
    if roles.is_empty() || roles.iter().any(|role| me.is(*role)) {
        return Ok(me);
    }
    Err(Refusal::new(Code::NoPermission, NO_PERMISSION))
}

macro_rules! callers {
    ($($(#[$doc:meta])* $name:ident: $roles:expr, $needs:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub Me);

        impl<S: Sync> FromRequestParts<S> for $name {
            type Rejection = Refusal;

            async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
                caller_with(parts, &$roles, $needs).map(Self)
            }
        }
    )+};
}

callers! {
    /// Anybody with credentials.
    AnyUser: [], Needs::WORK;
    /// The same, also by a token that may only submit.
    Follower: [], Needs::FOLLOW;
    /// Anybody with credentials, and not by a token: what one signs in with is changed in person.
    InPerson: [], Needs::Person;
    /// Somebody who works on interactions.
    Agent: [Role::Agent], Needs::WORK;
    /// Somebody who watches and helps agents.
    Supervisor: [Role::Supervisor], Needs::WORK;
    /// Somebody who watches all of the contact center.
    Watcher: [Role::Supervisor, Role::Admin], Needs::WORK;
    /// Somebody who works for the contact center, no server.
    Person: [Role::Agent, Role::Supervisor, Role::Admin], Needs::WORK;
    /// The same, who may keep something for themselves or for others.
    Keeper: [Role::Agent, Role::Supervisor, Role::Admin], Needs::KEEP;
    /// Somebody who configures the contact center.
    Admin: [Role::Admin], Needs::ADMIN;
    /// The same, and not by a token.
    AdminInPerson: [Role::Admin], Needs::Person;
    /// Somebody, or a server, that may submit interactions from outside.
    Submitter: [Role::ApiUser, Role::Admin], Needs::SUBMIT;
}
