//! Files that agents send in chats, and how much customers may send.

use axum::http::{Method, header};
use handoff_domain::ChatTerms;
use handoff_domain::service::FileLimits;
use handoff_store::files::Files;
use handoff_testkit::Call;
use serde_json::{Value, json};

use crate::api::{Api, PASSWORD, ROOT, Reply};
use crate::customer::{Customer, with_terms};

const PDF: &[u8] = b"%PDF-1.7 an offer";
const BYTES_MAX: usize = 10 * 1024 * 1024;

fn attachments(chat: &str) -> String {
    format!("/me/interactions/{chat}/attachments")
}

/// An agent sends a file.
struct Sending<'a> {
    api: &'a Api,
    agent: &'a str,
    chat: &'a str,
    fields: &'a [(&'a str, &'a str)],
    part: &'a str,
    bytes: &'a [u8],
    headers: &'a [(&'a str, &'a str)],
}

impl<'a> Sending<'a> {
    fn by(api: &'a Api, agent: &'a str, chat: &'a str) -> Self {
        Self { api, agent, chat, fields: &[], part: "attachment", bytes: PDF, headers: &[] }
    }

    async fn now(self) -> Reply {
        let path = format!("{ROOT}{}", attachments(self.chat));
        let mut call = Call::upload(&path, self.fields, (self.part, "offer.pdf"), self.bytes);
        for (name, value) in self.headers {
            call = call.header(name, value);
        }
        self.api.calls(call.by(self.agent, PASSWORD)).await
    }
}

async fn kept(api: &Api) -> usize {
    api.files.list(None, 100).await.unwrap().items.len()
}

#[tokio::test]
async fn a_file_of_an_agents_is_the_customers_to_fetch() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let fields = [("description", "our offer")];
    let answer =
        Sending { fields: &fields, ..Sending::by(&api, "kate", &customer.id) }.now().await.ok();
    let file = answer["id"].as_str().unwrap();
    let path = format!("{}/{file}", attachments(&customer.id));
    assert_eq!(answer["path"], path);
    assert_eq!(answer["uri"], format!("http://127.0.0.1:8090/api/v2{path}"));
    assert!(answer["referenceId"].is_i64(), "{answer}");
    let seen = customer.sees().await;
    let entry = seen["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&entry["type"], &entry["text"], &entry["from"]["type"]),
        (&json!("FileUploaded"), &json!("offer.pdf"), &json!("Agent"))
    );
    assert_eq!(
        entry["userData"],
        json!({"file-id": file, "file-name": "offer.pdf", "file-size": PDF.len().to_string(),
               "file-type": "application/pdf", "file-description": "our offer"}),
        "the type is told by what is in it"
    );
    let fetched = customer.fetches(file).await;
    assert_eq!((fetched.status.as_u16(), fetched.text.as_bytes()), (200, PDF));
    assert_eq!(fetched.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let disposition = fetched.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(disposition.starts_with("attachment; filename=\"offer.pdf\""), "{disposition}");
    let own = api.by("kate").get(&path).await;
    assert_eq!((own.status.as_u16(), own.text.as_bytes()), (200, PDF));

    let taken_back = api.by("kate").send(Method::DELETE, &path, None, &[]).await.ok();
    assert!(taken_back["referenceId"].is_i64(), "{taken_back}");
    assert_eq!(customer.reads().await.last().unwrap(), "kate FileDeleted offer.pdf");
    assert_eq!(customer.fetches(file).await.json()["errors"][0]["code"], 5007);
    assert_eq!(api.by("kate").get(&attachments(&customer.id)).await.ok()["uris"], json!([]));
    api.by("kate").send(Method::DELETE, &path, None, &[]).await.refused(404, 6);
}

#[tokio::test]
async fn what_agents_send_one_another_the_customer_does_not_get() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let before = customer.reads().await;
    let fields = [("visibility", "Agents")];
    let answer =
        Sending { fields: &fields, ..Sending::by(&api, "kate", &customer.id) }.now().await.ok();
    let file = answer["id"].as_str().unwrap();
    assert_eq!(customer.fetches(file).await.json()["errors"][0]["code"], 5007);
    let list = api.by("kate").get(&attachments(&customer.id)).await.ok();
    assert_eq!(list["uris"].as_array().unwrap().len(), 1);
    let path = format!("{}/{file}", attachments(&customer.id));
    api.by("kate").send(Method::DELETE, &path, None, &[]).await.ok();
    assert_eq!(customer.reads().await, before, "neither the file nor its end");
}

