//! Looking at how the agents and the queues of a contact center stand now.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_domain::routing::{Agent, is_able};
use handoff_domain::{CenterId, Media, Queue, QueueId, Role, User};

use crate::core::{Board, Directory};
use crate::outward::{AgentState, QueueState};

/// Returns how every agent of a contact center stands, by id.
#[must_use]
pub fn agents_of_center(
    board: &Board,
    directory: &Arc<Directory>,
    center: CenterId,
) -> Vec<AgentState> {
    let state = |user: &Arc<User>| AgentState {
        user: user.clone(),
        desk: board.desk(user.id).map(|desk| desk.value),
        directory: directory.clone(),
    };
    agents(directory, center).map(state).collect()
}

/// Returns how every queue of a contact center stands, by id.
#[must_use]
pub fn queues_of_center(
    board: &Board,
    directory: &Arc<Directory>,
    center: CenterId,
) -> Vec<QueueState> {
    let able = able_by_queue(board, directory, center);
    let state = |queue: &Queue| {
        board.look_at_lines(|lines| QueueState {
            id: queue.id,
            name: queue.name.clone(),
            media: queue.media.clone(),
            waiting: lines.of(queue.id).count(),
            oldest: lines.of(queue.id).map(|waiting| waiting.wait.since).min(),
            able_agents: able.get(&queue.id).copied().unwrap_or_default(),
            held: lines.held_from(queue.id),
        })
    };
    let of_center = directory.queues.values().filter(|queue| queue.center == center);
    of_center.map(|queue| state(queue)).collect()
}

fn agents(directory: &Directory, center: CenterId) -> impl Iterator<Item = &Arc<User>> {
    let of_center = directory.users.values().filter(move |user| user.center == center);
    of_center.filter(|user| user.enabled && user.roles.contains(&Role::Agent))
}

/// Counts the agents of each queue who would be offered something of it now.
fn able_by_queue(
    board: &Board,
    directory: &Directory,
    center: CenterId,
) -> BTreeMap<QueueId, usize> {
    let mut able = BTreeMap::new();
    for user in agents(directory, center) {
        let Some(desk) = board.desk(user.id).map(|desk| desk.value) else { continue };
        let agent = Agent { user, desk: &desk };
        let takes = |media: &Media| is_able(media, agent);
        if !desk.channels.keys().any(takes) {
            continue;
        }
        for id in directory.queues_served_by(user) {
            if directory.queues.get(&id).is_some_and(|queue| takes(&queue.media)) {
                *able.entry(id).or_default() += 1;
            }
        }
    }
    able
}
