//! Letters by LMTP and IMAP while the program is killed and the mailbox is changed: each is one
//! interaction.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use handoff_testkit::MailFolder;
use handoff_testkit::mail_folder::STEPS;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::letter::Words;
use super::lmtp::{Delivery, Lmtp};
use super::site::{Mailbox, Office, list};
use super::{MAILBOX, OTHER, no_findings};
use crate::campaign::{DOUBLED, Findings, Kill, MISSING, lock};

/// How many mail servers deliver by LMTP.
const SERVERS: usize = 4;
/// How long between two letters that come into the folder.
const FOLDER_PACE: Duration = Duration::from_millis(10);
/// How long the program may take to come to the step where it is killed; then it is killed where it
/// is.
const TRAP_BOUND: Duration = Duration::from_secs(3);
/// How long everything may take to come in after the last kill.
const FINISH_BOUND: Duration = Duration::from_secs(60);
/// How long a server waits before it tries again.
const RETRY: Duration = Duration::from_millis(5);

struct Scene {
    lmtp: PathBuf,
    over: AtomicBool,
    /// The subjects of letters that were taken over, or lie in the folder.
    brought: Mutex<Vec<String>>,
    /// How many letters were brought more than once.
    repeated: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How often the program is killed.
    pub(super) kills: usize,
    pub(super) seed: u64,
    /// Whether the write-ahead log is removed after each kill.
    pub(super) forgets: bool,
}

pub(super) async fn run(binary: &Path, home: &Path, plan: Plan) -> Result<Findings> {
    let folder = MailFolder::start().await?;
    let mailbox = Mailbox { imap: Some(folder.port), ..Mailbox::of(MAILBOX) };
    let mut office = mailbox.open(binary, home).await?;
    let scene = Arc::new(Scene {
        lmtp: office.lmtp.clone(),
        over: AtomicBool::new(false),
        brought: Mutex::default(),
        repeated: AtomicUsize::new(0),
    });
    let mut servers = JoinSet::new();
    for number in 0..SERVERS {
        let random = StdRng::seed_from_u64(plan.seed.wrapping_add(number as u64));
        servers.spawn(deliver(scene.clone(), number, random));
    }
    servers.spawn(fill(scene.clone(), folder.clone(), StdRng::seed_from_u64(!plan.seed)));
    let sprung = kill_repeatedly(&mut office, &folder, plan).await?;
    scene.over.store(true, Ordering::Relaxed);
    let finished = finish(&mut servers, &folder).await;
    if !plan.forgets {
        finished.with_context(|| format!("the log:\n{}", office.program.log_tail()))?;
    }
    // What is only in memory is no interaction.
    Kill::Plain.strike(&mut office.program).await?;
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    for letter in list(&office.program).await? {
        *shown.entry(letter.subject).or_default() += 1;
    }
    let brought = std::mem::take(&mut *lock(&scene.brought));
    let repeated = scene.repeated.load(Ordering::Relaxed);
    println!(
        "incoming: {} letters taken over, {repeated} of them brought again, {} kills, {sprung} of \
         them at a step of IMAP; {} interactions",
        brought.len(),
        plan.kills,
        shown.values().sum::<usize>()
    );
    ensure!(
        plan.forgets || plan.kills < 10 || repeated > 0,
        "no kill met a letter that was under way"
    );
    Ok(compare(&brought, shown))
}

fn compare(brought: &[String], mut shown: BTreeMap<String, usize>) -> Findings {
    let mut findings = no_findings();
    for subject in brought {
        match shown.remove(subject) {
            None => findings.find(MISSING, subject.clone()),
            Some(1) => {}
            Some(times) => findings.find(DOUBLED, format!("{subject}: {times} interactions")),
        }
    }
    for subject in shown.into_keys() {
        findings.find(OTHER, format!("{subject}: nobody brought it"));
    }
    findings
}

