//! Bodies that are refused: clients send first and read then, and must see the answer all the same.

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::{PASSWORD, Program};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Larger than what the kernels on both sides hold for a reader who does not read, and within what
/// the server takes in.
const BODY_BYTES: usize = 7 << 20;
/// How often each is tried: whether an answer gets through before the connection breaks is a matter
/// of luck.
const ROUNDS: usize = 10;
const MULTIPART: &str = "multipart/form-data; boundary=x";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn basic(user: &str) -> String {
    let value = handoff_testkit::http::basic(user, PASSWORD);
    format!("Authorization: {}\r\n", value.to_str().unwrap_or_default())
}

/// A request whose body nobody wants.
struct Refused {
    line: &'static str,
    /// More headers, each with its end of line.
    headers: String,
    content_type: &'static str,
    status: u16,
}

fn refused(line: &'static str, content_type: &'static str, headers: &str, status: u16) -> Refused {
    Refused { line, headers: headers.to_owned(), content_type, status }
}

fn of_the_api() -> Vec<Refused> {
    let (kate, intake) = (&basic("kate"), &basic("intake"));
    let attachments = "POST /api/v2/me/interactions/0000000000000000/attachments";
    let foreign = &format!("{kate}Origin: https://evil.example\r\n");
    let packed = &format!("{kate}Content-Encoding: gzip\r\n");
    vec![
        refused("POST /elsewhere", JSON, "", 404),
        refused("POST /api/v2/nothing", JSON, kate, 404),
        refused("PUT /api/v2/me", JSON, kate, 405),
        refused("POST /healthz", JSON, "", 405),
        refused("POST /chat/widget.js", JSON, "", 405),
        refused("POST /api/v2/interactions", JSON, kate, 413),
        refused("POST /api/v2/interactions", "text/plain", kate, 413),
        refused("POST /api/v2/interactions", JSON, packed, 415),
        refused(attachments, MULTIPART, "", 401),
        refused(attachments, MULTIPART, intake, 403),
        refused(attachments, MULTIPART, foreign, 403),
        refused(attachments, MULTIPART, kate, 404),
        refused("DELETE /api/v2/me/interactions/x/attachments/y", JSON, "", 401),
        refused("GET /api/v2/interactions", JSON, "", 401),
        refused("POST /api/v2/notifications", "text/plain", kate, 415),
        refused("POST /api/v2/notifications/connect", JSON, kate, 413),
        refused("POST /api/v2/notifications", JSON, foreign, 403),
        refused("PUT /api/v2/notifications", JSON, kate, 400),
    ]
}

fn of_customers() -> Vec<Refused> {
    let packed = "Content-Encoding: gzip\r\n";
    vec![
        refused("POST /genesys/2/chat/customer-support", FORM, "", 413),
        refused("POST /genesys/2/chat/customer-support/x/send", MULTIPART, "", 400),
        refused("PUT /genesys/2/chat/customer-support", FORM, "", 405),
        refused("POST /genesys/2/chat/nobody/x/file", MULTIPART, "", 404),
        refused("POST /genesys/2/chat/customer-support/x/file", "multipart/form-data", "", 400),
        refused("POST /genesys/2/chat-ntf", FORM, "", 413),
        refused("POST /genesys/2/email/nobody", MULTIPART, "", 404),
        refused("POST /genesys/2/openmedia/workitems", FORM, packed, 415),
        refused("POST /genesys/2/nothing", FORM, "", 404),
        refused("POST /genesys/cometd", "text/plain", "", 415),
        refused("POST /api/v2/chats", JSON, "", 413),
        refused("POST /api/v2/chats/x/y/z", JSON, "", 401),
    ]
}

/// Sends all of a request, and only then reads; returns the status and the body of the answer.
async fn send_then_read(server: &Program, request: &Refused, host: &str) -> Result<(u16, Value)> {
    let mut stream = TcpStream::connect(server.server()?).await?;
    let Refused { line, headers, content_type, .. } = request;
    let head = format!(
        "{line} HTTP/1.1\r\n{host}Connection: close\r\nContent-Type: {content_type}\r\n{headers}Content-Length: {BODY_BYTES}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&vec![b'x'; BODY_BYTES]).await.context("while sending")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.context("while reading")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no whole answer")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    Ok((status, serde_json::from_str(body).unwrap_or_default()))
}

async fn assert_seen(server: &Program, request: &Refused, host: &str) -> Result<()> {
    let Refused { line, headers, status, .. } = request;
    for round in 1..=ROUNDS {
        let seen = send_then_read(server, request, host).await;
        let (seen, body) = seen.with_context(|| format!("{line} {headers}: attempt {round}"))?;
        ensure!(seen == *status, "{line} {headers}: {seen} {body}, not {status}");
    }
    Ok(())
}

#[tokio::test]
async fn the_answer_to_a_refused_body_is_seen_at_every_door_of_the_api() -> Result<()> {
    let server = Program::demo(&[]).await?;
    for request in of_the_api() {
        assert_seen(&server, &request, "Host: localhost\r\n").await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_answer_to_a_refused_body_is_seen_at_every_door_of_customers() -> Result<()> {
    let server = Program::demo(&[]).await?;
    for request in of_customers() {
        assert_seen(&server, &request, "Host: localhost\r\n").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_request_must_say_its_host() -> Result<()> {
    let server = Program::demo(&[]).await?;
    for (host, status) in
        [("", 400), ("Host: a\r\nHost: b\r\n", 400), ("Host: a b\r\n", 400), ("Host: a\r\n", 401)]
    {
        let request = refused("DELETE /api/v2/me/interactions/x/attachments/y", JSON, "", status);
        let (seen, body) = send_then_read(&server, &request, host).await?;
        ensure!(seen == status, "{host:?}: {seen} {body}");
        let code = if status == 400 { 10 } else { 20 };
        ensure!(body["statusCode"] == code, "{host:?}: {body}");
    }
    let of_customers = refused("POST /genesys/2/chat-ntf", FORM, "", 400);
    let (seen, body) = send_then_read(&server, &of_customers, "").await?;
    ensure!((seen, &body["errors"][0]["code"]) == (400, &Value::from(1002)), "{seen} {body}");
    Ok(())
}
