//! Users: the people, and the programs that submit work.

use std::collections::BTreeMap;

use handoff_domain::{Capacity, Chat, Media, User, UserId};
use handoff_store::Record;

use super::resolver::{Resolver, not_empty};
use crate::center_file::error::CenterFileError;
use crate::center_file::form::{PasswordForm, Text, UserForm};
use crate::queue_description::OVERALL;

/// A user's password as it is stored.
#[derive(Default)]
struct StoredPassword {
    hash: Option<String>,
    /// What the file gave last, when the user has changed theirs since.
    of_file: Option<String>,
}

impl StoredPassword {
    fn of(user: &User) -> Self {
        Self { hash: user.password_hash.clone(), of_file: user.file_password_hash.clone() }
    }

    /// Returns one that the file gives.
    const fn given(hash: String) -> Self {
        Self { hash: Some(hash), of_file: None }
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
            let nickname = form.nickname.as_ref().map(|name| self.nickname(name)).transpose();
            let user = User {
                id: known.map_or_else(|| UserId(self.ids.uuid()), |user| user.id),
                center: self.center,
                password_hash: password.hash,
                file_password_hash: password.of_file,
                groups: self.group_set(&form.groups),
                skills: self.skill_levels(&form.skills),
                capacity: self.capacity(&form.capacity),
                user_name,
                first_name: form.first_name,
                last_name: form.last_name,
                nickname: self.checked(nickname),
                email_address: form.email_address,
                roles: form.roles.into_iter().map(Into::into).collect(),
                enabled: form.enabled,
                logins_ended: 0,
            };
            let user = match known {
                Some(before) => user.in_place_of(before),
                None => user,
            };
            self.records.push(Record::User(user));
        }
    }

    /// The name that customers see stands in one line of a chat.
    fn nickname(&self, name: &Text) -> Result<String, CenterFileError> {
        let text = not_empty(self.file, name)?;
        let most = Chat::NAME_CHARS_MAX;
        if text.chars().count() > most || text.contains(char::is_control) {
            let message = format!(
                "the nickname {text:?} is shown to customers: allowed are up to {most} characters in one line"
            );
            return Err(self.file.wrong_at(name.span().start, message));
        }
        Ok(text)
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
                    Ok(()) if before.last_of_file() == Some(hash.get_ref()) => Ok(before),
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

    /// A channel that nothing here is for would bound nothing: it is a slip of the pen, and the
    /// bound that was meant does not hold.
    fn capacity(&self, form: &BTreeMap<Text, u32>) -> Capacity {
        let mut capacity = Capacity::default();
        for (channel, most) in form {
            let name = channel.get_ref();
            let media = Media::from_name(name);
            let is_known = !matches!(media, Media::Open(_))
                || media.is_silent()
                || self.queues.values().any(|(_, of_queue)| *of_queue == media);
            if name == OVERALL {
                capacity.overall = Some(*most);
            } else if is_known {
                capacity.by_media.insert(media, *most);
            } else {
                let message = format!(
                    "there is no channel {name:?} here; capacity takes chat, email, workitem, {OVERALL} and the channels of this file's queues"
                );
                self.wrong(channel.span().start, message);
            }
        }
        capacity
    }
}
