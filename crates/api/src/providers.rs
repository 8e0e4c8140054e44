//! Signing in by a provider: a browser is sent there, comes back with a code, and has the same
//! session as by a password (docs/api/sign-in.md, "By a provider").
//!
//! Both are links that a browser follows, so that what cannot be is told by the page to sign in, in
//! one of a few words. Nothing of a request decides where a browser goes: to the provider, or to
//! the desk.

use std::error::Error;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use handoff_domain::{Time, User};
use handoff_oidc::{Attempt, Claims, Trouble};
use handoff_store::{
    AuditAction, AuditEntry, AuditSource, AuditTarget, AuditTool, AuditUser, ChangeSet,
    CommitError, Key, Receipt, StoreError,
};

use crate::auth::{Begun, Gate, Lost, person, provider_named};
use crate::error::Refusal;
use crate::hex::sha256;
use crate::options::SignInProvider;
use crate::peer::PeerAddress;
use crate::request::Id;
use crate::wire::listing::parameters;

/// What the receipts of attempts are unique in.
const SCOPE: &str = "sign-in";
/// How long it is remembered that an attempt has succeeded, in ms: longer than any lasts.
const REMEMBERED_MS: u64 = 60 * 60 * 1_000;
/// How often somebody is let in whose user is being changed.
const ATTEMPTS_MAX: usize = 4;

/// Why somebody is not let in, as the page to sign in is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failed {
    /// The provider, or the person there, said no.
    Refused,
    Expired,
    /// It was not begun by this browser.
    NotBegun,
    /// What the provider said proves nothing.
    Unproven,
    /// They have no account that is enabled.
    NoAccount,
    Unavailable,
}

impl Failed {
    const fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::NotBegun => "not-begun",
            Self::Unproven => "unproven",
            Self::NoAccount => "no-account",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<Lost> for Failed {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Unknown => Self::NotBegun,
            Lost::Expired => Self::Expired,
        }
    }
}

/// `GET /session/providers/{name}`
pub(crate) async fn begin(Id(name): Id, gate: Gate) -> Result<Response, Refusal> {
    let provider = provider_named(gate.shared(), &name)?;
    let Begun { attempt, cookie } = gate.begin(&name);
    let now = gate.shared().engine().core().now();
    Ok(match provider.provider.address(&attempt, now).await {
        Ok(address) => sent_to(&address, [cookie]),
        Err(trouble) => sent_back(&gate, failed_by(&name, &trouble), None),
    })
}

/// `GET /session/providers/{name}/return`
pub(crate) async fn finish(
    Id(name): Id,
    gate: Gate,
    request: Request,
) -> Result<Response, Refusal> {
    let provider = provider_named(gate.shared(), &name)?;
    let (parts, _) = request.into_parts();
    let asked = Returned::read(&parts.uri);
    let begun = gate.begun(&name, &asked.state, &parts.headers).await?;
    let attempt = match begun {
        Ok(attempt) => attempt,
        // That of another tab, which may yet come back, is left alone.
        Err(lost) => return Ok(sent_back(&gate, lost.into(), None)),
    };
    let peer = parts.extensions.get::<PeerAddress>().copied();
    let now = gate.shared().engine().core().now();
    // Too many come back at once: the attempt is left as it is, and may come again.
    let Some(_one_of_few) = gate.may_redeem(provider, peer, now) else {
        return Ok(sent_back(&gate, Failed::Unavailable, None));
    };
    let over = Some(gate.no_attempt());
    Ok(match let_in(&gate, provider, (&attempt, &asked), peer).await {
        Ok(user) => {
            let cookies = std::iter::once(gate.let_in(&user)).chain(over);
            sent_to(&gate.shared().options().sign_in_url.page("/"), cookies)
        }
        Err(failed) => sent_back(&gate, failed, over),
    })
}

/// What a browser brings back.
struct Returned {
    state: String,
    code: Option<String>,
    issuer: Option<String>,
}

impl Returned {
    fn read(uri: &Uri) -> Self {
        let mut it = Self { state: String::new(), code: None, issuer: None };
        for (name, value) in parameters(uri) {
            match name.as_str() {
                "state" => it.state = value,
                "code" => it.code = Some(value),
                "iss" => it.issuer = Some(value),
                _ => {}
            }
        }
        it
    }
}

