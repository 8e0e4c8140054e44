//! What the rules ask their world for, found without the engine.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_domain::interaction::decide::{Context, Decision, ForNotices, World, decide};
use handoff_domain::service::FileLimits;
use handoff_domain::{
    Action, Command, Desk, Entry, Interaction, InteractionId, Named, NewInteraction, Queue,
    QueueId, Rejection, SkillId, State, User, UserId, Workbin, WorkbinId, WorkbinOwner,
};
use handoff_store::{Key, Kind};

use crate::floor::{CENTER, Floor};
use crate::stage::SERVICE;

thread_local! {
    static ASKED: RefCell<BTreeSet<Asked>> = RefCell::default();
}

/// Something that a rule asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Record(Key),
    Workbin(WorkbinId),
    OwnWorkbin(String, UserId),
}

/// What a commit must be refused for once when it changes, and what it may be.
#[derive(Clone)]
pub(crate) struct Relied {
    must: BTreeSet<Key>,
    written: BTreeSet<Key>,
    /// What lets the caller see the interaction, which the rules know nothing of.
    sight: BTreeSet<Key>,
}

impl Relied {
    pub(crate) fn on(keys: impl IntoIterator<Item = Key>) -> Self {
        let must = keys.into_iter().collect();
        Self { must, written: BTreeSet::new(), sight: BTreeSet::new() }
    }

    /// Returns the kind of each.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        self.must.iter().map(Key::kind).collect()
    }

    /// Notes what the commit wrote: it guards itself.
    pub(crate) fn wrote(&mut self, keys: impl IntoIterator<Item = Key>) {
        self.written.extend(keys);
    }

    /// Tells whether there was a commit.
    pub(crate) fn is_written(&self) -> bool {
        !self.written.is_empty()
    }

    /// Tells whether that many conflicts are right when a record changes.
    pub(crate) fn allows(&self, key: &Key, conflicts: u64) -> bool {
        if !self.is_written() {
            // What changes nothing is done without a commit.
            return conflicts == 0;
        }
        if self.must.contains(key) || self.written.contains(key) {
            return conflicts == 1;
        }
        conflicts == 0 || conflicts == 1 && self.sight.contains(key)
    }

    /// Returns what is checked and not written.
    pub(crate) fn only_checked(&self) -> Vec<Key> {
        if !self.is_written() {
            return Vec::new();
        }
        self.must.difference(&self.written).cloned().collect()
    }
}

/// Returns what a decision relies on; `None` when the command is refused.
pub(crate) fn relied_on(floor: &Floor, id: InteractionId, command: &Command) -> Option<Relied> {
    ASKED.take();
    floor.decide(asking, id, command).ok()?;
    let mut must = BTreeSet::from([Key::Interaction(id)]);
    must.extend(asked(floor));
    must.extend(command.user().map(Key::User));
    let mut sight = BTreeSet::new();
    if command.user().is_some() {
        let before = &floor.interactions[&id];
        sight.extend(before.queue.map(Key::Queue));
        if let State::Parked { workbin, .. } = before.state {
            sight.extend(records(Asked::Workbin(workbin), floor));
        }
        // The one under which it is joined must be seen, too.
        if let Some(Action::Join { parent: Named::Known(parent) }) = command.action() {
            sight.extend(floor.interactions[parent].queue.map(Key::Queue));
        }
    }
    Some(Relied { must, written: BTreeSet::new(), sight })
}

