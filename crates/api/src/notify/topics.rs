//! Topics: their channel names, and what a subscription covers.

use handoff_domain::Topic;
use handoff_engine::CenterTopic;

/// Returns the CometD channel of a topic (docs/compat/notifications.md#topics). Channel names have
/// no `/api` (docs/compat/notifications.md#topics).
#[must_use]
pub const fn channel(topic: Topic) -> &'static str {
    match topic {
        Topic::Interactions => "/v2/me/interactions",
        Topic::Channels => "/v2/me/channels",
        Topic::Chats => "/v2/me/chats",
        Topic::Emails => "/v2/me/emails",
        Topic::Workitems => "/v2/me/workitems",
        Topic::Openmedia => "/v2/me/openmedia",
        Topic::Workbins => "/v2/me/workbins",
        Topic::Me => "/v2/me",
        Topic::Services => "/notifications/services",
        // (CHMessageType, docs/compat/media.md#contacts-and-history)
        Topic::Contacts => "/v2/ucs/interactions",
    }
}

/// Returns the CometD channel of a topic that tells how all agents or queues stand. It is not the
/// user's own, has numbers of another kind, and is covered by no pattern: whoever wants it says so.
#[must_use]
pub const fn center_channel(topic: CenterTopic) -> &'static str {
    match topic {
        CenterTopic::Agents => "/v2/center/agents",
        CenterTopic::Queues => "/v2/center/queues",
    }
}

/// Topics of the documents whose media are not ours, or that no page describes a message of
/// (docs/api/README.md, "Notifications"). Clients subscribe to all topics that they know by name
/// and give up when one is refused, so these are granted, and nothing is ever sent on them. The
/// first are of a desk with a telephone; the last two tell figures, which supervisors read as well.
pub const SILENT: [(&str, Silence); 6] = [
    ("/v2/me/devices", Silence::OfDesk),
    ("/v2/me/calls", Silence::OfDesk),
    ("/v2/me/outbound", Silence::OfDesk),
    ("/v2/me/callbacks", Silence::OfDesk),
    ("/v2/me/statistics", Silence::OfFigures),
    ("/v2/statistics", Silence::OfFigures),
];

/// What a silent topic would be about, which decides whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// What an agent does at a desk.
    OfDesk,
    /// Statistics.
    OfFigures,
}

/// The patterns that may be subscribed to, each with the prefix of the channels that it covers.
///
/// `/*` is not among them: it covers channels of one segment, which no topic is, and a subscription
/// that can never bring anything is better refused than granted.
const PATTERNS: [(&str, &str); 4] =
    [("/v2/me/*", "/v2/me/"), ("/v2/me/**", "/v2/me/"), ("/v2/**", "/v2/"), ("/**", "/")];

/// What a subscription covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// One topic by its own name.
    Literal(Topic),
    /// One topic by its name and a slash at the end: its messages go out under that name
    /// (docs/compat/notifications.md#topics).
    Slashed(Topic),
    /// A topic on which nothing is ever sent.
    Silent(Silence),
    /// One that tells how all agents or queues stand, by its name, which may have a slash at the
    /// end.
    Center(CenterTopic),
    /// The topics that a pattern covers; their messages go out under their own names.
    Pattern(Vec<Topic>),
}

impl Coverage {
    /// Returns the topics that are the user's own.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        match self {
            Self::Literal(topic) | Self::Slashed(topic) => std::slice::from_ref(topic),
            Self::Silent(_) | Self::Center(_) => &[],
            Self::Pattern(topics) => topics,
        }
    }
}

/// Finds the topic of that name; a slash at the end does not matter.
#[must_use]
pub fn named(name: &str) -> Option<Topic> {
    let name = without_slash(name);
    Topic::ALL.into_iter().find(|topic| channel(*topic) == name)
}

fn without_slash(name: &str) -> &str {
    name.strip_suffix('/').unwrap_or(name)
}

/// Returns what a subscription of that name covers; `None` for what may not be subscribed to.
#[must_use]
pub fn coverage(name: &str) -> Option<Coverage> {
    if let Some((_, prefix)) = PATTERNS.iter().find(|(pattern, _)| *pattern == name) {
        let covered = Topic::ALL.into_iter().filter(|topic| channel(*topic).starts_with(prefix));
        return Some(Coverage::Pattern(covered.collect()));
    }
    if let Some((_, silence)) = SILENT.iter().find(|(silent, _)| *silent == without_slash(name)) {
        return Some(Coverage::Silent(*silence));
    }
    let is_named = |topic: &CenterTopic| center_channel(*topic) == without_slash(name);
    if let Some(topic) = CenterTopic::ALL.into_iter().find(is_named) {
        return Some(Coverage::Center(topic));
    }
    let topic = named(name)?;
    Some(if name.ends_with('/') { Coverage::Slashed(topic) } else { Coverage::Literal(topic) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_a_channel_of_its_own_and_is_found_by_it() {
        for topic in Topic::ALL {
            assert_eq!(named(channel(topic)), Some(topic));
            assert_eq!(coverage(channel(topic)), Some(Coverage::Literal(topic)));
            let slashed = format!("{}/", channel(topic));
            assert_eq!(coverage(&slashed), Some(Coverage::Slashed(topic)), "{slashed}");
        }
    }

    #[test]
    fn topics_about_the_center_are_found_by_their_names_alone() {
        for topic in CenterTopic::ALL {
            let name = center_channel(topic);
            for name in [name, &format!("{name}/")] {
                assert_eq!(coverage(name), Some(Coverage::Center(topic)), "{name}");
            }
        }
        assert_eq!(coverage("/v2/center/*"), None);
        assert_eq!(coverage("/v2/center"), None);
    }

    #[test]
    fn patterns_cover_what_is_below_them() {
        let of_me = [
            Topic::Interactions,
            Topic::Channels,
            Topic::Chats,
            Topic::Emails,
            Topic::Workitems,
            Topic::Openmedia,
            Topic::Workbins,
        ];
        let with_me = [&of_me[..], &[Topic::Me, Topic::Contacts]].concat();
        let table = [
            ("/v2/me/*", of_me.to_vec()),
            ("/v2/me/**", of_me.to_vec()),
            ("/v2/**", with_me),
            ("/**", Topic::ALL.to_vec()),
        ];
        for (name, topics) in table {
            assert_eq!(coverage(name), Some(Coverage::Pattern(topics)), "{name}");
        }
    }

    #[test]
    fn nothing_else_may_be_subscribed_to() {
        let names = [
            "/*",
            "/v2/*",
            "/v2/me/interactions/*",
            "/v2/me/interactions//",
            "/v2/me/faxes",
            "/v2/users",
            "/v2/ucs/*",
            "/v2/me/*/",
            "/notifications/*",
            "/service/x",
            "/V2/me",
            "/",
            "",
        ];
        for name in names {
            assert_eq!(coverage(name), None, "{name}");
        }
    }
}
