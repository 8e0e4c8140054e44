//! A client whose connection breaks while its subscription is being taken in.

use std::sync::Arc;

use handoff_store::Store;
use handoff_testkit::FaultyStore;
use serde_json::Value;

use crate::comet::{Api, sequences};
use crate::samples::{self, KATE};

const INTERACTIONS: &str = "/v2/me/interactions";

#[tokio::test]
async fn a_subscription_that_was_cut_short_leaves_no_deaf_session() {
    let inner = samples::store().await;
    let store = Arc::new(FaultyStore::over(inner));
    let api = Api::start_on(Arc::clone(&store) as Arc<dyn Store>).await;
    let mut kate = api.client(KATE);
    kate.handshake().await;
    store.stall(true);
    tokio::select! {
        reply = kate.subscribe(INTERACTIONS, Value::Null) => panic!("answered while the store was stalled: {reply}"),
        () = store.stalled() => {}
    }
    store.stall(false);
    assert_eq!(kate.fetch().await["advice"]["reconnect"], "handshake");
    let mut kate = api.listening(KATE, INTERACTIONS, Value::Null).await;
    api.ready(KATE).await;
    api.submit().await;
    assert_eq!(sequences(&kate.next(1).await), [1]);
    api.stop().await;
}
