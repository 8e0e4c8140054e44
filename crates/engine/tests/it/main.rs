//! The engine over the memory store, with a clock that tests move and a bus that can be silenced.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod bounces;
mod claims;
mod contention;
mod delivery;
mod desk_history;
mod directories;
mod duties;
mod erasures;
mod followers;
mod fresh;
mod gone;
mod letters;
mod notes;
mod outbox;
mod panics;
mod post_office;
mod presence;
mod promised;
mod reading;
mod relied_on;
mod reminders;
mod removed_desks;
mod restarts;
mod retention;
mod rig;
mod routing;
mod silence;
mod taken_back;
mod two_nodes;
mod upgrade;
mod uses;
mod viewing;
mod what_if;
mod writing;
