//! Who may see which interactions.

use handoff_domain::{Interaction, QueueId, Role, State, User, UserId, WorkbinId};

use crate::core::Directory;

/// Tells whether a user may see an interaction: supervisors and admins everything of their contact
/// center; an agent their own, their offers, what concerned them, what was last in a queue that
/// they serve, and what lies in a workbin that they may use; and every account, those of servers
/// above all, what it submitted itself (docs/compat/operations.md).
#[must_use]
pub fn may_see(interaction: &Interaction, user: UserId, directory: &Directory) -> bool {
    sight_of(interaction, user, directory).is_some()
}

/// Why a user sees an interaction, beside what their own record says.
pub(crate) enum Sight {
    /// By who they are, or because it concerns them.
    Own,
    /// It is in a queue that they serve.
    Served(QueueId),
    /// It lies in a workbin that they may use.
    Usable(WorkbinId),
}

/// Returns why a user sees an interaction; `None` when they may not.
pub(crate) fn sight_of(
    interaction: &Interaction,
    user: UserId,
    directory: &Directory,
) -> Option<Sight> {
    let user = directory.user(interaction.center, user)?;
    let is_own = sees_all(user)
        || interaction.submitter == Some(user.id)
        || interaction.concerned.contains(&user.id)
        || interaction.concerns(user.id);
    if is_own {
        return Some(Sight::Own);
    }
    match interaction.state {
        State::Parked { workbin, .. } => {
            let is_usable = directory.workbins_of(user).iter().any(|usable| usable.id == workbin);
            is_usable.then_some(Sight::Usable(workbin))
        }
        State::Ended { .. } => None,
        State::Queued(_) | State::Invited(..) | State::Handling(_) | State::Sending { .. } => {
            let queue = interaction.queue?;
            directory.queues_served_by(user).contains(&queue).then_some(Sight::Served(queue))
        }
    }
}

pub(super) fn sees_all(user: &User) -> bool {
    [Role::Supervisor, Role::Admin].iter().any(|role| user.roles.contains(role))
}
