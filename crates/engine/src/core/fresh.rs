//! Fresh rows: what this node's own commits put into the streams of users who have sessions here,
//! until delivery has given it to them. Nobody reads back what was written a moment ago.
//!
//! It is an aid: what is not here, or was let go, is in the log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_domain::UserId;
use handoff_store::AddedRow;

/// Most bytes of all users together: some thousand rows. They wait for a task to get its turn, and
/// while a read of the same user's hangs.
const BYTES_MAX: usize = 16 << 20;
/// About what a row takes beside its event.
const ROW_BYTES: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Fresh(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Everybody who has sessions here.
    users: HashMap<UserId, OfUser>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct OfUser {
    rows: Vec<AddedRow>,
    bytes: usize,
    /// Some were let go.
    is_cut: bool,
}

impl Fresh {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to keep a user's rows.
    pub(crate) fn keep(&self, user: UserId) {
        self.kept().users.entry(user).or_default();
    }

    /// Lets a user's rows go, and keeps no more.
    pub(crate) fn forget(&self, user: UserId) {
        let mut kept = self.kept();
        let bytes = kept.users.remove(&user).map_or(0, |rows| rows.bytes);
        kept.bytes -= bytes;
    }

    /// Lets go what there is of a user's rows, so that they are read.
    pub(crate) fn let_go(&self, user: UserId) {
        let mut kept = self.kept();
        let Kept { users, bytes } = &mut *kept;
        let Some(of_user) = users.get_mut(&user) else { return };
        *bytes -= of_user.bytes;
        *of_user = OfUser { is_cut: true, ..OfUser::default() };
    }

    /// Takes in what a commit of this node added.
    pub(crate) fn put(&self, rows: Vec<AddedRow>) {
        let mut kept = self.kept();
        let Kept { users, bytes } = &mut *kept;
        let mut counted = None;
        for added in rows {
            let of_user = added.row.notice.user().and_then(|user| users.get_mut(&user));
            let Some(of_user) = of_user.filter(|of_user| !of_user.is_cut) else { continue };
            // The event is shared; whoever has it first stands for all of it.
            let is_counted =
                counted.as_ref().is_some_and(|event| Arc::ptr_eq(event, &added.row.event));
            let weight = if is_counted { 0 } else { added.row.weight() } + ROW_BYTES;
            if *bytes + weight > BYTES_MAX {
                *bytes -= of_user.bytes;
                *of_user = OfUser { is_cut: true, ..OfUser::default() };
                continue;
            }
            counted = Some(Arc::clone(&added.row.event));
            *bytes += weight;
            of_user.bytes += weight;
            of_user.rows.push(added);
        }
    }

    /// Takes a user's rows out, in the order in which they came; `None` when some were let go.
    pub(crate) fn take(&self, user: UserId) -> Option<Vec<AddedRow>> {
        let mut kept = self.kept();
        let taken = std::mem::take(kept.users.get_mut(&user)?);
        kept.bytes -= taken.bytes;
        (!taken.is_cut).then_some(taken.rows)
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::event::Cause;
    use handoff_domain::event::Subject;
    use handoff_domain::{CenterId, Event, Notice, NotificationType, Owner, Time, View};
    use handoff_store::StreamRow;

    use super::*;

    const KATE: UserId = UserId(1);
    const BEN: UserId = UserId(2);

    fn row(user: UserId, position: u64) -> AddedRow {
        let notice = Notice {
            to: Owner::User(user),
            view: View::Channels,
            kind: NotificationType::StatusChange,
            error: None,
            reference: None,
        };
        let event = Event {
            at: Time(0),
            cause: Cause::Router,
            facts: Vec::new(),
            subject: Subject::Center(CenterId(1)),
            notices: Vec::new(),
        };
        let row = StreamRow { position, notice, numbers: Vec::new(), event: Arc::new(event) };
        AddedRow { after: position - 1, row }
    }

    #[test]
    fn rows_are_kept_of_those_who_are_here_and_given_away_once() {
        let fresh = Fresh::default();
        fresh.put(vec![row(KATE, 1)]);
        fresh.keep(KATE);
        fresh.put(vec![row(KATE, 2), row(BEN, 2)]);
        fresh.put(vec![row(KATE, 3)]);
        assert_eq!(fresh.take(KATE), Some(vec![row(KATE, 2), row(KATE, 3)]));
        assert_eq!((fresh.take(KATE), fresh.take(BEN)), (Some(Vec::new()), None));
        fresh.put(vec![row(KATE, 4)]);
        fresh.forget(KATE);
        assert_eq!(fresh.kept().bytes, 0);
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_was_let_go_is_told() {
        let fresh = Fresh::default();
        fresh.keep(KATE);
        fresh.keep(BEN);
        let many = u64::try_from(2 * BYTES_MAX / ROW_BYTES).unwrap();
        fresh.put(vec![row(BEN, 1)]);
        for position in 2..many {
            fresh.put(vec![row(KATE, position)]);
            assert!(fresh.kept().bytes <= BYTES_MAX);
        }
        assert_eq!(fresh.take(KATE), None);
        assert_eq!(fresh.take(BEN), Some(vec![row(BEN, 1)]));
        fresh.put(vec![row(KATE, many)]);
        assert_eq!(fresh.take(KATE), Some(vec![row(KATE, many)]), "it begins anew");
        assert_eq!(fresh.kept().bytes, 0);
    }
}
