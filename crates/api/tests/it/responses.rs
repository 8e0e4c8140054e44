//! Standard responses: whose they are, how they are found, and what becomes of their places.

use axum::http::Method;
use serde_json::{Value, json};

use crate::api::{Api, Client, has};

const LIST: &str = "/responses";

async fn kept(client: &Client<'_>, body: Value) -> String {
    client.post(LIST, body).await.ok()["path"].as_str().unwrap().to_owned()
}

async fn found(client: &Client<'_>, query: &str) -> Vec<String> {
    let listed = client.get(&format!("{LIST}?fields=*&{query}")).await.ok();
    let names = listed["responses"].as_array().unwrap().iter();
    names.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

fn of(name: &str, scope: &str) -> Value {
    json!({"name": name, "text": "Hello", "scope": scope})
}

fn of_group(name: &str, group: &str) -> Value {
    json!({"name": name, "text": "Hello", "scope": "Group", "group": group})
}

#[tokio::test]
async fn a_response_is_kept_changed_and_removed_by_whose_it_is() {
    let api = Api::start().await;
    let (ada, sam, kate, ben) = (api.by("ada"), api.by("sam"), api.by("kate"), api.by("ben"));
    let own = kept(&kate, of("Own", "User")).await;
    let group = kept(&sam, of_group("Team", "Support")).await;
    let center = kept(&ada, of("All", "Center")).await;
    assert_eq!(found(&kate, "").await, ["All", "Own", "Team"]);
    assert_eq!(found(&kate, "scope=Group").await, ["Team"]);
    // Sales has none of it, and nobody but kate has what is hers.
    assert_eq!(found(&api.by("vera"), "").await, ["All"]);
    assert_eq!(found(&ada, "").await, ["All", "Team"]);
    for hidden in [&own, &group] {
        api.by("vera").get(hidden).await.refused(404, 6);
        api.by("vera").put(hidden, json!({"name": "x"})).await.refused(404, 6);
        api.by("vera").delete(hidden).await.refused(404, 6);
    }
    for (path, editable) in [(&own, true), (&group, false), (&center, false)] {
        has(&kate.get(path).await.ok()["response"], json!({"editable": editable, "version": 1}));
    }
    for path in [&group, &center] {
        kate.put(path, json!({"name": "x"})).await.refused(403, 5);
        kate.delete(path).await.refused(403, 5);
    }
    sam.put(&center, json!({"name": "x"})).await.refused(403, 5);
    ben.post(LIST, of("x", "Center")).await.refused(403, 5);
    ben.post(LIST, of_group("x", "Support")).await.refused(403, 5);
    // A supervisor who is in no group writes for none.
    api.by("vera").post(LIST, of_group("x", "Support")).await.refused(403, 5);
    for (client, path) in [(&kate, &own), (&sam, &group), (&ada, &center), (&ada, &group)] {
        let read = client.get(path).await.ok()["response"].clone();
        let mut change = read.clone();
        change["text"] = "Good day".into();
        client.put(path, change.clone()).await.ok();
        client.put(path, change).await.refused(409, 2);
        let after = client.get(path).await.ok()["response"].clone();
        assert_eq!(after["text"], "Good day", "{path}");
        client.put(path, json!({"text": "Hello"})).await.ok();
        client.put(path, json!({"scope": "Nobody"})).await.refused(400, 10);
        client.put(path, json!({"group": "Sales"})).await.refused(400, 11);
    }
    kate.put(&own, json!({"scope": "Center"})).await.refused(400, 11);
    let support = ada.get("/groups?name=Support&fields=*").await.ok();
    let support = support["groups"][0]["path"].as_str().unwrap().to_owned();
    assert!(ada.delete(&support).await.codes().1 == 19);
    for (client, path) in [(&kate, &own), (&sam, &group), (&ada, &center)] {
        client.delete(path).await.ok();
        client.get(path).await.refused(404, 6);
        client.delete(path).await.refused(404, 6);
    }
    let audit = ada.get("/audit").await.ok();
    let told: Vec<&Value> = audit["entries"].as_array().unwrap().iter().collect();
    let kinds: Vec<&Value> = told.iter().map(|one| &one["target"]["kind"]).collect();
    assert!(kinds.iter().filter(|kind| ***kind == "response").count() >= 6, "{audit}");
    assert!(!audit.to_string().contains("\"Own\""), "{audit}");
}

#[tokio::test]
async fn what_a_response_cannot_be_is_refused() {
    let api = Api::start().await;
    let (ada, kate) = (api.by("ada"), api.by("kate"));
    kept(&kate, json!({"name": "Hello", "shortcut": "hi", "text": "x"})).await;
    kept(&ada, json!({"name": "Hello", "shortcut": "hi", "text": "x", "scope": "Center"})).await;
    for (body, status, code) in [
        (json!({"text": "x"}), 400, 1),
        (json!({"name": "x"}), 400, 10),
        (json!({"name": "", "text": "x"}), 400, 10),
        (json!({"name": "x", "text": "x", "shortcut": "a b"}), 400, 10),
        (json!({"name": "x", "text": "x", "category": "/"}), 400, 10),
        (json!({"name": "x", "text": "x", "language": "en_GB"}), 400, 10),
        (json!({"name": "x", "text": "x", "channels": "chat"}), 400, 10),
        (json!({"name": "x", "text": "x", "scope": "user"}), 400, 10),
        (json!({"name": "x", "text": "x", "group": "Support"}), 400, 10),
        (json!({"name": "x", "text": "x", "scope": "Group"}), 400, 1),
        (json!({"name": "x", "text": "x", "scope": "Group", "group": "None"}), 404, 6),
        (json!({"name": "x", "text": "x".repeat(40_000)}), 400, 10),
        (json!({"name": "Hello", "text": "x"}), 409, 18),
        (json!({"name": "x", "shortcut": "hi", "text": "x"}), 409, 18),
    ] {
        let client = if body["scope"] == "Group" { &ada } else { &kate };
        client.post(LIST, body).await.refused(status, code);
    }
    let fault = json!({"name": "x", "text": "Hello\n{{ contact.fristName }}"});
    let sentence = kate.post(LIST, fault).await.refused(400, 10);
    assert!(sentence.contains("line 2: there is nothing named contact.fristName"), "{sentence}");
    for query in ["search=", "language=de", "limit=1", "category=a"] {
        kate.get(&format!("{LIST}?{query}")).await.ok();
    }
    for query in [
        "scope=x",
        "colour=red",
        "cursor=AAAA",
        "search=a&search=b",
        &format!("search={}", "x".repeat(101)),
    ] {
        kate.get(&format!("{LIST}?{query}")).await.refused(400, 10);
    }
}

#[tokio::test]
async fn nobody_keeps_more_for_themselves_than_there_is_room() {
    let api = Api::start().await;
    let kate = api.by("kate");
    for n in 0..200 {
        kate.post(LIST, json!({"name": format!("n{n}"), "text": "x"})).await.ok();
    }
    kate.post(LIST, json!({"name": "one more", "text": "x"})).await.refused(409, 2);
    let sam = api.by("sam");
    for n in 0..8 {
        sam.post(LIST, json!({"name": format!("n{n}"), "text": "x".repeat(32_000)})).await.ok();
    }
    sam.post(LIST, json!({"name": "n8", "text": "x".repeat(32_000)})).await.refused(400, 10);
}

#[tokio::test]
async fn what_fits_best_is_found_first_and_pages_join() {
    let api = Api::start().await;
    let kate = api.by("kate");
    for body in [
        json!({"name": "Say hello", "shortcut": "x", "text": "a"}),
        json!({"name": "B", "shortcut": "hello2", "text": "a", "language": "de"}),
        json!({"name": "C", "shortcut": "hel", "text": "a", "channels": ["chat"]}),
        json!({"name": "D", "text": "Say it: HELLO", "category": "Billing/Refunds"}),
        json!({"name": "E", "text": "a", "language": "en-GB", "category": "Bill"}),
    ] {
        kept(&kate, body).await;
    }
    assert_eq!(found(&kate, "search=HEL").await, ["C", "B", "Say hello", "D"]);
    assert_eq!(found(&kate, "search=hel&channel=email").await, ["B", "Say hello", "D"]);
    assert_eq!(found(&kate, "search=say%20hel").await, ["Say hello", "D"]);
    assert_eq!(found(&kate, "category=Billing").await, ["D"]);
    assert_eq!(
        found(&kate, "language=de-AT&search=hel").await,
        ["C", "B", "Say hello", "D"].to_vec()
    );
    assert_eq!(found(&kate, "language=en").await, ["C", "D", "E", "Say hello"]);
    let (mut query, mut seen) = ("limit=2".to_owned(), Vec::new());
    loop {
        let page = kate.get(&format!("{LIST}?fields=name&{query}")).await.ok();
        let names = page["responses"].as_array().unwrap().clone();
        seen.extend(names.into_iter().map(|one| one["name"].clone()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        query = format!("limit=2&cursor={next}");
    }
    assert_eq!(seen, ["B", "C", "D", "E", "Say hello"]);
}

#[tokio::test]
async fn places_are_filled_by_what_is_known_of_an_interaction() {
    let api = Api::start().await;
    api.ready("kate").await;
    let (id, kate) = (api.owned("kate", "workitem", "tasks").await, api.by("kate"));
    let data = json!({"order": 7, "FirstName": "<i>{{ agent.userName }}</i>", "tree": {"a": 1}});
    kate.does(&id, json!({"operationName": "UpdateUserData", "userData": data})).await.ok();
    let text = "{{ contact.firstName }}/{{ interaction.userData.order }}/{{ contact.lastName }}";
    let path = kept(
        &kate,
        json!({"name": "x", "text": text, "subject": "Re: {{ interaction.subject }}",
            "html": "<b>{{ contact.firstName }}</b>{{ interaction.userData.tree }}"}),
    )
    .await;
    let render = json!({"operationName": "Render", "interactionId": id});
    let rendered = kate.post(&path, render.clone()).await.ok()["rendered"].clone();
    assert_eq!(
        rendered,
        json!({
            "subject": "Re: Invoice",
            "text": "<i>{{ agent.userName }}</i>/7/",
            "html": "<b>&lt;i&gt;{{ agent.userName }}&lt;/i&gt;</b>",
            "missing": ["contact.lastName", "interaction.userData.tree"],
        })
    );
    let alone = kate.post(&path, json!({"operationName": "Render"})).await.ok();
    has(&alone["rendered"], json!({"subject": "Re: ", "text": "//"}));
    kate.post(&path, json!({"operationName": "Shout"})).await.refused(400, 10);
    kate.post(&path, json!({"operationName": "Render", "interactionId": "x"}))
        .await
        .refused(404, 6);
    // Neither the text nor the interaction is anybody else's.
    api.by("mia").post(&path, render.clone()).await.refused(404, 6);
    let shared = kept(&api.by("ada"), json!({"name": "y", "text": text, "scope": "Center"})).await;
    api.by("mia").post(&shared, render).await.refused(404, 6);
}

#[tokio::test]
async fn a_repeated_request_keeps_one_and_a_file_has_the_centers() {
    let api = Api::start().await;
    for (user, scope) in [("kate", "User"), ("ada", "Center")] {
        let client = api.by(user);
        let header = [("idempotency-key", "k1")];
        let body = of("Once", scope);
        let mut answers = Vec::new();
        for _ in 0..2 {
            answers
                .push(client.send(Method::POST, LIST, Some(body.to_string()), &header).await.ok());
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(found(&client, &format!("scope={scope}")).await, ["Once"]);
    }
    api.by("sam").post(LIST, of_group("Team", "Support")).await.ok();
    let ada = api.by("ada");
    let file = ada.get("/center").await.text;
    assert!(file.contains("[[response]]\nname = \"Once\"\ntext = \"Hello\"\n"), "{file}");
    assert_eq!(file.matches("[[response]]").count(), 1, "{file}");
}

#[tokio::test]
async fn uses_are_in_the_history_and_counted_once_whoever_counts() {
    let api = Api::start().await;
    api.ready("kate").await;
    let (id, kate) = (api.owned("kate", "workitem", "tasks").await, api.by("kate"));
    let own = kept(&kate, of("Own", "User")).await;
    let center = kept(&api.by("ada"), of("All", "Center")).await;
    let hidden = kept(&api.by("sam"), of("Sam's", "User")).await;
    let id_of = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let used = |path: &str| json!({"operationName": "ReportResponseTemplateUsage", "responseTemplateId": id_of(path)});
    let linked = |path: &str| json!({"operationName": "LinkStandardReponseToInteraction", "standardResponseId": id_of(path)});
    for body in [used(&own), used(&center), linked(&center)] {
        kate.does(&id, body).await.ok();
    }
    kate.does(&id, used(&hidden)).await.refused(404, 6);
    api.by("ben").does(&id, used(&center)).await.refused(403, 3);
    let events = kate.get(&format!("/interactions/{id}/events")).await.ok().to_string();
    assert_eq!(events.matches("\"fact\":\"ResponseUsed\"").count(), 3, "{events}");
    // A second round, and another node's, count nothing twice.
    for _ in 0..2 {
        api.engine.workers().uses().count().await.unwrap();
    }
    let shown = kate.get(&center).await.ok()["response"].clone();
    has(
        &shown,
        json!({"usedCount": 2, "version": 1, "lastUsedAt": "2026-01-09 12:00:00.000+0000"}),
    );
    let shown = kate.get(&own).await.ok()["response"].clone();
    has(&shown, json!({"usedCount": 1, "version": 1}));
    kate.put(&own, json!({"text": "x"})).await.ok();
    assert_eq!(kate.get(&own).await.ok()["response"]["usedCount"], 1);
    kate.does(&id, used(&center)).await.ok();
    api.engine.workers().uses().count().await.unwrap();
    assert_eq!(kate.get(&center).await.ok()["response"]["usedCount"], 3);
    // What is removed leaves no count behind, and its later uses are none.
    api.by("ada").delete(&center).await.ok();
    api.engine.workers().uses().count().await.unwrap();
    let uses = handoff_store::Kind::ResponseUses;
    let left = api.engine.core().store().list(uses, None, 10).await.unwrap();
    assert_eq!(left.items.len(), 0);
}

#[tokio::test]
async fn clients_of_the_platform_go_through_categories() {
    let api = Api::start().await;
    let (ada, kate) = (api.by("ada"), api.by("kate"));
    let at = |name: &str, category: &str, scope: &str| json!({"name": name, "text": "x", "category": category, "scope": scope, "language": "en"});
    for (name, category) in [("A", "Billing/Refunds"), ("B", "Billing")] {
        kept(&ada, at(name, category, "Center")).await;
    }
    let own = kept(&kate, at("C", "Own", "User")).await;
    let ask = async |call: &str, body: Value| {
        kate.post(&format!("/platform/contactserver/{call}"), body).await
    };
    let roots = ask("RequestGetRootCategories", json!({})).await.ok();
    has(&roots, json!({"response": "EventGetRootCategories"}));
    let names = |told: &Value| -> Vec<(String, String)> {
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let all = told["data"]["categories"].as_array().unwrap().iter();
        all.map(|one| (text(one, "categoryId"), text(one, "status"))).collect()
    };
    let both = [("Billing", "Approved"), ("Own", "NotApproved")];
    assert_eq!(names(&roots), both.map(|(id, status)| (id.to_owned(), status.to_owned())));
    let approved = ask("GetApprovedRootCategories", json!({"data": {"language": "en"}})).await.ok();
    assert_eq!(names(&approved).len(), 1);
    let none = ask("GetApprovedRootCategories", json!({"language": "de"})).await.ok();
    assert_eq!(names(&none), []);
    let billing = ask("GetStandardResponseCategory", json!({"categoryId": "Billing"})).await.ok();
    let billing = &billing["data"]["category"];
    assert_eq!(billing["categories"][0]["categoryId"], "Billing/Refunds");
    assert_eq!(billing["standardResponses"][0]["name"], "B");
    ask("GetStandardResponseCategory", json!({"categoryId": "Bill"})).await.refused(404, 6);
    ask("GetStandardResponseCategory", json!({})).await.refused(400, 1);
    let id = own.rsplit('/').next().unwrap();
    let whole = ask("GetStandardResponse", json!({"standardResponseId": id})).await.ok();
    has(&whole["data"]["standardResponse"], json!({"name": "C", "body": "x", "categoryId": "Own"}));
    ask("GetStandardResponse", json!({"standardResponseId": "x"})).await.refused(404, 6);
}
