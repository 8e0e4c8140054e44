//! What the store has once all is quiet, against what clients were answered.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use handoff_testkit::{Call as Request, Client};
use serde_json::Value;
use tokio::task::JoinSet;

use super::scene::NARROW_ROOM;
use crate::campaign::{DOUBLED, Findings, MISSING};
use crate::contention::checker::Entry;
use crate::contention::rules::{Answer, Call, Request as Asked};

/// How many read at the same time.
const READERS: usize = 4;

pub(super) const MISPLACED: &str = "not in exactly one place";
pub(super) const OVERFULL: &str = "over capacity";
pub(super) const OFFERS: &str = "offers not ended once";

/// Something that happened to an interaction.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    /// The place in the log.
    position: u64,
    what: String,
    /// Who caused it: a user's id or what it was.
    cause: String,
    /// Whom it is about, if anybody.
    whom: String,
}

/// An interaction as it is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) state: String,
    pub(super) facts: Vec<Fact>,
    /// How often it is in the list of those that are not over.
    pub(super) listed: usize,
}

/// Reads interactions; those that nobody knows are not among what is returned.
pub(super) async fn read(client: &Client, ids: Vec<String>) -> Result<BTreeMap<String, Shown>> {
    let mut listed: HashMap<String, usize> = HashMap::new();
    for interaction in client.interactions("/interactions?fields=id").await? {
        *listed.entry(text(&interaction["id"])).or_default() += 1;
    }
    let mut readers = JoinSet::new();
    for part in ids.chunks(ids.len().div_ceil(READERS).max(1)) {
        let (client, part) = (client.clone(), part.to_vec());
        readers.spawn(async move {
            let mut shown = Vec::new();
            for id in part {
                if let Some(one) = read_one(&client, &id).await? {
                    shown.push((id, one));
                }
            }
            anyhow::Ok(shown)
        });
    }
    let mut all = BTreeMap::new();
    while let Some(part) = readers.join_next().await {
        all.extend(part??);
    }
    for (id, shown) in &mut all {
        shown.listed = listed.get(id).copied().unwrap_or(0);
    }
    Ok(all)
}

async fn read_one(client: &Client, id: &str) -> Result<Option<Shown>> {
    let answer = client.answer_to(&Request::get(&format!("/interactions/{id}"))).await?;
    if answer.code() == 6 {
        return Ok(None);
    }
    let state = text(&answer.ok()?.body["interaction"]["state"]);
    let history = client.read(&format!("/interactions/{id}/events?limit=1000")).await?;
    Ok(Some(Shown { state, facts: facts(&history), listed: 0 }))
}

