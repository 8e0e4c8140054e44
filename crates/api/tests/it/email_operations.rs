//! Answering letters: sending, the guard against double answers, threads, and what the resource
//! shows.

use handoff_domain::{Address, Attachment, FileId, Letter};
use serde_json::{Value, json};

use crate::api::has;
use crate::mailbox::{CUSTOMER, MAILBOX, MailApi, REVIEW, letter, picture, terms};

fn op(name: &str) -> Value {
    json!({"operationName": name})
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

#[tokio::test]
async fn a_reply_is_sent_and_its_sender_told() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let id = mail.owned(letter(1)).await;
    let body = json!({"operationName": "Reply", "body": "<p>Yes</p>", "bodyAsPlainText": "Yes"});
    let draft = mail.drafts(&id, body).await;
    let draft_id = text(&draft["id"]);
    has(
        &draft,
        json!({"threadId": id, "baseMessageId": id, "inReplyTo": "m1@example.com", "mailbox": MAILBOX}),
    );
    let kate = mail.api.by("kate");
    let body = json!({
        "operationName": "Send", "queueName": "support-email",
        "email": {"subject": "Re: your letter", "cc": ["boss@example.com"], "bodyAsPlainText": "Yes!"},
    });
    let sent = kate.does(draft_id, body).await.ok();
    assert!(sent["referenceId"].is_i64(), "{sent}");
    assert_eq!(mail.api.engine.workers().outbox().post_due().await.unwrap(), 1);
    let [posted] = mail.postbox.mails().try_into().unwrap();
    let email = posted.email().cloned().unwrap();
    assert_eq!(
        (email.from.as_str(), email.to, email.cc),
        (MAILBOX, vec![CUSTOMER.to_owned()], vec!["boss@example.com".to_owned()])
    );
    assert_eq!((email.body.as_str(), email.body_as_plain_text.as_str()), ("Yes!", "Yes!"));
    assert_eq!(email.answers, ["m1@example.com"]);
    assert_eq!(posted.subject.as_deref(), Some("Re: your letter"));

    let seen = kate.sees(draft_id).await;
    has(&seen, json!({"state": "Sent", "messageId": format!("{draft_id}.1@demo.example")}));
    assert!(seen["sentDate"].is_string(), "{seen}");
    let told = mail.api.told_to("kate", "/v2/me/interactions").await;
    let states: Vec<&str> =
        told.iter().filter(|it| it["id"] == draft_id).map(|it| text(&it["state"])).collect();
    assert_eq!(states, ["Composing", "Sending", "Sent"]);
}

/// By both doors: what waits says until when, and its sender alone may take it back until then.
#[tokio::test]
async fn a_mail_that_waits_is_taken_back_by_its_sender() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let id = mail.owned(letter(1)).await;
    let draft = mail.drafts(&id, op("Reply")).await;
    let (kate, draft) = (mail.api.by("kate"), text(&draft["id"]).to_owned());
    let send = || json!({"operationName": "Send", "email": {"subject": "Mind"}, "delay": 10});
    kate.does(&draft, send()).await.ok();
    let seen = kate.sees(&draft).await;
    has(&seen, json!({"state": "Sending", "operations": ["CancelSend", "SetInFocus"]}));
    let resource = kate.get(&format!("/emails/{draft}")).await.ok();
    assert!(seen["sendsAt"].is_string() && resource["email"]["sendsAt"] == seen["sendsAt"]);
    assert_eq!(mail.api.engine.workers().outbox().post_due().await.unwrap(), 0);
    for (user, status, code) in [("sam", 403, 3), ("mia", 404, 6), ("ada", 403, 5)] {
        mail.api.by(user).does(&draft, op("CancelSend")).await.refused(status, code);
    }
    let answer = kate.post(&format!("/me/emails/{draft}"), op("CancelSend")).await.ok();
    let seen = kate.sees(&draft).await;
    has(&seen, json!({"state": "Composing", "subject": "Mind"}));
    assert_eq!(
        (&seen["sendsAt"], &seen["assignedTo"]),
        (&Value::Null, &json!(mail.api.user_id("kate").to_string()))
    );
    let told = mail.api.told_to("kate", "/v2/me/interactions").await;
    let last = told.iter().rfind(|it| it["id"] == draft).unwrap();
    has(last, json!({"state": "Composing", "referenceId": answer["referenceId"]}));
    kate.does(&id, op("Complete")).await.refused(409, 2);

    kate.does(&draft, send()).await.ok();
    mail.api.clock.advance_ms(10_000);
    let sentence = kate.does(&draft, op("CancelSend")).await.refused(409, 2);
    assert!(sentence.contains("on its way"), "{sentence}");
    assert_eq!(mail.api.engine.workers().outbox().post_due().await.unwrap(), 1);
    let history = kate.get(&format!("/interactions/{draft}/events")).await.ok();
    let facts = history["events"].as_array().unwrap().iter().flat_map(|it| {
        it["facts"].as_array().unwrap().iter().map(|fact| text(&fact["fact"]).to_owned())
    });
    let facts: Vec<String> = facts.collect();
    let sent = ["SendStarted", "SendHeld", "SendCanceled", "SendStarted", "SendHeld", "Sent"];
    assert!(facts.ends_with(&sent.map(str::to_owned)), "{facts:?}");
}

