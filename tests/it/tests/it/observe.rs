//! The program observed: what its metrics say, by a scrape of a real one
//! (docs/operations/observe.md).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::program::fixed;
use handoff_testkit::{Call, Client, PostgresServer, Program, TestAgent, Transport};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::scene::{creation, submit};

const DOCS: &str = include_str!("../../../../docs/operations/observe.md");
const RULES: &str = include_str!("../../../../config/prometheus-rules.yml");
const DASHBOARD: &str = include_str!("../../../../config/grafana-dashboard.json");
/// Any port of this machine, for metrics; the log says which.
const TOLD: (&str, &str) = ("HANDOFF__METRICS__LISTEN", "127.0.0.1:0");
/// A page holds for a second.
const ANOTHER_PAGE: Duration = Duration::from_millis(1_100);

/// A page of metrics: the families by name, and the value of each series.
#[derive(Debug, Default)]
struct Page {
    families: BTreeSet<String>,
    series: BTreeMap<String, f64>,
}

impl Page {
    fn read(text: &str) -> Result<Self> {
        ensure!(text.ends_with("# EOF\n"), "it has no end");
        let mut page = Self::default();
        for line in text.lines() {
            if let Some(about) = line.strip_prefix("# TYPE ") {
                page.families.extend(about.split(' ').next().map(str::to_owned));
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').with_context(|| line.to_owned())?;
                page.series.insert(series.to_owned(), value.parse()?);
            }
        }
        Ok(page)
    }

    /// Returns a value, zero of what was never counted.
    fn of(&self, series: &str) -> f64 {
        self.series.get(series).copied().unwrap_or_default()
    }
}

/// Returns a client of a program's metrics.
fn scraper(server: &Program) -> Result<Client> {
    let log = server.log_tail();
    let line = log.lines().rfind(|line| line.contains("metrics are told")).context("no metrics")?;
    let (_, address) = line.rsplit_once("address=").context("it says nowhere")?;
    Ok(Client::anonymous(&fixed(address.trim().parse()?)))
}

async fn scrape(scraper: &Client) -> Result<Page> {
    let answer = scraper.send(Call::get("").at("/metrics")).await?;
    ensure!(answer.status == 200, "{answer}");
    let media_type = answer.header("content-type");
    let openmetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ensure!(media_type == Some(openmetrics), "{media_type:?}");
    Page::read(std::str::from_utf8(&answer.bytes)?)
}

async fn another(scraper: &Client) -> Result<Page> {
    tokio::time::sleep(ANOTHER_PAGE).await;
    scrape(scraper).await
}

#[tokio::test]
async fn a_work_item_moves_the_figures() -> Result<()> {
    let server = Program::demo(&[TOLD]).await?;
    let scraper = scraper(&server)?;
    let id = submit(&server, "tasks").await?;
    tokio::time::sleep(ANOTHER_PAGE).await;
    let before = scrape(&scraper).await?;
    let tasks = r#"{center="Demo",queue="tasks"}"#;
    let waiting = |page: &Page| page.of(&format!("handoff_waiting_interactions{tasks}"));
    let longest = before.of(&format!("handoff_longest_wait_seconds{tasks}"));
    assert_eq!(waiting(&before), 1.0);
    assert!((0.5..60.0).contains(&longest), "{longest}");

    let kate = TestAgent::at_work(&server, "kate", Transport::WebSocket).await?;
    kate.accept(&id).await?;
    kate.sees(&id, "Processing").await?;
    kate.command(&id, "Complete", json!({})).await?.ok()?;
    kate.command(&id, "Complete", json!({})).await?;
    let after = another(&scraper).await?;
    assert_eq!(waiting(&after), 0.0);
    let grown = |series: &str| after.of(series) - before.of(series);
    let more = [
        r#"handoff_offers_ended_total{how="accepted"}"#,
        r#"handoff_commands_total{operation="Accept",outcome="done"}"#,
        r#"handoff_commands_total{operation="Complete",outcome="done"}"#,
        r#"handoff_commands_total{operation="Complete",outcome="refused"}"#,
        r#"handoff_cometd_websockets{of="agents"}"#,
    ];
    for series in more {
        assert_eq!(grown(series), 1.0, "{series}");
    }
    let some = [
        r#"handoff_http_requests_total{class="api",method="POST",status="2xx"}"#,
        r#"handoff_http_requests_total{class="notifications",method="GET",status="1xx"}"#,
        r#"handoff_http_request_duration_seconds_count{class="api"}"#,
        r#"handoff_notification_lag_seconds_bucket{le="15.0"}"#,
        "handoff_commit_batch_size_count",
        "handoff_commit_batch_duration_seconds_sum",
    ];
    for series in some {
        assert!(grown(series) > 0.0, "{series}");
    }
    assert_eq!(before.of("handoff_interactions_opened_total"), 1.0);
    let created = r#"handoff_commands_total{operation="Create",outcome="done"}"#;
    assert_eq!(before.of(created), 1.0);
    assert_eq!(after.of("handoff_outbox_mails"), 0.0);
    Ok(())
}

