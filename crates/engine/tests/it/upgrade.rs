//! A node over a database that the program before the log wrote.

use std::path::Path;
use std::sync::Arc;

use handoff_domain::{InteractionId, State, Topic, UserId};
use handoff_engine::Replay;
use handoff_store::sqlite::faults::restore;
use handoff_store::{SqliteOptions, SqliteStore};
use handoff_testkit::{FaultyStore, ManualClock};

use crate::rig::Rig;

const KATE: UserId = UserId(0xaa18_837c_ba2d_47dc_bcb8_cdfa_308c_71d9);
/// When that program was stopped.
const STOPPED_MS: i64 = 1_795_931_205_300;

fn numbers(rig: &Rig, session: &str) -> Vec<u64> {
    let given = rig.recorder.of(session).into_iter();
    given.filter(|(topic, ..)| *topic == Topic::Interactions).map(|(_, number, _)| number).collect()
}

/// A client that got number 10 before the upgrade gets the rest after it, once, and what is new;
/// and the offer that was open is there to be accepted.
#[tokio::test]
async fn a_client_goes_on_with_the_number_that_it_had() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("handoff.db");
    let dump =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/fixtures/before_the_log.sql");
    restore(&path, &std::fs::read_to_string(dump).unwrap());
    let store = Arc::new(SqliteStore::open(SqliteOptions::new(path)).unwrap());
    let clock = Arc::new(ManualClock::at_ms(STOPPED_MS));
    let rig = Rig::over(Arc::new(FaultyStore::over(store)), clock).await;
    rig.listen(KATE, "known", Replay::After(10)).await;
    assert_eq!(numbers(&rig, "known"), (11..=19).collect::<Vec<_>>());
    let offered: InteractionId = "0KNap2zVLNojWRqX".parse().unwrap();
    rig.accept(KATE, offered).await.unwrap();
    rig.settle().await;
    assert!(matches!(rig.stored(offered).await.state, State::Handling(_)));
    assert_eq!(numbers(&rig, "known"), (11..=20).collect::<Vec<_>>());
}
