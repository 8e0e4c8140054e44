//! What somebody may do with an interaction now: every operation of the agents' door, and why it is
//! refused.
//!
//! The rules themselves are asked: each operation is tried with a command that names nothing. What
//! is refused only because of what it names (a target that is unknown, a mail without recipients)
//! is allowed, because the caller may name something else. So this list can say nothing that the
//! rules do not; it knows no state.
//!
//! It looks at the interaction and at who asks, not at the desks of others: a transfer is allowed
//! also while nobody could take it.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::center::{Queue, User, Workbin};
use crate::chat::{Chat, Content, CustomerKey, Entry, Party, TreatAs, Utterance, Visibility};
use crate::command::{
    Action, Caller, Draft, DraftKind, Named, Removal, SupervisorMode, Target, UserCommand,
};
use crate::desk::Desk;
use crate::exchange::Exchange;
use crate::id::{FileId, InteractionId, QueueId, ResponseId, SkillId, UserId, WorkbinId};
use crate::interaction::context::{Context, Options, World};
use crate::interaction::decide::{self, ForNotices};
use crate::interaction::talk::{may_draft, may_recall, may_tell};
use crate::interaction::{Attachment, Email, Interaction, Medium, State};
use crate::operation::Operation;
use crate::rejection::{Noun, Rejection};
use crate::service::FileLimits;
use crate::time::Time;
use crate::user_data::{UserData, Value};

/// How the rules are asked about one operation.
enum Question {
    /// By a command.
    Command(fn(&Interaction) -> Action),
    /// By several: it is allowed when one of them is.
    Commands(fn(&Interaction, UserId) -> Vec<Action>),
    /// By what tells those who are connected, which is no command.
    Tell(Visibility),
    /// By what shows the caller what was said, which is no command.
    Recall,
    /// By the command for a draft, or by what keeps what was typed in a chat, which is none.
    Save,
}

use Question::{Command, Commands, Recall, Save, Tell};

/// Every operation on one interaction, in the order in which it is listed.
const OPERATIONS: &[(Operation, Question)] = &[
    (Operation::Accept, Command(|_| Action::Accept { nickname: None })),
    (Operation::Reject, Command(|_| Action::Reject)),
    (Operation::Reply, Command(|_| draft(DraftKind::Reply))),
    (Operation::ReplyAll, Command(|_| draft(DraftKind::ReplyAll))),
    (Operation::Forward, Command(|_| draft(DraftKind::Forward))),
    (Operation::Save, Save),
    (Operation::Send, Command(send)),
    (Operation::CancelSend, Command(|_| Action::CancelSend)),
    (Operation::Cancel, Command(|_| Action::Cancel)),
    (Operation::AddAttachment, Command(|_| Action::AddAttachment(file()))),
    (Operation::RemoveAttachment, Command(remove_attachment)),
    (Operation::SendMessage, Command(|_| say(text(), Visibility::All))),
    (Operation::SendToAgents, Command(|_| say(text(), Visibility::Agents))),
    (Operation::SendUrl, Command(|_| say(Content::PushUrl { url: word() }, Visibility::All))),
    (
        Operation::SendCustomNotice,
        Command(|_| say(Content::CustomNotice { text: None }, Visibility::All)),
    ),
    (Operation::SendStartTypingNotification, Tell(Visibility::All)),
    (Operation::SendStopTypingNotification, Tell(Visibility::All)),
    (Operation::SendStartTypingToAgentsNotification, Tell(Visibility::Agents)),
    (Operation::SendStopTypingToAgentsNotification, Tell(Visibility::Agents)),
    (Operation::SendNotification, Tell(Visibility::All)),
    (Operation::RequestChatHistory, Recall),
    (Operation::Invite, Command(|_| Action::Invite(nothing()))),
    (Operation::Consult, Command(|_| Action::Consult(nothing()))),
    (Operation::CompleteTransfer, Command(|_| Action::CompleteTransfer { to: None })),
    (Operation::CompleteConference, Command(|_| Action::CompleteConference { agent: None })),
    (Operation::RemoveParticipantFromConference, Commands(remove_participant)),
    (Operation::Leave, Command(|_| Action::Leave)),
    (Operation::EndChatSession, Command(|_| Action::EndChatSession)),
    (Operation::SwitchToMonitor, Command(|_| switch(SupervisorMode::Monitor))),
    (Operation::SwitchToCoach, Command(|_| switch(SupervisorMode::Coach))),
    (Operation::SwitchBargeIn, Command(|_| switch(SupervisorMode::BargeIn))),
    (Operation::AttachUserData, Command(|_| Action::AttachUserData(UserData::default()))),
    (Operation::UpdateUserData, Command(|_| Action::UpdateUserData(UserData::default()))),
    (Operation::DeleteUserData, Command(|_| Action::DeleteUserData(Removal::Keys(Vec::new())))),
    (
        Operation::SetDisposition,
        Command(|_| Action::SetDisposition { key: word(), disposition: Value::Null }),
    ),
    (Operation::AddComment, Command(|_| Action::AddComment(word()))),
    (Operation::UseResponse, Command(|_| Action::UseResponse(ResponseId(0)))),
    (Operation::SetInFocus, Command(|_| Action::SetInFocus)),
    (Operation::SplitFromThread, Command(|_| Action::Split)),
    (Operation::JoinThread, Command(|_| Action::Join { parent: nothing() })),
    (Operation::Transfer, Command(|_| Action::Transfer(Target::Agent(nothing())))),
    (Operation::PlaceInQueue, Command(|_| Action::PlaceInQueue(nothing()))),
    (Operation::PlaceInWorkbin, Command(|_| Action::PlaceInWorkbin(nothing(), None))),
    (Operation::Pull, Command(|_| Action::Take { to: Some(nothing()) })),
    (Operation::SetPriority, Command(|_| Action::SetPriority(0))),
    (Operation::Widen, Command(|_| Action::Widen)),
    (Operation::Complete, Command(|_| Action::Complete { queue: None })),
];

