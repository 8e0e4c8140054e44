//! The files of e-mails: those that came, and those that agents attach.

use axum::http::{Method, header};
use handoff_domain::{Attachment, FileId};
use handoff_engine::RawMessage;
use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::mailbox::{MailApi, PNG, Upload, letter, picture};

fn op(name: &str) -> Value {
    json!({"operationName": name})
}

fn add(document: &str) -> Value {
    json!({"operationName": "AddAttachment", "documentId": document})
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

async fn drafting(mail: &MailApi) -> (String, String) {
    mail.api.ready("kate").await;
    let id = mail.owned(letter(1)).await;
    let draft = mail.drafts(&id, op("Reply")).await;
    (id, text(&draft["id"]))
}

async fn names(api: &Api, draft: &str) -> Vec<String> {
    let seen = api.by("kate").sees(draft).await;
    seen["attachments"].as_array().unwrap().iter().map(|one| text(&one["name"])).collect()
}

#[tokio::test]
async fn what_came_with_a_letter_is_read_by_who_may_see_it() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let (file, raw) = (FileId(0xca7), FileId(0x3a3));
    let message = b"From: eve@example.com\r\n\r\n<script>";
    mail.keeps(file, PNG).await;
    mail.keeps(raw, message).await;
    let whole = RawMessage { file: raw, bytes: message.len() as u64 };
    let id = mail.owned_with(letter(1), vec![picture(file)], Some(whole)).await;
    let kate = mail.api.by("kate");
    let seen = kate.sees(&id).await;
    let path = format!("/emails/{id}/attachments/{file}");
    let expected = json!([{
        "id": file.to_string(), "name": "cat.png", "size": 16, "mime": "image/png", "path": path,
        "uri": format!("http://127.0.0.1:8090/api/v2{path}"), "inline": true, "contentId": "cat@example.com",
    }]);
    assert_eq!(seen["attachments"], expected);
    let raw_path = format!("/me/interactions/{id}/raw");
    assert_eq!(seen["rawUri"], format!("http://127.0.0.1:8090/api/v2{raw_path}"));
    for path in
        [path.clone(), format!("/me{path}"), format!("/me/interactions/{id}/attachments/{file}")]
    {
        let reply = download(&mail.api, "kate", &path).await;
        assert_eq!(reply.0, PNG);
        assert_eq!(reply.1, "image/png");
        for user in ["zoe"] {
            mail.api.by(user).get(&path).await.refused(404, 6);
        }
        mail.api.anonymous().get(&path).await.refused(401, 20);
    }
    let reply = kate.get(&raw_path).await;
    assert_eq!(reply.text.as_bytes(), message);
    assert_eq!(reply.headers[header::CONTENT_TYPE], "message/rfc822");
    assert_eq!(reply.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let disposition = reply.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(disposition.starts_with("attachment; filename=\"message.eml\""), "{disposition}");
    mail.api.by("zoe").get(&raw_path).await.refused(404, 6);

    let list =
        kate.get(&format!("/me/interactions/{id}/attachments?fields=name,contentType")).await.ok();
    assert_eq!(list["attachments"], json!([{"name": "cat.png", "contentType": "image/png"}]));
    let uris = kate.get(&format!("/emails/{id}/attachments?name=cat.png")).await.ok();
    assert_eq!(uris["uris"], json!([expected[0]["uri"]]));
    for unknown in [raw.to_string(), FileId(9).to_string(), "x".to_owned()] {
        kate.get(&format!("/emails/{id}/attachments/{unknown}")).await.refused(404, 6);
    }
    // Nothing is added to what somebody else wrote, nor taken off it.
    mail.attaches(Upload::of(&id)).await.refused(409, 2);
    let own = format!("/me/interactions/{id}/attachments/{file}");
    kate.send(Method::DELETE, &own, None, &[]).await.refused(409, 2);
    kate.does(&id, add(&file.to_string())).await.refused(409, 2);
    assert_eq!(mail.kept().await, 2);
}

/// Returns what is in a file, and its type.
async fn download(api: &Api, user: &str, path: &str) -> (Vec<u8>, String) {
    use axum::body::Body;
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    let request = axum::http::Request::get(format!("/api/v2{path}"))
        .header(header::AUTHORIZATION, crate::api::basic(user, crate::api::PASSWORD));
    let response = api.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status().as_u16(), 200, "{path}");
    let content_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    assert!(
        response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment")
    );
    (response.into_body().collect().await.unwrap().to_bytes().to_vec(), content_type)
}

