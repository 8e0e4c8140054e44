//! What an agent asks for in a chat that changes nothing in it: that the others see them type, what
//! was said so far, and to keep what they leave in it for themselves. None is a command, and all
//! have the rules of one.

use crate::chat::{Chat, Party, Visibility};
use crate::id::UserId;
use crate::interaction::say::at_most;
use crate::interaction::{Interaction, Mode};
use crate::operation::Operation;
use crate::rejection::Rejection;

/// Returns the agent's part in a live chat and who may know that they are typing.
///
/// # Errors
///
/// The refusal, in the order of a command's.
pub fn may_tell(
    interaction: &Interaction,
    user: UserId,
    command: Operation,
    visibility: Visibility,
) -> Result<(&Party, Visibility), Rejection> {
    let party = party_of(interaction, user, command, &[Mode::Chatting])?;
    let visibility = visibility.max(party.shown_to);
    if visibility > party.sees {
        return Err(Rejection::NotForCaller { content: "typing notification" });
    }
    Ok((party, visibility))
}

/// Returns the agent's part in a chat, live or over, whose transcript they want.
///
/// # Errors
///
/// The refusal, in the order of a command's.
pub fn may_recall(
    interaction: &Interaction,
    user: UserId,
    command: Operation,
) -> Result<&Party, Rejection> {
    party_of(interaction, user, command, &[Mode::Chatting, Mode::LeftChat])
}

/// Tells whether an agent may leave in a chat what they have typed: its owner, while something can
/// be said, to readers to whom they could say it.
///
/// # Errors
///
/// The refusal, in the order of a command's.
pub fn may_draft(
    interaction: &Interaction,
    user: UserId,
    text: &str,
    visibility: Visibility,
) -> Result<(), Rejection> {
    let party = party_of(interaction, user, Operation::Save, &[Mode::Chatting])?;
    if interaction.owner() != Some(user) {
        return Err(Rejection::NotOwner);
    }
    if visibility > party.sees {
        return Err(Rejection::NotForCaller { content: "draft" });
    }
    at_most("text", Some(text), Chat::DRAFT_CHARS_MAX)
}

/// Returns the part of an agent who says how far they have read a chat, live or over.
///
/// # Errors
///
/// The refusal, in the order of a command's.
pub fn may_mark_read(interaction: &Interaction, user: UserId) -> Result<&Party, Rejection> {
    party_of(interaction, user, Operation::SetInFocus, &[Mode::Chatting, Mode::LeftChat])
}

/// Returns the agent's part in a conversation that somebody owns and that is in one of these modes.
///
/// # Errors
///
/// The refusal, in the order of a command's.
pub fn party_of<'a>(
    interaction: &'a Interaction,
    user: UserId,
    command: Operation,
    modes: &[Mode],
) -> Result<&'a Party, Rejection> {
    let is_in_hands = interaction.owner().is_some();
    if !interaction.mode().is_some_and(|mode| is_in_hands && modes.contains(&mode)) {
        return Err(Rejection::WrongState { status: interaction.status_for(user), command });
    }
    let chat = interaction.chat().ok_or(Rejection::NoConversation)?;
    chat.present(user).ok_or(Rejection::NotInConversation)
}
