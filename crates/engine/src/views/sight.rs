//! Who may see which interactions.

use handoff_domain::{Interaction, Role, State, User, UserId};

use crate::core::Directory;

/// Tells whether a user may see an interaction: supervisors and admins everything of their contact
/// center; an agent their own, their offers, what concerned them, what was last in a queue that
/// they serve, and what lies in a workbin that they may use; and every account, those of servers
/// above all, what it submitted itself (docs/compat/operations.md).
#[must_use]
pub fn may_see(interaction: &Interaction, user: UserId, directory: &Directory) -> bool {
    let Some(user) = directory.user(interaction.center, user) else { return false };
    if sees_all(user) || interaction.submitter == Some(user.id) {
        return true;
    }
    if interaction.concerned.contains(&user.id) || interaction.people().contains(&user.id) {
        return true;
    }
    match interaction.state {
        State::Parked { workbin, .. } => {
            directory.workbins_of(user).iter().any(|usable| usable.id == workbin)
        }
        State::Ended { .. } => false,
        State::Queued(_) | State::Invited(..) | State::Handling(_) | State::Sending { .. } => {
            interaction.queue.is_some_and(|queue| directory.queues_served_by(user).contains(&queue))
        }
    }
}

pub(super) fn sees_all(user: &User) -> bool {
    [Role::Supervisor, Role::Admin].iter().any(|role| user.roles.contains(role))
}