#[tokio::test]
async fn made_up_words_add_no_series() -> Result<()> {
    const MADE_UP: usize = 100;
    let server = Program::demo(&[TOLD]).await?;
    let (scraper, kate) = (scraper(&server)?, server.client("kate"));
    let id = submit(&server, "tasks").await?;
    let round = async |number: usize| -> Result<()> {
        server.anonymous().send(Call::get("").at(&format!("/made/up/{number}"))).await?;
        kate.get(&format!("/me/interactions/{number}")).await?;
        let operation = json!({"operationName": format!("MadeUp{number}")});
        kate.post(&format!("/me/interactions/{id}"), operation).await?;
        let into = creation("workitem", &format!("made up {number}"), json!({}));
        server.client("intake").post("/interactions", into).await?;
        Ok(())
    };
    round(0).await?;
    let before = another(&scraper).await?;
    for number in 1..=MADE_UP {
        round(number).await?;
    }
    let after = another(&scraper).await?;
    let names = |page: &Page| page.series.keys().cloned().collect::<BTreeSet<String>>();
    assert_eq!(names(&after), names(&before));
    let other = r#"handoff_http_requests_total{class="other",method="GET",status="4xx"}"#;
    assert!(after.of(other) - before.of(other) >= MADE_UP as f64, "{}", after.of(other));
    Ok(())
}

