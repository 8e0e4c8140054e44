//! What comes in: read, kept, and handed to the engine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use async_trait::async_trait;
use handoff_content::FileKeeper;
use handoff_domain::mail::mailbox_key;
use handoff_domain::{Letter, Media};
use handoff_engine::{Engine, NewLetter, RawMessage, has_message_id};
use handoff_mail::letter::{self, Bounds, Envelope, REPORT_SENDERS, Reading, Unreadable};
use handoff_mail::ports::{Arrival, Extent, Intake, NotNow, Source, Taken};
use handoff_mail::token::Signer;
use sha2::{Digest as _, Sha256};

use crate::addresses::Addresses;

/// The largest message that is read on the thread that has it, in bytes. To hand one over and to
/// wake another thread for it costs as much as to read 5 KB; 32 KiB are read within 0.2 ms, which
/// nobody else notices whom the thread serves.
const READ_AT_ONCE_BYTES_MAX: usize = 32 * 1024;
/// Why a letter could not be read at whose reading the program failed; the log names the place.
const PANICKED: &str = "the program failed at reading it";

/// Hands letters to the engine.
pub(crate) struct EngineIntake {
    engine: Arc<Engine>,
    files: Arc<FileKeeper>,
    addresses: Arc<Addresses>,
    signer: Signer,
}

/// The mailbox was removed, or its queue.
#[derive(Debug, thiserror::Error)]
#[error("there is no mailbox {0} with an e-mail queue any more")]
struct UnknownMailbox(String);

impl EngineIntake {
    pub(crate) fn new(
        engine: Arc<Engine>,
        files: Arc<FileKeeper>,
        addresses: Arc<Addresses>,
        signer: Signer,
    ) -> Self {
        Self { engine, files, addresses, signer }
    }

    /// Reads a message: a small one at once, any other on a thread of its own, because it may take
    /// some time, and what it is made of somebody else chose.
    ///
    /// One that cannot be read gives the reason, also when reading it panics: the next try would do
    /// no better, and it must not keep the others out.
    async fn read(&self, arrival: &Arrival, own: Vec<String>) -> Result<Letter, String> {
        let read = if arrival.raw.len() <= READ_AT_ONCE_BYTES_MAX {
            let reading = || read(&arrival.raw, &arrival.source, &own, &self.signer);
            catch_unwind(AssertUnwindSafe(reading)).ok()
        } else {
            let (raw, source) = (arrival.raw.clone(), arrival.source.clone());
            let signer = self.signer.clone();
            let reading = tokio::task::spawn_blocking(move || read(&raw, &source, &own, &signer));
            reading.await.ok()
        };
        // What a panic says may quote the letter, and this reason is logged and told.
        let read = read.ok_or_else(|| PANICKED.to_owned())?;
        read.map_err(|unreadable| unreadable.to_string())
    }

    /// Keeps everything of a letter that is no text, and says in its remarks what was left out.
    async fn keep(
        &self,
        letter: &mut Letter,
        raw: &[u8],
    ) -> Result<(RawMessage, Vec<handoff_domain::Attachment>), NotNow> {
        let parts = std::mem::take(&mut letter.parts);
        let kept = self.files.keep_letter(raw, &parts).await;
        let kept = kept.map_err(|error| NotNow(Box::new(error)))?;
        for name in kept.infected {
            let name = name.as_deref().unwrap_or("without a name");
            letter
                .remarks
                .push(format!("The attachment {name} was left out: the virus scanner refused it."));
        }
        Ok((RawMessage { file: kept.raw, bytes: raw.len() as u64 }, kept.attachments))
    }
}

fn read(
    raw: &[u8],
    source: &Source,
    own_addresses: &[String],
    signer: &Signer,
) -> Result<Letter, Unreadable> {
    let envelope = match source {
        Source::Imap { .. } => Envelope::Unknown,
        Source::Lmtp { sender, recipients } => {
            Envelope::Known { sender: sender.as_deref(), recipients }
        }
    };
    let bounds = Bounds::default();
    let report_senders = REPORT_SENDERS;
    letter::read(raw, &Reading { signer, own_addresses, report_senders, envelope, bounds })
}

fn hash(raw: &[u8]) -> String {
    Sha256::digest(raw).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The disk has less room than is kept for those who work here.
#[derive(Debug, thiserror::Error)]
#[error("the disk is short of space; free some, or lower store.reserve_bytes")]
struct NoRoom;

#[async_trait]
impl Intake for EngineIntake {
    async fn take_in(&self, arrival: Arrival) -> Result<Taken, NotNow> {
        if self.files.space().is_short() {
            return Err(NotNow(Box::new(NoRoom)));
        }
        let gone = || NotNow(Box::new(UnknownMailbox(arrival.mailbox.clone())));
        let mailbox = self.addresses.of(&arrival.mailbox).ok_or_else(gone)?;
        let own = mailbox.addresses().map(mailbox_key).collect();
        let mut letter = match self.read(&arrival, own).await {
            Ok(letter) => letter,
            Err(reason) => {
                tracing::warn!(mailbox = arrival.mailbox, reason, "a message was refused");
                return Ok(Taken::Refused { reason });
            }
        };
        if let Extent::Headers { size_bytes } = arrival.extent {
            letter.remarks.push(format!(
                "Only the headers were taken in: the message has {size_bytes} bytes and stays in its folder."
            ));
        }
        let engine = &self.engine;
        let queue = engine
            .core()
            .directory()
            .queue(mailbox.center, mailbox.queue)
            .filter(|queue| queue.media == Media::Email)
            .cloned()
            .ok_or_else(gone)?;
        let (raw, attachments) = self.keep(&mut letter, &arrival.raw).await?;
        // Not of every letter: it is a look at each byte.
        let raw_hash = if has_message_id(&letter) { String::new() } else { hash(&arrival.raw) };
        let new = NewLetter {
            center: mailbox.center,
            mailbox: mailbox.address.clone(),
            queue,
            letter,
            attachments,
            raw: Some(raw),
            raw_hash,
            user_data: handoff_domain::UserData::default(),
        };
        let taken =
            engine.letters().take_in_letter(&new).await.map_err(|error| NotNow(Box::new(error)))?;
        let id = taken.id;
        tracing::info!(interaction.id = %id, mailbox = mailbox.address, is_new = taken.is_new, "a letter was taken in");
        Ok(if taken.is_new { Taken::New(id) } else { Taken::Known(id) })
    }
}
