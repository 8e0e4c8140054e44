//! What would change, for people to read and for [`super::apply`] to do.

mod mailbox;
mod response;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use handoff_domain::center::Acknowledgement;
use handoff_domain::{
    Capacity, Center, CenterId, ChatTerms, FileLimits, GroupId, Hours, Media, Queue, QueueId,
    Service, ServiceTerms, SkillId, SkillLevels, Step, User, Workbin, WorkbinOwner, Workspace,
};
use handoff_engine::Directory;
use handoff_store::{DirectoryGuard, Extent, Key, Mailbox, Put, Record, Removal};

use super::file::Unnamed;
use super::form::role_name;
use super::resolve::Resolved;
use crate::changing::{Before, before, stored};
use crate::opening_hours::{exceptions_as_texts, hours_as_texts};
use crate::time_span::TimeSpan;

/// The field whose values are secret: that it changes is told, from what to what is not.
const PASSWORD: &str = "password";

/// One thing that would change.
#[derive(Debug)]
pub(super) enum Change {
    /// It is new, or differs in the fields that are told.
    Write { put: Put, key: Key, label: String, details: Vec<String> },
    /// It is not in the file.
    Remove { removal: Removal, record: Record, label: String },
}

impl Change {
    const fn key(&self) -> &Key {
        match self {
            Self::Write { key, .. } => key,
            Self::Remove { removal, .. } => &removal.key,
        }
    }

    pub(super) const fn is_write(&self) -> bool {
        matches!(self, Self::Write { .. })
    }
}

/// What would change, in an order in which it can be done.
#[derive(Debug)]
pub struct Difference {
    pub(super) changes: Vec<Change>,
    /// The directory that was compared with.
    pub(super) directory: DirectoryGuard,
    /// What is changed, as it is there.
    pub(super) before: Arc<Before>,
    /// How many things the file does not name and nobody asked to remove.
    kept: usize,
}

impl Difference {
    /// Compares.
    pub(super) fn between(resolved: &Resolved, directory: &Directory, unnamed: Unnamed) -> Self {
        let names = Names::of(resolved, directory);
        let writes = resolved.records.iter().filter_map(|record| write(record, directory, &names));
        let mut changes: Vec<Change> = writes.collect();
        let extra = unnamed_records(resolved, directory);
        let kept = if unnamed == Unnamed::Keep { extra.len() } else { 0 };
        if unnamed == Unnamed::Prune {
            changes.extend(extra.into_iter().map(|record| Change::Remove {
                removal: Removal { version: directory.version(&record.key()), key: record.key() },
                label: names.label(&record),
                record,
            }));
        }
        let before = Arc::new(before(directory, changes.iter().map(Change::key)));
        let directory = directory.guard(resolved.center, Extent::Whole);
        Self { changes, directory, before, kept }
    }

    /// Returns the removal of one thing.
    pub(super) fn of_removal(record: Record, directory: &Directory, center: CenterId) -> Self {
        let key = record.key();
        let before = Arc::new(Before::from([(key.clone(), record.clone())]));
        let label = format!("{key:?}");
        let removal = Removal { version: directory.version(&key), key };
        let changes = vec![Change::Remove { removal, record, label }];
        Self { changes, directory: directory.guard(center, Extent::Whole), before, kept: 0 }
    }

    /// Returns how many things would change.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.changes.len()
    }

    /// Tells whether it has to do with mailboxes. They connect elsewhere with secrets of the
    /// machine's, and write files on it, so who may change a center may not change them.
    #[must_use]
    pub fn changes_mailboxes(&self) -> bool {
        self.changes.iter().any(|change| match change {
            Change::Write { put, .. } => matches!(put.record, Record::Mailbox(_)),
            Change::Remove { record, .. } => matches!(record, Record::Mailbox(_)),
        })
    }

    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            match change {
                Change::Write { put, label, .. } if put.expected == 0 => writeln!(f, "+ {label}")?,
                Change::Write { label, details, .. } => {
                    writeln!(f, "~ {label}: {}", details.join("; "))?
                }
                Change::Remove { label, .. } => writeln!(f, "- {label}")?,
            }
        }
        if self.is_empty() {
            writeln!(f, "no changes")?;
        }
        if self.kept > 0 {
            writeln!(
                f,
                "{} not named by the file and kept; --prune removes what is not named",
                self.kept
            )?;
        }
        Ok(())
    }
}

