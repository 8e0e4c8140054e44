//! Tokens for programs: users make their own, and admins those of users of their contact center.
//! What a token is and how a request comes by one is in `auth`.

use std::collections::BTreeSet;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use handoff_domain::{TokenId, User, UserId};
use handoff_engine::Core;
use handoff_store::{
    ApiToken, AuditAction, ChangeSet, CommitError, Key, Put, Record, TokenScope, UserTokens,
    Version,
};
use serde::Serialize;

use crate::auth::{MadeToken, end_token, stored_tokens};
use crate::caller::{AdminInPerson, InPerson, Me};
use crate::commands::Answer;
use crate::error::{Code, Refusal};
use crate::request::{Id, Ids, JsonBody};
use crate::shared::Shared;
use crate::users::of_center;
use crate::wire::date;
use crate::wire::envelope::{Envelope, JsonText};
use crate::wire::fields::Fields;

/// Most tokens of a user: one for each program that acts for them.
const TOKENS_MAX: usize = 20;
/// Most bytes of a token's name.
const NAME_BYTES_MAX: usize = 100;
/// How long a token is good when nobody says, in days: a quarter, in which whoever made it is
/// mostly still there to make the next one.
const DAYS_DEFAULT: u64 = 90;
/// Most days that a token is good. What nobody renews for a year nobody looks after.
const DAYS_MAX: u64 = 365;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// How long whoever made too many waits, in s: the hour in which they are counted.
const RETRY_AFTER_S: u32 = 60 * 60;
/// How often somebody else may change the same user or their tokens in between.
const ATTEMPTS_MAX: usize = 8;

const SCOPES: [(&str, TokenScope); 4] = [
    ("read", TokenScope::Read),
    ("work", TokenScope::Work),
    ("submit", TokenScope::Submit),
    ("admin", TokenScope::Admin),
];

/// What a body says of a token that is to be made. Stands before the caller among a handler's
/// arguments.
pub(crate) struct NewToken {
    name: String,
    scopes: BTreeSet<TokenScope>,
    days: u64,
}

impl NewToken {
    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let name = fields.name("name")?.ok_or_else(|| fields.missing("name"))?;
        if name.trim().is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(Refusal::invalid(format!(
                "The field name must have 1 to {NAME_BYTES_MAX} bytes and not be blank; correct it."
            )));
        }
        let said = fields.texts("scopes")?.ok_or_else(|| fields.missing("scopes"))?;
        let scope = |said: &String| SCOPES.iter().find(|(name, _)| name == said).map(|it| it.1);
        let scopes: Option<BTreeSet<TokenScope>> = said.iter().map(scope).collect();
        let scopes = scopes.filter(|scopes| !scopes.is_empty()).ok_or_else(|| {
            Refusal::invalid(
                "The field scopes must list one or more of read, work, submit and admin; correct it.",
            )
        })?;
        let days = fields.count("expiresInDays")?.unwrap_or(DAYS_DEFAULT);
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(Refusal::invalid(format!(
                "The field expiresInDays must be 1 to {DAYS_MAX}; correct it."
            )));
        }
        Ok(Self { name, scopes, days })
    }
}

impl<S: Sync> FromRequestParts<S> for NewToken {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Self::read(JsonBody::from_request_parts(parts, state).await?.fields())
    }
}

/// `GET /me/tokens`
pub(crate) async fn list(State(shared): State<Shared>, InPerson(me): InPerson) -> Answer {
    shown(&shared, me.id()).await
}

/// `GET /users/{id}/tokens`
pub(crate) async fn list_of(
    State(shared): State<Shared>,
    AdminInPerson(me): AdminInPerson,
    Id(user): Id,
) -> Answer {
    let user = of_center(&shared.engine().core().directory(), &me, &user)?.id;
    shown(&shared, user).await
}

/// `POST /me/tokens`. It leaves no receipt, in which the token would be: of a repetition the name
/// is taken.
pub(crate) async fn make(
    State(shared): State<Shared>,
    new: NewToken,
    InPerson(me): InPerson,
) -> Answer {
    make_for(&shared, &me, me.id(), &new).await
}

/// `POST /users/{id}/tokens`
pub(crate) async fn make_of(
    State(shared): State<Shared>,
    new: NewToken,
    AdminInPerson(me): AdminInPerson,
    Id(user): Id,
) -> Answer {
    let user = of_center(&shared.engine().core().directory(), &me, &user)?.id;
    make_for(&shared, &me, user, &new).await
}

/// `DELETE /me/tokens/{id}`
pub(crate) async fn remove(
    State(shared): State<Shared>,
    InPerson(me): InPerson,
    Id(token): Id,
) -> Answer {
    remove_of_user(&shared, &me, me.id(), &token).await
}

/// `DELETE /users/{id}/tokens/{token}`
pub(crate) async fn remove_of(
    State(shared): State<Shared>,
    AdminInPerson(me): AdminInPerson,
    Ids(user, token): Ids,
) -> Answer {
    let user = of_center(&shared.engine().core().directory(), &me, &user)?.id;
    remove_of_user(&shared, &me, user, &token).await
}

/// A token as it is shown once it was made, without what is secret of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: String,
    name: &'a str,
    scopes: Vec<&'static str>,
    created: String,
    expires: String,
    last_used: Option<String>,
    expired: bool,
}