/// An interaction without what no rule looks at that is asked whether something is allowed: those
/// of equal outlines allow a caller the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline(Interaction);

impl Outline {
    /// Returns the outline of an interaction. Every command that is allowed copies it.
    #[must_use]
    pub fn of(interaction: &Interaction) -> Self {
        Self(Interaction {
            sub_type: String::new(),
            external_id: None,
            contact: None,
            subject: None,
            user_data: UserData::default(),
            medium: outline_of_medium(&interaction.medium),
            // How many notes there are decides whether one more fits.
            comment: interaction.comment.clone(),
            notes: interaction.notes.clone(),
            state: outline_of_state(&interaction.state),
            drafts: interaction.drafts.clone(),
            concerned: BTreeSet::new(),
            id: interaction.id,
            center: interaction.center,
            direction: interaction.direction,
            parent: interaction.parent,
            thread: interaction.thread,
            priority: interaction.priority,
            received: interaction.received,
            epoch: interaction.epoch,
            queue: interaction.queue,
            queued_at: interaction.queued_at,
            offers: interaction.offers,
            submitter: interaction.submitter,
            // It matters in a queue that asks for one, and no queue is looked at.
            disposition: None,
        })
    }

    /// Returns about how many bytes it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.0.weight()
    }

    /// Returns every operation with the refusal that `caller` would get now; `None` when it is
    /// allowed.
    pub fn operations(
        &self,
        caller: &Caller,
    ) -> impl Iterator<Item = (Operation, Option<Rejection>)> {
        OPERATIONS.iter().map(|(operation, question)| {
            (*operation, refusal(&self.0, caller, *operation, question))
        })
    }
}

fn outline_of_medium(medium: &Medium) -> Medium {
    match medium {
        Medium::Chat(chat) => Medium::Chat(chat.as_ref().map(outline_of_chat)),
        Medium::Email(email) => {
            let (body, body_as_plain_text) = (String::new(), String::new());
            Medium::Email(Email { body, body_as_plain_text, ..email.clone() })
        }
        Medium::Workitem => Medium::Workitem,
        Medium::Open(name) => Medium::Open(name.clone()),
    }
}

/// Leaves of what was counted whether it is too much: each message counts, and few are the last.
fn outline_of_chat(chat: &Chat) -> Chat {
    let nameless = |party: &Party| Party { nickname: String::new(), ..*party };
    let (total, bytes) =
        if chat.is_full() { (Chat::ENTRIES_MAX, Chat::BYTES_MAX) } else { Default::default() };
    Chat {
        service: String::new(),
        customer: CustomerKey { user_id: String::new(), key_hash: String::new() },
        parties: chat.parties.iter().map(nameless).collect(),
        total,
        for_agents: 0,
        for_customer: 0,
        bytes,
        exchange: Exchange::default(),
        last_activity: Time::default(),
        alerted: None,
        ended: chat.ended,
        files: chat.files,
        times: chat.times,
    }
}

fn outline_of_state(state: &State) -> State {
    let mut outline = state.clone();
    if let Some(handling) = outline.handling_mut() {
        handling.nickname = None;
        handling.others.iter_mut().for_each(|other| other.nickname = None);
    }
    outline
}

fn refusal(
    interaction: &Interaction,
    caller: &Caller,
    operation: Operation,
    question: &Question,
) -> Option<Rejection> {
    match question {
        Command(command) => refusal_of(interaction, caller, command(interaction)),
        Commands(commands) => {
            let mut first = None;
            for action in commands(interaction, caller.user) {
                let refused = refusal_of(interaction, caller, action)?;
                first.get_or_insert(refused);
            }
            first
        }
        Tell(visibility) => may_tell(interaction, caller.user, operation, *visibility).err(),
        Recall => may_recall(interaction, caller.user, operation).err(),
        Save => match interaction.medium {
            Medium::Chat(_) => may_draft(interaction, caller.user, "", Visibility::All).err(),
            Medium::Email(_) | Medium::Workitem | Medium::Open(_) => {
                let save = Action::SaveDraft { email: Email::default(), subject: None };
                refusal_of(interaction, caller, save)
            }
        },
    }
}

