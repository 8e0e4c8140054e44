//! Statistics: what is counted, for whom, and how it is shown.

use std::sync::Arc;

use axum::http::Method;
use handoff_api::Setup;
use handoff_projections::{Counters, Reader};
use handoff_store::{ChangeSet, MemoryStore, Put, Record, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::{Api, Reply, has, store};
use crate::customer::{Customer, op};

/// An API that counts.
struct Counted {
    api: Api,
    reader: Reader,
    _directory: TempDir,
}

/// A store whose first contact center has days of a zone.
async fn in_zone(zone: &str) -> Arc<MemoryStore> {
    let store = store().await;
    let center = store.load_one(&handoff_store::Key::Center(crate::api::DEMO)).await.unwrap();
    let center = center.unwrap();
    let Record::Center(mut zoned) = center.value else { unreachable!() };
    zoned.time_zone = Some(zone.to_owned());
    let puts = vec![Put { record: Record::Center(zoned), expected: center.version }];
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    store
}

impl Counted {
    async fn start(store: Arc<MemoryStore>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let counters = Arc::new(Counters::open(&directory.path().join(Counters::FILE)).unwrap());
        let statistics = counters.clone();
        let set = |setup: &mut Setup| setup.statistics = Some(statistics);
        let api = Api::start_on(store, set).await;
        let store = api.engine.core().store().clone();
        let reader = Reader::new(store, api.clock.clone(), counters);
        Self { api, reader, _directory: directory }
    }

    async fn asks(&self, name: &str, query: &str) -> Reply {
        self.reader.catch_up(|_| {}).await.unwrap();
        self.api.by(name).get(&format!("/center/statistics?{query}")).await
    }

    async fn rows(&self, query: &str) -> Vec<Value> {
        let answer = self.asks("vera", query).await.ok();
        assert_eq!(answer["behind"], false);
        answer["statistics"].as_array().unwrap().clone()
    }

    async fn table(&self, query: &str) -> Reply {
        self.reader.catch_up(|_| {}).await.unwrap();
        let path = format!("/center/statistics?{query}");
        let accept = [("accept", "text/html, text/csv;q=0.9")];
        self.api.by("ada").send(Method::GET, &path, None, &accept).await
    }

    /// Half an hour: a customer gives up, kate takes a work item in time, answers a chat and takes
    /// another work item late, which she hands over to ben.
    async fn works(&self) {
        let api = &self.api;
        let ada = api.by("ada");
        let queue = format!("/queues/{}", api.queue_id("tasks"));
        ada.put(&queue, json!({"answerTarget": 20})).await.ok();
        let solved = json!({"key": "solved", "displayName": "=Solved, at last"});
        ada.post("/settings/dispositions", solved).await.ok();
        let impatient = Customer::begin(api).await;
        api.clock.advance_ms(5_000);
        impatient.does("disconnect", &[]).await;
        api.ready("kate").await;
        let first = api.submitted("workitem", "tasks").await;
        api.clock.advance_ms(8_000);
        self.takes("kate", &first).await;
        api.clock.advance_ms(100_000);
        self.completes("kate", &first, Some("solved")).await;
        let customer = Customer::with(api, "kate").await;
        api.clock.advance_ms(3_500);
        let hello = op("SendMessage", json!({"text": "Hello"}));
        api.by("kate").post(&format!("/me/chats/{}", customer.id), hello).await.ok();
        self.completes("kate", &customer.id, None).await;
        let second = api.submitted("workitem", "tasks").await;
        api.clock.advance_ms(40_000);
        self.takes("kate", &second).await;
        api.ready("ben").await;
        api.by("kate").does(&second, op("Transfer", json!({"userName": "ben"}))).await.ok();
        self.takes("ben", &second).await;
        self.completes("ben", &second, Some("in my own words")).await;
    }

    async fn completes(&self, name: &str, id: &str, disposition: Option<&str>) {
        let agent = self.api.by(name);
        if let Some(key) = disposition {
            agent.does(id, op("SetDisposition", json!({"disposition": key}))).await.ok();
        }
        agent.does(id, op("Complete", json!({}))).await.ok();
    }

    async fn takes(&self, name: &str, id: &str) {
        self.api.engine.workers().router().route().await.unwrap();
        self.api.by(name).does(id, op("Accept", json!({}))).await.ok();
    }
}

fn row<'a>(rows: &'a [Value], name: &str) -> &'a Value {
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {rows:?}"))
}