fn write(record: &Record, directory: &Directory, names: &Names) -> Option<Change> {
    let before = stored(directory, &record.key());
    if before.as_ref() == Some(record) {
        return None;
    }
    let details = before.map(|before| differences(&fields(&before, names), &fields(record, names)));
    Some(Change::Write {
        key: record.key(),
        put: Put { expected: directory.version(&record.key()), record: record.clone() },
        label: names.label(record),
        details: details.unwrap_or_default(),
    })
}

fn differences(before: &[(&'static str, String)], after: &[(&'static str, String)]) -> Vec<String> {
    let pairs = before.iter().zip(after).filter(|((_, old), (_, new))| old != new);
    pairs
        .map(|((field, old), (_, new))| match *field {
            PASSWORD => format!("{PASSWORD} changed"),
            field => format!("{field} {old} → {new}"),
        })
        .collect()
}

/// Returns what the contact center has and the file does not name, in an order in which it can be
/// removed: users and queues refer to groups and skills, services and mailboxes refer to queues,
/// standard responses to groups; nothing refers to users, services, mailboxes and responses.
fn unnamed_records(resolved: &Resolved, directory: &Directory) -> Vec<Record> {
    let center = resolved.center;
    let is_unnamed =
        |record: &Record| !resolved.records.iter().any(|named| named.key() == record.key());
    let users = directory.users.values().filter(|user| user.center == center);
    let services = directory.services.values().filter(|service| service.center == center);
    let mailboxes = directory.mailboxes.values().filter(|mailbox| mailbox.center == center);
    let queues = directory.queues.values().filter(|queue| queue.center == center);
    let workbins = directory.workbins.values().filter(|workbin| workbin.center == center);
    let groups = directory.groups.values().filter(|group| group.center == center);
    let skills = directory.skills.values().filter(|skill| skill.center == center);
    users
        .map(|user| Record::User(User::clone(user)))
        .chain(services.map(|service| Record::Service(Service::clone(service))))
        .chain(mailboxes.map(|mailbox| Record::Mailbox(Mailbox::clone(mailbox))))
        .chain(response::unnamed(resolved, directory))
        .chain(queues.map(|queue| Record::Queue(Queue::clone(queue))))
        .chain(workbins.cloned().map(Record::Workbin))
        .chain(groups.cloned().map(Record::Group))
        .chain(skills.cloned().map(Record::Skill))
        .filter(is_unnamed)
        .collect()
}

/// The names that ids stand for, as the file calls them or as they are stored.
struct Names {
    skills: BTreeMap<SkillId, String>,
    groups: BTreeMap<GroupId, String>,
    centers: BTreeMap<CenterId, String>,
    queues: BTreeMap<QueueId, String>,
}

impl Names {
    fn of(resolved: &Resolved, directory: &Directory) -> Self {
        let mut names = Self {
            skills: directory.skills.values().map(|skill| (skill.id, skill.name.clone())).collect(),
            groups: directory.groups.values().map(|group| (group.id, group.name.clone())).collect(),
            centers: directory
                .centers
                .values()
                .map(|center| (center.id, center.name.clone()))
                .collect(),
            queues: directory.queues.values().map(|queue| (queue.id, queue.name.clone())).collect(),
        };
        for record in &resolved.records {
            match record {
                Record::Skill(skill) => drop(names.skills.insert(skill.id, skill.name.clone())),
                Record::Group(group) => drop(names.groups.insert(group.id, group.name.clone())),
                Record::Center(center) => {
                    drop(names.centers.insert(center.id, center.name.clone()))
                }
                Record::Queue(queue) => drop(names.queues.insert(queue.id, queue.name.clone())),
                _ => {}
            }
        }
        names
    }

    fn label(&self, record: &Record) -> String {
        match record {
            Record::Center(center) => format!("contact center {:?}", center.name),
            Record::User(user) => format!("user {:?}", user.user_name),
            Record::Skill(skill) => format!("skill {:?}", skill.name),
            Record::Group(group) => format!("group {:?}", group.name),
            Record::Queue(queue) => format!("queue {:?} ({})", queue.name, queue.media),
            Record::Workbin(workbin) => {
                format!("workbin {:?} ({})", workbin.name, self.owner(workbin))
            }
            Record::Service(service) => {
                format!("service {:?} ({})", service.name, service.kind().name())
            }
            Record::Mailbox(mailbox) => format!("mailbox {:?}", mailbox.address),
            Record::StandardResponse(response) => format!("response {:?}", response.name),
            _ => format!("{:?}", record.key()),
        }
    }

