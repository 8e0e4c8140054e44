//! The state table, written a second time and as plainly as can be: numbers for people, words for
//! answers, no helper that the rules have, no type of theirs. Where it is clumsy it is meant to be:
//! it must be right by reading.

mod moves;

/// A person by number: 0 to 3 are agents of the group, 4 is a supervisor and in no group.
pub(crate) type Person = usize;

/// The supervisor.
pub(crate) const BOSS: Person = 4;

/// Who gives a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Person(Person),
    Customer,
    Router,
    Server,
    Mailer,
}

/// How a thing is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    Process,
    Chat,
    AfterChat,
    Draft,
}

/// Why somebody was asked by an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    Transfer,
    Invite,
    Consult,
    /// Nobody asked: the supervisor looks on.
    Watch,
}

/// A workbin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bin {
    Progress(Person),
    Drafts(Person),
    Team,
}

/// Where a thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    Waiting,
    Offered(Person),
    Held { by: Person, asked: Option<(Person, Why)>, guests: Vec<(Person, Why)> },
    Binned(Bin),
    Leaving(Person),
    Over(&'static str),
}

/// One interaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) medium: &'static str,
    pub(crate) work: Work,
    pub(crate) spot: Spot,
    pub(crate) has_queue: bool,
    pub(crate) needs_skill: bool,
    /// Who passed it by in this wait, and when.
    pub(crate) passes: Vec<(Person, i64)>,
    pub(crate) parent: Option<usize>,
    pub(crate) open_drafts: Vec<usize>,
    pub(crate) epoch: u64,
    pub(crate) offers: u64,
    /// The number of what somebody was asked last, the supervisor's own seat apart.
    pub(crate) asked_as: u64,
    /// The number of the seat that the supervisor asked for and has not taken.
    pub(crate) seat: Option<u64>,
    /// When the owner became it.
    pub(crate) held_since: i64,
    /// When it began.
    pub(crate) opened: i64,
    pub(crate) has_file: bool,
}

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Offer(Person),
    Accept,
    Reject,
    Expire(u64),
    Update,
    Attach,
    Delete,
    Disposition,
    Comment,
    Focus,
    Change,
    ChangePriority,
    ChangeEmail,
    ToQueue,
    ToNowhere,
    ToBin(Bin),
    Pull,
    TransferTo(Person),
    TransferToQueue,
    TransferToSkill,
    Invite(Person),
    Consult(Person),
    Remove(Person),
    Leave,
    EndChat,
    CustomerLeft,
    Say,
    CompleteTransfer(Person),
    CompleteConference(Person),
    Intrude,
    Complete,
    CompleteTo,
    MakeDraft,
    Save,
    Send,
    Cancel,
    Delivered,
    Failed,
    Defer,
    AddFile,
    RemoveFile,
    Split,
    Join(usize),
    Silent,
    Gone(Person),
}

/// A person's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) session: bool,
    pub(crate) listening: bool,
    pub(crate) ready: bool,
    pub(crate) last_request: i64,
}

/// Everything.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) now: i64,
    pub(crate) things: Vec<Thing>,
    pub(crate) people: [Presence; 5],
}

/// What one person is shown: the word, and whether it is still their business.
pub(crate) type Shown = (Person, &'static str, bool);

/// How many of a medium one person may have.
pub(crate) const MOST: usize = 6;
/// How long one who passed is left alone, in ms.
pub(crate) const AGAIN_MS: i64 = 30_000;
/// How long an owner may be silent, in ms.
pub(crate) const SILENCE_MS: i64 = 180 * 60 * 1000;

impl Reference {
    /// Carries a command out; the answer is what everybody is shown, or the refusal's name.
    pub(crate) fn command(
        &mut self,
        who: Who,
        at: usize,
        what: What,
    ) -> Result<Vec<Shown>, &'static str> {
        let before = self.things[at].clone();
        let after = self.moved(who, at, what)?;
        let shown = farewell_and_greeting(&before, &after, who, what, &self.people);
        self.things[at] = after;
        Ok(shown)
    }

    /// Counts the slots that a person has taken of a medium.
    pub(crate) fn taken(&self, person: Person, medium: &str) -> usize {
        let is_theirs = |thing: &&Thing| {
            thing.medium == medium && thing.work != Work::Draft && workers(thing).contains(&person)
        };
        self.things.iter().filter(is_theirs).count()
    }

    fn has_room(&self, person: Person, medium: &str) -> bool {
        self.taken(person, medium) < MOST
    }
}

/// Lists who holds a thing in some way.
pub(crate) fn holders(thing: &Thing) -> Vec<Person> {
    match &thing.spot {
        Spot::Waiting | Spot::Binned(_) | Spot::Over(_) => vec![],
        Spot::Offered(to) => vec![*to],
        Spot::Leaving(by) => vec![*by],
        Spot::Held { by, asked, guests } => {
            let mut all = vec![*by];
            all.extend(asked.iter().map(|(to, _)| *to));
            all.extend(guests.iter().map(|(guest, _)| *guest));
            all.extend(thing.seat.map(|_| BOSS));
            all
        }
    }
}

