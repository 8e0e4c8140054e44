//! What follows for the conversation of a chat from the states before and after a change: who came
//! in and who left, which timers run, who is told what was said. It is part of [`Change::finish`],
//! so that no command can forget any of it.
//!
//! Somebody who comes in is `Joined` for all who see them, and somebody who leaves has `Left` for
//! the same ones; who becomes visible to more readers joins again for these, and who becomes
//! visible to fewer leaves for all and joins for the fewer. So every audience can tell from its own
//! entries who is there. After the customer's session nothing more is for the customer.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::{self, Vec};

use crate::chat::{Chat, Content, Entry, LeaveReason, PartyId, PartyKind, Speaker, Visibility};
use crate::command::Actor;
use crate::event::{Fact, Notice, NotificationType, Subject, View};
use crate::id::UserId;
use crate::interaction::change::Change;
use crate::interaction::decision::{TimerChange, TimerKind};
use crate::interaction::notices::plain;
use crate::interaction::{Interaction, State};
use crate::time::Time;

/// Somebody who holds the chat after the change: its owner or a participant.
struct Holder {
    user: UserId,
    kind: PartyKind,
    sees: Visibility,
    shown_to: Visibility,
    nickname: Option<String>,
}

impl Holder {
    /// Tells whether they are there as their role has it, and by every number that they may have:
    /// nearly always they are, as when something is said.
    fn is_there_already(&self, chat: &Chat) -> bool {
        chat.present(self.user).is_some_and(|party| {
            (party.kind, party.sees, party.shown_to) == (self.kind, self.sees, self.shown_to)
                && self.nickname.as_ref().is_none_or(|nickname| *nickname == party.nickname)
                && (party.public.is_some() || self.shown_to > Visibility::All)
                && (party.colleague.is_some() || self.shown_to > Visibility::Agents)
        })
    }
}

/// Records who came and went; returns those who came in.
pub(super) fn settle(before: Option<&Interaction>, change: &mut Change<'_>) -> Vec<UserId> {
    let Some(chat) = change.after.chat() else { return Vec::new() };
    let holders = holders(&change.after);
    let was_live = before.is_some_and(|before| before.chat().is_some_and(Chat::is_live));
    let ended = chat.ended.filter(|_| was_live);
    // Whom agents shut out sees them go; a customer who goes by themselves sees nothing more.
    let is_shut_out = ended == Some(LeaveReason::Removed);
    if before.is_none() {
        let customer = chat.customer_party().map(Speaker::from);
        customer
            .into_iter()
            .for_each(|customer| change.say(customer, Visibility::All, Content::Joined));
    }
    if !is_shut_out {
        ended.into_iter().for_each(|reason| customer_leaves(change, reason));
    }
    let came = holders.iter().filter_map(|holder| come(change, holder)).collect();
    go(change, &holders);
    if is_shut_out {
        ended.into_iter().for_each(|reason| customer_leaves(change, reason));
    }
    came
}

fn holders(interaction: &Interaction) -> Vec<Holder> {
    let Some(handling) = interaction.handling() else { return Vec::new() };
    let owner = Holder {
        user: handling.by,
        kind: PartyKind::Agent(handling.by),
        sees: Visibility::Agents,
        shown_to: Visibility::All,
        nickname: handling.nickname.clone(),
    };
    let others = handling.others.iter().map(|other| Holder {
        user: other.user,
        kind: other.role.party(other.user),
        sees: other.role.sees(),
        shown_to: other.role.shown_to(),
        nickname: other.nickname.clone(),
    });
    core::iter::once(owner).chain(others).collect()
}

fn customer_leaves(change: &mut Change<'_>, reason: LeaveReason) {
    let parties = change.after.chat_mut().into_iter().flat_map(|chat| &mut chat.parties);
    let customer = parties.into_iter().find(|party| party.id == PartyId::CUSTOMER).map(|party| {
        party.present = false;
        Speaker::from(&*party)
    });
    if let Some(customer) = customer {
        change.say(customer, Visibility::All, Content::Left { reason });
    }
}

