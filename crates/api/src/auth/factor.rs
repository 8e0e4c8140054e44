//! Second factors: codes that a user's device computes from the time (RFC 6238), and recovery codes
//! for when it is lost.
//!
//! What was taken is stored before it lets anybody in, guarded by the record's version: of two who
//! bring one code, on whichever nodes, one is refused. Wrong codes are counted there as well, so
//! that nobody has more tries by asking another node.

use axum::http::HeaderName;
use axum::http::request::Parts;
use handoff_domain::{Time, User, UserId};
use handoff_store::{
    AuditAction, AuditEntry, AuditSource, AuditTarget, AuditTool, ChangeSet, Check, CommitError,
    Key, Put, Record, SecondFactor, StoreError, Version, Versioned,
};
use totp_rs::{Builder, Secret, Totp};

use crate::error::{Code, Refusal};
use crate::hex::sha256;
use crate::peer::PeerAddress;
use crate::shared::Shared;

/// The header that brings a code with a password.
const HEADER: HeaderName = HeaderName::from_static("x-second-factor");
/// Wrong codes within [`WINDOW_MS`]: by 480 tries a day one of a million codes, of which three are
/// good at a time, is found in two years.
const WRONG_MAX: usize = 5;
/// The window in which wrong codes are counted, in ms: a quarter of an hour.
const WINDOW_MS: u64 = 15 * 60 * 1_000;
/// How often others may change the same user in between.
const ATTEMPTS_MAX: usize = 8;

/// Returns what computes a secret's codes: of six digits, for 30 s, with SHA-1, one step early or
/// late, as every device has it.
pub(crate) fn totp(secret: &[u8]) -> Totp {
    Builder::new().with_secret(Secret::new(secret.into())).build_noncompliant()
}

/// Proves whoever brings a user's password once more, by the code that comes with it.
///
/// # Errors
///
/// Code 20, saying whether a code is missing or wrong; with 429 after too many wrong ones.
pub(super) async fn prove(shared: &Shared, user: &User, request: &Parts) -> Result<(), Refusal> {
    let given = request.headers.get(&HEADER).and_then(|value| value.to_str().ok());
    let code = given.ok_or_else(|| {
        let why = "Give the code of your second factor, too, in the header X-Second-Factor; programs use a token.";
        refused("required", why)
    })?;
    let address = request.extensions.get::<PeerAddress>().map(|peer| peer.printed());
    for _ in 0..ATTEMPTS_MAX {
        let directory = shared.engine().core().directory();
        // Whoever has another password now, or is nobody any more, was not who this one proved.
        if directory.users.get(&user.id).is_none_or(|it| it.password_hash != user.password_hash) {
            return Err(Refusal::not_authenticated());
        }
        let check = directory.check(Key::User(user.id));
        let Some((factor, version)) = stored(shared, user.id).await? else {
            // It was ended a moment ago, of which this node hears now.
            return Err(Refusal::unavailable());
        };
        let taken = take(&factor, code, shared.engine().core().now())?;
        let entry = taken.audited().map(|action| entry(shared, user, action, address.clone()));
        if put(shared, check, (taken.factor().clone(), version), entry).await? {
            return taken.or_refused().map(drop);
        }
    }
    Err(Refusal::unavailable())
}

fn refused(what: &'static str, why: &str) -> Refusal {
    Refusal { second_factor: Some(what), ..Refusal::new(Code::NotAuthenticated, why) }
}

fn entry(shared: &Shared, user: &User, action: AuditAction, address: Option<String>) -> AuditEntry {
    let core = shared.engine().core();
    let apart = u64::try_from(core.ids().random() >> 64).unwrap_or_default();
    let source = AuditSource { address, ..AuditSource::operator(AuditTool::Request) };
    AuditEntry::of(user.center, core.now(), apart, action, source).on(AuditTarget::user(user))
}

/// What became of a code; the factor afterwards is to be stored in any case.
pub(crate) enum Taken {
    Code(SecondFactor),
    Recovery(SecondFactor),
    Wrong(SecondFactor),
}

