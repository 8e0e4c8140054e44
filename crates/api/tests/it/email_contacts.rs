//! Contacts: who somebody is, and what was exchanged with them, asked by REST and answered by
//! CometD.

use handoff_domain::{FileId, Letter};
use handoff_engine::RawMessage;
use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::mailbox::{CUSTOMER, MailApi, letter, picture};

const TOPIC: &str = "/v2/ucs/interactions";

struct Session<'a> {
    api: &'a Api,
    user: &'a str,
}

async fn listening<'a>(mail: &'a MailApi, user: &'a str) -> Session<'a> {
    mail.api.listen(user).await;
    Session { api: &mail.api, user }
}

/// Asks, and gives what came by CometD.
async fn asks(session: &Session<'_>, path: &str, body: Value) -> Value {
    let answer = session.api.by(session.user).post(path, body).await.ok();
    let mut told = session.api.told_to(session.user, TOPIC).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let data = told.remove(0);
    assert_eq!(data["referenceId"], answer["referenceId"]);
    assert_eq!(data.get("sequence"), None);
    data
}

fn identify(address: &str) -> Value {
    json!({"operationName": "IdentifyUCSContact", "emailAddress": address})
}

fn history() -> Value {
    json!({"operationName": "RetrieveContactHistory"})
}

fn content() -> Value {
    json!({"operationName": "GetInteractionContent"})
}

fn ids(message: &Value) -> Vec<String> {
    let list = message["interactions"].as_array().unwrap();
    list.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_contact_is_known_by_his_address() {
    let mail = MailApi::start().await;
    let kate = listening(&mail, "kate").await;
    let unknown = asks(&kate, "/contacts/ucs", identify(CUSTOMER)).await;
    assert_eq!(unknown.get("contactId"), None);
    assert!(unknown["errorMessage"].is_string(), "{unknown}");
    let taken_in = mail.receives(letter(1)).await;
    let known = asks(&kate, "/contacts/ucs", identify(" Eve <EVE@example.com>")).await;
    assert_eq!(known["contactId"].as_str(), taken_in.interaction.contact.as_deref());
    let mut new = identify("new@example.com");
    new["createContactEnabled"] = json!(true);
    assert!(asks(&kate, "/contacts/ucs", new).await["contactId"].is_string());
    let by_phone = json!({"operationName": "IdentifyUCSContact", "phoneNumber": "1"});
    assert!(asks(&kate, "/contacts/ucs", by_phone).await["errorMessage"].is_string());
    let zoe = listening(&mail, "zoe").await;
    assert!(
        asks(&zoe, "/contacts/ucs", identify(CUSTOMER)).await["errorMessage"].is_string(),
        "of another center"
    );
    let client = mail.api.by("kate");
    client
        .post("/contacts/ucs", json!({"operationName": "IdentifyUCSContact"}))
        .await
        .refused(400, 1);
    client.post("/contacts/ucs", identify("a\r\nb")).await.refused(400, 10);
    client.post("/contacts/ucs", json!({"operationName": "Other"})).await.refused(400, 10);
}

#[tokio::test]
async fn a_history_has_everything_the_newest_first() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let first = mail.receives(letter(1)).await.interaction;
    mail.api.clock.advance_s(40 * 24 * 60 * 60);
    let second = mail.owned(letter(2)).await;
    let draft =
        mail.drafts(&second, json!({"operationName": "Reply", "userData": {"tone": "kind"}})).await;
    let draft = draft["id"].as_str().unwrap().to_owned();
    let kate = listening(&mail, "kate").await;
    let path = format!("/ucs/contacts/{}/interactions", first.contact.as_deref().unwrap());
    let of = |body: Value| {
        let mut wanted = history();
        wanted.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        wanted
    };
    let month = asks(&kate, &path, history()).await;
    assert_eq!(month["messageType"], "GetInteractionsHistoryMessage");
    assert_eq!(ids(&month), [draft.clone(), second.clone()], "the last month");
    let one = &month["interactions"][1];
    has(
        one,
        json!({"typeId": "Inbound", "mediaType": "email", "state": "InProcess", "subject": "Letter 2", "endDate": null}),
    );
    assert_eq!(one["ownerInformation"]["userName"], "kate");
    assert_eq!(month["interactions"][0]["parentId"], json!(second));
    let all = asks(&kate, &path, of(json!({"fromDate": "2026-01-01"}))).await;
    assert_eq!(ids(&all), [draft.clone(), second.clone(), first.id.to_string()]);
    assert_eq!(all.get("truncated"), None);
    let oldest =
        asks(&kate, &path, of(json!({"fromDate": "2026-01-01", "sort": "asc", "maxSize": 1})))
            .await;
    assert_eq!((ids(&oldest), &oldest["truncated"]), (vec![first.id.to_string()], &json!(true)));
    let day = of(json!({"fromDate": "2026-01-09", "toDate": "2026-01-09"}));
    assert_eq!(ids(&asks(&kate, &path, day).await), [first.id.to_string()]);
    let search = of(
        json!({"searchCustomAttributes": {"tone": "kind"}, "customAttributes": ["tone", "other"]}),
    );
    let found = asks(&kate, &path, search).await;
    assert_eq!(ids(&found), [draft]);
    assert_eq!(found["interactions"][0]["customAttributes"], json!({"tone": "kind"}));
    for nothing in [
        json!({"source": "archive"}),
        json!({"mediaType": "chat"}),
        json!({"toDate": "2025-12-31"}),
    ] {
        assert_eq!(ids(&asks(&kate, &path, of(nothing)).await), Vec::<String>::new());
    }
    let zoe = listening(&mail, "zoe").await;
    assert_eq!(ids(&asks(&zoe, &path, history()).await), Vec::<String>::new(), "of another center");
    let client = mail.api.by("kate");
    for wrong in [
        json!({"sort": "up"}),
        json!({"fromDate": "9.1."}),
        json!({"mediaType": "fax"}),
        json!({"source": "attic"}),
    ] {
        client.post(&path, of(wrong)).await.refused(400, 10);
    }
}

