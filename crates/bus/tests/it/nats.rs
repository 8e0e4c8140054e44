//! Lines over a NATS server that the tests start themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::conformance::nats_server::NatsServer;
use handoff_bus::conformance::{self, Ground, Speaker};
use handoff_bus::line::Connect;
use handoff_bus::nats::{Login, Nats, Options, ServerAddress};

struct OverNats {
    server: NatsServer,
    options: Options,
}

impl OverNats {
    /// Starts a server, and makes options with which it is connected to.
    fn new(server: &[&str], scheme: &str, options: Options) -> Self {
        let server = NatsServer::start(server);
        let address = format!("{scheme}://{}", server.address());
        let servers = vec![ServerAddress::parse(&address).unwrap()];
        Self { server, options: Options { servers, subject: "handoff.a".into(), ..options } }
    }

    fn nats(&self) -> Nats {
        Nats::new(self.options.clone())
    }

    /// Returns with what words a connection is refused.
    async fn refusal(&self) -> String {
        let error = self.nats().connect().await.unwrap_err();
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        text
    }
}

#[async_trait]
impl Ground for OverNats {
    fn connect(&self) -> Box<dyn Connect> {
        Box::new(self.nats())
    }

    async fn cut(&self) {
        self.server.restart();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_over_nats_do_what_lines_must() {
    conformance::all(&OverNats::new(&[], "nats", Options::default())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_another_subject_are_not_heard() {
    let ground = OverNats::new(&[], "nats", Options::default());
    let elsewhere = Options { subject: "handoff.b".into(), ..ground.options.clone() };
    let mut one = Speaker::start(1, ground.connect());
    let mut same = Speaker::start(2, ground.connect());
    let mut other = Speaker::start(3, Nats::new(elsewhere));
    one.is_heard_by(&mut same).await;
    let heard = tokio::time::timeout(Duration::from_secs(2), one.is_heard_by(&mut other)).await;
    assert!(heard.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_the_server_does_not_know_is_refused() {
    let login = |password: &str| Options {
        login: Login::User { name: "handoff".into(), password: password.into() },
        ..Options::default()
    };
    let server = ["--user", "handoff", "--pass", "right"];
    let ground = OverNats::new(&server, "nats", login("right"));
    ground.nats().connect().await.unwrap();
    for wrong in [login("wrong"), Options::default()] {
        let servers = ground.options.servers.clone();
        let refused = Nats::new(Options { servers, subject: "a".into(), ..wrong }).connect().await;
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("authorization violation") && !text.contains("wrong"), "{text}");
    }
    let token = Options { login: Login::Token("secret".into()), ..Options::default() };
    let ground = OverNats::new(&["--auth", "secret"], "nats", token);
    ground.nats().connect().await.unwrap();
}

/// Makes an authority and certificates by it for a host and for a client, as PEM files.
fn certificates() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        let done = command.args(arguments.split(' ')).current_dir(&directory).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
    fs::write(directory.path().join("host"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    for name in ["server", "client"] {
        openssl(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
             -extfile host -out {name}.pem"
        ));
    }
    directory
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_and_nodes_prove_who_they_are() {
    let directory = certificates();
    let file = |name: &str| -> PathBuf { directory.path().join(name) };
    let [ca, pem, key] = ["ca.pem", "server.pem", "server.key"].map(file);
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (ca_text, pem, key) = (text(&ca), text(&pem), text(&key));
    let server =
        ["--tls", "--tlscert", &pem, "--tlskey", &key, "--tlsverify", "--tlscacert", &ca_text];
    let options = Options {
        authorities: Some(ca),
        certificate: Some((file("client.pem"), file("client.key"))),
        ..Options::default()
    };
    let ground = OverNats::new(&server, "tls", options);
    let mut one = Speaker::start(1, ground.connect());
    let mut other = Speaker::start(2, ground.connect());
    one.is_heard_by(&mut other).await;
    let unknown = Options { authorities: None, ..ground.options.clone() };
    let ground = OverNats { options: unknown, ..ground };
    let refusal = ground.refusal().await;
    assert!(refusal.contains("TLS") || refusal.contains("certificate"), "{refusal}");
}

#[tokio::test]
async fn what_is_no_address_is_said() {
    assert!(ServerAddress::parse("nats://a:4222").is_ok());
    for wrong in ["http://a", "nats://a:port", ""] {
        assert!(ServerAddress::parse(wrong).is_err(), "{wrong}");
    }
}
