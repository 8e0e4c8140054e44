//! Lines in memory that lose, double and reorder what they are told to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::Received;
use crate::conformance::{self, Ground, Speaker};

const BOUND: Duration = Duration::from_secs(60);
/// Most bytes of a message.
const BYTES_MAX: usize = 6_000;

/// What lines in memory have in common.
#[derive(Default)]
struct Exchange {
    /// Who hears.
    open: Mutex<Vec<mpsc::Sender<Vec<u8>>>>,
    /// What is kept back until the message after it.
    kept: Mutex<Option<Vec<u8>>>,
    is_deaf: AtomicBool,
    doubles: AtomicBool,
    reorders: AtomicBool,
    refusals: AtomicUsize,
    opened: AtomicUsize,
}

impl Exchange {
    fn pass(&self, message: Vec<u8>) {
        let messages = if self.doubles.load(Ordering::SeqCst) {
            vec![message.clone(), message]
        } else if self.reorders.load(Ordering::SeqCst) {
            let mut kept = self.kept.lock().unwrap();
            let Some(before) = kept.take() else { return *kept = Some(message) };
            vec![message, before]
        } else {
            vec![message]
        };
        if self.is_deaf.load(Ordering::SeqCst) {
            return;
        }
        for message in messages {
            self.open.lock().unwrap().retain(|to| to.try_send(message.clone()).is_ok());
        }
    }
}

struct InMemory(Arc<Exchange>);

#[async_trait]
impl Connect for InMemory {
    fn message_bytes_max(&self) -> usize {
        BYTES_MAX
    }

    async fn connect(&self) -> Result<Line, Failure> {
        let left = self.0.refusals.load(Ordering::SeqCst);
        if left > 0 {
            self.0.refusals.store(left - 1, Ordering::SeqCst);
            return Err("nobody answers".into());
        }
        self.0.opened.fetch_add(1, Ordering::SeqCst);
        let (say, mut to_say) = mpsc::channel::<Vec<u8>>(1);
        let (to_hear, hear) = mpsc::channel(1_000);
        self.0.open.lock().unwrap().push(to_hear);
        let exchange = self.0.clone();
        tokio::spawn(async move {
            while let Some(message) = to_say.recv().await {
                assert!(message.len() <= BYTES_MAX, "{} bytes", message.len());
                exchange.pass(message);
            }
        });
        Ok(Line { say, hear })
    }
}

struct Memory(Arc<Exchange>);

#[async_trait]
impl Ground for Memory {
    fn connect(&self) -> Box<dyn Connect> {
        Box::new(InMemory(self.0.clone()))
    }

    async fn cut(&self) {
        self.0.open.lock().unwrap().clear();
    }
}

#[tokio::test(start_paused = true)]
async fn lines_in_memory_do_what_lines_must() {
    conformance::all(&Memory(Arc::default())).await;
}

async fn joined(exchange: &Arc<Exchange>) -> [Speaker; 2] {
    let start = |name| Speaker::start(name, InMemory(exchange.clone()));
    let [mut one, mut other] = [start(1), start(2)];
    one.is_heard_by(&mut other).await;
    [one, other]
}

/// What comes twice, or in another order, is heard all the same.
#[tokio::test(start_paused = true)]
async fn doubling_and_reordering_lose_nothing() {
    for doubles in [true, false] {
        let exchange = Arc::<Exchange>::default();
        let [one, other] = joined(&exchange).await;
        let mut listener = other.bus.listen();
        exchange.doubles.store(doubles, Ordering::SeqCst);
        exchange.reorders.store(!doubles, Ordering::SeqCst);
        for user in 0..20 {
            one.bus.wake(Hint::Promised([user].into()));
            sleep(2 * PAUSE).await;
        }
        let mut wanted: Vec<u128> = (0..20).collect();
        let hearing = async {
            while !wanted.is_empty() {
                if let Received::Hint(Hint::Promised(users)) = listener.receive().await {
                    wanted.retain(|user| !users.contains(user));
                }
            }
        };
        timeout(BOUND, hearing).await.unwrap();
    }
}

/// A line that takes everything and brings nothing back is no line, though nobody says so.
#[tokio::test(start_paused = true)]
async fn a_line_on_which_a_node_does_not_hear_itself_is_lost() {
    let exchange = Arc::<Exchange>::default();
    let [one, _other] = joined(&exchange).await;
    sleep(2 * SILENT_MAX).await;
    assert!(one.bus.trouble().is_none(), "it is quiet, and hears that");
    assert_eq!(exchange.opened.load(Ordering::SeqCst), 2);
    exchange.is_deaf.store(true, Ordering::SeqCst);
    sleep(SILENT_MAX + SPEAK_EVERY).await;
    let trouble = one.bus.trouble().unwrap().to_string();
    assert!(trouble.contains("nothing came back"), "{trouble}");
    assert!(exchange.opened.load(Ordering::SeqCst) > 2, "others are opened");
    assert!(one.bus.try_out().await.unwrap_err().to_string().contains("nothing came back"));
    exchange.is_deaf.store(false, Ordering::SeqCst);
    sleep(2 * SILENT_MAX).await;
    assert!(one.bus.trouble().is_none());
    one.bus.try_out().await.unwrap();
}

/// While nobody answers it is tried again, ever less often, and what is said meanwhile is not kept
/// but told as missed.
#[tokio::test(start_paused = true)]
async fn while_there_is_no_line_others_are_told_in_the_end_to_look() {
    let exchange = Arc::<Exchange>::default();
    let other = Speaker::start(2, InMemory(exchange.clone()));
    sleep(SPEAK_EVERY).await;
    let mut listener = other.bus.listen();
    exchange.refusals.store(10, Ordering::SeqCst);
    let one = Speaker::start(1, InMemory(exchange.clone()));
    one.bus.wake(Hint::Timers);
    sleep(Duration::from_secs(1)).await;
    let trouble = one.bus.trouble().unwrap();
    assert!(trouble.source().unwrap().to_string().contains("nobody answers"));
    let tried = 10 - exchange.refusals.load(Ordering::SeqCst);
    assert!((3..=5).contains(&tried), "tried {tried} times in a second");
    let heard = timeout(BOUND, listener.receive()).await.unwrap();
    assert_eq!(heard, Received::Missed);
    sleep(SPEAK_EVERY).await;
    assert!(one.bus.trouble().is_none());
}

/// Whatever somebody else puts on the line is passed over.
#[tokio::test(start_paused = true)]
async fn noise_on_the_line_hinders_nobody() {
    let exchange = Arc::<Exchange>::default();
    let [mut one, mut other] = joined(&exchange).await;
    for noise in [vec![], vec![0; 5_000], b"\x01hello".to_vec(), vec![255; 17]] {
        exchange.pass(noise);
    }
    one.is_heard_by(&mut other).await;
    assert!(one.bus.trouble().is_none());
}

/// A thousand commits at once are a few messages.
#[tokio::test(start_paused = true)]
async fn what_is_said_at_once_goes_together() {
    let exchange = Arc::<Exchange>::default();
    let [one, _other] = joined(&exchange).await;
    let (count, mut heard) = mpsc::channel(1_000);
    exchange.open.lock().unwrap().push(count);
    for user in 0..1_000 {
        one.bus.wake(Hint::Streams { from: 1, users: [user % 50].into() });
        if user % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    sleep(20 * PAUSE).await;
    let mut messages = 0;
    while heard.try_recv().is_ok() {
        messages += 1;
    }
    assert!((1..=3).contains(&messages), "{messages} messages");
}
