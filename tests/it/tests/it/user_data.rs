//! UpdateUserData, AttachUserData and DeleteUserData (docs/compat/interactions.md#user-data).

use anyhow::Result;
use handoff_testkit::{TestAgent, TestServer, Transport};
use serde_json::{Value, json};

use crate::scene::{Envelope, exactly, interaction, refused, submit_with};

/// The fields that the reference document uses in its examples.
fn documented() -> Value {
    json!({"field1": "one", "field2": 2, "field3": {"fieldA": "a", "fieldB": "b"}})
}

async fn owned_by_kate(server: &TestServer) -> Result<(TestAgent, String)> {
    let kate = TestAgent::at_work(server, "kate", Transport::LongPolling).await?;
    let id = submit_with(server, "workitem", "tasks", json!({"userData": documented()})).await?;
    kate.accept(&id).await?;
    Ok((kate, id))
}

/// Sends one of the three operations, checks its envelope, and gives the user data that the
/// notification of it shows.
async fn change(kate: &TestAgent, id: &str, operation: &str, fields: Value) -> Result<Value> {
    let reference = exactly(
        kate.command(id, operation, fields).await?,
        json!({"status": "ok", "statusCode": 0}),
    )?;
    let what = format!("the notification of {operation} with referenceId {reference}");
    let told = kate.notified(&what, |data| data["referenceId"] == reference).await?;
    assert_eq!(told["notificationType"], "PropertiesUpdated", "{told}");
    assert_eq!(told["state"], "Processing", "{told}");
    assert_eq!(told["userData"], interaction(&kate.rest, id).await?["userData"]);
    Ok(told["userData"].clone())
}

#[tokio::test]
async fn update_sets_keys_and_replaces_nested_objects_whole() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, id) = owned_by_kate(&server).await?;
    let fields =
        json!({"userData": {"field1": null, "field3": {"fieldA": "c"}, "new": [1, 2.5, "x"]}});
    let after = change(&kate, &id, "UpdateUserData", fields).await?;
    assert_eq!(
        after,
        json!({"field1": null, "field2": 2, "field3": {"fieldA": "c"}, "new": [1, 2.5, "x"]})
    );
    refused(kate.command(&id, "UpdateUserData", json!({})).await?, 400, 1, Envelope::Older)?;
    refused(
        kate.command(&id, "UpdateUserData", json!({"userData": [1]})).await?,
        400,
        10,
        Envelope::Older,
    )?;
    Ok(())
}

#[tokio::test]
async fn attach_sets_keys_that_exist_like_update() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, id) = owned_by_kate(&server).await?;
    let after =
        change(&kate, &id, "AttachUserData", json!({"userData": {"field1": "one", "added": true}}))
            .await?;
    assert_eq!(after["added"], true);
    let after =
        change(&kate, &id, "AttachUserData", json!({"userData": {"other": 1, "field1": "two"}}))
            .await?;
    assert_eq!(
        (&after["other"], &after["field1"], &after["added"]),
        (&json!(1), &json!("two"), &json!(true))
    );
    Ok(())
}

#[tokio::test]
async fn delete_removes_keys_and_nested_keys() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, id) = owned_by_kate(&server).await?;
    let fields =
        json!({"userData": {"field1": "whatever", "missing": 1, "field3": {"fieldA": "a"}}});
    let after = change(&kate, &id, "DeleteUserData", fields).await?;
    assert_eq!(after, json!({"field2": 2, "field3": {"fieldB": "b"}}));
    let after =
        change(&kate, &id, "DeleteUserData", json!({"keys": ["field2", "missing"]})).await?;
    assert_eq!(after, json!({"field3": {"fieldB": "b"}}));
    refused(kate.command(&id, "DeleteUserData", json!({})).await?, 400, 1, Envelope::Older)?;
    Ok(())
}

#[tokio::test]
async fn large_integers_are_kept_and_what_is_too_large_is_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, id) = owned_by_kate(&server).await?;
    let numbers = json!({"most": u64::MAX / 2, "least": i64::MIN, "half": 0.5});
    let after = change(&kate, &id, "UpdateUserData", json!({"userData": numbers})).await?;
    assert_eq!(after["most"], u64::MAX / 2);
    assert_eq!(after["least"], i64::MIN);
    assert_eq!(after["half"], 0.5);

    let mut deep = json!("bottom");
    for _ in 0..20 {
        deep = json!({"deeper": deep});
    }
    let too_much = [
        json!({"userData": {"long": "x".repeat(65 * 1024)}}),
        json!({"userData": {"k".repeat(257): 1}}),
        json!({"userData": {"deep": deep}}),
    ];
    for fields in too_much {
        refused(kate.command(&id, "UpdateUserData", fields).await?, 400, 10, Envelope::Older)?;
    }
    assert_eq!(interaction(&kate.rest, &id).await?["userData"], after);
    Ok(())
}

#[tokio::test]
async fn only_the_owner_changes_user_data() -> Result<()> {
    let server = TestServer::start().await?;
    let (kate, id) = owned_by_kate(&server).await?;
    let ben = TestAgent::away(&server, "ben", Transport::LongPolling)?;
    let fields = json!({"userData": {"field1": "mine"}});
    refused(ben.command(&id, "UpdateUserData", fields.clone()).await?, 403, 3, Envelope::Older)?;
    let mia = TestAgent::away(&server, "mia", Transport::LongPolling)?;
    refused(mia.command(&id, "UpdateUserData", fields).await?, 404, 6, Envelope::Older)?;
    assert_eq!(interaction(&kate.rest, &id).await?["userData"], documented());
    Ok(())
}
