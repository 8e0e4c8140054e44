//! What clients were told, and whether the program still knows it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::campaign::{DOUBLED, Findings, MISSING};

/// What a command that was carried out changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The interaction came into being.
    Created,
    /// An agent took it.
    Accepted,
    /// A key was added to its user data; no two commands use the same.
    Updated { key: String },
    /// It went back into a queue.
    Requeued,
    /// It was finished.
    Completed,
}

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) interaction: String,
    pub(super) by: String,
    pub(super) effect: Effect,
}

/// An interaction as the program shows it afterwards; `None` where it knows of none.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) state: String,
    pub(super) user_data: Value,
    /// Its history, oldest first: what, and through whom.
    pub(super) facts: Vec<(String, String)>,
    /// How often it is in the list of active interactions.
    pub(super) listed: usize,
}

const MISPLACED: &str = "not in exactly one place";

/// Compares what was acknowledged with what is shown. Every command was repeated until it was
/// answered, so nothing is left open: what was not acknowledged did not happen.
pub(super) fn compare(lines: &[Line], shown: &BTreeMap<String, Option<Shown>>) -> Findings {
    let mut told: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        told.entry(&line.interaction).or_default().push(line);
    }
    let mut findings = Findings::of(&[MISSING, DOUBLED, MISPLACED]);
    for (id, lines) in &told {
        match shown.get(*id) {
            Some(Some(shown)) => compare_one(id, lines, shown, &mut findings),
            Some(None) | None => {
                findings.find(MISSING, format!("{id}: {} commands, nothing there", lines.len()))
            }
        }
    }
    let unknown =
        shown.iter().filter(|(id, shown)| shown.is_some() && !told.contains_key(id.as_str()));
    for (id, _) in unknown {
        findings.find(DOUBLED, format!("{id}: nobody was told that it was made"));
    }
    findings
}

fn compare_one(id: &str, lines: &[&Line], shown: &Shown, findings: &mut Findings) {
    let facts = [
        (Effect::Created, "Opened"),
        (Effect::Accepted, "Accepted"),
        (Effect::Requeued, "Queued"),
        (Effect::Completed, "Completed"),
    ];
    let people: BTreeSet<&str> = lines.iter().map(|line| line.by.as_str()).collect();
    for (effect, fact) in &facts {
        for by in &people {
            let told =
                lines.iter().filter(|line| line.effect == *effect && line.by == **by).count();
            // What enters the server enters a queue with it.
            let entered = lines
                .iter()
                .filter(|line| line.effect == Effect::Created && line.by == **by)
                .count();
            let told = if *effect == Effect::Requeued { told + entered } else { told };
            findings.weigh(&format!("{id}: {fact} by {by}"), told, count(shown, fact, Some(by)));
        }
    }
    let mut updates = 0;
    for line in lines {
        if let Effect::Updated { key } = &line.effect {
            updates += 1;
            if shown.user_data[key.as_str()].is_null() {
                findings.find(MISSING, format!("{id}: {key} of the user data"));
            }
        }
    }
    let changes = count(shown, "UserDataChanged", None);
    findings.weigh(&format!("{id}: changes of the user data"), updates, changes);
    place(id, lines, shown, findings);
}

fn count(shown: &Shown, fact: &str, by: Option<&str>) -> usize {
    shown.facts.iter().filter(|(what, who)| what == fact && by.is_none_or(|by| by == who)).count()
}

/// Checks that state, history and list agree on one place.
fn place(id: &str, lines: &[&Line], shown: &Shown, findings: &mut Findings) {
    let by_history = shown.facts.iter().rev().find_map(|(what, _)| match what.as_str() {
        "Queued" | "Rejected" | "OfferExpired" | "OfferRevoked" => Some("Queued"),
        "Offered" => Some("Invited"),
        "Accepted" | "Pulled" => Some("Processing"),
        "PlacedInWorkbin" => Some("InWorkbin"),
        "Completed" => Some("Completed"),
        _ => None,
    });
    if by_history != Some(shown.state.as_str()) {
        let what = format!("{id}: {} by its state, {by_history:?} by its history", shown.state);
        findings.find(MISPLACED, what);
    }
    let is_over = lines.iter().any(|line| line.effect == Effect::Completed);
    if shown.listed != usize::from(!is_over) {
        let what = format!("{id}: {} times in the list, over: {is_over}", shown.listed);
        findings.find(MISPLACED, what);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(by: &str, effect: Effect) -> Line {
        Line { interaction: "i".to_owned(), by: by.to_owned(), effect }
    }

    fn lines() -> Vec<Line> {
        vec![
            line("intake", Effect::Created),
            line("kate", Effect::Accepted),
            line("kate", Effect::Updated { key: "u1".to_owned() }),
            line("kate", Effect::Completed),
        ]
    }

    fn shown() -> Shown {
        let facts = [
            ("Opened", "intake"),
            ("Queued", "intake"),
            ("Offered", "router"),
            ("Accepted", "kate"),
            ("UserDataChanged", "kate"),
            ("Completed", "kate"),
        ];
        Shown {
            state: "Completed".to_owned(),
            user_data: json!({"u1": 1}),
            facts: facts
                .iter()
                .map(|(what, who)| ((*what).to_owned(), (*who).to_owned()))
                .collect(),
            listed: 0,
        }
    }

    fn findings(lines: &[Line], shown: Option<Shown>) -> (usize, usize, usize) {
        let found = compare(lines, &BTreeMap::from([("i".to_owned(), shown)]));
        (found.count(MISSING), found.count(DOUBLED), found.count(MISPLACED))
    }

    #[test]
    fn what_was_acknowledged_is_there_once() {
        assert_eq!(findings(&lines(), Some(shown())), (0, 0, 0));
    }

    #[test]
    fn a_lost_interaction_is_missing() {
        assert_eq!(findings(&lines(), None), (1, 0, 0));
    }

    #[test]
    fn a_lost_change_is_missing() {
        let lost = Shown { user_data: json!({}), ..shown() };
        assert_eq!(findings(&lines(), Some(lost)), (1, 0, 0));
        let mut lost = shown();
        lost.facts.pop();
        lost.state = "Processing".to_owned();
        lost.listed = 1;
        assert_eq!(findings(&lines(), Some(lost)), (1, 0, 1));
    }

    #[test]
    fn a_change_made_twice_is_doubled() {
        let mut twice = shown();
        twice.facts.insert(4, ("UserDataChanged".to_owned(), "kate".to_owned()));
        twice.facts.insert(4, ("Accepted".to_owned(), "kate".to_owned()));
        assert_eq!(findings(&lines(), Some(twice)), (0, 2, 0));
    }

    #[test]
    fn an_interaction_that_nobody_was_told_of_is_doubled() {
        let all =
            BTreeMap::from([("i".to_owned(), Some(shown())), ("j".to_owned(), Some(shown()))]);
        assert_eq!(compare(&lines(), &all).count(DOUBLED), 1);
    }

    #[test]
    fn an_interaction_is_in_one_place() {
        assert_eq!(findings(&lines(), Some(Shown { listed: 1, ..shown() })), (0, 0, 1));
        assert_eq!(
            findings(&lines(), Some(Shown { state: "Queued".to_owned(), ..shown() })),
            (0, 0, 1)
        );
    }
}
