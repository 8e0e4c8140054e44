//! A PostgreSQL database that cannot be used, is another cluster's, is away for a while, or is not
//! the one that it was.

use std::time::Duration;

use handoff_domain::Topic;
use handoff_store::conformance::samples::{
    BEGIN, event, interaction, notice, owner, put_interaction,
};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::{
    ChangeSet, GENERATION_JUMP, NotReady, PostgresOptions, PostgresStore, Store, StoreError,
    with_causes,
};
use tempfile::TempDir;
use tokio::time::timeout;

async fn opened(options: PostgresOptions) -> Result<PostgresStore, String> {
    PostgresStore::open(options).await.map_err(|error| with_causes(&error))
}

async fn open(address: &str) -> Result<PostgresStore, String> {
    opened(PostgresOptions::new(address)).await
}

async fn refused(address: &str) -> String {
    open(address).await.expect_err(address)
}

/// Returns the address with another user.
fn as_user(address: &str, user: &str) -> String {
    address.replacen("postgres@", &format!("{user}@"), 1)
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_told_in_a_sentence() {
    let server = PostgresServer::shared();
    let address = server.fresh_schema();
    let says = async |address: &str, what: &str| {
        let told = refused(address).await;
        assert!(told.contains(what), "{address}: {told}");
    };
    says("host=here", "begin with postgres://").await;
    says("postgres://", "names no host").await;
    says("postgres://%2Fnonexistent/x", "no server answers at /nonexistent/x").await;
    says("postgres://a@127.0.0.1:1/x", "no server answers at 127.0.0.1:1/x").await;
    says(&as_user(&address, "nobody"), "refuses the user nobody").await;
    says(&address.replace("/postgres?", "/none?"), "there is no database").await;
    says(&address.replace("path%3Ds", "path%3Dnone"), "make it").await;
    let read_only = "options=-c%20default_transaction_read_only%3Don%20-c%20";
    says(&address.replace("options=-c%20", read_only), "allows no writes").await;
    open(&address).await.unwrap().close().await;
    let schema = PostgresServer::schema_of(&address);
    server.run(&format!("INSERT INTO {schema}.schema_migrations VALUES (999, 'later', '', 999)"));
    says(&address, "start the newer program").await;
}

#[tokio::test]
async fn a_privilege_that_is_missing_is_told_at_the_start_and_by_a_store_that_runs() {
    let server = PostgresServer::shared();
    let address = server.fresh_schema();
    let schema = PostgresServer::schema_of(&address);
    let user = format!("user_{schema}");
    server.run(&format!("CREATE USER {user}; GRANT USAGE ON SCHEMA {schema} TO {user}"));
    let theirs = as_user(&address, &user);
    let told = refused(&theirs).await;
    assert!(told.contains(&format!("the user {user} lacks a privilege")), "{told}");
    open(&address).await.unwrap().close().await;
    let told = refused(&theirs).await;
    assert!(told.contains("lacks a privilege"), "{told}");
    server.run(&format!("ALTER SCHEMA {schema} OWNER TO {user}"));
    server.run(&format!(
        "DO $$ DECLARE name TEXT; BEGIN FOR name IN \
         SELECT relname FROM pg_class WHERE relnamespace = '{schema}'::regnamespace \
         AND relkind IN ('r', 'v') LOOP \
         EXECUTE format('ALTER TABLE {schema}.%I OWNER TO {user}', name); END LOOP; END $$"
    ));
    let store = open(&theirs).await.unwrap();
    store.ready().await.unwrap();
    server.run(&format!("REVOKE INSERT ON {schema}.history FROM {user}"));
    let refused = store.ready().await.unwrap_err();
    assert_eq!(refused.not_ready(), NotReady::Forbidden);
    let told = with_causes(&refused);
    assert!(told.contains("INSERT") && told.contains("history"), "{told}");
    let change = || ChangeSet {
        events: vec![event(interaction(1), BEGIN, vec![notice(1)])],
        ..put_interaction(interaction(1), 0)
    };
    store.commit(change()).await.unwrap_err();
    server.run(&format!("GRANT INSERT ON {schema}.history TO {user}"));
    store.ready().await.unwrap();
    store.commit(change()).await.unwrap();
}

#[tokio::test]
async fn a_standby_is_passed_over_and_alone_it_is_told() {
    let primary = PostgresServer::start(&[]);
    let address = primary.fresh_schema();
    open(&address).await.unwrap().close().await;
    let standby = primary.standby();
    let schema = PostgresServer::schema_of(&address);
    let told = refused(&standby.address_of(schema)).await;
    assert!(told.contains("standby"), "{told}");
    let host = |address: &str| {
        address.split(['@', '/']).nth(3).map(str::to_owned).expect("a host in the address")
    };
    let (one, other) = (host(&standby.address_of(schema)), host(&address));
    open(&address.replacen(&other, &format!("{one},{other}"), 1)).await.unwrap().close().await;
}

#[tokio::test]
async fn of_two_clusters_with_names_one_keeps_the_other_out() {
    let address = PostgresServer::shared().fresh_schema();
    let named = |name: &str| PostgresOptions {
        cluster: Some(name.to_owned()),
        ..PostgresOptions::new(&address)
    };
    // One that was made without a name takes the first one.
    let first = open(&address).await.unwrap();
    let second = opened(named("production")).await.unwrap();
    assert_eq!(first.cluster(), second.cluster());
    let told = opened(named("staging")).await.unwrap_err();
    assert!(told.contains("\"production\"'s") && told.contains("\"staging\""), "{told}");
    open(&address).await.unwrap();
}

fn told(n: u64) -> ChangeSet {
    ChangeSet {
        events: vec![event(interaction(n), BEGIN, vec![notice(1)])],
        ..put_interaction(interaction(n), 0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_started_anew_is_found_again() {
    let server = PostgresServer::start(&[]);
    let store = open(&server.fresh_schema()).await.unwrap();
    store.commit(told(1)).await.unwrap();
    let control = store.log_end().await.unwrap();
    server.stop();
    let away = timeout(Duration::from_secs(5), store.commit(told(2))).await.unwrap();
    let away = [
        away.unwrap_err().into_conflict().unwrap_err(),
        store.ready().await.unwrap_err(),
        store.log_end().await.unwrap_err(),
    ];
    assert!(away.iter().all(|it| matches!(it, StoreError::Unavailable { .. })), "{away:?}");
    assert!(away[1..].iter().all(|it| it.not_ready() == NotReady::Away), "{away:?}");
    server.launch();
    store.ready().await.unwrap();
    assert_eq!(store.log_end().await.unwrap(), control);
    store.commit(told(2)).await.unwrap();
    assert_eq!(store.head(owner(1)).await.unwrap().numbers[&Topic::Interactions], 2);
}

/// Whoever is cut off is not left waiting: what was handed in, and what comes while that is found
/// out, is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_refuses_and_comes_back() {
    const PATIENCE: Duration = Duration::from_millis(5_500);
    let server = PostgresServer::start(&[]);
    let store = open(&server.fresh_schema()).await.unwrap();
    store.commit(told(1)).await.unwrap();
    server.freeze();
    let later = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        timeout(PATIENCE, store.commit(told(3))).await
    };
    let (first, second, ready, read) = tokio::join!(
        timeout(PATIENCE, store.commit(told(2))),
        later,
        timeout(PATIENCE, store.ready()),
        timeout(PATIENCE, store.log_end()),
    );
    let refusals = [
        first.unwrap().unwrap_err().into_conflict().unwrap_err(),
        second.unwrap().unwrap_err().into_conflict().unwrap_err(),
        ready.unwrap().unwrap_err(),
        read.unwrap().unwrap_err(),
    ];
    server.thaw();
    assert!(refusals.iter().all(|it| matches!(it, StoreError::Unavailable { .. })), "{refusals:?}");
    store.ready().await.unwrap();
    assert_eq!(store.log_end().await.unwrap().position, 1, "nothing of it took effect");
    for n in [2, 3] {
        store.commit(told(n)).await.unwrap();
    }
}

/// A server that takes encrypted connections with passwords alone, besides those of its directory.
struct Encrypting {
    server: PostgresServer,
    port: u16,
    schema: String,
    home: TempDir,
}

impl Encrypting {
    fn start() -> Self {
        let (server, at) = PostgresServer::listening(&[]);
        let (certificate, key) = certificate();
        server.write("server.crt", &certificate);
        server.write("server.key", &key);
        server.write("pg_hba.conf", "local all all trust\nhostssl all all all scram-sha-256\n");
        server.run("CREATE USER kate PASSWORD 'right'");
        server.run("ALTER SYSTEM SET ssl = on");
        server.run("SELECT pg_reload_conf()");
        let address = server.fresh_schema();
        let schema = PostgresServer::schema_of(&address).to_owned();
        server.run(&format!("ALTER SCHEMA {schema} OWNER TO kate"));
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join("issuer.pem"), certificate).unwrap();
        std::fs::write(home.path().join("other.pem"), self::certificate().0).unwrap();
        Self { server, port: at.port(), schema, home }
    }

    fn address(&self, host: &str, password: &str, options: &str) -> String {
        let Self { port, schema, .. } = self;
        let options = options.replace("HOME", &self.home.path().display().to_string());
        format!(
            "postgres://kate:{password}@{host}:{port}/postgres?{options}&options=-c%20search_path%3D{schema}"
        )
    }
}

/// Returns a certificate for this machine, which issued it itself, and its key.
fn certificate() -> (String, String) {
    const FORM: &str = "[req]\ndistinguished_name = name\nx509_extensions = more\n[name]\n[more]\n\
                        subjectAltName = DNS:localhost\nbasicConstraints = CA:FALSE\n";
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("form"), FORM).unwrap();
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-config", "form", "-subj", "/CN=localhost", "-days", "2"])
        .args(["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-keyout", "key", "-out", "certificate"])
        .current_dir(&home)
        .output()
        .expect("openssl, on which Debian's PostgreSQL depends");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |name| std::fs::read_to_string(home.path().join(name)).unwrap();
    (read("certificate"), read("key"))
}

