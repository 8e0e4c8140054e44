//! The program with its chats open: every customer has one, and every agent as many as they may
//! have.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Options;
use super::people::{Agent, Customer, Direction, People, Tally, Voice, Write};
use handoff_faults::chats::site::{SERVICE, center, owner};
use handoff_testkit::comet::{AGENTS, CUSTOMERS, INTERACTIONS, Listening, Reader, published};
use handoff_testkit::http::source;
use handoff_testkit::{Call, Client, Program, Settings, Site};

/// How long all chats may take to be accepted.
const ACCEPT_BOUND: Duration = Duration::from_secs(120);
/// How many customers come at the same time.
const OPENING: usize = 32;
/// What a refusal contains that is for the moment (docs/api/customers.md).
const NOT_NOW: &str = "\"statusCode\":1";
/// Everybody is on this machine, in a handful of addresses: their bounds are raised, no others.
const LIMITS: &str = "[limits]\nconnections_per_address = 20000\n\
                      [chat]\nchats_per_address = 20000\nrequests_per_second = 20000\n";

/// Makes the contact center and starts the program with it.
pub(crate) async fn start(
    binary: &Path,
    home: &Path,
    options: &Options,
) -> Result<(Site, Program)> {
    let (chats, each) = (usize::from(options.chats), usize::from(options.chats_each));
    let made = center(chats.div_ceil(each), 0, each);
    let settings = Settings { others: LIMITS, ..Settings::default() };
    Site::open(binary, home, &made, settings).await
}

pub(crate) async fn open(program: &Program, options: &Options) -> Result<People> {
    let (chats, each) = (usize::from(options.chats), usize::from(options.chats_each));
    let (tally, mut listeners) = (Arc::new(Tally::default()), JoinSet::new());
    let mut clients = Vec::new();
    for number in 0..chats.div_ceil(each) {
        let client = program.client(&owner(number)).from_source(source(chats + number));
        client.start_work(&["chat"]).await?;
        let (session, reader) = Listening::open(&client, AGENTS, INTERACTIONS, None).await?;
        let listener =
            Listener { tally: Arc::clone(&tally), direction: Direction::ToAgent, echo: None };
        listeners.spawn(listener.listen(Arc::new(session), reader));
        clients.push(client);
    }
    let mut coming = JoinSet::new();
    let places = Arc::new(Semaphore::new(OPENING));
    for number in 0..chats {
        let (places, tally) = (Arc::clone(&places), Arc::clone(&tally));
        let client = program.anonymous().from_source(source(number));
        coming.spawn(async move {
            let _place = places.acquire_owned().await?;
            come(&client, tally).await.with_context(|| format!("open chat {number}"))
        });
    }
    let mut customers = Vec::new();
    while let Some(came) = coming.join_next().await {
        let (customer, listener, session, reader) = came??;
        listeners.spawn(listener.listen(session, reader));
        customers.push(Arc::new(customer));
    }
    println!("the program: accepting them…");
    let mut agents = Vec::new();
    let end = Instant::now() + ACCEPT_BOUND;
    for client in clients {
        let share = each.min(chats - agents.len() * each);
        let chats = accept_all(&client, share, end).await?;
        agents.push(Arc::new(Agent { turn: tokio::sync::Mutex::default(), client, chats }));
    }
    Ok(People { customers, agents, tally, process: program.id()?, _listeners: listeners })
}

/// A customer begins a chat.
async fn come(
    client: &Client,
    tally: Arc<Tally>,
) -> Result<(Customer, Listener, Arc<Listening>, Reader)> {
    let channel = format!("/service/chatV2/{SERVICE}");
    let (session, mut reader) = Listening::open(client, CUSTOMERS, &channel, None).await?;
    let request = json!({"operation": "requestChat", "nickname": "Ada", "subject": "An order"});
    session.publish(&request).await?;
    let key = loop {
        let frame = reader.frame().await?;
        session.follow(&frame).await?;
        let told = published(&frame)?;
        if let Some(answer) = told.first() {
            let key = answer["secureKey"].as_str().with_context(|| format!("no chat: {answer}"))?;
            break key.to_owned();
        }
    };
    let may_send = Arc::new(Semaphore::new(1));
    let echo = Some(Arc::clone(&may_send));
    let listener = Listener { tally, direction: Direction::ToCustomer, echo };
    let session = Arc::new(session);
    let voice = Voice::Chat { session: Arc::clone(&session), key };
    Ok((Customer { voice, may_send }, listener, session, reader))
}

/// An agent accepts their share; returns how they write in each chat.
async fn accept_all(client: &Client, share: usize, end: Instant) -> Result<Vec<Write>> {
    let mut chats: Vec<Write> = Vec::new();
    while chats.len() < share {
        let all = client.interactions("/me/interactions?fields=id,state").await?;
        for offer in all.iter().filter(|interaction| interaction["state"] == "Invited") {
            let path = format!("/me/interactions/{}", offer["id"].as_str().context("no id")?);
            client.command(&path, &json!({"operationName": "Accept"})).await?;
            chats.push(Box::new(move |text| {
                Call::post(&path, &json!({"operationName": "Send", "text": text}))
            }));
        }
        let count = chats.len();
        ensure!(Instant::now() < end, "only {count} of {share} chats were offered to an agent");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(chats)
}

struct Listener {
    tally: Arc<Tally>,
    direction: Direction,
    /// Who may send again when their own message comes back.
    echo: Option<Arc<Semaphore>>,
}

impl Listener {
    async fn listen(self, session: Arc<Listening>, mut reader: Reader) {
        loop {
            let listening = async {
                let frame = reader.frame().await?;
                self.tally.notice(self.direction, &frame);
                if let Some(may_send) = self.echo.as_ref().filter(|_| frame.contains(NOT_NOW)) {
                    self.tally.refuse(Direction::ToAgent);
                    may_send.add_permits(1);
                }
                if let Some(may_send) =
                    self.echo.as_ref().filter(|_| frame.contains(Direction::ToAgent.mark()))
                {
                    may_send.add_permits(1);
                }
                session.follow(&frame).await
            };
            if let Err(error) = listening.await {
                return self.tally.fail(&error);
            }
        }
    }
}
