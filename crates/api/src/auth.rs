//! Who is calling: Basic credentials, a token or the session cookie, and what a cookie alone may
//! do.
//!
//! Nothing here answers a REST operation by itself. It is noted who the caller is, or why they are
//! nobody, and the extractors of [`crate::caller`] refuse when a handler's turn comes, so that a
//! malformed body is told first (docs/compat/conventions.md#refusals, order of refusals).

mod attempts;
mod basic;
mod bearer;
mod cors;
mod factor;
mod footing;
mod guesses;
mod keys;
mod lanes;
mod logins;
mod looks;
mod on_record;
mod provided;
mod session;
mod ticket;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{AUTHORIZATION, COOKIE, SET_COOKIE, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::Response;
use handoff_cometd::Login;
use handoff_domain::{Time, User};
use handoff_engine::{Core, IdSource, Worker};
use handoff_store::{AuditSource, AuditTool, AuditUser, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::comet::identity::{KnownToComet, login_of};
use crate::error::{Code, Refusal};
use crate::limit::Limiter;
use crate::options::{SessionKeys, SignInProvider};
use crate::peer::PeerAddress;
use crate::shared::Shared;
use crate::wire::resource::API_ROOT;

pub(crate) use attempts::{Begun, Lost};
use bearer::Sent;
pub(crate) use bearer::{ByToken, MadeToken, end_token, stored as stored_tokens};
pub(crate) use cors::Crossing;
pub(crate) use factor::{code_of, put as put_factor, stored as stored_factor, take, totp};
pub(crate) use footing::cover_footing;
use keys::SharedKeys;
pub(crate) use logins::Logins;
use logins::Look;
use provided::Provided;
pub(crate) use provided::{person, provider_named};
pub(crate) use session::{Session, end, end_stored, footing_of};

/// The header that carries the token against forged requests; clients learn its name from
/// [`CSRF_NAME_HEADER`] (docs/compat/conventions.md#logins).
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
/// The header that says what the other is called.
const CSRF_NAME_HEADER: HeaderName = HeaderName::from_static("x-csrf-header");
/// The documented text of the refusal.
const CSRF_SENTENCE: &str = "Missing or invalid Csrf token";

/// What is remembered to let callers in; cheap to clone.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    shared: Shared,
    signer: Arc<ticket::Signer>,
    /// Where the signer's keys are from; `None` when they are this node's alone.
    keys: Option<Arc<SharedKeys>>,
    basic: basic::Basic,
    looks: looks::Looks,
    redeems: Redeems,
}

/// How many codes of providers are changed: each is a request to the provider, and anybody can send
/// one that is none.
struct Redeems {
    by_address: Limiter<IpAddr>,
    /// By the provider's name: one that is slow holds up nobody of another.
    at_once: HashMap<String, Arc<Semaphore>>,
}

/// Codes of one address that are changed, per second: many people may sign in from one office.
const REDEEMS_PER_S: u32 = 10;
/// Codes of one provider that are changed at the same time.
const REDEEMS_AT_ONCE: usize = 16;

impl Gate {
    /// Lets somebody in who was proven; returns the cookie of their new session.
    pub(crate) fn let_in(&self, user: &User) -> String {
        let session = session::fresh(self, user);
        ticket::cookie(session.ticket(), self.shared().options())
    }

    /// Makes it, with the keys that all nodes share if there are such.
    pub(crate) fn new(shared: Shared, keys: Keys) -> Self {
        let basic = basic::Basic::new(own_key(shared.engine().core().ids()));
        let Keys { signer, shared: keys } = keys;
        let places =
            |it: &SignInProvider| (it.name.clone(), Arc::new(Semaphore::new(REDEEMS_AT_ONCE)));
        let at_once = shared.options().providers.iter().map(places).collect();
        let redeems = Redeems { by_address: Limiter::new(REDEEMS_PER_S), at_once };
        let looks = looks::Looks::default();
        Self(Arc::new(Inner { shared, signer, keys, basic, looks, redeems }))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    fn signer(&self) -> &ticket::Signer {
        &self.0.signer
    }

    /// Tells whether a ticket was made for this user as they are, here or on another node.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn vouches_for(&self, ticket: &ticket::Ticket, user: &User) -> Result<bool, StoreError> {
        if self.signer().vouches_for(ticket, user) {
            return Ok(true);
        }
        let Some(keys) = &self.0.keys else { return Ok(false) };
        // Another node may have made a key just now.
        keys.look().await?;
        Ok(self.signer().vouches_for(ticket, user))
    }

    /// Tells whether one of the keys has signed an attempt, here or on another node.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn has_sealed(&self, claim: &[u8], seal: &[u8]) -> Result<bool, StoreError> {
        if self.signer().has_sealed(claim, seal) {
            return Ok(true);
        }
        let Some(keys) = &self.0.keys else { return Ok(false) };
        // Another node may have made a key just now.
        keys.look().await?;
        Ok(self.signer().has_sealed(claim, seal))
    }

