//! The table of capabilities agrees with the rules: what it lists is not refused for the state, and where it lists nothing, nothing that an
//! owner does is allowed.

use handoff_domain::command::Command;
use handoff_domain::interaction::decide::decide;
use handoff_domain::rejection::Rejection;

use crate::support::{ANN, BOB, STATES, state};
use crate::table::action;

/// The commands behind the names of capabilities. Messages and typing are no commands of the rules.
const COMMANDS: &[(&str, &str)] = &[
    ("Accept", "Accept"),
    ("Reject", "Reject"),
    ("Reply", "Reply"),
    ("ReplyAll", "ReplyAll"),
    ("Transfer", "Transfer"),
    ("AddComment", "AddComment"),
    ("AttachUserData", "Attach"),
    ("UpdateUserData", "Update"),
    ("DeleteUserData", "Delete"),
    ("SetDisposition", "SetDisposition"),
    ("SetInFocus", "SetInFocus"),
    ("Complete", "Complete"),
    ("Cancel", "Cancel"),
    ("Send", "Send"),
    ("Leave", "Leave"),
    ("Invite", "Invite"),
    ("Consult", "Consult"),
];

/// What every owner may do, whether or not the pages list it for his medium.
const ALWAYS: &[&str] =
    &["AddComment", "SetDisposition", "AttachUserData", "UpdateUserData", "DeleteUserData"];

#[test]
fn capabilities_and_rules_agree() {
    for (name, words) in STATES {
        let (floor, id) = state(name);
        let interaction = &floor.interactions[&id];
        let reader = if interaction.wait().is_some() { BOB } else { ANN };
        let listed = interaction.capabilities_for(reader);
        for (capability, command) in COMMANDS {
            let given =
                Command { actor: floor.caller(reader), epoch: None, action: action(command, &floor, id) };
            let answer = floor.decide(decide, id, &given);
            if listed.contains(capability) {
                let is_wrong_state = matches!(answer, Err(Rejection::WrongState { .. }));
                assert!(!is_wrong_state, "{capability} is listed in {name}: {answer:?}");
            } else if !(words.contains("owned") && ALWAYS.contains(capability)) {
                assert!(answer.is_err(), "{capability} is not listed in {name} and is carried out");
            }
        }
    }
}

#[test]
fn the_target_of_an_offer_sees_an_invitation() {
    for (name, words) in STATES.iter().filter(|(_, words)| words.contains("offered")) {
        let (floor, id) = state(name);
        let interaction = &floor.interactions[&id];
        assert_eq!(interaction.capabilities_for(BOB), ["Accept", "Reject"], "{name}");
        let is_owned = words.contains("owned");
        assert_eq!(interaction.capabilities_for(ANN).contains(&"Transfer"), is_owned, "{name}");
    }
}
