//! What a user may be, by whichever door it comes, as of queues
//! ([`QueueDescription`](crate::QueueDescription)). Passwords are not among it: a file that is
//! applied again and again and an admin who gives one mean different things by them.

use std::collections::BTreeMap;

use handoff_domain::{Capacity, Chat, Media, Roles, User};

use crate::name::name_fault;
use crate::queue_description::{OVERALL, QueueNames};
use crate::thing::Thing;

/// What is said of a user, as far as it is said. Groups and skills stand there by their names.
#[derive(Debug, Default)]
pub struct UserDescription<N> {
    pub user_name: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// Empty where customers see the first name.
    pub nickname: Option<String>,
    pub email_address: Option<String>,
    pub roles: Option<Roles>,
    pub groups: Option<Vec<N>>,
    pub skills: Option<BTreeMap<N, u32>>,
    /// By channel, and `overall`.
    pub capacity: Option<BTreeMap<N, u32>>,
    pub enabled: Option<bool>,
}

/// A field of a user that has a value that is not allowed.
#[derive(Debug, PartialEq, Eq)]
pub struct UserFault {
    pub field: UserField,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// Where something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserField {
    UserName,
    Nickname,
}

/// Looks up what a user names.
pub trait UserNames<N>: QueueNames<N> {
    /// Looks channels up.
    ///
    /// # Errors
    ///
    /// When one is neither a channel that there is nor the bound of all of them.
    fn capacity(&self, by_channel: &BTreeMap<N, u32>) -> Result<Capacity, Self::Unknown>;
}

/// What an entry of a capacity bounds.
pub(crate) enum Bound {
    Overall,
    Of(Media),
}

/// Returns what an entry of a capacity bounds. Of a channel that nothing is for there is none: it
/// is a slip of the pen, and the bound that was meant would not hold.
pub(crate) fn bound(channel: &str, has_queue: impl FnOnce(&Media) -> bool) -> Option<Bound> {
    if channel == OVERALL {
        return Some(Bound::Overall);
    }
    let media = Media::from_name(channel);
    let is_known = !matches!(media, Media::Open(_)) || media.is_silent() || has_queue(&media);
    is_known.then_some(Bound::Of(media))
}

impl<N> UserDescription<N> {
    /// Returns what cannot be so, as far as that needs no other record.
    #[must_use]
    pub fn faults(&self) -> Vec<UserFault> {
        let user_name = self.user_name.as_deref().and_then(user_name_fault);
        let nickname = self.nickname.as_deref().and_then(nickname_fault);
        let fault = |field, message: Option<String>| Some(UserFault { field, message: message? });
        let all = [fault(UserField::UserName, user_name), fault(UserField::Nickname, nickname)];
        all.into_iter().flatten().collect()
    }

    /// Changes a user as far as anything is said. What has a fault must not get here.
    ///
    /// # Errors
    ///
    /// When a name is not known; the user is then changed in parts.
    pub fn apply<L: UserNames<N>>(&self, user: &mut User, names: &L) -> Result<(), L::Unknown> {
        if let Some(groups) = &self.groups {
            user.groups = names.groups(groups)?;
        }
        if let Some(levels) = &self.skills {
            user.skills = names.levels(levels)?;
        }
        if let Some(by_channel) = &self.capacity {
            user.capacity = names.capacity(by_channel)?;
        }
        let texts = [
            (&self.user_name, &mut user.user_name),
            (&self.first_name, &mut user.first_name),
            (&self.last_name, &mut user.last_name),
            (&self.email_address, &mut user.email_address),
        ];
        for (said, text) in texts {
            if let Some(said) = said {
                text.clone_from(said);
            }
        }
        if let Some(nickname) = &self.nickname {
            user.nickname = Some(nickname.clone()).filter(|name| !name.is_empty());
        }
        if let Some(roles) = &self.roles {
            user.roles.clone_from(roles);
        }
        user.enabled = self.enabled.unwrap_or(user.enabled);
        Ok(())
    }
}

fn user_name_fault(name: &str) -> Option<String> {
    let fault = name_fault(Thing::User, name);
    // Basic credentials end the name there.
    let has_colon = || "a user name has no colon, after which a login has the password".to_owned();
    fault.or_else(|| name.contains(':').then(has_colon))
}

/// The name that customers see stands in one line of a chat.
fn nickname_fault(name: &str) -> Option<String> {
    let most = Chat::NAME_CHARS_MAX;
    let is_blank = !name.is_empty() && name.trim().is_empty();
    if !is_blank && name.chars().count() <= most && !name.contains(char::is_control) {
        return None;
    }
    Some(format!(
        "the nickname {name:?} is shown to customers: allowed are up to {most} characters in one line"
    ))
}
