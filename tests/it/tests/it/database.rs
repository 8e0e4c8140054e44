//! The program over a PostgreSQL database: that is away for a while, that was put back from a dump,
//! and that two programs use (docs/operations/cluster.md).

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use handoff_testkit::{
    BOUND, Call, Client, Ending, PostgresServer, Program, Replay, TestAgent, Transport, Way,
};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::chat::Customer;
use crate::scene::{creation, interaction, submit, text};

const NOTE: &[u8] = b"What is written on the parcel";

async fn ready(server: &Program) -> Result<(u16, Value)> {
    let answer = server.anonymous().send(Call::get("").at("/readyz")).await?;
    Ok((answer.status, answer.body))
}

/// Waits until the program says of itself what is wanted.
async fn until(server: &Program, is_wanted: impl Fn(u16, &Value) -> bool) -> Result<Value> {
    let mut last = Value::Null;
    let waiting = async {
        loop {
            let (status, body) = ready(server).await?;
            if is_wanted(status, &body) {
                return anyhow::Ok(body);
            }
            last = body;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let said = timeout(BOUND, waiting).await;
    said.unwrap_or_else(|_| bail!("readiness did not change; it last said {last}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_told_and_comes_back_by_itself() -> Result<()> {
    let database = spawn_blocking(|| PostgresServer::start(&[])).await?;
    let url = database.fresh_schema();
    let server = Program::over(&url, &[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    until(&server, |status, _| status == 200).await?;

    database.stop();
    let change = |n: i64| json!({"userData": {"step": n}});
    let refused = timeout(Duration::from_secs(5), kate.command(&id, "UpdateUserData", change(1)));
    let refused = refused.await.context("not within 5 s")??;
    ensure!(refused.status == 503, "{refused}");
    // A worker may fail sooner than the store is asked again.
    let is_away = |status, body: &Value| status == 503 && body["failing"][0] == "store";
    let told = timeout(Duration::from_secs(5), until(&server, is_away)).await??;
    ensure!(told["details"][0].as_str().is_some_and(|it| it.starts_with("store: ")), "{told}");

    database.launch();
    until(&server, |status, _| status == 200).await?;
    kate.command(&id, "UpdateUserData", change(2)).await?.ok()?;
    kate.notified("step 2", |data| data["userData"]["step"] == 2).await?;
    assert_eq!(interaction(&kate.rest, &id).await?["userData"], json!({"step": 2}));
    Ok(())
}

/// A network that drops everything ends no connection and refuses none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_to_the_database_that_drops_everything_is_told_and_comes_back() -> Result<()> {
    // Five seconds are promised, and one is for a busy machine.
    const PROMISED: Duration = Duration::from_secs(6);
    let (database, at) = spawn_blocking(|| PostgresServer::listening(&[])).await?;
    let schema = PostgresServer::schema_of(&database.fresh_schema()).to_owned();
    let mut way = Way::to(at).await;
    let url = PostgresServer::address_at(way.address(), &schema);
    let server = Program::over(&url, &[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    until(&server, |status, _| status == 200).await?;
    let change = |n: i64| json!({"userData": {"step": n}});
    for ending in [Ending::Silent, Ending::Reset] {
        way.cut(ending).await;
        let is_away = |status, body: &Value| status == 503 && body["failing"][0] == "store";
        let told = timeout(PROMISED, until(&server, is_away));
        // At first connections are lost, then none can be had.
        let refused = async {
            for n in 1..4 {
                let refused =
                    timeout(PROMISED, kate.command(&id, "UpdateUserData", change(n))).await;
                let refused = refused.with_context(|| format!("{ending:?}: command {n}"))??;
                ensure!(refused.status == 503, "{refused}");
            }
            Ok(())
        };
        let (told, refused) = tokio::join!(told, refused);
        refused?;
        let told = told.with_context(|| format!("{ending:?}: readiness"))??;
        let why = told["details"][0].as_str().context("no reason")?;
        ensure!(why.starts_with("store: the database does not answer; "), "{told}");
        way.mend();
        until(&server, |status, _| status == 200).await?;
    }
    kate.command(&id, "UpdateUserData", change(9)).await?.ok()?;
    kate.notified("step 9", |data| data["userData"]["step"] == 9).await?;
    assert_eq!(interaction(&kate.rest, &id).await?["userData"], json!({"step": 9}));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_dump_was_put_back_an_older_replay_is_answered_by_a_resync() -> Result<()> {
    let database = spawn_blocking(PostgresServer::shared).await?;
    let url = database.fresh_schema();
    let schema = PostgresServer::schema_of(&url);
    let mut server = Program::over(&url, &[]).await?;
    let mut kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    kate.sees(&id, "Processing").await?;
    let dump = database.dump(schema);
    // What the dump does not know, and Kate does.
    kate.command(&id, "UpdateUserData", json!({"userData": {"step": 1}})).await?.ok()?;
    kate.notified("step 1", |data| data["userData"]["step"] == 1).await?;
    let seen = kate.last_sequence(TestAgent::INTERACTIONS);
    server.kill().await?;
    database.run(&format!("DROP SCHEMA {schema} CASCADE"));
    database.run(&dump);
    server.restart().await?;
    kate.cut();
    kate.connect().await?;
    kate.subscribe(TestAgent::INTERACTIONS, Replay::After(seen)).await?;
    let resync = kate.notified("a resync", |data| data["messageType"] == "Resync").await?;
    ensure!(resync.to_string().contains("1000"), "numbers jump: {resync}");
    assert!(interaction(&kate.rest, &id).await?["userData"].get("step").is_none());
    Ok(())
}

/// Waits until something about a server is so; looking at it blocks.
async fn wait_until(what: &str, is_so: impl Fn() -> bool + Clone + Send + 'static) -> Result<()> {
    let waiting = async {
        while !spawn_blocking(is_so.clone()).await? {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    timeout(BOUND, waiting).await.with_context(|| what.to_owned())?
}

/// Lets a backup go on by the archive to a moment, and no further (docs/operations/cluster.md).
async fn recover(backup: &Arc<PostgresServer>, archive: &Path, moment: &str) -> Result<()> {
    let recovery = format!(
        "restore_command = 'cp {}/%f %p'\nrecovery_target_time = '{moment}'\n\
         recovery_target_action = 'promote'\n",
        archive.display()
    );
    backup.write("postgresql.auto.conf", &recovery);
    backup.write("recovery.signal", "");
    let server = backup.clone();
    spawn_blocking(move || server.launch()).await?;
    let server = backup.clone();
    wait_until("the recovery does not end", move || {
        server.ask("SELECT pg_is_in_recovery()").as_deref() == Some("f")
    })
    .await
}

/// A backup was taken while the program served, and is recovered to a moment that came later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_base_backup_and_the_archived_log_bring_back_a_moment() -> Result<()> {
    let archive = tempfile::tempdir()?;
    fs::set_permissions(archive.path(), Permissions::from_mode(0o777))?;
    let settings = [
        "archive_mode=on".to_owned(),
        format!("archive_command=cp %p {}/%f", archive.path().display()),
    ];
    let primary = spawn_blocking({
        let settings = settings.clone();
        move || PostgresServer::start(&settings)
    });
    let primary = primary.await?;
    let url = primary.fresh_schema();
    let mut server = Program::over(&url, &[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    let step = async |number: u32| {
        kate.command(&id, "UpdateUserData", json!({"userData": {"step": number}})).await?.ok()?;
        kate.notified("the step", |data| data["userData"]["step"] == number).await
    };
    step(0).await?;
    let customer = Customer::begin(&server).await?;
    kate.accept(&customer.id).await?;
    let answer = customer.uploads("parcel.txt", NOTE).await?.ok()?.body;
    let file = text(&answer["messages"][0]["userData"], "file-id")?;
    let backup = primary.backup(&settings);
    step(1).await?;
    let moment = primary.ask("SELECT clock_timestamp()").context("no time")?;
    step(2).await?;
    let seen = kate.last_sequence(TestAgent::INTERACTIONS);
    let last = primary.ask("SELECT pg_walfile_name(pg_switch_wal())").context("no log")?;
    let last = archive.path().join(last);
    wait_until("the log is not archived", move || last.exists()).await?;
    server.kill().await?;
    primary.stop();

    let recovered = Arc::new(backup);
    recover(&recovered, archive.path(), &moment).await?;
    let url = recovered.address_of(PostgresServer::schema_of(&url));
    let server = Program::over(&url, &[]).await?;
    let mut kate = TestAgent::away(&server, "kate", Transport::LongPolling);
    let found = interaction(&kate.rest, &id).await?;
    assert_eq!(found["userData"]["step"], 1, "{found}");
    kate.connect().await?;
    kate.subscribe(TestAgent::INTERACTIONS, Replay::After(seen)).await?;
    let resync = kate.notified("a resync", |data| data["messageType"] == "Resync").await?;
    ensure!(resync.to_string().contains("1000"), "numbers jump: {resync}");
    let path = format!("/me/interactions/{}/attachments/{file}", customer.id);
    let kept = kate.rest.get(&path).await?;
    assert_eq!((kept.status, &*kept.bytes), (200, NOTE));
    Ok(())
}

/// A program goes on over the standby that took over, and so do the agents who are connected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_takes_over_is_found_by_who_is_at_work() -> Result<()> {
    let primary = spawn_blocking(|| PostgresServer::start(&[])).await?;
    let url = primary.fresh_schema();
    let standby = primary.standby();
    let other = standby.address_of(PostgresServer::schema_of(&url));
    let host = |url: &str| url.split(['@', '/']).nth(3).map(str::to_owned);
    let (first, second) = (host(&url).context("no host")?, host(&other).context("no host")?);
    let both = url.replacen(&first, &format!("{first},{second}"), 1);
    let server = Program::over(&both, &[]).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    kate.sees(&id, "Processing").await?;
    until(&server, |status, _| status == 200).await?;
    let seen = kate.last_sequence(TestAgent::INTERACTIONS);

    primary.stop();
    standby.promote();
    until(&server, |status, _| status == 200).await?;
    kate.command(&id, "UpdateUserData", json!({"userData": {"step": 1}})).await?.ok()?;
    let told = kate.notified("step 1", |data| data["userData"]["step"] == 1).await?;
    let number = told["sequence"].as_i64().context("no number")?;
    ensure!(number > seen + 1_000, "numbers jump: {seen}, then {number}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_over_one_database_share_its_files() -> Result<()> {
    share_files(&[]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_over_one_database_share_a_directory_of_files() -> Result<()> {
    let shared = tempfile::tempdir()?;
    let files = shared.path().display().to_string();
    share_files(&[("HANDOFF__CHAT__FILES", files.as_str())]).await
}

async fn share_files(settings: &[(&str, &str)]) -> Result<()> {
    let database = spawn_blocking(PostgresServer::shared).await?;
    let url = database.fresh_schema();
    let one = Program::over(&url, settings).await?;
    let other = Program::over(&url, settings).await?;
    let customer = Customer::begin(&one).await?;
    let kate = TestAgent::at_work(&one, "kate", Transport::LongPolling).await?;
    kate.accept(&customer.id).await?;
    let answer = customer.uploads("parcel.txt", NOTE).await?.ok()?.body;
    let note = text(&answer["messages"][0]["userData"], "file-id")?;
    let elsewhere = Client::new(&other.address(), "kate");
    let target = format!("/me/interactions/{}/attachments/{note}", customer.id);
    let fetched = elsewhere.get(&target).await?;
    assert_eq!((fetched.status, &*fetched.bytes), (200, NOTE));
    // What one creates the other knows.
    let body = creation("workitem", "parking", json!({"externalId": "ticket-1"}));
    let first = one.client("intake").post("/interactions", body.clone()).await?.ok()?.body;
    let again = other.client("intake").post("/interactions", body).await?.ok()?.body;
    assert_eq!(first["id"], again["id"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_program_with_another_directory_of_files_is_refused() -> Result<()> {
    let database = spawn_blocking(PostgresServer::shared).await?;
    let url = database.fresh_schema();
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let named = |directory: &tempfile::TempDir| directory.path().display().to_string();
    let over = async |files: String| {
        Program::over(&url, &[("HANDOFF__CHAT__FILES", files.as_str())]).await
    };
    let _one = over(named(&first)).await?;
    let refused = over(named(&second)).await.err().context("it started")?;
    let told = format!("{refused:#}");
    ensure!(told.contains("chat.files: ") && told.contains("must share one"), "{told}");
    Ok(())
}
