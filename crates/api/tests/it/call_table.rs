//! Calls of clients of several years that are not in the other tables.

use axum::http::Method;
use handoff_domain::ChatTerms;
use serde_json::{Value, json};

use crate::api::{Api, has, keys};
use crate::customer::{Customer, post, with_terms};

#[tokio::test]
async fn what_was_said_in_a_chat_is_read_from_an_index_on() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    customer.says("first").await;
    api.by("kate")
        .does(&customer.id, json!({"operationName": "SendToAgents", "text": "hm"}))
        .await
        .ok();
    customer.says("second").await;
    let texts = async |user: &str, path: String| -> Vec<Value> {
        let list = api.by(user).get(&path).await.ok();
        let messages = list["messages"].as_array().unwrap();
        messages.iter().filter(|one| one["type"] == "Text").map(|one| one["text"].clone()).collect()
    };
    let all = texts("kate", format!("/me/chats/{}/messages", customer.id)).await;
    assert_eq!(all, ["first", "hm", "second"]);
    assert_eq!(texts("sam", format!("/chats/{}/messages?index=0", customer.id)).await, all);
    let list = api.by("kate").get(&format!("/me/chats/{}/messages", customer.id)).await.ok();
    let last = list["messages"].as_array().unwrap().last().unwrap()["index"].clone();
    let from_last = texts("kate", format!("/me/chats/{}/messages?index={last}", customer.id)).await;
    assert_eq!(from_last, ["second"]);
    let path = format!("/me/chats/{}/messages", customer.id);
    api.by("kate").get(&format!("{path}?index=x")).await.refused(400, 10);
    api.by("mia").get(&path).await.refused(404, 6);
    let work = api.owned("kate", "workitem", "tasks").await;
    api.by("kate").get(&format!("/me/chats/{work}/messages")).await.refused(404, 6);
}

#[tokio::test]
async fn addresses_of_the_samples_in_the_singular_and_the_plural_are_found() {
    let api = Api::start().await;
    api.ready("kate").await;
    let kate = api.by("kate");
    for (channel, queue) in
        [("email", "support-email"), ("chat", "support-chat"), ("workitem", "tasks")]
    {
        let id = api.owned("kate", channel, queue).await;
        let one = kate.get(&format!("/{channel}/{id}")).await.ok();
        assert_eq!(one, kate.get(&format!("/{channel}s/{id}")).await.ok(), "{channel}");
        let below = match channel {
            "email" => "/attachments",
            "chat" => "/messages",
            _ => continue,
        };
        let one = kate.get(&format!("/{channel}/{id}{below}")).await;
        assert_eq!(
            one.text,
            kate.get(&format!("/{channel}s/{id}{below}")).await.text,
            "{channel}{below}"
        );
        assert_eq!(one.status, 200, "{}", one.text);
    }
    let start = json!({"operationName": "StartContactCenterSession", "channels": ["sms"]});
    kate.post("/me", start).await.ok();
    kate.post("/me/channels/sms", json!({"operationName": "Ready"})).await.ok();
    let id = api.offered("sms", "messages").await;
    kate.post(&format!("/me/openmedia/smss/{id}"), json!({"operationName": "Accept"})).await.ok();
    assert_eq!(
        kate.get(&format!("/openmedia/smss/{id}")).await.ok()["openmedia"]["state"],
        "Processing"
    );
    kate.get(&format!("/openmedia/faxs/{id}")).await.refused(404, 6);
    kate.does(&id, json!({"operationName": "InFocus"})).await.ok();
}

