//! The erasure of a contact and the export of all that is known of one.

use axum::http::Method;
use serde_json::{Value, json};

use crate::api::{Reply, has};
use crate::mailbox::{CUSTOMER, MailApi, letter};

/// A customer has written twice, kate has both and somebody has written down who they are; returns
/// the address of the contact, and of the letters.
async fn written() -> (MailApi, String, Vec<String>) {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let mut letters = Vec::new();
    let mut path = String::new();
    for number in 1..=2 {
        let taken_in = mail.receives(letter(number)).await;
        path = format!("/ucs/contacts/{}", taken_in.interaction.contact.clone().unwrap());
        letters.push(taken_in.interaction.id.to_string());
    }
    let profile = json!({"version": 0, "firstName": "Evelina"});
    with_key(&mail, "kate", Method::PUT, &path, &profile).await.ok();
    (mail, path, letters)
}

/// Sends a request that is told from others by a key.
async fn with_key(mail: &MailApi, user: &str, method: Method, path: &str, body: &Value) -> Reply {
    let client = mail.api.by(user);
    client.send(method, path, Some(body.to_string()), &[("idempotency-key", "k1")]).await
}

async fn end(mail: &MailApi, letters: &[String]) {
    for id in letters {
        mail.api.engine.workers().router().route().await.unwrap();
        let operation = |name: &str| json!({"operationName": name});
        let path = format!("/me/interactions/{id}");
        mail.api.by("kate").post(&path, operation("Accept")).await.ok();
        mail.api.by("kate").post(&path, operation("Complete")).await.ok();
    }
}

/// Returns the address of a contact with its id in capitals.
fn shouted(path: &str) -> String {
    let (before, id) = path.rsplit_once('/').unwrap();
    format!("{before}/{}", id.to_uppercase())
}

fn erase() -> Value {
    json!({"operationName": "Erase"})
}

#[tokio::test]
async fn a_contact_is_erased_once_nothing_of_theirs_is_open() {
    let (mail, path, letters) = written().await;
    let ada = mail.api.by("ada");
    let tried = json!({"operationName": "Erase", "dryRun": true});
    let found = ada.post(&path, tried.clone()).await.ok()["erasure"].clone();
    has(&found, json!({"state": "DryRun"}));
    has(&found["counts"], json!({"contacts": 1, "interactions": 2}));
    assert_eq!(found["open"].as_array().unwrap().len(), 2);
    assert!(found["counts"]["receipts"].as_u64() >= Some(5), "of requests as well: {found}");
    let refused = ada.post(&path, erase()).await.refused(409, 2);
    assert!(letters.iter().all(|id| refused.contains(id.as_str())), "{refused}");
    ada.get(&format!("{path}/erasure")).await.refused(404, 6);
    let refused = ada.post(&shouted(&path), erase()).await.refused(409, 2);
    assert!(letters.iter().all(|id| refused.contains(id.as_str())), "{refused}");
    end(&mail, &letters).await;

    let body = erase();
    let again = || with_key(&mail, "ada", Method::POST, &path, &body);
    let begun = again().await.ok();
    assert_eq!(begun["erasure"]["state"], "Running");
    assert_eq!(ada.get(&format!("{path}/erasure")).await.ok()["erasure"]["state"], "Running");
    ada.get(&path).await.refused(404, 6);
    mail.api.engine.erasures().go_on().await.unwrap();
    assert_eq!(again().await.ok(), begun, "the same request again");
    ada.post(&path, erase()).await.refused(404, 6);

    let over = ada.get(&format!("{path}/erasure")).await.ok()["erasure"].clone();
    let shouted = ada.get(&format!("{}/erasure", shouted(&path))).await.ok();
    assert_eq!(shouted["erasure"], over, "an id is the same in each spelling");
    has(&over, json!({"state": "Finished"}));
    has(&over["counts"], json!({"contacts": 1, "interactions": 2}));
    assert_eq!(over["receipt"]["valid"], true);
    let audit = ada.get("/audit?action=Erased").await.ok();
    assert_eq!(audit["entries"][0]["receipt"]["text"], over["receipt"]["text"]);
    assert_eq!(audit["entries"][0]["target"]["kind"], "contact");
    let kate = mail.api.by("kate");
    for id in &letters {
        let shown = kate.get(&format!("/interactions/{id}")).await.text;
        assert!(!shown.contains(CUSTOMER) && shown.contains("Completed"), "{shown}");
        let events = kate.get(&format!("/interactions/{id}/events")).await.text;
        assert!(events.contains("Erased") && !events.contains(CUSTOMER), "{events}");
    }
    // The answer to who wrote it down is gone as well: the key counts for nothing any more.
    let profile = json!({"version": 0, "firstName": "Evelina"});
    with_key(&mail, "kate", Method::PUT, &path, &profile).await.refused(404, 6);
    ada.post(&path, json!({"operationName": "Forget"})).await.refused(400, 10);
    ada.post(&path, json!({"operationName": "Erase", "dryRun": "yes"})).await.refused(400, 10);
}

/// Returns the files of an archive, by their paths.
fn unpacked(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(archive);
    let read = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        (path, content)
    };
    archive.entries().unwrap().map(read).collect()
}

#[tokio::test]
async fn all_that_is_known_of_a_contact_is_one_archive() {
    let (mail, path, letters) = written().await;
    let ada = mail.api.by("ada");
    let reply = ada.get(&format!("{path}/export")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.text.len() % 512, 0);
    let files = unpacked(reply.text.as_bytes());
    let file = |path: &str| {
        let found = files.iter().find(|(name, _)| name == path);
        let content = &found.unwrap_or_else(|| panic!("{path} in {files:?}")).1;
        serde_json::from_slice::<Value>(content).unwrap()
    };
    has(&file("contact.json")["contact"], json!({"firstName": "Evelina"}));
    for id in &letters {
        let shown = file(&format!("interactions/{id}/interaction.json"));
        assert!(shown.to_string().contains(CUSTOMER), "{shown}");
        let events = file(&format!("interactions/{id}/history-0001.json"));
        assert_eq!(events["events"][0]["facts"][0]["fact"], "Opened");
    }
    assert_eq!(ada.get("/audit?action=Exported").await.ok()["entries"][0]["count"], 1);
    let shouted = ada.get(&format!("{}/export", shouted(&path))).await;
    let named = |bytes: &[u8]| unpacked(bytes).into_iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(named(shouted.text.as_bytes()), named(reply.text.as_bytes()));
    ada.get("/ucs/contacts/nobody/export").await.refused(404, 6);
    mail.api.by("sam").get(&format!("{path}/export")).await.refused(403, 5);
}
