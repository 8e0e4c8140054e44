//! Login sessions: found by their ticket, stored when it first comes back, over after half an hour
//! without a request.
//!
//! The record of an ended session stays until it would have gone idle anyway, without its token. A
//! ticket whose signature still vouches for it can therefore not bring an ended session back.

use std::iter;
use std::sync::Arc;

use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use handoff_domain::{User, UserId};
use handoff_engine::Directory;
use handoff_store::{
    AuditAction, AuditEntry, AuditSource, AuditTarget, AuditTool, AuditUser, ChangeSet, Check,
    CommitError, Key, LoginSession, Put, Record, StoreError, Version, Versioned,
};

use super::ticket::Ticket;
use super::{Authenticated, Gate};
use crate::comet::identity::{credentials_of, identity_of, login_of};
use crate::error::Refusal;
use crate::peer::PeerAddress;
use crate::shared::Shared;

/// How old the stored time of the last request may be, in ms. Without it every request would be a
/// write; with it a session lives a minute less than it might.
const LAST_USED_MS_MAX: u64 = 60_000;

/// Most bytes that are kept of what a program says of itself: browsers say some 120.
const USER_AGENT_BYTES_MAX: usize = 200;

/// How often a session is looked at whose user is being changed.
const ATTEMPTS_MAX: usize = 4;

/// A session that is not over.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    ticket: Ticket,
    /// The id under which it is stored, or will be now that its cookie came back.
    id: Option<String>,
}

impl Session {
    pub(super) const fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Returns the id under which it is stored; `None` of a new one, whose cookie has still to be
    /// sent.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns its token against forged requests.
    pub(super) fn csrf_token(&self) -> String {
        self.ticket.csrf_token()
    }
}

/// Makes a new session for a user who just proved who they are. Nothing is stored.
pub(super) fn fresh(gate: &Gate, user: &User) -> Session {
    let core = gate.shared().engine().core();
    let secret = [core.ids().random(), core.ids().random()];
    let ticket = gate.signer().issue(user, core.now(), secret);
    Session { ticket, id: None }
}

/// Finds the first session among these tickets that is alive, and its user.
pub(super) async fn resume(
    gate: &Gate,
    tickets: &[Ticket],
    from: &Parts,
) -> Result<Option<(Arc<User>, Session)>, Refusal> {
    let core = gate.shared().engine().core();
    for ticket in tickets {
        for _ in 0..ATTEMPTS_MAX {
            let directory = core.directory();
            let user = directory.users.get(&ticket.user()).filter(|user| user.enabled);
            let Some(user) = user else { break };
            let id = ticket.stored_id(user);
            match remembered_state_of(gate, (ticket, &id), (user, &directory), from).await? {
                State::Alive => {
                    let session = Session { ticket: ticket.clone(), id: Some(id) };
                    return Ok(Some((user.clone(), session)));
                }
                // What another node changed may not be known here yet, and a ticket that it gave
                // then rests on that.
                State::Over if is_as_stored(gate, (user, &directory)).await? => break,
                // Their roles, their password, or that they may log in at all.
                State::Over | State::UserChanged => core.reload_directory().await?,
            }
        }
    }
    Ok(None)
}

/// Tells whether a user is as they are known here.
async fn is_as_stored(
    gate: &Gate,
    (user, directory): (&User, &Directory),
) -> Result<bool, StoreError> {
    let key = Key::User(user.id);
    let stored = gate.shared().engine().core().store().versions(std::slice::from_ref(&key)).await?;
    Ok(stored == [directory.version(&key)])
}

/// Finds a session of that user among these tickets.
pub(super) async fn of_user(
    gate: &Gate,
    tickets: &[Ticket],
    user: UserId,
    from: &Parts,
) -> Result<Option<Session>, Refusal> {
    let own: Vec<Ticket> = tickets.iter().filter(|ticket| ticket.user() == user).cloned().collect();
    Ok(resume(gate, &own, from).await?.map(|(_, session)| session))
}

/// What became of a ticket's session.
enum State {
    Alive,
    Over,
    /// Its user was changed while it was looked at.
    UserChanged,
}

