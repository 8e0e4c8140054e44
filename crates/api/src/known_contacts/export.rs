//! `GET /ucs/contacts/{id}/export`: all that is known of a contact, as one tar archive
//! (docs/api/privacy.md).
//!
//! It is made while it is read. In memory are at most one page of interactions, one page of a
//! history and one piece of a file at a time, however much there is.

use std::collections::VecDeque;
use std::pin::Pin;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, Response as HttpResponse};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use handoff_content::FileError;
use handoff_domain::{ContactId, Interaction, InteractionId, Visibility};
use handoff_store::{
    AuditAction, AuditEntry, AuditKind, AuditTarget, AuditTool, ChangeSet, Contact, FileRecord,
    StoreError, SubjectKey, contact_called,
};
use serde_json::{Value, json};
use tar::Header;

use crate::caller::{Admin, Me};
use crate::error::Refusal;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::date::print;
use crate::wire::history::HistoryResource;
use crate::wire::interaction::InteractionResource;
use crate::wire::resource::ContactResource;
use crate::wire::transcript::LogMessage;

/// Interactions read at once: a letter may be large.
const PAGE: usize = 20;
/// Entries of a history in one file of the archive.
const HISTORY_PAGE: usize = 100;
/// What an entry of a tar archive is filled up to, in bytes.
const BLOCK: u64 = 512;

/// Why an export breaks off.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the archive could not be written")]
    Archive(#[from] std::io::Error),
}

type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, FileError>> + Send>>;

/// What comes next in the archive.
enum Part {
    Bytes(Bytes),
    /// A file, at a path.
    File(String, Box<FileRecord>),
}

/// Which interactions were not read yet.
enum Rest {
    All,
    After(InteractionId),
    None,
}

/// An archive that is being made.
struct Export {
    shared: Shared,
    me: Me,
    contact: String,
    /// What is ready to be given.
    parts: VecDeque<Part>,
    /// The file that is being given, and how many bytes follow it.
    file: Option<(Pieces, u64)>,
    interactions: VecDeque<Interaction>,
    /// The interaction whose history is being read: after which position, and how many pages it
    /// had.
    history: Option<(Box<Interaction>, u64, u32)>,
    rest: Rest,
    is_over: bool,
}

