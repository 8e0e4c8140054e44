//! How large a store is when much was done with it.

use handoff_domain::interaction::Medium;
use handoff_domain::{Interaction, OfferKind, State};
use handoff_store::conformance::samples::{ended, handling, interaction_in, offer, wait};
use handoff_store::{ChangeSet, Put, Record, SqliteStore, Store, codec};
use tempfile::TempDir;

use crate::options;

/// Interactions that are there together.
const AT_ONCE: u64 = 32;
/// After so many rounds of them the tables that never grow are as large as they get.
const FIRST: u64 = 8;
const MORE: u64 = 32;

/// Returns an interaction as it is from its coming to its end: each time of another length.
fn life(n: u64) -> [Interaction; 4] {
    [
        State::Queued(wait(1)),
        State::Invited(wait(1), offer(1, OfferKind::Routed)),
        State::Handling(handling(1)),
        ended(),
    ]
    .map(|state| Interaction { medium: Medium::Workitem, ..interaction_in(n, state) })
}

/// Lets so many rounds of interactions live, and returns the bytes of the database then.
async fn lived(directory: &TempDir, rounds: std::ops::Range<u64>) -> u64 {
    let store = SqliteStore::open(options(directory)).unwrap();
    for round in rounds {
        for (step, expected) in (0..4).zip(0..) {
            let all = (round * AT_ONCE..(round + 1) * AT_ONCE).map(life);
            let puts =
                all.map(|life| Put { record: Record::Interaction(life[step].clone()), expected });
            let change = ChangeSet { puts: puts.collect(), ..ChangeSet::default() };
            store.commit(change).await.unwrap();
        }
    }
    store.close().await;
    options(directory).path.metadata().unwrap().len()
}

#[tokio::test]
async fn what_is_over_takes_little_more_than_its_text() {
    let directory = TempDir::new().unwrap();
    let before = lived(&directory, 0..FIRST).await;
    let after = lived(&directory, FIRST..FIRST + MORE).await;
    let each = (after - before) / (MORE * AT_ONCE);
    let [.., over] = life(1);
    let text = codec::encode_interaction(&over).unwrap().len() as u64;
    // Columns, its place in the index and the rest of each page that no row fits into.
    assert!(each <= text + 300, "{each} bytes each, of them {text} of text");
}
