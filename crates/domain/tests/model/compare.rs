//! The rules and the reference, given the same random commands.

mod dice;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handoff_domain::desk::{Channels, Reach};
use handoff_domain::id::InteractionId;
use handoff_domain::interaction::decide::decide;
use handoff_domain::invariants;
use handoff_domain::time::Time;

use self::dice::Dice;
use self::table::{ENDINGS, KINDS, is_legal, missing, row, thing};
use crate::floor::{Floor, MEDIA};
use crate::reference::{BOSS, Bin, Presence, Reference, Spot, Thing, What, Who, Work, holders};
use crate::world::{action, actor, differences, is_shown, media, refusal, shown, user};
use crate::{number_from_env, say};

const COMMANDS_BY_DEFAULT: u64 = 20_000;
const MEDIUMS: [&str; 3] = ["email", "chat", "workitem"];
/// Interactions of each medium that are kept going at a time: enough for every state to be about,
/// few enough for each to get far.
const THINGS: usize = 5;

/// Both sides, and what was seen so far.
struct Comparison {
    dice: Dice,
    floor: Floor,
    reference: Reference,
    ids: Vec<InteractionId>,
    reached: BTreeSet<(String, &'static str)>,
    refused: BTreeMap<String, u64>,
    changed_though_refused: u64,
    differences: Vec<String>,
    steps: u64,
}

impl Comparison {
    fn new(seed: u64) -> Self {
        let floor = Floor::new();
        let now = floor.now.0;
        let presence =
            Presence { session: true, listening: true, ready: true, last_request: i64::MIN / 2 };
        let mut comparison = Self {
            dice: Dice(seed),
            floor,
            reference: Reference { now, things: Vec::new(), people: [presence; 5] },
            ids: Vec::new(),
            reached: BTreeSet::new(),
            refused: BTreeMap::new(),
            changed_though_refused: 0,
            differences: Vec::new(),
            steps: 0,
        };
        for user in Arc::make_mut(&mut comparison.floor.users).values_mut() {
            user.capacity.by_media = MEDIA.iter().map(|media| (media.clone(), 6)).collect();
        }
        comparison
    }

    /// Lets one thing happen beside the commands: time goes by, somebody comes, goes, or is not
    /// Ready.
    fn weather(&mut self) {
        if self.dice.one_in(4) {
            let ms = self.dice.pick(&[500, 10_000, 31_000, 31_000, 60 * 60 * 1000]);
            self.floor.now = Time(self.floor.now.0 + ms);
            self.reference.now = self.floor.now.0;
        }
        if !self.dice.one_in(12) {
            return;
        }
        let person = self.dice.roll(5);
        let now = self.floor.now;
        let presence = &mut self.reference.people[person];
        let desk = self.floor.desks.get_mut(&user(person)).expect("everybody has a desk");
        match self.dice.roll(5) {
            0 if presence.session => {
                let _ = desk.end_session();
                presence.session = false;
                presence.ready = false;
            }
            1 if presence.session => {
                presence.ready = false;
                let _ = desk.set_not_ready(Channels::All, None);
            }
            2 => {
                presence.listening = false;
                desk.set_reach(Reach::default(), now);
            }
            3 => {
                presence.last_request = now.0;
                self.floor.requests.insert(user(person), now);
            }
            _ => {
                *presence = Presence { session: true, listening: true, ready: true, ..*presence };
                self.floor.log_in(user(person));
            }
        }
    }

    /// Lets everybody come back; somebody who is away for long would hide a part of the table.
    fn sunshine(&mut self) {
        for (person, presence) in self.reference.people.iter_mut().enumerate() {
            if *presence != (Presence { session: true, listening: true, ready: true, ..*presence })
            {
                *presence = Presence { session: true, listening: true, ready: true, ..*presence };
                self.floor.log_in(user(person));
            }
        }
    }