/// Finds out who has come back, and puts on record that they were let in, which no attempt does
/// twice.
async fn let_in(
    gate: &Gate,
    provider: &SignInProvider,
    (attempt, returned): (&Attempt, &Returned),
    peer: Option<PeerAddress>,
) -> Result<Arc<User>, Failed> {
    // Another provider's code would be changed here (RFC 9207).
    let is_by = returned.issuer.as_deref().is_none_or(|it| it == provider.provider.issuer());
    if !is_by {
        return Err(Failed::Unproven);
    }
    let code = returned.code.as_deref().ok_or(Failed::Refused)?;
    let now = gate.shared().engine().core().now();
    let redeemed = provider.provider.redeem(code, attempt, now).await;
    let claims = redeemed.map_err(|trouble| failed_by(&provider.name, &trouble))?;
    admit(gate, provider, &claims, (attempt, peer)).await.unwrap_or_else(|error| {
        let error = &error as &dyn Error;
        tracing::warn!(error, provider = provider.name, "nobody can be let in now");
        Err(Failed::Unavailable)
    })
}

async fn admit(
    gate: &Gate,
    provider: &SignInProvider,
    claims: &Claims,
    (attempt, peer): (&Attempt, Option<PeerAddress>),
) -> Result<Result<Arc<User>, Failed>, StoreError> {
    let core = gate.shared().engine().core();
    for _ in 0..ATTEMPTS_MAX {
        let directory = core.directory();
        let Some(user) = person(&directory, provider, claims) else {
            // Another node may have made them, or let them in again, just now.
            core.reload_directory().await?;
            if person(&core.directory(), provider, claims).is_none() {
                tracing::info!(provider = provider.name, "somebody came who has no account");
                return Ok(Err(Failed::NoAccount));
            }
            continue;
        };
        let change = ChangeSet {
            puts: entry(gate, &user, provider, peer).into_iter().map(AuditEntry::put).collect(),
            checks: vec![directory.check(Key::User(user.id))],
            receipts: vec![receipt(attempt, core.now())],
            ..ChangeSet::default()
        };
        match core.store().commit(change).await {
            Ok(_) => return Ok(Ok(user)),
            Err(CommitError::Receipt(_)) => return Ok(Err(Failed::Expired)),
            Err(CommitError::Conflict { .. } | CommitError::Timer(_)) => {
                core.reload_directory().await?;
            }
            Err(CommitError::Store(error)) => return Err(error),
        }
    }
    Ok(Err(Failed::Unavailable))
}

/// Says that an attempt has succeeded.
fn receipt(attempt: &Attempt, now: Time) -> Receipt {
    Receipt {
        scope: SCOPE.to_owned(),
        key: sha256(&attempt.state),
        fingerprint: String::new(),
        answer: String::new(),
        expires: Some(now.plus_ms(REMEMBERED_MS)),
    }
}

/// Returns what the audit says of it, if anything.
fn entry(
    gate: &Gate,
    user: &User,
    provider: &SignInProvider,
    peer: Option<PeerAddress>,
) -> Option<AuditEntry> {
    let (core, action) = (gate.shared().engine().core(), AuditAction::ProviderRight);
    let logins = gate.shared().comet().logins();
    let count = logins.on_record().count(user.id, action, core.now())?;
    let source = AuditSource {
        by: Some(AuditUser::of(user)),
        tool: AuditTool::Request,
        address: peer.map(PeerAddress::printed),
        token: None,
    };
    let apart = u64::try_from(core.ids().random() >> 64).unwrap_or_default();
    let entry = AuditEntry::of(user.center, core.now(), apart, action, source);
    let provider = Some(provider.name.clone());
    Some(AuditEntry { count, provider, ..entry.on(AuditTarget::user(user)) })
}

fn failed_by(provider: &str, trouble: &Trouble) -> Failed {
    let error = trouble as &dyn Error;
    match trouble {
        Trouble::JustFailed => Failed::Unavailable,
        Trouble::Unavailable(_) => {
            tracing::warn!(error, provider, "nobody can sign in by a provider now");
            Failed::Unavailable
        }
        Trouble::Refused(_) | Trouble::Unproven(_) => {
            tracing::info!(error, provider, "a sign-in by a provider was not proven");
            Failed::Unproven
        }
    }
}

/// Sends a browser to the page to sign in, which says what was wrong.
fn sent_back(gate: &Gate, failed: Failed, cookie: Option<String>) -> Response {
    let url = &gate.shared().options().sign_in_url;
    let page = url.page(&format!("/sign-in?failed={}", failed.word()));
    sent_to(&page, cookie)
}

/// Sends a browser to an address, and nobody else along: what it came by is nobody's business
/// there.
fn sent_to(address: &str, cookies: impl IntoIterator<Item = String>) -> Response {
    let text = "Go on at the address in the header Location.";
    let mut response = (StatusCode::SEE_OTHER, text).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // An address that is none is no place to go on at.
    headers.extend(HeaderValue::try_from(address).ok().map(|address| (LOCATION, address)));
    for cookie in cookies.into_iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok()) {
        headers.append(SET_COOKIE, cookie);
    }
    response
}
