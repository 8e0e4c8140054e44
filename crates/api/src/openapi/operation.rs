//! One operation, written as a row: what is the same for all of a kind is added here.

use axum::http::Method;
use serde_json::{Map, Value, json};

/// What can be done at one path, or at several that mean the same.
pub(super) struct Operation {
    pub(super) places: Vec<(Method, &'static str)>,
    summary: &'static str,
    description: Option<&'static str>,
    parameters: Vec<Value>,
    body: Option<Value>,
    answer: Value,
    asked_by: AskedBy,
    /// The status of a yes.
    status: &'static str,
}

/// Who asks for it, which decides what they must show and how they are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AskedBy {
    Users,
    /// Whoever likes, without credentials.
    Everybody,
    /// Customers, who have no credentials and whose refusals may have their own form. Users may
    /// find other methods there.
    Customers,
    /// Whoever looks after the server. Nothing is refused: the answer has 503 when it is not well.
    Operators,
}

pub(super) fn get(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::GET, path, summary)
}

pub(super) fn post(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::POST, path, summary)
}

pub(super) fn put(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::PUT, path, summary)
}

pub(super) fn delete(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::DELETE, path, summary)
}

/// Returns a reference to a schema.
pub(super) fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Returns the schema of an answer that says yes and has something beside it.
pub(super) fn with(name: &str, what: Value) -> Value {
    json!({"type": "object", "required": ["statusCode", name],
        "properties": {"statusCode": {"const": 0}, name: what}})
}

