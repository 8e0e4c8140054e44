//! Who may listen to what: the topics of each role, computed for the user at every subscription.
//!
//! The topics all speak to one user about himself (contract 2), so a topic of somebody else's cannot even be named. What is decided here is
//! which of his own somebody has at all:
//!
//! | role | topics |
//! |---|---|
//! | agent | all |
//! | supervisor, admin, API user | `/v2/me`, `/v2/me/workbins`, `/notifications/services` |
//!
//! Answers about contacts (`/v2/ucs/interactions`) are for everybody with a role. Several roles add up. Interactions, the media and channels belong to a desk, and only agents have one (contract 3); a workbin may be watched
//! by whoever can use it, and an API user has the access of an admin (gws-core.md). A wildcard counts for what it covers of that list, and is
//! refused when that is nothing: a subscription that can never bring anything is better refused than granted.

use handoff_domain::{Role, Topic, User};

use crate::notify::topics::{self, Coverage};

/// The topics of those who watch, configure or submit.
const WITHOUT_DESK: &[Topic] = &[Topic::Me, Topic::Workbins, Topic::Services];

/// Gives the topics that come with a role.
const fn topics_of(role: Role) -> &'static [Topic] {
    match role {
        Role::Agent => &Topic::ALL,
        Role::Supervisor | Role::Admin | Role::ApiUser => WITHOUT_DESK,
    }
}

/// Gives what a subscription of that name brings this user; `None` for what he may not subscribe to.
pub(super) fn granted(user: &User, name: &str) -> Option<Coverage> {
    if !user.enabled {
        return None;
    }
    let is_his = |topic: &Topic| user.roles.iter().any(|role| topics_of(*role).contains(topic));
    match topics::coverage(name)? {
        Coverage::Pattern(covered) => {
            let his: Vec<Topic> = covered.into_iter().filter(is_his).collect();
            (!his.is_empty()).then_some(Coverage::Pattern(his))
        }
        // Whoever may ask gets his answers: what he may ask for is decided where he asks.
        Coverage::Answers => (!user.roles.is_empty()).then_some(Coverage::Answers),
        one @ (Coverage::Literal(_) | Coverage::Slashed(_)) => one.topics().iter().all(is_his).then_some(one),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use handoff_domain::{Capacity, CenterId, UserId};

    use super::*;

    fn user(roles: &[Role], enabled: bool) -> User {
        User {
            id: UserId(1),
            center: CenterId(1),
            user_name: "kate".to_owned(),
            first_name: String::new(),
            last_name: String::new(),
            email_address: String::new(),
            roles: roles.iter().copied().collect(),
            groups: BTreeSet::new(),
            skills: BTreeMap::new(),
            capacity: Capacity::default(),
            enabled,
            password_hash: None,
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
                let is_his = expected.contains(&topic);
                let name = topics::channel(topic);
                assert_eq!(granted(&user, name).is_some(), is_his, "{roles:?} {name}");
                assert_eq!(granted(&user, &format!("{name}/")).is_some(), is_his, "{roles:?} {name}/");
            }
        }
    }

    #[test]
    fn a_wildcard_brings_what_the_role_has_of_it() {
        let of = |role: Role, name: &str| {
            granted(&user(&[role], true), name).map(|covered| covered.topics().to_vec())
        };
        assert_eq!(of(Role::Agent, "/**"), Some(Topic::ALL.to_vec()));
        assert_eq!(of(Role::Admin, "/v2/me/*"), Some(vec![Topic::Workbins]));
        assert_eq!(of(Role::Supervisor, "/v2/**"), Some(vec![Topic::Workbins, Topic::Me]));
        let all_without = of(Role::ApiUser, "/**").map(|topics| topics.len());
        assert_eq!(all_without, Some(WITHOUT_DESK.len()));
        assert_eq!(granted(&user(&[], true), "/**"), None);
    }

    #[test]
    fn a_disabled_user_is_granted_nothing() {
        assert_eq!(granted(&user(&[Role::Agent], false), "/v2/me"), None);
    }
}
