//! One look at a folder: everything above the checkpoint is taken in, message by message.

use super::session::{End, Session};
use super::{After, Aside, Company, ImapMailbox, Start, Trouble};
use crate::ports::{Arrival, Checkpoint, Extent, Source, Taken};

/// How often fetching a message may break the connection before only its headers are asked for: more than a bad line does by chance.
const BREAKS_MAX: u32 = 10;
/// How often the server may refuse a message, or send nonsense for it, before only its headers are asked for.
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

    /// Remembers at which message fetching failed. A lost connection is never a reason to pass a message over, only an answer is.
    fn stumbled(&mut self, place: Checkpoint, trouble: &Trouble) {
        let fresh = Stuck { place, breaks: 0, refusals: 0 };
        let mut stuck = self.stuck.filter(|stuck| stuck.place == place).unwrap_or(fresh);
        match trouble {
            Trouble::Refused { .. } | Trouble::Nonsense { .. } => stuck.refusals += 1,
            _ => stuck.breaks += 1,
        }
        self.stuck = Some(stuck);
    }
}

/// A message as it was fetched.
enum Found {
    /// This is it.
    Message { raw: Vec<u8>, extent: Extent },
    /// Somebody has taken it away.
    Gone,
    /// The server does not give it out.
    PassedOver,
}

/// Takes in everything above the checkpoint.
pub(super) async fn read(
    session: &mut Session,
    mailbox: &ImapMailbox,
    company: &Company,
    memory: &mut Memory,
) -> Result<(), Trouble> {
    let opened = session.select(&mailbox.folder).await?;
    let kept =
        company.checkpoints.checkpoint(&mailbox.name, &mailbox.folder).await.map_err(Trouble::NotNow)?;
    let mut last = match kept {
        Some(kept) if kept.uid_validity == opened.uid_validity => kept.uid,
        // Another generation: nothing is known of its UIDs, so everything is looked at again.
        Some(_) => 0,
        None => first_uid(session, mailbox, company, opened.uid_validity, opened.uid_next).await?,
    };
    for uid in session.search_above(last).await? {
        let place = Checkpoint { uid_validity: opened.uid_validity, uid };
        let found = match fetch(session, mailbox, memory.manner(place), uid).await {
            Ok(found) => found,
            Err(trouble) => {
                memory.stumbled(place, &trouble);
                return Err(trouble);
            }
        };
        match found {
            Found::Gone => {}
            Found::PassedOver => {
                memory.tally.passed_over += 1;
                tracing::error!(
                    mailbox.name = %mailbox.name, uid, uid_validity = place.uid_validity,
                    "a message cannot be fetched and was passed over; it is still in the folder"
                );
            }
            Found::Message { raw, extent } => {
                take_in(session, mailbox, company, memory, place, raw, extent).await?
            }
        }
        // From here on the message is dealt with: durable, or gone, or told to the operator.
        last = uid;
        let checkpoint = Checkpoint { uid_validity: opened.uid_validity, uid: last };
        company
            .checkpoints
            .keep(&mailbox.name, &mailbox.folder, checkpoint)
            .await
            .map_err(Trouble::NotNow)?;
    }
    Ok(())
}

/// Gives the UID after which a folder is read that has no checkpoint.
async fn first_uid(
    session: &mut Session,
    mailbox: &ImapMailbox,
    company: &Company,
    uid_validity: u32,
    uid_next: Option<u32>,
) -> Result<u32, Trouble> {
    if mailbox.start == Start::Everything {
        return Ok(0);
    }
    let uid = match uid_next {
        Some(next) => next.saturating_sub(1),
        None => session.search_above(0).await?.last().copied().unwrap_or(0),
    };
    // Kept at once: whatever comes from now on is new, also when the next look is after a restart.
    let checkpoint = Checkpoint { uid_validity, uid };
    company.checkpoints.keep(&mailbox.name, &mailbox.folder, checkpoint).await.map_err(Trouble::NotNow)?;
    Ok(uid)
}

async fn fetch(
    session: &mut Session,
    mailbox: &ImapMailbox,
    manner: Manner,
    uid: u32,
) -> Result<Found, Trouble> {
    if manner == Manner::PassOver {
        return Ok(Found::PassedOver);
    }
    let Some(size_bytes) = session.size(uid).await? else { return Ok(Found::Gone) };
    let (raw, extent) =
        if manner == Manner::Headers || size_bytes > u64::from(mailbox.limits.message_bytes_max) {
            (session.headers(uid).await?, Extent::Headers { size_bytes })
        } else {
            (session.content(uid).await?, Extent::Whole)
        };
    match raw {
        Some(raw) => Ok(Found::Message { raw, extent }),
        // It must be gone since; if it is not, passing it by would lose it.
        None if session.size(uid).await?.is_none() => Ok(Found::Gone),
        None => Err(Trouble::Nonsense { what: "a message without content" }),
    }
}

/// Takes one message in, and only then touches it on the server.
async fn take_in(
    session: &mut Session,
    mailbox: &ImapMailbox,
    company: &Company,
    memory: &mut Memory,
    place: Checkpoint,
    raw: Vec<u8>,
    extent: Extent,
) -> Result<(), Trouble> {
    let Checkpoint { uid_validity, uid } = place;
    let source = Source::Imap { folder: mailbox.folder.clone(), uid_validity, uid };
    let arrival = Arrival { mailbox: mailbox.name.clone(), source, raw, extent };
    let taken = company.intake.take_in(arrival).await.map_err(Trouble::NotNow)?;
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

async fn put_away(session: &mut Session, after: &After, uid: u32) -> Result<End, Trouble> {
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

async fn put_aside(session: &mut Session, aside: &Aside, uid: u32) -> Result<End, Trouble> {
    let end = session.flag(uid, "\\Flagged").await?;
    match aside {
        Aside::Flag => Ok(end),
        Aside::Move { folder } => session.move_to(uid, folder).await,
    }
}

/// Whether text can be a keyword: it stands in a command without quotes.
fn is_keyword(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$_-.".contains(&byte))
}
