//! Basic credentials: verified once in a while, remembered in between, and guessed at only slowly.
//!
//! A verified pair is remembered for five minutes under a keyed hash that covers who it is
//! and the stored password hash, so that argon2 is not paid on every request and a new password
//! ends it at once.
//! Wrong pairs are remembered too, for a minute: a client that keeps sending an old password costs
//! nothing.
//!
//! How many are tried for a name is decided in `guesses`, before anything is compared and in one
//! step with the count; who is compared when, in `lanes`. A pair that was right from an address
//! before is let in there whatever strangers do.

use std::collections::HashMap;
use std::error::Error;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use handoff_domain::{Time, User};
use handoff_store::{
    AuditAction, AuditEntry, AuditSource, AuditTarget, AuditTool, AuditUser, ChangeSet,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::time::Instant;

use super::footing::cover_footing;
use super::guesses::{self, Admission, Guesses, Name, Tag};
use super::lanes::{Lanes, Pretence, Urgency};
use crate::comet::identity::KnownToComet;
use crate::error::{Code, Refusal};
use crate::password;
use crate::peer::PeerAddress;
use crate::shared::Shared;

/// How long a right pair is remembered, in ms (docs/compat/conventions.md).
const RIGHT_MS: u64 = 5 * 60 * 1_000;
/// How long a wrong pair is remembered, in ms: as long as a client may well keep sending it.
const WRONG_MS: u64 = 60 * 1_000;
/// Entries of one memory. At the bound what is over is dropped, and when that is not enough, all of
/// it: forgetting costs a verification.
const ENTRIES_MAX: usize = 16_384;
/// Pairs that are under way before it is worth while to look for those that are not any more; as
/// many can be as there are connections.
const TURNS_SWEPT: usize = 1_024;
/// How long somebody waits for the very first comparison before looking again, in ms.
const LOOK_MS: u64 = 5;
/// Most bytes of a user name.
const NAME_BYTES_MAX: usize = 256;

/// What a caller sent.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    user_name: String,
    password: String,
}

impl Credentials {
    pub(super) fn new(user_name: &str, password: String) -> Self {
        Self { user_name: user_name.to_owned(), password }
    }
}

/// Reads the credentials of a request; `None` when it carries no Basic header, an error when that
/// header cannot be read.
pub(super) fn credentials(headers: &HeaderMap) -> Option<Result<Credentials, Refusal>> {
    let header = headers.get(AUTHORIZATION)?;
    let (scheme, encoded) = header.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded =
        BASE64_STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = decoded.as_deref().and_then(|pair| pair.split_once(':'));
    let credentials = pair.map(|(user_name, password)| Credentials {
        user_name: user_name.to_owned(),
        password: password.to_owned(),
    });
    Some(credentials.ok_or_else(Refusal::not_authenticated))
}

/// What is remembered of credentials, and the lanes in which they are verified.
pub(super) struct Basic {
    key: [u8; 32],
    right: Memory<Tag, KnownToComet>,
    wrong: Memory<Tag, ()>,
    guesses: Guesses,
    lanes: Arc<Lanes>,
    turns: Turns,
}

/// Requests with the same pair take turns: a client that opens many connections at once has its
/// password compared once, and counted once.
#[derive(Default)]
struct Turns(Mutex<HashMap<Tag, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    fn of(&self, tag: Tag) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(&tag).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= TURNS_SWEPT {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::default();
        turns.insert(tag, Arc::downgrade(&turn));
        turn
    }
}

