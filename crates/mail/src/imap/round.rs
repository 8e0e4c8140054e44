//! One look at a folder: everything above the checkpoint is taken in, message by message.

use handoff_domain::Time;

use super::session::{About, End, Session};
use super::{After, Aside, ImapError, ImapMailbox, ImapPorts, Start};
use crate::ports::{Arrival, Checkpoint, Extent, Skipped, Source, Taken};

/// How often fetching a message may break the connection before only its headers are asked for:
/// more than a bad line does by chance.
const BREAKS_MAX: u32 = 10;
/// How often the server may refuse a message, or send nonsense for it, before only its headers are
/// asked for.
const REFUSALS_MAX: u32 = 3;
/// How often the server may refuse even that before the message is passed over.
const REFUSALS_BEFORE_PASSING: u32 = 6;

/// What a mailbox's machine has done since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that became interactions.
    pub taken: u64,
    /// Messages that were second copies.
    pub known: u64,
    /// Messages that were refused.
    pub refused: u64,
    /// Messages of which only the headers came (counted above too).
    pub in_part: u64,
    /// Messages that the server would not give out at all; they stay as they are.
    pub passed_over: u64,
    /// Messages that are durable but could not be flagged, moved or deleted.
    pub not_marked: u64,
}

/// What is remembered from connection to connection.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) tally: Tally,
    /// The message that fetching failed at last.
    stuck: Option<Stuck>,
}

/// A message that could not be fetched yet.
#[derive(Clone, Copy, Debug)]
struct Stuck {
    place: Checkpoint,
    breaks: u32,
    refusals: u32,
}

/// How a message is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Whole,
    Headers,
    PassOver,
}

impl Memory {
    fn manner(&self, place: Checkpoint) -> Manner {
        match self.stuck {
            Some(stuck) if stuck.place == place => {
                if stuck.refusals >= REFUSALS_BEFORE_PASSING {
                    Manner::PassOver
                } else if stuck.refusals >= REFUSALS_MAX || stuck.breaks >= BREAKS_MAX {
                    Manner::Headers
                } else {
                    Manner::Whole
                }
            }
            _ => Manner::Whole,
        }
    }

    /// Remembers at which message fetching failed. A lost connection is never a reason to pass a
    /// message over, only an answer is.
    fn stumbled(&mut self, place: Checkpoint, error: &ImapError) {
        let fresh = Stuck { place, breaks: 0, refusals: 0 };
        let mut stuck = self.stuck.filter(|stuck| stuck.place == place).unwrap_or(fresh);
        match error {
            ImapError::Refused { .. } | ImapError::Nonsense { .. } => stuck.refusals += 1,
            _ => stuck.breaks += 1,
        }
        self.stuck = Some(stuck);
    }
}

/// A message as it was fetched.
enum Found {
    Message {
        raw: Vec<u8>,
        extent: Extent,
    },
    /// Somebody has taken it away.
    Gone,
    /// It was there before the folder was looked at for the first time, and only what is new is
    /// wanted.
    Skipped,
    /// The server does not give it out.
    PassedOver,
}

/// Takes in everything above the checkpoint.
pub(super) async fn read(
    session: &mut Session,
    mailbox: &ImapMailbox,
    ports: &ImapPorts,
    memory: &mut Memory,
) -> Result<(), ImapError> {
    let opened = session.select(&mailbox.folder).await?;
    let kept = ports
        .checkpoints
        .checkpoint(&mailbox.name, &mailbox.folder)
        .await
        .map_err(ImapError::NotNow)?;
    let begin = match kept {
        Some(kept) if kept.uid_validity == opened.uid_validity => kept,
        // Another generation: nothing is known of its UIDs, so everything that is wanted is looked
        // at again.
        Some(kept) => Checkpoint { uid_validity: opened.uid_validity, uid: 0, ..kept },
        None => first_look(session, mailbox, ports, opened.uid_validity, opened.uid_next).await?,
    };
    let skipped = begin.skipped.filter(|skipped| skipped.uid_validity != opened.uid_validity);
    let until = skipped.map(|skipped| skipped.until);
    for uid in session.search_above(begin.uid, until).await? {
        let place = Checkpoint { uid, ..begin };
        let found = match fetch(
            session,
            mailbox,
            Wanted { manner: memory.manner(place), after: until },
            uid,
        )
        .await
        {
            Ok(found) => found,
            Err(error) => {
                memory.stumbled(place, &error);
                return Err(error);
            }
        };
        match found {
            Found::Gone | Found::Skipped => {}
            Found::PassedOver => {
                memory.tally.passed_over += 1;
                tracing::error!(
                    mailbox.name = %mailbox.name, uid, uid_validity = place.uid_validity,
                    "a message cannot be fetched and was passed over; it is still in the folder"
                );
            }
            Found::Message { raw, extent } => {
                take_in(session, mailbox, ports, memory, place, raw, extent).await?
            }
        }
        // From here on the message is dealt with: durable, or gone, or told to the operator.
        ports
            .checkpoints
            .keep(&mailbox.name, &mailbox.folder, place)
            .await
            .map_err(ImapError::NotNow)?;
    }
    Ok(())
}

