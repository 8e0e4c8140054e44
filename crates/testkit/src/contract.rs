//! What the server says of itself, held against what it answers and tells: its OpenAPI document, in
//! which every route, status and field of an answer must be, and its AsyncAPI document, in which
//! every message of a topic must be.
//!
//! The documents let clients expect fields that they do not know; here none are left. What a
//! request leaves out by naming `fields` may be missing.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use jsonschema::{Draft, Registry, Validator};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::program::clean_command;

/// What the program says of itself that this process tests.
static HELD: OnceCell<Contract> = OnceCell::const_new();

/// What the documents are called here: that of answers with all fields and with some, and that of
/// messages.
const WHOLE: &str = "handoff:whole";
const SOME: &str = "handoff:some";
const TOLD: &str = "handoff:told";
const JSON: &str = "application/json";
const COMET: &str = "/notifications";
/// What is answered where there is nothing, to users and customers alike.
const NOWHERE: &str = "#/components/responses/customers-404/content/application~1json/schema";
/// What to do about an answer that is not described.
const ADVICE: &str = "describe it below crates/api/src/openapi: a route and its answer are a row \
    in areas/, a field is in schemas/";
const ADVICE_ON_TOLD: &str = "describe it below crates/api/src/openapi: the messages of a topic \
    are in told.rs, a field is in schemas/";

/// Has all clients of this process hold a program to what it says of itself.
pub(crate) async fn hold_to(binary: &Path) -> Result<()> {
    let said = async |line: &[&str]| {
        let output = clean_command(binary).args(line).output().await?;
        ensure!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).context("the document is text")
    };
    let read = async || {
        anyhow::Ok(Contract::read(
            &said(&["openapi"]).await?,
            &said(&["openapi", "--async"]).await?,
        ))
    };
    HELD.get_or_try_init(read).await.map(drop)
}

/// Fails the test when an answer is none that the program says it gives.
pub(crate) fn expect_described(exchange: Exchange<'_>) {
    let said = HELD.get().map_or(Ok(()), |contract| contract.check(exchange));
    said.unwrap_or_else(|why| panic!("{why}"));
}

/// Does the same with a message as CometD delivers it.
pub(crate) fn expect_told(message: &Value) {
    let (channel, data) = (message["channel"].as_str().unwrap_or_default(), &message["data"]);
    let said = HELD.get().filter(|_| data.is_object());
    let said = said.map_or(Ok(()), |contract| contract.check_told(channel, data));
    said.unwrap_or_else(|why| panic!("{why}"));
}

/// Both documents, ready to be held against what comes.
pub struct Contract {
    document: Value,
    /// The messages of each channel.
    channels: HashMap<String, Value>,
    root: String,
    paths: matchit::Router<String>,
    registry: Registry<'static>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One request and what came back.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    pub method: &'a str,
    /// The path with its query.
    pub target: &'a str,
    pub status: u16,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

impl Contract {
    /// Reads the documents.
    ///
    /// # Panics
    ///
    /// When they are none.
    #[must_use]
    pub fn read(rest: &str, told: &str) -> Self {
        let [document, told] = [rest, told]
            .map(|text| serde_json::from_str::<Value>(text).expect("the documents are JSON"));
        let root = document["servers"][0]["url"].as_str().expect("it names its root").to_owned();
        let mut paths = matchit::Router::new();
        for (path, item) in document["paths"].as_object().expect("it has paths") {
            let server = item["servers"][0]["url"].as_str().unwrap_or(&root);
            let whole = format!("{}{path}", server.trim_end_matches('/'));
            for whole in [format!("{whole}/"), whole] {
                paths.insert(whole, path.clone()).expect("every path is one");
            }
        }
        let channels = told["channels"].as_object().into_iter().flat_map(Map::values);
        let channels = channels.map(|channel| {
            let address = channel["address"].as_str().expect("a channel has an address");
            (address.to_owned(), channel["messages"].clone())
        });
        let channels = channels.collect();
        let whole = closed(&document);
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .extend([(SOME, without_required(&whole)), (WHOLE, whole), (TOLD, closed(&told))])
            .and_then(|registry| registry.prepare())
            .expect("they can be referred to");
        Self { document, channels, root, paths, registry, validators: Mutex::default() }
    }

    /// Holds a message against the document of what is told. What is told on a channel that is not
    /// the agents' is not described there.
    ///
    /// # Errors
    ///
    /// What the document does not say, and what to do about it.
    pub fn check_told(&self, channel: &str, data: &Value) -> Result<(), String> {
        let topic = channel.trim_end_matches('/');
        let Some(messages) = self.channels.get(topic) else { return Ok(()) };
        let name = data["messageType"].as_str().unwrap_or_default();
        let said = match messages.get(name) {
            Some(_) => self.is_valid(TOLD, &format!("#/components/schemas/{name}"), data),
            None => Err(format!("{data}, which is no message of it")),
        };
        said.map_err(|why| format!("{channel} told {why}; {ADVICE_ON_TOLD}"))
    }

    /// Holds an answer against the document.
    ///
    /// # Errors
    ///
    /// What the document does not say, and what to do about it.
    pub fn check(&self, exchange: Exchange<'_>) -> Result<(), String> {
        let Exchange { method, target, status, .. } = exchange;
        self.compare(exchange)
            .map_err(|why| format!("{method} {target} answered {status}, {why}; {ADVICE}"))
    }

