//! Users, queues and workbins as admins make, change and remove them; mailboxes as they see them.

use axum::http::Method;
use handoff_domain::{CenterId, MailboxId, QueueId};
use handoff_store::{
    ChangeSet, MailLogin, MailSecurity, Mailbox, Put, Record, SecretPlace, SmtpRelay, Store as _,
    WayOut,
};
use handoff_testkit::Call;
use serde_json::{Value, json};

use crate::api::{Api, Client, Reply, has, store};

/// A password that nobody tries first.
const FIRST: &str = "correct horse 7";
const SECOND: &str = "battery staple 8";

async fn calls(
    api: &Api,
    user: &str,
    password: &str,
    method: Method,
    path: &str,
    body: Value,
) -> Reply {
    let call = Call::new(method, path).by(user, password);
    api.calls(if body.is_null() { call } else { call.json(body.to_string()) }).await
}

async fn reads_as(api: &Api, user: &str, password: &str, path: &str) -> Reply {
    calls(api, user, password, Method::GET, path, Value::Null).await
}

fn of(api: &Api, user: &str) -> String {
    format!("/users/{}", api.user_id(user))
}

#[tokio::test]
async fn a_user_is_made_changed_and_removed() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let body = json!({
        "userName": "lea", "password": FIRST, "firstName": "Lea", "lastName": "Holm",
        "nickname": "Lea H.", "emailAddress": "lea@demo.example", "roles": ["ROLE_AGENT"],
        "groups": ["Support"], "skills": {"billing": 3}, "capacity": {"chat": 1, "overall": 4},
    });
    let path = ada.makes("/users", body).await;
    let shown = ada.reads(&format!("{path}?subresources=*")).await;
    has(
        &shown,
        json!({"userName": "lea", "firstName": "Lea", "nickname": "Lea H.", "enabled": true}),
    );
    has(
        &shown,
        json!({"roles": ["ROLE_AGENT"], "capacity": {"chat": 1, "overall": 4}, "version": 1}),
    );
    has(&shown["groups"][0], json!({"name": "Support"}));
    has(&shown["skills"][0], json!({"name": "billing", "level": "3"}));
    assert!(!shown.to_string().contains("argon2"), "{shown}");
    assert_eq!(reads_as(&api, "lea", FIRST, "/me").await.ok()["user"]["lastName"], "Holm");
    ada.put(&path, json!({"roles": ["supervisor"], "nickname": "", "groups": []})).await.ok();
    ada.post(&path, json!({"userName": "lea2"})).await.ok();
    let shown = ada.reads(&format!("{path}?subresources=*")).await;
    has(&shown, json!({"userName": "lea2", "roles": ["ROLE_SUPERVISOR"], "nickname": null}));
    has(&shown, json!({"groups": [], "lastName": "Holm", "version": 3}));
    ada.put(&path, shown).await.ok();
    reads_as(&api, "lea", FIRST, "/me").await.refused(401, 20);
    reads_as(&api, "lea2", FIRST, "/me").await.ok();
    ada.delete(&path).await.ok();
    reads_as(&api, "lea2", FIRST, "/me").await.refused(401, 20);
    ada.get(&path).await.refused(404, 6);
}

#[tokio::test]
async fn what_a_user_cannot_be_is_refused() {
    let api = Api::start().await;
    let (ada, path) = (api.by("ada"), of(&api, "kate"));
    let before = ada.reads(&path).await;
    let table = [
        (json!({"userName": "ben"}), 409, 18),
        (json!({"userName": "zoe"}), 409, 18),
        (json!({"userName": " "}), 400, 10),
        (json!({"userName": "a:b"}), 400, 10),
        (json!({"nickname": "n".repeat(300)}), 400, 10),
        (json!({"roles": ["ROLE_KING"]}), 400, 10),
        (json!({"groups": ["Nobody"]}), 404, 6),
        (json!({"skills": {"juggling": 1}}), 404, 6),
        (json!({"skills": [{"name": "billing"}]}), 400, 1),
        (json!({"capacity": {"pigeon": 1}}), 404, 6),
        (json!({"password": "short"}), 400, 10),
        (json!({"password": "password123"}), 400, 10),
        (json!({"version": 9}), 409, 2),
        (json!({"id": "x"}), 400, 11),
    ];
    for (body, status, code) in table {
        ada.put(&path, body.clone()).await.refused(status, code);
        assert_eq!(ada.reads(&path).await, before, "{body}");
    }
    ada.post("/users", json!({"firstName": "x"})).await.refused(400, 1);
    ada.post("/users", json!({"userName": "kate"})).await.refused(409, 18);
}