/// The doors of an e-mail's text and files.
fn doors(id: &str) -> [String; 7] {
    [
        format!("/interactions/{id}"),
        format!("/me/interactions/{id}/raw"),
        format!("/me/interactions/{id}/attachments"),
        format!("/me/interactions/{id}/attachments/{}", FileId(0xca7)),
        format!("/emails/{id}/attachments"),
        format!("/emails/{id}/attachments/{}", FileId(0xca7)),
        format!("/me/emails/{id}/attachments/{}", FileId(0xca7)),
    ]
}

#[tokio::test]
async fn what_is_not_in_sight_is_not_in_a_contacts_history_either() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    mail.keeps(FileId(0xca7), b"sixteen letters.").await;
    let html = "<p>Hi</p><script>evil()</script>".to_owned();
    let letter = Letter { html: Some(html), ..letter(1) };
    let raw = RawMessage { file: FileId(0x3a), bytes: 4 };
    mail.keeps(raw.file, b"raw!").await;
    let taken_in = mail.receives_with(letter, vec![picture(FileId(0xca7))], Some(raw)).await;
    let id = taken_in.interaction.id.to_string();
    mail.api.engine.workers().router().route().await.unwrap();
    mail.api.by("kate").does(&id, json!({"operationName": "Accept"})).await.ok();
    let note = json!({"operationName": "AddComment", "comment": "between us"});
    mail.api.by("kate").does(&id, note).await.ok();
    let draft = mail.drafts(&id, json!({"operationName": "Reply"})).await;
    let draft = draft["id"].as_str().unwrap().to_owned();
    let path =
        format!("/ucs/contacts/{}/interactions", taken_in.interaction.contact.as_deref().unwrap());
    // Mia serves another queue, and the server submitted nothing of it.
    for user in ["mia", "intake"] {
        let session = listening(&mail, user).await;
        assert_eq!(ids(&asks(&session, &path, history()).await), Vec::<String>::new(), "{user}");
        for hidden in [&id, &draft] {
            let unknown =
                mail.api.by(user).post(&format!("/ucs/interactions/{hidden}"), content()).await;
            unknown.refused(404, 6);
            for door in doors(hidden) {
                mail.api.by(user).get(&door).await.refused(404, 6);
            }
        }
    }
    // The control: whoever has them in sight finds all of it.
    let kate = listening(&mail, "kate").await;
    assert_eq!(ids(&asks(&kate, &path, history()).await), [draft.clone(), id.clone()]);
    let message = asks(&kate, &format!("/ucs/interactions/{id}"), content()).await;
    assert_eq!(message["messageType"], "GetInteractionContentMessage");
    let shown = &message["interaction"];
    has(shown, json!({"id": id, "from": CUSTOMER, "body": "<p>Hi</p>"}));
    assert_eq!((&shown["comment"], &message["messages"]), (&json!("between us"), &json!([])));
    for door in doors(&id) {
        let reply = mail.api.by("kate").get(&door).await;
        assert_eq!(reply.status.as_u16(), 200, "{door}");
    }
    for unknown in [mail.api.no_id(), "x".to_owned()] {
        mail.api
            .by("kate")
            .post(&format!("/ucs/interactions/{unknown}"), content())
            .await
            .refused(404, 6);
    }
    mail.api.by("zoe").post(&format!("/ucs/interactions/{id}"), content()).await.refused(404, 6);
    // What is over stays in the sight of those whom it concerned for a day, and of supervisors for
    // good.
    mail.api.by("kate").does(&draft, json!({"operationName": "Cancel"})).await.ok();
    mail.api.by("kate").does(&id, json!({"operationName": "Complete"})).await.ok();
    mail.api.clock.advance_s(24 * 60 * 60 + 1);
    assert_eq!(ids(&asks(&kate, &path, history()).await), Vec::<String>::new());
    let sam = listening(&mail, "sam").await;
    assert_eq!(ids(&asks(&sam, &path, history()).await), [draft, id]);
}
