//! The state table: every state × every command × everybody who could give it, with the expected
//! answer. Who has no such command cannot give it (the types).
//!
//! A row names commands, states and callers by words; `!` means none of them, `*` anything. For
//! every combination the first row that applies counts, so the rows of a command stand in the order
//! in which its refusals take precedence, its successes last. The last column is the refusal, or
//! the state afterwards (`=` for unchanged).

mod commands;
pub(crate) mod post;
mod rows;
pub(crate) mod talk;

use std::collections::BTreeSet;

use handoff_domain::command::{Action, Actor, Command, UserCommand};
use handoff_domain::id::InteractionId;
use handoff_domain::interaction::decide::decide;
use handoff_domain::invariants;
use handoff_domain::rejection::Rejection;

use crate::floor::{Floor, SUPERVISOR};
use crate::support::{ANN, BOB, CID, DEE, STATES, state};

pub(crate) use commands::{COMMANDS, prepare, wish};
use rows::ROWS;

/// Returns everybody who could give a command in that state.
fn callers(words: &str, floor: &Floor) -> Vec<(&'static str, Actor)> {
    let has = |word: &str| words.split(' ').any(|it| it == word);
    let mut callers = vec![
        ("supervisor", Actor::User(floor.caller(SUPERVISOR))),
        ("customer", Actor::Customer),
        ("router", Actor::Router),
        ("server", Actor::Server),
        ("mailer", Actor::Mailer),
    ];
    let users = [
        ("owner", ANN, has("owned")),
        ("keeper", ANN, has("workbin")),
        ("sender", ANN, has("sending") && !has("unasked")),
        ("target", BOB, has("offered")),
        ("participant", CID, has("company")),
        // Everybody of the group is a keeper of the team's workbin.
        ("other", DEE, !has("team")),
    ];
    callers.extend(
        users
            .into_iter()
            .filter(|(_, _, is_there)| *is_there)
            .map(|(name, user, _)| (name, Actor::User(floor.caller(user)))),
    );
    callers
}

/// Tells whether a column applies to something that has these words.
fn applies(column: &str, words: &[&str]) -> bool {
    match column.strip_prefix('!') {
        _ if column == "*" => true,
        Some(excluded) => !excluded.split('|').any(|word| words.contains(&word)),
        None => column.split('|').any(|word| words.contains(&word)),
    }
}

/// Returns the number of the row that counts.
fn row(command: &str, words: &str, caller: &str) -> usize {
    let base = command.split(' ').next().expect("a command has a name");
    let states: Vec<&str> = words.split(' ').collect();
    let row = ROWS.iter().position(|(commands, in_states, by, _)| {
        applies(commands, &[command, base]) && applies(in_states, &states) && applies(by, &[caller])
    });
    row.unwrap_or_else(|| panic!("no row for {command} in a state that is {words} by {caller}"))
}

/// Returns the name of a refusal.
fn name(rejection: &Rejection) -> String {
    let text = format!("{rejection:?}");
    text.split([' ', '(', '{']).next().expect("a name").to_string()
}

fn outcome(floor: &Floor, id: InteractionId, command: &Command) -> String {
    match floor.decide(decide, id, command) {
        Ok(decision) => {
            let before = &floor.interactions[&id];
            invariants::check_step(before, &decision.after).expect("the step keeps the invariants");
            let said = decision.said();
            invariants::step::said_in_order(Some(before), &decision.after, said).expect("no gap");
            let (earlier, later) = (before.status(), decision.after.status());
            if earlier == later { "=".to_string() } else { format!("{later:?}") }
        }
        Err(rejection) => name(&rejection),
    }
}

#[test]
fn every_state_command_and_caller() {
    let mut wrong = Vec::new();
    let mut cells = 0;
    let mut met = BTreeSet::new();
    for (state_name, words) in STATES {
        for command in COMMANDS {
            let (mut floor, id) = state(state_name);
            prepare(&mut floor, command);
            for (caller, actor) in callers(words, &floor) {
                let Some(given) = wish(command, &floor, id).by(&actor) else { continue };
                let row = row(command, words, caller);
                let (got, expect) = (outcome(&floor, id, &given), ROWS[row].3);
                met.insert(row);
                cells += 1;
                if got != expect {
                    wrong.push(format!(
                        "{command} in {state_name} by {caller}: {got}, expected {expect}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cells > 9_000, "the table shrank to {cells} cells");
    let idle: Vec<_> =
        (0..ROWS.len()).filter(|row| !met.contains(row)).map(|row| ROWS[row]).collect();
    assert!(idle.is_empty(), "rows that no cell meets: {idle:#?}");
}

#[test]
fn a_stale_epoch_is_refused_before_everything_else() {
    for (state_name, words) in STATES {
        let (floor, id) = state(state_name);
        let current = floor.interactions[&id].epoch;
        for command in COMMANDS {
            for (_, actor) in callers(words, &floor) {
                let given = current - 1;
                let wished = wish(command, &floor, id).by(&actor);
                let Some(Command::User(stale)) = wished else { continue };
                let stale = UserCommand { epoch: Some(given), ..stale };
                let refusal = floor.decide(decide, id, &stale.into());
                assert_eq!(
                    refusal,
                    Err(Rejection::StaleEpoch { given, current }),
                    "{command} in {state_name}"
                );
            }
        }
    }
}

#[test]
fn the_current_epoch_is_no_obstacle() {
    let (floor, id) = state("processing");
    let epoch = Some(floor.interactions[&id].epoch);
    let command = UserCommand::new(floor.caller(ANN), Action::Complete { queue: None });
    let decision = floor.decide(decide, id, &UserCommand { epoch, ..command }.into());
    assert!(decision.expect("it is completed").after.is_ended());
}
