//! The program with TLS of its own (docs/operations/README.md#tls).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::comet::AGENTS;
use handoff_testkit::http::basic;
use handoff_testkit::program::find;
use handoff_testkit::tls::{Authority, Files, TlsStream, connect, put};
use handoff_testkit::{
    BOUND, Call, Door as _, PASSWORD, PostgresServer, Program, Settings, Site, Start, Surroundings,
    TestAgent, Transport,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

use crate::chat::talk_and_exchange_files;
use crate::replay::{change, sees_step};
use crate::scene::{DEMO, apply, submit};

const POLLING: Transport = Transport::LongPolling;

/// Starts the program with a certificate, over a store that may be in a database.
async fn serve(home: &Path, files: &Files, more: &[(&str, &str)]) -> Result<Program> {
    let site = Site::configure(home, Settings::default())?;
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut settings = files.settings();
    settings.extend(more.iter().map(own));
    let surroundings = Surroundings { settings, ..Surroundings::default() };
    Program::start_in(&find()?, Start::Serve(site.config), site.log, surroundings).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_served_and_a_new_certificate_taken_up() -> Result<()> {
    let (authority, home) = (Authority::make()?, tempfile::tempdir()?);
    let files = authority.certify("server", 30)?;
    let server = serve(home.path(), &files, &[("HANDOFF__LOG__FILTER", "info")]).await?;
    apply(&server, DEMO, &[]).await?;
    let address = server.server()?;
    let door = authority.tunnel(address).await?;
    talk_and_exchange_files(&door).await?;
    let kate = TestAgent::at_work(&door, "kate", POLLING).await?;
    let work = submit(&door, "tasks").await?;
    kate.accept(&work).await?;
    change(&kate, &work, 0..10).await?;
    sees_step(&kate, 9).await?;
    let me = kate.rest.read("/me").await?;
    let uri = me["user"]["uri"].as_str().context("no address")?;
    ensure!(uri.starts_with("https://"), "{uri}");
    let hands = kate.rest.send(shake_hands()).await?;
    let cookie = hands.header("set-cookie").context("no cookie")?;
    ensure!(cookie.contains("; Secure"), "{cookie}");

    let shown = async || {
        let stream = connect(address, authority.trusted()?).await?;
        let shown = stream.get_ref().1.peer_certificates().context("none is shown")?;
        anyhow::Ok(shown[0].to_vec())
    };
    let first = shown().await?;
    let next = authority.certify("next", 30)?;
    // Half of the new pair.
    put(&next.certificate, &files.certificate)?;
    server.signal("-HUP").await?;
    until(|| Ok(server.log_tail().contains("the certificate of before stays in use"))).await?;
    ensure!(server.log_tail().contains("is not the key of the first certificate"));
    assert_eq!(shown().await?, first);
    put(&next.key, &files.key)?;
    server.signal("-HUP").await?;
    until(|| Ok(server.log_tail().contains("a certificate was read and is in use"))).await?;
    ensure!(shown().await? != first, "the new one is not shown");
    change(&kate, &work, 10..12).await?;
    sees_step(&kate, 11).await?;

    let mut poll = connect(address, authority.trusted()?).await?;
    let hands = asks(&mut poll, POLLING.handshake()).await?;
    let session = hands[0]["clientId"].as_str().context("no session")?;
    asks(&mut poll, POLLING.connect(session)).await?;
    poll.write_all(request(&POLLING.connect(session)).as_bytes()).await?;
    server.terminate().await?;
    // It fails when the end is not said.
    let mut rest = String::new();
    poll.read_to_string(&mut rest).await.context("the end of a held poll")?;
    ensure!(rest.contains("connection: close"), "{rest}");
    Ok(())
}

/// Writes a message to the CometD server down as a request.
fn request(message: &Value) -> String {
    let (body, mia) = (json!([message]).to_string(), basic("mia", PASSWORD));
    let mia = mia.to_str().unwrap_or_default();
    format!(
        "POST {AGENTS} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {mia}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a message over a connection and returns the answer.
async fn asks(stream: &mut TlsStream<TcpStream>, message: Value) -> Result<Value> {
    stream.write_all(request(&message).as_bytes()).await?;
    let mut answer = Vec::new();
    loop {
        ensure!(stream.read_buf(&mut answer).await? > 0, "the connection ended");
        let text = String::from_utf8_lossy(&answer);
        let body = text.split_once("\r\n\r\n").map(|(_, body)| serde_json::from_str(body));
        if let Some(Ok(body)) = body {
            return Ok(body);
        }
    }
}

async fn until(is_so: impl Fn() -> Result<bool>) -> Result<()> {
    let waiting = async {
        while !is_so()? {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(BOUND, waiting).await.context("it is never so")?
}

fn shake_hands() -> Call {
    Call::post("", &json!([POLLING.handshake()])).at(AGENTS)
}

/// Opens a session at one node, connects at another, and returns what that says.
async fn connects_elsewhere(authority: &Authority, nodes: [&Program; 2]) -> Result<String> {
    let [here, there] = [nodes[0].server()?, nodes[1].server()?];
    let [here, there] = [authority.tunnel(here).await?, authority.tunnel(there).await?];
    let hands = here.client("kate").send(shake_hands()).await?;
    let session = hands.body[0]["clientId"].as_str().context("no session")?;
    let connect = Call::post("", &json!([POLLING.connect(session)])).at(AGENTS);
    Ok(there.client("kate").send(connect).await?.body.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_passes_on_to_another_whose_certificate_it_trusts() -> Result<()> {
    let url = spawn_blocking(|| PostgresServer::shared().fresh_schema()).await?;
    let (authority, stranger) = (Authority::make()?, Authority::make()?);
    let (files, home) = (authority.certify("server", 30)?, tempfile::tempdir()?);
    let node = async |name: &str, trusted: &Authority| {
        let trusted = trusted.file().display().to_string();
        let settings = [("HANDOFF__STORE__URL", &*url), ("HANDOFF__TLS__AUTHORITIES", &trusted)];
        serve(&home.path().join(name), &files, &settings).await
    };
    let one = node("one", &authority).await?;
    apply(&one, DEMO, &[]).await?;
    let (other, wary) = (node("other", &authority).await?, node("wary", &stranger).await?);
    let told = connects_elsewhere(&authority, [&one, &other]).await?;
    ensure!(told.contains("\"successful\":true"), "{told}");
    let told = connects_elsewhere(&authority, [&one, &wary]).await?;
    ensure!(told.contains("402::session_unknown"), "the control: {told}");
    Ok(())
}