#[tokio::test]
async fn a_supervisor_sees_and_watches_the_workbins_of_others() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let place = json!({"operationName": "PlaceInWorkbin", "workbin": "In Progress"});
    api.by("kate").does(&id, place).await.ok();
    let (user, workbin) = (api.user_id("kate"), api.workbin("kate", "In Progress").await);
    let sam = api.by("sam");
    let list = sam.get(&format!("/users/{user}/workbins?fields=*")).await.ok();
    let ids: Vec<&Value> =
        list["workbins"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert!(ids.contains(&&json!(workbin)), "{list}");
    let one = sam.get(&format!("/users/{user}/workbins/{workbin}?subresources=*")).await.ok();
    assert_eq!(one["workbin"]["workitems"][0]["id"], json!(id));
    for path in [format!("/users/{user}/workbins/{workbin}"), format!("/{user}/workbins/{workbin}")]
    {
        let items = sam.get(&format!("{path}/workitems?fields=id")).await.ok();
        assert_eq!(items["workitems"], json!([{"id": id}]), "{path}");
    }
    let short = sam.get(&format!("/{user}/workbins?fields=*")).await.ok();
    assert_eq!(short, list, "the samples leave out /users");
    let bare = user.to_string().replace('-', "").to_uppercase();
    let short = sam.get(&format!("/{bare}/workbins/{workbin}?subresources=*")).await.ok();
    assert_eq!(short, one);
    api.by("kate").get(&format!("/{user}/workbins")).await.refused(403, 5);
    api.listen("sam").await;
    let short = format!("/{user}/workbins/{workbin}");
    sam.post(&short, json!({"operationName": "Unsubscribe"})).await.ok();
    api.told_to("sam", "/v2/me/workbins").await;
    let path = format!("/users/{user}/workbins/{workbin}");
    let reply = sam.post(&path, json!({"operationName": "Subscribe"})).await.ok();
    let told = api.told_to("sam", "/v2/me/workbins").await;
    assert_eq!(told[0]["workbinUserId"], json!(user.to_string()), "{told:?}");
    has(&told[0], json!({"stateResource": "Subscribed", "referenceId": reply["referenceId"]}));
    let second = api.owned("kate", "workitem", "tasks").await;
    api.by("kate")
        .does(&second, json!({"operationName": "PlaceInWorkbin", "workbin": "In Progress"}))
        .await
        .ok();
    let told = api.told_to("sam", "/v2/me/workbins").await;
    assert_eq!(told[0]["workitemStateResourceV2"]["id"], json!(second));
    sam.post(&path, json!({"operationName": "Unsubscribe"})).await.ok();
    sam.post(&path, json!({"operationName": "AddInteraction", "id": id})).await.refused(400, 10);
    for user in ["kate", "ada"] {
        api.by(user).get(&path).await.refused(403, 5);
    }
    api.by("zoe").get(&path).await.refused(404, 6);
}

#[tokio::test]
async fn the_oldest_list_of_workbins_is_there_beside_the_addresses() {
    let api = Api::start().await;
    let kate = api.by("kate");
    let list = kate.get("/me/workbins").await.ok();
    assert_eq!(list["status"], 0);
    let old = list["workbins"].as_array().unwrap();
    assert_eq!(list["uris"].as_array().unwrap().len(), old.len());
    assert_eq!(
        keys(&old[0]),
        ["workbinId", "active", "workbinName", "viewName", "workbinType"].into()
    );
    let team = old.iter().find(|one| one["workbinName"] == "Team").unwrap();
    has(team, json!({"viewName": "Team/PrivateView", "workbinType": 2}));
    let id = team["workbinId"].as_str().unwrap();
    assert_eq!(kate.get(&format!("/workbins/{id}")).await.ok()["workbin"]["name"], "Team");
    assert!(kate.get("/me/workbins?fields=*").await.ok().get("status").is_none());
}

#[tokio::test]
async fn an_item_is_put_into_a_workbin_by_the_long_name_of_the_table() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let workbin = api.workbin("kate", "Team").await;
    let body = json!({"operationName": "AddInteractionToWorkbin", "id": id});
    api.by("kate").post(&format!("/workbins/{workbin}"), body).await.ok();
    assert_eq!(api.by("kate").sees(&id).await["state"], "InWorkbin");
}

#[tokio::test]
async fn following_an_agent_ends_under_every_name() {
    for (begins, ends) in
        [("Monitor", "CancelMonitoring"), ("Coach", "StopCoaching"), ("Monitor", "StopMonitoring")]
    {
        let api = Api::start().await;
        api.ready("kate").await;
        api.ready("sam").await;
        let path = format!("/users/{}/channels/chat", api.user_id("kate"));
        api.by("sam").post(&path, json!({"operationName": begins})).await.ok();
        api.by("sam").post(&path, json!({"operationName": ends})).await.ok();
        let chat = Customer::begin(&api).await.id;
        api.by("sam").post("/me", json!({"operationName": "NotReady"})).await.ok();
        api.engine.workers().router().route().await.unwrap();
        api.by("kate").does(&chat, json!({"operationName": "Accept"})).await.ok();
        assert_eq!(api.by("sam").sees(&chat).await["offer"], Value::Null, "{ends}");
    }
}