    /// Lets a code be changed that somebody brings, for as long as they keep what is returned.
    pub(crate) fn may_redeem(
        &self,
        provider: &SignInProvider,
        peer: Option<PeerAddress>,
        now: Time,
    ) -> Option<OwnedSemaphorePermit> {
        let redeems = &self.0.redeems;
        let address = peer.map(PeerAddress::subscriber);
        let has_room = address.is_none_or(|it| redeems.by_address.wait_ms(it, now).is_none());
        let at_once = redeems.at_once.get(&provider.name)?;
        has_room.then(|| at_once.clone().try_acquire_owned().ok())?
    }

    fn looks(&self) -> &looks::Looks {
        &self.0.looks
    }

    fn logins(&self) -> &Arc<Logins> {
        self.0.shared.comet().logins()
    }
}

/// What tickets are signed with.
pub(crate) struct Keys {
    signer: Arc<ticket::Signer>,
    shared: Option<Arc<SharedKeys>>,
}

impl Keys {
    /// Makes a key of this node's alone, or takes those that all nodes share.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub(crate) async fn get(core: &Arc<Core>, whose: SessionKeys) -> Result<Self, StoreError> {
        let signer = Arc::new(ticket::Signer::new(own_key(core.ids())));
        if whose == SessionKeys::OfThisNode {
            return Ok(Self { signer, shared: None });
        }
        let shared = Arc::new(SharedKeys::new(core.clone(), signer.clone()));
        shared.look().await?;
        Ok(Self { signer, shared: Some(shared) })
    }

    /// Returns what keeps them those of all nodes.
    pub(crate) fn worker(&self) -> Option<Arc<dyn Worker>> {
        self.shared.clone().map(|keys| keys as Arc<dyn Worker>)
    }
}

/// Returns a key that nobody else needs to know.
fn own_key(ids: &dyn IdSource) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&ids.random().to_be_bytes());
    key[16..].copy_from_slice(&ids.random().to_be_bytes());
    key
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

/// How a caller proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Means {
    /// By credentials in this very request.
    Basic,
    /// By a token in this very request. Nothing is remembered of it: no cookie goes out.
    Token(ByToken),
    /// By the session cookie alone, which a browser sends whoever made the page.
    Cookie,
}

/// A caller who proved who they are.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated {
    pub(crate) user: Arc<User>,
    /// Their session: the one they sent, or a new one that goes out with the answer.
    pub(crate) session: Session,
    gate: Gate,
    /// From where they call.
    peer: Option<PeerAddress>,
    comet: KnownToComet,
    means: Means,
    /// When it was looked whether that is alive.
    look: Look,
}

impl Authenticated {
    /// Returns the token that they came by, if they did.
    pub(crate) const fn token(&self) -> Option<&ByToken> {
        match &self.means {
            Means::Token(token) => Some(token),
            Means::Basic | Means::Cookie => None,
        }
    }

    /// Returns who does something by one request, for the audit.
    pub(crate) fn source(&self, tool: AuditTool) -> AuditSource {
        AuditSource {
            by: Some(AuditUser::of(&self.user)),
            tool,
            address: self.peer.map(PeerAddress::printed),
            token: self.token().and_then(ByToken::id),
        }
    }

    /// Returns by what is known what is opened by their cookie or token, which can end by itself.
    fn login(&self) -> Option<Login> {
        match &self.means {
            Means::Basic => None,
            Means::Cookie => self.session.id().map(login_of),
            Means::Token(token) => Some(login_of(&token.login())),
        }
    }

    /// Proves once more that a password is the caller's, as slowly guessed at as at a login.
    ///
    /// # Errors
    ///
    /// Code 10 when it is not; with 429 when that was so too often, and then nothing was compared.
    pub(crate) async fn prove_again(&self, password: String) -> Result<(), Refusal> {
        let credentials = basic::Credentials::new(&self.user.user_name, password);
        let gate = &self.gate;
        match basic::verify(&gate.0.basic, gate.shared(), credentials, self.peer).await {
            Ok(_) => Ok(()),
            Err(refusal)
                if refusal.code == Code::NotAuthenticated && refusal.retry_after_s.is_none() =>
            {
                Err(Refusal::invalid("The field password is not your password; correct it."))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Puts another cookie for whoever came by one in an answer, after a change that ended all
    /// their logins.
    pub(crate) fn renew(&self, user: &User, response: &mut Response) {
        if self.session.id().is_none() {
            return;
        }
        let session = session::fresh(&self.gate, user);
        let cookie = ticket::cookie(session.ticket(), self.gate.shared().options());
        let headers = [(SET_COOKIE, cookie), (CSRF_HEADER, session.csrf_token())];
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().append(name, value);
            }
        }
    }
}

/// What was found out about the caller; in every request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Identified {
    pub(crate) found: Result<Arc<Authenticated>, Refusal>,
    /// What found it out, for those who come to be let in.
    gate: Gate,
}