#[tokio::test]
async fn somebody_is_left_who_may_change_the_center() {
    let api = Api::start().await;
    let (ada, path) = (api.by("ada"), of(&api, "ada"));
    for body in [json!({"enabled": false}), json!({"roles": ["agent"]})] {
        let why = ada.put(&path, body).await.refused(409, 2);
        assert!(why.contains("last admin"), "{why}");
    }
    ada.delete(&path).await.refused(409, 2);
    ada.put(&of(&api, "sam"), json!({"roles": ["agent", "supervisor", "admin"]})).await.ok();
    ada.delete(&path).await.ok();
    api.by("sam").get("/users").await.ok();
}

#[tokio::test]
async fn whoever_gets_a_password_from_an_admin_chooses_one_first() {
    let api = Api::start().await;
    let path = of(&api, "kate");
    api.by("kate").get("/me").await.ok();
    let reset = json!({"password": FIRST, "changePasswordOnFirstLogin": true});
    api.by("ada").put(&path, reset).await.ok();
    api.by("kate").get("/me").await.refused(401, 20);
    let me = reads_as(&api, "kate", FIRST, "/me").await.ok();
    assert_eq!(me["user"]["changePasswordOnFirstLogin"], true);
    for other in ["/users", "/me/channels", "/interactions"] {
        let why = reads_as(&api, "kate", FIRST, other).await.refused(403, 8);
        assert!(why.contains("ChangePassword"), "{why}");
    }
    let post = async |password: &str, body: Value| {
        calls(&api, "kate", password, Method::POST, "/me", body).await
    };
    post(FIRST, json!({"operationName": "Ready"})).await.refused(403, 8);
    let wish = json!({"operationName": "ChangePassword", "password": FIRST, "newPassword": SECOND});
    post(FIRST, wish).await.ok();
    reads_as(&api, "kate", SECOND, "/users").await.ok();
    let me = reads_as(&api, "kate", SECOND, "/me").await.ok();
    assert_eq!(me["user"]["changePasswordOnFirstLogin"], false);
}

#[tokio::test]
async fn a_password_is_measured_by_whose_it_is_and_leaves_nothing_to_guess_at() {
    let api = Api::start().await;
    let ada = api.by("ada");
    ada.put(&of(&api, "kate"), json!({"lastName": "Winterbottom"})).await.ok();
    let named = json!({"password": "Winterbottom7"});
    let why = ada.put(&of(&api, "kate"), named).await.refused(400, 10);
    assert!(why.contains("name"), "{why}");
    let twice = async |body: Value| {
        let headers = [("idempotency-key", "secret")];
        ada.send(Method::POST, "/users", Some(body.to_string()), &headers).await
    };
    twice(json!({"userName": "lea", "password": FIRST})).await.ok();
    // With a receipt of the first one it were code 2.
    twice(json!({"userName": "lars", "password": SECOND})).await.ok();
    twice(json!({"userName": "lea", "password": FIRST})).await.refused(409, 18);
}

#[tokio::test]
async fn an_admin_who_cannot_sign_in_is_no_other_admin() {
    let api = Api::start().await;
    let ada = api.by("ada");
    ada.post("/users", json!({"userName": "boss", "roles": ["admin"]})).await.ok();
    ada.put(&of(&api, "ada"), json!({"enabled": false})).await.refused(409, 2);
}

