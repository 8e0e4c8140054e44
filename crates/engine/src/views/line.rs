//! The line before a customer: how many go first, whether anybody is there for it, and how long it
//! may take.

use handoff_domain::routing::{Agent, Attendance, attendance};
use handoff_domain::{Interaction, Queue, SkillLevels};

use super::Views;
use crate::core::CurrentBoard;

/// A customer's place in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceInLine {
    /// Their place; 1 is next, also while an agent is being asked.
    pub position: usize,
    /// Whether anybody is there for them.
    pub attendance: Attendance,
    /// How long they may wait from now on, in ms; `None` while the queue has not moved often enough
    /// to tell, and while nobody serves it.
    pub expected_wait_ms: Option<u64>,
}

impl Views {
    /// Tells whether anybody is there for what waits in a queue and asks for those skills beyond
    /// the queue's, by the rules that routing goes by.
    #[must_use]
    pub fn attendance(
        &self,
        board: CurrentBoard<'_>,
        queue: &Queue,
        skills: &SkillLevels,
    ) -> Attendance {
        let desk_changes = board.desk_changes();
        let directory = self.core.directory();
        let work_out = || {
            let desks = board.desks();
            let here =
                desks.iter().filter(|desk| desk.center == queue.center && desk.session.is_some());
            let agents = here.filter_map(|desk| {
                Some(Agent { user: directory.user(queue.center, desk.user)?, desk })
            });
            attendance(queue, skills, agents)
        };
        if skills.is_empty() {
            self.attended.of(queue.id, &directory, desk_changes, work_out)
        } else {
            work_out()
        }
    }

    /// Returns a waiting interaction's place in the line of its queue; `None` when it does not
    /// wait.
    #[must_use]
    pub fn place_in_line(
        &self,
        board: CurrentBoard<'_>,
        interaction: &Interaction,
    ) -> Option<PlaceInLine> {
        let wait = interaction.wait()?;
        let before = match interaction.offer() {
            Some(_) => 0,
            None => board.look_at_lines(|lines| {
                lines.of(wait.queue).take_while(|waiting| waiting.id != interaction.id).count()
            }),
        };
        let position = before + 1;
        let directory = self.core.directory();
        let queue = directory.queue(interaction.center, wait.queue);
        let attendance =
            queue.map_or(Attendance::Nobody, |queue| self.attendance(board, queue, &wait.skills));
        // How fast the queue moved tells nothing while nobody takes anything from it.
        let expected_wait_ms = match attendance {
            Attendance::Served => {
                self.core.chats.pace.wait_ms(wait.queue, position, self.core.now())
            }
            Attendance::Nobody | Attendance::Paused => None,
        };
        Some(PlaceInLine { position, attendance, expected_wait_ms })
    }
}
