//! Who contacts are: what somebody writes down, and who answers to a name.

use axum::http::Method;
use handoff_domain::event::{Cause, ContactField};
use handoff_domain::{Address, Fact, Letter};
use handoff_store::SubjectKey;
use serde_json::{Value, json};

use crate::api::{Api, has, keys};
use crate::mailbox::{CUSTOMER, DEMO, MailApi, letter};

/// A customer has written; returns the address of the contact that they are.
async fn written() -> (MailApi, String) {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let taken_in = mail.receives(letter(1)).await;
    let path = format!("/ucs/contacts/{}", taken_in.interaction.contact.clone().unwrap());
    (mail, path)
}

async fn contact(api: &Api, path: &str) -> Value {
    api.by("kate").get(path).await.ok()["contact"].clone()
}

/// Returns a letter of somebody else's.
fn from(number: u32, address: &str, name: &str) -> Letter {
    let from = Address { address: address.to_owned(), name: Some(name.to_owned()) };
    Letter { from: Some(from), ..letter(number) }
}

#[tokio::test]
async fn what_is_written_down_is_read_and_stays_when_letters_come() {
    let (mail, path) = written().await;
    let kate = mail.api.by("kate");
    let before = contact(&mail.api, &path).await;
    has(&before, json!({"displayName": "Eve", "firstName": null, "emailAddresses": [CUSTOMER]}));
    has(&before, json!({"phoneNumbers": [], "language": null, "timeZone": null, "version": 0}));
    assert_eq!((before["path"].as_str(), before.get("changedBy")), (Some(path.as_str()), None));
    let all = json!({"version": 0, "firstName": " Eve  Maria ", "lastName": "Adams",
        "phoneNumbers": [" +45 12 34 ", ""], "language": "da", "timeZone": "Europe/Copenhagen"});
    let answer = kate.put(&path, all).await.ok();
    let after = contact(&mail.api, &path).await;
    assert_eq!(answer["contact"], after);
    has(&after, json!({"displayName": "Eve Maria Adams", "phoneNumbers": ["+45 12 34"]}));
    has(&after, json!({"language": "da", "timeZone": "Europe/Copenhagen", "version": 1}));
    assert_eq!(after["changedBy"]["userName"], "kate");
    mail.receives(from(2, CUSTOMER, "Eva Old")).await;
    assert_eq!(contact(&mail.api, &path).await, after, "a letter changes nothing of it");
    let part = json!({"version": 1, "firstName": null, "lastName": "", "phoneNumbers": null});
    kate.put(&path, part).await.ok();
    let bare = contact(&mail.api, &path).await;
    has(&bare, json!({"displayName": "Eva Old", "lastName": null, "phoneNumbers": []}));
    has(&bare, json!({"language": "da", "version": 2}));
    // A client that sends back what it read changes nothing.
    let same = kate.put(&path, bare.clone()).await.ok();
    assert_eq!(same["contact"], bare, "and no version is taken");
}

#[tokio::test]
async fn every_change_has_one_record_of_who_and_what() {
    let (mail, path) = written().await;
    let sam = mail.api.by("sam");
    sam.put(&path, json!({"version": 0, "language": "da", "lastName": "Adams"})).await.ok();
    sam.put(&path, json!({"version": 1, "language": "da"})).await.ok();
    sam.put(&path, json!({"version": 0, "language": "en"})).await.refused(409, 2);
    let store = mail.api.engine.core().store();
    let history = store.history(SubjectKey::Center(DEMO), 0, 99).await.unwrap().items;
    let changes =
        history.iter().flat_map(|entry| entry.facts.iter().map(|fact| (entry.cause, fact)));
    let changes: Vec<_> = changes
        .filter_map(|(cause, fact)| match fact {
            Fact::ContactChanged { contact, fields } => Some((cause, *contact, fields.clone())),
            _ => None,
        })
        .collect();
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let fields = vec![ContactField::LastName, ContactField::Language];
    assert_eq!(changes, [(Cause::User(mail.api.user_id("sam")), id, fields)]);
}

