//! From a commit to the agent's client, in process: what arrives, under which name, and what a
//! client that was away gets.

use std::collections::BTreeMap;

use handoff_api::wire::notification::{WorkbinContent, workbin_content};
use handoff_api::wire::resource::{Lookup, PublicUrl};
use handoff_domain::{
    Action, InteractionId, Role, Time, Topic, User, UserData, UserId, Value as Datum,
};
use handoff_store::{ChangeSet, Key, Put, Record, Versioned};
use serde_json::{Value, json};

use crate::api::has;
use crate::comet::{Api, Client, sequences};
use crate::samples::{BEN, KATE, TEAM};

const INTERACTIONS: &str = "/v2/me/interactions";

fn accept() -> Action {
    Action::Accept { nickname: None }
}

fn set(key: &str) -> Action {
    Action::UpdateUserData(UserData(BTreeMap::from([(key.to_owned(), Datum::Integer(1))])))
}

fn states(messages: &[Value]) -> Vec<&str> {
    messages.iter().filter_map(|message| message["data"]["state"].as_str()).collect()
}

/// A api on which Kate was offered a work item, told as number 1, and is away; then she accepted
/// it (2) and changed it twice (3, 4).
async fn with_four_messages() -> (Api, InteractionId) {
    let api = Api::start().await;
    let mut kate = api.listening(KATE, INTERACTIONS, Value::Null).await;
    api.ready(KATE).await;
    let id = api.submit().await;
    assert_eq!(sequences(&kate.next(1).await), [1]);
    kate.disconnect().await;
    api.act(KATE, id, accept()).await;
    api.act(KATE, id, set("a")).await;
    api.act(KATE, id, set("b")).await;
    (api, id)
}

#[tokio::test]
async fn an_offer_reaches_a_wildcard_subscriber_on_every_topic_that_tells_it() {
    let api = Api::start().await;
    let mut kate = api.listening(KATE, "/v2/me/*", Value::Null).await;
    api.ready(KATE).await;
    let id = api.submit().await;
    let messages = kate.next(4).await;
    let of = |channel: &str| -> Vec<Value> {
        messages
            .iter()
            .filter(|message| message["channel"] == channel)
            .map(|message| message["data"].clone())
            .collect()
    };
    let channels = of("/v2/me/channels");
    let ready = channels.iter().map(|data| &data["channels"][0]["userState"]["state"]);
    assert_eq!(ready.collect::<Vec<_>>(), ["NotReady", "Ready"]);
    let interactions = of(INTERACTIONS);
    assert_eq!(interactions.len(), 1);
    assert_eq!(interactions[0]["id"], id.to_string());
    has(&interactions[0], json!({"state": "Invited", "sequence": 1}));
    assert_eq!(interactions[0]["currentQueue"], "tasks");
    let workitems = of("/v2/me/workitems");
    assert_eq!(workitems[0]["workitem"]["capabilities"], json!(["Accept", "Reject"]));
    assert_eq!(workitems[0]["sequence"], 1);
    api.stop().await;
}

#[tokio::test]
async fn the_reference_of_a_request_comes_back_in_what_it_causes() {
    let api = Api::start().await;
    let mut kate = api.listening(KATE, INTERACTIONS, Value::Null).await;
    api.ready(KATE).await;
    let id = api.submit().await;
    assert_eq!(
        kate.next(1).await[0]["data"].get("referenceId"),
        None,
        "nobody asked for the offer"
    );
    api.act(KATE, id, accept()).await;
    let accepted = kate.next(1).await.remove(0);
    has(&accepted["data"], json!({"state": "Processing", "referenceId": 1}));
    api.stop().await;
}

#[tokio::test]
async fn a_client_that_comes_back_gets_what_it_missed_and_goes_on_without_gap_or_repeat() {
    let (api, id) = with_four_messages().await;
    let mut kate = api.listening(KATE, INTERACTIONS, json!({"replay": 1})).await;
    let missed = kate.next(3).await;
    assert_eq!(sequences(&missed), [2, 3, 4]);
    assert_eq!(missed[0]["data"]["userData"], json!({}), "each message says what was true then");
    api.act(KATE, id, Action::Complete { queue: None }).await;
    let live = kate.next(1).await;
    assert_eq!((sequences(&live), states(&live)), (vec![5], vec!["Completed"]));
    assert_eq!(kate.rest().await, Vec::<Value>::new());
    api.stop().await;
}

