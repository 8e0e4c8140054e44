//! What the index keeps, and how it is written: a row for each interaction with what questions are
//! narrowed by, a piece of text for each field and each line of a chat, and the words of the
//! pieces.
//!
//! A piece is written again only when its text changed, and a line never: what a message costs does
//! not depend on how many came before it.

use std::collections::BTreeMap;

use handoff_domain::event::Cause;
use handoff_domain::interaction::Outcome;
use handoff_domain::{CenterId, Fact, Interaction, InteractionId, State, Time, UserId};
use handoff_engine::SearchPlace;
use handoff_store::LogEntry;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::texts::{self, FIELDS, TRANSCRIPT};
use super::words::words;
use crate::file::unreadable;
use crate::projection::{News, ProjectionError};

/// Bits of a piece's number within its interaction.
const PIECE_BITS: u32 = 14;
/// The number of the piece before a chat's first line; there is room for more fields.
const LINES_AFTER: u64 = 15;
/// The last piece of an interaction: more lines than the 10,000 that people can make.
const PIECE_MAX: u64 = (1 << PIECE_BITS) - 1;
/// 2020-01-01, in ms since 1970: the times of numbers count from here, until 2089.
const SINCE_MS: i64 = 1_577_836_800_000;
const TIME_BITS: u32 = 41;
/// Bits of a number that tell those of one millisecond apart.
const APART_BITS: u32 = 8;
const _: () = assert!(SearchPlace::NUMBER_MAX == (1 << (TIME_BITS + APART_BITS)) - 1);
const _: () = assert!(SearchPlace::NUMBER_MAX == i64::MAX >> PIECE_BITS);
/// How many random bits an interaction's id ends with.
const ID_RANDOM_BITS: u32 = 47;

