//! Center files that admins send.

use std::sync::mpsc;
use std::time::Duration;

use serde_json::json;
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::api::Api;

/// How long an answer that must not come is waited for.
const WHILE: Duration = Duration::from_millis(300);

/// The test's runtime has one thread for work that takes long, and that one is taken: only what is
/// read on a thread that others need is answered.
#[test]
fn a_file_is_read_where_it_keeps_nobody_waiting() {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
    runtime.unwrap().block_on(async {
        let api = Api::start().await;
        let (ada, file) = (api.by("ada"), json!({"name": "x", "text": "[center"}));
        // The password is compared by that thread, too, and remembered.
        assert!(ada.post("/center", file.clone()).await.text.contains("failed"), "the control");
        let (release, released) = mpsc::channel::<()>();
        let taken = tokio::task::spawn_blocking(move || released.recv());
        let mut answer = Box::pin(ada.post("/center", file));
        assert!(timeout(WHILE, &mut answer).await.is_err(), "it was read on the runtime's thread");
        release.send(()).unwrap();
        assert!(answer.await.text.contains("failed"));
        taken.await.unwrap().unwrap();
    });
}