/// Lets somebody be there as their role has it; returns them when they were not there before.
fn come(change: &mut Change<'_>, holder: &Holder) -> Option<UserId> {
    if holder.is_there_already(change.after.chat()?) {
        return None;
    }
    let default_name = name_of(change, holder.user);
    let chat = change.after.chat_mut()?;
    let shown_to = holder.shown_to;
    let (next_public, next_colleague) = (chat.next_public(), chat.next_colleague());
    let is_seen_by_customer = shown_to == Visibility::All && customer_is_there(chat);
    let party = chat.party_of(holder.user);
    let (was_there, earlier, old_name) = (party.present, party.shown_to, party.nickname.clone());
    if !was_there || holder.nickname.is_some() {
        party.nickname = holder.nickname.clone().unwrap_or(default_name);
    }
    if is_seen_by_customer && party.public.is_none() {
        party.public = Some(next_public);
    }
    if shown_to <= Visibility::Agents && party.colleague.is_none() {
        party.colleague = next_colleague;
    }
    party.kind = holder.kind;
    party.sees = holder.sees;
    party.shown_to = shown_to;
    party.present = true;
    let speaker = Speaker::from(&*party);
    let is_renamed = party.nickname != old_name;
    if was_there && earlier < shown_to {
        let gone = Content::Left { reason: LeaveReason::Itself };
        announce(change, speaker.clone(), earlier, gone);
    }
    if !was_there || earlier != shown_to {
        announce(change, speaker, shown_to, Content::Joined);
    } else if is_renamed {
        let nickname = speaker.nickname.clone();
        announce(change, speaker, shown_to, Content::NicknameUpdated { nickname });
    }
    (!was_there).then_some(holder.user)
}

/// Lets everybody go who holds it no more.
fn go(change: &mut Change<'_>, holders: &[Holder]) {
    let mut gone = Vec::new();
    let parties = change.after.chat_mut().into_iter().flat_map(|chat| &mut chat.parties);
    for party in parties.filter(|party| party.present) {
        let Some(user) = party.kind.user() else { continue };
        if holders.iter().all(|holder| holder.user != user) {
            party.present = false;
            gone.push((user, Speaker::from(&*party), party.shown_to));
        }
    }
    for (user, speaker, shown_to) in gone {
        let reason = leave_reason(change, user);
        announce(change, speaker, shown_to, Content::Left { reason });
    }
}

/// Records a coming or going. The customer hears of none once their session is over.
fn announce(change: &mut Change<'_>, speaker: Speaker, shown_to: Visibility, content: Content) {
    let is_there = change.after.chat().is_some_and(customer_is_there);
    let visibility = if is_there { shown_to } else { shown_to.max(Visibility::Agents) };
    change.say(speaker, visibility, content);
}

fn customer_is_there(chat: &Chat) -> bool {
    chat.customer_party().is_some_and(|customer| customer.present)
}

/// Returns why somebody left, from who caused it and where the chat is now.
fn leave_reason(change: &Change<'_>, user: UserId) -> LeaveReason {
    if change.handed_over == Some(user) {
        return LeaveReason::HandedOver;
    }
    if change.after.wait().is_some() {
        return LeaveReason::Requeued;
    }
    match change.actor {
        Actor::User(caller) if caller.user == user => LeaveReason::Itself,
        Actor::User(_) => LeaveReason::Removed,
        Actor::Customer | Actor::Router | Actor::Server | Actor::Mailer => LeaveReason::ByServer,
    }
}

/// Returns the name of an agent who gave none: the nickname that they are configured with, else the
/// first name. The whole name and the one to log in with are no business of a customer's.
fn name_of(change: &Change<'_>, user: UserId) -> String {
    const NAMELESS: &str = "Agent";
    let known = change.context.world.user(user);
    let names = known
        .into_iter()
        .flat_map(|user| [user.nickname.as_deref(), Some(user.first_name.as_str())]);
    let given = names.flatten().map(str::trim).find(|name| !name.is_empty());
    given.unwrap_or(NAMELESS).to_string()
}