    /// Returns the interaction that comes next; a new one when there are few left.
    fn next(&mut self) -> usize {
        // Chats have most states, so every second one is a chat; the media would not stay balanced
        // by themselves.
        let medium = self.dice.pick(&["chat", "chat", "email", "workitem"]);
        let is_going = |at: &usize| {
            let thing = &self.reference.things[*at];
            thing.medium == medium && !matches!(thing.spot, Spot::Over(_))
        };
        let going: Vec<usize> = (0..self.reference.things.len()).filter(is_going).collect();
        if going.len() < THINGS {
            // A chat without a customer follows the same table (tested by the rows of the state
            // table itself).
            let is_chat = medium == "chat";
            let id = if is_chat { self.floor.converse() } else { self.floor.open(&media(medium)) };
            self.ids.push(id);
            let work = if is_chat { Work::Chat } else { Work::Process };
            let opened = self.reference.now;
            self.reference.things.push(Thing { medium, opened, ..thing(work, Spot::Waiting) });
            return self.ids.len() - 1;
        }
        if self.dice.one_in(40) {
            return self.dice.roll(self.ids.len());
        }
        // Of a few, the one whose state has most that was not seen yet.
        let few = [0; 4].map(|_| self.dice.pick(&going));
        few.into_iter()
            .max_by_key(|at| self.unseen(&row(&self.reference.things[*at])).len())
            .unwrap_or(going[0])
    }

