//! Second factors: users enrol their device and end it, and admins end that of users who lost it.
//! Where a code is asked for is in `auth`.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use handoff_domain::{User, UserId};
use handoff_provision::change_set;
use handoff_store::{
    AuditTool, ChangeSet, CommitError, Extent, Key, Put, Record, Removal, SecondFactor,
};
use serde::Serialize;

use crate::auth::{code_of, put_factor, stored_factor, take, totp};
use crate::caller::{AdminInPerson, InPerson, Me};
use crate::commands::Answer;
use crate::error::{Code, Refusal};
use crate::request::{Id, JsonBody, unknown_operation};
use crate::shared::Shared;
use crate::users::of_center;
use crate::wire::envelope::{Envelope, JsonText};

/// Recovery codes of a user.
const RECOVERY_CODES: usize = 10;
/// What they are made of: digits and small letters, but for those that are taken for others. Their
/// number is a power of two, so that random bits choose evenly.
const LETTERS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
/// Letters of a recovery code: 80 random bits, of which one fast hash may be kept.
const RECOVERY_LETTERS: usize = 16;
/// Bytes of a secret, as RFC 4226 recommends (section 4).
const SECRET_LEN: usize = 20;
/// Who asks for the code, as devices show it.
const ISSUER: &str = "Handoff";
/// How often somebody else may change the same user in between.
const ATTEMPTS_MAX: usize = 8;

/// What a body wants. Stands before the caller among a handler's arguments.
pub(crate) enum Wish {
    Enrol { password: String },
    Confirm { code: String },
    Remove { password: String, code: String },
}

impl<S: Sync> FromRequestParts<S> for Wish {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let text = |name: &str| body.fields().required_text(name);
        match body.operation_name()?.as_str() {
            "Enrol" => Ok(Self::Enrol { password: text("password")? }),
            "Confirm" => Ok(Self::Confirm { code: text("code")? }),
            "Remove" => Ok(Self::Remove { password: text("password")?, code: text("code")? }),
            other => Err(unknown_operation(other)),
        }
    }
}

/// `GET /me/second-factor`
pub(crate) async fn get(State(shared): State<Shared>, InPerson(me): InPerson) -> Answer {
    shown(&shared, &me.user).await
}

/// `GET /users/{id}/second-factor`
pub(crate) async fn get_of(
    State(shared): State<Shared>,
    AdminInPerson(me): AdminInPerson,
    Id(user): Id,
) -> Answer {
    let user = of_center(&shared.engine().core().directory(), &me, &user)?;
    shown(&shared, &user).await
}

/// `DELETE /users/{id}/second-factor`: for whoever lost their device and their recovery codes.
pub(crate) async fn reset(
    State(shared): State<Shared>,
    AdminInPerson(me): AdminInPerson,
    Id(user): Id,
) -> Answer {
    let user = of_center(&shared.engine().core().directory(), &me, &user)?;
    if user.id == me.id() {
        let why = "Your own second factor is removed by POST /me/second-factor, with your password and a code.";
        return Err(Refusal::new(Code::NoPermission, why));
    }
    if !user.second_factor {
        return Err(Refusal::not_found("second factor"));
    }
    switch(&shared, &me, user.id, None).await?;
    Ok(Envelope::Plain.success(None))
}

/// `POST /me/second-factor`
pub(crate) async fn operate(
    State(shared): State<Shared>,
    wish: Wish,
    InPerson(me): InPerson,
) -> Result<Response, Refusal> {
    match wish {
        Wish::Enrol { password } => Ok(enrol(&shared, &me, password).await?.into_response()),
        Wish::Confirm { code } => confirm(&shared, &me, &code).await,
        Wish::Remove { password, code } => {
            remove(&shared, &me, password, &code).await.map(IntoResponse::into_response)
        }
    }
}

async fn shown(shared: &Shared, user: &User) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Shown {
        status_code: i32,
        enabled: bool,
        recovery_codes_left: usize,
    }
    let stored = stored_factor(shared, user.id).await?.filter(|_| user.second_factor);
    let recovery_codes_left = stored.map_or(0, |(factor, _)| factor.recovery.len());
    let enabled = user.second_factor;
    Ok(JsonText::of(&Shown { status_code: 0, enabled, recovery_codes_left }))
}

/// Makes a secret for the caller's device. It is asked for once they have confirmed it.
async fn enrol(shared: &Shared, me: &Me, password: String) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Enrolled {
        status_code: i32,
        secret: String,
        uri: String,
    }
    me.authenticated().prove_again(password).await?;
    let ids = shared.engine().core().ids();
    let random = [ids.random().to_be_bytes(), ids.random().to_be_bytes()].concat();
    let secret = random[..SECRET_LEN].to_vec();
    let text = totp(&secret).secret().to_base32();
    for _ in 0..ATTEMPTS_MAX {
        let directory = shared.engine().core().directory();
        if directory.users.get(&me.id()).is_none_or(|it| it.second_factor) {
            let why = "You have a second factor already; remove it first.";
            return Err(Refusal::new(Code::WrongState, why));
        }
        let expected = stored_factor(shared, me.id()).await?.map_or(0, |(_, version)| version);
        let factor = SecondFactor { secret: secret.clone(), ..SecondFactor::of(me.id()) };
        let check = directory.check(Key::User(me.id()));
        if put_factor(shared, check, (factor, expected), None).await? {
            let name = url::form_urlencoded::byte_serialize(me.user.user_name.as_bytes());
            let name = name.collect::<String>().replace('+', "%20");
            let uri = format!("otpauth://totp/{ISSUER}:{name}?secret={text}&issuer={ISSUER}");
            return Ok(JsonText::of(&Enrolled { status_code: 0, secret: text, uri }));
        }
    }
    Err(overtaken())
}

