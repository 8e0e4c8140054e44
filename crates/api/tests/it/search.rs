//! Search: what is found among everything, and by whom.

use std::sync::Arc;

use handoff_api::Setup;
use handoff_projections::{Reader, Search};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::{Api, has, store};
use crate::customer::{Customer, op};

/// An API with an index of search.
struct Searched {
    api: Api,
    reader: Reader,
    _directory: TempDir,
}

impl Searched {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let search = Arc::new(Search::open(&directory.path().join(Search::FILE)).unwrap());
        let finder = search.clone();
        let set = |setup: &mut Setup| setup.finder = Some(finder);
        let api = Api::start_on(store().await, set).await;
        let store = api.engine.core().store().clone();
        let reader = Reader::new(store, api.clock.clone(), search);
        Self { api, reader, _directory: directory }
    }

    /// Has the index read everything that happened.
    async fn catch_up(&self) {
        self.reader.catch_up(|_| {}).await.unwrap();
    }

    /// Submits a work item and returns its id.
    async fn submits(&self, subject: &str, queue: &str) -> String {
        let body = json!({"operationName": "Create", "channel": "workitem", "queueName": queue,
            "subject": subject, "userData": {"order": "A-4711"}});
        self.api.by("ada").post("/interactions", body).await.ok()["id"].as_str().unwrap().to_owned()
    }

    /// Lets kate accept and complete it.
    async fn finishes(&self, id: &str) {
        self.api.by("kate").does(id, json!({"operationName": "Accept"})).await.ok();
        self.api.by("kate").does(id, json!({"operationName": "Complete"})).await.ok();
    }

    async fn list(&self, name: &str, query: &str) -> Value {
        self.catch_up().await;
        self.api.by(name).get(&format!("/interactions?{query}")).await.ok()
    }

    /// Returns the ids of all that a query finds, page by page.
    async fn ids(&self, name: &str, query: &str) -> Vec<String> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.list(name, &format!("fields=id&{query}{cursor}")).await;
            let items = page["interactions"].as_array().unwrap();
            found.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["nextCursor"].as_str() else { return found };
            cursor = format!("&cursor={next}");
        }
    }
}

#[tokio::test]
async fn finished_work_is_found_and_says_where_and_when() {
    let searched = Searched::start().await;
    searched.api.ready("kate").await;
    let id = searched.submits("Broken kettle", "tasks").await;
    searched.api.engine.workers().router().route().await.unwrap();
    searched.finishes(&id).await;
    let page = searched.list("vera", "fields=*&search=KETTLE%20a-47").await;
    let found = &page["interactions"][0];
    let kate = searched.api.user_id("kate").to_string();
    has(found, json!({"id": id, "state": "Completed", "assignedTo": null, "handledBy": kate}));
    assert!(found["endedDate"].as_str().unwrap().starts_with("2026-01-09 12:00:00"));
    let expected = json!([
        {"field": "subject", "text": "Broken kettle", "ranges": [[7, 13]]},
        {"field": "userData", "text": "A-4711", "ranges": [[0, 6]]},
    ]);
    assert_eq!(found["highlights"], expected);
    assert_eq!((page.get("behind"), page.get("nextCursor")), (None, None));
    for query in ["search=kettle&state=Completed", "state=Completed", "from=2026-01-09"] {
        assert_eq!(searched.ids("vera", query).await, std::slice::from_ref(&id), "{query}");
    }
    let owner = format!("state=Completed&assignedTo={kate}");
    assert_eq!(searched.ids("vera", &owner).await, std::slice::from_ref(&id));
    let ben = format!("state=Completed&assignedTo={}", searched.api.user_id("ben"));
    for query in [
        "search=kettle&state=Canceled",
        "search=kettle&state=Queued",
        "search=kettle&channel=chat",
        "search=kettle&currentQueue=sales",
        "search=kettle&currentQueue=none",
        "search=kettle&from=2026-01-10",
        "search=kettle&to=2026-01-08",
        "search=kettle%20-broken",
        "search=%22kettle%20broken%22",
        &ben,
    ] {
        assert_eq!(searched.ids("vera", query).await, [""; 0], "{query}");
    }
    assert_eq!(searched.ids("vera", "fields=id").await, [""; 0], "what is active is as ever");
}

#[tokio::test]
async fn pages_join_without_gap_in_each_order() {
    let searched = Searched::start().await;
    searched.api.ready("kate").await;
    let mut all = Vec::new();
    for n in 0..7 {
        searched.api.clock.advance_ms(60_000);
        let id = searched.submits(&format!("Parcel {n}"), "tasks").await;
        searched.api.engine.workers().router().route().await.unwrap();
        searched.finishes(&id).await;
        all.push(id);
    }
    let oldest = "search=parcel&limit=2&sort=receivedDate";
    assert_eq!(searched.ids("vera", oldest).await, all);
    let middle =
        "search=parcel&limit=2&sort=receivedDate&from=2026-01-09T12:02:00Z&to=2026-01-09T12:04:00Z";
    assert_eq!(searched.ids("vera", middle).await, all[1..3]);
    let ended = "state=Completed&from=2026-01-09T12:02:00Z&to=2026-01-09T12:04:00Z";
    let mut reversed = all.clone();
    reversed.reverse();
    assert_eq!(searched.ids("vera", ended).await, reversed[4..6]);
    for query in [
        "search=parcel&limit=2",
        "search=parcel%20ord%20-xyz&limit=3",
        "state=Completed&limit=2",
        "sort=-endedDate&limit=3",
        "sort=-receivedDate&limit=1",
    ] {
        let query = query.replace("%20ord", "%204711");
        assert_eq!(searched.ids("vera", &query).await, reversed, "{query}");
        assert_eq!(searched.ids("kate", &query).await, reversed, "{query}, as an agent");
    }
}

