//! The kinds of things that a contact center consists of and that are changed one by one.

use std::fmt;

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
        })
    }
}
