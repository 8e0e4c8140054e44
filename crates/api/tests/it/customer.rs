//! A customer who chats by the REST door, and what agents hear of it.

use std::sync::Arc;

use handoff_domain::{CenterId, ChatTerms, QueueId, Service, ServiceId, ServiceTerms};
use handoff_store::{ChangeSet, Put, Record, Store};
use handoff_testkit::Call;
use serde_json::{Value, json};

use crate::api::{Api, Reply, store};

pub(crate) const CHATS: &str = "/v2/me/chats";
pub(crate) const INTERACTIONS: &str = "/v2/me/interactions";
pub(crate) const SERVICE: &str = "/genesys/2/chat/customer-support";

/// Returns the body of an operation.
pub(crate) fn op(name: &str, fields: Value) -> Value {
    let mut body = fields;
    body["operationName"] = json!(name);
    body
}

/// Starts with these terms of the service.
pub(crate) async fn with_terms(terms: ChatTerms) -> Api {
    with_services(terms, Vec::new()).await
}

/// Starts with these terms of the service, and with other services beside it.
pub(crate) async fn with_services(terms: ChatTerms, others: Vec<Service>) -> Api {
    let store = store().await;
    let service = Service {
        id: ServiceId(0x50),
        center: CenterId(1),
        name: "customer-support".to_owned(),
        queue: QueueId(0x32),
        enabled: true,
        terms: ServiceTerms::Chat(terms),
    };
    let others =
        others.into_iter().map(|other| Put { record: Record::Service(other), expected: 0 });
    let puts =
        [Put { record: Record::Service(service), expected: 1 }].into_iter().chain(others).collect();
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    Api::start_on(Arc::clone(&store) as Arc<dyn Store>, |_| {}).await
}

/// The customer of one chat.
pub(crate) struct Customer<'a> {
    api: &'a Api,
    pub(crate) id: String,
    pub(crate) key: String,
}

impl<'a> Customer<'a> {
    /// Begins a chat, which then waits in the queue.
    pub(crate) async fn begin(api: &'a Api) -> Self {
        let begun = post(api, SERVICE, &[("nickname", "Ada"), ("subject", "Invoice")]).await;
        let text = |name: &str| {
            begun[name].as_str().unwrap_or_else(|| panic!("{name}: {begun}")).to_owned()
        };
        Self { api, id: text("chatId"), key: text("secureKey") }
    }

    /// Begins a chat that the one agent who is ready then owns, and which was offered to those who
    /// follow them.
    pub(crate) async fn with(api: &'a Api, agent: &str) -> Self {
        let customer = Self::begin(api).await;
        api.engine.workers().router().route().await.unwrap();
        api.by(agent).does(&customer.id, json!({"operationName": "Accept"})).await.ok();
        api.engine.workers().followers().offer().await.unwrap();
        customer
    }

    pub(crate) async fn does(&self, operation: &str, fields: &[(&str, &str)]) -> Value {
        let fields = [fields, &[("secureKey", self.key.as_str())]].concat();
        let answer = post(self.api, &format!("{SERVICE}/{}/{operation}", self.id), &fields).await;
        assert_eq!(answer["statusCode"], 0, "{operation}: {answer}");
        answer
    }

    /// Sends a file; returns the answer, whatever it is.
    pub(crate) async fn uploads(&self, name: &str, bytes: &[u8]) -> Value {
        let (target, key) = (format!("{SERVICE}/{}/file", self.id), [("secureKey", &*self.key)]);
        self.api.calls(Call::upload(&target, &key, ("file", name), bytes)).await.json()
    }

    pub(crate) async fn fetches(&self, file: &str) -> Reply {
        let target = format!("{SERVICE}/{}/file/{file}/download", self.id);
        self.api.calls(Call::form(&target, &[("secureKey", &self.key)])).await
    }

    pub(crate) async fn says(&self, text: &str) {
        self.does("send", &[("message", text)]).await;
    }

    /// Returns the answer that shows them everything that they may see.
    pub(crate) async fn sees(&self) -> Value {
        self.does("refresh", &[("transcriptPosition", "1")]).await
    }

    /// Returns what they see, a line each, after seeing that its indexes have no gap.
    pub(crate) async fn reads(&self) -> Vec<String> {
        let answer = self.sees().await;
        let entries: Vec<&Value> = answer["messages"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|message| message["index"].as_i64().is_some_and(|index| index > 0))
            .collect();
        assert_gap_free(&entries);
        entries.into_iter().map(line).collect()
    }
}

pub(crate) async fn post(api: &Api, path: &str, fields: &[(&str, &str)]) -> Value {
    api.calls(Call::form(path, fields)).await.json()
}

/// What one agent heard of one chat so far.
#[derive(Default)]
pub(crate) struct Log {
    entries: Vec<Value>,
}

impl Log {
    /// Takes in what the agent was told by now; returns it, a line each. Both topics must tell the
    /// same.
    pub(crate) async fn hear(&mut self, api: &Api, agent: &str) -> Vec<String> {
        let on_chats =
            messages(&api.told_to(agent, CHATS).await, "messageType", "MessageLogUpdated");
        let on_interactions = api.told_to(agent, INTERACTIONS).await;
        assert_eq!(
            on_chats,
            messages(&on_interactions, "notificationType", "NewMessages"),
            "{agent}"
        );
        let entries: Vec<Value> =
            on_chats.into_iter().filter(|message| !message["index"].is_null()).collect();
        self.entries.extend(entries.iter().cloned());
        assert_gap_free(&self.entries.iter().collect::<Vec<_>>());
        entries.iter().map(line).collect()
    }
}

/// Returns the messages of those notifications whose key has this value.
pub(crate) fn messages(told: &[Value], key: &str, value: &str) -> Vec<Value> {
    let updates = told.iter().filter(|data| data[key] == value);
    updates.flat_map(|data| data["messages"].as_array().unwrap().clone()).collect()
}

fn assert_gap_free(entries: &[&Value]) {
    let indexes: Vec<u64> = entries.iter().map(|entry| entry["index"].as_u64().unwrap()).collect();
    let wanted: Vec<u64> = (1..=entries.len() as u64).collect();
    assert_eq!(indexes, wanted, "{entries:?}");
}

/// Shows an entry of either side: who, what, and to whom when not to everybody.
fn line(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let words =
        ["text", "url", "noticeText"].iter().map(|key| text(&entry[*key])).collect::<String>();
    let kind = text(&entry["type"]);
    let kind = if kind == "Message" { "Text".to_owned() } else { kind };
    let audience = match entry["visibility"].as_str() {
        None | Some("All") => String::new(),
        Some(other) => format!(" [{other}]"),
    };
    let line = format!("{} {kind} {words}", text(&entry["from"]["nickname"]));
    format!("{}{audience}", line.trim_end())
}
