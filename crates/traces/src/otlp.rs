//! Spans as OTLP has them in JSON (OpenTelemetry protocol 1.x, `ExportTraceServiceRequest`): ids in
//! hex, times as texts of nanoseconds, numbers of kinds and states.

use bytes::Bytes;
use handoff_domain::{InteractionId, OfferKind, Time};
use handoff_engine::Directory;
use serde_json::{Value, json};

use crate::span::{Span, What, trace_of};

/// An internal span, in OTLP's numbering.
const INTERNAL: u8 = 1;

/// An interaction and spans of it.
pub(crate) struct Traced {
    pub(crate) interaction: InteractionId,
    /// Its medium, while there is a record of it.
    pub(crate) channel: Option<String>,
    pub(crate) spans: Vec<Span>,
}

/// Writes a request.
pub(crate) fn request(node: &str, traced: &[Traced], directory: &Directory) -> Bytes {
    let spans: Vec<Value> = traced
        .iter()
        .flat_map(|traced| traced.spans.iter().map(|span| written(traced, span, directory)))
        .collect();
    let resource = json!({"attributes": [
        attribute("service.name", "handoff"),
        attribute("service.version", env!("CARGO_PKG_VERSION")),
        attribute("service.instance.id", node),
    ]});
    let scope = json!({"name": "handoff.interactions"});
    let body = json!({"resourceSpans": [
        {"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}
    ]});
    Bytes::from(body.to_string())
}

fn written(traced: &Traced, span: &Span, directory: &Directory) -> Value {
    let mut attributes = vec![
        attribute("handoff.interaction.id", &traced.interaction.to_string()),
        attribute("handoff.end", span.end),
    ];
    attributes.extend(traced.channel.as_deref().map(|it| attribute("handoff.channel", it)));
    let name = match span.what {
        What::Interaction => "interaction",
        What::Wait(queue) => {
            attributes.push(attribute("handoff.queue.id", &queue.to_string()));
            let name = directory.queues.get(&queue).map(|queue| &*queue.name);
            attributes.extend(name.map(|name| attribute("handoff.queue.name", name)));
            "wait"
        }
        What::Offer { to, kind } => {
            attributes.push(attribute("handoff.agent.id", &to.to_string()));
            attributes.push(attribute("handoff.offer.kind", kind_name(kind)));
            "offer"
        }
        What::Work { by } => {
            attributes.push(attribute("handoff.agent.id", &by.to_string()));
            "work"
        }
    };
    let mut shown = json!({
        "traceId": hex(&trace_of(traced.interaction)),
        "spanId": hex(&span.id),
        "name": name,
        "kind": INTERNAL,
        "startTimeUnixNano": nanoseconds(span.began),
        "endTimeUnixNano": nanoseconds(span.ended),
        "attributes": attributes,
        "status": {},
    });
    if let Some(parent) = span.parent {
        shown["parentSpanId"] = hex(&parent).into();
    }
    shown
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

const fn kind_name(kind: OfferKind) -> &'static str {
    match kind {
        OfferKind::Routed => "Routed",
        OfferKind::Transfer => "Transfer",
        OfferKind::Invite => "Invite",
        OfferKind::Consult => "Consult",
        OfferKind::Monitor => "Monitor",
        OfferKind::Coach => "Coach",
        OfferKind::BargeIn => "BargeIn",
    }
}

fn nanoseconds(at: Time) -> String {
    (i128::from(at.0) * 1_000_000).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
