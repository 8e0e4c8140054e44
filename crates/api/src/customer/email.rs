//! E-mails that customers write in a form on a web page: `POST /genesys/2/email/{service}`
//! (docs/compat/customers.md#web-form).
//!
//! What comes in here becomes a letter like one that a mailbox fetched. It has no `Message-ID`, so
//! it answers nothing and cannot be answered into a thread of somebody else's; that it is from whom
//! it says nobody has checked, as of any e-mail.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use handoff_content::{Arrived, FileError, Taken};
use handoff_domain::mail::breaks_line;
use handoff_domain::service::{EmailTerms, Service, ServiceKind};
use handoff_domain::{Address, Attachment, CenterId, Chat, Letter, UserData, Value};
use handoff_engine::{NewLetter, TakenIn};
use serde_json::json;

use super::chat_operation::message_id;
use super::fingerprint::{self, EmailSays};
use super::form::{Form, media_type, pairs};
use super::guard::address_of;
use super::refusal::{CustomerRefusal, RefusalKind};
use super::state::DoorState;
use crate::hex::sha256;
use crate::uploads::{self, FormBounds, UploadError};
use crate::wire::address::{ADDRESS_BYTES_MAX, is_address};

/// Characters of a subject: one line of a header at its longest (RFC 5322, section 2.1.1).
const SUBJECT_CHARS_MAX: usize = 998;
/// The other way to name a request, as of every other that changes something
/// (docs/compat/conventions.md#retries).
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What a customer writes.
#[derive(Clone, Debug, PartialEq)]
struct Writing {
    from: Address,
    mailbox: Option<String>,
    subject: String,
    text: String,
    user_data: UserData,
    /// What a repetition of the request is known by.
    name: Option<String>,
}

/// Takes an e-mail in.
pub(crate) async fn create(
    State(doors): State<DoorState>,
    Path(service): Path<String>,
    request: Request,
) -> Result<Response, CustomerRefusal> {
    let (service, terms) = email_service(&doors, &service)?;
    let (headers, address) = (request.headers().clone(), address_of(request.extensions()));
    let guard = doors.guard();
    guard.may_bring(address, &service.name, doors.engine().core().now())?;
    let (fields, files) = receive(&doors, request, &terms).await?;
    let bytes = fields.iter().map(|(name, value)| (name.len() + value.len()) as u64);
    let bytes: u64 = bytes.chain(files.iter().map(|file| file.bytes)).sum();
    guard.brought(address, &service.name, bytes, doors.engine().core().now());
    let writing = Writing::read(&fields, &headers)?;
    let mailbox = mailbox(&doors, service.center, &terms, writing.mailbox.as_deref())?;
    let attachments = attachments(&files, &terms)?;
    let queue = doors.engine().core().directory().queue(service.center, service.queue).cloned();
    let new = NewLetter {
        center: service.center,
        mailbox: mailbox.clone(),
        queue: queue.ok_or_else(CustomerRefusal::unavailable)?,
        raw_hash: name_of(&doors, &service, &writing, &attachments),
        letter: writing.letter(mailbox),
        attachments,
        raw: None,
        user_data: writing.user_data,
    };
    let taken_in = Box::pin(async {
        Ok::<_, CustomerRefusal>(doors.engine().letters().take_in_letter(&new).await?)
    });
    let TakenIn { id, interaction: _, is_new } =
        doors.files().keep_all_and(files, taken_in, CustomerRefusal::is_unclear).await?;
    if !is_new {
        for one in &new.attachments {
            doors.files().discard(one.file).await;
        }
    }
    Ok(Json(json!({"statusCode": 0, "id": id.to_string()})).into_response())
}

fn email_service(
    doors: &DoorState,
    name: &str,
) -> Result<(Arc<Service>, EmailTerms), CustomerRefusal> {
    let service = doors.engine().core().directory().service(ServiceKind::Email, name).cloned();
    let found = service.and_then(|service| {
        let terms = service.email().cloned().filter(|_| service.enabled)?;
        Some((service, terms))
    });
    found.ok_or_else(|| {
        CustomerRefusal::new(
            RefusalKind::UnknownService,
            "There is no e-mail service of that name; check the address.",
        )
    })
}

/// Receives a form of either encoding; only a multipart one can have files.
async fn receive(
    doors: &DoorState,
    request: Request,
    terms: &EmailTerms,
) -> Result<(Vec<(String, String)>, Vec<Arrived>), CustomerRefusal> {
    if media_type(request.headers()) != "multipart/form-data" {
        return Ok((pairs(request).await?, Vec::new()));
    }
    let bounds = FormBounds {
        files_max: usize::try_from(terms.files_max).unwrap_or(usize::MAX),
        bytes_max: terms.bytes_max,
    };
    let received = uploads::receive_all(doors.files(), request, bounds).await;
    received.map_err(|error| match error {
        UploadError::File(FileError::TooLarge { .. }) => CustomerRefusal::new(
            RefusalKind::FilesTooLarge,
            format!("An e-mail may have {} bytes with its files; send less.", terms.bytes_max),
        ),
        other => other.into(),
    })
}

