//! The operations on one of an agent's interactions: name, envelope, and how the body becomes an
//! intent. One row each.
//!
//! Sources: the reference document's operations (docs/compat/operations.md, table); the others are
//! of the same pages' older and newer revisions (docs/compat/operations.md#names).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use handoff_domain::command::{DraftKind, Removal};
use handoff_domain::{Action, SupervisorMode, Value, Visibility};

use super::action_text::{ActionText, Intent, Parsed, act, plain};
use super::compose::Answering;
use super::marks::{Focus, Looking};
use super::names::{AgentText, QueueText, TargetText};
use super::talk::Typing;
use super::{chat, mail};
use crate::error::Refusal;
use crate::request::{JsonBody, unknown_operation};
use crate::wire::email::EmailChanges;
use crate::wire::envelope::Envelope;
use crate::wire::fields::Fields;

type Parse = fn(&Fields<'_>) -> Result<Intent, Refusal>;

/// One row of the table.
struct Row {
    names: &'static [&'static str],
    envelope: Envelope,
    /// The envelope at the doors of the 8.5.2 generation.
    later: Envelope,
    parse: Parse,
}

const fn row(names: &'static [&'static str], envelope: Envelope, parse: Parse) -> Row {
    Row { names, envelope, later: Plain, parse }
}

impl Row {
    /// Two pages of the 8.5.2 generation still show `{"status":0}`
    /// (docs/compat/operations.md#envelopes).
    const fn with_zero(self) -> Self {
        Self { later: StatusZero, ..self }
    }
}

use Envelope::{Plain, StatusText, StatusZero};

/// The table. A second name is an alias of another revision.
const TABLE: &[Row] = &[
    row(&["Accept"], StatusText, accept),
    row(&["Reject"], StatusText, |_| plain(Action::Reject)).with_zero(),
    row(&["Cancel", "CancelReply"], StatusZero, |_| plain(Action::Cancel)).with_zero(),
    row(&["Complete", "StopProcessing"], Plain, complete),
    row(&["PlaceInQueue"], StatusText, place_in_queue),
    row(&["UpdateUserData"], StatusText, update_user_data),
    row(&["AttachUserData"], StatusText, attach_user_data),
    row(&["DeleteUserData"], StatusText, delete_user_data),
    row(&["PlaceInWorkbin"], StatusText, place_in_workbin),
    row(&["GetWorkbinContent"], StatusText, |body| {
        Ok(Intent::ShowWorkbin(body.required_text("workbin")?))
    }),
    row(&["Transfer", "SingleStepTransfer"], Plain, transfer),
    row(&["Pull"], Plain, |body| act(ActionText::Take(AgentText::read(body)?))),
    row(&["SetPriority"], Plain, set_priority),
    row(&["Widen"], Plain, |_| plain(Action::Widen)),
    row(&["Reply"], Plain, |body| draft(DraftKind::Reply, body)),
    row(&["ReplyAll"], Plain, |body| draft(DraftKind::ReplyAll, body)),
    row(&["Forward"], Plain, |body| draft(DraftKind::Forward, body)),
    row(&["Save"], Plain, save),
    row(&["AddComment"], Plain, add_comment),
    row(&["SetDisposition"], Plain, set_disposition),
    // The second is spelt as its page has it, and so that it says what it does.
    row(
        &[
            "ReportResponseTemplateUsage",
            "LinkStandardReponseToInteraction",
            "LinkStandardResponseToInteraction",
        ],
        Plain,
        use_response,
    ),
    row(&["SetInFocus", "InFocus"], Plain, set_in_focus),
    row(&["EndChatSession"], Plain, |_| plain(Action::EndChatSession)),
    row(&["Send"], Plain, mail::send),
    row(&["CancelSend"], Plain, |_| plain(Action::CancelSend)),
    row(&["AddAttachment"], Plain, mail::add_attachment),
    row(&["RemoveAttachment"], Plain, mail::remove_attachment),
    row(&["SplitFromThread"], Plain, |_| plain(Action::Split)),
    row(&["JoinThread"], Plain, mail::join),
    row(&["SendMessage"], Plain, chat::send),
    row(&["SendToAgents"], Plain, chat::send_to_agents),
    row(&["SendUrl"], Plain, chat::send_url),
    row(&["SendCustomNotice"], Plain, chat::send_notice),
    row(&["SendStartTypingNotification"], Plain, |_| {
        chat::typing(Typing::Started, Visibility::All)
    }),
    row(&["SendStopTypingNotification"], Plain, |_| chat::typing(Typing::Stopped, Visibility::All)),
    row(&["SendStartTypingToAgentsNotification"], Plain, |_| {
        chat::typing(Typing::Started, Visibility::Agents)
    }),
    row(&["SendStopTypingToAgentsNotification"], Plain, |_| {
        chat::typing(Typing::Stopped, Visibility::Agents)
    }),
    row(&["SendNotification"], Plain, chat::send_notification),
    row(&["RequestChatHistory"], Plain, chat::request_history),
    row(&["InviteUser", "Invite"], Plain, chat::invite),
    row(&["Consult"], Plain, chat::consult),
    // Its page answers `{"status":0}`, the others' do not (docs/compat/operations.md#envelopes).
    row(&["StartChatConsultation"], StatusZero, chat::consult),
    row(&["CompleteTransfer"], Plain, chat::complete_transfer),
    row(&["CompleteConference"], Plain, chat::complete_conference),
    row(&["LeaveConference", "Leave"], Plain, chat::leave),
    row(&["RemoveParticipantFromConference"], Plain, chat::remove_participant),
    row(&["SwitchToMonitor"], Plain, |_| chat::switch(SupervisorMode::Monitor)),
    row(&["SwitchToCoach"], Plain, |_| chat::switch(SupervisorMode::Coach)),
    row(&["SwitchBargeIn", "SwitchToBargeIn"], Plain, |_| chat::switch(SupervisorMode::BargeIn)),
];

