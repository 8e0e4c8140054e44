//! What all changes of a contact center by its admins have in common, with skills and groups, which
//! have nothing else.

use axum::http::Method;
use handoff_domain::event::{Cause, DirectoryChange, DirectoryItem};
use handoff_domain::{Fact, Role, User};
use handoff_store::{ChangeSet, Key, Put, Record, SubjectKey};
use serde_json::{Value, json};

use crate::api::{Api, Client, has};

impl Client<'_> {
    /// Makes something; returns its path.
    pub(crate) async fn makes(&self, list: &str, body: Value) -> String {
        let made = self.post(list, body).await.ok();
        let path = made["path"].as_str().unwrap().to_owned();
        let id = made["id"].as_str().unwrap();
        assert_eq!(path, format!("{list}/{id}"));
        assert_eq!(made["uri"], format!("http://127.0.0.1:8090/api/v2{path}"));
        path
    }

    /// Reads the one resource that stands at a path.
    pub(crate) async fn reads(&self, path: &str) -> Value {
        let mut all = self.get(path).await.ok();
        let object = all.as_object_mut().unwrap();
        object.remove("statusCode");
        assert_eq!(object.len(), 1, "{object:?}");
        object.values().next().unwrap().clone()
    }
}

#[tokio::test]
async fn skills_and_groups_are_made_changed_and_removed() {
    let api = Api::start().await;
    let ada = api.by("ada");
    for list in ["/skills", "/groups"] {
        let path = ada.makes(list, json!({"name": "Danish", "description": "unknown here"})).await;
        has(&ada.reads(&path).await, json!({"name": "Danish", "version": 1}));
        assert_eq!(ada.put(&path, json!({"name": "dansk"})).await.text, r#"{"statusCode":0}"#);
        ada.post(&path, json!({})).await.ok();
        has(&ada.reads(&path).await, json!({"name": "dansk", "version": 2}));
        let found = ada.get(&format!("{list}?fields=version&name=dansk")).await.ok();
        assert_eq!(found[&list[1..]], json!([{"version": 2}]));
        ada.delete(&path).await.ok();
        ada.get(&path).await.refused(404, 6);
        for again in [ada.delete(&path).await, ada.put(&path, json!({"name": "x"})).await] {
            again.refused(404, 6);
        }
    }
}

#[tokio::test]
async fn what_a_skill_or_a_group_cannot_be_is_refused() {
    let api = Api::start().await;
    let ada = api.by("ada");
    for (list, taken) in [("/skills", "billing"), ("/groups", "Sales")] {
        let path = ada.makes(list, json!({"name": "one"})).await;
        let table = [
            (json!({"name": taken}), 409, 18),
            (json!({"name": " "}), 400, 10),
            (json!({"name": "two\nlines"}), 400, 10),
            (json!({"name": "n".repeat(256)}), 400, 10),
            (json!({"name": 7}), 400, 10),
        ];
        for (body, status, code) in table {
            ada.post(list, body.clone()).await.refused(status, code);
            ada.put(&path, body.clone()).await.refused(status, code);
        }
        ada.post(list, json!({"description": "x"})).await.refused(400, 1);
        for body in [json!({"id": "x"}), json!({"uri": "x"}), json!({"path": "x"})] {
            ada.put(&path, body).await.refused(400, 11);
        }
        has(&ada.reads(&path).await, json!({"name": "one", "version": 1}));
        ada.put(&path, ada.reads(&path).await).await.ok();
    }
}

#[tokio::test]
async fn what_is_referred_to_is_not_removed() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let path_of = async |list: &str, name: &str| {
        let found = ada.get(&format!("{list}?fields=path&name={name}")).await.ok();
        found[&list[1..]][0]["path"].as_str().unwrap().to_owned()
    };
    let queue = format!("/queues/{}", api.queue_id("parking"));
    for (list, name) in [("/skills", "billing"), ("/groups", "Support")] {
        let path = path_of(list, name).await;
        let why = ada.delete(&path).await.refused(409, 19);
        assert!(why.contains("the user \"kate\""), "{why}");
    }
    let skill = ada.makes("/skills", json!({"name": "juggling"})).await;
    let group = ada.makes("/groups", json!({"name": "Circus"})).await;
    let step = json!({"steps": [{"after": 9, "groups": ["Circus"], "skills": {"juggling": 1}}]});
    ada.put(&queue, step).await.ok();
    for path in [&skill, &group] {
        let why = ada.delete(path).await.refused(409, 19);
        assert!(why.contains("the queue \"parking\""), "{why}");
    }
    ada.put(&queue, json!({"steps": []})).await.ok();
    for path in [&skill, &group] {
        ada.delete(path).await.ok();
    }
}