/// Returns the schema of a list.
pub(super) fn list_of(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn in_json(schema: &Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

/// Returns the schema of a page of resources.
pub(super) fn page(plural: &str, name: &str) -> Value {
    let mut page = with(plural, list_of(schema(name)));
    page["properties"]["nextCursor"] = json!({"type": "string"});
    page["properties"]["truncated"] = json!({"type": "boolean"});
    page["properties"]["behind"] = json!({"type": "boolean"});
    page
}

impl Operation {
    fn new(method: Method, path: &'static str, summary: &'static str) -> Self {
        Self {
            places: vec![(method, path)],
            summary,
            description: None,
            parameters: Vec::new(),
            body: None,
            answer: in_json(&schema("Done")),
            asked_by: AskedBy::Users,
            status: "200",
        }
    }

    /// Has it at another place as well.
    pub(super) fn and(mut self, method: Method, path: &'static str) -> Self {
        self.places.push((method, path));
        self
    }

    /// Has a GET at other places as well.
    pub(super) fn and_at(self, paths: &[&'static str]) -> Self {
        paths.iter().fold(self, |operation, path| operation.and(Method::GET, path))
    }

    pub(super) fn note(self, text: &'static str) -> Self {
        Self { description: Some(text), ..self }
    }

    pub(super) fn by_everybody(self) -> Self {
        Self { asked_by: AskedBy::Everybody, ..self }
    }

    pub(super) fn by_customers(self) -> Self {
        Self { asked_by: AskedBy::Customers, ..self }
    }

    pub(super) fn by_operators(self) -> Self {
        Self { asked_by: AskedBy::Operators, ..self }
    }

    pub(super) fn query(mut self, name: &str, description: &str) -> Self {
        self.parameters.push(json!({"name": name, "in": "query", "description": description,
            "schema": {"type": "string"}}));
        self
    }

    /// Needs a parameter of the query.
    pub(super) fn needs(mut self, name: &str, description: &str) -> Self {
        self = self.query(name, description);
        if let Some(last) = self.parameters.last_mut() {
            last["required"] = true.into();
        }
        self
    }

    /// Takes a JSON object.
    pub(super) fn takes(self, name: &str, example: Value) -> Self {
        self.takes_one_of(&[name], example)
    }

    /// Takes a JSON object of one of several kinds.
    pub(super) fn takes_one_of(self, names: &[&str], example: Value) -> Self {
        let schema = any_of(names.iter().map(|name| schema(name)).collect());
        let content = json!({"application/json": {"schema": schema, "example": example}});
        Self { body: Some(json!({"required": true, "content": content})), ..self }
    }

    /// Takes a form with a file.
    pub(super) fn takes_file(self) -> Self {
        let text = json!({"type": "string"});
        let schema = json!({"type": "object", "required": ["attachment"], "properties": {
            "attachment": {"type": "string", "contentMediaType": "application/octet-stream"},
            "visibility": schema("Visibility"), "description": text, "inline": text}});
        let content = json!({"multipart/form-data": {"schema": schema,
            "example": {"attachment": "(the bytes)", "visibility": "All"}}});
        Self { body: Some(json!({"required": true, "content": content})), ..self }
    }

    /// Answers with one schema.
    pub(super) fn gives(self, name: &str) -> Self {
        self.answers(schema(name))
    }

    /// Answers with one of several schemas.
    pub(super) fn gives_one_of(self, names: &[&str]) -> Self {
        self.answers(any_of(names.iter().map(|name| schema(name)).collect()))
    }

    pub(super) fn answers(self, schema: Value) -> Self {
        Self { answer: in_json(&schema), ..self }
    }

    /// Answers with something that is no JSON.
    pub(super) fn gives_file(self, content_type: &str) -> Self {
        Self { answer: json!({content_type: {"schema": {"type": "string"}}}), ..self }
    }

    /// Answers with something that is no JSON where that is asked for.
    pub(super) fn or_file(mut self, content_type: &str) -> Self {
        self.answer[content_type] = json!({"schema": {"type": "string"}});
        self
    }

    /// Sends a browser to another page.
    pub(super) fn redirects(self) -> Self {
        Self { status: "303", ..self.gives_file("text/plain") }
    }

    /// Answers with one resource.
    pub(super) fn one(self, singular: &str, name: &str) -> Self {
        self.query("fields", FIELDS).answers(with(singular, schema(name)))
    }

    /// Answers with a list: its addresses, or with `fields` its resources.
    pub(super) fn list(self, plural: &str, name: &str, filters: &[&str]) -> Self {
        let page = any_of(vec![schema("Uris"), page(plural, name)]);
        self.listing(filters).answers(page)
    }

    /// Answers with a list whose items have no addresses of their own.
    pub(super) fn parts(self, plural: &str, name: &str, filters: &[&str]) -> Self {
        let page = page(plural, name);
        self.listing(filters).answers(page)
    }

    /// Takes the parameters of a list.
    pub(super) fn listing(mut self, filters: &[&str]) -> Self {
        self = self.query("fields", FIELDS).query("cursor", "The `nextCursor` of the page before.");
        self.parameters.push(json!({"name": "limit", "in": "query",
            "description": "Most items on the page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 1_000, "default": 100}}));
        filters
            .iter()
            .fold(self, |list, name| list.query(name, "Shows only those with this value."))
    }

    /// Or answers with something else.
    pub(super) fn or(mut self, schema: Value) -> Self {
        let known = self.answer["application/json"]["schema"].take();
        self.answer = in_json(&json!({"anyOf": [known, schema]}));
        self
    }

    /// Writes it for one of its places.
    pub(super) fn at(&self, (method, path): &(Method, &'static str), area: &str) -> Value {
        let mut written = json!({
            "operationId": id_of(method, path), "summary": self.summary, "tags": [area],
            "responses": self.responses(method),
        });
        let parameters = self.all_parameters(method, path);
        if !parameters.is_empty() {
            written["parameters"] = parameters.into();
        }
        if let Some(text) = self.description {
            written["description"] = text.into();
        }
        if let Some(body) = &self.body {
            written["requestBody"] = body.clone();
        }
        written["security"] = self.security(method);
        written
    }

    /// Returns with which credentials it can be asked for; `{}` is none.
    fn security(&self, method: &Method) -> Value {
        let is_read = *method == Method::GET;
        match self.asked_by {
            // Users read at the same address what customers do.
            AskedBy::Customers if is_read => json!([{}, {"basic": []}, {"cookie": []}]),
            AskedBy::Everybody | AskedBy::Customers | AskedBy::Operators => json!([{}]),
            // Whoever reads by a cookie needs no token beside it.
            AskedBy::Users if is_read => json!([{"basic": []}, {"cookie": []}]),
            AskedBy::Users => json!([{"basic": []}, {"cookie": [], "csrf": []}]),
        }
    }

    fn all_parameters(&self, method: &Method, path: &str) -> Vec<Value> {
        let text = json!({"type": "string"});
        let variable = |name| json!({"name": name, "in": "path", "required": true, "schema": text});
        let key = (*method != Method::GET).then(|| json!({"$ref": "#/components/parameters/Key"}));
        let mut all: Vec<Value> = variables(path).map(variable).collect();
        all.extend(self.parameters.iter().cloned());
        all.extend(key);
        all
    }

    fn responses(&self, method: &Method) -> Value {
        let mut all = Map::new();
        all.insert(self.status.to_owned(), json!({"description": "Done.", "content": self.answer}));
        if self.asked_by == AskedBy::Operators {
            let unwell = json!({"description": "The server is not well.", "content": self.answer});
            all.insert("503".to_owned(), unwell);
            return all.into();
        }
        let of_changes: &[&str] = match *method {
            Method::GET => &[],
            _ => &["408", "409", "413", "415"],
        };
        let of_all = ["400", "401", "403", "404", "429", "500", "503"];
        let (of_customers, kind): (&[&str], _) = match self.asked_by {
            AskedBy::Customers => (&["405"], "customers-"),
            AskedBy::Users | AskedBy::Everybody | AskedBy::Operators => (&[], ""),
        };
        for status in of_all.iter().chain(of_changes).chain(of_customers) {
            let reference = format!("#/components/responses/{kind}{status}");
            all.insert((*status).to_owned(), json!({"$ref": reference}));
        }
        all.into()
    }
}

const FIELDS: &str = "Names of fields with commas between them, or `*` for all of them; a list \
    shows addresses alone without it.";

fn any_of(mut schemas: Vec<Value>) -> Value {
    if schemas.len() == 1 { schemas.remove(0) } else { json!({"anyOf": schemas}) }
}

fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// Names an operation after its method and path, such as `getUsersByIdSkills`.
fn id_of(method: &Method, path: &str) -> String {
    let words = path.split(['/', '-', '.']).filter(|part| !part.is_empty());
    let words = words.map(|part| match part.strip_prefix('{') {
        Some(variable) => format!("By{}", capitalized(variable.trim_end_matches('}'))),
        None => capitalized(part),
    });
    std::iter::once(method.as_str().to_lowercase()).chain(words).collect()
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