impl Basic {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            right: Memory::default(),
            wrong: Memory::default(),
            guesses: Guesses::default(),
            lanes: Lanes::new(),
            turns: Turns::default(),
        }
    }

    /// Names a pair without giving it away. It covers who the user is and what their logins rest
    /// on: with a new password old entries are never found again.
    fn tag(&self, credentials: &Credentials, user: Option<&User>) -> Tag {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        for part in [&credentials.user_name, &credentials.password] {
            // Lengths keep the parts apart.
            mac.update(&part.len().to_be_bytes());
            mac.update(part.as_bytes());
        }
        if let Some(user) = user {
            // Whoever is made anew under the name of one who is gone is somebody else.
            mac.update(&user.id.0.to_be_bytes());
            cover_footing(&mut mac, user);
        }
        mac.finalize().into_bytes().into()
    }

    /// Returns by what the tries for a name are counted.
    fn name(&self, user: Option<&User>, user_name: &str) -> Name {
        if let Some(user) = user {
            return Name::User(user.id);
        }
        let nobody = Credentials { user_name: user_name.to_owned(), password: String::new() };
        let [first, second, ..] = self.tag(&nobody, None);
        Name::Nobody(u16::from_be_bytes([first, second]) % guesses::NOBODYS)
    }

    /// Compares a password with what is stored, off the async threads and in its lane. A name that
    /// nobody has takes as long and is compared with nothing.
    async fn is_right(&self, comparison: Comparison, any: u128) -> Result<bool, Refusal> {
        let began = Instant::now();
        if comparison.stored.is_none() {
            loop {
                match self.lanes.pretend(any) {
                    Pretence::Measure => break,
                    Pretence::Wait => tokio::time::sleep(Duration::from_millis(LOOK_MS)).await,
                    Pretence::Take(duration) => {
                        tokio::time::sleep(duration.saturating_sub(began.elapsed())).await;
                        return Ok(false);
                    }
                }
            }
        }
        let lane = self.lanes.take(comparison.urgency, comparison.address).await;
        let mut lane = lane.ok_or_else(Refusal::unavailable)?;
        let lanes = self.lanes.clone();
        let verified = tokio::task::spawn_blocking(move || {
            let is_right =
                lane.workspace().verify(&comparison.password, comparison.stored.as_deref());
            if comparison.urgency != Urgency::Proven {
                lanes.took(began.elapsed());
            }
            is_right
        });
        verified.await.map_err(|error| {
            tracing::error!(error = %error, "a password could not be verified");
            Refusal::internal()
        })
    }
}

/// Puts on record how a try ended, and answers meanwhile: whoever guesses at names must not learn
/// from the time that it takes which of them somebody has.
fn audit_apart(
    shared: &Shared,
    user: Option<&Arc<User>>,
    peer: Option<PeerAddress>,
    action: AuditAction,
) {
    let (it, user) = (shared.clone(), user.cloned());
    let told = async move { audit(&it, user.as_ref(), peer, action).await };
    shared.engine().core().see_through(told);
}

/// Puts on record how a try ended. Of a name that nobody has there is no contact center to tell,
/// and it may be a password that was typed in its place.
async fn audit(
    shared: &Shared,
    user: Option<&Arc<User>>,
    peer: Option<PeerAddress>,
    action: AuditAction,
) {
    let (core, Some(user)) = (shared.engine().core(), user) else { return };
    let now = core.now();
    let count = shared.comet().logins().on_record().count(user.id, action, now);
    let Some(count) = count else { return };
    let is_right = action == AuditAction::PasswordRight;
    let source = AuditSource {
        by: is_right.then(|| AuditUser::of(user)),
        tool: AuditTool::Request,
        address: peer.map(PeerAddress::printed),
        token: None,
    };
    let apart = u64::try_from(core.ids().random() >> 64).unwrap_or_default();
    let entry = AuditEntry::of(user.center, now, apart, action, source);
    let entry = AuditEntry { count, ..entry.on(AuditTarget::user(user)) };
    let change = ChangeSet { puts: vec![entry.put()], ..ChangeSet::default() };
    if let Err(error) = core.store().commit(change).await {
        // Whoever may come in is not kept out by it, nor is a wrong password right.
        let error = &error as &dyn Error;
        tracing::warn!(error, "how a try of a password ended could not be put on record");
    }
}

/// A password that is to be compared.
struct Comparison {
    password: String,
    stored: Option<String>,
    address: Option<IpAddr>,
    urgency: Urgency,
}

/// Returns the user whose credentials these are, and by what CometD knows them.
///
/// # Errors
///
/// Code 20 when they are nobody's; with 429 when that was so too often, and then nothing was
/// compared.
pub(super) async fn verify(
    basic: &Basic,
    shared: &Shared,
    credentials: Credentials,
    peer: Option<PeerAddress>,
) -> Result<(Arc<User>, KnownToComet), Refusal> {
    let address = peer.map(PeerAddress::subscriber);
    if credentials.password.len() > password::BYTES_MAX
        || credentials.user_name.len() > NAME_BYTES_MAX
    {
        return Err(Refusal::not_authenticated());
    }
    let now = shared.engine().core().now();
    let directory = shared.engine().core().directory();
    // A disabled user is nobody, and so takes as long to refuse.
    let user = directory.user_by_name(&credentials.user_name).filter(|user| user.enabled);
    let stored = user.and_then(|user| user.password_hash.clone());
    let tag = basic.tag(&credentials, user.map(|user| &**user));
    if let Some(user) = user
        && let Some(known) = basic.right.get(&tag, now)
    {
        return Ok((user.clone(), known));
    }
    let turn = basic.turns.of(tag);
    let _turn = turn.lock().await;
    if let Some(user) = user
        && let Some(known) = basic.right.get(&tag, now)
    {
        return Ok((user.clone(), known));
    }
    if basic.wrong.get(&tag, now).is_some() {
        return Err(Refusal::not_authenticated());
    }
    let name = basic.name(user.map(|user| &**user), &credentials.user_name);
    let urgency = match basic.guesses.begin(name, address, &tag, now) {
        Admission::Proven => Urgency::Proven,
        Admission::May { before } => Urgency::After(before),
        Admission::TooMany { wait_ms } => {
            let seconds = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
            audit_apart(shared, user, peer, AuditAction::Throttled);
            return Err(Refusal::too_many(Code::NotAuthenticated, seconds));
        }
    };
    let comparison = Comparison { password: credentials.password, stored, address, urgency };
    if basic.is_right(comparison, shared.engine().core().ids().random()).await?
        && let Some(user) = user
    {
        let known = KnownToComet::of(user);
        basic.right.put(tag, known.clone(), now.plus_ms(RIGHT_MS), now);
        basic.guesses.right(name, address, tag, now);
        if urgency != Urgency::Proven {
            audit(shared, Some(user), peer, AuditAction::PasswordRight).await;
        }
        return Ok((user.clone(), known));
    }
    basic.wrong.put(tag, (), now.plus_ms(WRONG_MS), now);
    audit_apart(shared, user, peer, AuditAction::PasswordWrong);
    Err(Refusal::not_authenticated())
}

