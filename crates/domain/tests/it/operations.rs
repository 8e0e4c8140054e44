//! What is said to be allowed is allowed, and nothing else is: in every state, for everybody.

use handoff_domain::chat::{Chat, Content, Utterance, Visibility};
use handoff_domain::command::{Action, Caller, UserCommand};
use handoff_domain::id::UserId;
use handoff_domain::interaction::decide::decide;
use handoff_domain::interaction::talk::may_draft;
use handoff_domain::media::Media;
use handoff_domain::{Operation, Outline};

use crate::floor::{AGENTS, Floor, SUPERVISOR};
use crate::support::{STATES, state};
use crate::table::{prepare, wish};

/// Commands of the state table that try an operation with arguments that exist; one that succeeds
/// is enough. The notifications of typing and the request for the history are no commands.
const TRIALS: &[(&str, &[&str])] = &[
    ("Accept", &["Accept"]),
    ("Reject", &["Reject"]),
    ("Reply", &["Reply"]),
    ("ReplyAll", &["ReplyAll"]),
    ("Forward", &["Forward"]),
    ("Save", &["Save"]),
    ("Send", &["Send", "Send forced", "Say"]),
    ("CancelSend", &["CancelSend"]),
    ("Cancel", &["Cancel"]),
    ("AddAttachment", &["AddAttachment"]),
    ("RemoveAttachment", &["RemoveAttachment"]),
    ("SendMessage", &["Say"]),
    ("SendToAgents", &["Say to-agents"]),
    ("SendUrl", &["Url"]),
    ("SendCustomNotice", &["CustomNotice"]),
    ("Invite", &["Invite", "Invite participant", "Invite target"]),
    ("Consult", &["Consult", "Consult participant", "ConsultQueue"]),
    ("CompleteTransfer", &["CompleteTransfer", "CompleteTransfer named"]),
    ("CompleteConference", &["CompleteConference", "CompleteConference named"]),
    (
        "RemoveParticipantFromConference",
        &["Remove", "Remove target", "Remove stranger", "Remove watcher"],
    ),
    ("Leave", &["Leave"]),
    ("EndChatSession", &["EndChatSession"]),
    ("SwitchToMonitor", &["SwitchMode"]),
    ("SwitchToCoach", &["SwitchMode"]),
    ("SwitchBargeIn", &["SwitchMode"]),
    ("AttachUserData", &["Attach"]),
    ("UpdateUserData", &["Update"]),
    ("DeleteUserData", &["Delete"]),
    ("SetDisposition", &["SetDisposition"]),
    ("AddComment", &["AddComment"]),
    ("UseResponse", &["UseResponse"]),
    ("SetInFocus", &["SetInFocus"]),
    ("SplitFromThread", &["Split"]),
    ("JoinThread", &["Join"]),
    ("Transfer", &["Transfer", "ToQueue"]),
    ("PlaceInQueue", &["PlaceInQueue"]),
    ("PlaceInWorkbin", &["PlaceInWorkbin"]),
    ("Pull", &["Take", "Take caller"]),
    ("SetPriority", &["SetPriority"]),
    ("Widen", &["Widen"]),
    ("Complete", &["Complete"]),
];

/// What is no command: the doors' tests try it.
const NO_COMMANDS: [&str; 6] = [
    "SendStartTypingNotification",
    "SendStopTypingNotification",
    "SendStartTypingToAgentsNotification",
    "SendStopTypingToAgentsNotification",
    "SendNotification",
    "RequestChatHistory",
];

/// Returns whether the operation is said to be allowed, and whether it is.
fn said_and_so(state_name: &str, reader: UserId, name: &str, trials: &[&str]) -> (bool, bool) {
    let (mut said, mut so) = (None, false);
    for trial in trials {
        let (mut floor, id) = state(state_name);
        prepare(&mut floor, trial);
        let caller = floor.caller(reader);
        let refusal = Outline::of(&floor.interactions[&id])
            .operations(&caller)
            .find(|(one, _)| format!("{one:?}") == name)
            .expect("every operation is listed");
        let allowed = refusal.1.is_none();
        assert_eq!(*said.get_or_insert(allowed), allowed, "{name} depends on its argument");
        so |= is_accepted(&floor, id, caller, name, trial);
    }
    (said.expect("there is a trial"), so)
}

fn is_accepted(
    floor: &Floor,
    id: handoff_domain::InteractionId,
    caller: Caller,
    name: &str,
    trial: &str,
) -> bool {
    let media = &floor.interactions[&id].media();
    let say = |content| Action::Say(Utterance::new(content, Visibility::All));
    let action = match trial {
        "Url" => say(Content::PushUrl { url: "https://x.example".to_string() }),
        "CustomNotice" => say(Content::CustomNotice { text: None }),
        // In a chat it keeps what was typed, which is no command.
        "Save" if *media == Media::Chat => {
            let chat = &floor.interactions[&id];
            return may_draft(chat, caller.user, "x", Visibility::All).is_ok();
        }
        // In a chat `Send` says something, elsewhere it sends a draft.
        "Say" if name == "Send" && *media == Media::Email => return false,
        trial => wish(trial, floor, id).user.expect("a user's action"),
    };
    floor.decide(decide, id, &UserCommand::new(caller, action).into()).is_ok()
}

#[test]
fn what_is_listed_is_accepted_and_what_is_not_is_refused() {
    let mut wrong = Vec::new();
    let mut allowed = 0;
    for (state_name, _) in STATES {
        for reader in AGENTS.into_iter().chain([SUPERVISOR]) {
            for (name, trials) in TRIALS {
                let (said, so) = said_and_so(state_name, reader, name, trials);
                allowed += usize::from(so);
                if said != so {
                    wrong
                        .push(format!("{name} in {state_name} for {reader}: said {said}, is {so}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(allowed > 300, "{allowed} are allowed: so few that the comparison says little");
}

#[test]
fn every_operation_is_tried_somewhere() {
    let (floor, id) = state("processing");
    let caller = floor.caller(SUPERVISOR);
    let tried =
        |name: &str| TRIALS.iter().any(|(trial, _)| *trial == name) || NO_COMMANDS.contains(&name);
    let outline = Outline::of(&floor.interactions[&id]);
    let listed: Vec<_> = outline.operations(&caller).collect();
    assert!(listed.iter().all(|(one, _)| tried(&format!("{one:?}"))), "{listed:?}");
    assert_eq!(listed.len(), TRIALS.len() + NO_COMMANDS.len());
}

#[test]
fn what_is_said_changes_an_outline_only_when_nothing_more_can_be() {
    let (floor, id) = state("talking");
    let caller = floor.caller(AGENTS[0]);
    let after = |total: u64| {
        let mut chat = floor.interactions[&id].clone();
        chat.chat_mut().expect("it is a chat").total = total;
        Outline::of(&chat)
    };
    let may_say = |outline: &Outline| {
        let said = |(one, _): &(Operation, _)| *one == Operation::SendMessage;
        outline.operations(&caller).find(said).is_some_and(|(_, refusal)| refusal.is_none())
    };
    assert_eq!(after(17), after(18));
    assert!(may_say(&after(Chat::ENTRIES_MAX - 1)));
    assert!(!may_say(&after(Chat::ENTRIES_MAX)));
}
