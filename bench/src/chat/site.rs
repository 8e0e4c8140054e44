//! The program with its chats open: every customer has one, and every agent as many as they may
//! have.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use super::Options;
use super::people::{Agent, Customer, Direction, People, Tally, Voice, Write};
use handoff_faults::chats::site::{SERVICE, Site, owner, start_work};
use handoff_faults::chats::socket::{AGENTS, CUSTOMERS, Ear, Session, Way, published};
use handoff_testkit::load::http::{Call, Client};
use handoff_testkit::load::program::Program;

/// How long all chats may take to be accepted.
const ACCEPT_BOUND: Duration = Duration::from_secs(120);
/// How many customers come at the same time.
const OPENING: usize = 32;
/// What a refusal contains that is for the moment (docs/api/customers.md).
const NOT_NOW: &str = "\"statusCode\":1";
/// The topic that tells everything of an agent's interactions.
const TOPIC: &str = "/v2/me/interactions";

/// Makes the contact center. Everybody is on this machine, in a handful of addresses: their bounds
/// are raised, no others.
///
/// # Errors
///
/// When the program refuses it.
pub(super) async fn prepare(binary: &Path, home: &Path, options: &Options) -> Result<PathBuf> {
    let (chats, each) = (usize::from(options.chats), usize::from(options.chats_each));
    let limits = "[limits]\nconnections_per_address = 20000\n[chat]\nchats_per_address = 20000\nrequests_per_second = 20000\n";
    Site { owners: chats.div_ceil(each), helpers: 0, chats_each: each }
        .prepare(binary, home, limits)
        .await
}

/// Brings everybody in.
///
/// # Errors
///
/// When the program refuses somebody, or the chats are not offered in time.
pub(super) async fn open(program: &Program, options: &Options) -> Result<People> {
    let (chats, each) = (usize::from(options.chats), usize::from(options.chats_each));
    let server = (*program.address().borrow()).context("the program is away")?;
    let (tally, mut listeners) = (Arc::new(Tally::default()), JoinSet::new());
    let mut clients = Vec::new();
    for number in 0..chats.div_ceil(each) {
        let name = owner(number);
        let client = start_work(&program.address(), &name).await?;
        let way = Way { server, number: chats + number, path: AGENTS, user: Some(&name) };
        let (session, ear) = Session::open(&way, TOPIC, None).await?;
        let heard = Heard { tally: Arc::clone(&tally), direction: Direction::ToAgent, echo: None };
        listeners.spawn(heard.listen(Arc::new(session), ear));
        clients.push(client);
    }
    let mut coming = JoinSet::new();
    let places = Arc::new(Semaphore::new(OPENING));
    for number in 0..chats {
        let (places, tally) = (Arc::clone(&places), Arc::clone(&tally));
        coming.spawn(async move {
            let _place = places.acquire_owned().await?;
            let way = Way { server, number, path: CUSTOMERS, user: None };
            come(&way, tally).await.with_context(|| format!("open chat {number}"))
        });
    }
    let mut customers = Vec::new();
    while let Some(came) = coming.join_next().await {
        let (customer, heard, session, ear) = came??;
        listeners.spawn(heard.listen(session, ear));
        customers.push(Arc::new(customer));
    }
    println!("the program: accepting them…");
    let mut agents = Vec::new();
    let end = Instant::now() + ACCEPT_BOUND;
    for mut client in clients {
        let share = each.min(chats - agents.len() * each);
        let chats = accept_all(&mut client, share, end).await?;
        agents.push(Arc::new(Agent { client: Mutex::new(client), chats }));
    }
    let process = program.id().context("the program has ended")?;
    Ok(People { customers, agents, tally, process, _listeners: listeners })
}

/// A customer begins a chat.
async fn come(way: &Way<'_>, tally: Arc<Tally>) -> Result<(Customer, Heard, Arc<Session>, Ear)> {
    let (session, mut ear) =
        Session::open(way, &format!("/service/chatV2/{SERVICE}"), None).await?;
    session
        .publish(&json!({"operation": "requestChat", "nickname": "Ada", "subject": "An order"}))
        .await?;
    let key = loop {
        let frame = ear.frame().await?;
        session.follow(&frame).await?;
        let told = published(&frame)?;
        if let Some(answer) = told.first() {
            let key = answer["secureKey"].as_str().with_context(|| format!("no chat: {answer}"))?;
            break key.to_owned();
        }
    };
    let may_send = Arc::new(Semaphore::new(1));
    let heard =
        Heard { tally, direction: Direction::ToCustomer, echo: Some(Arc::clone(&may_send)) };
    let session = Arc::new(session);
    let voice = Voice::Chat { session: Arc::clone(&session), key };
    Ok((Customer { voice, may_send }, heard, session, ear))
}

/// An agent accepts their share; gives how they write in each chat.
async fn accept_all(client: &mut Client, share: usize, end: Instant) -> Result<Vec<Write>> {
    let mut chats: Vec<Write> = Vec::new();
    while chats.len() < share {
        let call = Call::get("/me/interactions?fields=id,state&limit=1000");
        let list = client.send_until_answered(&call).await.context("no answer")?;
        let all = list.body["interactions"].as_array().cloned().unwrap_or_default();
        for offer in all.iter().filter(|interaction| interaction["state"] == "Invited") {
            let path = format!("/me/interactions/{}", offer["id"].as_str().context("no id")?);
            let accept = Call::post(&path, &json!({"operationName": "Accept"}));
            let answer = client.send_until_answered(&accept).await.context("no answer")?;
            ensure!(answer.code() == 0, "an offer cannot be accepted: {}", answer.body);
            chats.push(Box::new(move |text| Call::post(&path, &send(text))));
        }
        ensure!(
            Instant::now() < end,
            "only {} of {share} chats were offered to an agent",
            chats.len()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(chats)
}

fn send(text: &str) -> Value {
    json!({"operationName": "Send", "text": text})
}

/// Somebody who listens.
struct Heard {
    tally: Arc<Tally>,
    direction: Direction,
    /// Who may send again when their own message comes back.
    echo: Option<Arc<Semaphore>>,
}

impl Heard {
    async fn listen(self, session: Arc<Session>, mut ear: Ear) {
        loop {
            let heard = async {
                let frame = ear.frame().await?;
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
            if let Err(error) = heard.await {
                return self.tally.fail(&error);
            }
        }
    }
}
