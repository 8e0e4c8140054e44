//! Who may listen to what: the topics of each role, computed for the user at every subscription.
//!
//! The topics all speak to one user about themselves (docs/compat/notifications.md#topics), so a
//! topic of somebody else's cannot even be named. What is decided here is which of their own
//! somebody has at all:
//!
//! | role | topics |
//! |---|---|
//! | agent | all |
//! | supervisor, admin, API user | `/v2/me`, its workbins, services, answers about contacts |
//!
//! How all agents and queues of the contact center stand is told to supervisors and admins, who
//! read it by REST as well.
//!
//! Of those on which nothing is ever sent, the ones of a desk are for agents as well, and
//! statistics for agents, supervisors and admins. Several roles add up. Interactions, the media and
//! channels belong to a desk, and only agents have one (docs/compat/agents.md); a workbin may be
//! watched by whoever can use it, and an API user has the access of an admin
//! (docs/compat/conventions.md#logins). Whoever may ask about contacts gets their answers: what
//! they may ask for is decided where they ask. A wildcard counts for what it covers of that list,
//! and is refused when that is nothing: a subscription that can never bring anything is better
//! refused than granted.

use handoff_domain::{Role, Topic, User};

use crate::notify::topics::{self, Coverage, Silence};

/// The topics of those who watch, configure or submit.
const WITHOUT_DESK: &[Topic] = &[Topic::Me, Topic::Workbins, Topic::Services, Topic::Contacts];

/// Returns the topics that come with a role.
const fn topics_of(role: Role) -> &'static [Topic] {
    match role {
        Role::Agent => &Topic::ALL,
        Role::Supervisor | Role::Admin | Role::ApiUser => WITHOUT_DESK,
    }
}

/// Tells whether a topic on which nothing is sent comes with a role.
const fn would_hear(role: Role, silence: Silence) -> bool {
    match (role, silence) {
        (Role::Agent, _) | (Role::Supervisor | Role::Admin, Silence::OfFigures) => true,
        (Role::Supervisor | Role::Admin, Silence::OfDesk) | (Role::ApiUser, _) => false,
    }
}

fn watches_center(user: &User) -> bool {
    [Role::Supervisor, Role::Admin].iter().any(|role| user.roles.contains(role))
}

