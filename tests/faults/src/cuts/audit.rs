//! Questions to the program itself, past the proxy, once the work is over: how far has each
//! numbering come, and what does it say of numbers that it never gave or no longer keeps?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::TOPICS;
use super::book::{Book, Ear, Finding, Resync};
use super::client::PATTERN;
use super::line::{Line, Transport};
use handoff_testkit::load::center;
use handoff_testkit::load::program::Address;

/// A number that no user comes to.
const NEVER_GIVEN: u64 = 1 << 53;
/// All that is kept.
const ALL_KEPT: i64 = -2;
/// An early number, which a longer run finds swept.
const EARLY: u64 = 1;
/// How long an answer to such a question may take.
const BOUND: Duration = Duration::from_secs(20);

/// How far each topic's numbering has come.
pub(super) type Heads = BTreeMap<&'static str, u64>;

/// What was asked and answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resyncs {
    /// Topics asked for a number that was never given; each answered so.
    pub(super) never_given: usize,
    /// Topics asked for a number that is no longer kept; each answered so.
    pub(super) too_old: usize,
}

/// One message: its channel and its data.
type Told = (String, Value);

/// Asks for a number that was never given, on all topics; gives the heads.
///
/// # Errors
///
/// When the program is away. A wrong answer is written down.
pub(super) async fn heads(
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
            None => book.find(
                Finding::Resync,
                format!("{NEVER_GIVEN} of {topic} was answered by {first:?}"),
            ),
        }
    }
    Ok((heads, oldest))
}

/// Subscribes anew to all that is kept, and compares it with what clients were told.
///
/// # Errors
///
/// When the program is away. A difference is written down.
pub(super) async fn control(address: &Address, user: usize, book: &Arc<Book>) -> Result<()> {
    let who = format!("the control of {}", center::agent(user));
    let mut ear = Ear::new(Arc::clone(book), who, user, &TOPICS);
    let (mut heads, mut oldest) = heads(address, user, book, &mut Resyncs::default()).await?;
    let mut told = kept(address, user, &heads, &oldest).await?;
    if !begins(&told, &oldest) {
        // A sweep came in between.
        (heads, oldest) = self::heads(address, user, book, &mut Resyncs::default()).await?;
        told = kept(address, user, &heads, &oldest).await?;
    }
    oldest.iter().for_each(|(topic, oldest)| ear.skip_to(topic, oldest.saturating_sub(1)));
    told.iter().for_each(|(channel, data)| ear.hear(channel, data));
    // Of a topic of which nothing is kept nothing can come.
    heads.retain(|topic, head| oldest.get(topic).is_some_and(|oldest| oldest <= head));
    ear.miss(&heads);
    Ok(())
}

/// Asks for what comes after an early number of the first topic: either it comes, or a `Resync`
/// says from where on there is something.
///
/// # Errors
///
/// When the program is away. A wrong answer is written down.
pub(super) async fn early(
    address: &Address,
    user: usize,
    book: &Arc<Book>,
    head: u64,
    resyncs: &mut Resyncs,
) -> Result<()> {
    let topic = TOPICS[0];
    let who = format!("{}, who names {EARLY}", center::agent(user));
    let mut ear = Ear::new(Arc::clone(book), who, user, &TOPICS);
    let last = |told: &[Told]| last_of(told, topic).unwrap_or(0);
    let told = ask(address, user, json!({topic: EARLY}), |told| last(told) >= head).await?;
    let mut told = told.into_iter().filter(|(channel, _)| channel == topic).peekable();
    let resync = told.peek().and_then(|(_, data)| Resync::read(data));
    ear.skip_to(topic, resync.map_or(EARLY, |resync| resync.resumes_after(EARLY)));
    if let Some(resync) = resync {
        told.next();
        resyncs.too_old += 1;
        if resync.oldest <= EARLY + 1 {
            book.find(Finding::Resync, format!("{EARLY} of {topic} was answered by {resync:?}"));
        }
    }
    told.for_each(|(channel, data)| ear.hear(&channel, &data));
    ear.miss(&Heads::from([(topic, head)]));
    Ok(())
}

/// Returns all that is kept of a user's topics, at least up to the heads.
async fn kept(address: &Address, user: usize, heads: &Heads, oldest: &Heads) -> Result<Vec<Told>> {
    let replay = TOPICS.map(|topic| (topic, ALL_KEPT)).into_iter().collect::<BTreeMap<_, _>>();
    let are_all = |told: &[Told]| {
        let is_done = |(topic, head): (&&str, &u64)| {
            oldest.get(topic).is_some_and(|oldest| oldest > head)
                || last_of(told, topic) >= Some(*head)
        };
        heads.iter().all(is_done)
    };
    ask(address, user, json!(replay), are_all).await
}

/// Tells whether each topic begins with the oldest that is kept.
fn begins(told: &[Told], oldest: &Heads) -> bool {
    oldest.iter().all(|(topic, oldest)| {
        let first = told.iter().find(|(channel, _)| channel == topic);
        first.is_none_or(|(_, data)| data["sequence"] == *oldest)
    })
}

fn last_of(told: &[Told], topic: &str) -> Option<u64> {
    told.iter().rev().find(|(channel, _)| channel == topic)?.1["sequence"].as_u64()
}

/// Opens a session, subscribes with a replay, and gives what is told until it is enough or a
/// connect is held in vain.
async fn ask(
    address: &Address,
    user: usize,
    replay: Value,
    is_enough: impl Fn(&[Told]) -> bool,
) -> Result<Vec<Told>> {
    let talk = async {
        let mut line = Line::open(address, &center::agent(user), Transport::LongPolling).await?;
        let transport = Transport::LongPolling.name();
        let hello = json!({"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": [transport]});
        let reply = line.exchange(&hello, |_, _| {}).await?;
        ensure!(reply["successful"] == true, "the handshake was refused: {reply}");
        let id = &reply["clientId"];
        let mut told = Vec::new();
        let subscribe = json!({"channel": "/meta/subscribe", "clientId": id, "subscription": PATTERN,
            "ext": {"replay": replay}});
        let mut hear = |channel: &str, data: &Value| told.push((channel.to_owned(), data.clone()));
        let reply = line.exchange(&subscribe, &mut hear).await?;
        ensure!(reply["successful"] == true, "the subscription was refused: {reply}");
        let connect =
            json!({"channel": "/meta/connect", "clientId": id, "connectionType": transport});
        // The first connect is answered at once; one that is held to its end brings nothing.
        let mut is_first = true;
        while !is_enough(&told) {
            let before = told.len();
            let mut hear =
                |channel: &str, data: &Value| told.push((channel.to_owned(), data.clone()));
            let reply = line.exchange(&connect, &mut hear).await?;
            ensure!(reply["successful"] == true, "the session was ended: {reply}");
            if told.len() == before && !is_first {
                break;
            }
            is_first = false;
        }
        let farewell = json!({"channel": "/meta/disconnect", "clientId": id});
        line.exchange(&farewell, |_, _| {}).await?;
        anyhow::Ok(told)
    };
    tokio::time::timeout(BOUND, talk).await.context("the program takes too long")?
}
