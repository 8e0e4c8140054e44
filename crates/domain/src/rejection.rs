//! Refusals: why a command was not carried out. Not errors of the program but answers, each with a
//! fixed meaning; the API crate maps them to codes, statuses and sentences.

use alloc::string::String;
use alloc::vec::Vec;

use crate::id::InteractionId;
use crate::interaction::Status;
use crate::operation::Operation;
use crate::time::Time;
use crate::user_data::UserDataError;

/// What kind of thing a command named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    Queue,
    Workbin,
    User,
    Skill,
    Interaction,
    /// An attached file.
    Attachment,
}

/// What bounds a customer's files in one chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileLimit {
    /// No agent has come in yet.
    NeedsAgent,
    /// How many files they may send.
    Uploads {
        /// So many.
        most: u32,
    },
    /// How large all of them may be together.
    Bytes {
        /// So many bytes.
        most: u64,
    },
    /// How often they may fetch one.
    Downloads {
        /// So often.
        most: u32,
    },
}

/// Why a command was refused. Nothing changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Rejection {
    /// The caller acted on an older epoch.
    StaleEpoch {
        /// What they gave.
        given: u64,
        current: u64,
    },
    /// The state does not allow the command.
    WrongState {
        /// The state, as the caller sees it.
        status: Status,
        command: Operation,
    },
    /// A live chat cannot be put into a workbin; its session must be ended first.
    LiveChat,
    /// A draft of it is still open.
    OpenDraft { draft: InteractionId },
    /// Its queue wants to know what came of it first.
    NoDisposition {
        /// The queue's name.
        queue: String,
        /// What it may be; nothing is any.
        offered: Vec<String>,
    },
    /// An offer is already open; the owner must wait for its end.
    OfferOpen,
    /// The caller is not the owner.
    NotOwner,
    /// The caller is not the agent who has the offer.
    NotOffered,
    /// The caller may not take things out of that workbin.
    NotYourWorkbin,
    /// The property may only be changed by a supervisor or admin.
    SupervisorOnly {
        /// Its name.
        property: &'static str,
    },
    /// The property cannot be changed on this interaction.
    ReadOnly {
        /// Its name.
        property: &'static str,
    },
    /// The named thing does not exist, or not for the caller.
    Unknown {
        /// What kind of thing.
        noun: Noun,
        /// As the caller gave it.
        name: String,
    },
    /// Several things have that name.
    Ambiguous {
        /// What kind of thing.
        noun: Noun,
        /// As the caller gave it.
        name: String,
    },
    /// The queue is for another medium.
    WrongMedia {
        /// The queue's name.
        queue: String,
    },
    /// The interaction was never in a queue, so a queue must be named.
    NoCurrentQueue,
    /// The interaction lies in another workbin than the named one.
    NotInThatWorkbin,
    /// The target is the caller themselves.
    TargetIsSelf,
    /// The target is already in the conversation.
    TargetAlreadyIn,
    /// The target is not logged in and listening.
    TargetUnreachable,
    /// The target is not Ready on that channel.
    TargetNotReady,
    /// The target has no free slot.
    TargetFull,
    /// The target is not among those who serve the queue, or passed the interaction by a moment
    /// ago.
    TargetNotEligible,
    /// Nobody who serves the queue can take it now.
    NobodyEligible {
        /// The queue's name.
        queue: String,
    },
    /// The target is not in the conversation.
    TargetNotIn,
    /// The caller is no supervisor.
    NotSupervisor,
    /// The queue has no further step for what waits.
    NoFurtherStep {
        /// The queue's name.
        queue: String,
    },
    /// The caller takes no part in the conversation.
    NotInConversation,
    /// The interaction has no conversation with a customer in which something could be said: a chat
    /// that a server submitted, or no chat.
    NoConversation,
    /// The caller cannot say that, or not to these readers.
    NotForCaller {
        /// The kind of content.
        content: &'static str,
    },
    /// What is to be said is empty or too long.
    TextBounds {
        part: &'static str,
        /// How many characters it may have at most.
        chars_max: usize,
    },
    /// What is to be said has nothing in it that anybody could see.
    TextBlank { part: &'static str },
    /// What is to be said has a character in it that is none: NUL, or in a name any control
    /// character.
    TextControl { part: &'static str },
    /// The customer has used up what their service allows them in files, or may not send any yet.
    FileLimit(FileLimit),
    /// The interaction has as many notes as fit.
    NotesFull,
    /// The chat has as many entries as fit; nothing more can be said in it.
    TranscriptFull,
    /// The caller has no contact-center session.
    NoSession,
    /// The caller has no free slot.
    Full,
    /// The channel is not part of the contact-center session.
    ChannelNotOpen {
        /// Its name.
        channel: String,
    },
    /// The customer has written again since the draft was begun.
    NewerMessage {
        /// What they wrote.
        id: InteractionId,
        subject: Option<String>,
        /// When it came.
        received: Time,
    },
    /// The time at which it is to come back is not ahead, or too far.
    ReminderTime,
    /// The mail cannot be taken back any more.
    OnItsWay,
    /// The e-mail goes to nobody.
    NoRecipients,
    /// The e-mail has no sender, and the contact center no address of its own.
    NoSender,
    /// The contact center does not send as this address.
    NotOurAddress {
        /// As the caller gave it.
        address: String,
    },
    /// The e-mail cannot have any more attached to it.
    AttachmentBounds {
        /// What there would be too much of: `files` or `bytes`.
        part: &'static str,
        /// How much there may be.
        most: u64,
    },
    /// What the writer of a draft says to have seen last is no e-mail of its thread.
    OtherThread,
    /// Something can only answer what was there before it.
    NotEarlier,
    /// The user data would break a bound.
    UserData(UserDataError),
}