#[tokio::test]
async fn a_mail_that_is_not_ready_is_not_sent() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let id = mail.owned(letter(1)).await;
    let draft = mail.drafts(&id, op("Forward")).await;
    let (kate, draft) = (mail.api.by("kate"), text(&draft["id"]).to_owned());
    let sentence = kate.does(&draft, op("Send")).await.refused(400, 1);
    assert!(sentence.contains("email.to"), "{sentence}");
    let body = json!({"operationName": "Send", "queueName": "nothing", "email": {"to": ["a@example.com"]}});
    kate.does(&draft, body).await.refused(404, 6);
    let body =
        json!({"operationName": "Send", "queueName": "tasks", "email": {"to": ["a@example.com"]}});
    kate.does(&draft, body).await.refused(400, 10);
    let wrong = json!({"operationName": "Send", "baseMessageId": "x"});
    assert!(kate.does(&draft, wrong).await.refused(400, 10).contains("baseMessageId"));
    kate.does(&draft, json!({"operationName": "Send", "force": "yes"})).await.refused(400, 10);
    kate.does(&draft, json!({"operationName": "Send", "queueName": "a", "queueUri": "/queues/b"}))
        .await
        .refused(400, 10);
    for (user, status, code) in [("sam", 403, 3), ("ben", 404, 6), ("zoe", 404, 6)] {
        mail.api.by(user).does(&draft, op("Send")).await.refused(status, code);
    }
    kate.does(&id, op("Send")).await.refused(409, 2);
    assert_eq!(kate.sees(&draft).await["state"], "Composing");
    // By its own door; the sender is none of ours and gives way to a mailbox.
    let email = json!({"to": "a@example.com, b@example.com", "from": "ceo@bank.example"});
    kate.post(&format!("/me/emails/{draft}"), json!({"operationName": "Send", "email": email}))
        .await
        .ok();
    assert_eq!(mail.api.engine.workers().outbox().post_due().await.unwrap(), 1);
    let posted = mail.postbox.mails().remove(0).email().cloned().unwrap();
    assert_eq!((posted.to.len(), posted.from.as_str()), (2, MAILBOX));
}

