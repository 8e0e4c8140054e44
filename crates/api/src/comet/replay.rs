//! The `replay` extension of a subscribe message: where each topic begins
//! (docs/compat/notifications.md#replay).
//!
//! `{"replay": n}` for one topic, `{"replay": {"/v2/me/interactions": n, …}}` for a pattern, where
//! topics that are not named start live. −1 is live and −2 all that is kept.
//!
//! A value that cannot be understood never starts a topic silently at the wrong place: it counts as
//! a number that was never given, so the client is told by a `Resync` which numbers there are, and
//! goes on live from the head. So does one number ≥ 0 for several topics, because each topic counts
//! for itself and the same number means something else on each.

use std::collections::BTreeMap;

use handoff_domain::Topic;
use handoff_engine::{CenterTopic, Replay};
use serde_json::Value;

use crate::notify::topics::{self, Coverage};

/// The member of `ext`.
const MEMBER: &str = "replay";
/// A number that is above every head, so that the answer is a `Resync`.
const NEVER_GIVEN: Replay = Replay::After(u64::MAX);

/// Returns the topics of a subscription, and where each begins. `ext` is that of the subscribe
/// message.
pub(super) fn starts(coverage: &Coverage, ext: Option<&Value>) -> BTreeMap<Topic, Replay> {
    let wanted = ext.and_then(|ext| ext.get(MEMBER)).unwrap_or(&Value::Null);
    let topics = coverage.topics().iter();
    let start_of = |topic| match wanted {
        // On it come answers alone, which nobody is given twice.
        _ if topic == Topic::Contacts => Replay::Live,
        Value::Object(named) => start_named(topic, named),
        single => match start(single) {
            Replay::After(_) if coverage.topics().len() > 1 => NEVER_GIVEN,
            start => start,
        },
    };
    topics.map(|topic| (*topic, start_of(*topic))).collect()
}

/// Returns where a subscription begins of a topic that tells how the contact center stands.
pub(super) fn start_of_center(topic: CenterTopic, ext: Option<&Value>) -> Replay {
    match ext.and_then(|ext| ext.get(MEMBER)).unwrap_or(&Value::Null) {
        Value::Object(named) => {
            let name = topics::center_channel(topic);
            let is_of_it = |(given, _): &(&String, _)| given.trim_end_matches('/') == name;
            named.iter().find(is_of_it).map_or(Replay::Live, |(_, value)| start(value))
        }
        single => start(single),
    }
}

fn start_named(topic: Topic, named: &serde_json::Map<String, Value>) -> Replay {
    let of_topic = named.iter().find(|(name, _)| topics::named(name) == Some(topic));
    of_topic.map_or(Replay::Live, |(_, value)| start(value))
}

fn start(value: &Value) -> Replay {
    match (value, value.as_i64(), value.as_u64()) {
        (Value::Null, ..) | (_, Some(-1), _) => Replay::Live,
        (_, Some(-2), _) => Replay::AllKept,
        (_, _, Some(number)) => Replay::After(number),
        _ => NEVER_GIVEN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(name: &str, ext: Value) -> BTreeMap<Topic, Replay> {
        starts(&topics::coverage(name).expect("a subscription of the contract"), Some(&ext))
    }

    #[test]
    fn one_topic_starts_where_its_number_says() {
        let table = [
            (json!({}), Replay::Live),
            (json!(null), Replay::Live),
            (json!("replay"), Replay::Live),
            (json!({"ack": true}), Replay::Live),
            (json!({"replay": null}), Replay::Live),
            (json!({"replay": -1}), Replay::Live),
            (json!({"replay": -2}), Replay::AllKept),
            (json!({"replay": 0}), Replay::After(0)),
            (json!({"replay": 17}), Replay::After(17)),
            (json!({"replay": u64::MAX}), NEVER_GIVEN),
            (json!({"replay": {"/v2/me/interactions": 17}}), Replay::After(17)),
            (json!({"replay": {"/v2/me/interactions/": -2}}), Replay::AllKept),
            (json!({"replay": {"/v2/me/emails": 17}}), Replay::Live),
            (json!({"replay": {}}), Replay::Live),
        ];
        for name in ["/v2/me/interactions", "/v2/me/interactions/"] {
            for (ext, expect) in &table {
                assert_eq!(
                    of(name, ext.clone()),
                    BTreeMap::from([(Topic::Interactions, *expect)]),
                    "{ext}"
                );
            }
        }
        let without = starts(&Coverage::Literal(Topic::Me), None);
        assert_eq!(without, BTreeMap::from([(Topic::Me, Replay::Live)]));
    }

    #[test]
    fn a_watch_of_the_center_starts_where_its_number_says() {
        let of = |ext: Value| start_of_center(CenterTopic::Agents, Some(&ext));
        for (ext, expect) in [
            (json!({}), Replay::Live),
            (json!({"replay": -2}), Replay::AllKept),
            (json!({"replay": 17}), Replay::After(17)),
            (json!({"replay": "17"}), NEVER_GIVEN),
            (json!({"replay": {"/v2/center/agents/": 17}}), Replay::After(17)),
            (json!({"replay": {"/v2/center/queues": 17}}), Replay::Live),
        ] {
            assert_eq!(of(ext.clone()), expect, "{ext}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_answered_as_a_number_never_given() {
        for value in [json!("17"), json!(17.5), json!(-3), json!(true), json!([17]), json!(1e300)] {
            let plain = of("/v2/me/emails", json!({"replay": value}));
            assert_eq!(plain, BTreeMap::from([(Topic::Emails, NEVER_GIVEN)]), "{value}");
            let named = of("/v2/me/*", json!({"replay": {"/v2/me/emails": value}}));
            assert_eq!(named[&Topic::Emails], NEVER_GIVEN, "{value}");
            assert_eq!(named[&Topic::Chats], Replay::Live, "{value}");
        }
    }

    #[test]
    fn a_pattern_takes_a_number_for_each_topic() {
        let ext =
            json!({"replay": {"/v2/me/interactions": 17, "/v2/me/chats/": 0, "/v2/users": 4}});
        let starts = of("/v2/me/**", ext);
        let topics = topics::coverage("/v2/me/**").expect("a pattern of the contract");
        assert!(starts.keys().eq(topics.topics()), "every covered topic starts somewhere");
        for (topic, start) in starts {
            let expect = match topic {
                Topic::Interactions => Replay::After(17),
                Topic::Chats => Replay::After(0),
                _ => Replay::Live,
            };
            assert_eq!(start, expect, "{topic:?}");
        }
    }

    #[test]
    fn one_number_for_several_topics_means_something_only_below_zero() {
        let table =
            [(-1, Replay::Live), (-2, Replay::AllKept), (0, NEVER_GIVEN), (17, NEVER_GIVEN)];
        for (number, expect) in table {
            let starts = of("/**", json!({"replay": number}));
            assert_eq!(starts.len(), Topic::ALL.len());
            let others = starts.iter().filter(|(topic, _)| **topic != Topic::Contacts);
            assert!(others.into_iter().all(|(_, start)| *start == expect), "{number}");
            assert_eq!(starts[&Topic::Contacts], Replay::Live, "{number}");
        }
    }
}