#[tokio::test]
async fn scrapes_at_once_are_all_answered() -> Result<()> {
    let server = Program::demo(&[TOLD]).await?;
    let scraper = scraper(&server)?;
    let (one, other) = tokio::try_join!(scrape(&scraper), scrape(&scraper))?;
    assert_eq!(one.series, other.series, "a page is made once");
    let elsewhere = server.anonymous().send(Call::get("").at("/metrics")).await?;
    assert_eq!(elsewhere.status, 404, "the server's own listener tells none");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_is_told_while_the_database_is_away() -> Result<()> {
    let database = spawn_blocking(|| PostgresServer::start(&[])).await?;
    let server = Program::over(&database.fresh_schema(), &[TOLD]).await?;
    let scraper = scraper(&server)?;
    submit(&server, "tasks").await?;
    another(&scraper).await?;
    database.stop();
    // The first round of a worker that finds it out takes some seconds.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let answered = tokio::time::timeout(Duration::from_secs(1), scrape(&scraper)).await;
    let page = answered.context("not within a second")??;
    assert_eq!(page.of(r#"handoff_waiting_interactions{center="Demo",queue="tasks"}"#), 1.0);
    assert_eq!(page.of(r#"handoff_worker_failing{worker="board"}"#), 1.0);
    Ok(())
}

/// Returns the names of metrics that the page for operators explains.
fn documented() -> BTreeSet<String> {
    let rows = DOCS.lines().filter_map(|line| line.strip_prefix("| `handoff_"));
    rows.filter_map(|row| row.split(['`', '{']).next())
        .map(|name| format!("handoff_{}", name.trim_end_matches("_total")))
        .collect()
}

/// Returns the families whose names a text has.
fn named_in(text: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let words = text.split(|letter| !is_part(letter)).filter(|word| word.starts_with("handoff_"));
    let family = |word: &str| {
        let suffixes = ["_total", "_bucket", "_sum", "_count", "_info"];
        let stem = suffixes.iter().find_map(|suffix| word.strip_suffix(suffix));
        stem.unwrap_or(word).to_owned()
    };
    words.map(family).collect()
}

#[tokio::test]
async fn every_metric_is_explained_and_every_explained_or_shown_one_is_there() -> Result<()> {
    let server = Program::demo(&[TOLD]).await?;
    let page = scrape(&scraper(&server)?).await?;
    assert_eq!(documented(), page.families);
    for (what, text) in [("rules", RULES), ("dashboard", DASHBOARD)] {
        let named = named_in(text);
        assert!(named.len() > 10, "{what} names {named:?}");
        let unknown: Vec<_> = named.difference(&page.families).collect();
        assert!(unknown.is_empty(), "{what} names what is not told: {unknown:?}");
    }
    let dashboard: Value = serde_json::from_str(DASHBOARD)?;
    assert!(dashboard["panels"].as_array().is_some_and(|panels| panels.len() > 10));
    Ok(())
}

#[tokio::test]
async fn the_access_log_says_who_asked_for_what_and_nothing_that_was_said() -> Result<()> {
    const CANARY: &str = "canary-5f1c";
    let server = Program::demo(&[("HANDOFF__LOG__ACCESS", "true")]).await?;
    let (kate, id) = (server.client("kate"), submit(&server, "tasks").await?);
    let user = kate.own_id().await?;
    let body = json!({"operationName": "UpdateUserData", "userData": {"said": CANARY}});
    let path = format!("/me/interactions/{id}?token={CANARY}");
    let call = Call::post(&path, &body).header("x-secret", CANARY).header("cookie", CANARY);
    let answer = kate.send(call).await?;
    let request = answer.header("x-request-id").context("the client is told no id")?.to_owned();
    server.anonymous().send(Call::get("").at(&format!("/{CANARY}?{CANARY}"))).await?;
    let stranger = Call::get("/me").by(CANARY, CANARY);
    server.anonymous().send(stranger).await?;

    // A line is written once the answer is sent.
    let has_all = |log: &str| log.matches("handoff::access").count() >= 4;
    let mut log = server.log_tail();
    for _ in 0..200 {
        if has_all(&log) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        log = server.log_tail();
    }
    assert!(has_all(&log), "{log}");
    assert!(!log.to_lowercase().contains("canary"), "{log}");
    let line = log.lines().find(|line| line.contains(&request)).context(log.clone())?;
    let said = [
        "handoff::access: request ",
        r#"method="POST""#,
        r#"route="/me/interactions/{id}""#,
        &format!("status={}", answer.status),
        &format!("bytes={}", answer.bytes.len()),
        &format!("user.id=\"{user}\""),
        "duration_ms=",
    ];
    for part in said {
        assert!(line.contains(part), "{line} lacks {part}");
    }
    let of_nobody = log.lines().find(|line| line.contains(r#"route="other""#));
    let of_nobody = of_nobody.context(log.clone())?;
    assert!(of_nobody.contains("status=404") && !of_nobody.contains("user.id"), "{of_nobody}");
    Ok(())
}

#[tokio::test]
async fn nothing_is_written_down_of_requests_unless_it_is_wanted() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let answer = server.client("kate").get("/me").await?;
    assert_eq!(answer.header("x-request-id"), None);
    assert!(!server.log_tail().contains("handoff::access"), "{}", server.log_tail());
    assert!(scraper(&server).is_err(), "and metrics are told nowhere");
    Ok(())
}
