use std::path::PathBuf;

use handoff_domain::Time;
use handoff_store::conformance::server::PostgresServer;

use super::*;

/// Returns the configuration of a node with a data directory, over a schema.
fn node(home: &Path, url: &str) -> config::Store {
    let text =
        format!("[store]\npath = {:?}\nurl = {url:?}\n", home.join("data").display().to_string());
    config::Config::parse("handoff.toml", &text, std::iter::empty()).unwrap().store
}

async fn fresh_schema() -> String {
    tokio::task::spawn_blocking(|| PostgresServer::shared().fresh_schema()).await.unwrap()
}

fn refused<T>(opened: anyhow::Result<T>) -> String {
    format!("{:#}", opened.err().expect("it is refused"))
}

#[tokio::test]
async fn a_node_is_of_one_cluster_and_has_its_directory_for_itself() {
    let home = tempfile::tempdir().unwrap();
    let config = node(home.path(), &fresh_schema().await);
    let (stored, kept) = Stored::open_to_serve(&config).await.unwrap();
    let told = refused(Stored::open_to_serve(&config).await);
    assert!(told.contains("in use by another server"), "{told}");
    // A command may look at the same time, and other nodes serve.
    Stored::open(&config).await.unwrap().close().await;
    let other_home = tempfile::tempdir().unwrap();
    let other = config::Store { path: other_home.path().join("data"), ..config.clone() };
    Stored::open_to_serve(&other).await.unwrap().0.close().await;
    stored.close().await;
    drop(kept);
    Stored::open_to_serve(&config).await.unwrap().0.close().await;
    let elsewhere = node(home.path(), &fresh_schema().await);
    for told in
        [refused(Stored::open_to_serve(&elsewhere).await), refused(Stored::open(&elsewhere).await)]
    {
        assert!(told.contains("another cluster"), "{told}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_database_begins_with_the_option() {
    let home = tempfile::tempdir().unwrap();
    let told = refused(Stored::open(&node(home.path(), "postgres://a@127.0.0.1:1/b")).await);
    assert!(told.starts_with("store.url: no server answers at 127.0.0.1:1/b"), "{told}");
    let config = config::Store {
        password_file: PathBuf::from("/nonexistent"),
        ..node(home.path(), "postgres://a@127.0.0.1:1/b")
    };
    let told = refused(Stored::open(&config).await);
    assert!(told.starts_with("store.password_file: /nonexistent cannot be read"), "{told}");
}

struct Shows(Time);

impl Clock for Shows {
    fn now(&self) -> Time {
        self.0
    }
}

#[tokio::test]
async fn a_clock_that_is_not_the_databases_keeps_a_node_from_starting() {
    let home = tempfile::tempdir().unwrap();
    let stored = Stored::open(&node(home.path(), &fresh_schema().await)).await.unwrap();
    let store = stored.store();
    let now = SystemClock::default().now();
    expect_time(&*store, &SystemClock::default()).await.unwrap();
    let told = refused(expect_time(&*store, &Shows(now.plus_ms(60_000))).await);
    assert!(told.contains("s ahead of the database's"), "{told}");
    let told = refused(expect_time(&*store, &Shows(Time(now.0 - 60_000))).await);
    assert!(told.contains("s behind the database's"), "{told}");
}
