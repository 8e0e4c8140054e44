//! Threads, what was exchanged with a contact, and a letter as a page.

use std::sync::Arc;

use axum::http::Method;
use handoff_domain::{InteractionId, Letter};
use handoff_store::{ChangeSet, Put, Record, Store};
use handoff_testkit::FaultyStore;
use serde_json::{Value, json};

use crate::api::{Api, Client, Reply, store};
use crate::mailbox::{MailApi, letter};

fn ids(list: &Value) -> Vec<&str> {
    let all = list["interactions"].as_array().unwrap();
    all.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

async fn list(client: &Client<'_>, path: &str) -> Value {
    client.get(path).await.ok()
}

#[tokio::test]
async fn a_thread_has_its_letters_and_drafts_the_newest_first() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let first = mail.owned(letter(1)).await;
    let draft = mail.drafts(&first, json!({"operationName": "Reply"})).await;
    let draft = draft["id"].as_str().unwrap();
    let apart = mail.receives(letter(2)).await.interaction.id.to_string();
    let kate = mail.api.by("kate");
    let thread = list(&kate, &format!("/interactions/{draft}/thread?fields=*")).await;
    assert_eq!(ids(&thread), [draft, first.as_str()]);
    let page = list(&kate, &format!("/interactions/{first}/thread?fields=id&limit=1")).await;
    assert_eq!(ids(&page), [draft]);
    let cursor = page["nextCursor"].as_str().unwrap();
    let path = format!("/interactions/{first}/thread?fields=id&limit=1&cursor={cursor}");
    let rest = list(&kate, &path).await;
    assert_eq!((ids(&rest), rest.get("nextCursor")), (vec![first.as_str()], None));
    let alone = list(&kate, &format!("/interactions/{apart}/thread?fields=id")).await;
    assert_eq!(ids(&alone), [apart.as_str()]);
    let uris = list(&kate, &format!("/interactions/{first}/thread")).await;
    assert_eq!(uris["uris"].as_array().unwrap().len(), 2, "addresses, as every list");
    mail.api.by("zoe").get(&format!("/interactions/{first}/thread")).await.refused(404, 6);
}

#[tokio::test]
async fn a_contact_has_what_was_exchanged_as_far_as_it_is_in_sight() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let first = mail.receives(letter(1)).await.interaction;
    let second = mail.owned(letter(2)).await;
    let contact = first.contact.as_deref().unwrap();
    let path = format!("/contacts/{contact}/interactions?fields=id");
    let both = [second.clone(), first.id.to_string()];
    assert_eq!(ids(&list(&mail.api.by("kate"), &path).await), both);
    assert_eq!(ids(&list(&mail.api.by("sam"), &path).await), both);
    let email = format!("{path}&channel=chat");
    assert_eq!(ids(&list(&mail.api.by("kate"), &email).await), [""; 0]);
    for nobody in ["mia", "zoe"] {
        assert_eq!(ids(&list(&mail.api.by(nobody), &path).await), [""; 0], "{nobody}");
    }
    let unknown = list(&mail.api.by("kate"), "/contacts/nobody/interactions?fields=id").await;
    assert_eq!(ids(&unknown), [""; 0]);
}

/// Returns an api whose store holds so many interactions of one contact, in the queue for tasks.
async fn many_of_a_contact(all: u128) -> (Api, Arc<FaultyStore>) {
    let store = Arc::new(FaultyStore::over(store().await));
    let api = Api::start_on(store.clone(), |_| {}).await;
    let body = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks",
        "contactId": "c-1"});
    let created = api.by("intake").post("/interactions", body).await.ok();
    let id: InteractionId = created["id"].as_str().unwrap().parse().unwrap();
    let first = api.engine.core().interaction(id).await.unwrap().unwrap();
    let others = (1..all).map(|n| {
        let mut other = handoff_domain::Interaction::clone(&first);
        other.id = InteractionId(id.0 + n);
        Put { record: Record::Interaction(other), expected: 0 }
    });
    store.commit(ChangeSet { puts: others.collect(), ..ChangeSet::default() }).await.unwrap();
    (api, store)
}

