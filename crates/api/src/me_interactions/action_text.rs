//! What a body asks for while its names are still text, and the one place where they are looked up.

use handoff_domain::command::Dispatch;
use handoff_domain::rejection::Noun;
use handoff_domain::{
    Action, Email, FileId, InteractionId, Media, Operation, Rejection, Time, Utterance, Value,
};

use super::compose::Answering;
use super::marks::{Looking, Typed};
use super::names::{AdviserText, AgentText, Names, QueueText, TargetText};
use super::talk::{History, Telling};
use crate::attachments::may_attach;
use crate::commands::{Basis, Instruction};
use crate::error::Refusal;
use crate::wire::email::EmailChanges;
use crate::wire::fields::Fields;

/// What a body asks for.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one is made for each request")]
pub(crate) enum Intent {
    /// Something to be done with the interaction.
    Act(InstructionText),
    /// A file that is there already, to be attached.
    Attach(Document),
    /// Something that the others in a chat are told and that is kept nowhere.
    Tell(Telling),
    /// What was said in a chat.
    ShowHistory(History),
    /// What was typed in a chat, to be kept.
    Keep(Typed),
    /// That the caller looks at it.
    Look(Looking),
    /// That a text which is kept ready was used, by its id.
    UseResponse(String),
    /// The content of a workbin, by id or name.
    ShowWorkbin(String),
}

/// A file that is there already and is to be attached.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// Its id, or whatever text came in its place.
    pub(super) id: String,
    /// Another name for it.
    pub(super) name: Option<String>,
}

/// An [`Instruction`] whose names are not looked up.
#[derive(Clone, Debug)]
pub(crate) struct InstructionText {
    pub(super) action: ActionText,
    pub(super) farewell: Option<Utterance>,
    pub(super) note: Option<String>,
}

/// An [`Action`] whose names are not looked up.
#[derive(Clone, Debug)]
pub(crate) enum ActionText {
    /// It has no names.
    Plain(Action),
    /// Says something; the refusal is for want of it, and is told once the chat is found.
    Say(Result<Utterance, Refusal>),
    /// A mail of a draft, or something said in a chat; the interaction decides which of the two is
    /// meant.
    Send(Mailing, Result<Utterance, Refusal>),
    Complete(Option<QueueText>),
    PlaceInQueue(QueueText),
    /// Into the workbin of that id or name, among those that another agent may use when one is
    /// named, until that time.
    PlaceInWorkbin(String, Option<AgentText>, Option<Time>),
    /// For the caller, unless somebody is named.
    Take(Option<AgentText>),
    Transfer(TargetText),
    Invite(AgentText),
    Consult(AdviserText),
    CompleteTransfer(Option<AgentText>),
    CompleteConference(Option<AgentText>),
    RemoveParticipant(AgentText),
    CreateDraft(Answering),
    SaveDraft(EmailChanges),
    RemoveAttachment(String),
    /// Without a key that of the configuration counts.
    SetDisposition(Option<String>, Value),
}

/// How a draft is to go out.
#[derive(Clone, Debug)]
pub(crate) struct Mailing {
    pub(super) queue: Option<QueueText>,
    pub(super) changes: Option<EmailChanges>,
    /// The latest message of the thread that whoever answers has seen.
    pub(super) base: Option<InteractionId>,
    pub(super) force: bool,
    /// How long it waits, and can be taken back.
    pub(super) delay_ms: u64,
}

/// What a parser returns when the body is right.
pub(super) type Parsed = Result<Intent, Refusal>;

/// Returns an action without names.
pub(super) fn plain(action: Action) -> Parsed {
    act(ActionText::Plain(action))
}

pub(super) fn act(action: ActionText) -> Parsed {
    Ok(Intent::Act(InstructionText { action, farewell: None, note: None }))
}

/// The same for what offers it to somebody, who may be told something with it.
pub(super) fn act_with_note(body: &Fields<'_>, action: ActionText) -> Parsed {
    Ok(Intent::Act(InstructionText { action, farewell: None, note: body.text("note")? }))
}

impl InstructionText {
    /// Looks up the names. One that stands for nothing travels on as such.
    ///
    /// # Errors
    ///
    /// What can only be told once the interaction is known.
    pub(super) fn resolve(self, names: &Names<'_>) -> Result<Instruction, Refusal> {
        let Self { action, farewell, note } = self;
        Ok(Instruction { action: action.resolve(names)?, farewell, note })
    }
}

