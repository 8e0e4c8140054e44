//! Users: the people, and the programs that submit work.

use std::collections::BTreeMap;
use std::convert::Infallible;

use handoff_domain::{Capacity, Media, User, UserId};
use handoff_store::Record;

use super::resolver::{Resolver, not_empty};
use crate::center_file::error::CenterFileError;
use crate::center_file::form::{PasswordForm, Text, UserForm};
use crate::queue_description::OVERALL;
use crate::user_description::{Bound, UserDescription, UserField, UserNames, bound};

/// A user's password as it is stored.
#[derive(Default)]
struct StoredPassword {
    hash: Option<String>,
    /// What the file gave last, when the user has changed theirs since.
    of_file: Option<String>,
    /// Whether they must choose another one first.
    must_change: bool,
}

impl StoredPassword {
    fn of(user: &User) -> Self {
        Self {
            hash: user.password_hash.clone(),
            of_file: user.file_password_hash.clone(),
            must_change: user.must_change_password,
        }
    }

    /// Returns one that the file gives.
    const fn given(hash: String) -> Self {
        Self { hash: Some(hash), of_file: None, must_change: false }
    }

    /// Tells whether a hash is what the file gave last, or what they have: a file that says how it
    /// is changes nothing.
    fn is(&self, hash: &String) -> bool {
        [self.last_of_file(), self.hash.as_ref()].contains(&Some(hash))
    }

    /// Returns what the file gave last.
    fn last_of_file(&self) -> Option<&String> {
        self.of_file.as_ref().or(self.hash.as_ref())
    }
}

impl Resolver<'_> {
    pub(super) fn users(&mut self, forms: Vec<UserForm>) {
        let names = self.unique_names("user", forms.iter().map(|form| &form.user_name));
        for (form, user_name) in forms.into_iter().zip(names) {
            let known = self.directory.user_by_name(&user_name);
            if known.is_some_and(|user| user.center != self.center) {
                // User names are unique across the installation
                // (docs/compat/conventions.md#logins). Whose it is, is nobody else's business.
                let message =
                    format!("the user name {user_name:?} is taken by another contact center");
                self.wrong(form.user_name.span().start, message);
                continue;
            }
            let before = known.map(|user| StoredPassword::of(user)).unwrap_or_default();
            let password = self.password(&form, before);
            let password = self.checked(password);
            let id = known.map_or_else(|| UserId(self.ids.uuid()), |user| user.id);
            let mut user = User {
                password_hash: password.hash,
                file_password_hash: password.of_file,
                must_change_password: password.must_change,
                // A file says nothing of it.
                second_factor: known.is_some_and(|user| user.second_factor),
                ..User::new(id, self.center)
            };
            if let Some(nickname) = &form.nickname {
                self.checked(not_empty(self.file, nickname));
            }
            let described = description(&form, user_name);
            for fault in described.faults() {
                self.wrong(place_of(&form, fault.field), fault.message);
            }
            let Ok(()) = described.apply(&mut user, self);
            let user = match known {
                Some(before) => user.in_place_of(before),
                None => user,
            };
            self.records.push(Record::User(user));
        }
    }

    fn password(
        &mut self,
        form: &UserForm,
        before: StoredPassword,
    ) -> Result<StoredPassword, CenterFileError> {
        let user = form.user_name.get_ref();
        let plain = match &form.password {
            None => return Ok(before),
            Some(PasswordForm::Argon2(hash)) => {
                return match self.passwords.check_usable(hash.get_ref()) {
                    Ok(()) if before.is(hash.get_ref()) => Ok(before),
                    Ok(()) => Ok(StoredPassword::given(hash.get_ref().clone())),
                    Err(why) => {
                        let message = format!(
                            "nobody could log in with the password hash of {user} ($argon2…): {why}"
                        );
                        Err(self.file.wrong_at(hash.span().start, message))
                    }
                };
            }
            Some(PasswordForm::Env(variable)) => {
                let value =
                    self.passwords.variable(variable.get_ref()).filter(|value| !value.is_empty());
                value.ok_or_else(|| {
                    let message = format!(
                        "the variable {} with the password of {user} is not set",
                        variable.get_ref()
                    );
                    self.file.wrong_at(variable.span().start, message)
                })?
            }
            Some(PasswordForm::Plain(password)) => {
                self.warnings.push(format!(
                    "the password of {user} is written in {} for everybody to read; better use {{ env = … }} or {{ argon2 = … }}",
                    self.file.name()
                ));
                password.clone()
            }
        };
        // Hashing anew would give another hash, and a difference where there is none.
        if before.last_of_file().is_some_and(|hash| self.passwords.is_of(hash, &plain)) {
            return Ok(before);
        }
        let hashed = self.passwords.hash(&plain);
        hashed
            .map(StoredPassword::given)
            .map_err(|source| CenterFileError::Password { user: user.clone(), source })
    }
}

/// What the file does not introduce is told where it is named.
impl UserNames<Text> for Resolver<'_> {
    fn capacity(&self, form: &BTreeMap<Text, u32>) -> Result<Capacity, Infallible> {
        let mut capacity = Capacity::default();
        for (channel, most) in form {
            let name = channel.get_ref();
            let has_queue = |media: &Media| self.queues.values().any(|(_, of)| of == media);
            match bound(name, has_queue) {
                Some(Bound::Overall) => capacity.overall = Some(*most),
                Some(Bound::Of(media)) => drop(capacity.by_media.insert(media, *most)),
                None => {
                    let message = format!(
                        "there is no channel {name:?} here; capacity takes chat, email, workitem, {OVERALL} and the channels of this file's queues"
                    );
                    self.wrong(channel.span().start, message);
                }
            }
        }
        Ok(capacity)
    }
}

fn description(form: &UserForm, user_name: String) -> UserDescription<Text> {
    UserDescription {
        // That it is empty was told.
        user_name: Some(user_name).filter(|name| !name.is_empty()),
        first_name: Some(form.first_name.clone()),
        last_name: Some(form.last_name.clone()),
        nickname: form.nickname.as_ref().map(|name| name.get_ref().clone()),
        email_address: Some(form.email_address.clone()),
        roles: Some(form.roles.iter().copied().map(Into::into).collect()),
        groups: Some(form.groups.clone()),
        skills: Some(form.skills.clone()),
        capacity: Some(form.capacity.clone()),
        enabled: Some(form.enabled),
    }
}

/// Returns where the file says something of a user.
fn place_of(form: &UserForm, field: UserField) -> usize {
    let place = match field {
        UserField::UserName => None,
        UserField::Nickname => form.nickname.as_ref(),
    };
    place.unwrap_or(&form.user_name).span().start
}