impl State {
    const fn of(is_alive: bool) -> Self {
        if is_alive { Self::Alive } else { Self::Over }
    }
}

/// Finds out whether a ticket's session is alive, or was a moment ago.
async fn remembered_state_of(
    gate: &Gate,
    (ticket, id): (&Ticket, &str),
    user: (&User, &Directory),
    from: &Parts,
) -> Result<State, StoreError> {
    let (logins, now) = (gate.logins(), gate.shared().engine().core().now());
    if logins.is_alive(id, now) {
        return Ok(State::Alive);
    }
    let look = logins.look();
    let state = state_of(gate, (ticket, id), user, from).await?;
    if matches!(state, State::Alive) {
        logins.found_alive(look, id, now);
    }
    Ok(state)
}

/// Finds out whether a ticket's session is alive; stores it when this is its first time back, and
/// that it was used, both only while its user is as they were seen.
async fn state_of(
    gate: &Gate,
    (ticket, id): (&Ticket, &str),
    (user, directory): (&User, &Directory),
    from: &Parts,
) -> Result<State, StoreError> {
    let shared = gate.shared();
    let now = shared.engine().core().now();
    let idle_ms = shared.engine().core().options().login_idle_ms;
    let seen = directory.check(Key::User(user.id));
    match gate.looks().find(&**shared.engine().core().store(), id).await? {
        Some(Versioned { value: session, version }) => {
            let unused_ms = now.ms_since(session.last_used);
            let is_alive = !session.has_ended() && session.user == user.id && unused_ms <= idle_ms;
            if is_alive && unused_ms > LAST_USED_MS_MAX {
                let used = LoginSession { last_used: now, address: address_of(from), ..session };
                if matches!(
                    put(shared, used, version, (Some(seen), None)).await?,
                    Written::UserChanged
                ) {
                    return Ok(State::UserChanged);
                }
            }
            Ok(State::of(is_alive))
        }
        None => {
            if now.ms_since(ticket.issued()) > idle_ms || !gate.vouches_for(ticket, user).await? {
                return Ok(State::Over);
            }
            let session = LoginSession {
                id: id.to_owned(),
                user: user.id,
                csrf_token: ticket.csrf_token(),
                created: ticket.issued(),
                last_used: now,
                footing: footing_of(user),
                address: address_of(from),
                user_agent: user_agent_of(from),
            };
            let began = began(shared, user, &session);
            match put(shared, session, 0, (Some(seen), began)).await? {
                Written::Yes => Ok(State::Alive),
                Written::UserChanged => Ok(State::UserChanged),
                // A twin of this request stored it first, or ended it.
                Written::ByAnother => {
                    let found = load(shared, id).await?;
                    Ok(State::of(found.is_some_and(|found| !found.value.has_ended())))
                }
            }
        }
    }
}

/// Returns what a user's logins rest on, as it is kept with a session.
pub(crate) fn footing_of(user: &User) -> String {
    credentials_of(user).to_string()
}

/// Returns where a request comes from.
fn address_of(request: &Parts) -> Option<String> {
    request.extensions.get::<PeerAddress>().map(|peer| peer.printed())
}

/// Returns the beginning of what a program says of itself.
fn user_agent_of(request: &Parts) -> Option<String> {
    let said = request.headers.get(USER_AGENT)?.to_str().ok()?;
    // Visible ASCII has a boundary everywhere.
    Some(said[..said.len().min(USER_AGENT_BYTES_MAX)].to_owned())
}

/// Ends a session, and what CometD opened by it. On return it is durable that its cookie opens
/// nothing any more. Whoever hangs up meanwhile does not keep it from being ended.
///
/// # Errors
///
/// The store's own.
pub(crate) async fn end(
    shared: &Shared,
    user: UserId,
    session: &Session,
    entry: AuditEntry,
) -> Result<(), StoreError> {
    match session.id.clone() {
        Some(id) => end_stored(shared, user, id, entry).await,
        // The cookie of a new one never went out.
        None => Ok(()),
    }
}