pub(super) const TABLES: &str = "
    CREATE TABLE centers (ordinal INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE docs (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, center INTEGER NOT NULL,
      media TEXT NOT NULL, queue TEXT, workbin TEXT, owner TEXT, handler TEXT, contact TEXT,
      submitter TEXT, people TEXT NOT NULL, outcome INTEGER, ended INTEGER
    ) STRICT;
    CREATE INDEX of_center ON docs (center, number);
    CREATE INDEX active ON docs (center, number) WHERE ended IS NULL;
    CREATE INDEX finished ON docs (center, ended, number) WHERE ended IS NOT NULL;
    CREATE INDEX submitted ON docs (submitter, ended, number) WHERE submitter IS NOT NULL;
    CREATE INDEX of_contact ON docs (center, contact, number) WHERE contact IS NOT NULL;
    CREATE TABLE pieces (
      piece INTEGER PRIMARY KEY, hidden INTEGER NOT NULL, text TEXT NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE words USING fts5(
      seen, hidden, content='', columnsize=0, tokenize='ascii', prefix='4'
    );
    INSERT INTO words (words, rank) VALUES ('secure-delete', 1);";
pub(super) const DROP: &str = "DROP TABLE words; DROP TABLE pieces; DROP TABLE docs; \
    DROP TABLE centers;";

const CENTER: &str = "SELECT ordinal FROM centers WHERE id = ?1";
const CENTER_ADD: &str = "INSERT INTO centers (id) VALUES (?1)";
const NUMBER: &str = "SELECT number, center, handler FROM docs WHERE id = ?1";
const IS_TAKEN: &str = "SELECT 1 FROM docs WHERE number = ?1";
const DOC_WRITE: &str = "INSERT INTO docs (number, id, center, media, queue, workbin, owner, \
    handler, contact, submitter, people, outcome, ended) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
    ON CONFLICT (number) DO UPDATE SET queue = excluded.queue, workbin = excluded.workbin, \
    owner = excluded.owner, handler = excluded.handler, contact = excluded.contact, \
    submitter = excluded.submitter, people = excluded.people, outcome = excluded.outcome, \
    ended = excluded.ended";
const DOC_REMOVE: &str = "DELETE FROM docs WHERE number = ?1";
const PIECE: &str = "SELECT hidden, text FROM pieces WHERE piece = ?1";
const PIECES: &str = "SELECT piece, hidden, text FROM pieces WHERE piece BETWEEN ?1 AND ?2";
const PIECE_WRITE: &str = "INSERT INTO pieces (piece, hidden, text) VALUES (?1, ?2, ?3)";
const PIECE_REMOVE: &str = "DELETE FROM pieces WHERE piece = ?1";
const WORDS_ADD: &str = "INSERT INTO words (rowid, seen, hidden) VALUES (?1, ?2, ?3)";
const WORDS_REMOVE: &str =
    "INSERT INTO words (words, rowid, seen, hidden) VALUES ('delete', ?1, ?2, ?3)";

/// A row of `docs`, as questions are narrowed by it.
pub(super) struct Doc {
    pub(super) number: i64,
    pub(super) id: InteractionId,
    pub(super) media: String,
    pub(super) queue: Option<String>,
    pub(super) workbin: Option<String>,
    pub(super) owner: Option<UserId>,
    pub(super) contact: Option<String>,
    pub(super) submitter: Option<String>,
    /// Whom it concerns or concerned, each between spaces.
    pub(super) people: String,
    pub(super) outcome: Option<Outcome>,
    pub(super) ended: Option<Time>,
}

impl Doc {
    pub(super) const COLUMNS: &str = "number, id, media, queue, workbin, owner, contact, \
        submitter, people, outcome, ended";

    pub(super) fn read(row: &Row<'_>) -> Result<Self, ProjectionError> {
        let (id, owner): (String, Option<String>) = (row.get(1)?, row.get(5)?);
        Ok(Self {
            number: row.get(0)?,
            id: id.parse().map_err(|_| unreadable("an id"))?,
            media: row.get(2)?,
            queue: row.get(3)?,
            workbin: row.get(4)?,
            owner: owner
                .map(|owner| owner.parse())
                .transpose()
                .map_err(|_| unreadable("an owner"))?,
            contact: row.get(6)?,
            submitter: row.get(7)?,
            people: row.get(8)?,
            outcome: row.get::<_, Option<i64>>(9)?.map(outcome_of).transpose()?,
            ended: row.get::<_, Option<i64>>(10)?.map(Time),
        })
    }
}

const fn number_of_outcome(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Completed => 0,
        Outcome::Canceled => 1,
        Outcome::Sent => 2,
    }
}

fn outcome_of(number: i64) -> Result<Outcome, ProjectionError> {
    Ok(match number {
        0 => Outcome::Completed,
        1 => Outcome::Canceled,
        2 => Outcome::Sent,
        _ => return Err(unreadable("an outcome")),
    })
}

/// Returns the character before each word of a contact center, so that nothing of another is ever
/// looked at; `None` for one that has nothing here.
pub(super) fn mark_of(
    connection: &Connection,
    center: CenterId,
) -> Result<Option<(i64, char)>, ProjectionError> {
    let ordinal: Option<i64> = connection
        .prepare_cached(CENTER)?
        .query_row([center.stored()], |row| row.get(0))
        .optional()?;
    Ok(ordinal.map(|ordinal| (ordinal, mark(ordinal))))
}

/// Returns an ordinal as one character: the index of beginnings counts characters. Beyond as many
/// centers as there are, two share one; their rows are told apart by what they say.
fn mark(ordinal: i64) -> char {
    let place = u32::try_from(ordinal.rem_euclid(20_000)).unwrap_or_default();
    char::from_u32(0x4e00 + place).expect("these are all characters")
}

/// Returns the first and the last piece of interactions with numbers from one to another.
pub(super) fn pieces_between(first: i64, last: i64) -> (i64, i64) {
    let low = first.max(0).saturating_mul(1 << PIECE_BITS);
    (low, last.max(-1).saturating_add(1).saturating_mul(1 << PIECE_BITS).saturating_sub(1))
}

/// Returns the number of the interaction that a piece is of.
pub(super) const fn number_of_piece(piece: i64) -> i64 {
    piece >> PIECE_BITS
}

/// Returns the field that a piece is.
pub(super) fn field_of_piece(piece: i64) -> &'static str {
    let place = piece.cast_unsigned() & PIECE_MAX;
    usize::try_from(place).ok().and_then(|place| FIELDS.get(place)).copied().unwrap_or(TRANSCRIPT)
}

