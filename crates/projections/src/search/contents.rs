//! What an index has, for tests: read whole, and made anew of a record and its history.

use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::{Entry, Interaction, InteractionId};
use rusqlite::Connection;

use super::kept::{self, number_of_piece};
use super::texts;
use super::words::words;
use crate::projection::{News, ProjectionError};

/// What an index has of each interaction.
pub(crate) type Contents = BTreeMap<InteractionId, Kept>;

/// What it has of one: the fields by which it is narrowed, and each piece with its words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    state: String,
    pieces: BTreeSet<(String, bool, Vec<String>)>,
}

/// Takes in what happened, outside of any transaction.
pub(crate) fn take_in(connection: &Connection, news: &News) -> Result<(), ProjectionError> {
    kept::take_in(connection, news)
}

/// Returns what an index should have of an interaction.
pub(crate) fn expected(interaction: &Interaction, lines: &[Entry]) -> Kept {
    let fields = texts::fields(interaction).into_iter().map(|text| (text, false));
    let lines = lines.iter().filter_map(|line| Some((texts::line(line)?, texts::is_hidden(line))));
    let all = fields.chain(lines).filter(|(text, _)| !text.is_empty());
    let pieces = all.map(|(text, is_hidden)| {
        let words = words(&text).into_iter().map(|word| word.text).collect();
        (text, is_hidden, words)
    });
    let state = format!(
        "{} {:?} {:?} {:?}",
        interaction.media().name(),
        interaction.queue.map(|queue| queue.stored()),
        interaction.state.workbin().map(|workbin| workbin.stored()),
        match interaction.state {
            handoff_domain::State::Ended { at, .. } => Some(at.0),
            _ => None,
        },
    );
    Kept { state, pieces: pieces.collect() }
}

/// Returns all that an index has.
pub(crate) fn read(connection: &Connection) -> Result<Contents, ProjectionError> {
    connection.execute_batch(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab('main', 'words', 'instance')",
    )?;
    let mut words: BTreeMap<(i64, bool), BTreeMap<i64, String>> = BTreeMap::new();
    let mut statement = connection.prepare("SELECT term, doc, col, offset FROM temp.terms")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (term, piece, column): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let word = term.chars().skip(1).collect();
        words.entry((piece, column == "hidden")).or_default().insert(row.get(3)?, word);
    }
    let mut found: BTreeMap<i64, BTreeSet<_>> = BTreeMap::new();
    let mut statement = connection.prepare("SELECT piece, hidden, text FROM pieces")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (piece, is_hidden): (i64, bool) = (row.get(0)?, row.get(1)?);
        let own = words.remove(&(piece, is_hidden)).unwrap_or_default();
        let piece_of = (row.get(2)?, is_hidden, own.into_values().collect());
        found.entry(number_of_piece(piece)).or_default().insert(piece_of);
    }
    assert_eq!(words, BTreeMap::new(), "words of no piece");
    let mut contents = Contents::new();
    let mut statement =
        connection.prepare("SELECT id, number, media, queue, workbin, ended FROM docs")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (media, ended): (String, Option<i64>) = (row.get(2)?, row.get(5)?);
        let (queue, workbin): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
        let pieces = found.remove(&row.get(1)?).unwrap_or_default();
        let id: String = row.get(0)?;
        let state = format!("{media} {queue:?} {workbin:?} {ended:?}");
        let id = id.parse().expect("an id that was written");
        contents.insert(id, Kept { state, pieces });
    }
    assert_eq!(found, BTreeMap::new(), "pieces of nothing");
    Ok(contents)
}