#[tokio::test]
async fn replay_begins_where_the_number_says() {
    let (api, _) = with_four_messages().await;
    let table = [
        (INTERACTIONS, json!({"replay": -1}), vec![]),
        (INTERACTIONS, json!({"replay": -2}), vec![1, 2, 3, 4]),
        (INTERACTIONS, json!({"replay": 0}), vec![1, 2, 3, 4]),
        (INTERACTIONS, json!({"replay": 3}), vec![4]),
        (INTERACTIONS, json!({"replay": 4}), vec![]),
        (INTERACTIONS, Value::Null, vec![]),
        ("/v2/me/**", json!({"replay": {INTERACTIONS: 2}}), vec![3, 4]),
    ];
    for (name, ext, expect) in table {
        let mut kate = api.listening(KATE, name, ext.clone()).await;
        let replayed = kate.rest().await;
        assert_eq!(sequences(&replayed), expect, "{name} {ext}");
        assert!(replayed.iter().all(|message| message["channel"] == INTERACTIONS), "{name} {ext}");
    }
    api.stop().await;
}

#[tokio::test]
async fn a_number_that_was_never_given_is_answered_by_a_resync_and_then_by_what_is_new() {
    let (api, id) = with_four_messages().await;
    for replay in [json!(5), json!(99), json!("4"), json!(-7), json!(2.5)] {
        let mut kate = api.listening(KATE, INTERACTIONS, json!({"replay": replay})).await;
        let first = kate.next(1).await.remove(0);
        let expect =
            json!({"messageType": "Resync", "topic": INTERACTIONS, "oldest": 1, "head": 4});
        assert_eq!(
            (&first["channel"], &first["data"]),
            (&json!(INTERACTIONS), &expect),
            "{replay}"
        );
        assert_eq!(kate.rest().await, Vec::<Value>::new(), "{replay}");
    }
    let mut kate = api.listening(KATE, INTERACTIONS, json!({"replay": 99})).await;
    kate.next(1).await;
    api.act(KATE, id, set("c")).await;
    assert_eq!(sequences(&kate.next(1).await), [5]);
    api.stop().await;
}

#[tokio::test]
async fn a_number_that_is_no_longer_kept_is_answered_by_a_resync() {
    let (api, id) = with_four_messages().await;
    api.store.sweep(Time(0), Time(i64::MAX), Time(0), 1_000).await.unwrap();
    api.act(KATE, id, set("c")).await;
    let mut kate = api.listening(KATE, INTERACTIONS, json!({"replay": 1})).await;
    let messages = kate.next(2).await;
    let expect = json!({"messageType": "Resync", "topic": INTERACTIONS, "oldest": 5, "head": 5});
    assert_eq!(messages[0]["data"], expect);
    assert_eq!(sequences(&messages[1..]), [5], "what is kept still follows");
    api.stop().await;
}

#[tokio::test]
async fn a_name_with_a_slash_at_the_end_is_served_under_that_name() {
    let (api, id) = with_four_messages().await;
    let slashed = "/v2/me/interactions/";
    let mut kate = api.listening(KATE, slashed, json!({"replay": 3})).await;
    api.act(KATE, id, set("c")).await;
    let messages = kate.next(2).await;
    assert_eq!(sequences(&messages), [4, 5]);
    assert!(messages.iter().all(|message| message["channel"] == slashed), "{messages:?}");
    let mut lost = api.listening(KATE, slashed, json!({"replay": 99})).await;
    let resync = lost.next(1).await.remove(0);
    assert_eq!(
        (&resync["channel"], &resync["data"]["topic"]),
        (&json!(slashed), &json!(INTERACTIONS))
    );
    api.stop().await;
}

#[tokio::test]
async fn nobody_sees_what_is_told_to_another() {
    let api = Api::start().await;
    let mut ben = api.listening(BEN, "/**", json!({"replay": -2})).await;
    let mut kate = api.listening(KATE, "/**", Value::Null).await;
    api.ready(KATE).await;
    api.submit().await;
    assert_eq!(states(&kate.next(4).await), ["Invited"]);
    api.engine.delivery().deliver_missed().await.unwrap();
    assert_eq!(ben.rest().await, Vec::<Value>::new());
    api.stop().await;
}

#[tokio::test]
async fn an_answer_goes_to_the_callers_sessions_that_are_subscribed() {
    let api = Api::start().await;
    let mut listening = api.listening(KATE, INTERACTIONS, Value::Null).await;
    let mut elsewhere = api.listening(KATE, "/v2/me/emails", Value::Null).await;
    let mut ben = api.listening(BEN, INTERACTIONS, Value::Null).await;
    let (directory, url) = (api.engine.core().directory(), PublicUrl::new("http://127.0.0.1:8090"));
    let content = WorkbinContent {
        workbin: TEAM,
        reference: 7,
        reader: KATE,
        interactions: &[],
        truncated: false,
    };
    let (letters, operations) = (api.comet.letters(), api.comet.operations());
    let lookup = Lookup { directory: &directory, url: &url, letters, operations };
    let data = workbin_content(&content, lookup);
    api.engine.delivery().promise(KATE, [(Topic::Interactions, data)]).await.unwrap();
    let told = listening.next(1).await.remove(0);
    assert_eq!((&told["channel"], &told["data"]["referenceId"]), (&json!(INTERACTIONS), &json!(7)));
    assert_eq!(told["data"].get("sequence"), None, "an answer is no event");
    assert_eq!(elsewhere.rest().await, Vec::<Value>::new());
    assert_eq!(ben.rest().await, Vec::<Value>::new());
    api.stop().await;
}