/// Returns the first number of what came at a time.
pub(super) fn number_at(at: Time) -> i64 {
    (at.0 - SINCE_MS).clamp(0, (1 << TIME_BITS) - 1) << APART_BITS
}

/// Takes in what happened. What was erased leaves nothing of its text in the file.
pub(super) fn take_in(connection: &Connection, news: &News) -> Result<(), ProjectionError> {
    let mut entries: BTreeMap<InteractionId, Vec<&LogEntry>> = BTreeMap::new();
    for entry in &news.entries {
        if let handoff_store::SubjectKey::Interaction(id) = entry.subject {
            entries.entry(id).or_default().push(entry);
        }
    }
    for (id, interaction) in &news.interactions {
        match interaction {
            Some(interaction) => {
                let own = entries.remove(id).unwrap_or_default();
                keep(connection, interaction, &own)?;
            }
            None => forget(connection, *id)?,
        }
    }
    Ok(())
}

fn keep(
    connection: &Connection,
    interaction: &Interaction,
    entries: &[&LogEntry],
) -> Result<(), ProjectionError> {
    let known = number_and_center(connection, interaction.id)?;
    let erased = entries.iter().rposition(|entry| is_erasure(entry));
    if erased.is_some() {
        forget(connection, interaction.id)?;
    }
    let (number, center, handler) = match known {
        Some(known) => known,
        None => {
            let center = ordinal_of(connection, interaction.center)?;
            (free_number(connection, interaction.id)?, center, None)
        }
    };
    let handler = entries.iter().fold(handler, |handler, entry| handler_after(handler, entry));
    write_doc(connection, (number, center), interaction, handler)?;
    let writer = Pieces { connection, mark: mark(center) };
    for (place, text) in (0..).zip(texts::fields(interaction)) {
        writer.write(piece(number, place), false, &text)?;
    }
    // Entries that were read before their words were taken out still have them.
    let told = &entries[erased.unwrap_or_default()..];
    for fact in told.iter().flat_map(|entry| &entry.facts) {
        let Fact::Said(entry) = fact else { continue };
        let place = LINES_AFTER + entry.number;
        if let Some(text) = texts::line(entry).filter(|_| place <= PIECE_MAX) {
            writer.write(piece(number, place), texts::is_hidden(entry), &text)?;
        }
    }
    Ok(())
}

/// Tells whether an entry says that an interaction was erased.
pub(super) fn is_erasure(entry: &LogEntry) -> bool {
    entry.facts.contains(&Fact::Erased)
}

/// Removes everything of an interaction; nothing of its text is left in the file.
pub(super) fn forget(connection: &Connection, id: InteractionId) -> Result<(), ProjectionError> {
    let Some((number, center, _)) = number_and_center(connection, id)? else { return Ok(()) };
    let writer = Pieces { connection, mark: mark(center) };
    let (first, last) = pieces_between(number, number);
    let mut statement = connection.prepare_cached(PIECES)?;
    let pieces = statement.query_map([first, last], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, row.get::<_, String>(2)?))
    })?;
    for (piece, is_hidden, text) in pieces.collect::<Result<Vec<_>, _>>()? {
        writer.remove(piece, is_hidden, &text)?;
    }
    connection.prepare_cached(DOC_REMOVE)?.execute([number])?;
    Ok(())
}

type Known = (i64, i64, Option<String>);

fn number_and_center(
    connection: &Connection,
    id: InteractionId,
) -> Result<Option<Known>, ProjectionError> {
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    Ok(connection.prepare_cached(NUMBER)?.query_row([id.stored()], row).optional()?)
}

fn ordinal_of(connection: &Connection, center: CenterId) -> Result<i64, ProjectionError> {
    if let Some((ordinal, _)) = mark_of(connection, center)? {
        return Ok(ordinal);
    }
    Ok(connection.prepare_cached(CENTER_ADD)?.insert([center.stored()])?)
}

