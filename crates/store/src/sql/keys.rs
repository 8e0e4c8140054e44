//! The texts by which rows of the log are found: whose a stream is, and what an event is about.

use handoff_domain::Owner;

use crate::log::SubjectKey;

const USER: char = 'u';
const CENTER: char = 'c';
const GROUP: char = 'g';
/// An interaction's id begins with any letter, and is shorter than every other key.
const DESK: char = 'd';
const INTERACTION_LEN: usize = 16;

/// Returns the text of whose a stream is.
pub(crate) fn owner_text(owner: Owner) -> String {
    match owner {
        Owner::User(id) => format!("{USER}{}", id.stored()),
        Owner::Center(id) => format!("{CENTER}{}", id.stored()),
        Owner::Group(id) => format!("{GROUP}{}", id.stored()),
    }
}

/// Reads whose a stream is; `None` when the text names nobody.
pub(crate) fn owner_of(text: &str) -> Option<Owner> {
    let mut rest = text.chars();
    match rest.next()? {
        USER => rest.as_str().parse().ok().map(Owner::User),
        CENTER => rest.as_str().parse().ok().map(Owner::Center),
        GROUP => rest.as_str().parse().ok().map(Owner::Group),
        _ => None,
    }
}

/// Reads owners that are separated by spaces; `None` when one names nobody.
pub(crate) fn owners_of(text: &str) -> Option<Vec<Owner>> {
    text.split_ascii_whitespace().map(owner_of).collect()
}

/// Returns the text of what an event is about.
pub(crate) fn subject_text(subject: SubjectKey) -> String {
    match subject {
        SubjectKey::Interaction(id) => id.stored(),
        SubjectKey::Desk(user) => format!("{DESK}{}", user.stored()),
        SubjectKey::Center(center) => format!("{CENTER}{}", center.stored()),
    }
}

/// Reads what an event is about; `None` when the text names nothing.
pub(crate) fn subject_of(text: &str) -> Option<SubjectKey> {
    if text.len() == INTERACTION_LEN {
        return text.parse().ok().map(SubjectKey::Interaction);
    }
    let mut rest = text.chars();
    match rest.next()? {
        DESK => rest.as_str().parse().ok().map(SubjectKey::Desk),
        CENTER => rest.as_str().parse().ok().map(SubjectKey::Center),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::{CenterId, GroupId, InteractionId, UserId};

    use super::*;

    #[test]
    fn keys_read_back() {
        for id in [0, 1, u128::MAX] {
            for owner in
                [Owner::User(UserId(id)), Owner::Center(CenterId(id)), Owner::Group(GroupId(id))]
            {
                assert_eq!(owner_of(&owner_text(owner)), Some(owner));
            }
            for subject in [SubjectKey::Desk(UserId(id)), SubjectKey::Center(CenterId(id))] {
                assert_eq!(subject_of(&subject_text(subject)), Some(subject));
            }
        }
        for id in [InteractionId::compose(0, 0), InteractionId::compose(u64::MAX, u64::MAX)] {
            let subject = SubjectKey::Interaction(id);
            assert_eq!(subject_of(&subject_text(subject)), Some(subject));
        }
        assert_eq!(owners_of(""), Some(Vec::new()));
        for nobody in ["", "u", "x0", "\u{fc}1"] {
            assert_eq!((owner_of(nobody), subject_of(nobody)), (None, None), "{nobody}");
        }
    }

    #[test]
    fn a_users_stream_is_named_as_ever() {
        let user = UserId(0xa1);
        assert_eq!(owner_text(Owner::User(user)), "u000000000000000000000000000000a1");
        assert_eq!(subject_text(SubjectKey::Desk(user)), "d000000000000000000000000000000a1");
    }
}
