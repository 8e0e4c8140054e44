//! Tokens of users for programs (`Authorization: Bearer hnd_…`, docs/api/sign-in.md).
//!
//! A token says whose it is and which, so that it is found by a key, and has 256 random bits, so
//! that one fast hash is enough to keep of it. It is looked up with each request: what is removed
//! opens nothing from then on, on any node.
//!
//! What is no such token may be one of a provider's (`provided`): it has two dots, which no token
//! made here has.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use handoff_domain::{Time, TokenId, User, UserId};
use handoff_engine::{Directory, OpenLogin};
use handoff_store::{
    ApiToken, ChangeSet, Key, Put, Record, StoreError, TokenScope, UserTokens, Version, Versioned,
};

use super::Gate;
use super::ticket::is_same;
use crate::comet::identity::{identity_of, login_of};
use crate::error::{Code, Refusal};
use crate::hex::sha256;
use crate::options::SignInProvider;
use crate::shared::Shared;

/// What a token begins with, so that whoever looks for secrets in files finds it.
const PREFIX: &str = "hnd_";
const SCHEME: &str = "Bearer";
/// Ids of a user and a token, and 256 random bits.
const LEN: usize = 16 + 16 + 32;
/// How old the stored time of the last use may be, in ms: without it every request would be a
/// write.
const LAST_USED_MS_MAX: u64 = 5 * 60 * 1_000;
/// The sentence for a token that may not do what it is sent with.
const NOT_IN_SCOPE: &str =
    "The token's scopes do not allow this operation; make one with the scope that it needs.";

/// A token in full, as its user is shown it once.
pub(crate) struct MadeToken {
    bytes: [u8; LEN],
}

impl MadeToken {
    /// Makes one of 256 bits that are random.
    pub(crate) fn new(user: UserId, id: TokenId, random: [u128; 2]) -> Self {
        let mut bytes = [0; LEN];
        let parts = [user.0, id.0, random[0], random[1]];
        for (slot, part) in bytes.chunks_exact_mut(16).zip(parts) {
            slot.copy_from_slice(&part.to_be_bytes());
        }
        Self { bytes }
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        Some(Self { bytes: bytes.try_into().ok()? })
    }

    /// Returns it as it is sent.
    pub(crate) fn text(&self) -> String {
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(self.bytes))
    }

    /// Returns what is kept of it.
    pub(crate) fn hash(&self) -> String {
        sha256(self.bytes)
    }

    fn id_at(&self, place: usize) -> u128 {
        let mut id = [0; 16];
        id.copy_from_slice(&self.bytes[16 * place..16 * (place + 1)]);
        u128::from_be_bytes(id)
    }

    fn user(&self) -> UserId {
        UserId(self.id_at(0))
    }

    fn id(&self) -> TokenId {
        TokenId(self.id_at(1))
    }
}

/// A token as a request brings it.
pub(super) enum Sent {
    /// One that was made here.
    Own(MadeToken),
    /// One of a provider's, which is not proven.
    Provided(String),
}

/// What is known of a token that a request came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ByToken {
    /// Which it is; `None` of a provider's, which are stored nowhere.
    id: Option<TokenId>,
    scopes: Arc<[TokenScope]>,
    expires: Time,
}

impl ByToken {
    /// Returns what is known of one of a provider's.
    pub(super) fn provided(scopes: &[TokenScope], expires: Time) -> Self {
        Self { id: None, scopes: scopes.into(), expires }
    }

    pub(crate) const fn id(&self) -> Option<TokenId> {
        self.id
    }

    pub(super) const fn expires(&self) -> Time {
        self.expires
    }

    /// Returns by what it is known that something was opened by it.
    pub(super) fn login(&self) -> String {
        match self.id {
            Some(id) => OpenLogin::id_of_token(id, self.expires),
            None => OpenLogin::id_of_provided(self.expires),
        }
    }

    /// Refuses what none of these scopes allows.
    pub(crate) fn expect_any(&self, scopes: &[TokenScope]) -> Result<(), Refusal> {
        if self.scopes.iter().any(|scope| scopes.contains(scope)) {
            return Ok(());
        }
        Err(Refusal::new(Code::NoPermission, NOT_IN_SCOPE))
    }

    /// Refuses whatever may not read.
    pub(crate) fn expect_reads(&self) -> Result<(), Refusal> {
        self.expect_any(&[TokenScope::Read, TokenScope::Work, TokenScope::Admin])
    }
}

/// Reads the token of a request; `None` when it carries none, an error when it cannot be read.
/// What others call a bearer's is not looked at, unless a provider's tokens are taken and it has
/// the form of one.
pub(super) fn sent(
    headers: &HeaderMap,
    providers: &[SignInProvider],
) -> Option<Result<Sent, Refusal>> {
    let (scheme, text) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let (is_bearer, text) = (scheme.eq_ignore_ascii_case(SCHEME), text.trim());
    if !is_bearer {
        return None;
    }
    if text.starts_with(PREFIX) {
        let made = MadeToken::parse(text).map(Sent::Own);
        return Some(made.ok_or_else(Refusal::not_authenticated));
    }
    let are_taken = providers.iter().any(|it| it.provider.takes_tokens());
    let is_provided = are_taken && text.split('.').count() == 3;
    is_provided.then(|| Ok(Sent::Provided(text.to_owned())))
}