#[tokio::test]
async fn no_field_of_a_mail_brings_another_header() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let id = mail.owned(letter(1)).await;
    let draft = mail.drafts(&id, op("Reply")).await;
    let (kate, draft) = (mail.api.by("kate"), text(&draft["id"]).to_owned());
    for evil in
        ["a@example.com\r\nBcc: all@example.com", "a\nb", "a\rb", "a\0b", "a\u{85}b", "a\u{7f}b"]
    {
        for field in ["from", "replyTo", "subject", "to", "cc", "bcc"] {
            let value =
                if ["to", "cc", "bcc"].contains(&field) { json!([evil]) } else { json!(evil) };
            for operation in ["Send", "Save"] {
                let body = json!({"operationName": operation, "email": {field: value}});
                let sentence = kate.does(&draft, body).await.refused(400, 10);
                assert!(sentence.contains(&format!("email.{field}")), "{field} {sentence}");
            }
            let body = json!({"email": {field: value}});
            kate.put(&format!("/interactions/{draft}"), body).await.refused(400, 10);
        }
        for field in ["subjectPrefix", "replyToStartLine", "indentCharacter"] {
            kate.does(&id, json!({"operationName": "Reply", field: evil})).await.refused(400, 10);
        }
        let create = json!({"operationName": "Create", "channel": "email", "queueName": "support-email", "subject": evil});
        kate.post("/me/interactions", create).await.refused(400, 10);
        let add = json!({"operationName": "AddAttachment", "documentId": "x", "name": evil});
        kate.does(&draft, add).await.refused(400, 10);
    }
    assert_eq!(kate.sees(&draft).await["epoch"], 1);
}

#[tokio::test]
async fn who_answers_what_is_no_longer_the_latest_is_told_so() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let id = mail.owned(letter(1)).await;
    let draft = mail.drafts(&id, op("Reply")).await;
    let draft = text(&draft["id"]).to_owned();
    let again = Letter { answers: vec!["m1@example.com".to_owned()], ..letter(2) };
    let newer = mail.receives(again).await.interaction;
    assert_eq!(newer.parent.map(|parent| parent.to_string()), Some(id.clone()));
    let kate = mail.api.by("kate");
    let refused = kate.does(&draft, op("Send")).await;
    let sentence = refused.refused(409, 2);
    assert!(sentence.contains("Letter 2"), "{sentence}");
    let newer_message = &refused.json()["newerMessage"];
    assert_eq!(newer_message["id"], newer.id.to_string());
    assert_eq!(newer_message["subject"], "Letter 2");
    assert!(text(&newer_message["receivedDate"]).starts_with("2026-01-09"), "{newer_message}");

    let elsewhere = mail.receives(letter(3)).await.interaction.id.to_string();
    for wrong in [&elsewhere, "zzzzzzzzzzzzzzzz"] {
        let guess = json!({"operationName": "Send", "baseMessageId": wrong});
        assert!(kate.does(&draft, guess).await.refused(400, 10).contains("baseMessageId"));
        let guess = json!({"operationName": "Reply", "baseMessageId": wrong});
        kate.does(&id, guess).await.refused(400, 10);
    }

    let read = json!({"operationName": "Send", "baseMessageId": newer.id.to_string()});
    kate.does(&draft, read).await.ok();
    let draft = mail.drafts(&id, json!({"operationName": "Reply", "baseMessageId": id})).await;
    assert_eq!(draft["baseMessageId"], json!(id));
    let draft = text(&draft["id"]);
    kate.does(draft, op("Send")).await.refused(409, 2);
    kate.does(draft, json!({"operationName": "Send", "force": true})).await.ok();
    assert_eq!(mail.api.engine.workers().outbox().post_due().await.unwrap(), 2);
    kate.does(&id, json!({"operationName": "Reply", "baseMessageId": 5})).await.refused(400, 10);
}

#[tokio::test]
async fn an_email_is_split_off_and_joined_by_whoever_owns_it() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let first = mail.owned(letter(1)).await;
    let second =
        mail.owned(Letter { answers: vec!["m1@example.com".to_owned()], ..letter(2) }).await;
    let kate = mail.api.by("kate");
    let seen = kate.sees(&second).await;
    has(&seen, json!({"parentId": first, "threadId": first}));
    assert_eq!(seen["interactionSubType"], "InboundCustomerReply");
    mail.api.by("ben").does(&second, op("SplitFromThread")).await.refused(403, 3);
    mail.api.by("zoe").does(&second, op("SplitFromThread")).await.refused(404, 6);
    kate.does(&second, op("SplitFromThread")).await.ok();
    let seen = kate.sees(&second).await;
    has(&seen, json!({"parentId": null, "threadId": second}));

    let join = |parent: &str| json!({"operationName": "JoinThread", "parentId": parent});
    kate.does(&second, op("JoinThread")).await.refused(400, 1);
    kate.does(&second, join("x")).await.refused(404, 6);
    kate.does(&second, join(&mail.api.no_id())).await.refused(404, 6);
    let unseen = mail.api.submitted("email", "review").await;
    kate.does(&second, join(&unseen)).await.refused(404, 6);
    let work = mail.api.submitted("workitem", "tasks").await;
    kate.does(&second, join(&work)).await.refused(404, 6);
    kate.does(&first, join(&second)).await.refused(400, 10);
    mail.api.by("sam").does(&second, join(&first)).await.ok();
    assert_eq!(kate.sees(&second).await["threadId"], json!(first));

    let events = kate.get(&format!("/interactions/{second}/events")).await.ok();
    let how: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|event| event["facts"].as_array().unwrap())
        .filter(|fact| fact["fact"] == "Threaded")
        .map(|fact| text(&fact["how"]))
        .collect();
    assert_eq!(
        how,
        ["it names a message that its sender wrote or got", "it was split off", "it was joined"]
    );
}

