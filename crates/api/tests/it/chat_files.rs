//! The files of a chat, for agents.

use axum::http::header;
use handoff_domain::{Content, CustomerAction, FileId, InteractionId, Utterance, Visibility};
use handoff_store::files::{Files, NewFile};
use handoff_store::{FileRecord, FileSender, Put, Record};
use serde_json::json;

use crate::api::Api;
use crate::customer::Customer;

const BYTES: &[u8] = b"What it looks like.";

/// Lets the customer send a file.
async fn sent(api: &Api, chat: InteractionId, id: FileId, name: &str) {
    let at = api.engine.core().now();
    let mut incoming = api.files.begin(NewFile { id, at, bytes_max: 1_000 }).await.unwrap();
    incoming.write(BYTES).await.unwrap();
    incoming.keep().await.unwrap();
    let (name, content_type, bytes) =
        (name.to_owned(), "text/plain".to_owned(), BYTES.len() as u64);
    let content = Content::FileUploaded {
        file: id,
        name: name.clone(),
        bytes,
        content_type: content_type.clone(),
        description: Some("a note".to_owned()),
    };
    let by = FileSender::Customer;
    let record = FileRecord {
        id,
        interaction: chat,
        name,
        bytes,
        content_type,
        by,
        at,
        deleted: None,
        also: std::collections::BTreeSet::new(),
        erased: false,
    };
    let said = CustomerAction::Say(Utterance::new(content, Visibility::All));
    let put = Put { record: Record::File(record), expected: 0 };
    api.engine.conversations().customer_does(chat, said, None, vec![put]).await.unwrap();
}

#[tokio::test]
async fn who_sees_the_chat_sees_its_files() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let chat: InteractionId = customer.id.parse().unwrap();
    let list = format!("/me/interactions/{}/attachments", customer.id);
    assert_eq!(api.by("kate").get(&list).await.ok(), json!({"statusCode": 0, "uris": []}));
    sent(&api, chat, FileId(7), "invoice.txt").await;
    sent(&api, chat, FileId(3), "second.txt").await;
    let first = format!("{list}/{}", FileId(7));
    let shown = api.by("kate").get(&format!("{list}?fields=*")).await.ok();
    assert_eq!(
        shown["attachments"][0],
        json!({
            "id": FileId(7).to_string(), "uri": format!("http://127.0.0.1:8090/api/v2{first}"), "path": first,
            "name": "invoice.txt", "size": BYTES.len(), "contentType": "text/plain", "description": "a note",
            "sentBy": "Ada", "sentDate": "2026-01-09 12:00:00.000+0000",
        })
    );
    let names = api.by("kate").get(&format!("{list}?fields=name")).await.ok();
    assert_eq!(
        names["attachments"],
        json!([{"name": "invoice.txt"}, {"name": "second.txt"}]),
        "in order"
    );
    let file = api.by("kate").get(&first).await;
    assert_eq!((file.status.as_u16(), file.text.as_bytes()), (200, BYTES));
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/plain");
    assert!(file.headers[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    assert_eq!(file.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");

    for path in [&list, &first] {
        api.by("mia").get(path).await.refused(404, 6);
        api.by("zoe").get(path).await.refused(404, 6);
    }
    let other = Customer::with(&api, "kate").await;
    let of_other = format!("/me/interactions/{}/attachments", other.id);
    api.by("kate").get(&format!("{of_other}/{}", FileId(7))).await.refused(404, 6);
    api.by("kate").get(&format!("{list}/x")).await.refused(404, 6);
    api.by("kate").get(&format!("{list}?colour=red")).await.refused(400, 10);
}

#[tokio::test]
async fn a_file_that_the_customer_deleted_is_gone() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    sent(&api, customer.id.parse().unwrap(), FileId(7), "invoice.txt").await;
    customer.does(&format!("file/{}/delete", FileId(7)), &[]).await;
    let list = format!("/me/interactions/{}/attachments", customer.id);
    assert_eq!(api.by("kate").get(&list).await.ok()["uris"], json!([]));
    api.by("kate").get(&format!("{list}/{}", FileId(7))).await.refused(404, 6);
}

#[tokio::test]
async fn of_a_damaged_file_whoever_asks_is_told_before_anything_comes() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    sent(&api, customer.id.parse().unwrap(), FileId(7), "invoice.txt").await;
    let path = format!("/me/interactions/{}/attachments/{}", customer.id, FileId(7));
    api.files.delete(FileId(7)).await.unwrap();
    let refused = api.by("kate").get(&path).await;
    refused.refused(500, 4);
    assert!(refused.text.contains("another copy"), "{}", refused.text);
    assert_eq!(customer.fetches(&FileId(7).to_string()).await.status.as_u16(), 503);
}