#[tokio::test]
async fn a_connection_is_encrypted_to_whom_the_certificate_names() {
    let encrypting = Encrypting::start();
    let trusting = "sslmode=require&sslrootcert=HOME/issuer.pem";
    let address = encrypting.address("localhost", "right", trusting);
    let store = open(&address).await.unwrap();
    store.commit(told(1)).await.unwrap();
    assert_eq!(store.log_end().await.unwrap().position, 1);
    store.close().await;
    for (host, options, what) in [
        ("localhost", "sslmode=require&sslrootcert=HOME/other.pem", "cannot be encrypted"),
        ("localhost", "sslmode=require&sslrootcert=HOME/none.pem", "none.pem cannot be used"),
        ("127.0.0.1", trusting, "cannot be encrypted"),
        ("localhost", "sslmode=disable", "no encryption"),
    ] {
        let told = refused(&encrypting.address(host, "right", options)).await;
        assert!(told.contains(what), "{host} {options}: {told}");
    }
    encrypting.server.run("ALTER SYSTEM SET ssl = off");
    encrypting.server.run("SELECT pg_reload_conf()");
    let told = refused(&address).await;
    assert!(told.contains("cannot be encrypted"), "{told}");
}

#[tokio::test]
async fn a_password_is_taken_from_beside_the_address_and_never_shown() {
    let encrypting = Encrypting::start();
    let trusting = "sslmode=verify-full&sslrootcert=HOME/issuer.pem";
    let told = refused(&encrypting.address("localhost", "s3cret", trusting)).await;
    assert!(told.contains("refuses the user kate") && !told.contains("s3cret"), "{told}");
    let options = PostgresOptions {
        password: Some("right".into()),
        ..PostgresOptions::new(encrypting.address("localhost", "s3cret", trusting))
    };
    opened(options).await.unwrap();
}