#[tokio::test]
async fn nobody_finds_what_they_do_not_see() {
    let searched = Searched::start().await;
    searched.api.ready("kate").await;
    let own = searched.submits("Secret kettle", "tasks").await;
    searched.api.engine.workers().router().route().await.unwrap();
    searched.api.clock.advance_ms(1);
    let sales = searched.submits("Secret toaster", "sales").await;
    let query = "search=secret&fields=id";
    for (name, expected) in [
        ("kate", vec![&own]),
        ("ben", vec![&own]),
        ("mia", vec![&sales]),
        ("sam", vec![&sales, &own]),
        ("ada", vec![&sales, &own]),
        ("intake", vec![]),
        ("zoe", vec![]),
    ] {
        assert_eq!(
            searched.ids(name, query).await,
            expected.into_iter().cloned().collect::<Vec<_>>(),
            "{name}"
        );
    }
    searched.finishes(&own).await;
    // Whom it concerned has it in sight for a day, as everywhere.
    assert_eq!(searched.ids("kate", query).await, std::slice::from_ref(&own));
    assert_eq!(searched.ids("ben", query).await, [""; 0]);
    assert_eq!(searched.ids("ben", "state=Completed").await, [""; 0]);
    searched.api.clock.advance_ms(24 * 60 * 60 * 1_000 + 1);
    assert_eq!(searched.ids("kate", query).await, [""; 0]);
    assert_eq!(searched.ids("kate", "state=Completed").await, [""; 0]);
    assert_eq!(searched.ids("vera", query).await, [sales.clone(), own.clone()]);
    // What a server submitted it keeps in sight.
    let body = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks",
        "subject": "Secret fan"});
    let made = searched.api.by("intake").post("/interactions", body).await.ok();
    let made = made["id"].as_str().unwrap().to_owned();
    assert_eq!(searched.ids("intake", query).await, [made]);
}

#[tokio::test]
async fn what_supervisors_alone_see_is_found_by_them_alone() {
    let searched = Searched::start().await;
    let api = &searched.api;
    api.ready("kate").await;
    api.listen("sam").await;
    api.start_session("sam").await;
    let customer = Customer::with(api, "kate").await;
    let id = customer.id.as_str();
    customer.says("Where is my lawnmower?").await;
    let intrude = op("Intrude", json!({"supervisorVisibilityMode": "Monitor"}));
    let path = format!("/users/{}/chats/{id}", api.user_id("kate"));
    api.by("sam").post(&path, intrude).await.ok();
    api.by("sam").post(&format!("/me/chats/{id}"), op("Accept", json!({}))).await.ok();
    let note = json!({"text": "She is unfriendly", "visibility": "Supervisors"});
    api.by("sam").does(id, op("Send", note)).await.ok();
    for (name, words, is_found) in [
        ("kate", "lawnmower", true),
        ("kate", "unfriendly", false),
        ("kate", "lawnmower%20-unfriendly", true),
        ("sam", "lawnmower%20unfriendly", true),
    ] {
        let found = searched.list(name, &format!("fields=*&search={words}")).await;
        let found = found["interactions"].as_array().unwrap();
        assert_eq!(found.len(), usize::from(is_found), "{name} {words}");
        assert!(name == "sam" || !json!(found).to_string().contains("unfriendly"));
    }
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused() {
    let searched = Searched::start().await;
    let long = format!("search={}", "x".repeat(201));
    let many = format!("search={}", "x%20".repeat(13));
    for query in [
        "search=",
        "search=%21%21",
        "search=-gone",
        "search=%22%22",
        "sort=size",
        "search=x&sort=-endedDate",
        "from=yesterday",
        "to=",
        "search=x&search=y",
        "from=2026-01-01&from=2026-01-02",
        "search=x&assignedTo=a&assignedTo=b",
        "search=x&cursor=AAAA",
        "search=x&limit=0",
        "colour=red",
        &long,
        &many,
    ] {
        searched.api.by("sam").get(&format!("/interactions?{query}")).await.refused(400, 10);
    }
    let ended = "state=Completed&cursor=NQ"; // "5", of a search by words.
    searched.api.by("sam").get(&format!("/interactions?{ended}")).await.refused(400, 10);
    let without = Api::start().await;
    without.by("sam").get("/interactions?search=x").await.refused(503, 4);
}

/// An answer of an index that has not read the log says so, and finds what it has.
#[tokio::test]
async fn an_index_that_is_behind_says_so() {
    let searched = Searched::start().await;
    searched.submits("Broken kettle", "tasks").await;
    searched.catch_up().await;
    let by = searched.api.by("sam");
    assert_eq!(by.get("/interactions?search=kettle").await.ok().get("behind"), None);
    let id = searched.submits("Broken toaster", "tasks").await;
    let page = by.get("/interactions?search=broken").await.ok();
    assert_eq!((page["uris"].as_array().unwrap().len(), &page["behind"]), (1, &json!(true)));
    // Whoever asks waits for an index that is on its way.
    let asked = by.get("/interactions?search=toaster&fields=id");
    let (page, ()) = tokio::join!(asked, searched.catch_up());
    let page = page.ok();
    assert_eq!((&page["interactions"], page.get("behind")), (&json!([{ "id": id }]), None));
}
