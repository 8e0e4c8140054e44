//! The table of capabilities agrees with the rules: what it lists is not refused for the state, and
//! where it lists nothing, nothing that an owner does is allowed.

use handoff_domain::Operation;
use handoff_domain::command::Actor;
use handoff_domain::id::UserId;
use handoff_domain::interaction::decide::decide;
use handoff_domain::rejection::Rejection;

use crate::floor::SUPERVISOR;
use crate::support::{ANN, BOB, CID, STATES, state};
use crate::table::wish;

/// The commands behind the names of capabilities. Typing is no command of the rules.
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
    ("SendMessage", "Say"),
    ("SendToAgents", "Say to-agents"),
    ("SwitchToCoach", "SwitchMode"),
];

/// What every owner may do, whether or not the pages list it for their medium.
const ALWAYS: &[&str] =
    &["AddComment", "SetDisposition", "AttachUserData", "UpdateUserData", "DeleteUserData"];

/// What everybody may do who sees it, though it is listed for those whom it concerns.
const ANYBODYS: &str = "SetInFocus";

/// What supervisors may do with anybody's work.
const ON_BEHALF: &str = "Transfer";

/// What whoever is in a conversation may do, though it is listed only where somebody hears it whom
/// the name promises.
const SPOKEN: &[&str] = &["SendMessage", "SendToAgents"];

#[test]
fn capabilities_and_rules_agree() {
    for (name, words) in STATES {
        let (floor, id) = state(name);
        let interaction = &floor.interactions[&id];
        let readers =
            if interaction.wait().is_some() { vec![BOB] } else { vec![ANN, CID, SUPERVISOR] };
        let is_in = |reader: &UserId| *reader == ANN || interaction.people().contains(reader);
        for (reader, (capability, command)) in readers
            .into_iter()
            .filter(is_in)
            .flat_map(|reader| COMMANDS.iter().map(move |row| (reader, row)))
        {
            let listed = interaction.capabilities_for(reader);
            let actor = Actor::User(floor.caller(reader));
            let given = wish(command, &floor, id).by(&actor).expect("a user's command");
            let answer = floor.decide(decide, id, &given);
            let is_anyway = *capability == ANYBODYS
                || (reader == SUPERVISOR && *capability == ON_BEHALF)
                || (words.contains("owned") && ALWAYS.contains(capability))
                || (words.contains("talk") && SPOKEN.contains(capability));
            if listed.iter().any(|one| format!("{one:?}") == *capability) {
                let is_wrong_state = matches!(answer, Err(Rejection::WrongState { .. }));
                assert!(!is_wrong_state, "{capability} is listed in {name}: {answer:?}");
            } else if !is_anyway {
                assert!(
                    answer.is_err(),
                    "{capability} is not listed in {name} for {reader} and is carried out"
                );
            }
        }
    }
}

#[test]
fn the_target_of_an_offer_sees_an_invitation() {
    for (name, words) in STATES {
        let (floor, id) = state(name);
        let interaction = &floor.interactions[&id];
        let targets = [("offered", BOB), ("intruded", SUPERVISOR)];
        let targets: Vec<UserId> = targets
            .into_iter()
            .filter(|(word, _)| words.contains(word))
            .map(|(_, user)| user)
            .collect();
        for target in &targets {
            let accepted = [Operation::Accept, Operation::Reject];
            assert_eq!(interaction.capabilities_for(*target), accepted, "{name}");
        }
        if targets.is_empty() {
            continue;
        }
        let is_owned = words.contains("owned");
        let listed = interaction.capabilities_for(ANN);
        assert_eq!(listed.contains(&Operation::Transfer), is_owned, "{name}");
    }
}