/// A standby that takes over may be behind what clients were told of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_standby_has_another_generation_and_jumps() {
    let primary = PostgresServer::start(&[]);
    let address = primary.fresh_schema();
    let schema = PostgresServer::schema_of(&address);
    let store = open(&address).await.unwrap();
    store.commit(told(1)).await.unwrap();
    let before = store.log_end().await.unwrap();
    let standby = primary.standby();
    standby.promote();
    let promoted = open(&standby.address_of(schema)).await.unwrap();
    let after = promoted.log_end().await.unwrap();
    assert_ne!(after.generation, before.generation);
    assert!(promoted.stream(owner(1), 0, 9).await.unwrap().items.is_empty());
    let swept = promoted.told_after(before.position + 99, 9).await;
    assert!(matches!(swept, Err(StoreError::Swept { .. })), "{swept:?}");
    promoted.commit(told(2)).await.unwrap();
    let number = promoted.head(owner(1)).await.unwrap().numbers[&Topic::Interactions];
    assert_eq!(number, GENERATION_JUMP + 2);
    let again = open(&standby.address_of(schema)).await.unwrap();
    assert_eq!(again.log_end().await.unwrap().generation, after.generation, "once");
    let same = open(&address).await.unwrap().log_end().await.unwrap();
    assert_eq!(same, before, "the control");
}

