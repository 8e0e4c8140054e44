//! Agents of a made center with work to do.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use handoff_domain::Media;
use handoff_testkit::center::{self, QUEUE, SUBMITTERS};
use handoff_testkit::{Address, Call, Center, Client, Program, Settings, Site};
use serde_json::json;
use tokio::task::JoinSet;

/// How long the router may take to offer everything.
const OFFER_BOUND: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(50);

pub(crate) const ACCEPT: &str = r#"{"operationName":"Accept"}"#;
pub(crate) const COMPLETE: &str = r#"{"operationName":"Complete"}"#;

/// Starts the program with a center of so many agents, each with room for so many work items.
pub(crate) async fn open(
    binary: &Path,
    home: &Path,
    agents: usize,
    each: usize,
) -> Result<(Site, Program)> {
    let made = Center::made().invites_for_s(86_400).agents(
        (0..agents).map(center::agent),
        Media::Workitem,
        each,
    );
    Site::open(binary, home, &made, Settings::default()).await
}

/// Submits work items over several connections.
pub(crate) async fn submit(address: &Address, count: usize) -> Result<()> {
    let mut submitters = JoinSet::new();
    for number in 0..SUBMITTERS {
        let client = Client::new(address, &center::submitter(number));
        let body = json!({"operationName": "Create", "channel": "workitem", "queueName": QUEUE,
            "subject": "An order to check", "userData": {"customer": "4711", "product": "blue"}});
        let call = Call::post("/interactions", &body);
        let share = count / SUBMITTERS + usize::from(number < count % SUBMITTERS);
        submitters.spawn(async move {
            for _ in 0..share {
                client.send(&call).await?.ok()?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = submitters.join_next().await {
        ended??;
    }
    Ok(())
}

/// Waits until an agent is offered so many, and returns their ids.
pub(crate) async fn offers(client: &Client, each: usize) -> Result<Vec<String>> {
    let end = Instant::now() + OFFER_BOUND;
    loop {
        let all = client.interactions("/me/interactions?fields=id,state").await?;
        let offered = all.iter().filter(|interaction| interaction["state"] == "Invited");
        let ids = offered.filter_map(|interaction| interaction["id"].as_str()).map(str::to_owned);
        let ids: Vec<String> = ids.collect();
        if ids.len() >= each {
            return Ok(ids);
        }
        ensure!(Instant::now() < end, "only {} of {each} work items were offered", ids.len());
        tokio::time::sleep(LOOK).await;
    }
}
