//! A contact center written down as a center file: one by which nothing would change.
//!
//! What has the value that counts where a file says nothing is left out. Things stand in the order
//! of their names, so that the same contact center is the same text, wherever it is stored. No
//! secret is written: users keep their passwords under a file without any, and of mailboxes it is
//! said where the server finds theirs, as ever.

mod lines;
mod mailbox;
mod response;
mod service;

use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::{
    Capacity, Center, CenterId, GroupId, Media, Queue, QueueId, SkillLevels, User, Workbin,
    WorkbinOwner,
};
use handoff_engine::Directory;
use handoff_store::{Kind, Part, Store};

use super::form::role_name;
use crate::queue_description::OVERALL;
use crate::time_span::TimeSpan;
use crate::workbin_description::is_of_the_rules;
use lines::Lines;

/// What the first lines of a file say.
const WITHOUT_PASSWORDS: &str =
    "# Without passwords: users keep those that they have, and new ones have none.\n";
const WITHOUT_MAILBOXES: &str =
    "# Without mailboxes: those are of whoever operates the server, and stay.\n";
/// Most contact centers that somebody is told to choose from.
const TOLD_MAX: usize = 20;

/// Who reads what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Whoever operates the server.
    Operator,
    /// The same, who wants the hashes of users' passwords as well.
    OperatorWithHashes,
    /// An admin of the contact center, who is not told of mailboxes: where those connect to and
    /// where their secrets are is the operator's (docs/adr/0017-mailboxes-are-the-operators.md).
    Admin,
}

/// A contact center is not written down.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotWritten {
    #[error("there is no contact center yet")]
    Nothing,
    /// It is one of several, and none was named.
    #[error("there are several contact centers ({0}); name one with --center")]
    Several(String),
    #[error("there is no contact center {name:?}; there are: {there}")]
    Unknown { name: String, there: String },
    /// What would be written would not be all that there is.
    #[error("a part of the configuration cannot be read ({0}); `handoff doctor` says more")]
    Unreadable(String),
}

/// Writes down a contact center of a store as the directory has it.
///
/// # Errors
///
/// [`NotWritten::Nothing`], [`NotWritten::Unreadable`].
pub fn write_down(
    store: &dyn Store,
    directory: &Directory,
    center: CenterId,
    reader: Reader,
) -> Result<String, NotWritten> {
    expect_readable(store)?;
    let center = directory.centers.get(&center).ok_or(NotWritten::Nothing)?;
    Ok(Writing { directory, center: center.id, lines: Lines::default() }.whole(center, reader))
}

/// Returns the contact center of that name, or the only one.
///
/// # Errors
///
/// [`NotWritten::Nothing`], [`NotWritten::Several`], [`NotWritten::Unknown`].
pub fn center_named(directory: &Directory, name: Option<&str>) -> Result<CenterId, NotWritten> {
    let mut all = directory.centers.values();
    match (name, all.next(), all.next()) {
        (_, None, _) => Err(NotWritten::Nothing),
        (None, Some(only), None) => Ok(only.id),
        (None, ..) => Err(NotWritten::Several(names_of_centers(directory))),
        (Some(name), ..) => {
            let found = directory.centers.values().find(|center| center.name == name);
            let there = || names_of_centers(directory);
            let unknown = || NotWritten::Unknown { name: name.to_owned(), there: there() };
            found.map(|center| center.id).ok_or_else(unknown)
        }
    }
}

fn names_of_centers(directory: &Directory) -> String {
    let names: BTreeSet<&str> = directory.centers.values().map(|center| &*center.name).collect();
    let told = names.iter().take(TOLD_MAX).map(|name| format!("{name:?}"));
    let more = (names.len() > TOLD_MAX).then(|| "…".to_owned());
    told.chain(more).collect::<Vec<_>>().join(", ")
}

fn expect_readable(store: &dyn Store) -> Result<(), NotWritten> {
    let configured = || Kind::ALL.iter().filter(|kind| kind.part() == Part::Directory);
    let is_configured = |row: &str| {
        configured().any(|kind| row.split_once(' ').is_some_and(|(table, _)| table == kind.table()))
    };
    let row = store.set_aside().into_iter().map(|one| one.row).find(|row| is_configured(row));
    row.map_or(Ok(()), |row| Err(NotWritten::Unreadable(row)))
}