impl<S: Sync> FromRequestParts<S> for Gate {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let identified = parts.extensions.get::<Identified>();
        identified.map(|it| it.gate.clone()).ok_or_else(Refusal::internal)
    }
}

/// Set in the extensions of an answer that ended the caller's session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionEnded;

/// Finds out who is calling, for the REST operations, and whether they may send this at all. Who
/// may not is known nevertheless: the answer is to their session, whose token they go on with.
pub(crate) async fn find_caller(
    gate: &Gate,
    parts: &Parts,
) -> (Option<Arc<Authenticated>>, Identified) {
    let told = |found| Identified { found, gate: gate.clone() };
    let caller = match identify(gate, parts).await {
        Ok(caller) => Arc::new(caller),
        Err(refusal) => return (None, told(Err(refusal))),
    };
    gate.shared().engine().desks().touch(caller.user.id);
    let identified = may_act(gate, &caller, parts).map(|()| caller.clone());
    (Some(caller), told(identified))
}

/// Finds out who is calling, for the CometD endpoint, and names them to it. Whoever is nobody goes
/// through: CometD answers them in its own terms.
///
/// # Errors
///
/// What is told instead of all that CometD would say.
pub(crate) async fn find_comet_caller(
    gate: &Gate,
    request: Request,
) -> Result<(Option<Authenticated>, Request), Refusal> {
    let (mut parts, mut body) = request.into_parts();
    let is_upgrade = parts.method == Method::GET && parts.headers.contains_key(UPGRADE);
    let is_write =
        is_upgrade || !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    // Before anything is looked up, and before a socket is opened: its frames could be read by the
    // page that opened it.
    if is_write {
        gate.shared().origins().may_connect(&parts.headers)?;
    }
    let caller = match identify(gate, &parts).await {
        Ok(caller) => caller,
        Err(refusal) if refusal.retry_after_s.is_some() => return Err(refusal),
        Err(_) => return Ok((None, Request::from_parts(parts, body))),
    };
    has_room(gate, &caller)?;
    if caller.user.must_change_password {
        // As whoever is nobody.
        return Ok((None, Request::from_parts(parts, body)));
    }
    if let Some(token) = caller.token() {
        token.expect_reads()?;
        gate.shared().engine().workers().logins().opens_by_token(token.expires());
    }
    // A browser cannot send the token with an upgrade; its origin, which it cannot leave out there,
    // stands for it.
    let needs_token = caller.means == Means::Cookie && is_write && !is_upgrade;
    if needs_token && !has_token(&parts.headers, &caller.session) {
        // Only a handshake needs it: afterwards the client id is what no other page can know.
        let (is_handshake, same_body) = crate::request::is_handshake(body).await;
        if is_handshake {
            return Err(forged());
        }
        body = same_body;
    }
    parts.extensions.insert(caller.comet.identity.clone());
    parts.extensions.insert(caller.comet.credentials.clone());
    if let Some(login) = caller.login() {
        parts.extensions.insert(login);
    }
    Ok((Some(caller), Request::from_parts(parts, body)))
}

/// Ends what a request to CometD opened by a cookie that was logged out, or by a token that was
/// removed, while it was under way.
pub(crate) async fn end_what_came_late(gate: &Gate, caller: Option<&Authenticated>) {
    if let Some(caller) = caller
        && gate.logins().has_one_ended_since(caller.look)
    {
        match &caller.means {
            Means::Basic => {}
            Means::Cookie => session::end_what_is_left(gate.shared(), caller).await,
            Means::Token(token) => bearer::end_what_is_left(gate, &caller.user, token).await,
        }
    }
}

/// Adds to an answer what is the caller's: whose connection it is, for the listener, because a user
/// may have only so many; and their session.
pub(crate) fn name_caller(
    gate: &Gate,
    caller: Option<&Authenticated>,
    method: &Method,
    response: &mut Response,
) {
    if let Some(caller) = caller {
        response.extensions_mut().insert(caller.comet.identity.clone());
    }
    set_session_headers(gate, caller, method, response);
}