#[tokio::test]
async fn a_dump_that_is_put_back_has_another_generation() {
    let server = PostgresServer::shared();
    let address = server.fresh_schema();
    let schema = PostgresServer::schema_of(&address);
    let store = open(&address).await.unwrap();
    store.commit(told(1)).await.unwrap();
    let before = store.log_end().await.unwrap();
    let dump = server.dump(schema);
    store.commit(told(2)).await.unwrap();
    store.close().await;
    server.run(&format!("DROP SCHEMA {schema} CASCADE"));
    server.run(&dump);
    let store = open(&address).await.unwrap();
    assert_ne!(store.log_end().await.unwrap().generation, before.generation);
    store.commit(told(2)).await.unwrap();
    let number = store.head(owner(1)).await.unwrap().numbers[&Topic::Interactions];
    assert_eq!(number, GENERATION_JUMP + 2);
}

/// A node that runs, or starts, finds what has been put back so far, at any moment.
#[tokio::test]
async fn a_dump_that_is_being_put_back_is_waited_for() {
    let server = PostgresServer::shared();
    let address = server.fresh_schema();
    let schema = PostgresServer::schema_of(&address);
    let store = open(&address).await.unwrap();
    store.commit(told(1)).await.unwrap();
    let dump = server.dump(schema);
    // Parts are scripts of their own, and these two lines are one bracket around all.
    let is_bracket =
        |line: &&str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
    let lines: Vec<&str> = dump.lines().filter(|line| !is_bracket(line)).collect();
    let dump = lines.join("\n") + "\n";
    server.run(&format!("DROP SCHEMA {schema} CASCADE"));
    let of_heads = dump.find(&format!("COPY {schema}.heads")).unwrap();
    let keys = dump.find("ADD CONSTRAINT").and_then(|at| dump[..at].rfind("ALTER TABLE")).unwrap();
    assert!(of_heads < keys, "rows come before keys");
    let last_key =
        dump.rfind("PRIMARY KEY").and_then(|at| dump[..at].rfind("ALTER TABLE")).unwrap();
    let mut done = 0;
    for part in [of_heads, keys, last_key] {
        server.run(&dump[done..part]);
        server.run(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = '{schema}'"
        ));
        done = part;
        let running = store.ready().await.unwrap_err();
        let refused = open(&address).await.unwrap_err();
        assert!(refused.contains("a dump is being put back"), "{refused}");
        if part > of_heads {
            assert_eq!(running.not_ready(), NotReady::Unfinished, "{running:?}");
        }
    }
    server.run(&dump[done..]);
    store.ready().await.unwrap();
    assert!(store.stream(owner(1), 0, 9).await.unwrap().items.is_empty());
    store.commit(told(2)).await.unwrap();
    let number = store.head(owner(1)).await.unwrap().numbers[&Topic::Interactions];
    assert_eq!(number, GENERATION_JUMP + 2);
}