/// Ends a session that is stored under an id, like [`end`].
///
/// # Errors
///
/// The store's own.
pub(crate) async fn end_stored(
    shared: &Shared,
    user: UserId,
    id: String,
    entry: AuditEntry,
) -> Result<(), StoreError> {
    let it = shared.clone();
    let count = shared.comet().logins().on_record().count(user, entry.action, entry.at);
    let entry = count.map(|count| AuditEntry { count, ..entry });
    let ending = async move { see_ended(&it, user, &id, entry).await };
    shared.engine().core().to_the_end(ending).await
}

async fn see_ended(
    shared: &Shared,
    user: UserId,
    id: &str,
    entry: Option<AuditEntry>,
) -> Result<(), StoreError> {
    let engine = shared.engine();
    let now = engine.core().now();
    loop {
        let found = load(shared, id).await?;
        let expected = found.as_ref().map_or(0, |found| found.version);
        let created = found.map_or(now, |found| found.value.created);
        let over = LoginSession {
            id: id.to_owned(),
            user,
            csrf_token: String::new(),
            created,
            last_used: now,
            footing: String::new(),
            address: None,
            user_agent: None,
        };
        // Whoever the user is by now, it is over.
        if matches!(put(shared, over, expected, (None, entry.clone())).await?, Written::Yes) {
            break;
        }
    }
    shared.comet().logins().ended(id);
    shared.comet().server().end_login(&identity_of(user), &login_of(id));
    // Other nodes end what they have of it.
    engine.core().tell_of_ended_login();
    Ok(())
}

/// Ends what CometD opened by a caller's session if that is over. What cannot be read now, the
/// engine looks at within half a minute.
pub(super) async fn end_what_is_left(shared: &Shared, caller: &Authenticated) {
    if let Some(id) = caller.session.id()
        && let Ok(Some(found)) = load(shared, id).await
        && found.value.has_ended()
    {
        shared.comet().server().end_login(&identity_of(caller.user.id), &login_of(id));
    }
}

async fn load(shared: &Shared, id: &str) -> Result<Option<Versioned<LoginSession>>, StoreError> {
    let found = shared
        .engine()
        .core()
        .store()
        .load(&[Key::LoginSession(id.to_owned())])
        .await?
        .pop()
        .flatten();
    Ok(found.and_then(|found| match found.value {
        Record::LoginSession(value) => Some(Versioned { value, version: found.version }),
        _ => None,
    }))
}

/// Whether a session was written.
enum Written {
    Yes,
    /// Somebody else wrote it meanwhile.
    ByAnother,
    /// Its user was changed meanwhile.
    UserChanged,
}

/// Returns what the audit says of a session that begins, if anything.
fn began(shared: &Shared, user: &User, session: &LoginSession) -> Option<AuditEntry> {
    let (core, action) = (shared.engine().core(), AuditAction::SessionBegan);
    let count = shared.comet().logins().on_record().count(user.id, action, core.now())?;
    let source = AuditSource {
        by: Some(AuditUser::of(user)),
        tool: AuditTool::Request,
        address: session.address.clone(),
        token: None,
    };
    let (now, apart) = (core.now(), u64::try_from(core.ids().random() >> 64).unwrap_or_default());
    let entry = AuditEntry::of(user.center, now, apart, action, source);
    Some(AuditEntry { count, ..entry.on(AuditTarget::user(user)) })
}

/// Writes a session while its user is as they were seen, and what the audit says of it.
async fn put(
    shared: &Shared,
    session: LoginSession,
    expected: Version,
    (user, audited): (Option<Check>, Option<AuditEntry>),
) -> Result<Written, StoreError> {
    let put = Put { record: Record::LoginSession(session), expected };
    let puts = iter::once(put).chain(audited.map(AuditEntry::put)).collect();
    let checks = user.into_iter().collect();
    let change = ChangeSet { puts, checks, ..ChangeSet::default() };
    match shared.engine().core().store().commit(change).await {
        Ok(_) => Ok(Written::Yes),
        Err(CommitError::Conflict { key: Key::User(_) }) => Ok(Written::UserChanged),
        Err(CommitError::Conflict { .. } | CommitError::Timer(_) | CommitError::Receipt(_)) => {
            Ok(Written::ByAnother)
        }
        Err(CommitError::Store(error)) => Err(error),
    }
}
