//! Timers that are due: what they cause relies on what the command does that they give.

use std::collections::HashSet;
use std::mem::discriminant;

use handoff_domain::interaction::decide::TimerKind;
use handoff_domain::{Command, SystemAction};
use handoff_store::{Key, Timer, TimerKey};

use crate::Cell;
use crate::deeds::Deed;
use crate::floor::{Floor, NODE};
use crate::rules::Relied;
use crate::support::DEE;

/// Longer than anybody may be out of reach.
const GRACE_MS: u64 = 600_000;

/// Returns a cell for each timer that something gives rise to.
pub(crate) fn cells(commands: &[Cell]) -> Vec<Cell> {
    let mut cells = of_commands(commands);
    cells.push(grace());
    cells
}

/// Returns a cell for each kind of timer that gives a command.
pub(crate) fn of_commands(commands: &[Cell]) -> Vec<Cell> {
    let mut met = HashSet::new();
    let mut cells = Vec::new();
    for cell in commands.iter().filter(|cell| cell.relied.is_written()) {
        let Some(timer) = timer_of(cell) else { continue };
        let of_interaction = match timer.key {
            TimerKey::Interaction(_, kind) => Some(discriminant(&kind)),
            TimerKey::Handling(_) | TimerKey::Grace(_) => None,
        };
        if met.insert(of_interaction) {
            let (name, deed) = (format!("{} (timer)", cell.name), Deed::Timer(timer));
            cells.push(Cell { name, deed, ..cell.clone() });
        }
    }
    cells
}

/// Returns the timer that gives the command of a cell now.
fn timer_of(cell: &Cell) -> Option<Timer> {
    let Deed::Command(id, command) = &cell.deed else { return None };
    let Command::System(action) = &**command else { return None };
    let floor = &cell.floor;
    let kind = match action {
        SystemAction::ExpireOffer { number, .. } => TimerKind::Offer { number: *number },
        SystemAction::CheckCustomer { .. } => TimerKind::CustomerSilence,
        SystemAction::CheckIdle => TimerKind::ChatIdle,
        SystemAction::CheckWait => TimerKind::LongestWait,
        SystemAction::Remind => TimerKind::Reminder,
        SystemAction::ExpireHandling => {
            let handling = floor.interactions[id].handling()?;
            let is_due = handling.since.plus_ms(floor.options.handling_timeout_ms) <= floor.now;
            let key = is_due.then_some(TimerKey::Handling(handling.by))?;
            return Some(Timer { key, due: floor.now });
        }
        _ => return None,
    };
    Some(Timer { key: TimerKey::Interaction(*id, kind), due: floor.now })
}

/// Somebody with nothing at their desk does not come back.
fn grace() -> Cell {
    let mut floor = Floor::new();
    let now = floor.now;
    floor.desks.get_mut(&DEE).unwrap().set_reach(NODE, [].into(), now);
    floor.now = now.plus_ms(GRACE_MS);
    let deed = Deed::Timer(Timer { key: TimerKey::Grace(DEE), due: floor.now });
    let relied = Relied::on([Key::Desk(DEE)]);
    Cell { name: "an agent does not come back".to_owned(), floor, deed, relied }
}