fn find(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.names.contains(&name))
}

/// Returns the envelope of an operation's answers, refusals included.
pub(crate) fn envelope_of(name: &str) -> Envelope {
    find(name).map_or(Plain, |row| row.envelope)
}

/// An operation on anybody's interaction, by a supervisor: one that the rules allow for others.
pub(crate) struct OnBehalf(pub(crate) Operation);

impl OnBehalf {
    const NAMES: [&'static str; 7] = [
        "Pull",
        "Transfer",
        "SingleStepTransfer",
        "PlaceInQueue",
        "PlaceInWorkbin",
        "SetPriority",
        "Widen",
    ];
}

impl<S: Sync> FromRequestParts<S> for OnBehalf {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let name = body.operation_name()?;
        if !Self::NAMES.contains(&name.as_str()) {
            return Err(unknown_operation(&name));
        }
        Operation::read(&body).map(Self)
    }
}

/// An operation that a body asks for. Stands before the caller among a handler's arguments.
pub(crate) struct Operation {
    pub(crate) envelope: Envelope,
    /// The envelope at the doors of the 8.5.2 generation.
    pub(crate) later: Envelope,
    pub(crate) intent: Intent,
    pub(crate) epoch: Option<u64>,
}

impl Operation {
    fn read(body: &JsonBody) -> Result<Self, Refusal> {
        let name = body.operation_name()?;
        let row = find(&name).ok_or_else(|| unknown_operation(&name))?;
        let fields = body.fields();
        let epoch = fields.count("epoch")?;
        let Row { envelope, later, .. } = *row;
        Ok(Self { envelope, later, intent: (row.parse)(&fields)?, epoch })
    }
}

impl<S: Sync> FromRequestParts<S> for Operation {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        Self::read(&body)
    }
}

fn accept(body: &Fields<'_>) -> Parsed {
    // Clients send an empty name for none.
    let nickname = body.line("nickname")?.filter(|name| !name.trim().is_empty());
    plain(Action::Accept { nickname })
}

fn complete(body: &Fields<'_>) -> Parsed {
    chat::act_and_part(body, ActionText::Complete(QueueText::read(body)?))
}

fn place_in_queue(body: &Fields<'_>) -> Parsed {
    act(ActionText::PlaceInQueue(QueueText::required(body)?))
}

fn update_user_data(body: &Fields<'_>) -> Parsed {
    let user_data = body.user_data("userData")?.ok_or_else(|| body.missing("userData"))?;
    plain(Action::UpdateUserData(user_data))
}

