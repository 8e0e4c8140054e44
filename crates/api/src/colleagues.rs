//! Agents as others of their contact center know them: who they are, and whether they could take
//! something now.

use handoff_domain::routing::{Agent, is_able};
use handoff_domain::{CenterId, Desk, GroupId, Interaction, Media, Role, User, UserId};
use handoff_engine::{Directory, Engine};

use crate::caller::Me;
use crate::error::Refusal;
use crate::shared::Shared;

/// Returns a user of the caller's contact center.
///
/// # Errors
///
/// Code 6 when there is none of that id.
pub(crate) fn colleague(shared: &Shared, me: &Me, id: &str) -> Result<UserId, Refusal> {
    let directory = shared.engine().core().directory();
    let user = id.parse().ok().and_then(|id| directory.user(me.center(), id));
    Ok(user.ok_or_else(|| Refusal::not_found("user"))?.id)
}

/// Tells whether an agent would be offered one more interaction of that medium, whoever they serve.
pub(crate) fn can_take(user: &User, desk: &Desk, media: &Media) -> bool {
    is_able(media, Agent { user, desk })
}

/// Returns the agent of a group to whom something is to be offered: who could take it now and
/// waited longest for an offer, of those whom it does not concern yet; without any, one of them who
/// cannot.
pub(crate) fn agent_of(
    engine: &Engine,
    directory: &Directory,
    group: GroupId,
    interaction: &Interaction,
) -> Option<UserId> {
    let concerned = interaction.people();
    let members =
        agents_of(directory, interaction.center).filter(|user| user.groups.contains(&group));
    let free = members.filter(|user| !concerned.contains(&user.id));
    let rank = |user: &&User| {
        let desk = engine.core().desk(user.id);
        let could_take =
            desk.as_ref().is_some_and(|desk| can_take(user, desk, &interaction.media()));
        (!could_take, desk.and_then(|desk| desk.last_offer), user.id)
    };
    free.min_by_key(rank).map(|user| user.id)
}

pub(crate) fn agents_of(directory: &Directory, center: CenterId) -> impl Iterator<Item = &User> {
    let of_center =
        directory.users.values().filter(move |user| user.center == center && user.enabled);
    of_center.filter(|user| user.roles.contains(&Role::Agent)).map(|user| &**user)
}
