//! The rules' refusals as codes and sentences.

use handoff_domain::rejection::{FileLimit, Noun};
use handoff_domain::{Rejection, UserData, UserDataError};

use super::Code;
use crate::wire::names::status_name;
use crate::wire::operation::operation_name;

/// Returns the code of a refusal by the rules.
#[must_use]
pub const fn code_of(rejection: &Rejection) -> Code {
    match rejection {
        Rejection::StaleEpoch { .. }
        | Rejection::WrongState { .. }
        | Rejection::LiveChat
        | Rejection::OpenDraft { .. }
        | Rejection::NoDisposition { .. }
        | Rejection::OfferOpen
        | Rejection::NotInThatWorkbin
        | Rejection::TargetIsSelf
        | Rejection::TargetAlreadyIn
        | Rejection::TargetUnreachable
        | Rejection::TargetNotReady
        | Rejection::TargetFull
        | Rejection::TargetNotEligible
        | Rejection::NobodyEligible { .. }
        | Rejection::TargetNotIn
        | Rejection::NoConversation
        | Rejection::TranscriptFull
        | Rejection::NotesFull
        | Rejection::FileLimit(_)
        | Rejection::NoSession
        | Rejection::Full
        | Rejection::ChannelNotOpen { .. }
        | Rejection::OnItsWay
        | Rejection::NoFurtherStep { .. }
        | Rejection::NewerMessage { .. } => Code::WrongState,
        Rejection::NotOwner
        | Rejection::NotOffered
        | Rejection::NotYourWorkbin
        | Rejection::NotInConversation
        | Rejection::NotForCaller { .. } => Code::Forbidden,
        Rejection::SupervisorOnly { .. } | Rejection::NotSupervisor => Code::NoPermission,
        Rejection::ReadOnly { .. } => Code::ReadOnly,
        Rejection::Unknown { .. } => Code::NotFound,
        Rejection::Ambiguous { .. }
        | Rejection::WrongMedia { .. }
        | Rejection::TextBounds { .. }
        | Rejection::TextBlank { .. }
        | Rejection::TextControl { .. }
        | Rejection::NotOurAddress { .. }
        | Rejection::AttachmentBounds { .. }
        | Rejection::NotEarlier
        | Rejection::OtherThread
        | Rejection::ReminderTime
        | Rejection::UserData(_) => Code::Invalid,
        Rejection::NoCurrentQueue | Rejection::NoRecipients | Rejection::NoSender => {
            Code::MissingParameter
        }
    }
}

const LIVE_CHAT: &str = "The interaction is Chatting, and a live chat cannot go into a workbin; use EndChatSession first.";
const OFFER_OPEN: &str =
    "It is already offered to somebody; wait until that offer is accepted, rejected or over.";
const NOT_OWNER: &str = "You are not the owner of this interaction; only the owner may do this.";
const NOT_OFFERED: &str =
    "This interaction is not offered to you; only the agent who has the offer may answer it.";
const NOT_YOUR_WORKBIN: &str =
    "You may not take things out of that workbin; ask its owner or a supervisor.";
const NO_CURRENT_QUEUE: &str =
    "The interaction was never in a queue; give queueName, or transfer to a queue first.";
const NOT_IN_THAT_WORKBIN: &str =
    "The interaction is InWorkbin, but in another one than you named; read it again.";
const TARGET_IS_SELF: &str = "The target is yourself; name another agent.";
const TARGET_ALREADY_IN: &str = "The target is in the conversation already.";
const TARGET_UNREACHABLE: &str =
    "The target is not logged in and listening; name another agent or a queue.";
const TARGET_NOT_READY: &str =
    "The target is not Ready on that channel; name another agent or a queue.";
const TARGET_FULL: &str = "The target has no free slot; name another agent or a queue.";
const TARGET_NOT_ELIGIBLE: &str =
    "The target does not serve that queue, or passed this by a moment ago; name another.";
const TARGET_NOT_IN: &str = "The target is not in the conversation; name one of its participants.";
const NOT_SUPERVISOR: &str = "Only a supervisor may do this; ask one.";
const NOT_IN_CONVERSATION: &str = "You take no part in this conversation; accept it first.";
const NO_CONVERSATION: &str = "This interaction has no conversation with a customer, so nothing can be said in it; complete or transfer it.";
const TRANSCRIPT_FULL: &str =
    "The chat has as many messages as one can have; end it and go on in a new one.";
const NOTES_FULL: &str = "The interaction has as many notes as one can have; put what is to be said into its user data or a new one.";
const NOT_EARLIER: &str = "An e-mail can only answer one that came before it; name an earlier one.";
const OTHER_THREAD: &str = "The field baseMessageId must be the id of an e-mail of this thread; give the latest that you have read.";
const REMINDER_TIME: &str =
    "The field until must be a time after now and at most 366 days ahead; correct it.";
const ON_ITS_WAY: &str =
    "The e-mail is on its way already and can no longer be taken back; read it again.";
