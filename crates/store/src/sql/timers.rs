//! The name of a timer as columns, chosen so that their order is the order of the names.

use handoff_domain::interaction::decide::TimerKind;

use crate::change_set::TimerKey;

/// Sorts interactions before owners, and these before users.
const INTERACTION: char = 'i';
const OWNER: char = 'o';
const USER: char = 'u';

const OFFER: i64 = 0;
const HANDLING: i64 = 1;
const GRACE: i64 = 2;
const CUSTOMER_SILENCE: i64 = 3;
const CHAT_IDLE: i64 = 4;
const LONGEST_WAIT: i64 = 5;
const REMINDER: i64 = 6;

/// A timer's name.
#[derive(Debug)]
pub(crate) struct TimerName {
    pub(crate) subject: String,
    pub(crate) kind: i64,
    pub(crate) number: i64,
}

impl TimerName {
    /// Writes a name.
    pub(crate) fn of(key: TimerKey) -> Self {
        match key {
            TimerKey::Interaction(id, kind) => {
                let (kind, number) = match kind {
                    TimerKind::Offer { number } => (OFFER, number.cast_signed()),
                    TimerKind::CustomerSilence => (CUSTOMER_SILENCE, 0),
                    TimerKind::ChatIdle => (CHAT_IDLE, 0),
                    TimerKind::LongestWait => (LONGEST_WAIT, 0),
                    TimerKind::Reminder => (REMINDER, 0),
                };
                Self { subject: format!("{INTERACTION}{id}"), kind, number }
            }
            TimerKey::Handling(user) => {
                Self { subject: format!("{OWNER}{}", user.stored()), kind: HANDLING, number: 0 }
            }
            TimerKey::Grace(user) => {
                Self { subject: format!("{USER}{}", user.stored()), kind: GRACE, number: 0 }
            }
        }
    }

    /// Reads a name; `None` when it is no name.
    pub(crate) fn read(subject: &str, kind: i64, number: i64) -> Option<TimerKey> {
        let interaction = |kind| {
            let id = subject.strip_prefix(INTERACTION)?.parse().ok()?;
            Some(TimerKey::Interaction(id, kind))
        };
        match kind {
            OFFER => interaction(TimerKind::Offer { number: number.cast_unsigned() }),
            HANDLING => Some(TimerKey::Handling(subject.strip_prefix(OWNER)?.parse().ok()?)),
            CUSTOMER_SILENCE => interaction(TimerKind::CustomerSilence),
            CHAT_IDLE => interaction(TimerKind::ChatIdle),
            LONGEST_WAIT => interaction(TimerKind::LongestWait),
            REMINDER => interaction(TimerKind::Reminder),
            GRACE => Some(TimerKey::Grace(subject.strip_prefix(USER)?.parse().ok()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::{InteractionId, UserId};

    use super::*;

    #[test]
    fn names_read_back_and_keep_their_order() {
        let id = |ms| InteractionId::compose(ms, 7);
        let keys = [
            TimerKey::Interaction(id(1), TimerKind::Offer { number: 9 }),
            TimerKey::Interaction(id(1), TimerKind::Offer { number: 10 }),
            TimerKey::Interaction(id(1), TimerKind::CustomerSilence),
            TimerKey::Interaction(id(1), TimerKind::ChatIdle),
            TimerKey::Interaction(id(1), TimerKind::LongestWait),
            TimerKey::Interaction(id(1), TimerKind::Reminder),
            TimerKey::Interaction(id(2), TimerKind::Offer { number: 1 }),
            TimerKey::Handling(UserId(3)),
            TimerKey::Handling(UserId(4)),
            TimerKey::Grace(UserId(3)),
            TimerKey::Grace(UserId(u128::MAX)),
        ];
        let names: Vec<_> = keys.map(TimerName::of).into_iter().collect();
        assert!(
            names.is_sorted_by(
                |a, b| (&a.subject, a.kind, a.number) < (&b.subject, b.kind, b.number)
            ),
            "{names:?}"
        );
        for (key, name) in keys.iter().zip(&names) {
            assert_eq!(TimerName::read(&name.subject, name.kind, name.number), Some(*key));
        }
        assert_eq!(TimerName::read("i0", 7, 0), None);
        assert_eq!(TimerName::read("i0", HANDLING, 0), None);
        assert_eq!(TimerName::read("u0", HANDLING, 0), None);
    }
}
