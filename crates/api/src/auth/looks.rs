//! Looking at many login sessions in one read.
//!
//! Everybody who was told of an event polls again at the same moment, and whoever reads the store
//! hands that to a thread and waits for it, which costs more than the read.

use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_store::{Key, LoginSession, Record, Store, StoreError, Versioned};
use tokio::sync::oneshot::{self, error::TryRecvError};

/// Sessions read at once; at some 2 µs each, whoever needs that reader waits for half a
/// millisecond.
const AT_ONCE_MAX: usize = 256;

/// What is stored of a login session.
type Found = Option<Versioned<LoginSession>>;

/// Those who look now.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// What is to be read, and who waits for it: as many as requests are under way.
    wanted: Mutex<Vec<(String, oneshot::Sender<Found>)>>,
    /// Whoever has it reads for all who wait for it.
    turn: tokio::sync::Mutex<()>,
}

impl Looks {
    fn wanted(&self) -> MutexGuard<'_, Vec<(String, oneshot::Sender<Found>)>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds a login session as it is now.
    ///
    /// # Errors
    ///
    /// The store's own, about this one alone.
    pub(super) async fn find(&self, store: &dyn Store, id: &str) -> Result<Found, StoreError> {
        let (sender, mut answer) = oneshot::channel();
        self.wanted().push((id.to_owned(), sender));
        let turn = self.turn.lock().await;
        loop {
            match answer.try_recv() {
                Ok(found) => return Ok(found),
                Err(TryRecvError::Empty) => self.read(store).await,
                // It could not be read with the others, or whoever read it has gone away.
                Err(TryRecvError::Closed) => break,
            }
        }
        drop(turn);
        Ok(load(store, vec![Key::LoginSession(id.to_owned())]).await?.pop().flatten())
    }

    /// Reads for those who have waited for longest.
    async fn read(&self, store: &dyn Store) {
        let together: Vec<_> = {
            let mut wanted = self.wanted();
            let count = wanted.len().min(AT_ONCE_MAX);
            wanted.drain(..count).collect()
        };
        let (ids, askers): (Vec<String>, Vec<_>) = together.into_iter().unzip();
        // Where this fails each is told nothing, and reads alone.
        if let Ok(all) = load(store, ids.into_iter().map(Key::LoginSession).collect()).await {
            for (asker, found) in askers.into_iter().zip(all) {
                // Whoever asked may have gone away.
                let _nobody_waits = asker.send(found);
            }
        }
    }
}

async fn load(store: &dyn Store, keys: Vec<Key>) -> Result<Vec<Found>, StoreError> {
    let session = |Versioned { value, version }| match value {
        Record::LoginSession(value) => Some(Versioned { value, version }),
        _ => None,
    };
    let found = store.load(&keys).await?;
    Ok(found.into_iter().map(|found| found.and_then(session)).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::join_all;
    use handoff_domain::{Time, UserId};
    use handoff_store::{ChangeSet, MemoryStore, Put};
    use handoff_testkit::FaultyStore;

    use super::*;

    const COUNT: usize = 600;

    async fn stored() -> FaultyStore {
        let store = MemoryStore::new();
        let put = |number: usize| {
            let (id, csrf_token) = (number.to_string(), String::new());
            let (created, last_used) = (Time(0), Time(0));
            let session = LoginSession {
                id,
                user: UserId(1),
                csrf_token,
                created,
                last_used,
                footing: String::new(),
                address: None,
                user_agent: None,
            };
            Put { record: Record::LoginSession(session), expected: 0 }
        };
        let puts = (0..COUNT).map(put).collect();
        store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
        FaultyStore::over(Arc::new(store))
    }

    /// Looks at all of them, and at one that is not there, while somebody else has their turn.
    async fn all(store: &FaultyStore) -> Vec<Result<Found, StoreError>> {
        let looks = Looks::default();
        let ids: Vec<String> = (0..=COUNT).map(|number| number.to_string()).collect();
        let turn = looks.turn.lock().await;
        let finds = join_all(ids.iter().map(|id| looks.find(store, id)));
        let (found, ()) = tokio::join!(finds, async { drop(turn) });
        assert!(looks.wanted().is_empty());
        found
    }

    #[tokio::test]
    async fn those_who_look_at_the_same_time_share_reads_and_each_gets_their_own() {
        let store = stored().await;
        let found = all(&store).await;
        assert_eq!(store.loads(), 3, "{COUNT} at {AT_ONCE_MAX} each");
        for (number, found) in found.into_iter().enumerate() {
            let id = found.unwrap().map(|found| found.value.id);
            assert_eq!(id, (number < COUNT).then(|| number.to_string()));
        }
    }

    #[tokio::test]
    async fn one_that_cannot_be_read_is_refused_alone() {
        let store = stored().await;
        store.make_unreadable(Key::LoginSession("7".to_owned()));
        for (number, found) in all(&store).await.into_iter().enumerate() {
            assert_eq!(found.is_err(), number == 7, "{number}");
        }
    }
}
