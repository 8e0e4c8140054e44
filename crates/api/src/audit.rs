//! The audit: who signed in or tried to, and who changed what. `GET /audit` reads what other rooms
//! write, each in the commit of what it tells of.

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::Time;
use handoff_store::{AuditAction, AuditEntry, AuditKind, AuditTool, Key, Kind, Record};
use jiff::Timestamp;
use serde::Serialize;

use crate::caller::Admin;
use crate::commands::Answer;
use crate::error::{Refusal, quoted};
use crate::shared::Shared;
use crate::wire::date;
use crate::wire::envelope::JsonText;
use crate::wire::listing::{Listing, encoded};

/// Most entries looked at for one page: a filter that few of them pass must not hold the store.
const LOOKED_AT_MAX: usize = 5_000;
/// Entries read at once.
const READ_AT_ONCE: usize = 500;
/// What the list can be filtered by.
const FILTERS: &[&str] = &["from", "until", "user", "target", "action"];

/// Names of actions, as they are told.
const ACTIONS: [(&str, AuditAction); 16] = [
    ("Added", AuditAction::Added),
    ("Changed", AuditAction::Changed),
    ("Removed", AuditAction::Removed),
    ("PasswordRight", AuditAction::PasswordRight),
    ("PasswordWrong", AuditAction::PasswordWrong),
    ("Throttled", AuditAction::Throttled),
    ("SessionBegan", AuditAction::SessionBegan),
    ("SessionEnded", AuditAction::SessionEnded),
    ("TokenMade", AuditAction::TokenMade),
    ("TokenRemoved", AuditAction::TokenRemoved),
    ("CodeWrong", AuditAction::CodeWrong),
    ("RecoveryCodeUsed", AuditAction::RecoveryCodeUsed),
    ("ErasureBegan", AuditAction::ErasureBegan),
    ("Erased", AuditAction::Erased),
    ("Exported", AuditAction::Exported),
    ("ProviderRight", AuditAction::ProviderRight),
];

fn name_of(action: AuditAction) -> &'static str {
    ACTIONS.iter().find(|(_, it)| *it == action).map_or("", |(name, _)| name)
}

/// Which entries are wanted.
struct Wanted {
    from: Option<Time>,
    until: Option<Time>,
    user: Option<String>,
    target: Option<String>,
    action: Option<AuditAction>,
}

impl Wanted {
    fn read(listing: &Listing) -> Result<Self, Refusal> {
        let time = |name: &str| listing.filter(name).map(|text| time(name, text)).transpose();
        let id = |name: &str| listing.filter(name).map(|id| id.to_ascii_lowercase());
        let action = |name: &str| {
            let known = ACTIONS.iter().find(|(known, _)| *known == name);
            known.map(|(_, action)| *action).ok_or_else(|| {
                let names: Vec<&str> = ACTIONS.iter().map(|(name, _)| *name).collect();
                Refusal::invalid(format!(
                    "There is no action {}; it is one of {}.",
                    quoted(name),
                    names.join(", ")
                ))
            })
        };
        Ok(Self {
            from: time("from")?,
            until: time("until")?,
            user: id("user"),
            target: id("target"),
            action: listing.filter("action").map(action).transpose()?,
        })
    }

    fn has(&self, entry: &AuditEntry) -> bool {
        let by = || entry.by.as_ref().map(|by| by.id.to_string());
        let target = || entry.target.as_ref().map(|target| target.id.clone());
        self.action.is_none_or(|action| entry.action == action)
            && self.until.is_none_or(|until| entry.at < until)
            && (self.user.is_none() || self.user == by())
            && (self.target.is_none() || self.target == target())
    }
}

fn time(name: &str, text: &str) -> Result<Time, Refusal> {
    let read = text.parse::<Timestamp>();
    read.map(|at| Time(at.as_millisecond())).map_err(|_| {
        Refusal::invalid(format!(
            "The parameter {name} must be a time like 2026-11-30T00:00:00Z; correct it."
        ))
    })
}

