//! Answering an e-mail: the draft, what it starts out with, saving and giving it up.

use handoff_domain::Letter;
use serde_json::{Value, json};

use crate::email_bench::{MailBench, letter};
use crate::rest_bench::Bench;

/// Makes kate own an e-mail and answer it; gives the e-mail's id and the draft.
async fn answered(bench: &Bench, body: Value) -> (String, Value) {
    bench.ready("kate").await;
    let id = bench.owned("kate", "email", "support-email").await;
    let kate = bench.by("kate");
    let reply = kate.does(&id, body).await.ok();
    assert!(reply["referenceId"].is_i64());
    let list = kate.get("/me/interactions?fields=*&state=Composing").await.ok();
    let [draft] = list["interactions"].as_array().unwrap().as_slice() else {
        panic!("one draft: {list}")
    };
    (id, draft.clone())
}

#[tokio::test]
async fn a_reply_is_a_draft_that_knows_its_original() {
    let bench = Bench::start().await;
    let body = json!({
        "operationName": "Reply", "body": "<p>Yes</p>", "bodyAsPlainText": "Yes", "queueName": "support-email",
        "userData": {"tone": "kind"}, "mime": "text/html", "saveLAR": true,
    });
    let (id, draft) = answered(&bench, body).await;
    assert_eq!(draft["parentId"], json!(id));
    assert_eq!(
        (&draft["subject"], &draft["direction"]),
        (&json!("Re: Invoice"), &json!("Outbound"))
    );
    assert_eq!(
        (&draft["from"], &draft["to"], &draft["cc"]),
        (&json!("support@demo.example"), &json!(["kunde@example.com"]), &json!([]))
    );
    assert_eq!((&draft["body"], &draft["bodyAsPlainText"]), (&json!("<p>Yes</p>"), &json!("Yes")));
    assert_eq!(draft["userData"]["tone"], "kind");
    assert!(draft["capabilities"].as_array().unwrap().contains(&json!("Cancel")));
}

#[tokio::test]
async fn a_reply_to_all_copies_the_copies_and_may_quote() {
    let bench = Bench::start().await;
    let body = json!({
        "operationName": "ReplyAll", "subjectPrefix": "AW: ", "quoteOriginal": true,
        "replyToStartLine": "You wrote:", "indentCharacter": "| ",
    });
    let (_, draft) = answered(&bench, body).await;
    assert_eq!(draft["subject"], "AW: Invoice");
    assert_eq!(draft["cc"], json!(["chef@example.com"]));
    assert_eq!(draft["bodyAsPlainText"], "\nYou wrote:\n| Hello");
}

#[tokio::test]
async fn a_forward_carries_the_text_and_goes_to_nobody_yet() {
    let bench = Bench::start().await;
    let (_, draft) = answered(&bench, json!({"operationName": "Forward"})).await;
    assert_eq!((&draft["subject"], &draft["to"]), (&json!("Fwd: Invoice"), &json!([])));
    assert!(draft["body"].as_str().unwrap().contains("<p>Hello</p>"));
}

#[tokio::test]
async fn saving_changes_what_is_given_and_keeps_the_rest() {
    let bench = Bench::start().await;
    let (_, draft) =
        answered(&bench, json!({"operationName": "Reply", "body": "<p>First</p>"})).await;
    let (kate, id) = (bench.by("kate"), draft["id"].as_str().unwrap());
    let email = json!({"subject": "Other", "to": ["a@example.com", " b@example.com "], "cc": "c@example.com, d@example.com"});
    kate.does(id, json!({"operationName": "Save", "email": email})).await.ok();
    let saved = kate.sees(id).await;
    assert_eq!((&saved["subject"], &saved["body"]), (&json!("Other"), &json!("<p>First</p>")));
    assert_eq!(saved["to"], json!(["a@example.com", "b@example.com"]));
    assert_eq!(saved["cc"], json!(["c@example.com", "d@example.com"]));
    let email = json!({"bodyAsPlainText": "by PUT", "bcc": ["e@example.com"]});
    kate.put(&format!("/interactions/{id}"), json!({"email": email, "subject": "Third"}))
        .await
        .ok();
    let changed = kate.sees(id).await;
    assert_eq!(
        (&changed["subject"], &changed["bodyAsPlainText"]),
        (&json!("Third"), &json!("by PUT"))
    );
    assert_eq!(changed["bcc"], json!(["e@example.com"]));
    assert_eq!(changed["to"], saved["to"]);
}

#[tokio::test]
async fn an_original_waits_for_its_draft() {
    let bench = Bench::start().await;
    let (id, draft) = answered(&bench, json!({"operationName": "Reply"})).await;
    let (kate, draft) = (bench.by("kate"), draft["id"].as_str().unwrap());
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
    let bench = Bench::start().await;
    bench.ready("kate").await;
    let work = bench.owned("kate", "workitem", "tasks").await;
    let kate = bench.by("kate");
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
    let bench = Bench::start().await;
    let (_, draft) = answered(&bench, json!({"operationName": "Reply"})).await;
    let (kate, id) = (bench.by("kate"), draft["id"].as_str().unwrap());
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
    let mail = MailBench::start().await;
    mail.bench.ready("kate").await;
    let long = Letter { text: "\n".repeat(200_000), ..letter(1) };
    let id = mail.owned(long).await;
    let kate = mail.bench.by("kate");
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