#[tokio::test]
async fn skills_of_a_user_are_given_and_taken_one_by_one_or_all_at_once() {
    let api = Api::start().await;
    let (ada, skills) = (api.by("ada"), format!("{}/skills", of(&api, "ben")));
    let has_now = async || {
        let list = ada.get(&format!("{skills}?fields=name,level")).await.ok();
        let list = list["skills"].as_array().unwrap().clone();
        let text = |skill: &Value, name: &str| skill[name].as_str().unwrap().to_owned();
        list.iter().map(|it| text(it, "name") + &text(it, "level")).collect::<Vec<_>>()
    };
    let new = ada.makes("/skills", json!({"name": "zulu"})).await;
    let id = new.rsplit('/').next().unwrap();
    ada.post(&skills, json!({"name": "zulu", "level": "7"})).await.ok();
    assert!(has_now().await.contains(&"zulu7".to_owned()));
    ada.post(&skills, json!({"uri": format!("http://x/api/v2{new}"), "level": 8})).await.ok();
    ada.put(&format!("{skills}/{id}"), json!({"level": 9})).await.ok();
    assert!(has_now().await.contains(&"zulu9".to_owned()));
    ada.delete(&new).await.refused(409, 19);
    ada.delete(&format!("{skills}/{id}")).await.ok();
    ada.delete(&format!("{skills}/{id}")).await.refused(404, 6);
    ada.put(&skills, json!({"skills": {"zulu": 1}})).await.ok();
    assert_eq!(has_now().await, ["zulu1"]);
    ada.put(&skills, json!({"skills": []})).await.ok();
    assert!(has_now().await.is_empty());
    for (body, code) in [
        (json!({"name": "nothing", "level": 1}), 6),
        (json!({"id": "x", "level": 1}), 6),
        (json!({"name": "zulu"}), 1),
        (json!({"level": 1}), 1),
        (json!({"name": "zulu", "level": -1}), 10),
    ] {
        assert_eq!(ada.post(&skills, body).await.codes().1, code);
    }
    api.by("sam").post(&skills, json!({"name": "zulu", "level": 1})).await.refused(403, 5);
    api.by("zoe").post(&skills, json!({"name": "zulu", "level": 1})).await.refused(404, 6);
}

#[tokio::test]
async fn the_work_of_a_removed_user_goes_back() {
    let api = Api::start().await;
    let ada = api.by("ada");
    api.ready("kate").await;
    let owned = api.owned("kate", "workitem", "tasks").await;
    let kept = api.owned("kate", "workitem", "tasks").await;
    let put = json!({"operationName": "PlaceInWorkbin", "workbin": "In Progress"});
    api.by("kate").does(&kept, put).await.ok();
    let path = of(&api, "kate");
    let delete =
        async || ada.send(Method::DELETE, &path, None, &[("idempotency-key", "k")]).await.ok();
    delete().await;
    for id in [owned, kept] {
        has(&ada.sees(&id).await, json!({"state": "Queued", "currentQueue": "tasks"}));
    }
    delete().await;
    ada.delete(&path).await.refused(404, 6);
}

#[tokio::test]
async fn what_a_user_has_without_a_queue_keeps_them_unless_one_is_named() {
    let api = Api::start().await;
    let (ada, path) = (api.by("ada"), of(&api, "kate"));
    api.ready("kate").await;
    let letter = api.owned("kate", "email", "support-email").await;
    api.by("kate").does(&letter, json!({"operationName": "Reply"})).await.ok();
    let own = api.by("kate").get("/me/interactions?fields=id,state").await.ok();
    let is_draft = |one: &&Value| one["state"] == "Composing";
    let draft = own["interactions"].as_array().unwrap().iter().find(is_draft).unwrap();
    let draft = draft["id"].as_str().unwrap().to_owned();
    let why = ada.delete(&path).await.refused(409, 19);
    assert!(why.contains("1 of channel email") && why.contains("workTo"), "{why}");
    assert_eq!(ada.reads(&path).await["enabled"], true, "nothing was changed");
    ada.delete(&format!("{path}?workTo=nowhere")).await.refused(400, 10);
    ada.delete(&format!("{path}?workTo=support-email")).await.ok();
    has(&ada.sees(&draft).await, json!({"currentQueue": "support-email"}));
}