#[tokio::test]
async fn what_a_customer_wrote_is_shown_clean_and_quoted_clean() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let file = FileId(0xca7);
    let html =
        "<p>Hi</p><script>evil()</script><img src=\"cid:cat@example.com\"><img src=\"cid:other\">";
    let letter = Letter { html: Some(html.to_owned()), ..letter(1) };
    let id = mail.owned_with(letter, vec![picture(file)], None).await;
    let kate = mail.api.by("kate");
    let address = format!("http://127.0.0.1:8090/api/v2/emails/{id}/attachments/{file}");
    let shown = format!("<p>Hi</p><img src=\"{address}\"><img src=\"\">");
    assert_eq!(kate.sees(&id).await["body"], shown);
    assert_eq!(kate.get(&format!("/me/emails/{id}")).await.ok()["email"]["body"], shown);
    for told in mail.api.told_to("kate", "/v2/me/interactions").await {
        assert_eq!(told["body"], shown);
    }
    for told in mail.api.told_to("kate", "/v2/me/emails").await {
        assert_eq!(told["email"]["body"], shown);
    }
    let stored = mail.api.engine.core().board().recent(id.parse().unwrap()).unwrap();
    assert_eq!(stored.value.email().unwrap().body, html, "nothing of the original is lost");

    let draft = mail.drafts(&id, op("Forward")).await;
    let draft_id = text(&draft["id"]).to_owned();
    let own = format!("http://127.0.0.1:8090/api/v2/emails/{draft_id}/attachments/{file}");
    let expected = format!("<blockquote><p>Hi</p><img src=\"{own}\"><img src=\"\"></blockquote>");
    assert_eq!(draft["body"], expected);
    // A client writes back what it was shown; recipients find the picture by its id.
    let email = json!({"body": format!("<p>See</p>{expected}"), "to": ["a@example.com"]});
    kate.does(&draft_id, json!({"operationName": "Send", "email": email})).await.ok();
    mail.api.engine.workers().outbox().post_due().await.unwrap();
    let posted = mail.postbox.mails().remove(0).email().cloned().unwrap();
    assert_eq!(
        posted.body,
        "<p>See</p><blockquote><p>Hi</p><img src=\"cid:cat@example.com\"><img src=\"\"></blockquote>"
    );
    assert_eq!(posted.attachments, [picture(file)]);
}

#[tokio::test]
async fn every_address_that_answers_go_to_is_shown() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let named = |addresses: &[&str]| {
        addresses.iter().map(|one| Address { address: (*one).to_owned(), name: None }).collect()
    };
    let letter = Letter {
        reply_to: named(&["eve@home.example", "adam@home.example", "boss@work.example"]),
        ..letter(1)
    };
    let id = mail.owned(letter).await;
    let kate = mail.api.by("kate");
    let door = kate.get(&format!("/me/emails/{id}")).await.ok()["email"].clone();
    for shown in [kate.sees(&id).await, door] {
        assert_eq!(shown["replyTo"], "eve@home.example");
        assert_eq!(shown["replyToOthers"], json!(["adam@home.example", "boss@work.example"]));
    }
    let draft = mail.drafts(&id, op("Reply")).await;
    assert_eq!(draft["to"], json!(["eve@home.example", "adam@home.example", "boss@work.example"]));
    assert_eq!(draft.get("replyToOthers"), None);
}