impl Taken {
    pub(crate) const fn factor(&self) -> &SecondFactor {
        match self {
            Self::Code(factor) | Self::Recovery(factor) | Self::Wrong(factor) => factor,
        }
    }

    /// Returns what of it is on record.
    pub(crate) const fn audited(&self) -> Option<AuditAction> {
        match self {
            Self::Code(_) => None,
            Self::Recovery(_) => Some(AuditAction::RecoveryCodeUsed),
            Self::Wrong(_) => Some(AuditAction::CodeWrong),
        }
    }

    /// Returns the factor of whoever brought a right code.
    ///
    /// # Errors
    ///
    /// Code 20 when it was wrong.
    pub(crate) fn or_refused(self) -> Result<SecondFactor, Refusal> {
        match self {
            Self::Code(factor) | Self::Recovery(factor) => Ok(factor),
            Self::Wrong(_) => {
                let why = "The code is wrong or was used; wait for the next one, or give a recovery code.";
                Err(refused("wrong", why))
            }
        }
    }
}

/// Takes a code, which then is good no more.
///
/// # Errors
///
/// 429 when too many were wrong, and then nothing was compared.
pub(crate) fn take(factor: &SecondFactor, code: &str, now: Time) -> Result<Taken, Refusal> {
    let mut after = factor.clone();
    after.wrong.retain(|at| now.ms_since(*at) < WINDOW_MS);
    if after.wrong.len() >= WRONG_MAX {
        let since = after.wrong.first().map_or(0, |at| now.ms_since(*at));
        let seconds = WINDOW_MS.saturating_sub(since).div_ceil(1_000);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX).max(1);
        return Err(Refusal::too_many(Code::NotAuthenticated, seconds));
    }
    let now_s = u64::try_from(now.0 / 1_000).unwrap_or(0);
    let step = totp(&factor.secret).check(code.trim(), now_s);
    if let Some(step) = step.filter(|step| *step > factor.last_step) {
        return Ok(Taken::Code(SecondFactor { last_step: step, wrong: Vec::new(), ..after }));
    }
    let hash = code_of(code);
    if let Some(place) = after.recovery.iter().position(|kept| *kept == hash) {
        after.recovery.remove(place);
        return Ok(Taken::Recovery(SecondFactor { wrong: Vec::new(), ..after }));
    }
    after.wrong.push(now);
    Ok(Taken::Wrong(after))
}

/// Returns what is kept of a recovery code, however it is written.
pub(crate) fn code_of(written: &str) -> String {
    let letters: String = written.chars().filter(char::is_ascii_alphanumeric).collect();
    sha256(letters.to_ascii_lowercase())
}

/// Returns a user's second factor, confirmed or not, and how often it was written.
///
/// # Errors
///
/// The store's own.
pub(crate) async fn stored(
    shared: &Shared,
    user: UserId,
) -> Result<Option<(SecondFactor, Version)>, StoreError> {
    let found = shared.engine().core().store().load_one(&Key::SecondFactor(user)).await?;
    Ok(match found {
        Some(Versioned { value: Record::SecondFactor(factor), version }) => Some((factor, version)),
        _ => None,
    })
}

/// Stores what became of a factor, while its user is as they were seen; tells whether it was.
pub(crate) async fn put(
    shared: &Shared,
    user: Check,
    (factor, expected): (SecondFactor, Version),
    entry: Option<AuditEntry>,
) -> Result<bool, StoreError> {
    let store = shared.engine().core().store();
    let put = Put { record: Record::SecondFactor(factor), expected };
    let puts = std::iter::once(put).chain(entry.map(AuditEntry::put)).collect();
    let checks = vec![user];
    match store.commit(ChangeSet { puts, checks, ..ChangeSet::default() }).await {
        Ok(_) => Ok(true),
        Err(CommitError::Store(error)) => Err(error),
        Err(_) => {
            shared.engine().core().reload_directory().await?;
            Ok(false)
        }
    }
}
