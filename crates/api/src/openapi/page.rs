//! The document of REST as a page that one reads: no script, and nothing of another host.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page.css");

static PAGE: LazyLock<String> = LazyLock::new(|| page(&super::document::document()));
/// The page may show its own style and do nothing else.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("a policy is ASCII")
});

/// `GET /docs`
pub(crate) async fn get() -> ([(HeaderName, HeaderValue); 3], &'static str) {
    let head = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, super::KEPT),
        (CONTENT_SECURITY_POLICY, POLICY.clone()),
    ];
    (head, &PAGE)
}

fn page(document: &Value) -> String {
    let (mut links, mut body) = (String::new(), String::new());
    for tag in document["tags"].as_array().into_iter().flatten() {
        let (name, about) = (text(&tag["name"]), text(&tag["description"]));
        put(&mut links, format_args!("<a href=\"#{name}\">{name}</a> "));
        put(&mut body, format_args!("<h2 id=\"{name}\">{name}</h2><p>{about}</p>"));
        for (path, method, operation) in operations(document, &tag["name"]) {
            put(&mut body, format_args!("{}", shown(path, method, operation)));
        }
    }
    body.push_str("<h2 id=\"Schemas\">Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let about = text(&schema["description"]);
        put(&mut body, format_args!("<h3 id=\"{name}\">{name}</h3><p>{about}</p>"));
        body.push_str(&fields(schema));
    }
    let about = text(&document["info"]["description"]);
    let version = text(&document["info"]["version"]);
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>The API of Handoff</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style>\
         <h1>The API of Handoff {version}</h1><p>{about}</p>\
         <p>For programs: <a href=\"openapi.json\">openapi.json</a>, and \
         <a href=\"asyncapi.json\">asyncapi.json</a> of what CometD tells.</p>\
         <nav>{links}<a href=\"#Schemas\">Schemas</a></nav>{body}</html>\n"
    )
}

/// Returns path, method and operation of all that have a tag.
fn operations<'a>(
    document: &'a Value,
    tag: &'a Value,
) -> impl Iterator<Item = (&'a String, &'a String, &'a Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path, method, operation))
    });
    all.filter(move |(.., operation)| operation["tags"][0] == *tag)
}

fn shown(path: &str, method: &str, operation: &Value) -> String {
    let summary = text(&operation["summary"]);
    let mut shown = format!(
        "<details><summary><b>{}</b> <code>{}</code> {summary}</summary>",
        method.to_uppercase(),
        escaped(path),
    );
    put(&mut shown, format_args!("<p>{}</p>", text(&operation["description"])));
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let mut rows = parameters.filter(|parameter| parameter["in"] == "query").peekable();
    if rows.peek().is_some() {
        shown.push_str("<h4>Query</h4><dl>");
        for row in rows {
            let (name, about) = (text(&row["name"]), text(&row["description"]));
            put(&mut shown, format_args!("<dt><code>{name}</code></dt><dd>{about}</dd>"));
        }
        shown.push_str("</dl>");
    }
    for (_, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        let (kind, example) = (kind(&content["schema"]), &content["example"]);
        let example = escaped(&format!("{example:#}"));
        put(&mut shown, format_args!("<h4>Takes {kind}, such as</h4><pre>{example}</pre>"));
    }
    for (media, content) in
        operation["responses"]["200"]["content"].as_object().into_iter().flatten()
    {
        let kind = kind(&content["schema"]);
        put(&mut shown, format_args!("<h4>Answers with {kind}</h4><p>{}</p>", escaped(media)));
        shown.push_str(&fields(&content["schema"]));
    }
    shown.push_str("</details>");
    shown
}

/// Shows the fields of an object.
fn fields(schema: &Value) -> String {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    if properties.is_empty() {
        return format!("<p>{}</p>", kind(schema));
    }
    let required = schema["required"].as_array().into_iter().flatten();
    let required: Vec<&str> = required.filter_map(Value::as_str).collect();
    let row = |(name, field): (&String, &Value)| {
        let optional = if required.contains(&name.as_str()) { "" } else { ", optional" };
        let (kind, about) = (kind(field), text(&field["description"]));
        format!("<dt><code>{}</code></dt><dd>{kind}{optional}. {about}</dd>", escaped(name))
    };
    let all: Vec<String> = schema["allOf"].as_array().into_iter().flatten().map(kind).collect();
    let whole = if all.is_empty() {
        String::new()
    } else {
        format!("<p>All of {}, and</p>", all.join(", "))
    };
    format!("{whole}<dl>{}</dl>", properties.iter().map(row).collect::<String>())
}

/// Names what a schema is.
fn kind(schema: &Value) -> String {
    if let Some(name) =
        schema["$ref"].as_str().and_then(|it| it.strip_prefix(super::document::SCHEMA))
    {
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    let joined =
        |schemas: &Vec<Value>, word: &str| schemas.iter().map(kind).collect::<Vec<_>>().join(word);
    for (keyword, word) in [("anyOf", " or "), ("oneOf", " or "), ("allOf", " with ")] {
        if let Some(schemas) = schema[keyword].as_array() {
            return joined(schemas, word);
        }
    }
    match schema {
        Value::Object(it) if it.contains_key("const") => quoted(&schema["const"]),
        Value::Object(it) if it.contains_key("enum") => {
            let values = schema["enum"].as_array().into_iter().flatten();
            values.map(quoted).collect::<Vec<_>>().join(" or ")
        }
        Value::Object(it) if it.contains_key("items") => {
            format!("list of {}", kind(&schema["items"]))
        }
        _ => match &schema["type"] {
            Value::String(name) => escaped(name),
            Value::Array(names) => names.iter().map(text).collect::<Vec<_>>().join(" or "),
            _ => "anything".to_owned(),
        },
    }
}

fn quoted(value: &Value) -> String {
    format!("<code>{}</code>", escaped(&value.to_string()))
}

/// Returns a text of the document as HTML; what is between backticks is code.
fn text(value: &Value) -> String {
    let text = escaped(value.as_str().unwrap_or_default());
    let parts = text.split('`').enumerate().map(|(place, part)| match place % 2 {
        0 => part.to_owned(),
        _ => format!("<code>{part}</code>"),
    });
    parts.collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn put(page: &mut String, part: std::fmt::Arguments<'_>) {
    page.write_fmt(part).expect("a string takes all that is written");
}