impl Writing {
    fn read(fields: &[(String, String)], headers: &HeaderMap) -> Result<Self, CustomerRefusal> {
        let mut form = Form::default();
        for (name, value) in fields {
            if name == "userData" {
                // Repeated, each `key=value`; unlike the chat's
                // (docs/compat/customers.md#web-form).
                let (key, value) = value.split_once('=').ok_or_else(|| {
                    CustomerRefusal::invalid(
                        "Each field userData must be written key=value; correct it.",
                    )
                })?;
                form.user_data.0.insert(key.to_owned(), Value::Text(value.to_owned()));
            } else {
                form.add(name, value.clone());
            }
        }
        let first_name = line(&form, "firstName", Chat::NAME_CHARS_MAX)?;
        let last_name = line(&form, "lastName", Chat::NAME_CHARS_MAX)?;
        let address = line(&form, "fromAddress", ADDRESS_BYTES_MAX)?;
        if !is_address(&address) {
            return Err(CustomerRefusal::invalid(
                "The field fromAddress must be an e-mail address; correct it.",
            ));
        }
        let subject = line(&form, "subject", SUBJECT_CHARS_MAX)?;
        let text = form.required("text")?.replace('\0', "");
        let mut user_data = form.user_data.clone();
        let known =
            [("FirstName", &first_name), ("LastName", &last_name), ("EmailAddress", &address)];
        for (key, value) in known {
            user_data.0.insert(key.to_owned(), Value::Text(value.clone()));
        }
        let mailbox =
            form.text("mailbox").map(|_| line(&form, "mailbox", ADDRESS_BYTES_MAX)).transpose()?;
        let name = match message_id(&form)? {
            Some(name) => Some(name),
            None => headers.get(&IDEMPOTENCY_KEY).map(key_of).transpose()?,
        };
        let from = Address { address, name: Some(format!("{first_name} {last_name}")) };
        Ok(Self { from, mailbox, subject, text, user_data, name })
    }

    fn letter(&self, mailbox: String) -> Letter {
        Letter {
            from: Some(self.from.clone()),
            to: vec![Address { address: mailbox, name: None }],
            subject: Some(self.subject.clone()),
            text: self.text.clone(),
            body_hash: sha256(&self.text),
            ..Letter::default()
        }
    }
}

fn key_of(value: &axum::http::HeaderValue) -> Result<String, CustomerRefusal> {
    let bytes = value.as_bytes();
    let is_key = (1..=255).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    value.to_str().ok().filter(|_| is_key).map(str::to_owned).ok_or_else(|| {
        CustomerRefusal::invalid(
            "An Idempotency-Key has 1 to 255 visible ASCII characters; correct it.",
        )
    })
}

/// Returns what must be there and becomes a part of a header: nothing in it may begin another.
fn line(form: &Form, name: &str, most: usize) -> Result<String, CustomerRefusal> {
    let text = form.required(name)?;
    if text.chars().any(breaks_line) {
        let advice =
            format!("The field {name} must be one line without control characters; correct it.");
        return Err(CustomerRefusal::invalid(advice));
    }
    if text.chars().count() > most {
        return Err(CustomerRefusal::invalid(format!(
            "The field {name} may have {most} characters; shorten it."
        )));
    }
    let text = text.trim();
    if text.is_empty() { Err(CustomerRefusal::missing(name)) } else { Ok(text.to_owned()) }
}

/// Returns the mailbox that the e-mail is to: the service's, or another one of the contact
/// center's.
fn mailbox(
    doors: &DoorState,
    center: CenterId,
    terms: &EmailTerms,
    wanted: Option<&str>,
) -> Result<String, CustomerRefusal> {
    let Some(wanted) = wanted else { return Ok(terms.mailbox.clone()) };
    let directory = doors.engine().core().directory();
    let of_center =
        directory.services.values().filter(|service| service.center == center && service.enabled);
    let mut mailboxes = of_center.filter_map(|service| Some(&service.email()?.mailbox));
    let found = mailboxes.find(|mailbox| mailbox.eq_ignore_ascii_case(wanted));
    found.cloned().ok_or_else(|| {
        CustomerRefusal::invalid(
            "The field mailbox must be one of the contact center's own addresses; leave it out.",
        )
    })
}

fn attachments(files: &[Arrived], terms: &EmailTerms) -> Result<Vec<Attachment>, CustomerRefusal> {
    let attachment = |file: &Arrived| {
        Ok(Attachment {
            file: file.id,
            name: file.name.clone(),
            bytes: file.bytes,
            content_type: file.content_type(Taken::Only(&terms.types))?.to_owned(),
            content_id: None,
            inline: false,
        })
    };
    files.iter().map(attachment).collect()
}

/// Returns what tells this e-mail from every other: of a request that has a name, the name and what
/// it says, so that a repetition is the same e-mail and the same name with other words is another
/// one, which costs nothing to take in.
fn name_of(
    doors: &DoorState,
    service: &Service,
    writing: &Writing,
    attachments: &[Attachment],
) -> String {
    let Some(name) = &writing.name else {
        return format!("form {:032x}", doors.engine().core().ids().random());
    };
    let says = EmailSays {
        name,
        from: &writing.from,
        mailbox: writing.mailbox.as_deref(),
        subject: &writing.subject,
        text: &writing.text,
        user_data: &writing.user_data,
        files: attachments.iter().map(|one| (one.name.as_str(), one.bytes)).collect(),
    };
    format!("form {}", fingerprint::of_email(&service.id.to_string(), &says))
}