#[tokio::test]
async fn a_queue_is_made_and_removed_while_nothing_is_with_it() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let body = json!({
        "name": "night", "channel": "workitem", "groups": ["Support"], "skills": {"billing": 1},
        "priority": 3, "inviteTimeout": 45, "steps": [{"after": 60, "groups": ["Sales"]}],
    });
    let path = ada.makes("/queues", body.clone()).await;
    let shown = ada.reads(&path).await;
    has(
        &shown,
        json!({"name": "night", "channel": "workitem", "priority": 3, "inviteTimeout": 45}),
    );
    has(&shown, json!({"reofferAfter": 30, "groups": ["Support"], "version": 1}));
    ada.post("/queues", body).await.refused(409, 18);
    ada.post("/queues", json!({"name": "x"})).await.refused(400, 1);
    ada.post("/queues", json!({"name": "x", "channel": "voice"})).await.refused(400, 10);
    let id = api.submitted("workitem", "night").await;
    let why = ada.delete(&path).await.refused(409, 19);
    assert!(why.contains("1 of channel workitem"), "{why}");
    // What an agent has goes back to its queue when they are gone.
    api.ready("kate").await;
    api.engine.workers().router().route().await.unwrap();
    api.by("kate").does(&id, json!({"operationName": "Accept"})).await.ok();
    ada.delete(&path).await.refused(409, 19);
    api.by("kate").does(&id, json!({"operationName": "Complete"})).await.ok();
    ada.delete(&path).await.ok();
    ada.get(&path).await.refused(404, 6);
    let chats = format!("/queues/{}", api.queue_id("support-chat"));
    let why = ada.delete(&chats).await.refused(409, 19);
    assert!(why.contains("the service \"customer-support\""), "{why}");
    // Without its last queue there is no such channel, and nothing that somebody may have of it.
    let texts = format!("/queues/{}", api.queue_id("messages"));
    ada.put(&of(&api, "kate"), json!({"capacity": {"sms": 2}})).await.ok();
    let why = ada.delete(&texts).await.refused(409, 19);
    assert!(why.contains("the capacity of the user \"kate\""), "{why}");
    ada.put(&of(&api, "kate"), json!({"capacity": {}})).await.ok();
    ada.delete(&texts).await.ok();
}

#[tokio::test]
async fn a_workbin_is_made_renamed_and_removed_while_nothing_lies_in_it() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let team = json!({"name": "Night", "type": "AgentGroup", "group": "Support"});
    let path = ada.makes("/workbins", team.clone()).await;
    has(&ada.reads(&path).await, json!({"name": "Night", "group": "Support", "version": 1}));
    ada.post("/workbins", team).await.refused(409, 18);
    for (body, code) in [
        (json!({"name": "x"}), 1),
        (json!({"name": "x", "type": "Place"}), 10),
        (json!({"name": "x", "type": "Agent", "group": "Support"}), 10),
        (json!({"name": "x", "type": "AgentGroup"}), 10),
        (json!({"name": "x", "type": "AgentGroup", "group": "Nobody"}), 6),
    ] {
        assert_eq!(ada.post("/workbins", body.clone()).await.codes().1, code, "{body}");
    }
    ada.put(&path, json!({"name": "Day"})).await.ok();
    ada.put(&path, json!({"type": "Agent"})).await.refused(400, 11);
    ada.put(&path, json!({"group": "Sales"})).await.refused(400, 11);
    ada.put(&path, ada.reads(&path).await).await.ok();
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let put = json!({"operationName": "PlaceInWorkbin", "workbin": "Day"});
    api.by("kate").does(&id, put).await.ok();
    ada.delete(&path).await.refused(409, 19);
    let pull = json!({"operationName": "PullInteraction", "id": id});
    api.by("kate").post(&path, pull).await.ok();
    ada.delete(&path).await.ok();
    api.by("kate").get(&path).await.refused(404, 6);
}