/// `GET /ucs/contacts/{id}/export`
pub(crate) async fn export(
    State(shared): State<Shared>,
    Admin(me): Admin,
    Id(id): Id,
) -> Result<Response, Refusal> {
    let (views, id) = (shared.engine().views(), contact_called(&id));
    let known = match id.parse::<ContactId>() {
        Ok(id) => views.contact(me.center(), id).await?,
        // Whoever submits an interaction may call its contact whatever they like.
        Err(_) => None,
    };
    if known.is_none() {
        let any = views.exchanged_with(me.center(), &id, None, 1).await?;
        if any.items.is_empty() {
            return Err(Refusal::not_found("contact"));
        }
    }
    put_on_record(&shared, &me, &id).await?;
    let mut export = Export {
        shared,
        me,
        contact: id,
        parts: VecDeque::new(),
        file: None,
        interactions: VecDeque::new(),
        history: None,
        rest: Rest::All,
        is_over: false,
    };
    export.begin(known.as_ref()).map_err(|_| Refusal::internal())?;
    let pieces = stream::try_unfold(export, |mut export| async move {
        match export.next().await {
            Ok(piece) => Ok(piece.map(|piece| (piece, export))),
            Err(error) => {
                let why: &dyn std::error::Error = &error;
                tracing::warn!(error = why, "the export of a contact was cut off");
                Err(error)
            }
        }
    });
    let mut response = HttpResponse::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
    let disposition = HeaderValue::from_static("attachment; filename=\"contact.tar\"");
    headers.insert(CONTENT_DISPOSITION, disposition);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// Notes who was given all of it, before they are.
async fn put_on_record(shared: &Shared, me: &Me, contact: &str) -> Result<(), Refusal> {
    let core = shared.engine().core();
    let now = core.now();
    let apart = u64::try_from(core.ids().random() & u128::from(u64::MAX)).unwrap_or_default();
    let source = me.by(now, AuditTool::Request).source;
    let target = AuditTarget {
        kind: AuditKind::Contact,
        id: contact.to_owned(),
        // It would outlive their erasure.
        name: String::new(),
    };
    let entry = AuditEntry::of(me.center(), now, apart, AuditAction::Exported, source).on(target);
    let change = ChangeSet { puts: vec![entry.put()], ..ChangeSet::default() };
    core.store().commit(change).await.map(drop).map_err(|_| Refusal::unavailable())
}

impl Export {
    fn begin(&mut self, known: Option<&Contact>) -> Result<(), ExportError> {
        let directory = self.shared.engine().core().directory();
        let contact =
            known.map(|contact| ContactResource::new(contact, self.shared.lookup(&directory)));
        let known = known.map(|contact| {
            json!({"firstSeen": print(contact.first_seen), "lastSeen": print(contact.last_seen)})
        });
        let text = json!({"id": self.contact, "contact": contact, "known": known});
        self.add_json("contact.json", &text)
    }

    /// Returns the next piece of the archive.
    async fn next(&mut self) -> Result<Option<Bytes>, ExportError> {
        loop {
            if let Some((pieces, _)) = &mut self.file {
                match pieces.next().await {
                    Some(piece) => return Ok(Some(piece?)),
                    None => {
                        let rest = self.file.take().map_or(0, |(_, rest)| rest);
                        return Ok(Some(zeros(rest)));
                    }
                }
            }
            match self.parts.pop_front() {
                Some(Part::Bytes(bytes)) => return Ok(Some(bytes)),
                Some(Part::File(path, record)) => self.open(&path, &record).await?,
                None if self.is_over => return Ok(None),
                None => self.go_on().await?,
            }
        }
    }

    /// Begins to give a file; of one that cannot be read it says so.
    async fn open(&mut self, path: &str, record: &FileRecord) -> Result<(), ExportError> {
        match self.shared.files().open(record).await {
            Ok(pieces) => {
                let header = header(path, record.bytes)?;
                let head = stream::once(async move { Ok(header) });
                self.file = Some((Box::pin(head.chain(pieces)), padding(record.bytes)));
                Ok(())
            }
            Err(FileError::NotWhole { .. }) => {
                self.add_json(&format!("{path}.missing.json"), &json!({"missing": true}))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads what comes next.
    async fn go_on(&mut self) -> Result<(), ExportError> {
        if let Some((interaction, after, pages)) = self.history.take() {
            return self.add_history(interaction, after, pages).await;
        }
        if let Some(interaction) = self.interactions.pop_front() {
            return self.add_interaction(interaction).await;
        }
        let after = match self.rest {
            Rest::All => None,
            Rest::After(last) => Some(last),
            Rest::None => {
                // Two empty blocks end an archive.
                self.parts.push_back(Part::Bytes(zeros(2 * BLOCK)));
                self.is_over = true;
                return Ok(());
            }
        };
        let views = self.shared.engine().views();
        let page = views.exchanged_with(self.me.center(), &self.contact, after, PAGE).await?;
        let last = page.items.last().map(|last| last.value.id);
        self.rest = last.filter(|_| page.more).map_or(Rest::None, Rest::After);
        self.interactions = page.items.into_iter().map(|found| found.value).collect();
        Ok(())
    }

    async fn add_interaction(&mut self, interaction: Interaction) -> Result<(), ExportError> {
        let directory = self.shared.engine().core().directory();
        let lookup = self.shared.lookup(&directory);
        let shown = InteractionResource::read_by(&interaction, self.me.id(), lookup);
        let notes: Vec<Value> = interaction
            .all_notes()
            .into_iter()
            .map(|note| json!({"at": print(note.at), "text": note.text}))
            .collect();
        let files = self.shared.engine().erasures().files_of(&interaction).await?;
        let listed: Vec<Value> = files
            .iter()
            .map(|file| {
                json!({"id": file.id.to_string(), "name": file.name, "bytes": file.bytes,
                    "contentType": file.content_type, "at": print(file.at)})
            })
            .collect();
        let text = json!({"interaction": shown, "notes": notes, "files": listed});
        let home = format!("interactions/{}", interaction.id);
        self.add_json(&format!("{home}/interaction.json"), &text)?;
        for file in files {
            let path = format!("{home}/files/{}", file.id);
            self.parts.push_back(Part::File(path, Box::new(file)));
        }
        self.history = Some((Box::new(interaction), 0, 0));
        Ok(())
    }

    async fn add_history(
        &mut self,
        interaction: Box<Interaction>,
        after: u64,
        pages: u32,
    ) -> Result<(), ExportError> {
        let core = self.shared.engine().core();
        let subject = SubjectKey::Interaction(interaction.id);
        let page = core.store().history(subject, after, HISTORY_PAGE).await?;
        let directory = core.directory();
        let url = &self.shared.options().public_url;
        let events: Vec<_> = page
            .items
            .iter()
            .filter_map(|entry| HistoryResource::new(entry, &directory, &self.me.user.roles))
            .collect();
        let last = page.items.last().map(|last| last.position).filter(|_| page.more);
        let said = page.items.into_iter().flat_map(handoff_store::HistoryEntry::into_entries);
        let messages: Vec<_> = said
            .filter_map(|entry| {
                serde_json::to_value(LogMessage::of(&entry, Visibility::Supervisors, url)?).ok()
            })
            .collect();
        let pages = pages + 1;
        let path = format!("interactions/{}/history-{pages:04}.json", interaction.id);
        self.add_json(&path, &json!({"events": events, "messages": messages}))?;
        self.history = last.map(|last| (interaction, last, pages));
        Ok(())
    }

    fn add_json(&mut self, path: &str, text: &Value) -> Result<(), ExportError> {
        let text = Bytes::from(format!("{text:#}\n"));
        let rest = padding(text.len() as u64);
        self.parts.push_back(Part::Bytes(header(path, text.len() as u64)?));
        self.parts.push_back(Part::Bytes(text));
        self.parts.push_back(Part::Bytes(zeros(rest)));
        Ok(())
    }
}

fn header(path: &str, bytes: u64) -> Result<Bytes, std::io::Error> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_cksum();
    Ok(Bytes::copy_from_slice(header.as_bytes()))
}

const fn padding(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK) - bytes
}

fn zeros(bytes: u64) -> Bytes {
    Bytes::from(vec![0; usize::try_from(bytes).unwrap_or_default()])
}