/// A contact center while it is written.
struct Writing<'a> {
    directory: &'a Directory,
    center: CenterId,
    lines: Lines,
}

impl Writing<'_> {
    fn whole(mut self, center: &Center, reader: Reader) -> String {
        let mut text = match reader {
            Reader::Operator | Reader::Admin => WITHOUT_PASSWORDS.to_owned(),
            Reader::OperatorWithHashes => String::new(),
        };
        self.lines.table("[center]");
        self.lines.set("name", &*center.name);
        self.lines.set_given("missedOffersToNotReady", center.missed_offers_to_not_ready);
        let kept = center.retention_ms.iter();
        let kept = kept.map(|(media, ms)| (media.to_string(), TimeSpan::from_ms(*ms).to_string()));
        self.lines.set_map("retention", kept);
        self.lines.set_given("timeZone", center.time_zone.as_deref());
        self.names();
        self.users(reader);
        self.queues();
        self.workbins();
        self.services();
        match reader {
            Reader::Operator | Reader::OperatorWithHashes => self.mailboxes(),
            Reader::Admin if self.has_mailboxes() => text.push_str(WITHOUT_MAILBOXES),
            Reader::Admin => {}
        }
        self.workspace(center);
        self.responses();
        text + &self.lines.into_text()
    }

    fn names(&mut self) {
        let skills = self.directory.skills.values().filter(|skill| skill.center == self.center);
        let groups = self.directory.groups.values().filter(|group| group.center == self.center);
        let skills: BTreeSet<&str> = skills.map(|skill| &*skill.name).collect();
        let groups: BTreeSet<&str> = groups.map(|group| &*group.name).collect();
        for (header, names) in [("[[skill]]", skills), ("[[group]]", groups)] {
            for name in names {
                self.lines.table(header);
                self.lines.set("name", name);
            }
        }
    }

    fn users(&mut self, reader: Reader) {
        let users = self.directory.users.values().filter(|user| user.center == self.center);
        let mut users: Vec<&User> = users.map(|user| &**user).collect();
        users.sort_by(|one, other| one.user_name.cmp(&other.user_name));
        for user in users {
            let (groups, levels) = (self.groups(&user.groups), self.levels(&user.skills));
            let lines = &mut self.lines;
            lines.table("[[user]]");
            lines.set("userName", &*user.user_name);
            lines.set_unless_empty("firstName", &user.first_name);
            lines.set_unless_empty("lastName", &user.last_name);
            lines.set_given("nickname", user.nickname.as_deref());
            lines.set_unless_empty("emailAddress", &user.email_address);
            lines.set_list("roles", user.roles.iter().map(|role| role_name(*role)));
            lines.set_list("groups", groups);
            lines.set_map("skills", levels);
            lines.set_map("capacity", capacity(&user.capacity));
            lines.set_unless("enabled", user.enabled, true);
            // One that has to be changed counts for good where a file gives it.
            let counts = reader == Reader::OperatorWithHashes && !user.must_change_password;
            if let Some(hash) = user.password_hash.as_deref().filter(|_| counts) {
                lines.set_map("password", [("argon2", hash)]);
            }
        }
    }

    fn queues(&mut self) {
        let queues = self.directory.queues.values().filter(|queue| queue.center == self.center);
        let mut queues: Vec<&Queue> = queues.map(|queue| &**queue).collect();
        queues.sort_by(|one, other| one.name.cmp(&other.name));
        for queue in queues {
            self.queue(queue);
        }
    }

    fn queue(&mut self, queue: &Queue) {
        let (groups, levels) = (self.groups(&queue.groups), self.levels(&queue.skills));
        let review = queue.review.map(|review| self.queue_name(review));
        let lines = &mut self.lines;
        lines.table("[[queue]]");
        lines.set("name", &*queue.name);
        lines.set("channel", queue.media.name());
        lines.set_list("groups", groups);
        lines.set_map("skills", levels);
        lines.set_unless("priority", queue.priority, 0);
        let (offer, again) = (queue.invite_timeout_ms, queue.reoffer_after_ms);
        lines.set_time_unless("inviteTimeout", offer, Queue::DEFAULT_INVITE_TIMEOUT_MS);
        lines.set_time_unless("reofferAfter", again, Queue::DEFAULT_REOFFER_AFTER_MS);
        lines.set_time_unless("answerTarget", queue.answer_target_ms.unwrap_or(0), 0);
        lines.set_list("dispositions", &queue.dispositions);
        lines.set_unless("dispositionRequired", queue.disposition_required, false);
        lines.set_given("review", review);
        if let Some(acknowledgement) = &queue.acknowledge {
            lines.sub_table("[queue.acknowledge]");
            lines.set("subject", &*acknowledgement.subject);
            lines.set("text", &*acknowledgement.text);
        }
        if let Some(hours) = &queue.hours {
            lines.sub_table("[queue.hours]");
            lines.set_hours(hours);
        }
        if let Some(closed) = &queue.closed {
            lines.sub_table("[queue.closed]");
            lines.set("subject", &*closed.subject);
            lines.set("text", &*closed.text);
        }
        for step in &queue.steps {
            let (groups, levels) = (self.groups(&step.groups), self.levels(&step.skills));
            self.lines.sub_table("[[queue.step]]");
            self.lines.set_time("after", step.after_ms);
            self.lines.set_list("groups", groups);
            self.lines.set_map("skills", levels);
        }
    }

    fn workbins(&mut self) {
        let group_of = |workbin: &Workbin| match workbin.owner {
            WorkbinOwner::Group(group) => Some(self.group_name(group)),
            WorkbinOwner::EachAgent | WorkbinOwner::Agent(_) => None,
        };
        let own = self.directory.workbins.values().filter(|it| it.center == self.center);
        // Every contact center has those of the rules.
        let own = own.filter(|workbin| !is_of_the_rules(workbin));
        let own: BTreeSet<_> = own.map(|workbin| (group_of(workbin), &*workbin.name)).collect();
        for (group, name) in own {
            self.lines.table("[[workbin]]");
            self.lines.set("name", name);
            self.lines.set("type", if group.is_some() { "AgentGroup" } else { "Agent" });
            self.lines.set_given("group", group);
        }
    }

    fn workspace(&mut self, center: &Center) {
        let workspace = &center.workspace;
        let outbound = workspace.outbound_queue.map(|queue| self.queue_name(queue));
        let lines = &mut self.lines;
        let has_own = outbound.is_some()
            || !workspace.from_addresses.is_empty()
            || !workspace.not_ready_reasons.is_empty();
        if has_own {
            lines.table("[workspace]");
            lines.set_given("outboundQueue", outbound);
            lines.set_list("fromAddresses", &workspace.from_addresses);
            lines.set_list("notReadyReasons", &workspace.not_ready_reasons);
        }
        if !workspace.reason_names.is_empty() {
            lines.table("[workspace.reasonNames]");
            lines.set_all(&workspace.reason_names);
        }
        if !workspace.settings.is_empty() {
            lines.table("[workspace.settings]");
            lines.set_all(&workspace.settings);
        }
        for disposition in &workspace.dispositions {
            lines.table("[[disposition]]");
            lines.set("key", &*disposition.key);
            lines.set_unless("displayName", &*disposition.display_name, &*disposition.key);
            let channels: BTreeSet<&str> = disposition.channels.iter().map(Media::name).collect();
            lines.set_list("channels", channels);
            lines.set_unless("noteRequired", disposition.note_required, false);
        }
    }

    fn groups(&self, ids: &BTreeSet<GroupId>) -> BTreeSet<String> {
        ids.iter().map(|id| self.group_name(*id)).collect()
    }

    /// What is named and not there is named by its id, so that whoever applies the file is told.
    fn group_name(&self, id: GroupId) -> String {
        self.directory.groups.get(&id).map_or_else(|| id.to_string(), |group| group.name.clone())
    }

    fn levels(&self, levels: &SkillLevels) -> BTreeMap<String, u32> {
        let name = |id| match self.directory.skills.get(id) {
            Some(skill) => skill.name.clone(),
            None => id.to_string(),
        };
        levels.iter().map(|(id, level)| (name(id), *level)).collect()
    }

    fn queue_name(&self, id: QueueId) -> String {
        self.directory.queues.get(&id).map_or_else(|| id.to_string(), |queue| queue.name.clone())
    }
}

fn capacity(capacity: &Capacity) -> impl Iterator<Item = (&str, u32)> {
    let by_media = capacity.by_media.iter().map(|(media, most)| (media.name(), *most));
    by_media.chain(capacity.overall.map(|most| (OVERALL, most)))
}
