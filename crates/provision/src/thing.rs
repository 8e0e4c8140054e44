//! The kinds of things that a contact center consists of and that are changed one by one.

use std::fmt;

/// Most entries of each list that desktops are told: what fits into a menu, and into every answer
/// to `GET /me`.
pub(crate) const ENTRIES_MAX: usize = 500;

/// A kind of thing of a contact center.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    User,
    Skill,
    Group,
    Queue,
    Workbin,
    Service,
    Webhook,
    AgentState,
    Disposition,
    Response,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Skill => "skill",
            Self::Group => "group",
            Self::Queue => "queue",
            Self::Workbin => "workbin",
            Self::Service => "service",
            Self::Webhook => "webhook",
            Self::AgentState => "agent state",
            Self::Disposition => "disposition",
            Self::Response => "response",
        })
    }
}