/// Returns the user whose token this is, and what it may be used for.
///
/// # Errors
///
/// Code 20 when it is nobody's any more; the store's own.
pub(super) async fn verify(gate: &Gate, sent: &MadeToken) -> Result<(Arc<User>, ByToken), Refusal> {
    let core = gate.shared().engine().core();
    let (directory, now) = (core.directory(), core.now());
    let user = directory.users.get(&sent.user()).filter(|user| user.enabled);
    let user = user.ok_or_else(Refusal::not_authenticated)?;
    let (tokens, version) = stored(gate.shared(), user.id).await?;
    let hash = sent.hash();
    let is_sent = |token: &&ApiToken| {
        token.id == sent.id()
            && now < token.expires
            && is_same(token.hash.as_bytes(), hash.as_bytes())
    };
    let token = tokens.tokens.iter().find(is_sent).ok_or_else(Refusal::not_authenticated)?;
    let (id, scopes) = (token.id, token.scopes.clone().into());
    let known = ByToken { id: Some(id), scopes, expires: token.expires };
    if token.last_used.is_none_or(|used| now.ms_since(used) > LAST_USED_MS_MAX) {
        note_use(gate.shared(), tokens, version, id, &directory).await;
    }
    Ok((user.clone(), known))
}

/// Notes that a token was used, while it and its user are as they were seen.
async fn note_use(
    shared: &Shared,
    mut tokens: UserTokens,
    expected: Version,
    id: TokenId,
    directory: &Directory,
) {
    let core = shared.engine().core();
    let checks = vec![directory.check(Key::User(tokens.user))];
    for token in tokens.tokens.iter_mut().filter(|token| token.id == id) {
        token.last_used = Some(core.now());
    }
    let puts = vec![Put { record: Record::UserTokens(tokens), expected }];
    // Of a use at the same time, or of a store that cannot take it now, the next one tells.
    drop(core.store().commit(ChangeSet { puts, checks, ..ChangeSet::default() }).await);
}

/// Returns the tokens of a user, and how often they were written.
///
/// # Errors
///
/// The store's own.
pub(crate) async fn stored(
    shared: &Shared,
    user: UserId,
) -> Result<(UserTokens, Version), StoreError> {
    let found = shared.engine().core().store().load_one(&Key::UserTokens(user)).await?;
    Ok(match found {
        Some(Versioned { value: Record::UserTokens(tokens), version }) => (tokens, version),
        _ => (UserTokens { user, tokens: Vec::new() }, 0),
    })
}

/// Ends what was opened by a token that is durably gone, here and on other nodes.
pub(crate) fn end_token(shared: &Shared, user: UserId, token: &ApiToken) {
    end_opened(shared, user, &OpenLogin::id_of_token(token.id, token.expires));
    shared.engine().core().tell_of_ended_login();
}

fn end_opened(shared: &Shared, user: UserId, login: &str) {
    shared.comet().logins().ended(login);
    shared.comet().server().end_login(&identity_of(user), &login_of(login));
}

/// Ends what was opened by a caller's token if that is gone. What cannot be read now, the engine
/// looks at within half a minute.
pub(super) async fn end_what_is_left(gate: &Gate, user: &User, token: &ByToken) {
    let (shared, now) = (gate.shared(), gate.shared().engine().core().now());
    if let Some(id) = token.id
        && let Ok((tokens, _)) = stored(shared, user.id).await
        && !tokens.alive(id, now)
    {
        end_opened(shared, user.id, &token.login());
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_is_read_as_it_is_written_and_in_no_other_way() {
        let made = MadeToken::new(UserId(7), TokenId(8), [u128::MAX, 9]);
        let text = made.text();
        assert_eq!(text.len(), 4 + 86);
        let of = |header: String| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_str(&header).unwrap());
            sent(&headers, &[]).map(|read| match read.ok()? {
                Sent::Own(it) => Some((it.user(), it.id(), it.hash())),
                Sent::Provided(_) => panic!("no provider is known"),
            })
        };
        let known = Some(Some((UserId(7), TokenId(8), made.hash())));
        assert_eq!(of(format!("Bearer {text}")), known);
        assert_eq!(of(format!("bearer  {text} ")), known);
        assert_eq!(of(format!("Basic {text}")), None);
        for others in [&text[1..], "x", "a.b.c"] {
            assert_eq!(of(format!("Bearer {others}")), None, "{others}");
        }
        for wrong in [&text[..89], &format!("{text}A"), "hnd_"] {
            assert_eq!(of(format!("Bearer {wrong}")), Some(None), "{wrong}");
        }
    }
}