#[tokio::test]
async fn whoever_would_write_over_what_they_have_not_read_is_refused() {
    let (mail, path) = written().await;
    let [kate, sam] = ["kate", "sam"].map(|user| mail.api.by(user));
    sam.put(&path, json!({"version": 0, "firstName": "Eva"})).await.ok();
    let sentence = kate.put(&path, json!({"version": 0, "firstName": "Eve"})).await.refused(409, 2);
    assert!(sentence.contains("version 1, changed by sam Lund"), "{sentence}");
    kate.put(&path, json!({"version": 2, "firstName": "Eve"})).await.refused(409, 2);
    assert_eq!(contact(&mail.api, &path).await["firstName"], "Eva");
    // Of many at once with the same version one writes.
    let wish = |n: usize| json!({"version": 1, "firstName": format!("Eve {n}")});
    let calls = (0..8).map(async |n| kate.put(&path, wish(n)).await.codes());
    let mut codes = futures_util::future::join_all(calls).await;
    codes.sort_unstable();
    assert_eq!(codes[0], (200, 0));
    assert!(codes[1..].iter().all(|codes| *codes == (409, 2)), "{codes:?}");
    assert_eq!(contact(&mail.api, &path).await["version"], 2);
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_and_writes_nothing() {
    let (mail, path) = written().await;
    let kate = mail.api.by("kate");
    let put = async |body: Value| {
        let headers = [("idempotency-key", "k")];
        kate.send(Method::PUT, &path, Some(body.to_string()), &headers).await
    };
    let wish = json!({"version": 0, "firstName": "Eva"});
    let first = put(wish.clone()).await;
    kate.put(&path, json!({"version": 1, "firstName": "Eve"})).await.ok();
    let again = put(wish).await;
    assert_eq!((first.codes(), &first.text), ((200, 0), &again.text));
    assert_eq!(contact(&mail.api, &path).await["firstName"], "Eve");
    put(json!({"version": 2, "firstName": "Eva"})).await.refused(409, 2);
}

/// Of twins that come at once each may find what another has written.
#[tokio::test]
async fn twins_get_one_answer_and_what_changes_nothing_is_carried_out_once_too() {
    let (mail, path) = written().await;
    let kate = mail.api.by("kate");
    let put = async |key: &str, body: &Value| {
        let headers = [("idempotency-key", key)];
        kate.send(Method::PUT, &path, Some(body.to_string()), &headers).await
    };
    let wish = json!({"version": 0, "firstName": "Eva"});
    let answers = futures_util::future::join_all((0..8).map(|_| put("k", &wish))).await;
    for answer in &answers {
        assert_eq!((answer.codes(), &answer.text), ((200, 0), &answers[0].text));
    }
    let same = json!({"version": 1, "firstName": "Eva"});
    let first = put("same", &same).await;
    kate.put(&path, json!({"version": 1, "firstName": "Eve"})).await.ok();
    let again = put("same", &same).await;
    assert_eq!((first.codes(), &first.text), ((200, 0), &again.text));
    put("same", &json!({"version": 2, "firstName": "Eva"})).await.refused(409, 2);
}

/// A word of a contact whom an agent does not see would tell of them.
#[tokio::test]
async fn where_a_page_ends_tells_nothing_of_whom_one_does_not_see() {
    let (mail, _) = written().await;
    for number in 2..=102 {
        let address = format!("hidden{number:03}@cust.example");
        mail.receives(from(number, &address, "Hidden Person")).await;
    }
    let mia = mail.api.by("mia");
    let found = mia.get("/ucs/contacts?search=hidden").await.ok();
    assert_eq!(found, json!({"statusCode": 0, "uris": [], "truncated": true}));
    let narrow = mia.get("/ucs/contacts?search=hidden002").await.ok();
    assert_eq!(narrow, json!({"statusCode": 0, "uris": []}));
    let sam = mail.api.by("sam").get("/ucs/contacts?search=hidden&limit=1").await.ok();
    assert_eq!(keys(&sam), ["nextCursor", "statusCode", "uris"].into());
}

#[tokio::test]
async fn a_contact_is_seen_by_whoever_sees_something_of_theirs() {
    let (mail, path) = written().await;
    let wish = json!({"version": 0, "firstName": "Eva"});
    // Mia serves another queue, the server submitted nothing of it, and zoe is of another center.
    for user in ["mia", "zoe"] {
        mail.api.by(user).get(&path).await.refused(404, 6);
        mail.api.by(user).put(&path, wish.clone()).await.refused(404, 6);
        let found = mail.api.by(user).get("/ucs/contacts?search=eve").await.ok();
        assert_eq!(found["uris"], json!([]), "{user}");
    }
    mail.api.by("intake").get(&path).await.refused(404, 6);
    mail.api.by("intake").put(&path, wish.clone()).await.refused(403, 5);
    for (version, user) in ["kate", "sam", "ada"].into_iter().enumerate() {
        mail.api.by(user).get(&path).await.ok();
        let wish = json!({"version": version, "firstName": user});
        mail.api.by(user).put(&path, wish).await.ok();
    }
    for unknown in ["0123456789abcdef0123456789abcdef", "c-17", "%20"] {
        mail.api.by("sam").get(&format!("/ucs/contacts/{unknown}")).await.refused(404, 6);
        let path = format!("/ucs/contacts/{unknown}");
        mail.api.by("sam").put(&path, wish.clone()).await.refused(404, 6);
    }
    let id = mail.owned(letter(2)).await;
    let first = mail.api.by("kate").get("/interactions").await.ok();
    assert_eq!(first["uris"].as_array().unwrap().len(), 2);
    for id in first["uris"].as_array().unwrap() {
        let id = id.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        mail.api.by("kate").does(&id, json!({"operationName": "Accept"})).await;
        mail.api.by("kate").does(&id, json!({"operationName": "Complete"})).await;
    }
    mail.api.by("kate").get(&path).await.ok();
    mail.api.clock.advance_s(24 * 60 * 60 + 1);
    let others = mail.api.by("sam").get("/interactions").await.ok();
    assert_eq!(others["uris"], json!([]), "{id} and the first are over");
    mail.api.by("kate").get(&path).await.refused(404, 6);
    mail.api.by("sam").get(&path).await.ok();
}

#[tokio::test]
async fn what_cannot_be_written_down_is_refused_by_name() {
    let (mail, path) = written().await;
    let kate = mail.api.by("kate");
    let long = "x".repeat(256);
    let many: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    let table = [
        ("version", json!({"firstName": "Eve"}), 1),
        ("version", json!({"version": "0"}), 10),
        ("version", json!({"version": -1}), 10),
        ("firstName", json!({"version": 0, "firstName": 7}), 10),
        ("firstName", json!({"version": 0, "firstName": "a\nb"}), 10),
        ("lastName", json!({"version": 0, "lastName": long}), 10),
        ("phoneNumbers", json!({"version": 0, "phoneNumbers": "1"}), 10),
        ("phoneNumbers", json!({"version": 0, "phoneNumbers": [1]}), 10),
        ("phoneNumbers", json!({"version": 0, "phoneNumbers": many}), 10),
        ("phoneNumbers", json!({"version": 0, "phoneNumbers": ["1\u{0}"]}), 10),
        ("phoneNumbers", json!({"version": 0, "phoneNumbers": ["1".repeat(65)]}), 10),
        ("language", json!({"version": 0, "language": "Danish!"}), 10),
        ("timeZone", json!({"version": 0, "timeZone": "Europe/Nowhere"}), 10),
        ("timeZone", json!({"version": 0, "timeZone": {"a": 1}}), 10),
    ];
    for (name, body, code) in table {
        let sentence = kate.put(&path, body.clone()).await.refused(400, code);
        assert!(sentence.contains(name), "{body}: {sentence}");
    }
    let read_only = [
        json!({"version": 0, "id": "0123456789abcdef0123456789abcdef"}),
        json!({"version": 0, "uri": "http://elsewhere.example"}),
        json!({"version": 0, "emailAddresses": []}),
        json!({"version": 0, "emailAddresses": [CUSTOMER, "eve@work.example"]}),
    ];
    for body in read_only {
        let refused = kate.put(&path, body.clone()).await;
        assert_eq!(refused.codes().1, 11, "{body}: {}", refused.text);
    }
    assert_eq!(contact(&mail.api, &path).await["version"], 0);
}

#[tokio::test]
async fn contacts_are_found_by_the_beginnings_of_their_words() {
    let (mail, path) = written().await;
    mail.receives(from(2, "ann.berg@cust.example", "Ann Berg")).await;
    mail.receives(from(3, "bo@cust.example", "Bo Anker")).await;
    let [kate, sam] = ["kate", "sam"].map(|user| mail.api.by(user));
    let wish = json!({"version": 0, "lastName": "Adams", "phoneNumbers": ["+45 12 34"]});
    kate.put(&path, wish).await.ok();
    let found = async |search: &str| -> String {
        let path = format!("/ucs/contacts?fields=*&search={search}");
        let [by_kate, by_sam] = [kate.get(&path).await.ok(), sam.get(&path).await.ok()];
        assert_eq!(by_kate, by_sam, "{search}");
        let list = by_kate["contacts"].as_array().unwrap();
        let names = list.iter().map(|one| one["displayName"].as_str().unwrap());
        names.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(found("an").await, "Bo Anker, Ann Berg", "by words, each contact once");
    assert_eq!(found("cust").await.len(), "Ann Berg, Bo Anker".len());
    assert_eq!(found("BERG%20a").await, "Ann Berg");
    assert_eq!(found("ann.berg@cust").await, "Ann Berg");
    assert_eq!(found("bo%20an").await, "Bo Anker");
    assert_eq!(found("adams").await, "Adams");
    assert_eq!(found("eve").await, "Adams", "what letters say counts as well");
    assert_eq!(found("%2b45%201").await, "Adams");
    for nothing in ["nobody", "an%20x", "", "%20", ",", "%00", "45123499"] {
        assert_eq!(found(nothing).await, "", "{nothing}");
    }
    let first = sam.get("/ucs/contacts?search=cust&limit=1").await.ok();
    assert_eq!(keys(&first), ["nextCursor", "statusCode", "uris"].into());
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = sam.get(&format!("/ucs/contacts?search=cust&limit=1&cursor={cursor}")).await.ok();
    assert_ne!(
        (&second["uris"], second.get("nextCursor")),
        (&first["uris"], first.get("nextCursor"))
    );
    assert_eq!((second["uris"].as_array().unwrap().len(), second.get("nextCursor")), (1, None));
    let bad = [
        ("", 1),
        ("?search=a&colour=red", 10),
        ("?search=a&cursor=AAAA", 10),
        ("?search=a&limit=0", 10),
    ];
    for (query, code) in bad {
        sam.get(&format!("/ucs/contacts{query}")).await.refused(400, code);
    }
    sam.get(&format!("/ucs/contacts?search={}", "a".repeat(101))).await.refused(400, 10);
}