fn attach_user_data(body: &Fields<'_>) -> Parsed {
    let user_data = body.user_data("userData")?.ok_or_else(|| body.missing("userData"))?;
    plain(Action::AttachUserData(user_data))
}

/// The reference document names keys by an object, the 8.5.2 pages by a list
/// (docs/compat/operations.md#user-data).
fn delete_user_data(body: &Fields<'_>) -> Parsed {
    let removal = match (body.user_data("userData")?, body.texts("keys")?) {
        (Some(tree), None) => Removal::Tree(tree.0),
        (None, Some(keys)) => Removal::Keys(keys),
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid("Give one of userData and keys, not both."));
        }
        (None, None) => return Err(body.missing("userData or keys")),
    };
    plain(Action::DeleteUserData(removal))
}

fn place_in_workbin(body: &Fields<'_>) -> Parsed {
    let workbin = body.required_text("workbin")?;
    act(ActionText::PlaceInWorkbin(workbin, AgentText::read(body)?, body.moment("until")?))
}

fn set_priority(body: &Fields<'_>) -> Parsed {
    let priority = body.integer("priority")?.ok_or_else(|| body.missing("priority"))?;
    plain(Action::SetPriority(priority))
}

fn transfer(body: &Fields<'_>) -> Parsed {
    chat::act_and_part(body, ActionText::Transfer(TargetText::read(body)?))
}

fn draft(kind: DraftKind, body: &Fields<'_>) -> Parsed {
    act(ActionText::CreateDraft(Answering::read(kind, body)?))
}

/// Of a draft its `email`, of a chat the `text` that was typed.
fn save(body: &Fields<'_>) -> Parsed {
    match (EmailChanges::read(body)?, body.text("text")?) {
        (Some(changes), _) => act(ActionText::SaveDraft(changes)),
        (None, Some(text)) => chat::keep(text, body),
        (None, None) => Err(body.missing("email")),
    }
}

fn set_in_focus(body: &Fields<'_>) -> Parsed {
    let focus = match body.boolean("inFocus")? {
        None | Some(true) => Focus::On,
        Some(false) => Focus::Off,
    };
    Ok(Intent::Look(Looking { focus, index: body.count("index")? }))
}

fn add_comment(body: &Fields<'_>) -> Parsed {
    let comment = match body.text("text")? {
        Some(text) => text,
        None => body.required_text("comment")?,
    };
    plain(Action::AddComment(comment))
}

/// What was used as what (`usageType`, `responseType`) is the text's own.
fn use_response(body: &Fields<'_>) -> Parsed {
    let names = ["responseTemplateId", "standardResponseId", "responseId"];
    for name in names {
        if let Some(id) = body.text(name)? {
            return Ok(Intent::UseResponse(id));
        }
    }
    Err(body.missing(names[0]))
}

fn set_disposition(body: &Fields<'_>) -> Parsed {
    let disposition = Value::Text(body.required_text("disposition")?);
    act(ActionText::SetDisposition(body.text("dispositionKey")?, disposition))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_means_one_operation() {
        let names: Vec<&str> = TABLE.iter().flat_map(|row| row.names.iter().copied()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn every_name_is_described() {
        let document: serde_json::Value =
            serde_json::from_str(crate::openapi::rest()).expect("the document is JSON");
        let schemas = &document["components"]["schemas"];
        let bodies =
            schemas["InteractionOperation"]["anyOf"].as_array().expect("there are several");
        let names = bodies.iter().flat_map(|body| {
            let reference = body["$ref"].as_str().expect("each has a name");
            let name = reference.rsplit('/').next().expect("a reference has an end");
            let operation = &schemas[name]["properties"]["operationName"];
            let several = operation["enum"].as_array().into_iter().flatten();
            several.chain(operation.get("const")).filter_map(serde_json::Value::as_str)
        });
        let described: BTreeSet<&str> = names.collect();
        let all: BTreeSet<&str> = TABLE.iter().flat_map(|row| row.names.iter().copied()).collect();
        assert_eq!(described, all, "left: api/src/openapi/schemas/operations.json; right: TABLE");
    }
}
