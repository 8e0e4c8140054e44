//! From names to ids: what a file says, as records.
//!
//! A thing that the contact center already has under that name keeps its id; a new one gets one
//! from the id source. A name that the file uses without introducing it is an error, also if the
//! store knows it: the file describes the whole.

mod mailbox;
mod service;
mod workspace;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::center::Acknowledgement;
use handoff_domain::{
    Capacity, Center, CenterId, Chat, Group, GroupId, Media, Queue, QueueId, Skill, SkillId,
    SkillLevels, Step, User, UserId, Workbin, WorkbinId, WorkbinOwner,
};
use handoff_engine::{Directory, IdSource};
use handoff_store::Record;

use super::form::{
    Form, Levels, NamedForm, OwnerForm, PasswordForm, QueueForm, StepForm, Text, UserForm,
    WorkbinForm,
};
use super::passwords::Passwords;
use super::{CenterFile, CenterFileError, Unnamed};

/// The shortest offer, in ms (docs/compat/center.md#queues: `inviteTimeout` 1…86,400 s).
const INVITE_TIMEOUT_MIN_MS: u64 = 1_000;
/// The longest offer, in ms.
const INVITE_TIMEOUT_MAX_MS: u64 = 86_400_000;
/// The key of `capacity` that bounds all channels together.
const OVERALL: &str = "overall";

/// The longest name of a channel, in characters.
const CHANNEL_LEN_MAX: usize = 64;

/// A file as records.
#[derive(Debug)]
pub(super) struct Resolved {
    pub center: CenterId,
    /// Everything that the file names, in an order in which nothing refers to what comes later.
    pub records: Vec<Record>,
    pub warnings: Vec<String>,
    /// Where the file says which channel a queue is for.
    pub channels: BTreeMap<QueueId, usize>,
}

/// Looks up everything that a file names. What is wrong is gathered, so that whoever wrote the file
/// sees all of it at once.
pub(super) fn resolve(
    file: &CenterFile,
    form: Form,
    directory: &Directory,
    ids: &dyn IdSource,
    passwords: &dyn Passwords,
    unnamed: Unnamed,
) -> Result<Resolved, CenterFileError> {
    let problems = RefCell::default();
    let name = checked(&problems, not_empty(file, &form.center.name));
    let known = directory.centers.values().find(|center| center.name == name);
    let center = known.map_or_else(|| CenterId(ids.uuid()), |center| center.id);
    let mut resolver = Resolver {
        file,
        directory,
        ids,
        passwords,
        center,
        skills: BTreeMap::new(),
        groups: BTreeMap::new(),
        queues: BTreeMap::new(),
        records: Vec::new(),
        warnings: Vec::new(),
        channels: BTreeMap::new(),
        problems,
    };
    resolver.skills(&form.skill);
    resolver.groups(&form.group);
    resolver.workbins(&form.workbin);
    resolver.queues(&form.queue);
    resolver.services(&form.service);
    resolver.mailboxes(&form.mailbox, unnamed);
    resolver.users(form.user);
    let workspace = resolver.workspace(&form.workspace, &form.disposition);
    // Everything else is of the center, so it is written first. The queue that it names is shown to
    // desktops and not followed.
    resolver.records.insert(0, Record::Center(Center { id: center, name, workspace }));
    let Resolver { records, warnings, channels, problems, .. } = resolver;
    match CenterFileError::all_of(problems.into_inner()) {
        None => Ok(Resolved { center, records, warnings, channels }),
        Some(error) => Err(error),
    }
}

/// What is wrong with a file, in the order in which it was found.
type Problems = RefCell<Vec<CenterFileError>>;

/// Notes what is wrong, and goes on with nothing in its place: a file with a problem is never
/// applied.
fn checked<T: Default>(problems: &Problems, result: Result<T, CenterFileError>) -> T {
    result.unwrap_or_else(|error| {
        problems.borrow_mut().push(error);
        T::default()
    })
}

struct Resolver<'a> {
    file: &'a CenterFile,
    directory: &'a Directory,
    ids: &'a dyn IdSource,
    passwords: &'a dyn Passwords,
    center: CenterId,
    skills: BTreeMap<String, SkillId>,
    groups: BTreeMap<String, GroupId>,
    queues: BTreeMap<String, (QueueId, Media)>,
    records: Vec<Record>,
    warnings: Vec<String>,
    channels: BTreeMap<QueueId, usize>,
    problems: Problems,
}