#[tokio::test]
async fn a_repeated_request_makes_one_thing_and_gets_the_first_answer() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let send = async |method: Method, path: &str, body: Value| {
        let body = (!body.is_null()).then(|| body.to_string());
        ada.send(method, path, body, &[("idempotency-key", "k")]).await
    };
    for list in ["/skills", "/groups"] {
        let body = json!({"name": "one"});
        let first = send(Method::POST, list, body.clone()).await;
        assert_eq!(send(Method::POST, list, body).await.text, first.text);
        send(Method::POST, list, json!({"name": "two"})).await.refused(409, 2);
        let path = first.ok()["path"].as_str().unwrap().to_owned();
        let body = json!({"name": "another"});
        send(Method::PUT, &path, body.clone()).await.ok();
        ada.put(&path, json!({"name": "third"})).await.ok();
        send(Method::PUT, &path, body).await.ok();
        has(&ada.reads(&path).await, json!({"name": "third"}));
        send(Method::PUT, &path, json!({"name": "fourth"})).await.refused(409, 2);
        send(Method::DELETE, &path, Value::Null).await.ok();
        send(Method::DELETE, &path, Value::Null).await.ok();
        ada.delete(&path).await.refused(404, 6);
    }
}

#[tokio::test]
async fn of_two_who_read_the_same_the_second_is_told() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let path = format!("/queues/{}", api.queue_id("tasks"));
    let (first, second) = (ada.reads(&path).await, ada.reads(&path).await);
    let with = |read: &Value, priority: i64| {
        let mut read = read.clone();
        read["priority"] = json!(priority);
        read
    };
    ada.put(&path, with(&first, 1)).await.ok();
    let why = ada.put(&path, with(&second, 2)).await.refused(409, 2);
    assert!(why.contains("version"), "{why}");
    assert_eq!(ada.reads(&path).await["priority"], 1);
    // Whoever names no version changes what they name, whatever else changed.
    let (one, other) = tokio::join!(
        ada.put(&path, json!({"inviteTimeout": 45})),
        ada.put(&path, json!({"skills": {"english": 2}}))
    );
    one.ok();
    other.ok();
    has(
        &ada.reads(&path).await,
        json!({"priority": 1, "inviteTimeout": 45, "skills": {"english": 2}}),
    );
}

#[tokio::test]
async fn whoever_is_no_admin_any_more_changes_nothing() {
    let api = Api::start().await;
    let (core, id) = (api.engine.core(), api.user_id("ada"));
    let directory = core.directory();
    let agent = User { roles: [Role::Agent].into(), ..User::clone(&directory.users[&id]) };
    let put = Put { record: Record::User(agent), expected: directory.version(&Key::User(id)) };
    core.store().commit(ChangeSet { puts: vec![put], ..ChangeSet::default() }).await.unwrap();
    api.by("ada").post("/skills", json!({"name": "x"})).await.refused(403, 5);
}

#[tokio::test]
async fn each_change_is_in_the_log_with_who_made_it() {
    let api = Api::start().await;
    let path = api.by("ada").makes("/skills", json!({"name": "x"})).await;
    api.by("ada").put(&path, json!({"name": "x"})).await.ok();
    let log = api.engine.core().store().log_after(0, 1_000).await.unwrap();
    let of_center = log.items.into_iter().filter(|it| matches!(it.subject, SubjectKey::Center(_)));
    let entries: Vec<_> = of_center.map(|it| (it.cause, it.facts)).collect();
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let fact =
        Fact::DirectoryChanged { what: DirectoryItem::Skill(id), how: DirectoryChange::Added };
    assert_eq!(
        entries,
        [(Cause::User(api.user_id("ada")), vec![fact])],
        "what is so changes nothing"
    );
}