#[tokio::test]
async fn whoever_has_no_contact_center_session_logs_out_too() {
    let api = Api::start().await;
    for user in ["kate", "sam", "ada", "intake"] {
        let cookie = api.by(user).get("/me").await.cookie().unwrap();
        let token =
            |headers: &axum::http::HeaderMap| headers["x-csrf-token"].to_str().unwrap().to_owned();
        let anonymous = api.anonymous();
        let with = |cookie: &str| ("cookie", cookie.to_owned());
        let (name, value) = with(&cookie);
        let seen = anonymous.send(Method::GET, "/me", None, &[(name, &value)]).await;
        let csrf = token(&seen.headers);
        seen.ok();
        let without = anonymous.send(Method::DELETE, "/me/session", None, &[(name, &value)]).await;
        without.refused(403, 3);
        let headers = [(name, value.as_str()), ("x-csrf-token", csrf.as_str())];
        let ended = anonymous.send(Method::DELETE, "/me/session", None, &headers).await;
        assert!(
            ended.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"),
            "{:?}",
            ended.headers
        );
        ended.ok();
        anonymous.send(Method::GET, "/me", None, &[(name, &value)]).await.refused(401, 20);
    }
}

#[tokio::test]
async fn a_customer_without_cookies_is_let_in_where_the_service_says_so() {
    for (without_key, wanted) in [(false, 6), (true, 0)] {
        let api = with_terms(ChatTerms { without_key, ..ChatTerms::default() }).await;
        api.ready("kate").await;
        let anonymous = api.anonymous();
        let begun = anonymous
            .post("/chats", json!({"operationName": "RequestChat", "nickname": "Ada"}))
            .await
            .ok();
        let path = format!("/chats/{}", begun["id"].as_str().unwrap());
        let said =
            anonymous.post(&path, json!({"operationName": "SendMessage", "text": "hello"})).await;
        assert_eq!(said.codes().1, wanted, "{}", said.text);
        assert_eq!(anonymous.get(&path).await.codes().1, wanted);
        assert_eq!(anonymous.get(&format!("{path}/messages")).await.codes().1, wanted);
        let wrong = anonymous.get(&format!("{path}?secureKey=nonsense")).await;
        assert_eq!(wrong.codes().1, 6, "a wrong key is never as good as none");
        let work = api.submitted("workitem", "tasks").await;
        anonymous.get(&format!("/chats/{work}")).await.refused(404, 6);
    }
    // The other customer API knows no such way in.
    let api = with_terms(ChatTerms { without_key: true, ..ChatTerms::default() }).await;
    let chat = Customer::begin(&api).await.id;
    let answer = post(&api, &format!("/genesys/2/chat/customer-support/{chat}/refresh"), &[]).await;
    assert_ne!(answer["statusCode"], 0, "{answer}");
}

#[tokio::test]
async fn each_medium_goes_into_a_workbin_and_out_by_its_own_name() {
    for (channel, queue, noun) in [
        ("chat", "support-chat", "Chat"),
        ("email", "support-email", "Email"),
        ("workitem", "tasks", "Workitem"),
        ("workitem", "tasks", "Openmedia"),
    ] {
        let api = Api::start().await;
        api.ready("kate").await;
        let (id, kate) = (api.owned("kate", channel, queue).await, api.by("kate"));
        if channel == "chat" {
            kate.does(&id, json!({"operationName": "EndChatSession"})).await.ok();
        }
        let path = format!("/workbins/{}", api.workbin("kate", "In Progress").await);
        for verb in ["Add", "Pull"] {
            let body = json!({"operationName": format!("{verb}{noun}"), "id": id});
            kate.post(&path, body).await.ok();
            let is_parked = kate.sees(&id).await["state"] == "InWorkbin";
            assert_eq!(is_parked, verb == "Add", "{verb}{noun}");
        }
    }
}
