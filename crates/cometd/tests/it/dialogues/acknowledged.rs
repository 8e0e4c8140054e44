//! The `ack` extension: numbered replies, and messages sent again until they are acknowledged.

use handoff_cometd::Limits;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Bench, Client, data, text};

async fn acknowledged(bench: &Bench) -> Client {
    let mut client = bench.client(Some("kate"));
    client.handshake(json!({"ack": true})).await;
    assert_eq!(client.connect_with_ack(0).await[0]["ext"]["ack"], 1);
    client
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_sent_again_before_newer_messages() {
    let bench = Bench::new(Limits::default());
    let mut client = acknowledged(&bench).await;
    bench.server.deliver(&client.session(), "/a", text("1"));
    let lost = client.connect_with_ack(1).await;
    assert_eq!((data(&lost), &lost[1]["ext"]["ack"]), (vec![&json!("1")], &json!(2)));
    bench.server.deliver(&client.session(), "/a", text("2"));
    let again = client.connect_with_ack(1).await;
    assert_eq!(
        (data(&again), &again[2]["ext"]["ack"]),
        (vec![&json!("1"), &json!("2")], &json!(3))
    );
    let started = Instant::now();
    let idle = client.connect_with_ack(3).await;
    assert_eq!((data(&idle).len(), &idle[0]["ext"]["ack"]), (0, &json!(4)));
    assert!(started.elapsed().as_millis() >= 30_000, "everything is acknowledged");
}

#[tokio::test(start_paused = true)]
async fn the_older_of_two_connects_acknowledges_nothing_new() {
    let bench = Bench::new(Limits::default());
    let mut client = acknowledged(&bench).await;
    let mut twin = client.clone();
    let older = tokio::spawn(async move { twin.connect_with_ack(1).await });
    crate::support::settle().await;
    let mut twin = client.clone();
    let newer = tokio::spawn(async move { twin.connect_with_ack(1).await });
    let older = older.await.unwrap();
    assert_eq!(older[0]["ext"]["ack"], 1);
    bench.server.deliver(&client.session(), "/a", text("1"));
    let newer = newer.await.unwrap();
    assert_eq!((data(&newer), &newer[1]["ext"]["ack"]), (vec![&json!("1")], &json!(2)));
    bench.server.deliver(&client.session(), "/a", text("2"));
    assert_eq!(data(&client.connect_with_ack(2).await), ["2"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_forgets_to_acknowledge_does_not_spin() {
    let bench = Bench::new(Limits::default());
    let mut client = acknowledged(&bench).await;
    bench.server.deliver(&client.session(), "/a", text("1"));
    assert_eq!(data(&client.connect().await), ["1"]);
    let started = Instant::now();
    assert!(data(&client.connect().await).is_empty());
    assert!(started.elapsed().as_millis() >= 30_000);
    for nonsense in [json!(-1), json!("x"), json!(1e300), Value::Null] {
        let message = json!([{"channel": "/meta/connect", "advice": {"timeout": 0}, "ext": {"ack": nonsense}}]);
        assert_eq!(client.send(message).await[0]["successful"], true);
    }
}