/// Returns from where a folder is read that has no checkpoint.
async fn first_look(
    session: &mut Session,
    mailbox: &ImapMailbox,
    ports: &ImapPorts,
    uid_validity: u32,
    uid_next: Option<u32>,
) -> Result<Checkpoint, ImapError> {
    if mailbox.start == Start::Everything {
        return Ok(Checkpoint { uid_validity, ..Checkpoint::default() });
    }
    let last = session.search_above(0, None).await?.last().copied();
    let newest = match last {
        Some(last) => session.about(last).await?.and_then(|about| about.arrived),
        None => None,
    };
    let uid = uid_next.map_or(0, |next| next.saturating_sub(1)).max(last.unwrap_or(0));
    let skipped = newest.map(|until| Skipped { uid_validity, until });
    // Kept at once: whatever comes from now on is new, also when the next look is after a restart.
    let checkpoint = Checkpoint { uid_validity, uid, skipped };
    ports
        .checkpoints
        .keep(&mailbox.name, &mailbox.folder, checkpoint)
        .await
        .map_err(ImapError::NotNow)?;
    Ok(checkpoint)
}

/// How a message is fetched, if it is wanted.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    manner: Manner,
    /// Only when it came after this; what does not say when is wanted.
    after: Option<Time>,
}

async fn fetch(
    session: &mut Session,
    mailbox: &ImapMailbox,
    wanted: Wanted,
    uid: u32,
) -> Result<Found, ImapError> {
    if wanted.manner == Manner::PassOver {
        return Ok(Found::PassedOver);
    }
    let Some(About { size_bytes, arrived }) = session.about(uid).await? else {
        return Ok(Found::Gone);
    };
    if wanted.after.zip(arrived).is_some_and(|(after, arrived)| arrived <= after) {
        return Ok(Found::Skipped);
    }
    let (raw, extent) = if wanted.manner == Manner::Headers
        || size_bytes > u64::from(mailbox.limits.message_bytes_max)
    {
        (session.headers(uid).await?, Extent::Headers { size_bytes })
    } else {
        (session.content(uid).await?, Extent::Whole)
    };
    match raw {
        Some(raw) => Ok(Found::Message { raw, extent }),
        // It must be gone since; if it is not, passing it by would lose it.
        None if session.about(uid).await?.is_none() => Ok(Found::Gone),
        None => Err(ImapError::Nonsense { what: "a message without content" }),
    }
}

/// Takes one message in, and only then touches it on the server.
async fn take_in(
    session: &mut Session,
    mailbox: &ImapMailbox,
    ports: &ImapPorts,
    memory: &mut Memory,
    place: Checkpoint,
    raw: Vec<u8>,
    extent: Extent,
) -> Result<(), ImapError> {
    let Checkpoint { uid_validity, uid, .. } = place;
    let source = Source::Imap { folder: mailbox.folder.clone(), uid_validity, uid };
    let arrival = Arrival { mailbox: mailbox.name.clone(), source, raw, extent };
    let taken = ports.intake.take_in(arrival).await.map_err(ImapError::NotNow)?;
    let tally = &mut memory.tally;
    match &taken {
        Taken::New(_) => tally.taken += 1,
        Taken::Known(_) => tally.known += 1,
        Taken::Refused { reason } => {
            tally.refused += 1;
            tracing::warn!(mailbox.name = %mailbox.name, uid, uid_validity, reason, "a message was refused and put aside");
        }
    }
    let in_part = extent != Extent::Whole;
    tally.in_part += u64::from(in_part);
    let end = if in_part || matches!(taken, Taken::Refused { .. }) {
        put_aside(session, &mailbox.aside, uid).await?
    } else {
        put_away(session, &mailbox.after, uid).await?
    };
    if end != End::Done {
        // It is durable, and it stays where it is; holding up the others would help nobody.
        memory.tally.not_marked += 1;
        tracing::warn!(mailbox.name = %mailbox.name, uid, uid_validity, "a message was taken in but the server refused to mark or move it");
    }
    Ok(())
}

async fn put_away(session: &mut Session, after: &After, uid: u32) -> Result<End, ImapError> {
    match after {
        After::Flag { keyword } => {
            if let Some(keyword) = keyword.as_deref().filter(|keyword| is_keyword(keyword))
                && session.flag(uid, &format!("\\Seen {keyword}")).await? == End::Done
            {
                return Ok(End::Done);
            }
            // A folder need not allow keywords of our own (RFC 3501, PERMANENTFLAGS).
            session.flag(uid, "\\Seen").await
        }
        After::Move { folder } => {
            session.flag(uid, "\\Seen").await?;
            session.move_to(uid, folder).await
        }
        After::Delete => session.delete(uid).await,
    }
}

async fn put_aside(session: &mut Session, aside: &Aside, uid: u32) -> Result<End, ImapError> {
    let end = session.flag(uid, "\\Flagged").await?;
    match aside {
        Aside::Flag => Ok(end),
        Aside::Move { folder } => session.move_to(uid, folder).await,
    }
}

/// Whether text can be a keyword: it stands in a command without quotes.
fn is_keyword(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$_-.".contains(&byte))
}