/// Finds out who is calling. Basic and a token win over whatever cookie comes with them
/// (docs/compat/conventions.md#logins).
async fn identify(gate: &Gate, parts: &Parts) -> Result<Authenticated, Refusal> {
    let look = gate.logins().look();
    let tickets = ticket::tickets(parts.headers.get_all(COOKIE));
    let peer = parts.extensions.get::<PeerAddress>().copied();
    let known = |user, session, comet, means| {
        let gate = gate.clone();
        Authenticated { user, session, gate, peer, comet, means, look }
    };
    if let Some(credentials) = basic::credentials(&parts.headers) {
        let verified = basic::verify(&gate.0.basic, gate.shared(), credentials?, peer).await?;
        let (user, comet) = verified;
        if user.second_factor {
            factor::prove(gate.shared(), &user, parts).await?;
        }
        let session = match session::of_user(gate, &tickets, user.id, parts).await? {
            Some(session) => session,
            None => session::fresh(gate, &user),
        };
        return Ok(known(user, session, comet, Means::Basic));
    }
    if let Some(sent) = bearer::sent(&parts.headers, &gate.shared().options().providers) {
        let (user, token) = match sent? {
            Sent::Own(sent) => bearer::verify(gate, &sent).await?,
            Sent::Provided(text) => {
                let Provided { user, by, expires } = provided::verify(gate.shared(), &text).await?;
                (user, ByToken::provided(&by.scopes, expires))
            }
        };
        let (session, comet) = (session::fresh(gate, &user), KnownToComet::of(&user));
        return Ok(known(user, session, comet, Means::Token(token)));
    }
    let (user, session) =
        session::resume(gate, &tickets, parts).await?.ok_or_else(Refusal::not_authenticated)?;
    let comet = KnownToComet::of(&user);
    Ok(known(user, session, comet, Means::Cookie))
}

/// Tells whether a caller who is known may send this request at all.
fn may_act(gate: &Gate, caller: &Authenticated, parts: &Parts) -> Result<(), Refusal> {
    let is_write = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if caller.means == Means::Cookie && is_write {
        gate.shared().origins().may_write(&parts.headers)?;
        if !has_token(&parts.headers, &caller.session) {
            return Err(forged());
        }
    }
    has_room(gate, caller)?;
    if caller.user.must_change_password && !serves_a_change_of_password(parts) {
        return Err(Refusal::password_change());
    }
    Ok(())
}

/// Tells whether a request is one of those that whoever must change their password may send: to
/// see who they are, to change it (what else `POST /me` can do is refused there), and to sign out.
fn serves_a_change_of_password(parts: &Parts) -> bool {
    let path = parts.uri.path().trim_end_matches('/');
    let path = path.strip_prefix(API_ROOT).unwrap_or(path);
    match path {
        "/me" => parts.method == Method::GET || parts.method == Method::POST,
        "/me/session" => parts.method == Method::DELETE,
        _ => false,
    }
}

/// Counts a request of a user.
fn has_room(gate: &Gate, caller: &Authenticated) -> Result<(), Refusal> {
    let wait_ms = gate
        .shared()
        .comet()
        .requests()
        .wait_ms(caller.user.id, gate.shared().engine().core().now());
    match wait_ms {
        None => Ok(()),
        Some(wait_ms) => {
            let seconds = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
            Err(Refusal::too_many(Code::Forbidden, seconds.max(1)))
        }
    }
}

/// Tells whether a request brings what a user is known by, right or wrong.
pub(crate) fn has_credentials(headers: &HeaderMap) -> bool {
    headers.contains_key(AUTHORIZATION) || cookie(headers, ticket::COOKIE_NAME).is_some()
}

pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(given, _)| *given == name).map(|(_, value)| value.to_owned())
}

fn forged() -> Refusal {
    Refusal::new(Code::Forbidden, CSRF_SENTENCE)
}

fn has_token(headers: &HeaderMap, session: &Session) -> bool {
    let given = headers.get(&CSRF_HEADER).map(HeaderValue::as_bytes);
    given.is_some_and(|given| ticket::is_same(given, session.csrf_token().as_bytes()))
}

/// Sends a new session's cookie, takes back an ended one's, and tells every GET the token
/// (docs/compat/conventions.md#logins).
fn set_session_headers(
    gate: &Gate,
    caller: Option<&Authenticated>,
    method: &Method,
    response: &mut Response,
) {
    let has_ended = response.extensions().get::<SessionEnded>().is_some();
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.append(name, value);
        }
    };
    match caller {
        Some(caller) if caller.token().is_some() => return,
        Some(_) if has_ended => add(SET_COOKIE, ticket::ended_cookie(gate.shared().options())),
        Some(caller) if caller.session.id().is_none() => {
            add(SET_COOKIE, ticket::cookie(caller.session.ticket(), gate.shared().options()));
        }
        _ => {}
    }
    let token = || match caller {
        Some(caller) => caller.session.csrf_token(),
        // Nobody's token opens nothing; the header is there because every GET has it.
        None => ticket::nobodys_token(gate.shared().engine().core().ids().uuid()),
    };
    if *method == Method::GET {
        add(CSRF_NAME_HEADER, "X-CSRF-TOKEN".to_owned());
        add(CSRF_HEADER, token());
    }
}