fn facts(history: &Value) -> Vec<Fact> {
    let mut all = Vec::new();
    for event in history["events"].as_array().into_iter().flatten() {
        let cause = &event["cause"];
        let cause = text(if cause["id"].is_string() { &cause["id"] } else { &cause["kind"] });
        for fact in event["facts"].as_array().into_iter().flatten() {
            let whom = if fact["to"].is_string() { &fact["to"] } else { &fact["by"] };
            all.push(Fact {
                position: event["position"].as_u64().unwrap_or(0),
                what: text(&fact["fact"]),
                cause: cause.clone(),
                whom: text(whom),
            });
        }
    }
    all
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Compares the calls on one interaction with what happened to it: each that was acknowledged once,
/// and each that was not answered once or not at all.
pub(super) fn weigh(
    id: &str,
    calls: &[Entry<Call>],
    users: &[String],
    shown: Option<&Shown>,
    findings: &mut Findings,
) {
    let Some(shown) = shown else {
        return findings.find(MISSING, format!("{id}: {} calls, nothing there", calls.len()));
    };
    for (number, user) in users.iter().enumerate() {
        for (name, is_of, fact) in EFFECTS {
            let of_them = calls
                .iter()
                .map(|entry| entry.call)
                .filter(|call| usize::from(call.by) == number && is_of(call.request));
            let count =
                |wanted: Answer| of_them.clone().filter(|call| call.answer == wanted).count();
            let (told, open) = (count(Answer::Done), count(Answer::None));
            let found = shown.facts.iter();
            let found = found.filter(|it| it.what == *fact && it.cause == *user).count();
            if found < told {
                findings.find(MISSING, format!("{id}: {name} by {number}: {told}, found {found}"));
            } else if found > told + open {
                let what = format!("{id}: {name} by {number}: {told} and {open}, found {found}");
                findings.find(DOUBLED, what);
            }
        }
    }
}

type Effect = (&'static str, fn(Asked) -> bool, &'static str);

/// What calls do, and the fact that says so.
const EFFECTS: &[Effect] = &[
    ("Accept", |it| it == Asked::Accept, "Accepted"),
    ("Reject", |it| it == Asked::Reject, "Rejected"),
    ("Transfer", |it| matches!(it, Asked::Transfer { .. }), "Offered"),
    ("PlaceInQueue", |it| it == Asked::PlaceInQueue, "Queued"),
    ("Park", |it| it == Asked::Park, "PlacedInWorkbin"),
    ("Pull", |it| it == Asked::Pull, "Pulled"),
    ("Update", |it| matches!(it, Asked::Update { .. }), "UserDataChanged"),
    ("Complete", |it| it == Asked::Complete, "Completed"),
];

/// Checks that state, history and list agree on one place.
pub(super) fn place(id: &str, shown: &Shown, findings: &mut Findings) {
    let by_history = shown.facts.iter().rev().find_map(|fact| match fact.what.as_str() {
        "Queued" => Some("Queued"),
        "Accepted" | "Pulled" => Some("Processing"),
        "PlacedInWorkbin" => Some("InWorkbin"),
        "Completed" => Some("Completed"),
        _ => None,
    });
    // Who reads as one who administers sees an offer as what it was before.
    let state = if shown.state == "Invited" { "Queued" } else { shown.state.as_str() };
    if by_history != Some(state) {
        let what = format!("{id}: {} by its state, {by_history:?} by its history", shown.state);
        findings.find(MISPLACED, what);
    }
    if shown.listed != usize::from(state != "Completed") {
        let what = format!("{id}: {} times in the list, {}", shown.listed, shown.state);
        findings.find(MISPLACED, what);
    }
}

/// Goes through all that happened in the order of the log: every offer ends once, and nobody of
/// little room has more than that at any moment.
pub(super) fn rooms<'a>(
    shown: impl Iterator<Item = (&'a String, &'a Shown)>,
    narrow: &[String],
    findings: &mut Findings,
) {
    let mut all: Vec<(&String, &Fact)> =
        shown.flat_map(|(id, shown)| shown.facts.iter().map(move |fact| (id, fact))).collect();
    // Facts of one event keep their order.
    all.sort_by_key(|(_, fact)| fact.position);
    let mut places: HashMap<&String, Place<'_>> = HashMap::new();
    let mut taken: HashMap<&str, usize> = HashMap::new();
    for (id, fact) in all {
        let place = places.entry(id).or_default();
        if let Some(fault) = place.follow(fact, &mut taken) {
            findings.find(OFFERS, format!("{id} at {}: {fault}", fact.position));
        }
        for agent in narrow {
            let slots = taken.get(agent.as_str()).copied().unwrap_or(0);
            if slots > NARROW_ROOM {
                findings.find(OVERFULL, format!("{agent} has {slots} at {}", fact.position));
            }
        }
    }
}

/// Who has an interaction, and whom it is offered to.
#[derive(Debug, Default)]
struct Place<'a> {
    owner: Option<&'a str>,
    offer: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// Follows a fact, and counts whose slots are taken; returns what may not be.
    fn follow(&mut self, fact: &'a Fact, taken: &mut HashMap<&'a str, usize>) -> Option<String> {
        let whom = fact.whom.as_str();
        let mut release = |whom: Option<&'a str>| {
            if let Some(slots) = whom.and_then(|whom| taken.get_mut(whom)) {
                *slots = slots.saturating_sub(1);
            }
        };
        match fact.what.as_str() {
            "Offered" => {
                *taken.entry(whom).or_default() += 1;
                let before = self.offer.replace(whom);
                return before.map(|other| format!("offered to {whom} and to {other}"));
            }
            "Rejected" | "OfferExpired" | "OfferRevoked" => {
                let offered = self.offer.take();
                release(offered);
                if offered != Some(whom) {
                    return Some(format!("{} of {whom}, offered to {offered:?}", fact.what));
                }
            }
            "Accepted" => {
                let offered = self.offer.take();
                release(self.owner.replace(whom));
                if offered != Some(whom) {
                    return Some(format!("accepted by {whom}, offered to {offered:?}"));
                }
            }
            "Pulled" => {
                *taken.entry(whom).or_default() += 1;
                self.owner = Some(whom);
            }
            "Queued" | "PlacedInWorkbin" | "Completed" => release(self.owner.take()),
            _ => {}
        }
        None
    }
}

/// Groups calls by the interaction's number.
pub(super) fn by_number(history: &[(usize, Entry<Call>)]) -> BTreeMap<usize, Vec<Entry<Call>>> {
    let mut all: BTreeMap<usize, Vec<Entry<Call>>> = BTreeMap::new();
    for (number, entry) in history {
        all.entry(*number).or_default().push(entry.clone());
    }
    all
}

