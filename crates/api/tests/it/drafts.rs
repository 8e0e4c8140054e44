//! Answering an e-mail: the draft, what it starts out with, saving and giving it up.

use handoff_domain::Letter;
use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::mailbox::{MailApi, letter};

const INTERACTIONS: &str = "/v2/me/interactions";

/// Makes kate own an e-mail and answer it; returns the e-mail's id and the draft.
async fn answered(api: &Api, body: Value) -> (String, Value) {
    api.ready("kate").await;
    let id = api.owned("kate", "email", "support-email").await;
    let kate = api.by("kate");
    let reply = kate.does(&id, body).await.ok();
    assert!(reply["referenceId"].is_i64());
    let list = kate.get("/me/interactions?fields=*&state=Composing").await.ok();
    let [draft] = list["interactions"].as_array().unwrap().as_slice() else {
        panic!("one draft: {list}")
    };
    (id, draft.clone())
}

/// Everybody who sees the draft sees what it was, and whoever has it saves that again.
#[tokio::test]
async fn earlier_texts_of_a_draft_are_kept_and_can_be_saved_again() {
    let api = Api::start().await;
    api.ready("kate").await;
    let kate = api.by("kate");
    let id = api.owned("kate", "email", "support-email").await;
    kate.does(&id, json!({"operationName": "Reply", "body": "<p>at first</p>"})).await.ok();
    let list = kate.get("/me/interactions?fields=id&state=Composing").await.ok();
    let draft = list["interactions"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/interactions/{draft}/draft-versions");
    assert_eq!(kate.get(&path).await.ok()["versions"], json!([]));
    for n in 0..55 {
        api.clock.advance_ms(30_000);
        let email = json!({"body": format!("<p>{n}</p><script>x</script>")});
        kate.does(&draft, json!({"operationName": "Save", "email": email})).await.ok();
    }
    let listed = kate.get(&path).await.ok();
    let versions = listed["versions"].as_array().unwrap();
    assert_eq!((versions.len(), &versions[0]["number"]), (50, &json!(55)), "{listed}");
    assert_eq!(versions[0]["by"]["userName"], "kate");
    let one = kate.get(&format!("{path}/55")).await.ok();
    assert_eq!(one["version"]["body"], "<p>53</p>", "cleaned: {one}");
    let saved = json!({"body": one["version"]["body"]});
    kate.does(&draft, json!({"operationName": "Save", "email": saved})).await.ok();
    assert_eq!(kate.sees(&draft).await["body"], "<p>53</p>");
    for gone in ["1", "5", "99", "x"] {
        kate.get(&format!("{path}/{gone}")).await.refused(404, 6);
    }
    api.by("mia").get(&path).await.refused(404, 6);
    assert_eq!(api.by("sam").get(&path).await.ok()["versions"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_reply_is_a_draft_that_knows_its_original() {
    let api = Api::start().await;
    let body = json!({
        "operationName": "Reply", "body": "<p>Yes</p>", "bodyAsPlainText": "Yes", "queueName": "support-email",
        "userData": {"tone": "kind"}, "mime": "text/html", "saveLAR": true,
    });
    let (id, draft) = answered(&api, body).await;
    assert_eq!(draft["parentId"], json!(id));
    has(&draft, json!({"subject": "Re: Invoice", "direction": "Outbound"}));
    has(&draft, json!({"from": "support@demo.example", "to": ["kunde@example.com"], "cc": []}));
    has(&draft, json!({"body": "<p>Yes</p>", "bodyAsPlainText": "Yes"}));
    assert_eq!(draft["userData"]["tone"], "kind");
    assert!(draft["capabilities"].as_array().unwrap().contains(&json!("Cancel")));
}

#[tokio::test]
async fn a_reply_to_all_copies_the_copies_and_may_quote() {
    let api = Api::start().await;
    let body = json!({
        "operationName": "ReplyAll", "subjectPrefix": "AW: ", "quoteOriginal": true,
        "replyToStartLine": "You wrote:", "indentCharacter": "| ",
    });
    let (_, draft) = answered(&api, body).await;
    assert_eq!(draft["subject"], "AW: Invoice");
    assert_eq!(draft["cc"], json!(["chef@example.com"]));
    assert_eq!(draft["bodyAsPlainText"], "\nYou wrote:\n| Hello");
}

#[tokio::test]
async fn a_forward_carries_the_text_and_goes_to_nobody_yet() {
    let api = Api::start().await;
    let (_, draft) = answered(&api, json!({"operationName": "Forward"})).await;
    has(&draft, json!({"subject": "Fwd: Invoice", "to": []}));
    assert!(draft["body"].as_str().unwrap().contains("<p>Hello</p>"));
}

#[tokio::test]
async fn saving_changes_what_is_given_and_keeps_the_rest() {
    let api = Api::start().await;
    let (_, draft) =
        answered(&api, json!({"operationName": "Reply", "body": "<p>First</p>"})).await;
    let (kate, id) = (api.by("kate"), draft["id"].as_str().unwrap());
    let email = json!({"subject": "Other", "to": ["a@example.com", " b@example.com "], "cc": "c@example.com, d@example.com"});
    kate.does(id, json!({"operationName": "Save", "email": email})).await.ok();
    let saved = kate.sees(id).await;
    has(&saved, json!({"subject": "Other", "body": "<p>First</p>"}));
    assert_eq!(saved["to"], json!(["a@example.com", "b@example.com"]));
    assert_eq!(saved["cc"], json!(["c@example.com", "d@example.com"]));
    let email = json!({"bodyAsPlainText": "by PUT", "bcc": ["e@example.com"]});
    kate.put(&format!("/interactions/{id}"), json!({"email": email, "subject": "Third"}))
        .await
        .ok();
    let changed = kate.sees(id).await;
    has(&changed, json!({"subject": "Third", "bodyAsPlainText": "by PUT"}));
    assert_eq!(changed["bcc"], json!(["e@example.com"]));
    assert_eq!(changed["to"], saved["to"]);
}

#[tokio::test]
async fn an_original_waits_for_its_draft() {
    let api = Api::start().await;
    let (id, draft) = answered(&api, json!({"operationName": "Reply"})).await;
    let (kate, draft) = (api.by("kate"), draft["id"].as_str().unwrap());
    let reply = kate.does(&id, json!({"operationName": "Complete"})).await;
    let sentence = reply.refused(409, 2);
    assert!(sentence.contains(draft) && sentence.contains("Processing"), "{sentence}");
    kate.does(draft, json!({"operationName": "Complete"})).await.refused(409, 2);
    kate.does(draft, json!({"operationName": "CancelReply"})).await.ok();
    assert_eq!(kate.sees(draft).await["state"], "Canceled");
    kate.does(&id, json!({"operationName": "Complete"})).await.ok();
}

#[tokio::test]
async fn only_an_inbound_email_is_answered_and_only_a_draft_is_saved() {
    let api = Api::start().await;
    api.ready("kate").await;
    let work = api.owned("kate", "workitem", "tasks").await;
    let kate = api.by("kate");
    for name in ["Reply", "ReplyAll", "Forward"] {
        kate.does(&work, json!({"operationName": name})).await.refused(409, 2);
    }
    kate.does(&work, json!({"operationName": "Save", "email": {}})).await.refused(409, 2);
    kate.put(&format!("/interactions/{work}"), json!({"email": {"body": "x"}}))
        .await
        .refused(400, 11);
}

#[tokio::test]
async fn what_cannot_be_sent_to_is_refused_when_it_is_written() {
    let api = Api::start().await;
    let (_, draft) = answered(&api, json!({"operationName": "Reply"})).await;
    let (kate, id) = (api.by("kate"), draft["id"].as_str().unwrap());
    let fine = json!({
        "from": "Support <support@demo.example>", "replyTo": "", "to": ["\"Adams, Eve\" <eve@example.com>"],
        "cc": [], "bcc": "",
    });
    kate.does(id, json!({"operationName": "Save", "email": fine})).await.ok();
    for name in ["from", "replyTo", "to", "cc", "bcc"] {
        for bad in ["eve", "eve@a b", "jü rg@example.com", "<a@example.com> <b@example.com>"] {
            let refused =
                kate.does(id, json!({"operationName": "Save", "email": {name: bad}})).await;
            let sentence = refused.refused(400, 10);
            assert!(sentence.contains(&format!("email.{name}")), "{sentence}");
        }
    }
    let several =
        json!({"operationName": "Save", "email": {"to": ["a@example.com, b@example.com"]}});
    kate.does(id, several).await.refused(400, 10);
    assert_eq!(kate.sees(id).await["from"], "Support <support@demo.example>");
}

#[tokio::test]
async fn what_is_quoted_is_bounded() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let long = Letter { text: "\n".repeat(200_000), ..letter(1) };
    let id = mail.owned(long).await;
    let kate = mail.api.by("kate");
    let quoting = |field: &str, value: String| json!({"operationName": "Reply", "quoteOriginal": true, field: value});
    let refused = [
        ("indentCharacter", "> ".repeat(9)),
        ("replyToStartLine", "x".repeat(999)),
        ("bodyAsPlainText", "x".repeat(900 * 1_024)),
    ];
    for (field, value) in refused {
        let sentence = kate.does(&id, quoting(field, value)).await.refused(400, 10);
        assert!(sentence.contains(field), "{sentence}");
    }
    let draft = mail.drafts(&id, quoting("indentCharacter", ">".repeat(16))).await;
    let text = draft["bodyAsPlainText"].as_str().unwrap();
    assert!(text.len() <= 257 * 1_024 && text.ends_with('…'), "{}", text.len());
}

/// Whoever waits for the draft that they asked for takes the first notification with the number of
/// their request.
#[tokio::test]
async fn of_a_request_that_makes_a_draft_only_the_drafts_notification_has_the_number() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "email", "support-email").await;
    let kate = api.by("kate");
    for operation in ["Reply", "ReplyAll", "Forward"] {
        api.told_to("kate", INTERACTIONS).await;
        let answer = kate.does(&id, json!({"operationName": operation})).await.ok();
        let told = api.told_to("kate", INTERACTIONS).await;
        let is_of_original = |data: &&Value| data["id"] == json!(id);
        assert!(told.iter().any(|data| is_of_original(&data)), "the control: it is told: {told:?}");
        let own: Vec<_> =
            told.iter().filter(|data| data["referenceId"] == answer["referenceId"]).collect();
        assert_eq!(own.len(), 1, "{told:?}");
        assert_eq!(own[0]["parentId"], json!(id), "{own:?}");
    }
}