/// Returns the timers of a conversation that change. The customer's silence is watched while it is
/// live, idleness while an agent is in it, and the wait while it waits for one. An entry puts none
/// of them off, so that it costs no write; they find out by themselves when they are due. But a
/// conversation that goes on after the alert starts anew.
pub(super) fn timers(before: Option<&Interaction>, after: &Interaction) -> Vec<TimerChange> {
    let mut timers = Vec::new();
    match (before.and_then(live_chat), live_chat(after)) {
        (None, Some(chat)) if chat.times.customer_silence_ms > 0 => {
            let due = after.received.plus_ms(chat.times.customer_silence_ms);
            timers.push(TimerChange::Set(TimerKind::CustomerSilence, due));
        }
        (Some(earlier), None) if earlier.times.customer_silence_ms > 0 => {
            timers.push(TimerChange::Clear(TimerKind::CustomerSilence));
        }
        _ => {}
    }
    timers.extend(idle_timer(before, after));
    let waited = before.and_then(wait_due);
    let waits = wait_due(after);
    if waited != waits {
        timers.push(set_or_clear(TimerKind::LongestWait, waits));
    }
    timers
}

fn idle_timer(before: Option<&Interaction>, after: &Interaction) -> Option<TimerChange> {
    let due = idle_due(after);
    match (before.and_then(attended_chat), attended_chat(after)) {
        (None, Some(_)) => due.map(|due| TimerChange::Set(TimerKind::ChatIdle, due)),
        (Some(earlier), Some(chat)) if earlier.alerted == chat.alerted => None,
        (Some(_), Some(_)) => Some(set_or_clear(TimerKind::ChatIdle, due)),
        (Some(earlier), None) if earlier.times.idle_alert_ms > 0 => {
            Some(TimerChange::Clear(TimerKind::ChatIdle))
        }
        (_, None) => None,
    }
}

fn set_or_clear(timer: TimerKind, due: Option<Time>) -> TimerChange {
    due.map_or(TimerChange::Clear(timer), |due| TimerChange::Set(timer, due))
}

fn live_chat(interaction: &Interaction) -> Option<&Chat> {
    interaction.chat().filter(|chat| chat.is_live())
}

/// Returns the live conversation of a chat that an agent is in.
fn attended_chat(interaction: &Interaction) -> Option<&Chat> {
    live_chat(interaction).filter(|_| interaction.handling().is_some())
}

impl Interaction {
    /// Returns when a conversation whose participants were alerted that nobody writes ends, unless
    /// somebody says something before; `None` of any other.
    #[must_use]
    pub fn idle_end(&self) -> Option<Time> {
        self.chat()?.alerted?;
        idle_due(self)
    }
}

/// Returns when a conversation is alerted next, or after the alert when it ends; `None` when it
/// never is, as while no agent is in it.
pub(super) fn idle_due(interaction: &Interaction) -> Option<Time> {
    let chat = attended_chat(interaction)?;
    let times = chat.times;
    let (since, ms) = match chat.alerted {
        _ if times.idle_alert_ms == 0 => return None,
        None => (chat.last_activity, times.idle_alert_ms),
        Some(alerted) => (alerted, times.idle_close_ms),
    };
    (ms > 0).then(|| since.plus_ms(ms))
}

/// Returns when the customer of a chat has waited as long as the service allows; `None` when nobody
/// is waited for or the wait has no end. While an agent is being asked the wait stands still: it
/// would take the chat away under the agent's hands.
pub(super) fn wait_due(interaction: &Interaction) -> Option<Time> {
    let chat = live_chat(interaction)?;
    let State::Queued(wait) = &interaction.state else { return None };
    let ms = chat.times.wait_max_ms;
    (ms > 0).then(|| wait.since.plus_ms(ms))
}

/// What the conversation has to tell beside the usual event.
#[derive(Default)]
pub(super) struct Talk {
    /// The facts of last words, the interaction as it was then, and who is told before anything
    /// else.
    pub(super) last_words: Option<(Vec<Fact>, Interaction, Vec<Notice>)>,
    /// The end of the conversation, for each whom it takes out.
    pub(super) endings: Vec<(Subject, Notice)>,
    /// The facts of what was said, and who is told.
    pub(super) said: Option<(Vec<Fact>, Vec<Notice>)>,
    /// What was said before, for each who came in.
    pub(super) transcripts: Vec<(Subject, Notice)>,
}