#[tokio::test]
async fn who_may_not_send_a_file_leaves_none() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let chat = customer.id.as_str();
    let too_large = vec![b'x'; BYTES_MAX + 1];
    let by = |agent| Sending::by(&api, agent, chat);
    let fields = [("visibility", "Everybody")];
    let evil = [("origin", "https://evil.example")];
    let none = [("visibility", "Supervisors")];
    let table = [
        (by("zoe"), 404, 6),
        (by("mia"), 404, 6),
        (by("ben"), 403, 3),
        (Sending { part: "file", ..by("kate") }, 400, 1),
        (Sending { fields: &fields, ..by("kate") }, 400, 10),
        (Sending { fields: &none, ..by("kate") }, 403, 3),
        (Sending { bytes: &too_large, ..by("kate") }, 413, 10),
        (Sending { headers: &evil, ..by("kate") }, 403, 3),
    ];
    for (sending, status, code) in table {
        sending.now().await.refused(status, code);
    }
    let json = api.by("kate").post(&attachments(chat), json!({})).await;
    json.refused(400, 1);
    let work = api.owned("kate", "workitem", "tasks").await;
    let sentence = Sending::by(&api, "kate", &work).now().await.refused(409, 2);
    assert!(sentence.contains("Processing"), "{sentence}");
    assert_eq!(kept(&api).await, 0);

    let sent = customer.uploads("note.txt", b"From the customer").await;
    let theirs = format!(
        "{}/{}",
        attachments(chat),
        sent["messages"][0]["userData"]["file-id"].as_str().unwrap()
    );
    api.by("kate").send(Method::DELETE, &theirs, None, &[]).await.refused(403, 3);
    customer.does("disconnect", &[]).await;
    let sentence = Sending::by(&api, "kate", chat).now().await.refused(409, 2);
    assert!(sentence.contains("LeftChat"), "{sentence}");
    assert_eq!(kept(&api).await, 1);
}

#[tokio::test]
async fn a_retried_file_is_sent_once() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let key = [("idempotency-key", "one")];
    let send = || Sending { headers: &key, ..Sending::by(&api, "kate", &customer.id) }.now();
    let (first, twin) = tokio::join!(send(), send());
    let later = send().await.ok();
    assert_eq!((first.ok(), twin.ok()), (later.clone(), later));
    let sent: Vec<String> =
        customer.reads().await.into_iter().filter(|line| line.contains("FileUploaded")).collect();
    assert_eq!(sent, ["kate FileUploaded offer.pdf"]);
    assert_eq!(kept(&api).await, 1);
}

#[tokio::test]
async fn files_that_come_at_once_are_counted_one_by_one() {
    let files = FileLimits { uploads_max: 2, downloads_max: 1, ..FileLimits::default() };
    let api = with_terms(ChatTerms { files, ..ChatTerms::default() }).await;
    let customer = Customer::begin(&api).await;
    let send = || customer.uploads("note.txt", b"A note");
    let (one, two, three) = tokio::join!(send(), send(), send());
    let answers = [&one, &two, &three];
    let is_done = |answer: &&&Value| answer["statusCode"] == 0;
    assert_eq!(answers.iter().filter(is_done).count(), 2, "{answers:?}");
    let refused = answers.into_iter().find(|answer| answer["statusCode"] != 0).unwrap();
    assert_eq!(
        (&refused["errors"][0]["code"], &refused["chatEnded"]),
        (&json!(5003), &json!(false))
    );
    assert_eq!(kept(&api).await, 2, "what was refused is not kept");
    let done = [&one, &two, &three].into_iter().find(|answer| answer["statusCode"] == 0).unwrap();
    let file = done["messages"][0]["userData"]["file-id"].as_str().unwrap();
    let (first, second) = tokio::join!(customer.fetches(file), customer.fetches(file));
    let texts = [first.text, second.text];
    assert_eq!(texts.iter().filter(|text| text.as_str() == "A note").count(), 1, "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("5008")), "{texts:?}");
}

#[tokio::test]
async fn the_size_of_all_files_counts_and_agents_may_have_to_come_first() {
    let files = FileLimits { total_bytes_max: 10, need_agent: true, ..FileLimits::default() };
    let api = with_terms(ChatTerms { files, ..ChatTerms::default() }).await;
    let customer = Customer::begin(&api).await;
    let code = |answer: Value| answer["errors"][0]["code"].as_i64();
    assert_eq!(code(customer.uploads("note.txt", b"A note").await), Some(5005));
    api.ready("kate").await;
    api.engine.workers().router().route().await.unwrap();
    api.by("kate").does(&customer.id, json!({"operationName": "Accept"})).await.ok();
    assert_eq!(code(customer.uploads("page.txt", b"<html><script>").await), Some(5002));
    assert_eq!(code(customer.uploads("note.txt", b"A note").await), None);
    assert_eq!(code(customer.uploads("note.txt", b"A note").await), Some(5004));
    assert_eq!(kept(&api).await, 1);
}
