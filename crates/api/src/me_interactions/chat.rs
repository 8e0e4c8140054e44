//! The operations of a chat: how their bodies become what an agent says, whom they bring in, and
//! how they go (docs/compat/media.md#chat).

use handoff_domain::{Action, Content, SupervisorMode, TreatAs, Utterance, Value, Visibility};
use url::Url;

use super::action_text::{ActionText, InstructionText, Intent, Parsed, act, act_with_note, plain};
use super::marks::Typed;
use super::names::{AdviserText, AgentText};
use super::talk::{History, Telling, Typing};
use crate::error::Refusal;
use crate::wire::fields::Fields;

/// `SendMessage`.
pub(super) fn send(body: &Fields<'_>) -> Parsed {
    act(ActionText::Say(said(body)?))
}

/// Reads what is to be said. That it is missing is told once the chat is found: with `Send` it
/// could have been an e-mail.
pub(super) fn said(body: &Fields<'_>) -> Result<Result<Utterance, Refusal>, Refusal> {
    let visibility = visibility(body)?;
    let content = text(body)?.ok_or_else(|| body.missing("text"));
    Ok(content.map(|content| Utterance::new(content, visibility)))
}

/// `SendToAgents`: what the customer does not see.
pub(super) fn send_to_agents(body: &Fields<'_>) -> Parsed {
    let content = text(body)?.ok_or_else(|| body.missing("text"))?;
    say(content, Visibility::Agents)
}

/// `SendUrl`. Only pages: the others' clients open the address, so nothing that a program could run
/// gets through.
pub(super) fn send_url(body: &Fields<'_>) -> Parsed {
    let url = body.line("url")?.ok_or_else(|| body.missing("url"))?;
    let is_page = Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_page {
        return Err(Refusal::invalid(
            "The field url must be the http or https address of a page; correct it.",
        ));
    }
    say(Content::PushUrl { url }, visibility(body)?)
}

/// `SendCustomNotice`: between clients, not for people.
pub(super) fn send_notice(body: &Fields<'_>) -> Parsed {
    let text = body.required_text("noticeText")?;
    say(Content::CustomNotice { text: Some(text) }, visibility(body)?)
}

fn say(content: Content, visibility: Visibility) -> Parsed {
    plain(Action::Say(Utterance::new(content, visibility)))
}

/// Begins or stops to show that the caller is typing.
pub(super) fn typing(typing: Typing, visibility: Visibility) -> Parsed {
    Ok(Intent::Tell(Telling { typing, visibility }))
}

/// Returns what was typed and is to be kept.
pub(super) fn keep(text: String, body: &Fields<'_>) -> Parsed {
    Ok(Intent::Keep(Typed { text, visibility: visibility(body)? }))
}

/// `SendNotification`, whose field the page spells without one of its letters
/// (docs/compat/media.md#chat).
pub(super) fn send_notification(body: &Fields<'_>) -> Parsed {
    let given = match body.text("notification")? {
        Some(given) => Some(given),
        None => body.text("notifcation")?,
    };
    match given.ok_or_else(|| body.missing("notification"))?.as_str() {
        "TypingStarted" => typing(Typing::Started, visibility(body)?),
        "TypingStopped" => typing(Typing::Stopped, visibility(body)?),
        _ => {
            Err(Refusal::invalid("The field notification must be TypingStarted or TypingStopped."))
        }
    }
}

/// `RequestChatHistory`; the number may come as a text, as ids of other things do.
pub(super) fn request_history(body: &Fields<'_>) -> Parsed {
    let from = match body.get("eventId") {
        Some(Value::Text(text)) => Some(text.parse().map_err(|_| {
            Refusal::invalid(
                "The field eventId must be the index of a message; leave it out for all of them.",
            )
        })?),
        _ => body.count("eventId")?,
    };
    Ok(Intent::ShowHistory(History { from: from.unwrap_or(1) }))
}

/// `InviteUser`.
pub(super) fn invite(body: &Fields<'_>) -> Parsed {
    act_with_note(body, ActionText::Invite(AgentText::required(body)?))
}

/// `Consult`.
pub(super) fn consult(body: &Fields<'_>) -> Parsed {
    act_with_note(body, ActionText::Consult(AdviserText::required(body)?))
}

/// `CompleteTransfer`: to the agent who came in last, unless the body names one.
pub(super) fn complete_transfer(body: &Fields<'_>) -> Parsed {
    act(ActionText::CompleteTransfer(AgentText::read(body)?))
}

/// `CompleteConference`: with the consulted agent who came in last, unless the body names one.
pub(super) fn complete_conference(body: &Fields<'_>) -> Parsed {
    act(ActionText::CompleteConference(AgentText::read(body)?))
}

/// `LeaveConference`.
pub(super) fn leave(body: &Fields<'_>) -> Parsed {
    act_and_part(body, ActionText::Plain(Action::Leave))
}

/// `RemoveParticipantFromConference`.
pub(super) fn remove_participant(body: &Fields<'_>) -> Parsed {
    act(ActionText::RemoveParticipant(AgentText::required(body)?))
}

/// The supervisors' changes of their part.
pub(super) fn switch(mode: SupervisorMode) -> Parsed {
    plain(Action::SwitchMode { mode })
}

/// Returns an action that may begin with a farewell in a live chat.
pub(super) fn act_and_part(body: &Fields<'_>, action: ActionText) -> Parsed {
    let farewell = farewell(body)?;
    Ok(Intent::Act(InstructionText { action, farewell, note: body.text("note")? }))
}

/// Reads what is said first by somebody who goes; the customer sees it if they see its speaker.
fn farewell(body: &Fields<'_>) -> Result<Option<Utterance>, Refusal> {
    let content = text(body)?;
    Ok(content.map(|content| Utterance::new(content, Visibility::All)))
}

/// Reads `text` and how it is meant. Of `messageType` the default says nothing and is left out.
fn text(body: &Fields<'_>) -> Result<Option<Content>, Refusal> {
    const DEFAULT_TYPE: &str = "Text";
    let message_type = body.line("messageType")?.filter(|name| name != DEFAULT_TYPE);
    let treat_as = match body.text("treatAs")?.as_deref() {
        None | Some("Normal") => TreatAs::Normal,
        Some("System") => TreatAs::System,
        Some(_) => return Err(Refusal::invalid("The field treatAs must be Normal or System.")),
    };
    Ok(body.text("text")?.map(|text| Content::Text { text, message_type, treat_as }))
}

/// Reads to whom it goes; everybody who sees the speaker, unless the body says otherwise.
fn visibility(body: &Fields<'_>) -> Result<Visibility, Refusal> {
    match body.text("visibility")?.as_deref() {
        None | Some("All") => Ok(Visibility::All),
        Some("Agents") => Ok(Visibility::Agents),
        Some("Supervisors") => Ok(Visibility::Supervisors),
        Some(_) => {
            Err(Refusal::invalid("The field visibility must be All, Agents or Supervisors."))
        }
    }
}
