//! Guards follow from use: whatever a decision relied on is checked by its commit, and nothing
//! else.
//!
//! The commands and states are those of the domain's state table, so that a new operation is here
//! as soon as it has its rows there; how things come into being and what is done at desks has rows
//! of its own, and a timer is here when it gives a command. Each deed that is carried out is
//! carried out again for each record of the contact center, which somebody else writes just before
//! the commit: with the same content, so that the decision stays the same. A record that the rules
//! asked for must cost one attempt more, and any other none.
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should")]

mod beginnings;
mod deeds;
mod desks;
#[path = "../../../domain/tests/support/floor.rs"]
mod floor;
mod letters;
mod rules;
mod stage;
#[expect(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../../domain/tests/it/support.rs"]
mod support;
mod table;
mod timers;

use std::collections::{BTreeSet, HashSet};
use std::mem::discriminant;

use handoff_domain::Actor;
use handoff_store::Key;

use crate::deeds::Deed;
use crate::floor::{AGENTS, Floor, SUPERVISOR};
use crate::rules::Relied;
use crate::stage::{Stage, keys};
use crate::support::{BOB, STATES, state};
use crate::table::commands::{COMMANDS, prepare, wish};

/// One deed in one state of the contact center.
#[derive(Clone)]
struct Cell {
    name: String,
    floor: Floor,
    deed: Deed,
    relied: Relied,
}

/// What somebody else does just before a command's commit.
#[derive(Clone, Copy)]
enum Meanwhile<'a> {
    /// Nothing.
    Nothing,
    /// A record is written again as it is.
    Written(&'a Key),
    /// The same, and the commit is handed in without its check.
    WrittenUnchecked(&'a Key),
    /// The timer that gives the command is put off.
    PutOff,
    /// The same, and the commit is handed in without the check of its timer.
    PutOffUnchecked,
}

/// What came of a deed.
struct Outcome {
    /// How often a guard refused its commit.
    conflicts: u64,
    written: Vec<Key>,
}

impl Cell {
    /// Carries the deed out; `None` when it is refused as a whole.
    async fn carry_out(&self, meanwhile: Meanwhile<'_>) -> Option<Outcome> {
        let mut stage = Stage::set(&self.floor, &self.deed).await;
        let put_off =
            || self.deed.timer().map(|timer| stage.store.put_off_before_next_commit(timer));
        match meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Written(key) => stage.store.write_before_next_commit(key.clone()),
            Meanwhile::WrittenUnchecked(key) => {
                stage.store.write_before_next_commit(key.clone());
                stage.store.overlook(key.clone());
            }
            Meanwhile::PutOff => put_off().unwrap(),
            Meanwhile::PutOffUnchecked => {
                put_off().unwrap();
                stage.store.overlook_timers();
            }
        }
        stage.carry_out(&self.deed).await?;
        Some(Outcome { conflicts: stage.store.conflicts(), written: stage.written().collect() })
    }

    /// Returns the cell with what its deed writes, when it is carried out.
    async fn carried_out(mut self) -> Option<Self> {
        let outcome = self.carry_out(Meanwhile::Nothing).await?;
        assert_eq!(outcome.conflicts, 0, "{}", self.name);
        self.relied.wrote(outcome.written);
        Some(self)
    }

    /// Says of each record that costs another number of attempts than it must.
    async fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for key in keys(&self.floor) {
            match self.carry_out(Meanwhile::Written(&key)).await {
                None => faults.push(format!("{}: refused when {key:?} is written", self.name)),
                Some(Outcome { conflicts, .. }) if !self.relied.allows(&key, conflicts) => {
                    faults.push(format!("{}: {conflicts} conflicts over {key:?}", self.name));
                }
                Some(_) => {}
            }
        }
        faults
    }
}

/// Returns everybody who could give a command, by the name of what they are.
fn actors(floor: &Floor) -> Vec<(String, Actor)> {
    let mut actors: Vec<_> = AGENTS
        .into_iter()
        .chain([SUPERVISOR])
        .map(|user| (format!("user {user}"), Actor::User(floor.caller(user))))
        .collect();
    let others = [Actor::Customer, Actor::Router, Actor::Server, Actor::Mailer];
    actors.extend(others.map(|actor| (format!("{actor:?}"), actor)));
    actors
}

