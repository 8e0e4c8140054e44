//! What an agent asks for in a chat that changes nothing in it: that the others see them typing,
//! and what was said so far.
//!
//! Neither is stored, so neither has a number or an effect that a retry could double.

use handoff_domain::interaction::talk::{self, may_recall, may_tell};
use handoff_domain::{
    Chat, Entry, Interaction, Mode, Operation, Party, Rejection, Speaker, Visibility,
};
use handoff_engine::{Note, NoteKind};

use crate::caller::Me;
use crate::commands::{Target, visible_of};
use crate::error::Refusal;
use crate::notify;
use crate::shared::Shared;

/// What the caller does at the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typing {
    Started,
    Stopped,
}

/// What the caller does at the keys, and who may know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Telling {
    pub(super) typing: Typing,
    pub(super) visibility: Visibility,
}

/// From which message on, in the caller's own numbering.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    pub(super) from: u64,
}

/// Tells everybody in a chat whether the caller is typing, themselves with the number of the
/// request, which it returns.
pub(super) async fn tell(
    shared: &Shared,
    me: &Me,
    target: Target<'_>,
    telling: Telling,
) -> Result<i32, Refusal> {
    let (operation, kind) = match telling.typing {
        Typing::Started => {
            (Operation::SendStartTypingNotification, NoteKind::TypingStarted { text: None })
        }
        Typing::Stopped => (Operation::SendStopTypingNotification, NoteKind::TypingStopped),
    };
    let chat = visible_of(shared, me, target.id, target.media).await?;
    expect_epoch(&chat, target)?;
    let (party, visibility) = may_tell(&chat, me.id(), operation, telling.visibility)?;
    let reference = shared.engine().core().next_reference(me.id()).await?;
    let note =
        Note { at: shared.engine().core().now(), from: Speaker::from(party), visibility, kind };
    shared.engine().note(&chat, note, Some((me.id(), reference))).await;
    Ok(reference)
}

/// Sends what was said to the caller's sessions; returns the number of the request.
pub(super) async fn show_history(
    shared: &Shared,
    me: &Me,
    target: Target<'_>,
    history: History,
) -> Result<i32, Refusal> {
    let chat = visible_of(shared, me, target.id, target.media).await?;
    expect_epoch(&chat, target)?;
    let party = may_recall(&chat, me.id(), Operation::RequestChatHistory)?;
    let engine = shared.engine();
    let after = history.from.saturating_sub(1);
    let entries = engine.views().transcript(&chat, after, party.sees, usize::MAX).await?;
    let reference = engine.core().next_reference(me.id()).await?;
    let directory = engine.core().directory();
    let lookup = shared.lookup(&directory);
    let pages = pages(&entries).into_iter();
    let answers = pages.flat_map(|page| notify::history(&chat, me.id(), page, reference, lookup));
    engine.delivery().promise(me.id(), answers.collect::<Vec<_>>()).await?;
    Ok(reference)
}

/// Cuts a transcript into messages of the size that the server shows unasked. Without entries there
/// is one, so that every request has its answer.
fn pages(entries: &[Entry]) -> Vec<&[Entry]> {
    let (mut pages, mut rest) = (Vec::new(), entries);
    loop {
        let mut bytes = 0_usize;
        let fits = rest.iter().take(Chat::SHOWN_ENTRIES_MAX).take_while(|entry| {
            bytes = bytes.saturating_add(entry.content.text_bytes());
            bytes <= Chat::SHOWN_BYTES_MAX
        });
        let (page, others) = rest.split_at(fits.count().max(1).min(rest.len()));
        pages.push(page);
        if others.is_empty() {
            return pages;
        }
        rest = others;
    }
}

/// Returns the caller's part in the conversation, by the same rules and in the same order as those
/// of a command.
pub(crate) fn party_of<'a>(
    interaction: &'a Interaction,
    me: &Me,
    target: Target<'_>,
    command: Operation,
    modes: &[Mode],
) -> Result<&'a Party, Refusal> {
    expect_epoch(interaction, target)?;
    Ok(talk::party_of(interaction, me.id(), command, modes)?)
}

/// Refuses who acts on an older epoch.
fn expect_epoch(interaction: &Interaction, target: Target<'_>) -> Result<(), Refusal> {
    match target.epoch.filter(|given| *given != interaction.epoch) {
        Some(given) => Err(Rejection::StaleEpoch { given, current: interaction.epoch }.into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::{Content, Time, TreatAs};

    use super::*;

    fn entry(number: u64, text: &str) -> Entry {
        let (message_type, treat_as) = (None, TreatAs::Normal);
        Entry {
            number,
            agents: Some(number),
            customer: Some(number),
            at: Time(0),
            from: Speaker::system(),
            visibility: Visibility::All,
            content: Content::Text { text: text.to_owned(), message_type, treat_as },
            message_id: None,
        }
    }

    #[test]
    fn a_long_transcript_comes_in_messages_that_join_without_a_gap() {
        let short: Vec<Entry> = (1..=1_001).map(|number| entry(number, "x")).collect();
        let sizes: Vec<usize> = pages(&short).iter().map(|page| page.len()).collect();
        assert_eq!(sizes, [500, 500, 1]);
        assert_eq!(pages(&short).concat(), short);
        let long: Vec<Entry> =
            (1..=40).map(|number| entry(number, &"x".repeat(16 * 1024))).collect();
        let sizes: Vec<usize> = pages(&long).iter().map(|page| page.len()).collect();
        assert_eq!(sizes, [16, 16, 8]);
        assert_eq!(pages(&[]), [&[] as &[Entry]]);
    }
}