#[tokio::test]
async fn what_happened_is_counted_for_everything_that_it_was_of() {
    let counted = Counted::start(store().await).await;
    counted.works().await;
    let all = &counted.rows("").await;
    assert_eq!(all.len(), 1);
    has(
        &all[0],
        json!({
            "arrived": 4, "entered": 4, "offered": 3, "accepted": 3, "rejected": 0, "timedOut": 0,
            "withdrawn": 0, "abandoned": 1, "completed": 3, "transferredIn": 1,
            "transferredOut": 1, "serviceLevel": {"counted": 2, "within": 1, "share": 0.5},
        }),
    );
    let queues = &counted.rows("by=queue").await;
    assert_eq!(queues.len(), 2);
    let tasks = row(queues, "tasks");
    has(tasks, json!({"id": counted.api.queue_id("tasks"), "arrived": 2, "abandoned": 0}));
    has(
        &tasks["wait"],
        json!({"count": 2, "sumSeconds": 48, "averageSeconds": 24, "maxSeconds": 40,
            "medianSeconds": 10, "p90Seconds": 40, "p95Seconds": 40}),
    );
    let chats = row(queues, "support-chat");
    has(chats, json!({"arrived": 2, "abandoned": 1, "accepted": 1}));
    has(&chats["serviceLevel"], json!({"counted": 0, "within": 0, "share": null}));
    has(&chats["firstAnswer"], json!({"count": 1, "sumSeconds": 3.5, "p90Seconds": 3.5}));
    let agents = &counted.rows("by=agent").await;
    let (kate, ben) = (row(agents, "kate"), row(agents, "ben"));
    has(kate, json!({"accepted": 3, "completed": 2, "transferredOut": 1, "transferredIn": 0}));
    has(&kate["handling"], json!({"count": 3, "sumSeconds": 103.5, "medianSeconds": 5}));
    has(ben, json!({"offered": 1, "accepted": 1, "completed": 1, "transferredIn": 1}));
    assert_eq!(ben["wait"]["maxSeconds"], Value::Null);
    let groups = &counted.rows("by=group").await;
    assert_eq!(groups.len(), 1);
    has(row(groups, "Support"), json!({"accepted": 4, "completed": 3}));
    let channels = &counted.rows("by=channel").await;
    assert_eq!(channels.iter().map(|row| &row["name"]).collect::<Vec<_>>(), ["chat", "workitem"]);
    let services = &counted.rows("by=service").await;
    has(row(services, "customer-support"), json!({"arrived": 2, "abandoned": 1}));
    let dispositions = &counted.rows("by=disposition").await;
    has(row(dispositions, "=Solved, at last"), json!({"id": "solved", "completed": 1}));
    has(row(dispositions, "others"), json!({"id": null, "completed": 1}));
    // What is gone keeps its figures, by its id.
    let ben = counted.api.user_id("ben").to_string();
    counted.api.by("ada").delete(&format!("/users/{ben}")).await.ok();
    has(row(&counted.rows("by=agent").await, &ben), json!({"id": ben, "accepted": 1}));
}