    /// Lists the kinds of command that are legal in a state and were not carried out in it yet.
    fn unseen(&self, row: &str) -> Vec<&'static str> {
        let is_new = |kind: &&&'static str| {
            is_legal(row, kind) && !self.reached.contains(&(row.to_string(), **kind))
        };
        KINDS.iter().filter(is_new).copied().collect()
    }

    /// Returns a kind of command, rather one that is legal and was not seen in this state yet.
    fn kind(&mut self, row: &str) -> &'static str {
        // Most of the table lies behind an Accept, and nothing behind a chat that is over.
        if row.starts_with("Waiting") && self.dice.one_in(2) {
            return "Offer";
        }
        let new = self.unseen(row);
        if !new.is_empty() && !self.dice.one_in(4) {
            return self.dice.pick(&new);
        }
        if (row.starts_with("Offered") || row.contains("with")) && self.dice.one_in(3) {
            return "Accept";
        }
        if row.contains("seat") && self.dice.one_in(4) {
            return "Accept";
        }
        if (row == "Held Chat" || row == "Held Chat in company") && self.dice.one_in(3) {
            return self.dice.pick(&["Invite", "Consult", "TransferTo"]);
        }
        if row.starts_with("Held AfterChat") && self.dice.one_in(2) {
            return "Complete";
        }
        let legal: Vec<&'static str> =
            KINDS.iter().copied().filter(|kind| is_legal(row, kind)).collect();
        if legal.is_empty() || self.dice.one_in(4) {
            return self.dice.pick(KINDS);
        }
        // What takes an interaction out of somebody's hands is rarer than what is done with it, as
        // in life.
        let first = self.dice.pick(&legal);
        if ENDINGS.contains(&first) && !self.dice.one_in(4) {
            self.dice.pick(&legal)
        } else {
            first
        }
    }

    fn who(&mut self, thing: &Thing, kind: &str) -> Who {
        let right = match (kind, &thing.spot) {
            ("Offer", _) => Who::Router,
            ("Expire" | "Silent" | "Gone", _) => Who::Server,
            ("Delivered" | "Failed" | "Defer", _) => Who::Mailer,
            ("CustomerLeft", _) => self.dice.pick(&[Who::Customer, Who::Server]),
            ("Say", Spot::Held { by, guests, .. }) => {
                let guest = guests.first().map_or(*by, |(guest, _)| *guest);
                self.dice.pick(&[Who::Customer, Who::Person(*by), Who::Person(guest)])
            }
            ("Say", _) | ("Update" | "Attach", Spot::Waiting | Spot::Offered(_)) => Who::Customer,
            ("ToQueue", Spot::Binned(_)) => Who::Server,
            ("ChangePriority" | "Intrude", _) => Who::Person(BOSS),
            ("Accept" | "Reject", Spot::Held { asked: None, .. }) => Who::Person(BOSS),
            ("Split" | "Join", Spot::Held { by, .. }) => {
                self.dice.pick(&[Who::Person(*by), Who::Person(BOSS)])
            }
            ("Pull", Spot::Binned(Bin::Progress(owner) | Bin::Drafts(owner))) => {
                Who::Person(*owner)
            }
            ("Accept" | "Reject", Spot::Offered(to) | Spot::Held { asked: Some((to, _)), .. }) => {
                Who::Person(*to)
            }
            ("Leave", Spot::Held { guests, .. }) if !guests.is_empty() && self.dice.one_in(2) => {
                Who::Person(guests[0].0)
            }
            (_, Spot::Held { by, .. }) => Who::Person(*by),
            _ => Who::Person(BOSS),
        };
        if self.dice.one_in(5) {
            let person = Who::Person(self.dice.roll(5));
            self.dice.pick(&[
                person,
                person,
                person,
                Who::Customer,
                Who::Router,
                Who::Server,
                Who::Mailer,
            ])
        } else {
            right
        }
    }

    fn what(&mut self, thing: &Thing, kind: &str, who: Who) -> What {
        let own = if let Who::Person(person) = who { person } else { 0 };
        let anybody = self.dice.roll(5);
        let held = holders(thing);
        let involved = if held.is_empty() { anybody } else { self.dice.pick(&held) };
        match kind {
            "Offer" => What::Offer(anybody),
            "Accept" => What::Accept,
            "Reject" => What::Reject,
            "Expire" if self.dice.one_in(3) => What::Expire(thing.asked_as),
            "Expire" => {
                What::Expire(thing.offers - u64::from(thing.offers > 0 && self.dice.one_in(6)))
            }
            "Update" => What::Update,
            "Attach" => What::Attach,
            "Delete" => What::Delete,
            "Disposition" => What::Disposition,
            "Comment" => What::Comment,
            "Focus" => What::Focus,
            "Change" => What::Change,
            "ChangePriority" => What::ChangePriority,
            "ChangeEmail" => What::ChangeEmail,
            "ToQueue" if self.dice.one_in(8) => What::ToNowhere,
            "ToQueue" => What::ToQueue,
            "ToBin" => {
                What::ToBin(self.dice.pick(&[Bin::Progress(own), Bin::Drafts(own), Bin::Team]))
            }
            "Pull" => What::Pull,
            "TransferTo" => What::TransferTo(anybody),
            "TransferToQueue" => What::TransferToQueue,
            "TransferToSkill" => What::TransferToSkill,
            "Invite" => What::Invite(anybody),
            "Consult" => What::Consult(anybody),
            "Remove" => What::Remove(involved),
            "Leave" => What::Leave,
            "EndChat" => What::EndChat,
            "CustomerLeft" => What::CustomerLeft,
            "Say" => What::Say,
            "CompleteTransfer" => What::CompleteTransfer(involved),
            "CompleteConference" => What::CompleteConference(involved),
            "Intrude" => What::Intrude,
            "Complete" => What::Complete,
            "CompleteTo" => What::CompleteTo,
            "MakeDraft" => What::MakeDraft,
            "Save" => What::Save,
            "Send" => What::Send,
            "Cancel" => What::Cancel,
            "Delivered" => What::Delivered,
            "Defer" => What::Defer,
            "AddFile" => What::AddFile,
            "RemoveFile" => What::RemoveFile,
            "Split" => What::Split,
            "Join" => What::Join(self.dice.roll(self.ids.len())),
            "Failed" => What::Failed,
            "Silent" => What::Silent,
            "Gone" => What::Gone(involved),
            other => panic!("unknown kind {other}"),
        }
    }

    /// Returns one command to both and compares.
    fn step(&mut self) {
        self.weather();
        if self.dice.one_in(4) {
            self.sunshine();
        }
        let at = self.next();
        let thing = self.reference.things[at].clone();
        let row = row(&thing);
        let kind = self.kind(&row);
        let who = self.who(&thing, kind);
        let what = self.what(&thing, kind, who);
        let id = self.ids[at];
        let (before, desks) = (self.floor.interactions[&id].clone(), self.floor.desks.clone());
        let known = self.floor.interactions.len();
        let command = action(&self.floor, id, what, &self.ids);
        let given = actor(&self.floor, who);
        let theirs = self.floor.apply(decide, id, given, command);
        let ours = self.reference.command(who, at, what);
        let context = format!("{what:?} by {who:?} on {row} ({:?})", thing.spot);
        match (&theirs, &ours) {
            (Ok(decision), Ok(expected)) => {
                if self.floor.interactions.len() > known {
                    self.ids.push(decision.related[0].id);
                }
                if !is_shown(expected, &shown(decision)) {
                    let found = shown(decision);
                    self.differences
                        .push(format!("{context}: shown {found:?}, expected {expected:?}"));
                }
                let said = invariants::step::said_in_order(
                    Some(&before),
                    &decision.after,
                    decision.said(),
                );
                if let Err(violation) = invariants::check_step(&before, &decision.after).and(said) {
                    self.differences.push(format!("{context}: {violation}"));
                }
                self.reached.insert((row, kind));
            }
            (Err(rejection), Err(expected)) if refusal(rejection) == *expected => {
                *self.refused.entry(expected.to_string()).or_default() += 1;
                let is_same = before == self.floor.interactions[&id] && desks == self.floor.desks;
                self.changed_though_refused += u64::from(!is_same);
            }
            (theirs, ours) => {
                let theirs =
                    theirs.as_ref().map(|decision| decision.after.status()).map_err(refusal);
                self.differences.push(format!("{context}: {theirs:?}, expected {ours:?}"));
            }
        }
        self.compare_touched(&context, at);
        self.steps += 1;
        // The whole is compared now and then, because it grows.
        if self.steps.is_multiple_of(25) {
            self.compare_all(&context);
        }
    }

    fn compare_touched(&mut self, context: &str, at: usize) {
        let mut touched = vec![at];
        touched.extend(self.reference.things[at].parent);
        touched.extend(self.reference.things[at].open_drafts.last());
        for at in touched {
            let interaction = &self.floor.interactions[&self.ids[at]];
            let found =
                differences(&self.floor, interaction, &self.reference.things[at], &self.ids);
            self.differences.extend(found.into_iter().map(|it| format!("{context}: {it}")));
        }
    }

    fn compare_all(&mut self, context: &str) {
        for person in 0..5 {
            for medium in MEDIUMS {
                let theirs = self.floor.desks[&user(person)].occupied(&media(medium)) as usize;
                let ours = self.reference.taken(person, medium);
                if theirs != ours {
                    self.differences.push(format!(
                        "{context}: {person} has {theirs} {medium}, expected {ours}"
                    ));
                }
            }
        }
        if let Err(violation) = invariants::check(&self.floor.snapshot()) {
            self.differences.push(format!("{context}: {violation}"));
        }
    }
}

