//! Mailboxes as admins see them. They are the operator's
//! (docs/adr/0017-mailboxes-are-the-operators.md): where they connect to and where their secrets
//! are is shown to nobody, and no request changes them.

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::MailboxId;

use crate::caller::Admin;
use crate::commands::Answer;
use crate::error::{Code, Refusal};
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::listing::{Listing, fields, one, select};
use crate::wire::resource::MailboxResource;

/// Attributes that the list can be filtered by.
const FILTERS: &[&str] = &["id", "address", "name", "queue"];

/// `GET /mailboxes`
pub(crate) async fn list(State(shared): State<Shared>, uri: Uri, Admin(me): Admin) -> Answer {
    let directory = shared.engine().core().directory();
    let mailboxes = directory.mailboxes.values().filter(|mailbox| mailbox.center == me.center());
    let shown = mailboxes
        .map(|mailbox| (mailbox.id, MailboxResource::new(mailbox, shared.lookup(&directory))));
    Listing::read(&uri, FILTERS)?.of_all("mailboxes", shown)
}

/// `GET /mailboxes/{id}`
pub(crate) async fn get(
    State(shared): State<Shared>,
    uri: Uri,
    Id(id): Id,
    Admin(me): Admin,
) -> Answer {
    let directory = shared.engine().core().directory();
    let mailbox = id.parse::<MailboxId>().ok().and_then(|id| directory.mailboxes.get(&id));
    let mailbox = mailbox.filter(|mailbox| mailbox.center == me.center());
    let mailbox = mailbox.ok_or_else(|| Refusal::not_found("mailbox"))?;
    let shown = MailboxResource::new(mailbox, shared.lookup(&directory));
    Ok(one("mailbox", &select(&fields(&uri), &shown)))
}

/// Whatever else an admin wants of mailboxes.
pub(crate) async fn refuse(Admin(_): Admin) -> Refusal {
    let sentence =
        "Mailboxes are changed by whoever operates the server, with the center file; ask them.";
    Refusal::new(Code::Forbidden, sentence)
}
