//! Whom a provider's word is about, and tokens of providers that programs send.
//!
//! Nobody is made a user by a provider: whoever has no account in the provider's contact center, or
//! a disabled one, is nobody here.

use std::error::Error;
use std::sync::Arc;

use handoff_domain::{Time, User};
use handoff_engine::Directory;
use handoff_oidc::{Claims, Trouble};

use crate::error::Refusal;
use crate::options::SignInProvider;
use crate::shared::Shared;

/// The claim that is an address, and the one that says that it is theirs.
const EMAIL: &str = "email";
const EMAIL_VERIFIED: &str = "email_verified";

/// Finds the provider of a name.
pub(crate) fn provider_named<'a>(
    shared: &'a Shared,
    name: &str,
) -> Result<&'a SignInProvider, Refusal> {
    let mut all = shared.options().providers.iter();
    all.find(|it| it.name == name).ok_or_else(|| Refusal::not_found("provider"))
}

/// Finds the user whom a provider names; `None` when they have no account that is enabled. An
/// address that two users have names neither.
pub(crate) fn person(
    directory: &Directory,
    provider: &SignInProvider,
    claims: &Claims,
) -> Option<Arc<User>> {
    let mut centers = directory.centers.values();
    let center = match provider.center.as_str() {
        "" => centers.next().filter(|_| centers.next().is_none())?,
        name => centers.find(|center| center.name == name)?,
    };
    let is_theirs = |user: &&Arc<User>| user.enabled && user.center == center.id;
    let value = claims.text(&provider.claim).filter(|value| !value.is_empty())?;
    if provider.claim != EMAIL {
        return directory.user_by_name(value).filter(is_theirs).cloned();
    }
    let has_it = |user: &&Arc<User>| user.email_address.eq_ignore_ascii_case(value);
    let mut users = directory.users.values().filter(is_theirs).filter(has_it);
    let only = users.next().filter(|_| users.next().is_none())?;
    claims.is_true(EMAIL_VERIFIED).then(|| only.clone())
}

/// A token of a provider's that was proven.
pub(super) struct Provided<'a> {
    pub(super) user: Arc<User>,
    pub(super) by: &'a SignInProvider,
    pub(super) expires: Time,
}

/// Proves a provider's token, and finds the user whom it names.
///
/// # Errors
///
/// Code 20 when it proves nothing or names nobody; 503 when the provider would have to be asked and
/// cannot be.
pub(super) async fn verify<'a>(shared: &'a Shared, text: &str) -> Result<Provided<'a>, Refusal> {
    let core = shared.engine().core();
    let mut providers = shared.options().providers.iter();
    let named = providers.find(|it| it.provider.is_named_by(text));
    let named = named.ok_or_else(Refusal::not_authenticated)?;
    let proven = named.provider.bearer(text, core.now()).await;
    let bearer = proven.map_err(|trouble| refusal(&named.name, &trouble))?;
    let user = person(&core.directory(), named, &bearer.claims);
    let user = user.ok_or_else(Refusal::not_authenticated)?;
    Ok(Provided { user, by: named, expires: bearer.expires })
}

fn refusal(provider: &str, trouble: &Trouble) -> Refusal {
    let error = trouble as &dyn Error;
    match trouble {
        Trouble::Unproven(_) | Trouble::Refused(_) => {
            tracing::debug!(error, provider, "a token was refused");
            Refusal::not_authenticated()
        }
        Trouble::JustFailed => Refusal::unavailable(),
        Trouble::Unavailable(_) => {
            tracing::warn!(error, provider, "a token could not be proven");
            Refusal::unavailable()
        }
    }
}