#[test]
fn the_rules_and_the_reference_agree() {
    let commands = number_from_env("HANDOFF_MODEL_COMMANDS", COMMANDS_BY_DEFAULT);
    let seed = number_from_env("HANDOFF_MODEL_SEED", 1);
    let mut comparison = Comparison::new(seed);
    for _ in 0..commands {
        comparison.step();
        if !comparison.differences.is_empty() {
            break;
        }
    }
    let (legal, missing) = missing(&comparison.reached);
    let refused: u64 = comparison.refused.values().sum();
    say(format_args!(
        "model: seed {seed}, {commands} commands, {} interactions, {} differences; legal pairs reached {}/{legal}; \
         {refused} refused with {} reasons, {} of them changed something",
        comparison.ids.len(),
        comparison.differences.len(),
        legal - missing.len(),
        comparison.refused.len(),
        comparison.changed_though_refused,
    ));
    assert!(comparison.differences.is_empty(), "{}", comparison.differences.join("\n"));
    assert!(missing.is_empty(), "legal pairs not reached: {missing:?}");
    assert_eq!(comparison.changed_though_refused, 0);
    let illegal = |(row, kind): &&(String, &'static str)| !is_legal(row, kind);
    let carried_out: Vec<_> = comparison.reached.iter().filter(illegal).collect();
    assert!(carried_out.is_empty(), "illegal pairs were carried out: {carried_out:?}");
}