impl ActionText {
    /// Returns what it takes to look up what it names.
    pub(super) const fn basis(&self) -> Basis {
        match self {
            Self::Plain(_)
            | Self::Say(_)
            | Self::Complete(_)
            | Self::PlaceInQueue(_)
            | Self::PlaceInWorkbin(..)
            | Self::SetDisposition(..) => Basis::Request,
            // In a chat it says something.
            Self::Send(..) => Basis::RequestUnlessEmail,
            // Whom a group stands for goes by who takes part, and a draft is put together of what
            // it is and was.
            Self::Take(_)
            | Self::Transfer(_)
            | Self::Invite(_)
            | Self::Consult(_)
            | Self::CompleteTransfer(_)
            | Self::CompleteConference(_)
            | Self::RemoveParticipant(_)
            | Self::CreateDraft(_)
            | Self::SaveDraft(_)
            | Self::RemoveAttachment(_) => Basis::Present,
        }
    }

    fn resolve(self, names: &Names<'_>) -> Result<Action, Refusal> {
        let queue = |queue: QueueText| names.queue(&queue);
        let agent = |agent: AgentText| agent.find(names);
        Ok(match self {
            Self::Plain(action) => action,
            Self::Say(said) => Action::Say(said?),
            Self::Send(mailing, _) if names.interaction.media() == Media::Email => {
                Action::Send(Box::new(mailing.dispatch(names)))
            }
            Self::Send(Mailing { delay_ms: 1.., .. }, _) => {
                return Err(Refusal::invalid(
                    "Only an e-mail can wait before it goes out; leave the field delay out.",
                ));
            }
            Self::Send(_, said) => Action::Say(said?),
            Self::Complete(given) => Action::Complete { queue: given.map(queue) },
            Self::PlaceInQueue(given) => Action::PlaceInQueue(queue(given)),
            Self::PlaceInWorkbin(workbin, None, until) => {
                Action::PlaceInWorkbin(names.workbin(&workbin), until)
            }
            Self::PlaceInWorkbin(workbin, Some(user), until) => {
                Action::PlaceInWorkbin(names.workbin_of(&user, &workbin), until)
            }
            Self::Take(to) => Action::Take { to: to.map(agent) },
            Self::Transfer(target) => Action::Transfer(target.find(names)),
            Self::Invite(given) => Action::Invite(agent(given)),
            Self::Consult(AdviserText::Agent(AgentText::Contact(id))) if names.is_queue(&id) => {
                Action::ConsultQueue(queue(QueueText::Id(id)))
            }
            Self::Consult(AdviserText::Agent(given)) => Action::Consult(agent(given)),
            Self::Consult(AdviserText::Queue(given)) => Action::ConsultQueue(queue(given)),
            Self::CompleteTransfer(to) => Action::CompleteTransfer { to: to.map(agent) },
            Self::CompleteConference(with) => Action::CompleteConference { agent: with.map(agent) },
            Self::RemoveParticipant(given) => Action::RemoveParticipant(agent(given)),
            Self::CreateDraft(answering) => Action::CreateDraft(Box::new(answering.draft(names)?)),
            Self::SaveDraft(changes) => {
                let subject = changes.subject.clone();
                Action::SaveDraft { email: changed(changes, names), subject }
            }
            Self::RemoveAttachment(id) => Action::RemoveAttachment(attached(id, names)?),
            Self::SetDisposition(key, disposition) => {
                let key = key.unwrap_or_else(|| names.disposition_key.to_owned());
                Action::SetDisposition { key, disposition }
            }
        })
    }
}

impl Mailing {
    fn dispatch(self, names: &Names<'_>) -> Dispatch {
        let Self { queue, changes, base, force, delay_ms } = self;
        let subject = changes.as_ref().and_then(|changes| changes.subject.clone());
        let queue = queue.map(|queue| names.queue(&queue));
        let email = changes.map(|changes| changed(changes, names));
        Dispatch { queue, email, subject, base, force, delay_ms }
    }
}

/// Returns the e-mail of a draft as it is to become.
fn changed(changes: EmailChanges, names: &Names<'_>) -> Email {
    let before = names.interaction.email().cloned().unwrap_or_default();
    changes.applied_to(before, names.lookup.letters)
}

/// Returns the id of a file of a draft. That it is none is told only to whoever may change the
/// draft.
fn attached(id: String, names: &Names<'_>) -> Result<FileId, Refusal> {
    let Ok(file) = id.parse() else {
        may_attach(names.interaction, names.user.id, Operation::RemoveAttachment)?;
        return Err(Rejection::Unknown { noun: Noun::Attachment, name: id }.into());
    };
    Ok(file)
}