async fn shown(shared: &Shared, user: UserId) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct List<'a> {
        status_code: i32,
        tokens: Vec<Shown<'a>>,
    }
    let (UserTokens { tokens, .. }, _) = stored_tokens(shared, user).await?;
    let now = shared.engine().core().now();
    let one = |token: &ApiToken| {
        SCOPES.iter().filter(|it| token.scopes.contains(&it.1)).map(|it| it.0).collect()
    };
    let newest_first = tokens.iter().rev().map(|token| Shown {
        id: token.id.to_string(),
        name: &token.name,
        scopes: one(token),
        created: date::print(token.made),
        expires: date::print(token.expires),
        last_used: token.last_used.map(date::print),
        expired: token.expires <= now,
    });
    Ok(JsonText::of(&List { status_code: 0, tokens: newest_first.collect() }))
}

/// Makes a token for a user, and answers with it once it is durable.
async fn make_for(shared: &Shared, me: &Me, user: UserId, new: &NewToken) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Made {
        status_code: i32,
        id: String,
        token: String,
        expires: String,
    }
    let core = shared.engine().core();
    let (id, now) = (TokenId(core.ids().uuid()), core.now());
    let made = MadeToken::new(user, id, [core.ids().random(), core.ids().random()]);
    let token = ApiToken {
        id,
        name: new.name.clone(),
        hash: made.hash(),
        scopes: new.scopes.iter().copied().collect(),
        made: now,
        expires: now.plus_ms(new.days * DAY_MS),
        last_used: None,
    };
    let expires = date::print(token.expires);
    change(shared, me, user, AuditAction::TokenMade, |tokens| {
        // Those that open nothing any more make room.
        tokens.retain(|token| now < token.expires);
        if tokens.iter().any(|other| other.name == token.name) {
            let sentence = "There is a token of that name already; give it another name.";
            return Err(Refusal::new(Code::AlreadyExists, sentence));
        }
        if tokens.len() >= TOKENS_MAX {
            let sentence = format!("There are {TOKENS_MAX} tokens already; remove one first.");
            return Err(Refusal::new(Code::WrongState, sentence));
        }
        tokens.push(token.clone());
        Ok(())
    })
    .await?;
    let (id, token) = (id.to_string(), made.text());
    Ok(JsonText::of(&Made { status_code: 0, id, token, expires }))
}

/// Removes a token of a user, and what was opened by it.
async fn remove_of_user(shared: &Shared, me: &Me, user: UserId, token: &str) -> Answer {
    let no_token = || Refusal::not_found("token");
    let id: TokenId = token.parse().map_err(|_| no_token())?;
    let (it, me) = (shared.clone(), me.clone());
    // Whoever hangs up meanwhile has it removed, and what it opened ended, nevertheless.
    let removing = async move {
        let removed = change(&it, &me, user, AuditAction::TokenRemoved, |tokens| {
            let place = tokens.iter().position(|token| token.id == id).ok_or_else(no_token)?;
            Ok(tokens.remove(place))
        })
        .await?;
        end_token(&it, user, &removed);
        Ok(Envelope::Plain.success(None))
    };
    shared.engine().core().to_the_end(removing).await
}

/// Changes the tokens of a user, while they and the caller are as they are known to be.
async fn change<T>(
    shared: &Shared,
    me: &Me,
    user: UserId,
    action: AuditAction,
    decide: impl Fn(&mut Vec<ApiToken>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let core = shared.engine().core();
    let mut is_counted = false;
    for _ in 0..ATTEMPTS_MAX {
        core.reload_directory().await?;
        let (mut tokens, expected) = stored_tokens(shared, user).await?;
        let decided = decide(&mut tokens.tokens)?;
        // Each is on record for a year, so nobody makes them without end. Removing is never kept
        // from anybody: there is no more to remove than was made.
        if action == AuditAction::TokenMade && !is_counted {
            is_counted = true;
            if shared.comet().logins().on_record().count(user, action, core.now()).is_none() {
                return Err(Refusal::too_many(Code::WrongState, RETRY_AFTER_S));
            }
        }
        let change = change_set(core, me, (tokens, expected), action)?;
        match core.store().commit(change).await {
            Ok(_) => return Ok(decided),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(_) => {}
        }
    }
    Err(overtaken())
}

fn overtaken() -> Refusal {
    let sentence = "The user is being changed by somebody else at the same time; try again.";
    Refusal::new(Code::WrongState, sentence)
}

fn change_set(
    core: &Core,
    me: &Me,
    (tokens, expected): (UserTokens, Version),
    action: AuditAction,
) -> Result<ChangeSet, Refusal> {
    let directory = core.directory();
    let known = |id: UserId| directory.user(me.center(), id).filter(|user| may_go_on(me, user));
    let (user, myself) = (tokens.user, me.id());
    known(myself).ok_or_else(overtaken)?;
    let target = directory.user(me.center(), user).ok_or_else(overtaken)?;
    let entry = me.audits(core, action, target);
    let both = BTreeSet::from([user, myself]);
    let checks = both.into_iter().map(|id| directory.check(Key::User(id))).collect();
    let puts = vec![Put { record: Record::UserTokens(tokens), expected }, entry.put()];
    Ok(ChangeSet { puts, checks, ..ChangeSet::default() })
}

/// Tells whether a caller may do what they could when the request came.
fn may_go_on(me: &Me, now: &User) -> bool {
    now.enabled && now.roles == me.user.roles && now.logins_ended == me.user.logins_ended
}