#[tokio::test]
async fn an_answer_about_contacts_comes_by_name_and_by_the_wider_patterns() {
    const CONTACTS: &str = "/v2/ucs/interactions";
    let api = Api::start().await;
    let mut by_name = api.listening(KATE, CONTACTS, json!({"replay": 7})).await;
    let mut widely = api.listening(KATE, "/**", Value::Null).await;
    let mut slashed = api.listening(KATE, "/v2/ucs/interactions/", Value::Null).await;
    let mut deaf = api.listening(KATE, "/v2/me/*", Value::Null).await;
    let ben = api.listening(BEN, CONTACTS, Value::Null).await;
    assert!(api.engine.core().desk(BEN).is_none_or(|desk| !desk.reach.is_any()), "no way to them");
    assert_eq!(deaf.subscribe("/v2/ucs/*", Value::Null).await["successful"], false);
    let promise = async || {
        let answer = [(Topic::Contacts, "{}".into())];
        api.engine.delivery().promise(KATE, answer).await.unwrap();
    };
    promise().await;
    for (client, channel) in
        [(&mut by_name, CONTACTS), (&mut widely, CONTACTS), (&mut slashed, "/v2/ucs/interactions/")]
    {
        assert_eq!(client.next(1).await[0]["channel"], channel);
    }
    assert_eq!(by_name.unsubscribe(CONTACTS).await["successful"], true);
    promise().await;
    assert_eq!(slashed.next(1).await.len(), 1);
    for mut other in [by_name, deaf, ben] {
        assert_eq!(other.rest().await, Vec::<Value>::new());
    }
    api.stop().await;
}

#[tokio::test]
async fn who_unsubscribes_gets_no_more() {
    let (api, id) = with_four_messages().await;
    let mut kate = api.listening(KATE, INTERACTIONS, Value::Null).await;
    assert_eq!(kate.unsubscribe(INTERACTIONS).await["successful"], true);
    api.act(KATE, id, set("c")).await;
    api.engine.delivery().deliver_missed().await.unwrap();
    assert_eq!(kate.rest().await, Vec::<Value>::new());
    api.stop().await;
}

#[tokio::test]
async fn two_subscriptions_that_cover_a_topic_bring_its_messages_once() {
    let (api, id) = with_four_messages().await;
    let mut kate = api.listening(KATE, INTERACTIONS, Value::Null).await;
    assert_eq!(kate.subscribe("/v2/me/*", Value::Null).await["successful"], true);
    api.act(KATE, id, set("c")).await;
    let messages = kate.next(2).await;
    let channels = messages.iter().map(|message| message["channel"].as_str().unwrap_or_default());
    assert_eq!(channels.collect::<Vec<_>>(), [INTERACTIONS, "/v2/me/workitems"]);
    assert_eq!(kate.rest().await, Vec::<Value>::new());
    api.stop().await;
}

#[tokio::test]
async fn an_agent_is_in_reach_while_a_session_listens() {
    let api = Api::start().await;
    let hears = |api: &Api| {
        let (desk, node) = (api.engine.core().desk(KATE), api.engine.core().incarnation());
        let topics = desk.as_ref().and_then(|desk| desk.reach.at(node));
        topics.is_some_and(|topics| topics.contains(&Topic::Interactions))
    };
    let mut kate = api.listening(KATE, "/v2/me/*", Value::Null).await;
    assert!(hears(&api), "on the reply to the subscription it is recorded");
    kate.disconnect().await;
    api.until("kate is out of reach", |api| !hears(api)).await;
    api.stop().await;
}

#[tokio::test]
async fn only_users_get_in_and_only_to_the_documented_topics() {
    let api = Api::start().await;
    let refused = api.client(None).handshake().await;
    assert_eq!(
        (&refused["successful"], &refused["advice"]["reconnect"]),
        (&json!(false), &json!("handshake"))
    );
    let mut kate = api.client(KATE);
    kate.handshake().await;
    for name in
        ["/*", "/v2/users", "/v2/me/faxes", "/genesys/**", "/service/x", "/v2/me/interactions/x"]
    {
        let reply = kate.subscribe(name, Value::Null).await;
        assert_eq!(reply["error"], "403:denied_by_security_policy:subscribe_denied", "{name}");
    }
    for name in [INTERACTIONS, "/v2/me/channels", "/x", "/service/x"] {
        let reply = kate.publish(name).await;
        assert_eq!(reply["error"], "403:denied_by_security_policy:publish_denied", "{name}");
    }
    api.stop().await;
}

