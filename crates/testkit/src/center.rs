//! Contact centers that tests make: one description, from which come the records of a store and the
//! center file of the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use handoff_domain::{
    Capacity, CenterId, Group, GroupId, Media, Queue, QueueId, Role, Service, ServiceId,
    ServiceTerms, Skill, SkillId, SkillLevels, User, UserId, Workbin, WorkbinId, WorkbinOwner,
    Workspace,
};
use handoff_store::{ChangeSet, MemoryStore, Put, Record, Store as _};

use crate::program::clean_command;

/// The password of every account of the demo center (docs/compat/center.md#demo) and of all made
/// ones.
pub const PASSWORD: &str = "handoff-demo";
/// Its hash, with the least parameters that argon2 takes: ten thousand first logins at the
/// program's own would take minutes, and tests do not wait for it. The parameters are read from the
/// hash when it is verified.
pub const HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$aGFuZG9mZi10ZXN0a2l0IQ$Q5g9MKNCAW6NQKLnGQyBDYM7CqLZwdKBA7zxLK7KkRo";
/// How many accounts submit work to a made center. One alone would soon meet the limit of requests
/// per user (docs/compat/conventions.md#limits).
pub const SUBMITTERS: usize = 16;
/// The queue of work items of a made center.
pub const QUEUE: &str = "work";
/// The workbin of a made center's group.
pub const WORKBIN: &str = "Shelf";
pub const ADMIN: &str = "admin";
/// The group of everybody in a made center.
pub const ALL: GroupId = GroupId(1);

/// Returns the name of an agent of a made center.
#[must_use]
pub fn agent(number: usize) -> String {
    format!("agent{number:02}")
}

/// Returns the name of an account of a made center that submits work.
#[must_use]
pub fn submitter(number: usize) -> String {
    format!("intake{number:02}")
}

#[derive(Clone, Debug)]
pub struct Center {
    pub id: CenterId,
    pub name: String,
    pub skills: Vec<Skill>,
    pub groups: Vec<Group>,
    pub users: Vec<User>,
    pub queues: Vec<Queue>,
    pub workbins: Vec<Workbin>,
    pub services: Vec<Service>,
    /// Mailboxes as they stand in the center file.
    pub mailboxes: String,
    pub time_zone: Option<String>,
}