/// The pictures that an answer shows by quoting go along, under names that a mail can have; the
/// original's other files do not.
#[tokio::test]
async fn an_answer_carries_the_pictures_that_it_quotes() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let odd = Attachment { content_id: Some("odd (1)<x>".to_owned()), ..picture(FileId(0xca8)) };
    let unshown =
        Attachment { content_id: Some("unshown@example.com".to_owned()), ..picture(FileId(0xca9)) };
    let document = Attachment { content_id: None, inline: false, ..picture(FileId(0xcaa)) };
    let html = "<p>Hi</p><img src=\"cid:cat@example.com\"><img src=\"cid:odd (1)<x>\">";
    let letter = Letter { html: Some(html.to_owned()), ..letter(1) };
    let brought = vec![picture(FileId(0xca7)), odd.clone(), unshown, document];
    let id = mail.owned_with(letter, brought, None).await;
    let plain = mail.drafts(&id, json!({"operationName": "Reply", "body": "<p>Yes</p>"})).await;
    assert_eq!(plain["attachments"], json!([]), "what is not quoted is not shown");
    let body = json!({"operationName": "ReplyAll", "body": "<p>Yes</p>", "quoteOriginal": true});
    let draft = mail.drafts(&id, body).await;
    let draft_id = text(&draft["id"]);
    let shown = |file| format!("http://127.0.0.1:8090/api/v2/emails/{draft_id}/attachments/{file}");
    for file in [FileId(0xca7), FileId(0xca8)] {
        assert!(text(&draft["body"]).contains(&shown(file)), "{draft}");
    }
    let kate = mail.api.by("kate");
    kate.does(draft_id, op("Send")).await.ok();
    mail.api.engine.workers().outbox().post_due().await.unwrap();
    let posted = mail.postbox.mails().remove(0).email().cloned().unwrap();
    let renamed =
        Attachment { content_id: Some(format!("{}@attachment.invalid", odd.file)), ..odd };
    assert!(posted.body.contains("\"cid:cat@example.com\""), "{}", posted.body);
    assert!(
        posted.body.contains(&format!("\"cid:{}@attachment.invalid\"", renamed.file)),
        "{}",
        posted.body
    );
    assert!(!posted.body.contains("/attachments/"), "no address of ours goes out: {}", posted.body);
    assert_eq!(posted.attachments, [picture(FileId(0xca7)), renamed]);
}

#[tokio::test]
async fn what_is_saved_as_html_alone_is_read_as_text_too() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let id = mail.owned(letter(1)).await;
    let body = json!({"operationName": "Reply", "body": "Yes", "bodyAsPlainText": "Yes", "quoteOriginal": true});
    let draft = mail.drafts(&id, body).await;
    let (kate, draft) = (mail.api.by("kate"), text(&draft["id"]).to_owned());
    let bodies = async |email: Value| {
        kate.does(&draft, json!({"operationName": "Save", "email": email})).await.ok();
        let seen = kate.sees(&draft).await;
        (text(&seen["body"]).to_owned(), text(&seen["bodyAsPlainText"]).to_owned())
    };
    let both = |body: &str, text: &str| (body.to_owned(), text.to_owned());
    // The api takes markup for the text that it is.
    assert_eq!(bodies(json!({"body": "No"})).await, both("No", "No"));
    assert_eq!(
        bodies(json!({"body": "Other", "bodyAsPlainText": " "})).await,
        both("Other", "Other")
    );
    assert_eq!(bodies(json!({"body": "A", "bodyAsPlainText": "B"})).await, both("A", "B"));
    assert_eq!(
        bodies(json!({"body": "A", "cc": []})).await,
        both("A", "B"),
        "nothing new was written"
    );
    assert_eq!(bodies(json!({"bodyAsPlainText": "1\n2"})).await, both("1<br>2", "1\n2"));
    assert_eq!(bodies(json!({"bodyAsPlainText": ""})).await, both("1<br>2", "1\n2"));
    assert_eq!(bodies(json!({"body": "", "bodyAsPlainText": "T"})).await, both("", "T"));
    assert_eq!(
        bodies(json!({"bodyAsPlainText": "U"})).await,
        both("", "U"),
        "a text alone stays one"
    );
}