fn refusal_of(interaction: &Interaction, caller: &Caller, action: Action) -> Option<Rejection> {
    let command = UserCommand::new(caller.clone(), action);
    let options = Options::default();
    let now = interaction.received;
    let context =
        Context { now, draft_id: InteractionId::compose(0, 0), options: &options, world: &Nowhere };
    decide::refusal(interaction, &command, &context)
        .filter(|refusal| !is_about_what_it_names(refusal))
}

/// Tells whether another argument would help.
const fn is_about_what_it_names(refusal: &Rejection) -> bool {
    match refusal {
        Rejection::Unknown { noun, .. } => !matches!(noun, Noun::Attachment),
        Rejection::NoRecipients | Rejection::NoSender | Rejection::NotOurAddress { .. } => true,
        // In another queue it may not be asked for.
        Rejection::NoDisposition { .. } => true,
        _ => false,
    }
}

fn nothing<T>() -> Named<T> {
    Named::Unknown(String::new())
}

fn word() -> String {
    "x".to_string()
}

fn text() -> Content {
    Content::Text { text: word(), message_type: None, treat_as: TreatAs::Normal }
}

const fn say(content: Content, visibility: Visibility) -> Action {
    Action::Say(Utterance::new(content, visibility))
}

const fn switch(mode: SupervisorMode) -> Action {
    Action::SwitchMode { mode }
}

/// `Send` is a draft's, or in a chat what `SendMessage` is.
fn send(interaction: &Interaction) -> Action {
    match interaction.medium {
        Medium::Email(_) => Action::Send(Box::default()),
        Medium::Chat(_) | Medium::Workitem | Medium::Open(_) => say(text(), Visibility::All),
    }
}

fn draft(kind: DraftKind) -> Action {
    let (subject, email, user_data, queue, base) =
        (None, Email::default(), UserData::default(), None, None);
    Action::CreateDraft(Box::new(Draft { kind, subject, email, user_data, queue, base }))
}

fn file() -> Attachment {
    let (name, content_type) = (word(), String::new());
    Attachment { file: FileId(0), name, bytes: 0, content_type, content_id: None, inline: false }
}

fn remove_attachment(interaction: &Interaction) -> Action {
    let first = interaction.email().into_iter().flat_map(|email| &email.attachments).next();
    Action::RemoveAttachment(first.map_or(FileId(0), |attachment| attachment.file))
}

/// Whoever can be removed is there or was asked to come; without anybody the answer says that the
/// caller is no other.
fn remove_participant(interaction: &Interaction, caller: UserId) -> Vec<Action> {
    let others = interaction.others().iter().map(|other| other.user);
    let asked = interaction.offer().map(|offer| offer.to);
    let users = others.chain(asked).chain([caller]);
    users.map(|user| Action::RemoveParticipant(Named::Known(user))).collect()
}

/// A world in which there is nothing.
struct Nowhere;

impl World for Nowhere {
    fn desk(&self, _: UserId) -> Option<Arc<Desk>> {
        None
    }

    fn missed_any(&self, _: UserId) -> bool {
        false
    }

    fn missed_offers_max(&self) -> u32 {
        0
    }

    fn user(&self, _: UserId) -> Option<&User> {
        None
    }

    fn queue(&self, _: QueueId) -> Option<&Queue> {
        None
    }

    fn has_skill(&self, _: SkillId) -> bool {
        false
    }

    fn workbin(&self, _: WorkbinId) -> Option<Workbin> {
        None
    }

    fn own_workbin(&self, _: &str, _: UserId) -> Option<Workbin> {
        None
    }

    fn watchers(&self, _: WorkbinId) -> ForNotices<Vec<UserId>> {
        ForNotices::new(Vec::new())
    }

    fn parent(&self) -> Option<&Interaction> {
        None
    }

    fn adviser(&self) -> Option<UserId> {
        None
    }

    fn transcript(&self) -> &[Entry] {
        &[]
    }

    fn file_limits(&self, _: &str) -> Option<&FileLimits> {
        None
    }

    fn newest_inbound(&self) -> Option<&Interaction> {
        None
    }

    fn base(&self) -> Option<&Interaction> {
        None
    }

    fn joined(&self) -> Option<&Interaction> {
        None
    }

    fn may_send_as(&self, _: &str) -> bool {
        false
    }

    fn default_sender(&self) -> Option<String> {
        None
    }

    fn message_id(&self, _: &str, _: u32) -> Option<String> {
        None
    }

    fn is_claimed(&self) -> bool {
        false
    }
}