const NO_RECIPIENTS: &str = "The e-mail goes to nobody; put an address into email.to.";
const NO_SENDER: &str =
    "The contact center has no mailbox to send from; put an address into email.from.";
const NO_SESSION: &str =
    "There is no contact-center session; start one with StartContactCenterSession first.";
const FULL: &str = "You have no free slot for that channel; complete or put aside something first.";

/// Returns the sentence of a refusal by the rules. Names that the caller gave are repeated; nothing
/// else of the data is.
#[must_use]
pub fn sentence_of(rejection: &Rejection) -> String {
    match plain_sentence(rejection) {
        Some(sentence) => sentence.to_owned(),
        None => sentence_with_names(rejection),
    }
}

fn no_disposition(queue: &str, offered: &[String]) -> String {
    /// As many as one reads.
    const TOLD_MAX: usize = 10;
    let told: Vec<String> = offered.iter().take(TOLD_MAX).map(|key| quoted(key)).collect();
    let of = match (told.len(), offered.len()) {
        (0, _) => "it".to_owned(),
        (told_all, all) if told_all == all => format!("one of {}", told.join(", ")),
        _ => format!("one of {} or others", told.join(", ")),
    };
    let queue = quoted(queue);
    format!(
        "The queue {queue} asks for a disposition first; set {of} with SetDisposition, or give queueName to pass it on."
    )
}

fn sentence_with_names(rejection: &Rejection) -> String {
    match rejection {
        Rejection::StaleEpoch { given, current } => format!(
            "The epoch {given} is stale, the interaction is at epoch {current}; read it again before you decide."
        ),
        Rejection::WrongState { status, command } => format!(
            "The interaction is {}, which does not allow {}; read it again and use one of its capabilities.",
            status_name(*status),
            operation_name(*command)
        ),
        Rejection::OpenDraft { draft } => {
            format!(
                "The draft {draft} of this interaction is still open; send it or cancel it first."
            )
        }
        Rejection::NoDisposition { queue, offered } => no_disposition(queue, offered),
        Rejection::SupervisorOnly { property } => {
            format!(
                "The property {property} may be changed by supervisors and admins only; leave it out."
            )
        }
        Rejection::ReadOnly { property } => {
            format!("The property {property} cannot be changed on this interaction; leave it out.")
        }
        Rejection::Unknown { noun, name } => {
            format!(
                "There is no {} {} that you may use; check the name.",
                noun_name(*noun),
                quoted(name)
            )
        }
        Rejection::Ambiguous { noun, name } => {
            format!(
                "Several {}s are named {}; give the id instead.",
                noun_name(*noun),
                quoted(name)
            )
        }
        Rejection::WrongMedia { queue } => {
            format!("The queue {} is for another channel; name one of this channel.", quoted(queue))
        }
        Rejection::NobodyEligible { queue } => format!(
            "Nobody who serves the queue {} can take it now; try again later, or name an agent.",
            quoted(queue)
        ),
        Rejection::NoFurtherStep { queue } => {
            format!("The queue {} has no further step for it; move it, or wait.", quoted(queue))
        }
        Rejection::ChannelNotOpen { channel } => {
            let channel = quoted(channel);
            format!(
                "The channel {channel} is not part of your contact-center session; start the session with it."
            )
        }
        Rejection::NotForCaller { content } => {
            format!(
                "You cannot say a {content} there, or not to these readers; say it another way."
            )
        }
        Rejection::TextBounds { .. }
        | Rejection::TextBlank { .. }
        | Rejection::TextControl { .. }
        | Rejection::NewerMessage { .. }
        | Rejection::NotOurAddress { .. }
        | Rejection::AttachmentBounds { .. } => writing_sentence(rejection),
        Rejection::UserData(error) => user_data_sentence(error),
        Rejection::FileLimit(limit) => file_limit_sentence(*limit),
        plain => unreachable!("{plain:?} has a sentence without names"),
    }
}

/// Returns the sentence of a refusal of something that was written.
fn writing_sentence(rejection: &Rejection) -> String {
    match rejection {
        Rejection::TextBounds { part, chars_max } => {
            format!("The {part} must have 1 to {chars_max} characters; change it.")
        }
        Rejection::TextBlank { part } => {
            format!("The {part} has nothing in it that anybody could see; write something.")
        }
        Rejection::TextControl { part } => {
            format!("The {part} has a control character in it, such as NUL; leave it out.")
        }
        Rejection::NewerMessage { id, subject, .. } => {
            let subject = quoted(subject.as_deref().unwrap_or_default());
            format!(
                "The customer has written again: {id}, {subject}; read it, then send with force or answer that."
            )
        }
        Rejection::NotOurAddress { address } => {
            format!(
                "Nothing is sent as {} here; put one of the mailboxes into email.from.",
                quoted(address)
            )
        }
        Rejection::AttachmentBounds { part, most } => {
            format!("An e-mail may have at most {most} {part} of attachments; take some off first.")
        }
        other => unreachable!("{other:?} is about nothing that was written"),
    }
}