#[tokio::test]
async fn a_history_of_which_nothing_is_in_sight_costs_two_reads_a_page() {
    let (api, store) = many_of_a_contact(2_500).await;
    let path = "/contacts/c-1/interactions?limit=1";
    let (mut next, mut pages) = (String::new(), 0);
    loop {
        let before = store.interactions_read();
        let page = list(&api.by("mia"), &format!("{path}{next}")).await;
        assert_eq!(page["uris"], json!([]));
        let reads = store.interactions_read() - before;
        assert!(reads <= 2, "{reads} reads for a page of nothing");
        pages += 1;
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(pages, 3, "each looks at 1,001");
    let before = store.interactions_read();
    let seen = list(&api.by("kate"), "/contacts/c-1/interactions?limit=3").await;
    assert_eq!(seen["uris"].as_array().unwrap().len(), 3);
    assert_eq!(store.interactions_read() - before, 1, "who sees all has no more read than that");
}

/// Returns a letter as a page.
async fn page(client: &Client<'_>, id: &str) -> Reply {
    page_with(client, id, "").await
}

async fn page_with(client: &Client<'_>, id: &str, query: &str) -> Reply {
    client.send(Method::GET, &format!("/me/interactions/{id}/letter{query}"), None, &[]).await
}

#[tokio::test]
async fn a_letter_is_a_page_on_which_nothing_runs() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let hostile = Letter {
        subject: Some("</title><script>1</script>".to_owned()),
        html: Some("<p>Hello</p><script>steal()</script>".to_owned()),
        ..letter(1)
    };
    let id = mail.owned(hostile).await;
    let shown = page(&mail.api.by("kate"), &id).await;
    assert_eq!(shown.headers["content-type"], "text/html; charset=utf-8");
    let policy = shown.headers["content-security-policy"].to_str().unwrap();
    for part in ["sandbox", "default-src 'none'", "img-src 'self'", "frame-ancestors 'self'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("allow-scripts") && !policy.contains("script-src"), "{policy}");
    assert!(shown.text.contains("<p>Hello</p>"), "{}", shown.text);
    assert!(!shown.text.contains("<script>"), "{}", shown.text);
    let work = mail.api.submitted("workitem", "tasks").await;
    page(&mail.api.by("kate"), &work).await.refused(404, 6);
    page(&mail.api.by("mia"), &id).await.refused(404, 6);
}

#[tokio::test]
async fn pictures_at_other_hosts_are_only_on_the_page_that_was_asked_for_them() {
    let mail = MailApi::start().await;
    mail.api.ready("kate").await;
    let letter = Letter { html: Some("<img src=\"https://a.example/p\">".to_owned()), ..letter(1) };
    let id = mail.owned(letter).await;
    let policy =
        |page: &Reply| page.headers["content-security-policy"].to_str().unwrap().to_owned();
    let plain = page(&mail.api.by("kate"), &id).await;
    assert!(!policy(&plain).contains("https:"), "{}", policy(&plain));
    assert!(plain.text.contains("<meta name=\"remote-pictures\" content=\"1\">"), "{}", plain.text);
    assert!(!plain.text.contains("<!--remote-->"), "{}", plain.text);

    let asked = page_with(&mail.api.by("kate"), &id, "?pictures=remote").await;
    assert!(policy(&asked).contains("img-src 'self' https:;"), "{}", policy(&asked));
    assert!(policy(&asked).contains("default-src 'none'") && policy(&asked).contains("sandbox"));
    assert!(!policy(&asked).contains("allow-scripts") && !policy(&asked).contains("script-src"));
    assert!(asked.text.contains("<!--remote-->"), "{}", asked.text);
    assert!(asked.text.contains("content=\"0\""), "{}", asked.text);
    page_with(&mail.api.by("kate"), &id, "?pictures=all").await.refused(400, 10);
}

#[tokio::test]
async fn a_letter_without_markup_is_shown_as_its_text() {
    let mail = MailApi::start().await;
    let plain = Letter { html: None, text: "1 < 2\nYours".to_owned(), ..letter(1) };
    let id = mail.receives(plain).await.interaction.id.to_string();
    let shown = page(&mail.api.by("kate"), &id).await;
    assert!(shown.text.contains("1 &lt; 2<br>Yours"), "{}", shown.text);
}
