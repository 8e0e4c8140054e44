//! A password for somebody who is locked out: a door of the socket in the data directory, for
//! whoever operates the machine.

use axum::Json;
use axum::extract::State;
use handoff_domain::Time;
use handoff_provision::{By, NotReplaced, replace_password};
use handoff_store::{AuditTool, Store};
use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::password;
use crate::shared::Shared;

/// Where the door is at the socket.
pub const PATH: &str = "/password";
/// What a password is made of: digits and small letters, but for those that are taken for others.
const LETTERS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
/// Letters of a group, and groups: 2^79 passwords.
const GROUP: usize = 4;
const GROUPS: usize = 4;

/// Who is locked out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LostPassword {
    pub user_name: String,
}

/// Nobody got a password.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    #[error("the password could not be hashed; there may be no memory for it")]
    Unhashed,
    #[error(transparent)]
    NotReplaced(#[from] NotReplaced),
}

/// The password that they have until they sign in.
#[derive(Serialize, Deserialize)]
pub struct MadePassword {
    pub password: String,
}

/// `POST /password` at the socket.
pub(crate) async fn of_operator(
    State(shared): State<Shared>,
    Json(lost): Json<LostPassword>,
) -> Result<Json<MadePassword>, Refusal> {
    let core = shared.engine().core();
    let made = make(&**core.store(), &lost, core.ids().random(), core.now()).await;
    let made = made.map_err(|error| match error {
        NotMade::NotReplaced(NotReplaced::Store(error)) => Refusal::from(error),
        NotMade::NotReplaced(why) => Refusal::invalid(format!("{why}.")),
        NotMade::Unhashed => Refusal::internal(),
    })?;
    shared.directory_changed().await;
    Ok(Json(made))
}

/// Makes a password of what is `random`, and gives it to a user.
///
/// # Errors
///
/// [`NotMade`].
pub async fn make(
    store: &dyn Store,
    lost: &LostPassword,
    random: u128,
    now: Time,
) -> Result<MadePassword, NotMade> {
    let password = spelled(random);
    let hashed = tokio::task::spawn_blocking({
        let password = password.clone();
        move || password::hash(&password)
    });
    let hash = hashed.await.ok().and_then(Result::ok).ok_or(NotMade::Unhashed)?;
    let by = By::operator(now, AuditTool::Password);
    replace_password(store, &lost.user_name, &hash, &by).await?;
    Ok(MadePassword { password })
}

fn spelled(mut random: u128) -> String {
    let mut text = String::new();
    for at in 0..GROUP * GROUPS {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        let letters = LETTERS.len() as u128;
        text.push(char::from(LETTERS[(random % letters) as usize]));
        random /= letters;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_of_letters_that_are_read_out_without_mistake() {
        assert_eq!(spelled(0), "2222-2222-2222-2222");
        assert_eq!(spelled(u128::MAX).len(), 19);
        assert_ne!(spelled(1), spelled(2));
        assert!(crate::new_password::expect_strong(&spelled(u128::MAX / 3), &["ada"]).is_ok());
    }
}