/// Kills the program, in turn at a random moment and at a step of IMAP; returns how often it was at
/// such a step.
async fn kill_repeatedly(office: &mut Office, folder: &MailFolder, plan: Plan) -> Result<usize> {
    let mut random = StdRng::seed_from_u64(plan.seed.rotate_left(7));
    let mut sprung = 0;
    for number in 0..plan.kills {
        let sets_trap = number % 2 == 0;
        if sets_trap {
            sleep(Duration::from_millis(random.random_range(20..400))).await;
        } else {
            sprung += usize::from(timeout(TRAP_BOUND, folder.sprung.notified()).await.is_ok());
        }
        // Before it starts: some steps only come then.
        folder.set_trap(sets_trap.then(|| STEPS[number / 2 % STEPS.len()]));
        let kill = Kill::losing_the_log_if(plan.forgets, &office.site.data);
        kill.strike(&mut office.program).await?;
        // Where a trap is set, whoever fetches has to come to it. Without its log a store may not
        // know the center any more.
        if !sets_trap && !plan.forgets {
            office.change_mailbox(number).await?;
        }
    }
    folder.set_trap(None);
    Ok(sprung)
}

/// Waits until every letter is in.
async fn finish(servers: &mut JoinSet<Result<()>>, folder: &MailFolder) -> Result<()> {
    let end = Instant::now() + FINISH_BOUND;
    while let Some(ended) =
        timeout(FINISH_BOUND, servers.join_next()).await.context("a server does not end")?
    {
        ended??;
    }
    while folder.unseen() > 0 {
        ensure!(Instant::now() < end, "{} letters are left in the folder", folder.unseen());
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

impl Scene {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn write_down(&self, subject: String) {
        lock(&self.brought).push(subject);
    }
}

/// A mail server: it brings a letter until it is taken over, then the next. Each other letter has
/// no `Message-ID`.
async fn deliver(scene: Arc<Scene>, server: usize, mut random: StdRng) -> Result<()> {
    let (mut connection, mut last) = (None, None);
    let from = format!("eve{server}@customer.example");
    for number in 0.. {
        if scene.is_over() {
            break;
        }
        let subject = format!("lmtp {server}.{number}");
        let id = format!("{server}.{number}@customer.example");
        let message_id = (number % 2 == 0).then_some(id.as_str());
        let answers = last.as_deref().filter(|_| number % 8 == 0);
        let words =
            Words { from: &from, to: MAILBOX, subject: &subject, message_id, answers, headers: "" };
        let delivery = Delivery::new(
            &from,
            MAILBOX,
            &words.letter(random.random_range(2_000..12_000), &mut random),
        );
        let times = bring(&scene, &mut connection, &delivery).await?;
        scene.repeated.fetch_add(usize::from(times > 1), Ordering::Relaxed);
        scene.write_down(subject);
        last = message_id.map(str::to_owned).or(last);
    }
    Ok(())
}

/// Brings a letter until it is taken over; returns how often its content was sent.
async fn bring(scene: &Scene, connection: &mut Option<Lmtp>, delivery: &Delivery) -> Result<usize> {
    let end = Instant::now() + FINISH_BOUND;
    let mut times = 0;
    while Instant::now() < end {
        let opened = match connection.take() {
            Some(open) => Ok(open),
            None => Lmtp::connect(&scene.lmtp).await,
        };
        let Ok(mut open) = opened else {
            sleep(RETRY).await;
            continue;
        };
        times += 1;
        // A connection that broke says nothing of the letter.
        let Ok(answer) = open.deliver(delivery).await else { continue };
        *connection = Some(open);
        match answer.get(..1) {
            Some("2") => return Ok(times),
            Some("4") => sleep(RETRY).await,
            _ => bail!("a letter was refused: {answer}"),
        }
    }
    bail!("a letter was not taken over within {FINISH_BOUND:?}")
}

/// Puts letters into the folder, one after the other.
async fn fill(scene: Arc<Scene>, folder: Arc<MailFolder>, mut random: StdRng) -> Result<()> {
    for number in 0.. {
        if scene.is_over() {
            break;
        }
        let (subject, id) = (format!("imap {number}"), format!("imap.{number}@customer.example"));
        let message_id = (number % 2 == 0).then_some(id.as_str());
        let from = "adam@customer.example";
        let words =
            Words { from, to: MAILBOX, subject: &subject, message_id, answers: None, headers: "" };
        folder.append(words.letter(random.random_range(2_000..30_000), &mut random));
        scene.write_down(subject);
        sleep(FOLDER_PACE).await;
    }
    Ok(())
}