    fn queue(&self, id: QueueId) -> String {
        self.queues.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn owner(&self, workbin: &Workbin) -> String {
        match workbin.owner {
            WorkbinOwner::EachAgent => "Agent".to_owned(),
            WorkbinOwner::Agent(user) => format!("Agent {user}"),
            WorkbinOwner::Group(group) => format!("AgentGroup {}", self.group(&group)),
        }
    }

    fn group(&self, id: &GroupId) -> String {
        self.groups.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn groups<'a>(&self, ids: impl IntoIterator<Item = &'a GroupId>) -> String {
        listed(ids.into_iter().map(|id| self.group(id)))
    }

    fn levels(&self, levels: &SkillLevels) -> String {
        let name = |id: &SkillId| self.skills.get(id).cloned().unwrap_or_else(|| id.to_string());
        listed(levels.iter().map(|(id, level)| format!("{} {level}", name(id))))
    }

    fn steps(&self, steps: &[Step]) -> String {
        listed(steps.iter().map(|step| {
            let after = TimeSpan::from_ms(step.after_ms);
            format!("after {after} {} {}", self.groups(&step.groups), self.levels(&step.skills))
        }))
    }
}

/// Returns the fields of a record as texts, always in the same order for one kind.
fn fields(record: &Record, names: &Names) -> Vec<(&'static str, String)> {
    match record {
        Record::User(user) => user_fields(user, names),
        Record::Queue(queue) => vec![
            ("channel", queue.media.to_string()),
            ("groups", names.groups(&queue.groups)),
            ("skills", names.levels(&queue.skills)),
            ("priority", queue.priority.to_string()),
            ("inviteTimeout", TimeSpan::from_ms(queue.invite_timeout_ms).to_string()),
            ("reofferAfter", TimeSpan::from_ms(queue.reoffer_after_ms).to_string()),
            ("steps", names.steps(&queue.steps)),
            ("review", queue.review.map_or_else(nothing, |id| names.queue(id))),
            ("acknowledge", answer(queue.acknowledge.as_ref())),
            ("hours", queue.hours.as_deref().map_or_else(nothing, opening)),
            ("closed", answer(queue.closed.as_ref())),
            (
                "answerTarget",
                queue.answer_target_ms.map_or_else(nothing, |ms| TimeSpan::from_ms(ms).to_string()),
            ),
            ("dispositions", listed(queue.dispositions.iter().cloned())),
            ("dispositionRequired", queue.disposition_required.to_string()),
        ],
        // Of these nothing but the name can differ, and under another name it is another thing.
        Record::Skill(_) | Record::Group(_) | Record::Workbin(_) => Vec::new(),
        Record::Center(center) => center_fields(center, names),
        Record::Service(service) => service_fields(service, names),
        Record::Mailbox(mailbox) => mailbox::fields(mailbox, names),
        Record::StandardResponse(response) => response::fields(response),
        _ => Vec::new(),
    }
}

fn center_fields(center: &Center, names: &Names) -> Vec<(&'static str, String)> {
    let Workspace {
        outbound_queue,
        from_addresses,
        dispositions,
        not_ready_reasons,
        reason_names,
        settings,
    } = &center.workspace;
    let reasons = not_ready_reasons.iter().map(|reason| match reason_names.get(reason) {
        Some(name) => format!("{reason} {name:?}"),
        None => reason.clone(),
    });
    let shown = dispositions.iter().map(|one| {
        let note = if one.note_required { " with a note" } else { "" };
        let channels: Vec<&str> = one.channels.iter().map(Media::name).collect();
        let of = if channels.is_empty() { "" } else { " of " };
        format!("{} {:?}{of}{}{note}", one.key, one.display_name, channels.join(" "))
    });
    let most = center.missed_offers_to_not_ready;
    let kept = center.retention_ms.iter();
    let kept = kept.map(|(media, ms)| format!("{media} {}", TimeSpan::from_ms(*ms)));
    vec![
        ("missedOffersToNotReady", most.map_or_else(nothing, |most| most.to_string())),
        ("retention", listed(kept)),
        ("timeZone", center.time_zone.clone().unwrap_or_else(nothing)),
        ("outboundQueue", outbound_queue.map_or_else(nothing, |queue| names.queue(queue))),
        ("fromAddresses", listed(from_addresses.iter().cloned())),
        ("dispositions", listed(shown)),
        ("notReadyReasons", listed(reasons)),
        ("settings", listed(settings.iter().map(|(name, value)| format!("{name} {value:?}")))),
    ]
}

fn service_fields(service: &Service, names: &Names) -> Vec<(&'static str, String)> {
    let queue = names.queue(service.queue);
    let mut fields = vec![("queue", queue), ("enabled", service.enabled.to_string())];
    match &service.terms {
        ServiceTerms::Chat(terms) => fields.extend(chat_fields(terms)),
        ServiceTerms::Email(terms) => fields.extend([
            ("mailbox", terms.mailbox.clone()),
            ("files.uploads", terms.files_max.to_string()),
            ("files.totalBytes", terms.bytes_max.to_string()),
            ("files.types", listed(terms.types.iter().cloned())),
        ]),
        ServiceTerms::OpenMedia(terms) => fields.extend([
            ("mediaType", terms.media.to_string()),
            ("interactionType", format!("{:?}", terms.direction)),
            ("interactionSubType", terms.sub_type.clone()),
            ("allowOverwrite", terms.allow_overwrite.to_string()),
        ]),
    }
    fields
}

fn chat_fields(terms: &ChatTerms) -> Vec<(&'static str, String)> {
    let ChatTerms { times, hours, max_waiting, files, origins, leave_message, without_key } = terms;
    let span = |ms| TimeSpan::from_ms(ms).to_string();
    let FileLimits {
        uploads_max,
        file_bytes_max,
        total_bytes_max,
        downloads_max,
        types,
        need_agent,
    } = files;
    vec![
        ("customerSilence", span(times.customer_silence_ms)),
        ("idleAlert", span(times.idle_alert_ms)),
        ("idleClose", span(times.idle_close_ms)),
        ("waitMax", span(times.wait_max_ms)),
        ("hours", hours.as_ref().map_or_else(|| "always".to_owned(), opening)),
        ("maxWaiting", max_waiting.map_or_else(|| "any".to_owned(), |most| most.to_string())),
        ("files.uploads", uploads_max.to_string()),
        ("files.fileBytes", file_bytes_max.to_string()),
        ("files.totalBytes", total_bytes_max.to_string()),
        ("files.downloads", downloads_max.to_string()),
        ("files.types", listed(types.iter().cloned())),
        ("files.needAgent", need_agent.to_string()),
        ("origins", listed(origins.iter().cloned())),
        ("leaveMessage", leave_message.clone().unwrap_or_else(nothing)),
        ("withoutKey", without_key.to_string()),
    ]
}

fn answer(answer: Option<&Acknowledgement>) -> String {
    answer.map_or_else(nothing, |it| format!("{:?}: {:?}", it.subject, it.text))
}

fn opening(hours: &Hours) -> String {
    let texts = hours_as_texts(hours).into_iter().chain(exceptions_as_texts(hours));
    format!("{} {}", hours.zone, listed(texts))
}

fn user_fields(user: &User, names: &Names) -> Vec<(&'static str, String)> {
    vec![
        ("firstName", user.first_name.clone()),
        ("lastName", user.last_name.clone()),
        ("nickname", user.nickname.clone().unwrap_or_else(nothing)),
        ("emailAddress", user.email_address.clone()),
        ("roles", listed(user.roles.iter().map(|role| role_name(*role).to_owned()))),
        ("groups", names.groups(&user.groups)),
        ("skills", names.levels(&user.skills)),
        ("capacity", capacity(&user.capacity)),
        ("enabled", user.enabled.to_string()),
        (PASSWORD, user.password_hash.clone().unwrap_or_default()),
    ]
}

fn capacity(capacity: &Capacity) -> String {
    let by_media = capacity.by_media.iter().map(|(media, most)| format!("{media} {most}"));
    listed(by_media.chain(capacity.overall.map(|most| format!("overall {most}"))))
}

/// Says that something is not set.
fn nothing() -> String {
    "none".to_owned()
}

fn listed(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}
