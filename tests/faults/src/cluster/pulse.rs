//! Whether there is service: one agent changes one work item again and again, by way of all nodes,
//! and hears of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use handoff_testkit::comet::{Event, stay_reachable_by};
use handoff_testkit::figures::{ms, percentile};
use handoff_testkit::{Call, Client, Transport, center};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::scene::{PULSE, PULSE_QUEUE, Scene, is_ready};
use crate::campaign::lock;

/// The pause between two beats.
const PACE: Duration = Duration::from_millis(100);
/// The pause before service is looked for again.
const LOOK: Duration = Duration::from_millis(50);
/// How long service is waited for: longer than it may take, so that it is known how long it took.
const SERVICE_MAX: Duration = Duration::from_secs(90);
/// How long the work item may take to be with its agent.
const WORK_MAX: Duration = Duration::from_secs(60);
/// How long a beat may take: what is not answered by then is not waited for.
const BEAT_MAX: Duration = Duration::from_secs(5);
const KEY: &str = "beat";

/// A change that was acknowledged.
#[derive(Clone, Copy, Debug)]
struct Beat {
    number: u64,
    acknowledged: Instant,
}

pub(super) struct Pulse {
    client: Client,
    /// Clients of the nodes themselves.
    nodes: Vec<Client>,
    submitter: Client,
    work: Mutex<Option<String>>,
    numbers: AtomicU64,
    beats: Mutex<Vec<Beat>>,
    failed: AtomicU64,
    /// The highest number heard so far, and all in the order in which they were heard.
    heard: watch::Sender<u64>,
    hearings: Mutex<Vec<(u64, Instant)>>,
}

impl Pulse {
    /// Begins; it ends when the handles are dropped.
    pub(super) async fn begin(scene: &Scene) -> Result<(Arc<Self>, Vec<AbortOnDropHandle<()>>)> {
        let client = scene.client(PULSE);
        let (events, mut told) = unbounded_channel();
        let reachable = stay_reachable_by(Transport::WebSocket, client.clone(), events);
        let pulse = Arc::new(Self {
            client,
            nodes: scene.nodes.iter().map(|node| node.client(PULSE)).collect(),
            submitter: scene.client(&center::submitter(2)),
            work: Mutex::default(),
            numbers: AtomicU64::new(0),
            beats: Mutex::default(),
            failed: AtomicU64::new(0),
            heard: watch::Sender::new(0),
            hearings: Mutex::default(),
        });
        let listener = Arc::clone(&pulse);
        let listening = tokio::spawn(async move {
            while let Some(event) = told.recv().await {
                if let Event::Notification(data) = event {
                    listener.hear(&data);
                }
            }
        });
        pulse.client.start_work(&["workitem"]).await?;
        pulse.take_work().await?;
        let beating = tokio::spawn(Arc::clone(&pulse).run());
        Ok((
            pulse,
            vec![reachable, AbortOnDropHandle::new(listening), AbortOnDropHandle::new(beating)],
        ))
    }

    fn hear(&self, data: &Value) {
        let Some(number) = data["userData"][KEY].as_u64() else { return };
        lock(&self.hearings).push((number, Instant::now()));
        self.heard.send_if_modified(|highest| {
            let is_higher = number > *highest;
            *highest = number.max(*highest);
            is_higher
        });
    }

    /// Gets a work item to change.
    async fn take_work(&self) -> Result<()> {
        let body = json!({"operationName": "Create", "channel": "workitem",
            "queueName": PULSE_QUEUE});
        let key = format!("{:032x}", rand::random::<u128>());
        let call = Call::post("/interactions", &body).keyed(&key);
        let made = self.submitter.answer_to(&call).await?.ok()?.body;
        let id = made["id"].as_str().context("no id")?.to_owned();
        let end = Instant::now() + WORK_MAX;
        while Instant::now() < end {
            let call =
                Call::post(&format!("/me/interactions/{id}"), &json!({"operationName": "Accept"}));
            if self.client.send(&call).await.is_ok_and(|answer| answer.code() == 0) {
                *lock(&self.work) = Some(id);
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("the work item {id} did not come to {PULSE}")
    }

    async fn run(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(PACE);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            // How many fail is counted.
            let _ = self.beat(&self.client).await;
        }
    }

    /// Changes the work item once; returns the number if that is acknowledged.
    async fn beat(&self, client: &Client) -> Result<u64, String> {
        let id = lock(&self.work).clone().ok_or("there is no work item")?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let body = json!({"operationName": "UpdateUserData", "userData": {KEY: number}});
        let path = format!("/me/interactions/{id}");
        let answer = tokio::time::timeout(BEAT_MAX, client.post(&path, body)).await;
        match answer {
            Ok(Ok(answer)) if answer.code() == 0 => {
                lock(&self.beats).push(Beat { number, acknowledged: Instant::now() });
                Ok(number)
            }
            other => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                Err(match other {
                    Ok(Ok(answer)) => answer.to_string(),
                    Ok(Err(none)) => none.to_string(),
                    Err(_) => format!("no answer within {BEAT_MAX:?}"),
                })
            }
        }
    }

    /// Gets another work item: the store was put back to a time before this one.
    pub(super) async fn begin_anew(&self) -> Result<()> {
        *lock(&self.work) = None;
        self.client.start_work(&["workitem"]).await?;
        self.take_work().await
    }

    /// Waits until every node says that it is ready, carries out a command, and the agent hears of
    /// it; returns how long that took since the fault had ended.
    pub(super) async fn service(&self, scene: &Scene, ended: Instant) -> Result<Duration> {
        let mut last = 0;
        for (node, client) in scene.nodes.iter().zip(&self.nodes) {
            last = loop {
                let told = match is_ready(node).await {
                    true => self.beat(client).await,
                    false => Err("it is not ready".to_owned()),
                };
                match told {
                    Ok(number) => break number,
                    Err(why) if ended.elapsed() > SERVICE_MAX => {
                        bail!("no service ({why}); its log:\n{}", node.log_tail())
                    }
                    Err(_) => tokio::time::sleep(LOOK).await,
                }
            };
        }
        let mut heard = self.heard.subscribe();
        let hearing = heard.wait_for(|number| *number >= last);
        if tokio::time::timeout(SERVICE_MAX, hearing).await.is_err() {
            bail!("a change was acknowledged and {PULSE} never heard of it");
        }
        Ok(ended.elapsed())
    }

    /// Returns how many changes were acknowledged and how many were not since a moment, and the
    /// median and 99th percentile of the time from an acknowledgement to its notification, in ms.
    pub(super) fn since(&self, begun: Instant) -> Figures {
        let hearings = lock(&self.hearings).clone();
        let beats = lock(&self.beats).clone();
        let beats = beats.into_iter().filter(|beat| beat.acknowledged >= begun);
        let mut late: Vec<f64> = beats
            .filter_map(|beat| {
                let heard = hearings.iter().find(|(number, _)| *number >= beat.number)?.1;
                Some(ms(heard.saturating_duration_since(beat.acknowledged)))
            })
            .collect();
        let failed = self.failed.swap(0, Ordering::Relaxed);
        let [half, most] = [50.0, 99.0].map(|percent| percentile(&mut late, percent));
        Figures { acknowledged: late.len(), failed, half, most }
    }
}

/// How it went during a fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) acknowledged: usize,
    pub(super) failed: u64,
    /// In ms.
    pub(super) half: f64,
    /// In ms.
    pub(super) most: f64,
}
