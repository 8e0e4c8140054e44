//! Guards follow from use: whatever a decision relied on is checked by its commit, and nothing
//! else.
//!
//! The commands and states are those of the domain's state table, so that a new operation is here
//! as soon as it has its rows there. Each command that is carried out is carried out again for each
//! record of the contact center, which somebody else writes just before the commit: with the same
//! content, so that the decision stays the same. A record that the rules asked for must cost one
//! attempt more, and any other none.
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should")]

#[path = "../../../domain/tests/support/floor.rs"]
mod floor;
mod rules;
mod stage;
#[expect(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../../domain/tests/it/support.rs"]
mod support;
mod table;

use std::collections::{BTreeSet, HashMap};

use handoff_domain::{Actor, Command, InteractionId};
use handoff_store::Key;

use crate::floor::{AGENTS, Floor, SUPERVISOR};
use crate::rules::Relied;
use crate::stage::{Stage, keys};
use crate::support::{BOB, STATES, state};
use crate::table::commands::{COMMANDS, prepare, wish};

/// One command in one state by somebody.
struct Cell {
    name: String,
    floor: Floor,
    id: InteractionId,
    command: Command,
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
}

impl Cell {
    /// Returns the cell when its command is carried out by the rules, with what they asked for.
    fn of(floor: &Floor, id: InteractionId, command: Command, name: String) -> Option<Self> {
        let relied = rules::relied_on(floor, id, &command)?;
        Some(Self { name, floor: floor.clone(), id, command, relied })
    }

    /// Carries the command out; returns how often a guard refused its commit, `None` when the
    /// command is refused as a whole.
    async fn carry_out(&mut self, meanwhile: Meanwhile<'_>) -> Option<u64> {
        let mut stage = Stage::set(&self.floor).await;
        match meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Written(key) => stage.store.write_before_next_commit(key.clone()),
            Meanwhile::WrittenUnchecked(key) => {
                stage.store.write_before_next_commit(key.clone());
                stage.store.overlook(key.clone());
            }
        }
        stage.carry_out(self.id, &self.command).await?;
        self.relied.wrote(stage.written());
        Some(stage.store.conflicts())
    }

    /// Says of each record that costs another number of attempts than it must.
    async fn faults(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        for key in keys(&self.floor) {
            let Some(conflicts) = self.carry_out(Meanwhile::Written(&key)).await else {
                faults.push(format!("{}: refused when {key:?} is written", self.name));
                continue;
            };
            if !self.relied.allows(&key, conflicts) {
                faults.push(format!("{}: {conflicts} conflicts over {key:?}", self.name));
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

/// Returns, of each command, the first cell by a user and the first by each other that is carried
/// out.
async fn cells() -> Vec<Cell> {
    let mut cells = HashMap::new();
    for (state_name, _) in STATES {
        let (before, id) = state(state_name);
        for command_name in COMMANDS {
            let mut floor = before.clone();
            prepare(&mut floor, command_name);
            // Whom the router chooses here.
            floor.adviser = floor.adviser.map(|_| BOB);
            for (actor_name, actor) in actors(&floor) {
                let place = (command_name, std::mem::discriminant(&actor));
                if cells.contains_key(&place) {
                    continue;
                }
                let Some(command) = wish(command_name, &floor, id).by(&actor) else { continue };
                let name = format!("{command_name} in {state_name} by {actor_name}");
                let Some(mut cell) = Cell::of(&floor, id, command, name) else { continue };
                if let Some(conflicts) = cell.carry_out(Meanwhile::Nothing).await {
                    assert_eq!(conflicts, 0, "{}", cell.name);
                    cells.insert(place, cell);
                }
            }
        }
    }
    cells.into_values().collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_relied_on_is_checked_and_nothing_else() {
    let (mut faults, mut met) = (Vec::new(), BTreeSet::new());
    for mut cell in cells().await {
        met.insert(cell.command.operation());
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

/// The control: a check that is left out is noticed, of whatever command and record.
#[tokio::test(start_paused = true)]
async fn a_guard_that_is_left_out_is_noticed() {
    let mut left_out = 0;
    for mut cell in cells().await {
        for key in cell.relied.only_checked() {
            let conflicts = cell.carry_out(Meanwhile::WrittenUnchecked(&key)).await.unwrap();
            assert!(!cell.relied.allows(&key, conflicts), "{}: {key:?}", cell.name);
            left_out += 1;
        }
    }
    assert!(left_out > 80, "only {left_out} checks were left out");
}
