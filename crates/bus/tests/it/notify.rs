//! Lines over a database's notifications.

use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::conformance::{self, Ground, Speaker};
use handoff_bus::line::{Connect, Failure, Line};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::{PostgresLine, PostgresLines, PostgresOptions};

/// Opens lines over a schema.
struct Lines(PostgresLines);

#[async_trait]
impl Connect for Lines {
    fn message_bytes_max(&self) -> usize {
        PostgresLines::BYTES_MAX
    }

    async fn connect(&self) -> Result<Line, Failure> {
        let PostgresLine { say, hear } = self.0.open().await?;
        Ok(Line { say, hear })
    }
}

struct Schema {
    address: String,
}

impl Schema {
    fn fresh() -> Self {
        Self { address: PostgresServer::shared().fresh_schema() }
    }

    fn lines(&self) -> Lines {
        Lines(PostgresLines::new(&PostgresOptions::new(&self.address)).unwrap())
    }

    /// Has the server carry out a statement; `NAME` in it is the schema, which its connections are
    /// called by.
    fn run(&self, sql: &str) {
        let schema = PostgresServer::schema_of(&self.address);
        PostgresServer::shared().run(&sql.replace("NAME", schema));
    }
}

#[async_trait]
impl Ground for Schema {
    fn connect(&self) -> Box<dyn Connect> {
        Box::new(self.lines())
    }

    async fn cut(&self) {
        self.run(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE application_name = 'NAME'",
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_over_a_database_do_what_lines_must() {
    conformance::all(&Schema::fresh()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_another_schema_are_not_heard() {
    let (ground, elsewhere) = (Schema::fresh(), Schema::fresh());
    let mut one = Speaker::start(1, ground.lines());
    let mut same = Speaker::start(2, ground.lines());
    let mut other = Speaker::start(3, elsewhere.lines());
    one.is_heard_by(&mut same).await;
    let heard = tokio::time::timeout(Duration::from_secs(2), one.is_heard_by(&mut other)).await;
    assert!(heard.is_err());
}

/// The longest message is as long as a payload may be; one byte more loses the line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_has_as_many_bytes_as_a_payload_can_say() {
    for (bytes, fits) in [(PostgresLines::BYTES_MAX, true), (PostgresLines::BYTES_MAX + 3, false)] {
        let mut line = Schema::fresh().lines().connect().await.unwrap();
        let message = vec![b'x'; bytes];
        line.say.send(message.clone()).await.unwrap();
        let heard = tokio::time::timeout(Duration::from_secs(20), line.hear.recv()).await.unwrap();
        assert_eq!(heard, fits.then_some(message));
    }
}

/// Whatever somebody else tells on the channel is passed over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_on_the_channel_hinders_nobody() {
    let ground = Schema::fresh();
    let mut one = Speaker::start(1, ground.lines());
    let mut other = Speaker::start(2, ground.lines());
    one.is_heard_by(&mut other).await;
    for noise in ["", "not base 64", "aGVsbG8"] {
        ground.run(&format!("SELECT pg_notify('handoff_' || md5('NAME'), '{noise}')"));
    }
    one.is_heard_by(&mut other).await;
    assert!(one.bus.trouble().is_none());
}