/// `GET /audit`: the entries of the caller's contact center, the newest first.
pub(crate) async fn list(State(shared): State<Shared>, Admin(me): Admin, uri: Uri) -> Answer {
    let listing = Listing::read(&uri, FILTERS)?;
    let wanted = Wanted::read(&listing)?;
    let first = || AuditEntry::before(me.center(), wanted.until);
    let mut after = match listing.after::<String>()? {
        // Of their own contact center alone, whatever the cursor says.
        Some(cursor) => first().max(Key::AuditEntry(format!("{}:{cursor}", me.center().stored()))),
        None => first(),
    };
    let (mut found, mut looked_at) = (Vec::new(), 0);
    let next = 'pages: loop {
        let store = shared.engine().core().store();
        let page = store.list(Kind::AuditEntry, Some(after.clone()), READ_AT_ONCE).await?;
        for item in page.items {
            let Record::AuditEntry(entry) = item.value else { continue };
            let is_over = wanted.from.is_some_and(|from| entry.at < from);
            if entry.center != me.center() || is_over {
                break 'pages None;
            }
            if found.len() == listing.limit || looked_at == LOOKED_AT_MAX {
                break 'pages Some(after);
            }
            looked_at += 1;
            after = Key::AuditEntry(entry.id.clone());
            if wanted.has(&entry) {
                found.push(entry);
            }
        }
        if !page.more {
            break None;
        }
    };
    Ok(shown(&found, next))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    status_code: i32,
    entries: Vec<Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: &'a str,
    at: String,
    action: &'static str,
    by: Option<By<'a>>,
    tool: &'static str,
    address: Option<&'a str>,
    token: Option<String>,
    target: Option<Target<'a>>,
    fields: &'a [String],
    count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
}

#[derive(Serialize)]
struct Receipt<'a> {
    text: &'a str,
    signature: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct By<'a> {
    id: String,
    user_name: &'a str,
}

#[derive(Serialize)]
struct Target<'a> {
    kind: &'static str,
    id: &'a str,
    name: &'a str,
}

const fn tool(tool: AuditTool) -> &'static str {
    match tool {
        AuditTool::Request => "request",
        AuditTool::CenterFile => "center file",
        AuditTool::Apply => "handoff apply",
        AuditTool::Password => "handoff password",
        AuditTool::Demo => "handoff demo",
        AuditTool::EraseContact => "handoff erase-contact",
    }
}

const fn kind(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::Center => "center",
        AuditKind::User => "user",
        AuditKind::Skill => "skill",
        AuditKind::Group => "group",
        AuditKind::Queue => "queue",
        AuditKind::Workbin => "workbin",
        AuditKind::Service => "service",
        AuditKind::Mailbox => "mailbox",
        AuditKind::Webhook => "webhook",
        AuditKind::Response => "response",
        AuditKind::Contact => "contact",
    }
}

/// Returns what is behind the contact center in an entry's id.
fn own_part(id: &str) -> &str {
    id.split_once(':').map_or(id, |(_, own)| own)
}

fn shown(entries: &[AuditEntry], next: Option<Key>) -> JsonText {
    let entries = entries.iter().map(|entry| Shown {
        id: own_part(&entry.id),
        at: date::print(entry.at),
        action: name_of(entry.action),
        by: entry.by.as_ref().map(|by| By { id: by.id.to_string(), user_name: &by.user_name }),
        tool: tool(entry.tool),
        address: entry.address.as_deref(),
        token: entry.token.map(|token| token.to_string()),
        target: entry.target.as_ref().map(|target| Target {
            kind: kind(target.kind),
            id: &target.id,
            name: &target.name,
        }),
        fields: &entry.fields,
        count: entry.count,
        receipt: entry
            .receipt
            .as_ref()
            .map(|receipt| Receipt { text: &receipt.text, signature: &receipt.signature }),
        provider: entry.provider.as_deref(),
    });
    let next_cursor = next.map(|key| encoded(&own_part(&key.id_text())));
    JsonText::of(&Page { status_code: 0, entries: entries.collect(), next_cursor })
}
