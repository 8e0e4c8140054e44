//! Queues: lists, one of them, and changes to one (docs/compat/center.md#queues).
//!
//! Everybody of a contact center sees its queues, because they are where an agent's work comes from
//! and where they transfer it to.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{FromRequestParts, State};
use axum::http::Uri;
use axum::http::request::Parts;
use handoff_domain::event::Cause;
use handoff_domain::{CenterId, GroupId, Media, Queue, QueueId, Role, SkillLevels, Value};
use handoff_engine::Directory;
use handoff_provision::{
    By, QueueDescription, QueueFault, QueueField, QueueNames, StepDescription, change_set,
};
use handoff_store::{ChangeSet, CommitError, Extent, Key, Put, Record};

use crate::caller::{Admin, AnyUser, Me};
use crate::commands::Answer;
use crate::error::{Code, NO_PERMISSION, Refusal, quoted};
use crate::idempotency::Retry;
use crate::request::{Id, JsonBody};
use crate::shared::Shared;
use crate::wire::envelope::Envelope;
use crate::wire::fields::Fields;
use crate::wire::listing::{Listing, fields, one, select};
use crate::wire::resource::{Link, QueueResource};

/// Attributes that the list can be filtered by.
const FILTERS: &[&str] = &["id", "name", "channel", "priority"];
/// How often a change is tried while others change the contact center, too.
const ATTEMPTS_MAX: usize = 8;

/// `GET /queues`
pub(crate) async fn list(State(shared): State<Shared>, uri: Uri, AnyUser(me): AnyUser) -> Answer {
    let directory = shared.engine().core().directory();
    let queues = directory.queues.values().filter(|queue| queue.center == me.center());
    let shown =
        queues.map(|queue| (queue.id, QueueResource::new(queue, shared.lookup(&directory))));
    Listing::read(&uri, FILTERS)?.of_all("queues", shown)
}

/// `GET /queues/{id}`
pub(crate) async fn get(
    State(shared): State<Shared>,
    uri: Uri,
    Id(id): Id,
    AnyUser(me): AnyUser,
) -> Answer {
    let directory = shared.engine().core().directory();
    let queue = find(&directory, &me, &id)?;
    Ok(one("queue", &select(&fields(&uri), &QueueResource::new(queue, shared.lookup(&directory)))))
}

/// `PUT /queues/{id}`: the given fields change, lists are replaced. Later offers are made by the
/// new values.
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    if let Some(answer) = retry.earlier(&shared, &me).await? {
        return Ok(answer);
    }
    for _ in 0..ATTEMPTS_MAX {
        shared.engine().core().reload_directory().await?;
        let directory = shared.engine().core().directory();
        // The guard below takes in the caller, too, as the directory has them now.
        let admin = directory.user(me.center(), me.id()).filter(|user| user.enabled);
        if admin.is_none_or(|user| !user.roles.contains(&Role::Admin)) {
            return Err(Refusal::new(Code::NoPermission, NO_PERMISSION));
        }
        let mut queue = Queue::clone(find(&directory, &me, &id)?);
        changes.expect_own_address(queue.id, &shared.url().queue(queue.id))?;
        changes.apply(&mut queue, &directory)?;
        let answer = Envelope::Plain.success(None);
        let expected = directory.version(&Key::Queue(queue.id));
        let receipt = retry.receipt(&me, &answer, shared.engine().core().now());
        // That a name is free and that groups and skills are there follows from all of it.
        let whole = directory.guard(me.center(), Extent::Whole);
        let by = By { cause: Cause::User(me.id()), at: shared.engine().core().now() };
        let puts = vec![Put { record: Record::Queue(queue), expected }];
        let receipts = receipt.into_iter().collect();
        let change = ChangeSet { receipts, ..change_set(whole, by, puts, Vec::new()) };
        match shared.engine().core().store().commit(change).await {
            Ok(_) => {
                shared.directory_changed().await;
                return Ok(answer);
            }
            Err(CommitError::Conflict { .. }) => {}
            Err(CommitError::Timer(_) | CommitError::Receipt(_)) => {
                return retry.earlier(&shared, &me).await?.ok_or_else(Refusal::internal);
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Refusal::new(
        Code::WrongState,
        "The contact center is being changed by somebody else at the same time; repeat the change.",
    ))
}

fn find<'a>(directory: &'a Directory, me: &Me, id: &str) -> Result<&'a Queue, Refusal> {
    let queue = id.parse::<QueueId>().ok().and_then(|id| directory.queue(me.center(), id));
    queue.map(|queue| &**queue).ok_or_else(|| Refusal::not_found("queue"))
}

/// What a body says of a queue, before names are looked up. Stands before the caller among a
/// handler's arguments.
pub(crate) struct Changes {
    id: Option<String>,
    uri: Option<String>,
    path: Option<String>,
    channel: Option<String>,
    described: QueueDescription<String>,
}

impl<S: Sync> FromRequestParts<S> for Changes {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Self::read(JsonBody::from_request_parts(parts, state).await?.fields())
    }
}