/// Remembers things until a time.
struct Memory<K, V> {
    entries: Mutex<HashMap<K, (V, Time)>>,
}

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self { entries: Mutex::new(HashMap::new()) }
    }
}

impl<K: Hash + Eq, V: Clone> Memory<K, V> {
    fn get(&self, key: &K, now: Time) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|(_, until)| now < *until).map(|(value, _)| value.clone())
    }

    fn put(&self, key: K, value: V, until: Time, now: Time) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            entries.retain(|_, (_, until)| now < *until);
        }
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        entries.insert(key, (value, until));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use handoff_domain::UserId;

    use super::*;
    use crate::comet::sample_user as user;

    #[test]
    fn credentials_are_read_from_the_header_alone() {
        type Pair = Option<(&'static str, &'static str)>;
        let table: [(&str, Option<Pair>); 8] = [
            ("Basic a2F0ZTpzZWNyZXQ=", Some(Some(("kate", "secret")))),
            ("basic a2F0ZTpzZWNyZXQ=", Some(Some(("kate", "secret")))),
            ("Basic a2F0ZTphOmI=", Some(Some(("kate", "a:b")))),
            ("Basic a2F0ZTo=", Some(Some(("kate", "")))),
            ("Basic a2F0ZQ==", Some(None)),
            ("Basic ***", Some(None)),
            ("Bearer abc", None),
            ("Basic", None),
        ];
        for (header, wanted) in table {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(header));
            let found = credentials(&headers).map(|read| {
                read.ok().map(|credentials| {
                    (credentials.user_name.clone(), credentials.password.clone())
                })
            });
            let wanted = wanted
                .map(|pair| pair.map(|(name, password)| (name.to_owned(), password.to_owned())));
            assert_eq!(found, wanted, "{header}");
        }
    }

    #[test]
    fn a_memory_forgets_in_time_and_never_outgrows_its_bound() {
        let memory = Memory::default();
        memory.put(0, 7, Time(1_000), Time(0));
        assert_eq!((memory.get(&0, Time(999)), memory.get(&0, Time(1_000))), (Some(7), None));
        for key in 1..=2 * ENTRIES_MAX {
            memory.put(key, 1, Time(9_000), Time(2_000));
        }
        assert!(memory.entries.lock().expect("the lock").len() <= ENTRIES_MAX);
        assert_eq!(memory.get(&(2 * ENTRIES_MAX), Time(2_000)), Some(1), "the newest is there");
    }

    #[test]
    fn a_pair_is_another_one_once_the_logins_of_before_have_ended() {
        let basic = Basic::new([7; 32]);
        let pair = Credentials { user_name: "kate".to_owned(), password: "secret".to_owned() };
        let shifted = Credentials { user_name: "kates".to_owned(), password: "ecret".to_owned() };
        let kate = user(&[], true);
        let renewed = User { password_hash: Some("new".to_owned()), ..kate.clone() };
        let ended = User { logins_ended: 1, ..kate.clone() };
        let anew = User { id: UserId(kate.id.0 + 1), ..kate.clone() };
        for other in [&renewed, &ended, &anew] {
            assert_ne!(basic.tag(&pair, Some(&kate)), basic.tag(&pair, Some(other)));
        }
        assert_ne!(basic.tag(&pair, Some(&kate)), basic.tag(&shifted, Some(&kate)));
    }
}
