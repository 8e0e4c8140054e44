//! Changing one's own password.

use axum::response::{IntoResponse, Response};
use handoff_domain::User;
use handoff_provision::change_set;
use handoff_store::{AuditTool, CommitError, Extent, Key, Put, Record};

use crate::caller::Me;
use crate::error::{Code, Refusal};
use crate::password;
use crate::shared::Shared;
use crate::wire::envelope::Envelope;
use crate::wire::fields::Fields;

/// Fewest characters of a password: what a guesser needs at ten tries a minute is far beyond this,
/// and what a stolen hash withstands begins about here.
const CHARS_MIN: usize = 10;
/// How often somebody else may change the same user in between.
const ATTEMPTS_MAX: usize = 4;
/// What the commonest passwords are made of, in small letters.
const COMMON: [&str; 48] = [
    "handoff",
    "password",
    "passwort",
    "passwd",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "qwertyuiop",
    "qwerty",
    "qwertz",
    "azerty",
    "asdfghjkl",
    "asdfgh",
    "zxcvbnm",
    "1q2w3e4r5t",
    "1q2w3e4r",
    "1qaz2wsx",
    "q1w2e3r4",
    "qazwsxedc",
    "letmein",
    "welcome",
    "willkommen",
    "bienvenue",
    "bienvenido",
    "iloveyou",
    "iloveu",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "basketball",
    "superman",
    "batman",
    "dragon",
    "monkey",
    "shadow",
    "master",
    "michael",
    "jennifer",
    "jordan",
    "hunter",
    "trustno",
    "whatever",
    "starwars",
    "pokemon",
    "changeme",
    "secret",
    "demo",
];

/// What a body wants: the password that one has, and the one that is to be.
pub(crate) struct NewPassword {
    present: String,
    new: String,
}

impl NewPassword {
    pub(crate) fn read(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let text = |name: &'static str| fields.text(name)?.ok_or_else(|| fields.missing(name));
        let (present, new) = (text("password")?, text("newPassword")?);
        if let Some(why) = weakness(&new) {
            return Err(Refusal::invalid(format!("The field newPassword {why}; choose another.")));
        }
        Ok(Self { present, new })
    }

    /// Changes the caller's password. All their logins end but the one that this request came by,
    /// which goes on under a new cookie.
    pub(crate) async fn change(self, shared: &Shared, me: &Me) -> Result<Response, Refusal> {
        if is_made_of(&self.new, &[&me.user.user_name, &me.user.first_name, &me.user.last_name]) {
            let why = "The field newPassword is your name; choose another.";
            return Err(Refusal::invalid(why));
        }
        me.authenticated().prove_again(self.present.clone()).await?;
        if self.present == self.new {
            let why = "The field newPassword is the password that you have; choose another.";
            return Err(Refusal::invalid(why));
        }
        let new = self.new;
        let hashed = tokio::task::spawn_blocking(move || password::hash(&new)).await;
        let hash = hashed.map_err(|_| Refusal::internal())?.map_err(|_| Refusal::internal())?;
        let user = put(shared, me, &hash).await?;
        let mut response = Envelope::Plain.success(None).into_response();
        me.authenticated().renew(&user, &mut response);
        Ok(response)
    }
}

/// Stores a caller's new password, unless another one was stored since they proved theirs.
async fn put(shared: &Shared, me: &Me, hash: &str) -> Result<User, Refusal> {
    let changed = || {
        let why = "Your account was changed at the same time; sign in and try again.";
        Refusal::new(Code::WrongState, why)
    };
    let core = shared.engine().core();
    for _ in 0..ATTEMPTS_MAX {
        core.reload_directory().await?;
        let directory = core.directory();
        let known = directory.user(me.center(), me.id()).ok_or_else(changed)?;
        let is_same = known.password_hash == me.user.password_hash
            && known.logins_ended == me.user.logins_ended
            && known.enabled;
        if !is_same {
            return Err(changed());
        }
        let user = User::clone(known).with_own_password(hash.to_owned());
        let expected = directory.version(&Key::User(me.id()));
        let guard = directory.guard(me.center(), Extent::Checked);
        let by = me.by(core.now(), AuditTool::Request);
        let puts = vec![Put { record: Record::User(user.clone()), expected }];
        match core.store().commit(change_set(&directory, guard, &by, puts, Vec::new())).await {
            Ok(_) => {
                shared.directory_changed().await;
                return Ok(user);
            }
            Err(CommitError::Conflict { .. }) => {}
            Err(CommitError::Timer(_) | CommitError::Receipt(_)) => return Err(changed()),
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
    Err(changed())
}

/// Refuses a password that an admin gives somebody and that is easily guessed.
pub(crate) fn expect_strong(password: &str, names: &[&str]) -> Result<(), Refusal> {
    let names = || is_made_of(password, names).then(|| "is the user's name".to_owned());
    match weakness(password).or_else(names) {
        Some(why) => Err(Refusal::invalid(format!("The field password {why}; choose another."))),
        None => Ok(()),
    }
}

/// Says why a password is easily guessed, or is none that can be kept.
fn weakness(password: &str) -> Option<String> {
    if password.chars().count() < CHARS_MIN {
        return Some(format!("has fewer than {CHARS_MIN} characters"));
    }
    if password.len() > password::BYTES_MAX {
        return Some(format!("has more than {} bytes", password::BYTES_MAX));
    }
    let is_weak = is_row(password) || is_made_of(password, &COMMON);
    is_weak.then(|| "is one of those that are tried first".to_owned())
}

/// Tells whether a password is letters, digits or keys in a row, one again and again, or a few
/// repeated.
fn is_row(password: &str) -> bool {
    let lower: Vec<char> = password.to_lowercase().chars().collect();
    let mut distances: Vec<i64> = lower
        .windows(2)
        .map(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0])))
        .collect();
    // A row of digits goes on with 0 after 9, and the other way round.
    for distance in &mut distances {
        *distance = match *distance {
            -9 => 1,
            9 => -1,
            other => other,
        };
    }
    distances.dedup();
    let repeats = |length: usize| {
        lower.iter().zip(lower.iter().skip(length)).all(|(first, second)| first == second)
    };
    distances.len() <= 1 || (1..=lower.len() / 2).any(repeats)
}

/// Tells whether nothing is left of a password but digits, marks and blanks when those words are
/// taken out.
fn is_made_of(password: &str, words: &[&str]) -> bool {
    let mut rest = password.to_lowercase();
    for word in words.iter().filter(|word| word.chars().count() > 1) {
        rest = rest.replace(&word.to_lowercase(), "");
    }
    let was_there = rest.len() < password.to_lowercase().len();
    let is_marks = |rest: &str| !rest.chars().any(char::is_alphabetic);
    is_marks(&rest) && (was_there || rest.chars().count() < CHARS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_first_is_refused() {
        for weak in [
            "short",
            "ninechars",
            "1234567890",
            "0987654321",
            "abcdefghijkl",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "password123",
            "Password123!",
            "QwertyUiop",
            "1q2w3e4r5t6",
            "handoff-demo",
            "letmein-2026",
            "welcomewelcome",
        ] {
            assert!(weakness(weak).is_some(), "{weak}");
        }
        for good in ["correct horse", "kühl & blau 7", "passport of kim", "8162403957"] {
            assert_eq!(weakness(good), None, "{good}");
        }
        assert!(is_made_of("Kate-Lund-2026", &["kate", "Kate", "Lund"]));
        assert!(weakness(&"ab1 ".repeat(40)).is_some(), "more than can be compared");
    }
}