/// Leaves of a history what happened before a moment at which everything may have been lost that
/// came after: a command that was under way then was not answered, and what was only looked at
/// then is forgotten.
pub(super) fn until(history: Vec<(usize, Entry<Call>)>, moment: u64) -> Vec<(usize, Entry<Call>)> {
    let kept = history.into_iter().filter(|(_, entry)| entry.called < moment);
    kept.filter_map(|(number, mut entry)| {
        if entry.answered.is_some_and(|answered| answered > moment) {
            if entry.call.request == Asked::Read || entry.call.answer == Answer::Refused {
                return None;
            }
            (entry.answered, entry.call.answer) = (None, Answer::None);
        }
        Some((number, entry))
    })
    .collect()
}

/// Counts what was asked for and what was answered.
pub(super) fn counts(history: &[(usize, Entry<Call>)]) -> [usize; 4] {
    let count =
        |wanted: fn(&Call) -> bool| history.iter().filter(|(_, it)| wanted(&it.call)).count();
    [
        history.len(),
        count(|call| call.answer == Answer::Done),
        count(|call| call.answer == Answer::Refused),
        count(|call| call.answer == Answer::None),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contention::rules::Agent;

    fn fact(position: u64, what: &str, cause: &str, whom: &str) -> Fact {
        let [what, cause, whom] = [what, cause, whom].map(str::to_owned);
        Fact { position, what, cause, whom }
    }

    fn call(by: Agent, request: Asked, answer: Answer) -> Entry<Call> {
        let call = Call { by, request, epoch: None, answer };
        Entry { called: 1, answered: (answer != Answer::None).then_some(2), call }
    }

    fn shown() -> Shown {
        let facts = vec![
            fact(1, "Opened", "intake", ""),
            fact(1, "Queued", "intake", ""),
            fact(2, "Offered", "Router", "kate"),
            fact(3, "Accepted", "kate", "kate"),
            fact(4, "UserDataChanged", "kate", ""),
        ];
        Shown { state: "Processing".to_owned(), facts, listed: 1 }
    }

    fn found(calls: &[Entry<Call>], shown: &Shown) -> [usize; 4] {
        let mut findings = Findings::of(&[]);
        weigh("i", calls, &["kate".to_owned()], Some(shown), &mut findings);
        place("i", shown, &mut findings);
        let id = "i".to_owned();
        rooms(std::iter::once((&id, shown)), &["kate".to_owned()], &mut findings);
        [MISSING, DOUBLED, MISPLACED, OFFERS].map(|kind| findings.count(kind))
    }

    #[test]
    fn what_was_acknowledged_is_there_once() {
        let accept = call(0, Asked::Accept, Answer::Done);
        let update = call(0, Asked::Update { value: 1 }, Answer::None);
        assert_eq!(found(&[accept.clone(), update.clone()], &shown()), [0; 4]);
        assert_eq!(found(std::slice::from_ref(&accept), &shown()), [0, 1, 0, 0]);
        let lost = call(0, Asked::Complete, Answer::Done);
        assert_eq!(found(&[accept, update, lost], &shown()), [1, 0, 0, 0]);
    }

    #[test]
    fn an_interaction_is_in_one_place_and_an_offer_ends_once() {
        let calls = [
            call(0, Asked::Accept, Answer::Done),
            call(0, Asked::Update { value: 1 }, Answer::Done),
        ];
        assert_eq!(found(&calls, &Shown { listed: 2, ..shown() }), [0, 0, 1, 0]);
        let mut twice = shown();
        twice.facts.push(fact(5, "OfferExpired", "Server", "kate"));
        assert_eq!(found(&calls, &twice), [0, 0, 0, 1]);
    }

    #[test]
    fn nobody_has_more_than_they_have_room_for() {
        let one = |position| Shown {
            facts: vec![fact(position, "Offered", "Router", "kate")],
            ..Shown::default()
        };
        let over = |count: u64| {
            let all: Vec<(String, Shown)> =
                (0..count).map(|number| (number.to_string(), one(number))).collect();
            let mut findings = Findings::of(&[]);
            let shown = all.iter().map(|(id, shown)| (id, shown));
            rooms(shown, &["kate".to_owned()], &mut findings);
            findings.count(OVERFULL)
        };
        assert_eq!((over(2), over(3)), (0, 1));
    }

    #[test]
    fn what_was_under_way_when_all_was_lost_is_left_open() {
        let mut late = call(0, Asked::Accept, Answer::Done);
        late.answered = Some(9);
        let mut look = call(0, Asked::Read, Answer::Refused);
        look.answered = Some(9);
        let left = until(vec![(0, late), (0, look)], 5);
        assert_eq!(counts(&left), [1, 0, 0, 1]);
    }
}