impl Center {
    #[must_use]
    pub fn new(id: CenterId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            skills: Vec::new(),
            groups: Vec::new(),
            users: Vec::new(),
            queues: Vec::new(),
            workbins: Vec::new(),
            services: Vec::new(),
            mailboxes: String::new(),
            time_zone: None,
        }
    }

    /// Makes one with a group of everybody, a queue of work items that the group serves, a workbin
    /// of the group, and accounts that submit work.
    #[must_use]
    pub fn made() -> Self {
        let mut center = Self::new(CenterId(1), "Made")
            .group(ALL, "All")
            .queue(QueueId(1), QUEUE, Media::Workitem, &[ALL], &[])
            .workbin(WorkbinId(1), WORKBIN, WorkbinOwner::Group(ALL))
            .person(ADMIN, Role::Admin, &[]);
        for number in 0..SUBMITTERS {
            center = center.person(&submitter(number), Role::ApiUser, &[]);
        }
        center
    }

    /// Adds agents of the group of everybody, each with room for so much of a medium.
    #[must_use]
    pub fn agents(
        mut self,
        names: impl Iterator<Item = String>,
        media: Media,
        room: usize,
    ) -> Self {
        for name in names {
            self = self.person(&name, Role::Agent, &[ALL]).room(media.clone(), room);
        }
        self
    }

    /// Adds somebody, by an id of their place.
    #[must_use]
    pub fn person(self, name: &str, role: Role, groups: &[GroupId]) -> Self {
        let id = UserId(0x1000 + self.users.len() as u128);
        self.user(id, name, &[role], groups, &[])
    }

    /// Lets the last user have so much of a medium.
    #[must_use]
    pub fn room(mut self, media: Media, room: usize) -> Self {
        let room = u32::try_from(room).expect("a desk has room for less");
        let last = self.users.last_mut().expect("somebody is there");
        last.capacity.by_media.insert(media, room);
        self
    }

    #[must_use]
    pub fn skill(mut self, id: SkillId, name: &str) -> Self {
        self.skills.push(Skill { id, center: self.id, name: name.to_owned() });
        self
    }

    #[must_use]
    pub fn group(mut self, id: GroupId, name: &str) -> Self {
        self.groups.push(Group { id, center: self.id, name: name.to_owned() });
        self
    }

    #[must_use]
    pub fn user(
        mut self,
        id: UserId,
        name: &str,
        roles: &[Role],
        groups: &[GroupId],
        skills: &[(SkillId, u32)],
    ) -> Self {
        self.users.push(User {
            id,
            center: self.id,
            user_name: name.to_owned(),
            first_name: name.to_owned(),
            last_name: "Lund".to_owned(),
            nickname: None,
            email_address: format!("{name}@demo.example"),
            roles: roles.iter().copied().collect(),
            groups: groups.iter().copied().collect(),
            skills: skills.iter().copied().collect(),
            capacity: Capacity::default(),
            enabled: true,
            password_hash: Some(HASH.to_owned()),
            file_password_hash: None,
            logins_ended: 0,
            must_change_password: false,
            second_factor: false,
        });
        self
    }

    #[must_use]
    pub fn queue(
        mut self,
        id: QueueId,
        name: &str,
        media: Media,
        groups: &[GroupId],
        skills: &[(SkillId, u32)],
    ) -> Self {
        self.queues.push(Queue {
            name: name.to_owned(),
            media,
            groups: groups.iter().copied().collect(),
            skills: skills.iter().copied().collect(),
            ..Queue::new(id, self.id)
        });
        self
    }

    /// Lets the last queue's offers stand so long, and agents be left alone for a second.
    #[must_use]
    pub fn invites_for_s(mut self, seconds: u64) -> Self {
        let queue = self.queues.last_mut().expect("a queue is there");
        (queue.invite_timeout_ms, queue.reoffer_after_ms) = (seconds * 1_000, 1_000);
        self
    }

    #[must_use]
    pub fn workbin(mut self, id: WorkbinId, name: &str, owner: WorkbinOwner) -> Self {
        self.workbins.push(Workbin { id, center: self.id, name: name.to_owned(), owner });
        self
    }

    #[must_use]
    pub fn service(
        mut self,
        id: ServiceId,
        name: &str,
        queue: QueueId,
        terms: ServiceTerms,
    ) -> Self {
        let (center, name) = (self.id, name.to_owned());
        self.services.push(Service { id, center, name, queue, enabled: true, terms });
        self
    }

    /// Returns the records of a store that has it.
    pub fn records(self) -> impl Iterator<Item = Record> {
        let Self { id, name, time_zone, .. } = self;
        let center = handoff_domain::Center {
            id,
            name,
            workspace: Workspace::default(),
            missed_offers_to_not_ready: None,
            retention_ms: std::collections::BTreeMap::new(),
            time_zone,
        };
        std::iter::once(Record::Center(center))
            .chain(self.skills.into_iter().map(Record::Skill))
            .chain(self.groups.into_iter().map(Record::Group))
            .chain(self.users.into_iter().map(Record::User))
            .chain(self.queues.into_iter().map(Record::Queue))
            .chain(self.workbins.into_iter().map(Record::Workbin))
            .chain(self.services.into_iter().map(Record::Service))
    }

    /// Writes the center file. Only what tests say of a center is written; with `own_hashes` the
    /// program hashes the passwords with parameters of its own.
    #[must_use]
    pub fn file(&self, own_hashes: bool) -> String {
        let named = |group: &Group| format!("[[group]]\nname = {:?}\n", group.name);
        let mut file = format!("[center]\nname = {:?}\n", self.name);
        let skill = |skill: &Skill| format!("[[skill]]\nname = {:?}\n", skill.name);
        file.extend(self.skills.iter().map(skill));
        file.extend(self.groups.iter().map(named));
        file.extend(self.queues.iter().map(|queue| self.queue_form(queue)));
        file.extend(self.workbins.iter().map(|workbin| self.workbin_form(workbin)));
        file.extend(self.services.iter().map(|service| self.service_form(service)));
        file.extend(self.users.iter().map(|user| self.user_form(user, own_hashes)));
        file.push_str(&self.mailboxes);
        file
    }

    fn queue_form(&self, queue: &Queue) -> String {
        let acknowledgement = queue.acknowledge.as_ref().map_or_else(String::new, |mail| {
            let (subject, text) = (&mail.subject, &mail.text);
            format!("[queue.acknowledge]\nsubject = {subject:?}\ntext = {text:?}\n")
        });
        format!(
            "[[queue]]\nname = {:?}\nchannel = {:?}\ngroups = {:?}\n\
             skills = {}\ninviteTimeout = \"{}s\"\nreofferAfter = \"{}s\"\n{acknowledgement}",
            queue.name,
            queue.media.name(),
            self.names(&queue.groups),
            self.levels(&queue.skills),
            queue.invite_timeout_ms / 1_000,
            queue.reoffer_after_ms / 1_000
        )
    }

    fn workbin_form(&self, workbin: &Workbin) -> String {
        let WorkbinOwner::Group(group) = workbin.owner else { return String::new() };
        let (name, groups) = (&workbin.name, self.names(&BTreeSet::from([group])));
        let owner = groups.first().copied().unwrap_or_default();
        format!("[[workbin]]\nname = {name:?}\ntype = \"AgentGroup\"\ngroup = {owner:?}\n")
    }

    fn service_form(&self, service: &Service) -> String {
        let queue = self.queues.iter().find(|queue| queue.id == service.queue);
        let terms = match &service.terms {
            ServiceTerms::Chat(terms) => {
                format!("type = \"chat\"\nidleAlert = \"{}ms\"", terms.times.idle_alert_ms)
            }
            ServiceTerms::Email(terms) => {
                format!("type = \"email\"\nmailbox = {:?}", terms.mailbox)
            }
            ServiceTerms::OpenMedia(_) => return String::new(),
        };
        let (name, queue) = (&service.name, queue.map_or("", |queue| &queue.name));
        format!("[[service]]\nname = {name:?}\nqueue = {queue:?}\n{terms}\n")
    }

    fn user_form(&self, user: &User, own_hashes: bool) -> String {
        let password = match own_hashes {
            true => format!("{PASSWORD:?}"),
            false => format!("{{ argon2 = {HASH:?} }}"),
        };
        let roles = user.roles.iter().map(|role| format!("{role:?}").to_lowercase());
        let room = user.capacity.by_media.iter();
        let room = room.map(|(media, room)| format!("{} = {room}", media.name()));
        format!(
            "[[user]]\nuserName = {:?}\nfirstName = {:?}\nroles = {:?}\ngroups = {:?}\n\
             skills = {}\ncapacity = {{ {} }}\nenabled = {}\npassword = {password}\n",
            user.user_name,
            user.first_name,
            roles.collect::<Vec<_>>(),
            self.names(&user.groups),
            self.levels(&user.skills),
            room.collect::<Vec<_>>().join(", "),
            user.enabled
        )
    }

    fn levels(&self, levels: &SkillLevels) -> String {
        let named = self.skills.iter().filter_map(|skill| {
            levels.get(&skill.id).map(|level| format!("{} = {level}", skill.name))
        });
        format!("{{ {} }}", named.collect::<Vec<_>>().join(", "))
    }

    fn names(&self, groups: &BTreeSet<GroupId>) -> Vec<&str> {
        let named = self.groups.iter().filter(|group| groups.contains(&group.id));
        named.map(|group| group.name.as_str()).collect()
    }
}