/// Returns what it relies on that something comes into being, by the rule that opens it; `by` is
/// whose request it is.
pub(crate) fn relied_on_by_beginning(
    floor: &Floor,
    new: &NewInteraction,
    by: Option<UserId>,
    rule: impl Fn(NewInteraction, &Context<'_>) -> Result<Decision, Rejection>,
) -> Relied {
    ASKED.take();
    let decided = floor.beginning(new.parent, new.id, |context| {
        let world = Asking { inner: context.world, parent: new.parent, command: None };
        rule(new.clone(), &Context { world: &world, ..*context })
    });
    decided.expect("it may be opened");
    Relied::on(asked(floor).chain(by.map(Key::User)))
}

/// Returns the records that were asked for since it was forgotten what was.
fn asked(floor: &Floor) -> impl Iterator<Item = Key> {
    ASKED.take().into_iter().flat_map(|asked| records(asked, floor))
}

/// Returns the records that something follows from, as far as they are there.
fn records(asked: Asked, floor: &Floor) -> Vec<Key> {
    match asked {
        Asked::Record(key) => vec![key],
        Asked::OwnWorkbin(name, owner) => {
            let named = floor.workbins.values().find(|workbin| workbin.name == name);
            let definition = named.map(|workbin| Key::Workbin(workbin.id));
            definition.into_iter().chain([Key::User(owner)]).collect()
        }
        Asked::Workbin(id) if floor.workbins.contains_key(&id) => vec![Key::Workbin(id)],
        Asked::Workbin(id) => {
            let each = floor.workbins.values().filter(|it| it.owner == WorkbinOwner::EachAgent);
            let copies = each.flat_map(|it| floor.users.keys().map(move |user| (it, *user)));
            let found = copies.into_iter().find(|(it, user)| it.of(*user).id == id);
            found.map_or_else(Vec::new, |(it, user)| vec![Key::Workbin(it.id), Key::User(user)])
        }
    }
}

/// The rules, with what they ask for noted.
fn asking(
    before: &Interaction,
    command: &Command,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let world = Asking { inner: context.world, parent: before.parent, command: Some(command) };
    decide(before, command, &Context { world: &world, ..*context })
}

struct Asking<'a> {
    inner: &'a dyn World,
    parent: Option<InteractionId>,
    command: Option<&'a Command>,
}

impl Asking<'_> {
    fn action(&self) -> Option<&Action> {
        self.command.and_then(Command::action)
    }
}

fn note(asked: Asked) {
    ASKED.with_borrow_mut(|all| all.extend([asked]));
}

fn note_key(key: Option<Key>) {
    key.into_iter().map(Asked::Record).for_each(note);
}

impl World for Asking<'_> {
    fn desk(&self, user: UserId) -> Option<Arc<Desk>> {
        note_key(Some(Key::Desk(user)));
        self.inner.desk(user)
    }

    fn missed_any(&self, user: UserId) -> bool {
        self.inner.missed_any(user)
    }

    fn missed_offers_max(&self) -> u32 {
        note_key(Some(Key::Center(CENTER)));
        self.inner.missed_offers_max()
    }

    fn user(&self, user: UserId) -> Option<&User> {
        note_key(Some(Key::User(user)));
        self.inner.user(user)
    }

    fn queue(&self, queue: QueueId) -> Option<&Queue> {
        note_key(Some(Key::Queue(queue)));
        self.inner.queue(queue)
    }

    fn has_skill(&self, skill: SkillId) -> bool {
        note_key(Some(Key::Skill(skill)));
        self.inner.has_skill(skill)
    }

    fn workbin(&self, workbin: WorkbinId) -> Option<Workbin> {
        note(Asked::Workbin(workbin));
        self.inner.workbin(workbin)
    }

    fn own_workbin(&self, name: &str, owner: UserId) -> Option<Workbin> {
        note(Asked::OwnWorkbin(name.to_owned(), owner));
        self.inner.own_workbin(name, owner)
    }

    fn watchers(&self, workbin: WorkbinId) -> ForNotices<Vec<UserId>> {
        self.inner.watchers(workbin)
    }

    fn parent(&self) -> Option<&Interaction> {
        note_key(self.parent.map(Key::Interaction));
        self.inner.parent()
    }

    fn adviser(&self) -> Option<UserId> {
        self.inner.adviser()
    }

    fn transcript(&self) -> &[Entry] {
        self.inner.transcript()
    }

    fn file_limits(&self, service: &str) -> Option<&FileLimits> {
        note_key(Some(Key::Service(SERVICE)));
        self.inner.file_limits(service)
    }

    fn newest_inbound(&self) -> Option<&Interaction> {
        self.inner.newest_inbound()
    }

    fn base(&self) -> Option<&Interaction> {
        let base = match self.action() {
            Some(Action::CreateDraft(draft)) => draft.base,
            Some(Action::Send(dispatch)) => dispatch.base,
            _ => None,
        };
        note_key(base.map(Key::Interaction));
        self.inner.base()
    }

    fn joined(&self) -> Option<&Interaction> {
        if let Some(Action::Join { parent: Named::Known(parent) }) = self.action() {
            note_key(Some(Key::Interaction(*parent)));
        }
        self.inner.joined()
    }

    fn may_send_as(&self, address: &str) -> bool {
        self.inner.may_send_as(address)
    }

    fn default_sender(&self) -> Option<String> {
        self.inner.default_sender()
    }

    fn is_claimed(&self) -> bool {
        self.inner.is_claimed()
    }

    fn message_id(&self, sender: &str, sends: u32) -> Option<String> {
        self.inner.message_id(sender, sends)
    }
}