impl Resolver<'_> {
    fn checked<T: Default>(&self, result: Result<T, CenterFileError>) -> T {
        checked(&self.problems, result)
    }

    /// Returns the names of one kind of things, each of which must occur once.
    fn unique_names<'a>(&self, kind: &str, names: impl Iterator<Item = &'a Text>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        names
            .map(|name| {
                let text = self.checked(not_empty(self.file, name));
                if !text.is_empty() && !seen.insert(text.clone()) {
                    self.problems.borrow_mut().push(twice(self.file, kind, name));
                }
                text
            })
            .collect()
    }

    fn skills(&mut self, forms: &[NamedForm]) {
        let center = self.center;
        for name in self.unique_names("skill", forms.iter().map(|form| &form.name)) {
            let known = self.directory.skill_named(center, &name).map(|skill| skill.id);
            let id = known.unwrap_or_else(|| SkillId(self.ids.uuid()));
            self.skills.insert(name.clone(), id);
            self.records.push(Record::Skill(Skill { id, center, name }));
        }
    }

    fn groups(&mut self, forms: &[NamedForm]) {
        let center = self.center;
        for name in self.unique_names("group", forms.iter().map(|form| &form.name)) {
            let mut of_center =
                self.directory.groups.values().filter(|group| group.center == center);
            let known = of_center.find(|group| group.name == name).map(|group| group.id);
            let id = known.unwrap_or_else(|| GroupId(self.ids.uuid()));
            self.groups.insert(name.clone(), id);
            self.records.push(Record::Group(Group { id, center, name }));
        }
    }

    /// Every contact center has the two workbins of an agent that the rules themselves put work
    /// into (docs/compat/center.md#workbins).
    fn workbins(&mut self, forms: &[WorkbinForm]) {
        let mut wanted: Vec<(String, WorkbinOwner)> = [Workbin::IN_PROGRESS, Workbin::DRAFTS]
            .map(|name| (name.to_owned(), WorkbinOwner::EachAgent))
            .into();
        let mut written = BTreeSet::new();
        for form in forms {
            let name = self.checked(not_empty(self.file, &form.name));
            let Some(owner) = self.checked(self.owner_of(form).map(Some)) else { continue };
            let entry = (name, owner);
            if !written.insert(entry.clone()) {
                self.problems.borrow_mut().push(twice(self.file, "workbin", &form.name));
            }
            if !wanted.contains(&entry) {
                wanted.push(entry);
            }
        }
        for (name, owner) in wanted {
            let mut of_center =
                self.directory.workbins.values().filter(|workbin| workbin.center == self.center);
            let known = of_center.find(|workbin| workbin.name == name && workbin.owner == owner);
            let id = known.map_or_else(|| WorkbinId(self.ids.uuid()), |workbin| workbin.id);
            self.records.push(Record::Workbin(Workbin { id, center: self.center, name, owner }));
        }
    }

    fn owner_of(&self, form: &WorkbinForm) -> Result<WorkbinOwner, CenterFileError> {
        let wrong =
            |place: &Text, message: &str| Err(self.file.wrong_at(place.span().start, message));
        match (form.owner, &form.group) {
            (OwnerForm::Agent, None) => Ok(WorkbinOwner::EachAgent),
            (OwnerForm::Agent, Some(group)) => wrong(group, "a workbin of type Agent has no group"),
            (OwnerForm::AgentGroup, None) => {
                wrong(&form.name, "a workbin of type AgentGroup needs a group")
            }
            (OwnerForm::AgentGroup, Some(group)) => Ok(WorkbinOwner::Group(self.group(group)?)),
        }
    }

    fn queues(&mut self, forms: &[QueueForm]) {
        let names = self.unique_names("queue", forms.iter().map(|form| &form.name));
        let mut made: Vec<Queue> = Vec::with_capacity(forms.len());
        for (form, name) in forms.iter().zip(names) {
            let mut of_center =
                self.directory.queues.values().filter(|queue| queue.center == self.center);
            let id = of_center.find(|queue| queue.name == name).map(|queue| queue.id);
            let queue = Queue {
                id: id.unwrap_or_else(|| QueueId(self.ids.uuid())),
                center: self.center,
                name,
                media: self.media(&form.channel),
                groups: self.group_set(&form.groups),
                skills: self.levels(&form.skills),
                priority: form.priority,
                invite_timeout_ms: self.checked(self.invite_timeout(form)),
                reoffer_after_ms: form
                    .reoffer_after
                    .map_or(Queue::DEFAULT_REOFFER_AFTER_MS, |span| span.ms()),
                steps: self.steps(&form.step),
                review: None,
                acknowledge: self.checked(self.acknowledgement(form)),
            };
            self.channels.insert(queue.id, form.channel.span().start);
            self.queues.insert(queue.name.clone(), (queue.id, queue.media.clone()));
            made.push(queue);
        }
        // Queues may be named before they stand in the file.
        for (queue, form) in made.iter_mut().zip(forms) {
            queue.review =
                self.checked(form.review.as_ref().map(|name| self.review(queue, name)).transpose());
        }
        self.records.extend(made.into_iter().map(Record::Queue));
    }

    /// Returns the channel that a text names. It goes on with one that is wrong, so that nothing is
    /// said twice.
    fn media(&self, channel: &Text) -> Media {
        let name = channel.get_ref();
        let media = Media::from_name(name);
        let message = if name.trim().is_empty() {
            "expected a name, found an empty text".to_owned()
        } else if !is_channel_name(name) {
            format!(
                "the channel name {name:?} becomes a part of addresses: allowed are up to {CHANNEL_LEN_MAX} letters, digits, hyphens, \
                 underscores and dots, and not {OVERALL:?}"
            )
        } else if media.is_silent() {
            format!("nothing is routed to the channel {media}; a queue is for another one")
        } else {
            return media;
        };
        self.problems.borrow_mut().push(self.file.wrong_at(channel.span().start, message));
        media
    }

    /// Returns the queue where somebody looks at what goes out: one of e-mails, and another one.
    fn review(&self, queue: &Queue, name: &Text) -> Result<QueueId, CenterFileError> {
        let found =
            self.queues.get(name.get_ref()).ok_or_else(|| unknown(self.file, "queue", name))?;
        let are_emails = [&queue.media, &found.1].into_iter().all(|media| *media == Media::Email);
        if are_emails && found.0 != queue.id {
            return Ok(found.0);
        }
        let message = "review is for e-mail queues, and names another e-mail queue";
        Err(self.file.wrong_at(name.span().start, message))
    }

    fn acknowledgement(
        &self,
        form: &QueueForm,
    ) -> Result<Option<Acknowledgement>, CenterFileError> {
        let Some(written) = &form.acknowledge else { return Ok(None) };
        if form.channel.get_ref() != "email" {
            let message = "only e-mail queues acknowledge";
            return Err(self.file.wrong_at(written.subject.span().start, message));
        }
        if written.subject.get_ref().contains(char::is_control) {
            let message = "the subject of an acknowledgement is one line";
            return Err(self.file.wrong_at(written.subject.span().start, message));
        }
        Ok(Some(Acknowledgement {
            subject: not_empty(self.file, &written.subject)?,
            text: not_empty(self.file, &written.text)?,
        }))
    }

    fn invite_timeout(&self, form: &QueueForm) -> Result<u64, CenterFileError> {
        let Some(span) = &form.invite_timeout else { return Ok(Queue::DEFAULT_INVITE_TIMEOUT_MS) };
        let ms = span.get_ref().ms();
        if (INVITE_TIMEOUT_MIN_MS..=INVITE_TIMEOUT_MAX_MS).contains(&ms) {
            return Ok(ms);
        }
        let message = format!("inviteTimeout is {}, allowed is 1s to 24h", span.get_ref());
        Err(self.file.wrong_at(span.span().start, message))
    }

    fn steps(&self, forms: &[StepForm]) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::with_capacity(forms.len());
        for form in forms {
            let after_ms = form.after.get_ref().ms();
            if steps.last().map_or(0, |before| before.after_ms) >= after_ms {
                let message =
                    "a step comes after more than 0s, and after more than the step before it";
                self.problems
                    .borrow_mut()
                    .push(self.file.wrong_at(form.after.span().start, message));
            }
            steps.push(Step {
                after_ms,
                groups: self.group_set(&form.groups),
                skills: self.levels(&form.skills),
            });
        }
        steps
    }

    fn users(&mut self, forms: Vec<UserForm>) {
        let names = self.unique_names("user", forms.iter().map(|form| &form.user_name));
        for (form, user_name) in forms.into_iter().zip(names) {
            let known = self.directory.user_by_name(&user_name);
            if known.is_some_and(|user| user.center != self.center) {
                // User names are unique across the installation
                // (docs/compat/conventions.md#logins). Whose it is, is nobody else's business.
                let message =
                    format!("the user name {user_name:?} is taken by another contact center");
                self.problems
                    .borrow_mut()
                    .push(self.file.wrong_at(form.user_name.span().start, message));
                continue;
            }
            let before = known.and_then(|user| user.password_hash.as_deref());
            let password = self.password(&form, before);
            let nickname = form.nickname.as_ref().map(|name| self.nickname(name)).transpose();
            let user = User {
                id: known.map_or_else(|| UserId(self.ids.uuid()), |user| user.id),
                center: self.center,
                password_hash: self.checked(password),
                groups: self.group_set(&form.groups),
                skills: self.levels(&form.skills),
                capacity: self.capacity(&form.capacity),
                user_name,
                first_name: form.first_name,
                last_name: form.last_name,
                nickname: self.checked(nickname),
                email_address: form.email_address,
                roles: form.roles.into_iter().map(Into::into).collect(),
                enabled: form.enabled,
                logins_ended: 0,
            };
            let user = match known {
                Some(before) => user.in_place_of(before),
                None => user,
            };
            self.records.push(Record::User(user));
        }
    }

    /// The name that customers see stands in one line of a chat.
    fn nickname(&self, name: &Text) -> Result<String, CenterFileError> {
        let text = not_empty(self.file, name)?;
        let most = Chat::NAME_CHARS_MAX;
        if text.chars().count() > most || text.contains(char::is_control) {
            let message = format!(
                "the nickname {text:?} is shown to customers: allowed are up to {most} characters in one line"
            );
            return Err(self.file.wrong_at(name.span().start, message));
        }
        Ok(text)
    }

    fn password(
        &mut self,
        form: &UserForm,
        before: Option<&str>,
    ) -> Result<Option<String>, CenterFileError> {
        let user = form.user_name.get_ref();
        let plain = match &form.password {
            None => return Ok(before.map(str::to_owned)),
            Some(PasswordForm::Argon2(hash)) => {
                return match self.passwords.check_usable(hash.get_ref()) {
                    Ok(()) => Ok(Some(hash.get_ref().clone())),
                    Err(why) => {
                        let message = format!(
                            "nobody could log in with the password hash of {user} ($argon2…): {why}"
                        );
                        Err(self.file.wrong_at(hash.span().start, message))
                    }
                };
            }
            Some(PasswordForm::Env(variable)) => {
                let value =
                    self.passwords.variable(variable.get_ref()).filter(|value| !value.is_empty());
                value.ok_or_else(|| {
                    let message = format!(
                        "the variable {} with the password of {user} is not set",
                        variable.get_ref()
                    );
                    self.file.wrong_at(variable.span().start, message)
                })?
            }
            Some(PasswordForm::Plain(password)) => {
                self.warnings.push(format!(
                    "the password of {user} is written in {} for everybody to read; better use {{ env = … }} or {{ argon2 = … }}",
                    self.file.name
                ));
                password.clone()
            }
        };
        // Hashing anew would give another hash, and a difference where there is none.
        if let Some(hash) = before.filter(|hash| self.passwords.is_of(hash, &plain)) {
            return Ok(Some(hash.to_owned()));
        }
        let hashed = self.passwords.hash(&plain);
        hashed.map(Some).map_err(|source| CenterFileError::Password { user: user.clone(), source })
    }

    fn group(&self, name: &Text) -> Result<GroupId, CenterFileError> {
        self.groups.get(name.get_ref()).copied().ok_or_else(|| unknown(self.file, "group", name))
    }

    fn group_set(&self, names: &[Text]) -> BTreeSet<GroupId> {
        names.iter().filter_map(|name| self.checked(self.group(name).map(Some))).collect()
    }

    fn levels(&self, levels: &Levels) -> SkillLevels {
        let known = |name: &Text| {
            let id = self.skills.get(name.get_ref()).copied();
            self.checked(id.map(Some).ok_or_else(|| unknown(self.file, "skill", name)))
        };
        levels.iter().filter_map(|(name, level)| Some((known(name)?, *level))).collect()
    }

    /// A channel that nothing here is for would bound nothing: it is a slip of the pen, and the
    /// bound that was meant does not hold.
    fn capacity(&self, form: &BTreeMap<Text, u32>) -> Capacity {
        let mut capacity = Capacity::default();
        for (channel, most) in form {
            let name = channel.get_ref();
            let media = Media::from_name(name);
            let is_known = !matches!(media, Media::Open(_))
                || media.is_silent()
                || self.queues.values().any(|(_, of_queue)| *of_queue == media);
            if name == OVERALL {
                capacity.overall = Some(*most);
            } else if is_known {
                capacity.by_media.insert(media, *most);
            } else {
                let message = format!(
                    "there is no channel {name:?} here; capacity takes chat, email, workitem, {OVERALL} and the channels of this file's queues"
                );
                self.problems.borrow_mut().push(self.file.wrong_at(channel.span().start, message));
            }
        }
        capacity
    }
}

fn is_channel_name(name: &str) -> bool {
    let may_stand = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.len() <= CHANNEL_LEN_MAX
        && name != OVERALL
        && name.chars().all(may_stand)
        && !name.starts_with('.')
}

fn not_empty(file: &CenterFile, text: &Text) -> Result<String, CenterFileError> {
    if text.get_ref().trim().is_empty() {
        return Err(file.wrong_at(text.span().start, "expected a name, found an empty text"));
    }
    Ok(text.get_ref().clone())
}

fn twice(file: &CenterFile, kind: &str, name: &Text) -> CenterFileError {
    file.wrong_at(name.span().start, format!("the {kind} {:?} is there already", name.get_ref()))
}

fn unknown(file: &CenterFile, kind: &str, name: &Text) -> CenterFileError {
    let message = format!(
        "there is no {kind} {:?} in this file; add [[{kind}]] name = {0:?}",
        name.get_ref()
    );
    file.wrong_at(name.span().start, message)
}