#[tokio::test]
async fn files_are_put_on_a_draft_and_taken_off() {
    let mail = MailApi::start().await;
    let (_, draft) = drafting(&mail).await;
    let answer =
        mail.attaches(Upload { name: "../o\u{202e}ffer.png", ..Upload::of(&draft) }).await.ok();
    let file = text(&answer["documentId"]);
    assert_eq!(answer["id"], answer["documentId"]);
    assert_eq!(answer["path"], format!("/me/interactions/{draft}/attachments/{file}"));
    assert!(answer["referenceId"].is_i64(), "{answer}");
    assert_eq!(names(&mail.api, &draft).await, ["offer.png"]);
    let of_medium = mail.api.told_to("kate", "/v2/me/emails").await;
    let last = of_medium.last().unwrap();
    has(last, json!({"notificationType": "AttachmentAdded", "referenceId": answer["referenceId"]}));
    let kate = mail.api.by("kate");
    let (content, _) =
        download(&mail.api, "kate", &format!("/emails/{draft}/attachments/{file}")).await;
    assert_eq!(content, PNG);

    kate.does(&draft, json!({"operationName": "RemoveAttachment", "attachmentId": file}))
        .await
        .ok();
    assert_eq!(names(&mail.api, &draft).await, Vec::<String>::new());
    kate.get(&format!("/emails/{draft}/attachments/{file}")).await.refused(404, 6);
    kate.does(&draft, json!({"operationName": "RemoveAttachment", "documentId": file}))
        .await
        .refused(404, 6);
    let again = json!({
        "operationName": "AddAttachment", "documentId": file, "name": "dir/Offer 2.png", "size": 1, "mime": "text/html",
    });
    kate.does(&draft, again).await.ok();
    let seen = kate.sees(&draft).await;
    let shown = &seen["attachments"][0];
    has(shown, json!({"name": "Offer 2.png", "size": 16, "mime": "image/png"}));
    let path = format!("/me/interactions/{draft}/attachments/{file}");
    kate.send(Method::DELETE, &path, None, &[]).await.ok();
    kate.send(Method::DELETE, &path, None, &[]).await.refused(404, 6);
    assert_eq!(names(&mail.api, &draft).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_picture_in_the_text_gets_a_name_of_its_own() {
    let mail = MailApi::start().await;
    let (_, draft) = drafting(&mail).await;
    let upload = Upload { fields: &[("inline", "true")], ..Upload::of(&draft) };
    let file = text(&mail.attaches(upload).await.ok()["id"]);
    let kate = mail.api.by("kate");
    let shown = kate.sees(&draft).await["attachments"][0].clone();
    has(&shown, json!({"inline": true, "contentId": format!("{file}@attachment.invalid")}));
    let body = format!("<img src=\"{}\">", text(&shown["uri"]));
    kate.does(&draft, json!({"operationName": "Save", "email": {"body": body}})).await.ok();
    assert_eq!(kate.sees(&draft).await["body"], body, "it is shown as it was written");
    let stored = mail.api.engine.core().board().recent(draft.parse().unwrap()).unwrap();
    let email = stored.value.email().unwrap();
    assert_eq!(email.body, format!("<img src=\"cid:{file}@attachment.invalid\">"));
    let wrong = Upload { fields: &[("inline", "perhaps")], ..Upload::of(&draft) };
    mail.attaches(wrong).await.refused(400, 10);
    assert_eq!(mail.kept().await, 1);
}

#[tokio::test]
async fn who_may_not_attach_a_file_leaves_none() {
    let mail = MailApi::start().await;
    let (id, draft) = drafting(&mail).await;
    let evil = [("origin", "https://evil.example")];
    let large = vec![b'x'; usize::try_from(Attachment::BYTES_MAX).unwrap() + 1];
    let of = Upload::of(&draft);
    let table = [
        (Upload { user: "zoe", ..of }, 404, 6),
        (Upload { user: "mia", ..of }, 404, 6),
        (Upload { user: "ben", ..of }, 404, 6),
        (Upload { user: "sam", ..of }, 403, 3),
        (Upload { id: &id, ..of }, 409, 2),
        (Upload { part: "file", ..of }, 400, 1),
        (Upload { bytes: &large, ..of }, 413, 10),
        (Upload { headers: &evil, ..of }, 403, 3),
    ];
    for (upload, status, code) in table {
        mail.attaches(upload).await.refused(status, code);
    }
    assert_eq!(mail.kept().await, 0);
    let file = text(&mail.attaches(of).await.ok()["id"]);
    let remove = json!({"operationName": "RemoveAttachment", "attachmentId": file});
    let path = format!("/me/interactions/{draft}/attachments/{file}");
    for (user, status, code) in [("zoe", 404, 6), ("ben", 404, 6), ("sam", 403, 3)] {
        let other = mail.api.by(user);
        other.does(&draft, remove.clone()).await.refused(status, code);
        other.does(&draft, add(&file)).await.refused(status, code);
        other.send(Method::DELETE, &path, None, &[]).await.refused(status, code);
    }
    let kate = mail.api.by("kate");
    kate.does(&draft, op("RemoveAttachment")).await.refused(400, 1);
    kate.does(&draft, op("AddAttachment")).await.refused(400, 1);
    kate.does(&draft, json!({"operationName": "RemoveAttachment", "attachmentId": "x"}))
        .await
        .refused(404, 6);
    let both =
        json!({"operationName": "RemoveAttachment", "attachmentId": file, "documentId": file});
    kate.does(&draft, both).await.refused(400, 10);
    kate.does(&id, json!({"operationName": "RemoveAttachment", "attachmentId": "x"}))
        .await
        .refused(409, 2);
    let stale = json!({"operationName": "AddAttachment", "documentId": file, "epoch": 99});
    kate.does(&draft, stale).await.refused(409, 2);
    for unknown in ["x", &FileId(9).to_string()] {
        kate.does(&draft, add(unknown)).await.refused(404, 6);
    }
}

#[tokio::test]
async fn a_file_of_another_email_is_attached_by_who_may_see_it_there() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let (file, raw) = (FileId(0xca7), FileId(0x3a3));
    mail.keeps(file, PNG).await;
    mail.keeps(raw, b"all of it").await;
    let whole = RawMessage { file: raw, bytes: 9 };
    let id = mail.owned_with(letter(1), vec![picture(file)], Some(whole)).await;
    let draft = mail.drafts(&id, op("Reply")).await;
    let draft = text(&draft["id"]);
    assert_eq!(names(&mail.api, &draft).await, Vec::<String>::new());
    let kate = mail.api.by("kate");
    kate.does(&draft, add(&file.to_string())).await.ok();
    kate.does(&draft, add(&file.to_string())).await.ok();
    assert_eq!(names(&mail.api, &draft).await, ["cat.png"], "once");
    let path = format!("/emails/{draft}/attachments/{file}");
    assert_eq!(download(&mail.api, "kate", &path).await.0, PNG);
    kate.does(&draft, add(&raw.to_string())).await.refused(404, 6);

    // Mia, of another group, sees neither the letter nor its files.
    mail.api.ready("mia").await;
    let body = json!({"operationName": "Create", "channel": "email", "queueName": "support-email"});
    let mias = text(&mail.api.by("mia").post("/me/interactions", body).await.ok()["id"]);
    mail.api.by("mia").does(&mias, add(&file.to_string())).await.refused(404, 6);
}

#[tokio::test]
async fn a_retried_file_is_attached_once() {
    let mail = MailApi::start().await;
    let (_, draft) = drafting(&mail).await;
    let upload = Upload { headers: &[("idempotency-key", "one")], ..Upload::of(&draft) };
    let (first, twin) = tokio::join!(mail.attaches(upload), mail.attaches(upload));
    let later = mail.attaches(upload).await.ok();
    assert_eq!((first.ok(), twin.ok()), (later.clone(), later));
    assert_eq!(names(&mail.api, &draft).await, ["offer.png"]);
    assert_eq!(mail.kept().await, 1);
}
