//! The web form: what customers write there becomes a letter.

use axum::body::Body;
use axum::http::{Method, Request, header};
use handoff_domain::service::EmailTerms;
use handoff_testkit::Call;
use serde_json::json;

use crate::api::{Reply, has};
use crate::mailbox::{FORM, MAILBOX, MailApi, PNG, terms};

/// Names and contents of files.
type Files<'a> = &'a [(&'a str, &'a [u8])];

const FIELDS: [(&str, &str); 5] = [
    ("firstName", "Eve"),
    ("lastName", "Adams"),
    ("fromAddress", "eve@example.com"),
    ("subject", "My order"),
    ("text", "Where is it?\r\nEve"),
];

/// Returns the fields with one changed or added; an empty one counts as not given.
fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    FIELDS.into_iter().filter(|(known, _)| *known != name).chain([(name, value)]).collect()
}

/// A form with files: their names and contents.
async fn with_files(mail: &MailApi, fields: &[(&str, &str)], files: Files<'_>) -> Reply {
    const BOUNDARY: &str = "the-boundary-of-a-test";
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .bytes(),
        );
    }
    for (name, content) in files {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend_from_slice(content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    let request = Request::post(FORM)
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"));
    mail.api.send(request.body(Body::from(body)).unwrap()).await
}

fn id(reply: Reply) -> String {
    reply.ok()["id"].as_str().unwrap().to_owned()
}

/// Returns the code of ours with which a form was refused.
fn code(reply: &Reply) -> i64 {
    assert_ne!(reply.json()["statusCode"], 0, "{}", reply.text);
    reply.json()["errors"][0]["code"].as_i64().unwrap()
}

async fn waiting(mail: &MailApi) -> usize {
    let list = mail.api.by("ada").get("/interactions?channel=email").await.ok();
    list["uris"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_form_becomes_a_letter_in_the_queue_of_its_service() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let fields =
        [&FIELDS[..], &[("userData", "order=17=b"), ("userData", "tone="), ("other", "ignored")]]
            .concat();
    let id = id(mail.writes(&fields).await);
    let seen = mail.api.by("kate").sees(&id).await;
    has(
        &seen,
        json!({"from": "eve@example.com", "to": [MAILBOX], "subject": "My order", "bodyAsPlainText": "Where is it?\r\nEve"}),
    );
    has(
        &seen,
        json!({"currentQueue": "support-email", "interactionSubType": "InboundNew", "direction": "Inbound", "parentId": null}),
    );
    let data = json!({
        "order": "17=b", "tone": "", "FirstName": "Eve", "LastName": "Adams", "EmailAddress": "eve@example.com",
    });
    assert_eq!(seen["userData"], data);
    mail.api.engine.workers().router().route().await.unwrap();
    mail.api.by("kate").does(&id, json!({"operationName": "Accept"})).await.ok();
    let draft = mail.drafts(&id, json!({"operationName": "Reply"})).await;
    has(&draft, json!({"to": ["eve@example.com"], "from": MAILBOX}));
}

#[tokio::test]
async fn files_come_along_and_are_the_agents_to_fetch() {
    let mail = MailApi::start().await;
    let id = id(with_files(&mail, &FIELDS, &[("a/cat.png", PNG), ("", b"")]).await);
    let seen = mail.api.by("ada").sees(&id).await;
    let [file] = seen["attachments"].as_array().unwrap().as_slice() else { panic!("{seen}") };
    has(file, json!({"name": "cat.png", "mime": "image/png", "size": 16}));
    let path = file["path"].as_str().unwrap().to_owned();
    assert_eq!(mail.kept().await, 1);
    mail.api.by("zoe").get(&path).await.refused(404, 6);
    // Without files the other encoding does as well.
    with_files(&mail, &FIELDS, &[]).await.ok();
}

#[tokio::test]
async fn what_is_wrong_is_said_and_leaves_nothing() {
    let mail = MailApi::start().await;
    for (name, _) in FIELDS {
        assert_eq!(code(&mail.writes(&with(name, "")).await), 1001, "{name}");
    }
    let broken = [
        "a\r\nBcc: all@example.com",
        "a\nb",
        "a\rb",
        "a\0b",
        "a\u{2028}b",
        "eve@example.com\r\nBcc: x@example.com",
    ];
    for evil in broken {
        for name in ["firstName", "lastName", "fromAddress", "subject", "mailbox"] {
            assert_eq!(code(&mail.writes(&with(name, evil)).await), 1002, "{name} {evil:?}");
        }
    }
    let long = "x".repeat(999);
    let table = [
        ("fromAddress", "Eve <eve@example.com>"),
        ("fromAddress", "eve@example.com,adam@example.com"),
        ("fromAddress", "jürg bücher@example.com"),
        ("subject", long.as_str()),
        ("firstName", long.as_str()),
        ("mailbox", "other@other.example"),
        ("mailbox", "me@attacker.example"),
        ("userData", "without a value"),
        ("messageId", long.as_str()),
    ];
    for (name, value) in table {
        assert_eq!(code(&mail.writes(&with(name, value)).await), 1002, "{name} {value}");
    }
    let large = "x".repeat(300 * 1024);
    let refused = mail.writes(&with("text", &large)).await;
    assert_eq!((refused.status.as_u16(), code(&refused)), (413, 1003));
    let refused = with_files(&mail, &with("text", &large), &[]).await;
    assert_eq!((refused.status.as_u16(), code(&refused)), (413, 1003));
    let files: [(Files<'_>, i64); 4] = [
        (&[("a.exe", b"MZ\x90\0")], 5002),
        (&[("a.txt", b"<html><script>")], 5002),
        (&[("a.png", PNG), ("b.png", PNG), ("c.png", PNG)], 5003),
        (&[("a.txt", &[b'x'; 600]), ("b.txt", &[b'x'; 600])], 5004),
    ];
    for (files, expected) in files {
        assert_eq!(code(&with_files(&mail, &FIELDS, files).await), expected);
    }
    assert_eq!((mail.kept().await, waiting(&mail).await), (0, 0));
    let request = Request::post(FORM).header(header::CONTENT_TYPE, "application/json");
    let refused = mail.api.send(request.body(Body::from("{}")).unwrap()).await;
    assert_eq!((refused.status.as_u16(), code(&refused)), (400, 1002));
    let request = Request::post("/genesys/2/email/nowhere");
    let refused = mail.api.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((refused.status.as_u16(), code(&refused)), (404, 2001));
    let chat = Request::post("/genesys/2/email/customer-support");
    assert_eq!(code(&mail.api.send(chat.body(Body::empty()).unwrap()).await), 2001);
}

/// Sends parts whose heads and contents are given.
async fn with_parts(mail: &MailApi, parts: impl Iterator<Item = (String, &str)>) -> Reply {
    let mut body = String::new();
    for (head, content) in parts {
        body.push_str(&format!(
            "--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str("--edge--\r\n");
    let request =
        Request::post(FORM).header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge");
    mail.api.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_form_is_bounded_by_all_that_it_has() {
    let mail = MailApi::start().await;
    let fields = || FIELDS.into_iter().map(|(name, value)| (format!("name=\"{name}\""), value));
    let parts =
        |count, head: &'static str| fields().chain((0..count).map(move |_| (head.to_owned(), "")));
    with_parts(&mail, parts(900, "name=\"files\"; filename=\"\"")).await.ok();
    let too_many = ["name=\"other\"", "name=\"files\"; filename=\"\""];
    for head in too_many {
        let refused = with_parts(&mail, parts(1_000, head)).await;
        assert_eq!((refused.status.as_u16(), code(&refused)), (413, 1003), "{head}");
    }
    let name = format!("name=\"{}\"", "x".repeat(2_000));
    let refused = with_parts(&mail, fields().chain((0..200).map(|_| (name.clone(), "")))).await;
    assert_eq!((refused.status.as_u16(), code(&refused)), (413, 1003), "names count");
    let head = format!("name=\"a\"\r\nX-Other: {}", "x".repeat(2_000));
    let refused = with_parts(&mail, fields().chain((0..900).map(|_| (head.clone(), "")))).await;
    assert_eq!(code(&refused), 5004, "headers count");
    assert_eq!((mail.kept().await, waiting(&mail).await), (0, 1));
}

#[tokio::test]
async fn a_form_that_is_sent_again_is_one_letter() {
    let mail = MailApi::start().await;
    let first = id(mail.writes(&with("messageId", "one")).await);
    assert_eq!(id(mail.writes(&with("messageId", "one")).await), first);
    assert_eq!(waiting(&mail).await, 1);
    let other = [with("messageId", "one"), vec![("userData", "a=b")]].concat();
    assert_ne!(id(mail.writes(&other).await), first, "the same name of other words");
    assert_ne!(id(mail.writes(&FIELDS).await), id(mail.writes(&FIELDS).await), "without a name");
    assert_eq!(waiting(&mail).await, 4);

    let files: [(&str, &[u8]); 1] = [("cat.png", PNG)];
    let fields = with("messageId", "two");
    let (one, two) =
        tokio::join!(with_files(&mail, &fields, &files), with_files(&mail, &fields, &files));
    assert_eq!(id(one), id(two));
    assert_eq!(mail.kept().await, 1);
    let keyed = |key: &'static str| mail.api.calls(Call::form(FORM, &FIELDS).keyed(key));
    let (one, again, other) = (keyed("k1").await, keyed("k1").await, keyed("k2").await);
    let one = id(one);
    assert_eq!(id(again), one);
    assert_ne!(id(other), one);
    assert_eq!(code(&keyed("no key").await), 1002);
}

#[tokio::test]
async fn a_mailbox_may_be_named_that_is_the_contact_centers_own() {
    let mail = MailApi::start_with(EmailTerms { files_max: 0, ..terms() }, |_| {}).await;
    let id = id(mail.writes(&with("mailbox", "Support@Demo.Example")).await);
    assert_eq!(mail.api.by("ada").sees(&id).await["mailbox"], MAILBOX);
    assert_eq!(code(&with_files(&mail, &FIELDS, &[("a.png", PNG)]).await), 5003);
}

#[tokio::test]
async fn a_page_of_any_origin_may_send_the_form_and_read_the_answer() {
    let mail = MailApi::start().await;
    let origin = ("origin", "https://shop.example");
    let ask = Request::builder()
        .method(Method::OPTIONS)
        .uri(FORM)
        .header(origin.0, origin.1)
        .header("access-control-request-method", "POST");
    let reply = mail.api.send(ask.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.status.as_u16(), 204);
    assert_eq!(reply.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], origin.1);
    assert!(
        reply.headers[header::ACCESS_CONTROL_ALLOW_HEADERS]
            .to_str()
            .unwrap()
            .contains("idempotency-key")
    );
    assert!(!reply.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
}