#[tokio::test]
async fn a_subscription_that_cannot_be_delivered_ends_the_session_with_the_advice_to_come_back() {
    let api = Api::start().await;
    let mut kate = api.client(KATE);
    kate.handshake().await;
    api.store.close().await;
    kate.subscribe(INTERACTIONS, Value::Null).await;
    let told = kate.fetch().await;
    assert_eq!(
        (&told["successful"], &told["advice"]["reconnect"]),
        (&json!(false), &json!("handshake")),
        "{told}"
    );
    api.stop().await;
}

#[tokio::test]
async fn a_user_who_is_no_more_gets_no_session() {
    let api = Api::start().await;
    let refused = api.client(UserId(0xdead)).handshake().await;
    assert_eq!(
        (&refused["successful"], &refused["advice"]["reconnect"]),
        (&json!(false), &json!("handshake"))
    );
    api.stop().await;
}

/// Changes Kate as another node would, and lets this one look.
async fn change_kate(api: &Api, change: impl FnOnce(&mut User)) {
    let found = api.store.load(&[Key::User(KATE)]).await.unwrap().pop().flatten();
    let Some(Versioned { value: Record::User(mut user), version: expected }) = found else {
        panic!("Kate is not stored")
    };
    change(&mut user);
    let put = Put { record: Record::User(user), expected };
    api.store.commit(ChangeSet { puts: vec![put], ..ChangeSet::default() }).await.unwrap();
    api.engine.workers().directory().look().await.unwrap();
}

/// Tells whether a client's session goes on; otherwise it was told to shake hands.
async fn goes_on(client: &mut Client) -> bool {
    let told = client.fetch().await;
    let goes_on = told["successful"] == true;
    assert!(goes_on || told["advice"]["reconnect"] == "handshake", "{told}");
    goes_on
}

#[tokio::test]
async fn all_sessions_end_of_a_user_who_could_not_log_in_as_they_did_and_nobody_elses() {
    let changes: [fn(&mut User); 2] =
        [|user| user.enabled = false, |user| user.password_hash = Some("another".to_owned())];
    for change in changes {
        let api = Api::start().await;
        api.engine.workers().directory().look().await.unwrap();
        let mut one = api.listening(KATE, INTERACTIONS, Value::Null).await;
        let mut two = api.listening(KATE, "/v2/me/*", Value::Null).await;
        let mut ben = api.listening(BEN, INTERACTIONS, Value::Null).await;
        change_kate(&api, change).await;
        assert!(!goes_on(&mut one).await && !goes_on(&mut two).await);
        assert!(goes_on(&mut ben).await);
        api.stop().await;
    }
}

#[tokio::test]
async fn what_was_let_in_before_a_new_password_opens_no_session_after_it() {
    let api = Api::start().await;
    api.engine.workers().directory().look().await.unwrap();
    let mut before = api.client(KATE);
    assert_eq!(before.handshake().await["successful"], true, "the control");
    change_kate(&api, |user| user.password_hash = Some("another".to_owned())).await;
    let refused = before.handshake().await;
    assert_eq!(
        (&refused["successful"], &refused["advice"]["reconnect"]),
        (&json!(false), &json!("handshake"))
    );
    assert_eq!(api.client(KATE).handshake().await["successful"], true, "by the new one");
    api.stop().await;
}

#[tokio::test]
async fn a_session_ends_when_its_subscriptions_would_bring_something_else() {
    let api = Api::start().await;
    api.engine.workers().directory().look().await.unwrap();
    let mut offers = api.listening(KATE, INTERACTIONS, Value::Null).await;
    let mut workbins = api.listening(KATE, "/v2/me/workbins", Value::Null).await;
    change_kate(&api, |user| user.last_name = "Lundqvist".to_owned()).await;
    assert!(goes_on(&mut offers).await && goes_on(&mut workbins).await, "the control");
    change_kate(&api, |user| user.roles = [Role::Supervisor].into()).await;
    assert!(!goes_on(&mut offers).await);
    assert!(goes_on(&mut workbins).await, "these are for supervisors, too");
    // A pattern covers more for an agent.
    let mut pattern = api.listening(KATE, "/v2/me/*", Value::Null).await;
    change_kate(&api, |user| user.roles = [Role::Agent].into()).await;
    assert!(!goes_on(&mut pattern).await);
    api.stop().await;
}