/// Takes the first code of the caller's device, from which on codes are asked for. All their logins
/// end but the one that this request came by, which goes on under a new cookie.
async fn confirm(shared: &Shared, me: &Me, code: &str) -> Result<Response, Refusal> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Confirmed {
        status_code: i32,
        recovery_codes: Vec<String>,
    }
    let factor = take_stored(shared, me, code, |user| !user.second_factor).await?;
    let ids = shared.engine().core().ids();
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code(ids.random())).collect();
    let recovery = codes.iter().map(|code| code_of(code)).collect();
    let factor = SecondFactor { recovery, ..factor };
    let user = switch(shared, me, me.id(), Some(factor)).await?;
    let body = JsonText::of(&Confirmed { status_code: 0, recovery_codes: codes });
    let mut response = body.into_response();
    me.authenticated().renew(&user, &mut response);
    Ok(response)
}

async fn remove(shared: &Shared, me: &Me, password: String, code: &str) -> Answer {
    me.authenticated().prove_again(password).await?;
    take_stored(shared, me, code, |user| user.second_factor).await?;
    switch(shared, me, me.id(), None).await?;
    Ok(Envelope::Plain.success(None))
}

/// Takes a code of the caller's device, which then is good no more.
async fn take_stored(
    shared: &Shared,
    me: &Me,
    code: &str,
    is_due: impl Fn(&User) -> bool,
) -> Result<SecondFactor, Refusal> {
    let core = shared.engine().core();
    for _ in 0..ATTEMPTS_MAX {
        let directory = core.directory();
        let user = directory.user(me.center(), me.id()).cloned();
        let stored = stored_factor(shared, me.id()).await?;
        let due = stored.filter(|_| user.is_some_and(|user| is_due(&user)));
        let (factor, version) = due.ok_or_else(|| {
            let why = "There is no second factor to which a code would belong now; look at GET /me/second-factor.";
            Refusal::new(Code::WrongState, why)
        })?;
        let taken = take(&factor, code, core.now())?;
        let told = taken.audited().map(|action| me.audits(core, action, &me.user));
        let check = directory.check(Key::User(me.id()));
        if put_factor(shared, check, (taken.factor().clone(), version), told).await? {
            return taken.or_refused().map_err(|_| {
                Refusal::invalid("The field code is not the present code; give the next one.")
            });
        }
    }
    Err(overtaken())
}

/// Begins to ask a user for a factor, or ends it, and returns them as they are then.
async fn switch(
    shared: &Shared,
    me: &Me,
    whose: UserId,
    factor: Option<SecondFactor>,
) -> Result<User, Refusal> {
    let core = shared.engine().core();
    for _ in 0..ATTEMPTS_MAX {
        core.reload_directory().await?;
        let stored = stored_factor(shared, whose).await?;
        let directory = core.directory();
        let before = directory.user(me.center(), whose).ok_or_else(overtaken)?;
        let is_still = directory.user(me.center(), me.id()).is_some_and(|it| {
            it.enabled && it.roles == me.user.roles && it.logins_ended == me.user.logins_ended
        });
        // Whoever enrolled again meanwhile has another secret than the one that was confirmed.
        let is_same = |now: &SecondFactor| factor.as_ref().is_none_or(|it| it.secret == now.secret);
        if !is_still || (factor.is_some() && !stored.as_ref().is_some_and(|(it, _)| is_same(it))) {
            return Err(overtaken());
        }
        let user = User { second_factor: factor.is_some(), ..User::clone(before) };
        let user = user.in_place_of(before);
        let (key, expected) = (Key::SecondFactor(whose), stored.map_or(0, |(_, version)| version));
        let put = Put {
            record: Record::User(user.clone()),
            expected: directory.version(&Key::User(whose)),
        };
        let (puts, removals) = match factor.clone() {
            Some(factor) => {
                (vec![put, Put { record: Record::SecondFactor(factor), expected }], Vec::new())
            }
            None if expected == 0 => (vec![put], Vec::new()),
            None => (vec![put], vec![Removal { key, version: expected }]),
        };
        let (guard, by) =
            (directory.guard(me.center(), Extent::Checked), me.by(core.now(), AuditTool::Request));
        let change = change_set(&directory, guard, &by, puts, removals);
        let checks =
            if whose == me.id() { Vec::new() } else { vec![directory.check(Key::User(me.id()))] };
        match core.store().commit(ChangeSet { checks, ..change }).await {
            Ok(_) => {
                shared.directory_changed().await;
                return Ok(user);
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(_) => {}
        }
    }
    Err(overtaken())
}

fn overtaken() -> Refusal {
    let why = "The user is being changed at the same time; look at what is there and try again.";
    Refusal::new(Code::WrongState, why)
}

/// Spells random bits in groups of four letters.
fn recovery_code(random: u128) -> String {
    let mut code = String::with_capacity(RECOVERY_LETTERS + 3);
    for place in 0..RECOVERY_LETTERS {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        let letter = usize::try_from((random >> (5 * place)) & 31).unwrap_or_default();
        code.push(char::from(LETTERS[letter]));
    }
    code
}