impl Changes {
    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let described = QueueDescription {
            name: fields.line("name")?,
            // It cannot be changed.
            media: None,
            groups: fields.texts("groups")?,
            skills: fields.levels("skills")?,
            priority: fields.integer("priority")?,
            invite_timeout_ms: time(fields, "inviteTimeout")?,
            reoffer_after_ms: time(fields, "reofferAfter")?,
            steps: steps(fields)?,
            acknowledge: None,
            answer_target_ms: time(fields, "answerTarget")?,
        };
        match described.faults().first() {
            Some(fault) => Err(refusal(fault)),
            None => Ok(Self {
                id: fields.text("id")?,
                uri: fields.text("uri")?,
                path: fields.text("path")?,
                channel: fields.text("channel")?,
                described,
            }),
        }
    }

    /// Refuses another id or address. A client that sends back what it read gives the queue's own,
    /// which change nothing.
    fn expect_own_address(&self, id: QueueId, link: &Link) -> Result<(), Refusal> {
        let id = id.to_string();
        let properties = [
            ("id", &self.id, &id),
            ("uri", &self.uri, &link.uri),
            ("path", &self.path, &link.path),
        ];
        for (name, given, own) in properties {
            if given.as_ref().is_some_and(|given| given != own) {
                let sentence =
                    format!("The property {name} of a queue cannot be changed; leave it out.");
                return Err(Refusal::new(Code::ReadOnly, sentence));
            }
        }
        Ok(())
    }

    fn apply(&self, queue: &mut Queue, directory: &Directory) -> Result<(), Refusal> {
        if self.channel.as_ref().is_some_and(|name| Media::from_name(name) != queue.media) {
            let sentence = "The property channel of a queue cannot be changed; make another queue.";
            return Err(Refusal::new(Code::ReadOnly, sentence));
        }
        if let Some(name) = &self.described.name {
            let of_that_name = directory.queue_named(queue.center, name);
            if of_that_name.is_some_and(|other| other.id != queue.id) {
                let sentence =
                    format!("There is another queue named {}; choose another name.", quoted(name));
                return Err(Refusal::new(Code::AlreadyExists, sentence));
            }
        }
        self.described.apply(queue, &Known { directory, center: queue.center })
    }
}

/// Says what a queue cannot be, in the units of requests.
fn refusal(fault: &QueueFault) -> Refusal {
    let sentence = match fault.field {
        QueueField::Name => "The field name must not be blank; give the queue a name.".to_owned(),
        QueueField::InviteTimeout => {
            "The field inviteTimeout must be 1 to 86400 seconds; correct it.".to_owned()
        }
        QueueField::ReofferAfter => {
            "The field reofferAfter must be 0 to 86400 seconds; correct it.".to_owned()
        }
        QueueField::AnswerTarget => {
            "The field answerTarget must be 0 to 2592000 seconds; correct it.".to_owned()
        }
        QueueField::Step(_) => {
            "The field after must be 1 to 86400 seconds, and of each step another; correct it."
                .to_owned()
        }
        QueueField::Steps(_)
        | QueueField::Channel
        | QueueField::AcknowledgementSubject
        | QueueField::AcknowledgementText => {
            format!("The queue cannot be so: {}; correct it.", fault.message)
        }
    };
    Refusal::invalid(sentence)
}

/// Reads a time in seconds; returns it in ms.
fn time(fields: Fields<'_>, name: &str) -> Result<Option<u64>, Refusal> {
    Ok(fields.count(name)?.map(|seconds| seconds.saturating_mul(1_000)))
}

fn steps(fields: Fields<'_>) -> Result<Option<Vec<StepDescription<String>>>, Refusal> {
    let wrong = || Refusal::invalid("The field steps must be a list of objects; correct it.");
    let Some(value) = fields.get("steps") else { return Ok(None) };
    let Value::List(items) = value else { return Err(wrong()) };
    let step = |item: &Value| {
        let Value::Map(values) = item else { return Err(wrong()) };
        let fields = Fields::top(values);
        Ok(StepDescription {
            after_ms: time(fields, "after")?.ok_or_else(|| fields.missing("after"))?,
            groups: fields.texts("groups")?.unwrap_or_default(),
            skills: fields.levels("skills")?.unwrap_or_default(),
        })
    };
    let mut steps: Vec<_> = items.iter().map(step).collect::<Result<_, _>>()?;
    steps.sort_by_key(|step| step.after_ms);
    Ok(Some(steps))
}

/// The names of a contact center.
struct Known<'a> {
    directory: &'a Directory,
    center: CenterId,
}

impl QueueNames<String> for Known<'_> {
    type Unknown = Refusal;

    fn groups(&self, names: &[String]) -> Result<BTreeSet<GroupId>, Refusal> {
        let id = |name: &String| {
            let group = self.directory.group_named(self.center, name);
            group.map(|group| group.id).ok_or_else(|| unknown("group", name))
        };
        names.iter().map(id).collect()
    }

    fn levels(&self, levels: &BTreeMap<String, u32>) -> Result<SkillLevels, Refusal> {
        let id = |(name, level): (&String, &u32)| {
            let skill = self.directory.skill_named(self.center, name);
            Ok((skill.ok_or_else(|| unknown("skill", name))?.id, *level))
        };
        levels.iter().map(id).collect()
    }
}

fn unknown(what: &str, name: &str) -> Refusal {
    Refusal::new(
        Code::NotFound,
        format!("There is no {what} named {}; check the name.", quoted(name)),
    )
}
