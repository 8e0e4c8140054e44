//! Questions to the program itself, past the proxy, once the work is over: how far has each
//! numbering come, and what does it say of numbers that it never gave or no longer keeps?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::TOPICS;
use super::book::{Book, Place, RESYNC, Resync};
use super::client::{PATIENCE, PATTERN};
use handoff_testkit::comet::{Exchange, subscribe};
use handoff_testkit::{Address, Client, Transport, center};

/// A number that no user comes to.
const NEVER_GIVEN: u64 = 1 << 53;
const ALL_KEPT: i64 = -2;
/// An early number, which a longer run finds swept.
const EARLY: u64 = 1;
/// How long an answer to such a question may take.
const BOUND: Duration = Duration::from_secs(20);

/// How far each topic's numbering has come.
pub(crate) type Heads = BTreeMap<&'static str, u64>;

/// What was asked and answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resyncs {
    /// Topics asked for a number that was never given; each answered so.
    pub(crate) never_given: usize,
    /// Topics asked for a number that is no longer kept; each answered so.
    pub(crate) too_old: usize,
}

/// One message: its channel and its data.
type Message = (String, Value);

/// Asks for a number that was never given, on all topics; returns the heads.
pub(crate) async fn heads(
    address: &Address,
    user: usize,
    book: &Book,
    resyncs: &mut Resyncs,
) -> Result<(Heads, Heads)> {
    let replay = TOPICS.map(|topic| (topic, NEVER_GIVEN)).into_iter().collect::<BTreeMap<_, _>>();
    let told = ask(address, user, json!(replay), |told| told.len() >= TOPICS.len()).await?;
    let (mut heads, mut oldest) = (Heads::new(), Heads::new());
    for topic in TOPICS {
        let first = told.iter().find(|(channel, _)| channel == topic);
        match first.and_then(|(_, data)| Resync::read(data)) {
            Some(resync) => {
                resyncs.never_given += 1;
                heads.insert(topic, resync.head);
                oldest.insert(topic, resync.oldest);
            }
            None => {
                book.find(RESYNC, format!("{NEVER_GIVEN} of {topic} was answered by {first:?}"))
            }
        }
    }
    Ok((heads, oldest))
}

/// Subscribes anew to all that is kept, and compares it with what clients were told.
pub(crate) async fn control(address: &Address, user: usize, book: &Arc<Book>) -> Result<()> {
    let who = format!("the control of {}", center::agent(user));
    let mut place = Place::new(Arc::clone(book), who, user, &TOPICS);
    let (mut heads, mut oldest) = heads(address, user, book, &mut Resyncs::default()).await?;
    let mut told = kept(address, user, &heads, &oldest).await?;
    if !begins(&told, &oldest) {
        // A sweep came in between.
        (heads, oldest) = self::heads(address, user, book, &mut Resyncs::default()).await?;
        told = kept(address, user, &heads, &oldest).await?;
    }
    oldest.iter().for_each(|(topic, oldest)| place.skip_to(topic, oldest.saturating_sub(1)));
    told.iter().for_each(|(channel, data)| place.take(channel, data));
    // Of a topic of which nothing is kept nothing can come.
    heads.retain(|topic, head| oldest.get(topic).is_some_and(|oldest| oldest <= head));
    place.miss(&heads);
    Ok(())
}

/// Asks for what comes after an early number of the first topic: either it comes, or a `Resync`
/// says from where on there is something.
pub(crate) async fn early(
    address: &Address,
    user: usize,
    book: &Arc<Book>,
    head: u64,
    resyncs: &mut Resyncs,
) -> Result<()> {
    let topic = TOPICS[0];
    let who = format!("{}, who names {EARLY}", center::agent(user));
    let mut place = Place::new(Arc::clone(book), who, user, &TOPICS);
    let last = |told: &[Message]| last_of(told, topic).unwrap_or(0);
    let told = ask(address, user, json!({topic: EARLY}), |told| last(told) >= head).await?;
    let mut told = told.into_iter().filter(|(channel, _)| channel == topic).peekable();
    let resync = told.peek().and_then(|(_, data)| Resync::read(data));
    place.skip_to(topic, resync.map_or(EARLY, |resync| resync.resumes_after(EARLY)));
    if let Some(resync) = resync {
        told.next();
        resyncs.too_old += 1;
        if resync.oldest <= EARLY + 1 {
            book.find(RESYNC, format!("{EARLY} of {topic} was answered by {resync:?}"));
        }
    }
    told.for_each(|(channel, data)| place.take(&channel, &data));
    place.miss(&Heads::from([(topic, head)]));
    Ok(())
}

/// Returns all that is kept of a user's topics, at least up to the heads.
async fn kept(
    address: &Address,
    user: usize,
    heads: &Heads,
    oldest: &Heads,
) -> Result<Vec<Message>> {
    let replay = TOPICS.map(|topic| (topic, ALL_KEPT)).into_iter().collect::<BTreeMap<_, _>>();
    let are_all = |told: &[Message]| {
        let is_done = |(topic, head): (&&str, &u64)| {
            oldest.get(topic).is_some_and(|oldest| oldest > head)
                || last_of(told, topic) >= Some(*head)
        };
        heads.iter().all(is_done)
    };
    ask(address, user, json!(replay), are_all).await
}

/// Tells whether each topic begins with the oldest that is kept.
fn begins(told: &[Message], oldest: &Heads) -> bool {
    oldest.iter().all(|(topic, oldest)| {
        let first = told.iter().find(|(channel, _)| channel == topic);
        first.is_none_or(|(_, data)| data["sequence"] == *oldest)
    })
}

fn last_of(told: &[Message], topic: &str) -> Option<u64> {
    told.iter().rev().find(|(channel, _)| channel == topic)?.1["sequence"].as_u64()
}

/// Opens a session, subscribes with a replay, and gives what is told until it is enough or a
/// connect is held in vain.
async fn ask(
    address: &Address,
    user: usize,
    replay: Value,
    is_enough: impl Fn(&[Message]) -> bool,
) -> Result<Vec<Message>> {
    let talk = async {
        let client = Client::new(address, &center::agent(user));
        let polling = Transport::LongPolling;
        let mut exchange = Exchange::open(&client, polling).await?;
        let mut all = Vec::new();
        let mut told = |channel: &str, data: &Value| all.push((channel.to_owned(), data.clone()));
        let reply = exchange.succeed(&polling.handshake(), PATIENCE, &mut told).await?;
        let id = reply["clientId"].as_str().context("no clientId")?;
        let mut message = subscribe(id, PATTERN);
        message["ext"] = json!({"replay": replay});
        exchange.succeed(&message, PATIENCE, &mut told).await?;
        // The first connect is answered at once; one that is held to its end brings nothing.
        let mut is_first = true;
        while !is_enough(&all) {
            let before = all.len();
            let told = |channel: &str, data: &Value| all.push((channel.to_owned(), data.clone()));
            exchange.succeed(&polling.connect(id), PATIENCE, told).await?;
            if all.len() == before && !is_first {
                break;
            }
            is_first = false;
        }
        let farewell = json!({"channel": "/meta/disconnect", "clientId": id});
        exchange.succeed(&farewell, PATIENCE, |_, _| {}).await?;
        anyhow::Ok(all)
    };
    tokio::time::timeout(BOUND, talk).await.context("the program takes too long")?
}