pub async fn store(records: impl IntoIterator<Item = Record>) -> Result<MemoryStore> {
    let store = MemoryStore::new();
    let puts = records.into_iter().map(|record| Put { record, expected: 0 }).collect();
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await?;
    Ok(store)
}

/// A made contact center on the disk, with the configuration of the program that serves it.
#[derive(Clone, Debug)]
pub struct Site {
    pub config: PathBuf,
    pub data: PathBuf,
    pub log: PathBuf,
}

/// What a configuration says beside where everything is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings<'a> {
    pub server: &'a str,
    pub store: &'a str,
    pub others: &'a str,
    /// Whether passwords are hashed with the program's own parameters: what a comparison costs is
    /// part of what is measured.
    pub own_hashes: bool,
}

impl Site {
    /// Writes a configuration into `home`. Nobody is logged out for being out of reach.
    pub fn configure(home: &Path, settings: Settings<'_>) -> Result<Self> {
        let Settings { server, store, others, .. } = settings;
        let (config, data) = (home.join("handoff.toml"), home.join("data"));
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n{server}\n[store]\npath = {data:?}\n{store}\n\
             [agent]\ndisconnect_grace = \"1h\"\n[log]\nfilter = {FILTER:?}\n{others}\n",
            FILTER = crate::tally::FILTER,
        );
        fs::create_dir_all(home).context("make a directory")?;
        fs::write(&config, text).context("write the configuration")?;
        Ok(Self { config, data, log: home.join("log") })
    }

    /// Writes the center file and a configuration into `home` and applies the file.
    pub async fn make(
        binary: &Path,
        home: &Path,
        center: &Center,
        settings: Settings<'_>,
    ) -> Result<Self> {
        let site = Self::configure(home, settings)?;
        let file = home.join("center.toml");
        fs::write(&file, center.file(settings.own_hashes)).context("write the center file")?;
        println!("making a center of {} accounts…", center.users.len());
        let mut apply = clean_command(binary);
        let output = apply.arg("apply").arg(&file).arg("--config").arg(&site.config).output().await;
        let output = output.context("run handoff apply")?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "handoff apply failed: {told}");
        Ok(site)
    }

    /// Makes one and starts the program with it.
    pub async fn open(
        binary: &Path,
        home: &Path,
        center: &Center,
        settings: Settings<'_>,
    ) -> Result<(Self, crate::Program)> {
        let site = Self::make(binary, home, center, settings).await?;
        let start = crate::Start::Serve(site.config.clone());
        let program = crate::Program::start(binary, start, site.log.clone()).await?;
        Ok((site, program))
    }
}