/// Returns, of each command, a cell for each set of kinds of records that it relies on when a user
/// gives it, and when each other does.
async fn commands() -> Vec<Cell> {
    let (mut cells, mut met) = (Vec::new(), HashSet::new());
    for (state_name, _) in STATES {
        let (before, id) = state(state_name);
        for command_name in COMMANDS {
            let mut floor = before.clone();
            prepare(&mut floor, command_name);
            // Whom the router chooses here.
            floor.adviser = floor.adviser.map(|_| BOB);
            for (actor_name, actor) in actors(&floor) {
                let Some(command) = wish(command_name, &floor, id).by(&actor) else { continue };
                let Some(relied) = rules::relied_on(&floor, id, &command) else { continue };
                let place = (command_name, discriminant(&actor), relied.kinds());
                if met.contains(&place) {
                    continue;
                }
                let name = format!("{command_name} in {state_name} by {actor_name}");
                let deed = Deed::Command(id, Box::new(command));
                let cell = Cell { name, floor: floor.clone(), deed, relied };
                if let Some(cell) = cell.carried_out().await {
                    cells.push(cell);
                    met.insert(place);
                }
            }
        }
    }
    cells
}

/// Returns what is no command, and must not be refused.
async fn others(commands: &[Cell]) -> Vec<Cell> {
    let mut cells = Vec::new();
    let others = [beginnings::cells(), letters::cells(), desks::cells(), timers::cells(commands)];
    for cell in others.into_iter().flatten() {
        let name = cell.name.clone();
        cells.push(cell.carried_out().await.unwrap_or_else(|| panic!("{name} is refused")));
    }
    cells
}

async fn cells() -> Vec<Cell> {
    let mut cells = commands().await;
    cells.extend(others(&cells).await);
    cells
}

#[tokio::test(start_paused = true)]
async fn what_was_relied_on_is_checked_and_nothing_else() {
    let (mut faults, mut met) = (Vec::new(), BTreeSet::new());
    for cell in cells().await {
        met.extend(cell.deed.operation());
        faults.extend(cell.faults().await);
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let (floor, id) = state("talking in company");
    let of_all = |name: &&str| {
        let wish = wish(name, &floor, id);
        actors(&floor).into_iter().filter_map(move |(_, actor)| wish.by(&actor))
    };
    let all: BTreeSet<_> =
        COMMANDS.iter().flat_map(of_all).map(|command| command.operation()).collect();
    let unmet: Vec<_> = all.difference(&met).collect();
    assert!(unmet.is_empty(), "what is never carried out: {unmet:?}");
    assert!(met.len() > 40, "the table shrank to {} operations", met.len());
}

/// The control: a check that is left out is noticed, of whatever deed and record.
#[tokio::test(start_paused = true)]
async fn a_guard_that_is_left_out_is_noticed() {
    let mut left_out = 0;
    for cell in cells().await {
        // What was missed and is not there cannot be written again.
        let there: BTreeSet<Key> = keys(&cell.floor).into_iter().collect();
        for key in cell.relied.only_checked().into_iter().filter(|key| there.contains(key)) {
            let outcome = cell.carry_out(Meanwhile::WrittenUnchecked(&key)).await.unwrap();
            assert!(!cell.relied.allows(&key, outcome.conflicts), "{}: {key:?}", cell.name);
            left_out += 1;
        }
    }
    assert!(left_out > 200, "only {left_out} checks were left out");
}

/// With its control: without the check of the timer the command is carried out all the same.
#[tokio::test(start_paused = true)]
async fn a_timer_that_was_put_off_gives_no_command() {
    let cells = timers::of_commands(&commands().await);
    assert_eq!(cells.len(), 6, "not every kind of timer gave a command");
    for cell in cells {
        let outcome = cell.carry_out(Meanwhile::PutOff).await.unwrap();
        assert!(outcome.written.is_empty(), "{}: {:?}", cell.name, outcome.written);
        let outcome = cell.carry_out(Meanwhile::PutOffUnchecked).await.unwrap();
        assert!(!outcome.written.is_empty(), "{}: it was not noticed", cell.name);
    }
}