#[tokio::test]
async fn a_new_mail_may_follow_an_interaction() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let id = mail.owned(letter(1)).await;
    let kate = mail.api.by("kate");
    let create = |parent: &str| {
        json!({
            "operationName": "Create", "channel": "email", "queueName": "support-email", "parentId": parent,
            "email": {"to": ["carrier@example.com"], "subject": "A question", "bodyAsPlainText": "Where is it?"},
        })
    };
    kate.post("/me/interactions", create(&mail.api.no_id())).await.refused(404, 6);
    kate.post("/me/interactions", create("x")).await.refused(404, 6);
    let draft = text(&kate.post("/me/interactions", create(&id)).await.ok()["id"]).to_owned();
    let seen = kate.sees(&draft).await;
    has(&seen, json!({"state": "Composing", "parentId": id, "threadId": id}));
    kate.does(&id, op("Complete")).await.refused(409, 2);
    kate.does(&draft, op("Send")).await.ok();
    mail.api.engine.workers().outbox().post_due().await.unwrap();
    assert_eq!(kate.sees(&draft).await["from"], MAILBOX, "the default sender");
}

#[tokio::test]
async fn nobody_keeps_anothers_work_open_by_a_draft_that_follows_it() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let id = mail.owned(letter(1)).await;
    mail.api.ready("ben").await;
    let follows = json!({
        "operationName": "Create", "channel": "email", "queueName": "support-email", "parentId": id,
        "email": {"to": ["carrier@example.com"], "subject": "A question", "bodyAsPlainText": "Where is it?"},
    });
    let draft =
        text(&mail.api.by("ben").post("/me/interactions", follows).await.ok()["id"]).to_owned();
    assert_eq!(mail.api.by("ben").sees(&draft).await["threadId"], json!(id));
    mail.api.by("kate").does(&id, op("Complete")).await.ok();
}

#[tokio::test]
async fn what_goes_out_by_a_reviewed_queue_is_sent_by_a_supervisor() {
    let mail = MailApi::start_with(terms(), |queue| queue.review = Some(REVIEW)).await;
    mail.api.ready("kate").await;
    let queues = mail.api.by("kate").get("/queues?fields=name,reviewQueue").await.ok();
    let names =
        |queue: &Value| queue["reviewQueue"] == "review" && queue["name"] == "support-email";
    assert!(queues["queues"].as_array().unwrap().iter().any(names), "{queues}");
    let id = mail.owned(letter(1)).await;
    let draft = mail.drafts(&id, op("Reply")).await;
    let draft = text(&draft["id"]).to_owned();
    let send = json!({"operationName": "Send", "queueName": "support-email"});
    mail.api.by("kate").does(&draft, send.clone()).await.ok();
    assert_eq!(mail.api.engine.workers().outbox().post_due().await.unwrap(), 0);
    let told = mail.api.told_to("kate", "/v2/me/interactions").await;
    assert_eq!(told.last().unwrap()["state"], "Completed", "it is no longer hers");
    let sam = mail.api.by("sam");
    let seen = sam.sees(&draft).await;
    has(&seen, json!({"state": "Queued", "currentQueue": "review"}));
    mail.api.ready("sam").await;
    mail.api.engine.workers().router().route().await.unwrap();
    sam.does(&draft, op("Accept")).await.ok();
    sam.does(&draft, json!({"operationName": "Save", "email": {"bodyAsPlainText": "Looked at"}}))
        .await
        .ok();
    sam.does(&draft, send).await.ok();
    assert_eq!(mail.api.engine.workers().outbox().post_due().await.unwrap(), 1);
    assert_eq!(mail.postbox.mails()[0].email().unwrap().body_as_plain_text, "Looked at");
    let events = sam.get(&format!("/interactions/{draft}/events")).await.ok().to_string();
    assert!(events.contains("SentForReview"), "{events}");
}
