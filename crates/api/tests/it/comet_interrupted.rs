//! A client whose connection breaks while its subscription is being taken in.

use std::sync::Arc;

use handoff_store::Store;
use handoff_testkit::FaultyStore;
use serde_json::Value;

use crate::comet_bench::{Bench, sequences};
use crate::notify_fixture::{self, KATE};

const INTERACTIONS: &str = "/v2/me/interactions";

#[tokio::test]
async fn a_subscription_that_was_cut_short_leaves_no_deaf_session() {
    let inner = notify_fixture::store().await;
    let store = Arc::new(FaultyStore::over(inner));
    let bench = Bench::start_on(Arc::clone(&store) as Arc<dyn Store>).await;
    let mut kate = bench.client(KATE);
    kate.handshake().await;
    store.stall(true);
    tokio::select! {
        reply = kate.subscribe(INTERACTIONS, Value::Null) => panic!("answered while the store was stalled: {reply}"),
        () = store.stalled() => {}
    }
    store.stall(false);
    assert_eq!(kate.fetch().await["advice"]["reconnect"], "handshake");
    let mut kate = bench.listening(KATE, INTERACTIONS, Value::Null).await;
    bench.ready(KATE).await;
    bench.submit().await;
    assert_eq!(sequences(&kate.next(1).await), [1]);
    bench.stop().await;
}