/// Works out who is told what was said: everybody who is there after the change and sees some of
/// it; of last words, who was there when they were said. Whoever came in is shown first what was
/// said before.
pub(super) fn talk(
    before: Option<&Interaction>,
    change: &Change<'_>,
    said: Vec<Entry>,
    came: &[UserId],
) -> Talk {
    let Some(chat) = change.after.chat() else { return Talk::default() };
    let readers = readers(chat);
    let spoken = change.last_words.as_ref().map_or(0, |words| words.said);
    let mut said = said.into_iter();
    let first: Vec<Entry> = said.by_ref().take(spoken).collect();
    let last_words = change.last_words.as_ref().and_then(|words| {
        let there = self::readers(words.then.chat()?);
        let (facts, told) = news(first.into_iter(), &there)?;
        Some((facts, words.then.clone(), told))
    });
    let endings = endings(before, change, said.as_slice());
    let said = news(said, &readers);
    let newcomers = readers.iter().filter(|(user, _)| came.contains(user));
    let transcripts = newcomers.filter_map(|(user, sees)| {
        let entries = shown(change.context.world.transcript(), *sees);
        let is_any = !entries.is_empty();
        let subject = || Subject::Transcript { interaction: change.after.clone(), entries };
        is_any.then(|| (subject(), messages(*user, *sees)))
    });
    let transcripts = transcripts.collect();
    Talk { last_words, endings, said, transcripts }
}

/// Returns what those are told whom the end of the customer's session takes out: that the customer
/// has gone, before they are out. Each is told by themselves, so that nobody else hears anything in
/// another order because somebody looked on. Whoever ended it themselves knows.
fn endings(
    before: Option<&Interaction>,
    change: &Change<'_>,
    said: &[Entry],
) -> Vec<(Subject, Notice)> {
    let (Some(before), Some(chat)) = (before, change.after.chat()) else { return Vec::new() };
    let is_end = |entry: &Entry| {
        entry.from.kind == PartyKind::Customer && matches!(entry.content, Content::Left { .. })
    };
    let Some(end) = said.iter().position(is_end) else { return Vec::new() };
    let there = before.chat().map(readers).unwrap_or_default();
    let goes = |user: UserId| chat.present(user).is_none() && change.actor.user() != Some(user);
    let told = there.into_iter().filter(|(user, _)| goes(*user)).map(|(user, sees)| {
        let entries =
            said[..=end].iter().filter(|entry| entry.visibility <= sees).cloned().collect();
        (Subject::Transcript { interaction: before.clone(), entries }, messages(user, sees))
    });
    told.collect()
}

/// Returns the agents and supervisors who are there, and how much each sees.
fn readers(chat: &Chat) -> Vec<(UserId, Visibility)> {
    let present = chat.parties.iter().filter(|party| party.present);
    present.filter_map(|party| party.kind.user().map(|user| (user, party.sees))).collect()
}

/// Returns the facts of entries and who is told of them; `None` without any.
fn news(
    entries: vec::IntoIter<Entry>,
    readers: &[(UserId, Visibility)],
) -> Option<(Vec<Fact>, Vec<Notice>)> {
    let widest = entries.as_slice().iter().map(|entry| entry.visibility).min()?;
    let told = readers.iter().filter(|(_, sees)| widest <= *sees);
    let told = told.map(|(user, sees)| messages(*user, *sees)).collect();
    Some((entries.map(|entry| Fact::Said(Box::new(entry))).collect(), told))
}

const fn messages(user: UserId, sees: Visibility) -> Notice {
    plain(user, View::Messages { sees }, NotificationType::NewMessages)
}

/// Takes what a newcomer is shown from the end of the transcript, oldest first.
fn shown(transcript: &[Entry], sees: Visibility) -> Vec<Entry> {
    let mut bytes = 0_usize;
    let mut entries: Vec<Entry> = transcript
        .iter()
        .rev()
        .filter(|entry| entry.visibility <= sees)
        .take(Chat::SHOWN_ENTRIES_MAX)
        .take_while(|entry| {
            bytes = bytes.saturating_add(entry.content.text_bytes());
            bytes <= Chat::SHOWN_BYTES_MAX
        })
        .cloned()
        .collect();
    entries.reverse();
    entries
}
