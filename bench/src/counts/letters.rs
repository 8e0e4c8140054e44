//! What a letter takes: a customer's mail server delivers one after the other, each when the one
//! before was taken over. Every other letter answers the one before it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use handoff_faults::mails::MAILBOX;
use handoff_faults::mails::letter::Words;
use handoff_faults::mails::lmtp::{Delivery, Lmtp};
use handoff_faults::mails::site::{Mailbox, Office};
use handoff_store::SqliteOptions;
use handoff_store::sqlite::counts::Counts;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::alone::{Agents, Alone};
use crate::costs::{Each, written};

/// Letters of a round.
pub(super) const LETTERS: usize = 10;
/// Letters that the store alone takes.
const STORED: usize = 256;
/// Bytes of a letter: some five hundred words.
const BYTES: usize = 4_000;
const FROM: &str = "eve@customer.example";

/// The program with a mailbox, and a mail server's connection to it.
pub(super) struct Letters {
    pub(super) config: PathBuf,
    pub(super) office: Office,
    line: Lmtp,
    /// How many were delivered.
    count: usize,
}

impl Letters {
    pub(super) async fn open(own: &Path, home: &Path) -> Result<Self> {
        let office = Mailbox::of(MAILBOX).open(own, home).await?;
        let line = Lmtp::connect(&office.lmtp).await?;
        Ok(Self { config: office.site.config.clone(), office, line, count: 0 })
    }

    pub(super) async fn deliver(&mut self) -> Result<()> {
        for raw in made(self.count, LETTERS) {
            let said = self.line.deliver(&Delivery::new(FROM, MAILBOX, &raw)).await?;
            ensure!(said.starts_with('2'), "a letter was refused: {said}");
        }
        self.count += LETTERS;
        Ok(())
    }
}

/// Makes letters after the first so many.
fn made(first: usize, count: usize) -> Vec<Vec<u8>> {
    let id = |number: usize| format!("{number}@customer.example");
    let letter = |number: usize| {
        let before = number.checked_sub(1).filter(|before| before % 2 == 0).map(id);
        let words = Words {
            from: FROM,
            to: MAILBOX,
            subject: &format!("Order {number}"),
            message_id: Some(&id(number)),
            answers: before.as_deref(),
            headers: "",
        };
        words.letter(BYTES, &mut StdRng::seed_from_u64(number as u64))
    };
    (first..first + count).map(letter).collect()
}

/// Lets the engine alone take letters in, one after the other, and returns what each took of the
/// store.
pub(super) async fn stored() -> Result<Each> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let counts = Counts::default();
    let place =
        SqliteOptions { counts: counts.clone(), ..SqliteOptions::new(home.path().join("db")) };
    let alone = Alone::open(place, Agents { count: 1, room: 1 }, |_, _| Vec::new()).await?;
    let letters = made(0, STORED);
    let (before, bytes) = (counts.now(), written()?);
    for raw in &letters {
        alone.take_in(raw).await?;
    }
    let (after, bytes) = (counts.now(), written()? - bytes);
    alone.close().await?;
    let statements = after.written + after.read - before.written - before.read;
    let each = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / STORED as f64;
    Ok(Each {
        statements: each(statements),
        pages: each(after.pages - before.pages),
        kb: each(bytes) / 1_024.0,
        finished: 0.0,
    })
}