    fn compare(&self, exchange: Exchange<'_>) -> Result<(), String> {
        let (path, query) = exchange.target.split_once('?').unwrap_or((exchange.target, ""));
        // Neither of these methods, nor CometD, is described: the answers are of their own kind.
        let is_method_of_http = matches!(exchange.method, "HEAD" | "OPTIONS");
        let known = self.paths.at(path).ok().map(|found| found.value);
        let is_elsewhere = known.is_none() && !path.starts_with(&self.root);
        let is_comet = path.strip_prefix(&self.root).is_some_and(|it| it.starts_with(COMET));
        // A load balancer says so by itself when it reaches no node.
        let is_of_balancer = exchange.status >= 500
            && exchange.content_type.is_some_and(|kind| kind.starts_with("text/html"));
        if is_method_of_http || is_elsewhere || is_comet || is_of_balancer {
            return Ok(());
        }
        let method = exchange.method.to_lowercase();
        let operation = known.map(|path| &self.document["paths"][path][&method]);
        match (known, operation.filter(|operation| operation.is_object())) {
            (Some(path), Some(operation)) => {
                let at = format!("#/paths/{}/{method}/responses", escaped(path));
                self.is_described(exchange, query, operation, &at)
            }
            _ if exchange.status < 400 => Err("and the document has no such operation".to_owned()),
            _ => self.is_json(WHOLE, NOWHERE, exchange.body),
        }
    }

    fn is_described(
        &self,
        exchange: Exchange<'_>,
        query: &str,
        operation: &Value,
        at: &str,
    ) -> Result<(), String> {
        let status = exchange.status.to_string();
        let mut response = &operation["responses"][&status];
        let mut at = format!("{at}/{status}");
        if let Some(reference) = response["$ref"].as_str() {
            response =
                self.document.pointer(&reference[1..]).ok_or("and the document is broken")?;
            reference.clone_into(&mut at);
        }
        let content = response["content"].as_object();
        let content = content.ok_or("a status that the document does not have there")?;
        let given = exchange.content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        if !content.contains_key(given) && !content.contains_key("*/*") {
            return Err(format!("with the content type {given}, which the document does not have"));
        }
        if given != JSON || !content.contains_key(JSON) {
            return Ok(());
        }
        let names_fields = query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("fields="))
            .any(|fields| !fields.contains('*') && !fields.contains("%2A"));
        let document = if names_fields { SOME } else { WHOLE };
        let schema = format!("{at}/content/{}/schema", escaped(JSON));
        self.is_json(document, &schema, exchange.body)
    }

    fn is_json(&self, document: &str, schema: &str, body: &[u8]) -> Result<(), String> {
        let body = serde_json::from_slice(body).map_err(|_| "with no JSON though it says so")?;
        self.is_valid(document, schema, &body)
    }

    fn is_valid(&self, document: &str, schema: &str, body: &Value) -> Result<(), String> {
        let validator = self.validator(&format!("{document}{schema}"));
        let wrong: Vec<String> = validator
            .iter_errors(body)
            .map(|error| format!("{} at {:?}", error, error.instance_path().as_str()))
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(format!("{body}: {}", wrong.join("; "))) }
    }

    fn validator(&self, reference: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let schema = json!({"$ref": reference});
            let options = jsonschema::options().with_registry(&self.registry);
            Arc::new(options.build(&schema).expect("the document's schemas are valid"))
        };
        validators.entry(reference.to_owned()).or_insert_with(make).clone()
    }
}

/// Returns the document with no fields but those that it names. What is put together of parts is
/// closed as a whole, so the parts stand open beside the schemas.
fn closed(document: &Value) -> Value {
    let mut document = document.clone();
    let schemas = document["components"]["schemas"].clone();
    let each = |change: fn(&Value) -> Value| -> Value {
        let all = schemas.as_object().into_iter().flatten();
        all.map(|(name, schema)| (name.clone(), change(schema))).collect::<Map<_, _>>().into()
    };
    document["paths"] = whole(&document["paths"]);
    document["components"]["parts"] = each(part);
    document["components"]["schemas"] = each(whole);
    document
}

/// Returns something with every schema in it closed.
fn whole(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(whole).collect(),
        Value::Object(fields) => {
            let mut fields = with_parts(fields, &["allOf"]);
            let is_open = fields.contains_key("additionalProperties");
            let is_schema = fields.get("properties").is_some_and(Value::is_object)
                || fields.get("allOf").is_some_and(Value::is_array);
            if is_schema && !is_open {
                fields.insert("unevaluatedProperties".to_owned(), false.into());
            }
            fields.into()
        }
        other => other.clone(),
    }
}

/// Returns a schema that another is put together of.
fn part(value: &Value) -> Value {
    let Some(fields) = value.as_object() else { return value.clone() };
    if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
        return json!({"$ref": reference.replace("/schemas/", "/parts/")});
    }
    with_parts(fields, &["allOf", "anyOf", "oneOf"]).into()
}

/// Closes what is in an object, but for what it is put together of by these keywords.
fn with_parts(fields: &Map<String, Value>, parts: &[&str]) -> Map<String, Value> {
    let changed = fields.iter().map(|(name, value)| {
        let value = match value.as_array().filter(|_| parts.contains(&name.as_str())) {
            Some(all) => all.iter().map(part).collect(),
            None => whole(value),
        };
        (name.clone(), value)
    });
    changed.collect()
}

fn without_required(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_required).collect(),
        Value::Object(fields) => {
            let kept =
                fields.iter().filter(|(name, value)| *name != "required" || !value.is_array());
            let kept = kept.map(|(name, value)| (name.clone(), without_required(value)));
            kept.collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Writes a name as a part of a pointer in an address.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1").replace('{', "%7B").replace('}', "%7D")
}
