//! The table's commands about conversations.

use std::collections::BTreeMap;

use handoff_domain::chat::{Chat, Content, LeaveReason, TreatAs, Utterance, Visibility};
use handoff_domain::command::{Action, CustomerAction, Named, SupervisorMode, SystemAction};
use handoff_domain::id::{FileId, UserId};
use handoff_domain::media::Media;
use handoff_domain::time::Time;

use super::commands::Wish;
use crate::floor::{Floor, NODE, SUPERVISOR};
use crate::support::{CID, DEE, chat_request};

/// Changes the contact center as the command's name says.
pub(super) fn prepare(floor: &mut Floor, command: &str) {
    let times = chat_request().times;
    match command {
        "Intrude no-session" => {
            let desk = floor.desks.get_mut(&SUPERVISOR).expect("a desk");
            let _ = desk.end_session().expect("a session");
        }
        "Intrude away" => {
            let now = floor.now;
            floor.desks.get_mut(&SUPERVISOR).expect("a desk").set_reach(NODE, [].into(), now);
        }
        "ConsultQueue nobody" => floor.adviser = None,
        "CheckCustomer" => floor.now = floor.now.plus_ms(times.customer_silence_ms),
        "CheckIdle" => floor.now = floor.now.plus_ms(times.idle_alert_ms),
        "CheckWait" => floor.now = floor.now.plus_ms(times.wait_max_ms),
        "Say too-late" => {
            let chats = floor.interactions.values_mut().filter(|it| it.media() == Media::Chat);
            chats.filter_map(|it| it.chat_mut()).for_each(|chat| chat.total = Chat::ENTRIES_MAX);
        }
        _ => {}
    }
}

/// Returns the command of that name, when it is about a conversation.
pub(super) fn wish(base: &str, special: &str) -> Option<Wish> {
    Some(match base {
        "Say" => Wish {
            user: Some(Action::Say(utterance(special))),
            customer: Some(CustomerAction::Say(utterance(special))),
            system: None,
        },
        "CompleteTransfer" => Action::CompleteTransfer { to: agent(special) }.into(),
        "CompleteConference" => Action::CompleteConference { agent: agent(special) }.into(),
        "Intrude" => Action::Intrude { mode: SupervisorMode::Monitor, nickname: None }.into(),
        "SwitchMode" => Action::SwitchMode { mode: SupervisorMode::Coach }.into(),
        "CountDownload" => CustomerAction::CountDownload { file: FileId(7) }.into(),
        "CustomerLeft" => CustomerAction::Leave { reason: LeaveReason::Itself }.into(),
        "CheckCustomer" => SystemAction::CheckCustomer { listening_since: Time(0) }.into(),
        "CheckIdle" => SystemAction::CheckIdle.into(),
        "CheckWait" => SystemAction::CheckWait.into(),
        _ => return None,
    })
}

fn agent(special: &str) -> Option<Named<UserId>> {
    match special {
        "unknown" => Some(Named::Unknown("nobody".to_string())),
        "named" => Some(Named::Known(CID)),
        "stranger" => Some(Named::Known(DEE)),
        "watcher" => Some(Named::Known(SUPERVISOR)),
        _ => None,
    }
}

fn utterance(special: &str) -> Utterance {
    let content = match special {
        "empty" => text(""),
        "long" => text(&"x".repeat(Chat::TEXT_CHARS_MAX + 1)),
        "notice" => Content::Notice { text: "see".to_string(), data: BTreeMap::new() },
        "nickname" => Content::NicknameUpdated { nickname: "Jo".to_string() },
        "joined" => Content::Joined,
        "far-url" => Content::PushUrl { url: "u".repeat(Chat::URL_CHARS_MAX + 1) },
        _ => text("hello"),
    };
    let visibility = match special {
        "to-agents" => Visibility::Agents,
        "to-supervisors" => Visibility::Supervisors,
        _ => Visibility::All,
    };
    Utterance::new(content, visibility)
}

/// Returns a text as somebody's words.
pub(crate) fn text(text: &str) -> Content {
    Content::Text { text: text.to_string(), message_type: None, treat_as: TreatAs::Normal }
}
