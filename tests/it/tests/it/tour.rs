//! The way of one work item through the center, as the README tells it.

use anyhow::Result;
use handoff_testkit::{Program, TestAgent, Transport};
use serde_json::json;

use crate::scene::{own_work, submit_with, until_state};

async fn tour(transport: Transport) -> Result<()> {
    let server = Program::demo(&[]).await?;
    let kate = TestAgent::at_work(&server, "kate", transport).await?;

    let fields = json!({"subject": "Refund", "userData": {"CustomerSegment": "gold"}});
    let id = submit_with(&server, "workitem", "tasks", fields).await?;
    let offer = kate.sees(&id, "Invited").await?;
    assert_eq!(offer["messageTypeName"], "InteractionStateMessage");
    assert_eq!(offer["messageType"], "InteractionStateMessage");
    assert_eq!(offer["notificationType"], "StatusChange");
    assert_eq!(offer["capabilities"], json!(["Accept", "Reject"]));
    assert_eq!(offer["channel"], "workitem");
    assert_eq!(offer["interactionType"], "Workitem");
    assert_eq!(offer["direction"], "Inbound");
    assert_eq!(offer["currentQueue"], "tasks");
    assert_eq!(offer["subject"], "Refund");
    assert_eq!(offer["userData"], json!({"CustomerSegment": "gold"}));
    assert_eq!(offer["assignedTo"], json!(null));
    assert_eq!(own_work(&kate.rest).await?, std::slice::from_ref(&id));

    kate.command(&id, "Accept", json!({})).await?.ok()?;
    let owned = kate.sees(&id, "Processing").await?;
    assert!(owned["assignedTo"].is_string(), "{owned}");

    kate.command(&id, "UpdateUserData", json!({"userData": {"Decision": "granted"}}))
        .await?
        .ok()?;
    let changed = kate.notified("the change of user data", |data| {
        data["notificationType"] == "PropertiesUpdated"
    });
    assert_eq!(
        changed.await?["userData"],
        json!({"CustomerSegment": "gold", "Decision": "granted"})
    );

    kate.command(&id, "Complete", json!({})).await?.ok()?;
    let gone = kate.sees(&id, "Completed").await?;
    assert_eq!(gone["capabilities"], json!([]));
    assert!(own_work(&kate.rest).await?.is_empty());
    until_state(&server, &id, "Completed").await?;
    Ok(())
}

#[tokio::test]
async fn a_work_item_is_offered_accepted_changed_and_completed_over_long_polling() -> Result<()> {
    tour(Transport::LongPolling).await
}

#[tokio::test]
async fn a_work_item_is_offered_accepted_changed_and_completed_over_websocket() -> Result<()> {
    tour(Transport::WebSocket).await
}