#[tokio::test]
async fn hours_and_days_are_the_centers() {
    // Three quarters of an hour beside full hours; noon in UTC is 17:45.
    let counted = Counted::start(in_zone("Asia/Kathmandu").await).await;
    counted.api.submitted("workitem", "tasks").await;
    counted.api.clock.advance_ms(16 * 60_000);
    counted.api.submitted("workitem", "tasks").await;
    counted.api.clock.advance_ms(6 * 3_600_000);
    counted.api.submitted("workitem", "tasks").await;
    let begins = async |query: &str| -> Vec<String> {
        let rows = counted.rows(query).await;
        rows.iter().map(|row| row["begins"].as_str().unwrap().to_owned()).collect()
    };
    let hours = ["2026-01-09T11:15:00Z", "2026-01-09T12:15:00Z", "2026-01-09T18:15:00Z"];
    assert_eq!(begins("by=queue,hour&from=2026-01-09").await, hours);
    let quarters = ["2026-01-09T12:00:00Z", "2026-01-09T12:15:00Z", "2026-01-09T18:15:00Z"];
    assert_eq!(begins("by=quarterHour&from=2026-01-09").await, quarters);
    let days = ["2026-01-08T18:15:00Z", "2026-01-09T18:15:00Z"];
    assert_eq!(begins("by=day&from=2026-01-09").await, days);
    assert_eq!(begins("by=day").await, days[1..], "today");
    let answer = counted.asks("vera", "by=day,queue&from=2025-01-01&to=1767960000000").await.ok();
    let told = json!({"from": "2024-12-31T18:15:00Z", "to": "2026-01-09T18:15:00Z",
        "timeZone": "Asia/Kathmandu", "by": ["queue", "day"]});
    has(&answer, told);
    // Of old times there are days alone, so that none is cut.
    let answer = counted.asks("vera", "from=2025-01-01T12:00:00Z&to=2026-01-09T12:14:00Z").await;
    let told = json!({"from": "2024-12-31T18:15:00Z", "to": "2026-01-09T18:15:00Z", "by": []});
    has(&answer.ok(), told);
}

#[tokio::test]
async fn a_table_is_for_spreadsheets() {
    let counted = Counted::start(store().await).await;
    counted.works().await;
    let table = counted.table("by=disposition").await;
    assert_eq!(table.status.as_u16(), 200);
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8; header=present");
    let name = "attachment; filename=\"statistics-2026-01-09.csv\"";
    assert_eq!(table.headers["content-disposition"], name);
    let lines: Vec<&str> = table.text.split("\r\n").collect();
    assert!(lines[0].starts_with("begins,id,name,arrived,entered,offered,accepted,rejected"));
    assert!(lines[1].starts_with(",solved,\"'=Solved, at last\",0,0,0,0,0,0,0,0,1,0,0,"));
    assert!(lines[2].starts_with(",,others,0,"));
    assert_eq!((lines.len(), lines[3]), (4, ""));
    assert!(lines[..3].iter().all(|line| line.matches(',').count() >= 37));
    counted.table("by=nothing").await.refused(400, 10);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_what_to_send() {
    let counted = Counted::start(store().await).await;
    for (query, says) in [
        ("by=week", "one or two of queue, agent"),
        ("by=queue,agent", "one thing and one time"),
        ("by=hour,day", "one thing and one time"),
        ("by=queue&by=agent", "Say by once"),
        ("from=yesterday", "parameter from must be a day"),
        ("to=-1", "parameter to must be a day"),
        ("to=99999999999999999", "parameter to must be a day"),
        ("from=2026-01-09&to=2026-01-09", "must be before to"),
        ("from=2025-10-01&by=hour", "ask by day"),
        ("from=1900-01-01&by=day", "more than 10000 rows"),
        ("queue=tasks", "queue"),
    ] {
        let sentence = counted.asks("vera", query).await.refused(400, 10);
        assert!(sentence.contains(says), "{query}: {sentence}");
    }
    counted.asks("kate", "").await.refused(403, 5);
    counted.asks("intake", "").await.refused(403, 5);
    counted.works().await;
    let other = counted.asks("zoe", "by=queue").await.ok();
    assert_eq!(other["statistics"], json!([]), "those of another center");
    let without = Api::start().await;
    without.by("vera").get("/center/statistics").await.refused(503, 4);
}

#[tokio::test]
async fn an_answer_says_that_it_is_behind() {
    let counted = Counted::start(store().await).await;
    counted.asks("vera", "").await.ok();
    counted.api.submitted("workitem", "tasks").await;
    let answer = counted.api.by("vera").get("/center/statistics").await.ok();
    assert_eq!((&answer["behind"], &answer["statistics"]), (&json!(true), &json!([])));
}
