//! Users: the people, and the programs that submit work.

use std::collections::BTreeMap;

use handoff_domain::{Capacity, Media, Role, SkillId, User, UserId};
use handoff_store::Record;

use super::{Edit, Editor, Refused, expect_free};
use crate::center_file::Removing;
use crate::thing::Thing;
use crate::user_description::{Bound, UserDescription, UserNames, bound};

/// What an admin says of a user's password.
#[derive(Debug, Default)]
pub struct GivenPassword {
    /// Its hash, when it is another one.
    pub hash: Option<String>,
    /// Whether they must choose one of their own first.
    pub must_change: Option<bool>,
}

impl Editor<'_> {
    /// Makes a user.
    ///
    /// # Errors
    ///
    /// [`Refused::Taken`], [`Refused::Unknown`], [`Refused::UnknownChannel`].
    pub fn add_user(
        &self,
        id: UserId,
        said: &UserDescription<String>,
        password: &GivenPassword,
    ) -> Result<Edit, Refused> {
        let user = User { password_hash: password.hash.clone(), ..User::new(id, self.center) };
        self.write_user(None, user, said, password)
    }

    /// Changes a user. A password that is given counts until the center file gives another one,
    /// like one that they choose themselves.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::Taken`], [`Refused::Unknown`], [`Refused::UnknownChannel`],
    /// [`Refused::LastAdmin`].
    pub fn change_user(
        &self,
        id: UserId,
        said: &UserDescription<String>,
        password: &GivenPassword,
    ) -> Result<Edit, Refused> {
        let before = self.user(id)?;
        let must_change_password = before.must_change_password;
        let user = match &password.hash {
            Some(hash) => before.clone().with_own_password(hash.clone()),
            None => before.clone(),
        };
        let user = User { must_change_password, ..user };
        self.write_user(Some(before), user, said, password)
    }

    fn write_user(
        &self,
        before: Option<&User>,
        mut user: User,
        said: &UserDescription<String>,
        password: &GivenPassword,
    ) -> Result<Edit, Refused> {
        if let Some(name) = &said.user_name {
            // User names are unique across the installation (docs/compat/conventions.md#logins).
            let of_that_name = self.directory.user_by_name(name);
            expect_free(Thing::User, name, of_that_name.is_some_and(|it| it.id != user.id))?;
        }
        said.apply(&mut user, self)?;
        user.must_change_password = password.must_change.unwrap_or(user.must_change_password);
        let Some(before) = before else { return Ok(self.write(None, user, Record::User)) };
        if !is_admin(&user) {
            self.expect_other_admin(before)?;
        }
        Ok(self.write(Some(before), user.in_place_of(before), Record::User))
    }

    /// Removes a user.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::LastAdmin`].
    pub fn remove_user(&self, id: UserId) -> Result<Removing, Refused> {
        let user = self.user(id)?;
        self.expect_other_admin(user)?;
        Ok(self.clear_away(Record::User(user.clone())))
    }

    /// Adds a skill at a level to a user, or takes it away.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], also of a skill that is not theirs and is taken away.
    pub fn set_level(
        &self,
        user: UserId,
        skill: SkillId,
        level: Option<u32>,
    ) -> Result<Edit, Refused> {
        let before = self.user(user)?;
        let skill = self.skill(skill)?.id;
        let mut user = before.clone();
        match level {
            Some(level) => drop(user.skills.insert(skill, level)),
            None => drop(user.skills.remove(&skill).ok_or(Refused::Absent(Thing::Skill))?),
        }
        Ok(self.write(Some(before), user, Record::User))
    }

    /// Returns the skill of that name.
    ///
    /// # Errors
    ///
    /// [`Refused::Unknown`].
    pub fn skill_named(&self, name: &str) -> Result<SkillId, Refused> {
        let skill = self.directory.skill_named(self.center, name);
        let unknown = || Refused::Unknown { thing: Thing::Skill, name: name.to_owned() };
        skill.map(|skill| skill.id).ok_or_else(unknown)
    }

    /// Refuses to be left without anybody who may change the contact center.
    fn expect_other_admin(&self, user: &User) -> Result<(), Refused> {
        // Whoever has no password cannot sign in.
        let can = |other: &User| is_admin(other) && other.password_hash.is_some();
        let others = || self.users().any(|other| other.id != user.id && can(other));
        if is_admin(user) && !others() {
            return Err(Refused::LastAdmin(user.user_name.clone()));
        }
        Ok(())
    }
}

fn is_admin(user: &User) -> bool {
    user.enabled && user.roles.contains(&Role::Admin)
}

impl UserNames<String> for Editor<'_> {
    fn capacity(&self, by_channel: &BTreeMap<String, u32>) -> Result<Capacity, Refused> {
        let mut capacity = Capacity::default();
        for (channel, most) in by_channel {
            let has_queue = |media: &Media| self.queues().any(|queue| queue.media == *media);
            match bound(channel, has_queue) {
                Some(Bound::Overall) => capacity.overall = Some(*most),
                Some(Bound::Of(media)) => drop(capacity.by_media.insert(media, *most)),
                None => return Err(Refused::UnknownChannel(channel.clone())),
            }
        }
        Ok(capacity)
    }
}
