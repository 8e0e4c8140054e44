//! Whom a queue would be asked through: the agent whom routing would choose.

use handoff_domain::center::SkillLevels;
use handoff_domain::routing::{Agent, Line, Waiting, plan};
use handoff_domain::{Interaction, Mode, Queue, UserId, Wait};

use crate::core::{Core, Directory};

/// Returns the agent whom the router would choose for a chat that entered a queue now, of those
/// whom the chat does not concern yet.
pub(super) fn adviser(
    core: &Core,
    queue: &Queue,
    chat: &Interaction,
    directory: &Directory,
) -> Option<UserId> {
    let (now, desks, people) = (core.now(), core.board.desks(), chat.people());
    let (skills, passes) = (SkillLevels::new(), Vec::new());
    let wait = Wait {
        queue: queue.id,
        since: now,
        front: false,
        mode: Mode::Chatting,
        widened: 0,
        skills,
        passes,
    };
    let media = chat.media();
    let line = Line { queue, waiting: std::iter::once(Waiting::of(chat, &media, &wait)) };
    let here = desks.iter().filter(|desk| desk.center == chat.center && desk.session.is_some());
    let strangers = here.filter(|desk| !people.contains(&desk.user));
    let agents = strangers
        .filter_map(|desk| Some(Agent { user: directory.user(chat.center, desk.user)?, desk }));
    plan([line], agents, now).pairs.first().map(|pair| pair.user)
}