/// Lists those of them who have to work on it, and not just look on.
pub(crate) fn workers(thing: &Thing) -> Vec<Person> {
    match &thing.spot {
        Spot::Held { by, asked, guests } => {
            let mut all = vec![*by];
            all.extend(asked.iter().map(|(to, _)| *to));
            all.extend(colleagues(guests));
            all
        }
        _ => holders(thing),
    }
}

/// Lists the guests who were asked.
pub(crate) fn colleagues(guests: &[(Person, Why)]) -> Vec<Person> {
    guests.iter().filter(|(_, why)| *why != Why::Watch).map(|(guest, _)| *guest).collect()
}

/// Says the state of a thing in one word, as somebody sees it.
pub(crate) fn word(thing: &Thing, reader: Option<Person>) -> &'static str {
    match (&thing.spot, thing.work) {
        (Spot::Waiting, _) => "Queued",
        (Spot::Offered(_), _) => "Invited",
        (Spot::Held { asked: Some((to, _)), .. }, _) if Some(*to) == reader => "Invited",
        (Spot::Held { .. }, _) if thing.seat.is_some() && reader == Some(BOSS) => "Invited",
        (Spot::Held { .. }, Work::Process) => "Processing",
        (Spot::Held { .. }, Work::Chat) => "Chatting",
        (Spot::Held { .. }, Work::AfterChat) => "LeftChat",
        (Spot::Held { .. }, Work::Draft) => "Composing",
        (Spot::Binned(_), _) => "InWorkbin",
        (Spot::Leaving(_), _) => "Sending",
        (Spot::Over(how), _) => how,
    }
}

/// Lists what everybody is shown whom the thing concerned or concerns.
fn farewell_and_greeting(
    before: &Thing,
    after: &Thing,
    who: Who,
    what: What,
    people: &[Presence; 5],
) -> Vec<Shown> {
    if is_silent(before, who, what, after) {
        return vec![];
    }
    let mut shown = vec![];
    let is_secret = is_secret(before, who, what);
    for person in (0..people.len()).filter(|person| !is_secret || *person == BOSS) {
        let (was, is) = (holders(before).contains(&person), holders(after).contains(&person));
        if is {
            shown.push((person, word(after, Some(person)), true));
        } else if was {
            shown.push((person, farewell(before, person, who, what), false));
        }
    }
    shown
}

/// That the supervisor looks on, or wants to, is their own business.
fn is_secret(before: &Thing, who: Who, what: What) -> bool {
    let Spot::Held { asked, guests, .. } = &before.spot else { return false };
    let is_asked = asked.is_some_and(|(to, _)| to == BOSS);
    let is_boss = who == Who::Person(BOSS);
    match what {
        What::Intrude => true,
        What::Accept | What::Reject => is_boss && before.seat.is_some(),
        What::Expire(number) => before.seat == Some(number),
        What::Leave if !is_boss => false,
        What::Leave | What::Gone(BOSS) => {
            !is_asked && (before.seat.is_some() || guests.contains(&(BOSS, Why::Watch)))
        }
        _ => false,
    }
}

/// Some commands succeed and change nothing that is shown.
fn is_silent(before: &Thing, _who: Who, what: What, after: &Thing) -> bool {
    let is_unchanged = before == after;
    match what {
        // What is said travels beside what is shown.
        What::Focus | What::MakeDraft | What::Say | What::Defer => true,
        What::Leave | What::Silent => is_unchanged,
        _ => false,
    }
}

/// Says the last word that somebody hears of a thing.
fn farewell(before: &Thing, person: Person, who: Who, what: What) -> &'static str {
    let own = who == Who::Person(person);
    match (&before.spot, what) {
        (_, What::Reject | What::Leave) if own => "Completed",
        (Spot::Leaving(_), What::Delivered) => "Sent",
        (Spot::Leaving(_), _) => "InWorkbin",
        (Spot::Held { by, guests, .. }, what) => {
            let is_guest = colleagues(guests).contains(&person);
            match what {
                What::ToQueue
                | What::CompleteTo
                | What::TransferToQueue
                | What::TransferToSkill
                    if *by == person =>
                {
                    "Completed"
                }
                What::CompleteTransfer(_) if *by == person => "Completed",
                What::Complete if *by == person || is_guest => "Completed",
                What::EndChat | What::CustomerLeft if is_guest => "Completed",
                What::Accept if *by == person => "Completed",
                What::ToBin(_) if *by == person => "InWorkbin",
                What::Cancel if *by == person => "Canceled",
                _ => "Revoked",
            }
        }
        _ => "Revoked",
    }
}