/// Returns what a subscription of that name brings this user; `None` for what they may not
/// subscribe to.
pub(super) fn granted(user: &User, name: &str) -> Option<Coverage> {
    if !user.enabled {
        return None;
    }
    let is_theirs = |topic: &Topic| user.roles.iter().any(|role| topics_of(*role).contains(topic));
    match topics::coverage(name)? {
        Coverage::Pattern(covered) => {
            let theirs: Vec<Topic> = covered.into_iter().filter(is_theirs).collect();
            (!theirs.is_empty()).then_some(Coverage::Pattern(theirs))
        }
        Coverage::Silent(silence) => {
            let is_theirs = user.roles.iter().any(|role| would_hear(*role, silence));
            is_theirs.then_some(Coverage::Silent(silence))
        }
        one @ Coverage::Center(_) => watches_center(user).then_some(one),
        one @ (Coverage::Literal(_) | Coverage::Slashed(_)) => {
            one.topics().iter().all(is_theirs).then_some(one)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use handoff_domain::{Capacity, CenterId, UserId};

    use super::*;

    pub(crate) fn user(roles: &[Role], enabled: bool) -> User {
        User {
            id: UserId(1),
            center: CenterId(1),
            user_name: "kate".to_owned(),
            first_name: String::new(),
            last_name: String::new(),
            nickname: None,
            email_address: String::new(),
            roles: roles.iter().copied().collect(),
            groups: BTreeSet::new(),
            skills: BTreeMap::new(),
            capacity: Capacity::default(),
            enabled,
            password_hash: None,
            file_password_hash: None,
            logins_ended: 0,
            must_change_password: false,
            second_factor: false,
        }
    }

    #[test]
    fn every_role_has_its_topics_and_no_others() {
        use Role::{Admin, Agent, ApiUser, Supervisor};
        let table: [(&[Role], &[Topic]); 8] = [
            (&[Agent], &Topic::ALL),
            (&[Agent, Supervisor, Admin], &Topic::ALL),
            (&[Supervisor], WITHOUT_DESK),
            (&[Admin], WITHOUT_DESK),
            (&[Supervisor, Admin], WITHOUT_DESK),
            (&[ApiUser], WITHOUT_DESK),
            (&[ApiUser, Agent], &Topic::ALL),
            (&[], &[]),
        ];
        for (roles, expected) in table {
            let user = user(roles, true);
            for topic in Topic::ALL {
                let is_theirs = expected.contains(&topic);
                let name = topics::channel(topic);
                assert_eq!(granted(&user, name).is_some(), is_theirs, "{roles:?} {name}");
                assert_eq!(
                    granted(&user, &format!("{name}/")).is_some(),
                    is_theirs,
                    "{roles:?} {name}/"
                );
            }
        }
    }

    #[test]
    fn a_silent_topic_is_for_whom_it_would_be_about() {
        use Role::{Admin, Agent, ApiUser, Supervisor};
        let desk = ["/v2/me/devices", "/v2/me/calls", "/v2/me/outbound", "/v2/me/callbacks"];
        let figures = ["/v2/me/statistics", "/v2/statistics"];
        let table: [(&[Role], bool, bool); 6] = [
            (&[Agent], true, true),
            (&[Agent, Supervisor], true, true),
            (&[Supervisor], false, true),
            (&[Admin], false, true),
            (&[ApiUser], false, false),
            (&[], false, false),
        ];
        for (roles, has_desk, has_figures) in table {
            let user = user(roles, true);
            let all = desk
                .map(|name| (name, has_desk))
                .into_iter()
                .chain(figures.map(|name| (name, has_figures)));
            for (name, is_theirs) in all {
                let slashed = format!("{name}/");
                for name in [name, &slashed] {
                    let covered = granted(&user, name);
                    assert_eq!(covered.is_some(), is_theirs, "{roles:?} {name}");
                    assert!(
                        covered.is_none_or(|covered| covered.topics().is_empty()),
                        "nothing is sent on {name}"
                    );
                }
            }
        }
    }

    #[test]
    fn how_the_center_stands_is_told_to_who_watches_it() {
        use Role::{Admin, Agent, ApiUser, Supervisor};
        let table: [(&[Role], bool); 5] = [
            (&[Supervisor], true),
            (&[Admin], true),
            (&[Agent, Supervisor], true),
            (&[Agent, ApiUser], false),
            (&[], false),
        ];
        for (roles, is_told) in table {
            for name in ["/v2/center/agents", "/v2/center/queues/"] {
                assert_eq!(granted(&user(roles, true), name).is_some(), is_told, "{roles:?}");
            }
        }
        assert_eq!(granted(&user(&[Supervisor], false), "/v2/center/agents"), None);
    }

    #[test]
    fn a_wildcard_brings_what_the_role_has_of_it() {
        let of = |role: Role, name: &str| {
            granted(&user(&[role], true), name).map(|covered| covered.topics().to_vec())
        };
        assert_eq!(of(Role::Agent, "/**"), Some(Topic::ALL.to_vec()));
        assert_eq!(of(Role::Admin, "/v2/me/*"), Some(vec![Topic::Workbins]));
        assert_eq!(
            of(Role::Supervisor, "/v2/**"),
            Some(vec![Topic::Workbins, Topic::Me, Topic::Contacts])
        );
        let all_without = of(Role::ApiUser, "/**").map(|topics| topics.len());
        assert_eq!(all_without, Some(WITHOUT_DESK.len()));
        assert_eq!(granted(&user(&[], true), "/**"), None);
    }

    #[test]
    fn a_disabled_user_is_granted_nothing() {
        assert_eq!(granted(&user(&[Role::Agent], false), "/v2/me"), None);
    }
}