/// Returns a number that nobody has: numbers are in the order of the ids, and of the few that would
/// be the same the second takes the next.
fn free_number(connection: &Connection, id: InteractionId) -> Result<i64, ProjectionError> {
    let apart = (id.0 >> (ID_RANDOM_BITS - APART_BITS)) & ((1 << APART_BITS) - 1);
    let mut number = number_at(id.created()) | i64::try_from(apart).unwrap_or_default();
    let mut statement = connection.prepare_cached(IS_TAKEN)?;
    while statement.exists([number])? {
        number += 1;
    }
    Ok(number)
}

/// Returns whose it is after an entry, as the counters follow it (`counters/tally.rs`).
fn handler_after(handler: Option<String>, entry: &LogEntry) -> Option<String> {
    entry.facts.iter().fold(handler, |handler, fact| match fact {
        Fact::Opened => match entry.cause {
            Cause::User(user) => Some(user.stored()),
            _ => None,
        },
        Fact::Queued { .. } | Fact::Parked { .. } => None,
        Fact::Accepted { by, kind } if kind.role().is_none() => Some(by.stored()),
        Fact::Pulled { by: user, .. }
        | Fact::Taken { by: user }
        | Fact::OwnerChanged { to: user } => Some(user.stored()),
        _ => handler,
    })
}

fn write_doc(
    connection: &Connection,
    (number, center): (i64, i64),
    interaction: &Interaction,
    handler: Option<String>,
) -> Result<(), ProjectionError> {
    let (outcome, ended) = match &interaction.state {
        State::Ended { outcome, at } => (Some(number_of_outcome(*outcome)), Some(at.0)),
        _ => (None, None),
    };
    let owner = match ended {
        Some(_) => handler.clone(),
        None => interaction.owner().map(|owner| owner.stored()),
    };
    let everybody = interaction.concerned.iter().copied().chain(interaction.people());
    let people: std::collections::BTreeSet<UserId> = everybody.collect();
    let mut names = String::from(" ");
    for user in people {
        names.push_str(&user.stored());
        names.push(' ');
    }
    connection.prepare_cached(DOC_WRITE)?.execute(params![
        number,
        interaction.id.stored(),
        center,
        interaction.media().name(),
        interaction.queue.map(|queue| queue.stored()),
        interaction.state.workbin().map(|workbin| workbin.stored()),
        owner,
        handler,
        interaction.contact,
        interaction.submitter.map(|user| user.stored()),
        names,
        outcome,
        ended,
    ])?;
    Ok(())
}

fn piece(number: i64, place: u64) -> i64 {
    (number << PIECE_BITS) | place.cast_signed()
}

/// Writes pieces and their words.
struct Pieces<'c> {
    connection: &'c Connection,
    mark: char,
}

impl Pieces<'_> {
    /// Writes a piece, unless it is there already; an empty one is none.
    fn write(&self, piece: i64, is_hidden: bool, text: &str) -> Result<(), ProjectionError> {
        let row = |row: &Row<'_>| Ok((row.get::<_, bool>(0)?, row.get::<_, String>(1)?));
        let before = self.connection.prepare_cached(PIECE)?.query_row([piece], row).optional()?;
        if let Some((was_hidden, before)) = before {
            if before == text && was_hidden == is_hidden {
                return Ok(());
            }
            self.remove(piece, was_hidden, &before)?;
        }
        if text.is_empty() {
            return Ok(());
        }
        self.connection.prepare_cached(PIECE_WRITE)?.execute(params![piece, is_hidden, text])?;
        self.change_words(WORDS_ADD, piece, is_hidden, text)
    }

    fn remove(&self, piece: i64, is_hidden: bool, text: &str) -> Result<(), ProjectionError> {
        self.connection.prepare_cached(PIECE_REMOVE)?.execute([piece])?;
        self.change_words(WORDS_REMOVE, piece, is_hidden, text)
    }

    fn change_words(
        &self,
        how: &str,
        piece: i64,
        is_hidden: bool,
        text: &str,
    ) -> Result<(), ProjectionError> {
        let mut marked = String::with_capacity(text.len() * 2);
        for word in words(text) {
            marked.push(self.mark);
            marked.push_str(&word.text);
            marked.push(' ');
        }
        let (seen, hidden) = if is_hidden { ("", &*marked) } else { (&*marked, "") };
        self.connection.prepare_cached(how)?.execute(params![piece, seen, hidden])?;
        Ok(())
    }
}