#[tokio::test]
async fn a_workbin_of_each_agent_is_one_thing_under_the_id_of_every_copy() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let path = ada.makes("/workbins", json!({"name": "Later", "type": "Agent"})).await;
    let copy = format!("/workbins/{}", api.workbin("kate", "Later").await);
    assert_ne!(copy, path);
    ada.put(&copy, json!({"name": "Soon"})).await.ok();
    assert_eq!(ada.reads(&path).await["name"], "Soon");
    let names = ada.get("/workbins?fields=name&definitions=true").await.ok();
    assert!(names["workbins"].as_array().unwrap().contains(&json!({"name": "Soon"})), "{names}");
    let drafts = format!("/workbins/{}", api.workbin("kate", "Drafts").await);
    ada.put(&drafts, json!({"name": "x"})).await.refused(400, 11);
    ada.delete(&drafts).await.refused(409, 19);
    ada.delete(&copy).await.ok();
    ada.get(&path).await.refused(404, 6);
}

async fn repeated(client: Client<'_>, list: &str, body: Value) {
    let post = async || {
        let headers = [("idempotency-key", "k")];
        client.send(Method::POST, list, Some(body.to_string()), &headers).await
    };
    let first = post().await;
    assert_eq!(post().await.text, first.text);
    let path = first.ok()["path"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let headers = [("idempotency-key", "k")];
        client.send(Method::DELETE, &path, None, &headers).await.ok();
    }
}

#[tokio::test]
async fn a_repetition_makes_and_removes_nothing_twice() {
    let api = Api::start().await;
    let ada = api.by("ada");
    repeated(ada, "/users", json!({"userName": "lea"})).await;
    repeated(ada, "/queues", json!({"name": "night", "channel": "workitem"})).await;
    repeated(ada, "/workbins", json!({"name": "Later", "type": "Agent"})).await;
    repeated(ada, "/settings/agent-states", json!({"displayName": "Lunch"})).await;
    repeated(ada, "/settings/dispositions", json!({"displayName": "Sold"})).await;
}

#[tokio::test]
async fn admins_see_their_mailboxes_and_change_none() {
    let store = store().await;
    let password = SecretPlace::Env("HELP_PASSWORD".to_owned());
    let relay = SmtpRelay {
        host: "smtp.example.com".to_owned(),
        port: 465,
        security: MailSecurity::Tls,
        login: Some(MailLogin::Password { user: "help".to_owned(), password }),
    };
    let mailbox = Mailbox {
        id: MailboxId(0x60),
        center: CenterId(1),
        address: "help@demo.example".to_owned(),
        name: "Help".to_owned(),
        aliases: vec!["care@demo.example".to_owned()],
        queue: QueueId(0x31),
        is_default: true,
        takes_lmtp: false,
        has_reply_tokens: false,
        source: None,
        exit: Some(WayOut::Relay(relay)),
    };
    let puts = vec![Put { record: Record::Mailbox(mailbox), expected: 0 }];
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    let api = Api::start_on(store, |_| {}).await;
    let ada = api.by("ada");
    let listed = ada.get("/mailboxes?fields=*").await;
    for secret in ["smtp", "HELP_PASSWORD"] {
        assert!(!listed.text.contains(secret), "{}", listed.text);
    }
    let shown = listed.ok()["mailboxes"][0].clone();
    has(&shown, json!({"address": "help@demo.example", "name": "Help", "default": true}));
    has(&shown, json!({"queue": "support-email", "aliases": ["care@demo.example"]}));
    has(&shown, json!({"receives": false, "sends": true}));
    let path = shown["path"].as_str().unwrap();
    assert_eq!(ada.reads(path).await, shown);
    for reply in [
        ada.put(path, json!({"queue": "tasks"})).await,
        ada.delete(path).await,
        ada.post("/mailboxes", json!({"address": "more@demo.example"})).await,
    ] {
        assert!(reply.refused(403, 3).contains("whoever operates the server"));
    }
    assert_eq!(api.by("zoe").get("/mailboxes?fields=*").await.ok()["mailboxes"], json!([]));
    api.by("zoe").get(path).await.refused(404, 6);
}