/// Returns the sentence of a refusal that has nothing to name; `None` for the others.
const fn plain_sentence(rejection: &Rejection) -> Option<&'static str> {
    Some(match rejection {
        Rejection::LiveChat => LIVE_CHAT,
        Rejection::OfferOpen => OFFER_OPEN,
        Rejection::NotOwner => NOT_OWNER,
        Rejection::NotOffered => NOT_OFFERED,
        Rejection::NotYourWorkbin => NOT_YOUR_WORKBIN,
        Rejection::NoCurrentQueue => NO_CURRENT_QUEUE,
        Rejection::NotInThatWorkbin => NOT_IN_THAT_WORKBIN,
        Rejection::TargetIsSelf => TARGET_IS_SELF,
        Rejection::TargetAlreadyIn => TARGET_ALREADY_IN,
        Rejection::TargetUnreachable => TARGET_UNREACHABLE,
        Rejection::TargetNotReady => TARGET_NOT_READY,
        Rejection::TargetFull => TARGET_FULL,
        Rejection::TargetNotEligible => TARGET_NOT_ELIGIBLE,
        Rejection::TargetNotIn => TARGET_NOT_IN,
        Rejection::NotSupervisor => NOT_SUPERVISOR,
        Rejection::NotInConversation => NOT_IN_CONVERSATION,
        Rejection::NoConversation => NO_CONVERSATION,
        Rejection::TranscriptFull => TRANSCRIPT_FULL,
        Rejection::NotesFull => NOTES_FULL,
        Rejection::NoSession => NO_SESSION,
        Rejection::Full => FULL,
        Rejection::NotEarlier => NOT_EARLIER,
        Rejection::OtherThread => OTHER_THREAD,
        Rejection::ReminderTime => REMINDER_TIME,
        Rejection::OnItsWay => ON_ITS_WAY,
        Rejection::NoRecipients => NO_RECIPIENTS,
        Rejection::NoSender => NO_SENDER,
        Rejection::StaleEpoch { .. }
        | Rejection::NewerMessage { .. }
        | Rejection::NotOurAddress { .. }
        | Rejection::AttachmentBounds { .. }
        | Rejection::WrongState { .. }
        | Rejection::OpenDraft { .. }
        | Rejection::NoDisposition { .. }
        | Rejection::SupervisorOnly { .. }
        | Rejection::ReadOnly { .. }
        | Rejection::Unknown { .. }
        | Rejection::Ambiguous { .. }
        | Rejection::WrongMedia { .. }
        | Rejection::NobodyEligible { .. }
        | Rejection::NoFurtherStep { .. }
        | Rejection::ChannelNotOpen { .. }
        | Rejection::NotForCaller { .. }
        | Rejection::TextBounds { .. }
        | Rejection::TextBlank { .. }
        | Rejection::TextControl { .. }
        | Rejection::UserData(_)
        | Rejection::FileLimit(_) => return None,
    })
}

fn file_limit_sentence(limit: FileLimit) -> String {
    match limit {
        FileLimit::NeedsAgent => {
            "Files can be sent once an agent has come in; wait for one.".to_owned()
        }
        FileLimit::Uploads { most } => {
            format!("{most} files may be sent in one chat; this is one more.")
        }
        FileLimit::Bytes { most } => {
            format!("All files of a chat may have {most} bytes together; send a smaller one.")
        }
        FileLimit::Downloads { most } => format!("Files may be fetched {most} times in one chat."),
    }
}

fn user_data_sentence(error: &UserDataError) -> String {
    match error {
        UserDataError::KeyTooLong { key } => format!(
            "A key of userData is longer than {} bytes, beginning with {}; shorten it.",
            UserData::KEY_BYTES_MAX,
            quoted(key)
        ),
        UserDataError::TooLarge => {
            format!("userData would be larger than {} bytes; store less.", UserData::BYTES_MAX)
        }
        UserDataError::TooDeep => {
            format!(
                "userData would be nested deeper than {} levels; flatten it.",
                UserData::DEPTH_MAX
            )
        }
    }
}

const fn noun_name(noun: Noun) -> &'static str {
    match noun {
        Noun::Queue => "queue",
        Noun::Workbin => "workbin",
        Noun::User => "user",
        Noun::Skill => "skill",
        Noun::Interaction => "interaction",
        Noun::Attachment => "attachment",
    }
}

/// Characters of a caller's name that a sentence repeats; the rest is cut, so that an answer stays
/// short whatever was sent.
const NAME_CHARS_MAX: usize = 64;

/// Puts a caller's text into quotation marks, cut and with control characters escaped.
#[must_use]
pub(crate) fn quoted(name: &str) -> String {
    let cut: String = name.chars().take(NAME_CHARS_MAX).collect();
    let ellipsis = if cut.len() < name.len() { "…" } else { "" };
    format!("\"{}{ellipsis}\"", cut.escape_debug())
}
