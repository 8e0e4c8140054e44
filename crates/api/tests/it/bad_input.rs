//! What is wrong with a request is told before anything else, by name, and nothing of it ever fails
//! inside.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use crate::api::{Api, ROOT};

/// Bodies that no operation takes, and what the sentence must name.
fn malformed() -> Vec<(String, &'static str)> {
    let nested = |depth: usize| {
        format!("{{\"operationName\":\"Accept\",\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
    };
    let table: &[(&str, &str)] = &[
        ("", "EOF"),
        (" ", "EOF"),
        ("{", "EOF"),
        ("}", "line 1 column 1"),
        ("null", "object"),
        ("true", "object"),
        ("7", "object"),
        ("[]", "object"),
        ("\"Accept\"", "object"),
        ("[{\"operationName\":\"Accept\"}]", "object"),
        ("{\"operationName\":\"Accept\"", "EOF"),
        ("{\"operationName\":\"Accept\"}}", "trailing"),
        ("{\"operationName\":\"Accept\"} x", "trailing"),
        ("{\"operationName\":\"Accept\"}{}", "trailing"),
        ("{\"operationName\":\"Accept\",}", "column"),
        ("{operationName:\"Accept\"}", "column"),
        ("{'operationName':'Accept'}", "column"),
        ("{\"operationName\" \"Accept\"}", "column"),
        ("{\"operationName\":\"PlaceInQueue\"\n\"queueName\":\"tasks\"}", "line 2"),
        (
            "{\"operationName\":\"Accept\",\"operationName\":\"Reject\"}",
            "duplicate key \"operationName\"",
        ),
        ("{\"operationName\":\"Accept\",\"x\":{\"a\":1,\"a\":1}}", "duplicate key \"a\""),
        ("{\"operationName\":\"Accept\",\"x\":[{\"a\":1,\"\\u0061\":1}]}", "duplicate key \"a\""),
        ("{\"operationName\":\"Accept\",\"x\":1e400}", "out of range"),
        ("{\"operationName\":\"Accept\",\"x\":-1e400}", "out of range"),
        ("{\"operationName\":\"Accept\",\"x\":01}", "column"),
        ("{\"operationName\":\"Accept\",\"x\":NaN}", "column"),
        ("{\"operationName\":\"Accept\",\"x\":\"\\ud800\"}", "column"),
        ("{\"operationName\":\"Accept\",\"x\":\"\t\"}", "column"),
        ("{\"operationName\":\"Accept\",\"x\":\"\\x\"}", "column"),
        ("// comment\n{}", "line 1"),
    ];
    let mut all: Vec<(String, &str)> =
        table.iter().map(|(text, wanted)| ((*text).to_owned(), *wanted)).collect();
    all.push((nested(64), "deeper than 64"));
    all.push((nested(100_000), "deeper than 64"));
    all.push(("[".repeat(100_000), "deeper than 64"));
    all.push(("{\"a\":".repeat(100_000), "deeper than 64"));
    all
}

#[tokio::test]
async fn what_is_no_json_is_code_10_and_the_place_is_named() {
    let api = Api::start().await;
    for (text, wanted) in malformed() {
        let reply =
            api.by("kate").send(Method::POST, "/me/interactions/x", Some(text.clone()), &[]).await;
        let sentence = reply.refused(400, 10);
        assert!(sentence.contains(wanted), "{}: {sentence}", &text[..text.len().min(60)]);
        assert!(sentence.len() < 400);
    }
}

#[tokio::test]
async fn nesting_is_counted_where_it_is() {
    let api = Api::start().await;
    let nested =
        format!("{{\"operationName\":\"Accept\",\"a\":{}{}}}", "[".repeat(63), "]".repeat(63));
    let reply = api.by("kate").send(Method::POST, "/me/interactions/x", Some(nested), &[]).await;
    reply.refused(404, 6);
}

/// A body, the code it gets, and the name that the sentence has.
type Wrong = (Value, i64, &'static str);

fn op(name: &str, mut fields: Value) -> Value {
    fields["operationName"] = json!(name);
    fields
}

/// Bodies for an interaction's operations, of every medium.
fn wrong_fields() -> Vec<Wrong> {
    let deep = (0..17).fold(json!(1), |inside, _| json!({ "a": inside }));
    let many: Value = (0..100_000)
        .map(|n| (format!("{n:x}"), json!(1)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    vec![
        (json!({}), 1, "operationName"),
        (json!({"operationName": null}), 1, "operationName"),
        (json!({"operationName": 7}), 10, "operationName"),
        (json!({"operationName": ["Accept"]}), 10, "operationName"),
        (json!({"operationName": ""}), 10, "operationName"),
        (json!({"operationName": "accept"}), 10, "accept"),
        (json!({"operationName": "Accept "}), 10, "Accept "),
        (json!({"operationName": "Sent"}), 10, "Sent"),
        (op("Send", json!({"text": 7})), 10, "text"),
        (op("SendToAgents", json!({})), 1, "text"),
        (op("Complete", json!({"text": 7})), 10, "text"),
        (json!({"operationName": "StartContactCenterSession"}), 10, "operationName"),
        (op("Accept", json!({"nickname": 7})), 10, "nickname"),
        (op("Accept", json!({"nickname": "a\nb"})), 10, "nickname"),
        (op("Accept", json!({"epoch": "1"})), 10, "epoch"),
        (op("Accept", json!({"epoch": -1})), 10, "epoch"),
        (op("Accept", json!({"epoch": 1.5})), 10, "epoch"),
        (op("Complete", json!({"queueName": 7})), 10, "queueName"),
        (op("Complete", json!({"queueName": {}})), 10, "queueName"),
        (op("Complete", json!({"queueUri": "x"})), 10, "queueUri"),
        (op("Complete", json!({"queueUri": "/users/x"})), 10, "queueUri"),
        (op("Complete", json!({"queueName": "a", "queueUri": "/queues/x"})), 10, "queueName"),
        (op("PlaceInQueue", json!({})), 1, "queueName"),
        (op("PlaceInQueue", json!({"queueName": null})), 1, "queueName"),
        (op("PlaceInQueue", json!({"queueName": ["tasks"]})), 10, "queueName"),
        (op("UpdateUserData", json!({})), 1, "userData"),
        (op("UpdateUserData", json!({"userData": null})), 1, "userData"),
        (op("UpdateUserData", json!({"userData": []})), 10, "userData"),
        (op("UpdateUserData", json!({"userData": "a=1"})), 10, "userData"),
        (op("UpdateUserData", json!({"userData": deep.clone()})), 10, "userData"),
        (op("UpdateUserData", json!({"userData": many})), 10, "userData"),
        (op("UpdateUserData", json!({"userData": {"a": "x".repeat(70_000)}})), 10, "userData"),
        (op("UpdateUserData", json!({"userData": {"k".repeat(257): 1}})), 10, "userData"),
        (op("AttachUserData", json!({})), 1, "userData"),
        (op("AttachUserData", json!({"userData": deep})), 10, "userData"),
        (op("DeleteUserData", json!({})), 1, "keys"),
        (op("DeleteUserData", json!({"keys": "a"})), 10, "keys"),
        (op("DeleteUserData", json!({"keys": [1]})), 10, "keys"),
        (op("DeleteUserData", json!({"keys": ["a"], "userData": {"a": 1}})), 10, "keys"),
        (op("PlaceInWorkbin", json!({})), 1, "workbin"),
        (op("PlaceInWorkbin", json!({"workbin": {"id": "x"}})), 10, "workbin"),
        until(json!(7)),
        until(json!("tomorrow")),
        until(json!("2026-02-30T00:00:00Z")),
        until(json!("2026-02-03")),
        until(json!("2026-02-03T12:00:00")),
        (op("GetWorkbinContent", json!({})), 1, "workbin"),
        (op("GetWorkbinContent", json!({"workbin": 7})), 10, "workbin"),
        (op("PlaceInWorkbin", json!({"workbin": "x", "userId": 7})), 10, "userId"),
        (op("Pull", json!({"userId": "a", "userName": "b"})), 10, "agents"),
        (op("SetPriority", json!({})), 1, "priority"),
        (op("SetPriority", json!({"priority": "high"})), 10, "priority"),
        (op("Transfer", json!({})), 1, "userId"),
        (op("Transfer", json!({"userId": 7})), 10, "userId"),
        (op("Transfer", json!({"userId": "a", "userName": "b"})), 10, "targets"),
        (op("Transfer", json!({"targetUri": "kate"})), 10, "targetUri"),
        (op("Transfer", json!({"skill": ["billing"]})), 10, "skill"),
    ]
}

fn until(time: Value) -> Wrong {
    (op("PlaceInWorkbin", json!({"workbin": "x", "until": time})), 10, "until")
}

/// Bodies for the operations on e-mails, and for remarks.
fn wrong_drafts() -> Vec<Wrong> {
    vec![
        (op("Reply", json!({"quoteOriginal": "yes"})), 10, "quoteOriginal"),
        (op("Reply", json!({"subjectPrefix": "Re:\r\nBcc: x@y"})), 10, "subjectPrefix"),
        (op("Reply", json!({"subjectPrefix": "x".repeat(4_097)})), 10, "subjectPrefix"),
        (op("Reply", json!({"userData": 7})), 10, "userData"),
        (op("ReplyAll", json!({"body": 7})), 10, "body"),
        (op("Forward", json!({"indentCharacter": 1})), 10, "indentCharacter"),
        (op("Save", json!({})), 1, "email"),
        (op("Save", json!({"email": "text"})), 10, "email"),
        (op("Save", json!({"email": {"to": 7}})), 10, "email.to"),
        (op("Save", json!({"email": {"to": [7]}})), 10, "email.to"),
        (op("Save", json!({"email": {"to": ["a@b\r\nBcc: c@d"]}})), 10, "email.to"),
        (op("Save", json!({"email": {"subject": "a\nb"}})), 10, "email.subject"),
        (op("Save", json!({"email": {"subject": "x".repeat(4_097)}})), 10, "email.subject"),
        (op("Send", json!({"email": {"subject": "x".repeat(4_097)}})), 10, "email.subject"),
        (op("Save", json!({"email": {"from": "a\u{0}b"}})), 10, "email.from"),
        (op("Send", json!({"delay": 61})), 10, "delay"),
        (op("Send", json!({"delay": -1})), 10, "delay"),
        (op("Send", json!({"delay": 1.5})), 10, "delay"),
        (op("Send", json!({"delay": "10"})), 10, "delay"),
        (op("Send", json!({"delay": u64::MAX})), 10, "delay"),
        (op("AddComment", json!({})), 1, "comment"),
        (op("AddComment", json!({"comment": 7})), 10, "comment"),
        (op("SetDisposition", json!({})), 1, "disposition"),
        (op("ReportResponseTemplateUsage", json!({})), 1, "responseTemplateId"),
        (op("LinkStandardReponseToInteraction", json!({"responseId": 1})), 10, "responseId"),
        (op("SetDisposition", json!({"disposition": {}})), 10, "disposition"),
        (
            op("SetDisposition", json!({"disposition": "a", "dispositionKey": 1})),
            10,
            "dispositionKey",
        ),
    ]
}

#[tokio::test]
async fn a_wrong_or_missing_field_is_named_before_anything_else_is_looked_at() {
    let api = Api::start().await;
    for (body, code, name) in wrong_fields().into_iter().chain(wrong_drafts()) {
        let text = body.to_string();
        // Neither the missing credentials nor the missing role nor the unknown interaction is told
        // first.
        for client in [api.by("kate"), api.by("ada"), api.anonymous()] {
            let reply =
                client.send(Method::POST, "/me/interactions/x", Some(text.clone()), &[]).await;
            let sentence = reply.refused(400, code);
            assert!(sentence.contains(name), "{}: {sentence}", &text[..text.len().min(80)]);
        }
    }
}

/// Sends wrong bodies to one path; each refusal must have its code and its name.
async fn assert_refused(method: Method, path: &str, user: &str, bodies: Vec<Wrong>) {
    let api = Api::start().await;
    for (body, code, name) in bodies {
        let reply = api.by(user).send(method.clone(), path, Some(body.to_string()), &[]).await;
        let sentence = reply.refused(400, code);
        assert!(sentence.contains(name), "{method} {path} {body}: {sentence}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_creation_is_named() {
    let create = |mut fields: Value| {
        for (name, value) in
            [("operationName", "Create"), ("channel", "workitem"), ("queueName", "tasks")]
        {
            if fields.get(name).is_none() {
                fields[name] = json!(value);
            }
        }
        fields
    };
    let bodies = vec![
        (json!({"operationName": "Delete"}), 10, "Delete"),
        (create(json!({"channel": null})), 1, "channel"),
        (create(json!({"queueName": null})), 1, "queueName"),
        (create(json!({"priority": "high"})), 10, "priority"),
        (create(json!({"priority": 1.5})), 10, "priority"),
        (create(json!({"priority": 18_446_744_073_709_551_615_u64})), 10, "priority"),
        (create(json!({"interactionType": "Sideways"})), 10, "interactionType"),
        (create(json!({"externalId": ""})), 10, "externalId"),
        (create(json!({"externalId": 7})), 10, "externalId"),
        (create(json!({"externalId": "x".repeat(256)})), 10, "externalId"),
        (create(json!({"subject": ["a"]})), 10, "subject"),
        (create(json!({"subject": "x".repeat(4_097)})), 10, "subject may have 4096 bytes"),
        (create(json!({"subject": "ü".repeat(2_049)})), 10, "subject may have 4096 bytes"),
        (
            create(
                json!({"channel": "email", "queueName": "support-email", "email": {"subject": "x".repeat(4_097)}}),
            ),
            10,
            "email.subject may have 4096 bytes",
        ),
        (create(json!({"interactionSubType": "x".repeat(256)})), 10, "interactionSubType"),
        (create(json!({"contactId": "x".repeat(256)})), 10, "contactId"),
        (create(json!({"skills": ["billing"]})), 10, "skills"),
        (create(json!({"skills": {"billing": "4"}})), 10, "skills"),
        (create(json!({"skills": {"billing": -1}})), 10, "skills"),
        (create(json!({"email": {"to": ["a@b"]}})), 10, "email"),
        (create(json!({"userData": 7})), 10, "userData"),
    ];
    assert_refused(Method::POST, "/interactions", "intake", bodies).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_session_or_a_channel_is_named() {
    let start = |channels: Value| json!({"operationName": "StartContactCenterSession", "channels": channels});
    let bodies = vec![
        (json!({"operationName": "Dance"}), 10, "Dance"),
        (json!({"operationName": "StartContactCenterSession"}), 1, "channels"),
        (start(json!("chat")), 10, "channels"),
        (start(json!([1])), 10, "channels"),
        (start(json!([])), 10, "channels"),
        (start(json!(["pigeon"])), 10, "channels"),
        (start(json!(vec!["chat"; 101])), 10, "channels"),
        (json!({"operationName": "NotReady", "reason": 7}), 10, "reason"),
    ];
    assert_refused(Method::POST, "/me", "kate", bodies).await;
    let bodies = vec![
        (op("NotReady", json!({"reason": ["Lunch"]})), 10, "reason"),
        (op("NotReady", json!({"reason": "x".repeat(500)})), 10, "reason"),
        (op("OutToLunch", json!({})), 10, "OutToLunch"),
    ];
    assert_refused(Method::POST, "/me/channels/chat", "kate", bodies).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_change_is_named() {
    let bodies = vec![
        (json!({"state": "Completed"}), 11, "state"),
        (json!({"assignedTo": "x"}), 11, "assignedTo"),
        (json!({"anything": 1}), 11, "anything"),
        (json!({"priority": "1"}), 10, "priority"),
        (json!({"subject": "x".repeat(4_097)}), 10, "subject may have 4096 bytes"),
        (json!({"email": {"subject": "x".repeat(4_097)}}), 10, "email.subject"),
        (json!({"userData": [1]}), 10, "userData"),
    ];
    assert_refused(Method::PUT, "/interactions/x", "kate", bodies).await;
    let bodies = vec![
        (op("AddInteraction", json!({})), 1, "id"),
        (op("AddInteraction", json!({"id": 7})), 10, "id"),
        (op("AddPigeon", json!({"id": "x"})), 10, "AddPigeon"),
        (op("Empty", json!({})), 10, "Empty"),
    ];
    assert_refused(Method::POST, "/workbins/x", "kate", bodies).await;
    let bodies = vec![
        (json!({"inviteTimeout": 0}), 10, "inviteTimeout"),
        (json!({"inviteTimeout": 86_401}), 10, "inviteTimeout"),
        (json!({"inviteTimeout": "30"}), 10, "inviteTimeout"),
        (json!({"groups": "Support"}), 10, "groups"),
        (json!({"name": " "}), 10, "name"),
        (json!({"steps": [{}]}), 1, "after"),
    ];
    assert_refused(Method::PUT, "/queues/x", "ada", bodies).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let api = Api::start().await;
    let sized =
        |size: usize| format!("{{\"operationName\":\"Accept\",\"x\":\"{}\"}}", "x".repeat(size));
    let table =
        [(1_000_000, 404, 6), (1_048_576, 413, 10), (4_000_000, 413, 10), (9_000_000, 413, 10)];
    for (size, status, code) in table {
        let reply =
            api.by("kate").send(Method::POST, "/me/interactions/x", Some(sized(size)), &[]).await;
        assert_eq!(reply.codes(), (status, code), "{size}");
    }
    let reply =
        api.anonymous().send(Method::POST, "/me/interactions/x", Some(sized(2_000_000)), &[]).await;
    assert_eq!(reply.codes(), (413, 10), "whoever it is");
}

#[tokio::test]
async fn only_json_is_taken() {
    let api = Api::start().await;
    let body = || Some(json!({"operationName": "Accept"}).to_string());
    let table = [
        ("application/json", 404),
        ("application/json;charset=UTF-8", 404),
        ("Application/JSON ; charset=utf-8", 404),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/jsonp", 415),
        ("", 415),
    ];
    for (content_type, status) in table {
        let headers = [("content-type", content_type)];
        let reply = api.by("kate").send(Method::POST, "/me/interactions/x", body(), &headers).await;
        assert_eq!(reply.status.as_u16(), status, "{content_type}");
        assert_eq!(reply.json()["statusCode"], if status == 415 { 10 } else { 6 });
    }
    let without = Request::post(format!("{ROOT}/me/interactions/x"))
        .body(Body::from(body().unwrap()))
        .unwrap();
    assert_eq!(api.send(without).await.codes(), (415, 10));
}

#[tokio::test]
async fn a_packed_body_is_not_unpacked() {
    let api = Api::start().await;
    let send = async |client: &crate::api::Client<'_>, method: Method, path: &str, coding: &str| {
        let headers = [("content-encoding", coding)];
        client.send(method, path, Some("\u{1f}packed".to_owned()), &headers).await
    };
    let kate = api.by("kate");
    for coding in ["gzip", "x-gzip", "br", "deflate", "zstd", "identity, gzip", "no-such-coding"] {
        let reply = send(&kate, Method::POST, "/me/interactions/x", coding).await;
        assert_eq!(reply.codes(), (415, 10), "{coding}");
        assert_eq!(reply.headers[header::ACCEPT_ENCODING], "identity");
    }
    let doors = [
        (Method::PUT, "/interactions/x"),
        (Method::POST, "/me/interactions/x/attachments"),
        (Method::DELETE, "/me/interactions/x/attachments/y"),
        (Method::POST, "/interactions"),
    ];
    for (method, path) in doors {
        for client in [&kate, &api.by("intake"), &api.anonymous()] {
            assert_eq!(
                send(client, method.clone(), path, "gzip").await.codes(),
                (415, 10),
                "{method} {path}"
            );
        }
    }
    assert_eq!(
        send(&kate, Method::POST, "/me/interactions/x", "Identity").await.codes(),
        (400, 10),
        "no JSON"
    );
    let without_body = [("content-encoding", "gzip")];
    kate.send(Method::GET, "/me", None, &without_body).await.ok();
    let customers = [
        ("/api/v2/chats", "statusCode", json!(10)),
        ("/genesys/2/chat/customer-support", "errors", json!(1005)),
        ("/genesys/2/email/contact-us", "errors", json!(1005)),
        ("/genesys/2/chat-ntf", "errors", json!(1005)),
    ];
    for (path, key, code) in customers {
        let request = Request::post(path).header("content-encoding", "gzip");
        let reply = api.send(request.body(Body::from("packed")).unwrap()).await;
        let told = reply.json();
        let told = if key == "errors" { &told["errors"][0]["code"] } else { &told[key] };
        assert_eq!((reply.status.as_u16(), told), (415, &code), "{path}");
    }
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_told_in_json() {
    let api = Api::start().await;
    for path in ["/nothing", "/me/interactions/x/y", "/interactions//", "/me/faxes", "/%ff"] {
        assert_eq!(api.by("kate").get(path).await.codes(), (404, 6), "{path}");
    }
    let outside = Request::get("/elsewhere").body(Body::empty()).unwrap();
    assert_eq!(api.send(outside).await.codes(), (404, 6));
    let table = [
        (Method::DELETE, "/me", "GET,HEAD,POST"),
        (Method::PUT, "/me/interactions/x", "POST"),
        (Method::GET, "/me/interactions/x", "POST"),
        (Method::PATCH, "/interactions/x", "GET,HEAD,POST,PUT"),
        (Method::PATCH, "/queues/x", "GET,HEAD,PUT,POST,DELETE"),
        (Method::DELETE, "/diagnostics/version", "GET,HEAD"),
    ];
    for (method, path, allowed) in table {
        let reply = api.by("kate").send(method.clone(), path, None, &[]).await;
        assert_eq!(reply.codes(), (405, 10), "{method} {path}");
        assert_eq!(reply.headers[header::ALLOW], allowed, "{method} {path}");
    }
    for (path, allowed) in [("/chats", "POST"), ("/chats/x", "GET,HEAD,POST")] {
        let reply = api.anonymous().send(Method::DELETE, path, None, &[]).await;
        assert_eq!(reply.codes(), (405, 10), "customers', {path}");
        assert_eq!(reply.headers[header::ALLOW], allowed, "customers', {path}");
    }
    for path in
        ["/interactions/%ff", "/users/%ff", "/workbins/%ff/interactions", "/openmedia/%ff/x"]
    {
        assert_eq!(api.by("kate").get(path).await.codes().1, 6, "{path}");
    }
}

#[tokio::test]
async fn of_several_faults_the_first_is_told() {
    let api = Api::start().await;
    let path = "/me/interactions/x";
    let (packed, json, key) = (
        ("content-encoding", "gzip"),
        ("content-type", "application/json"),
        ("idempotency-key", ""),
    );
    let (accept, unknown) = (r#"{"operationName":"Accept"}"#, r#"{"operationName":"Make"}"#);
    #[expect(clippy::type_complexity, reason = "a row is said where it is: headers, body, answer")]
    let steps: [(&[(&str, &str)], &str, (u16, i64)); 6] = [
        (&[packed, key], "{", (415, 10)),
        (&[key], "{", (415, 10)),
        (&[json, key], "{", (400, 10)),
        (&[json, key], unknown, (400, 10)),
        (&[json, key], accept, (400, 10)),
        (&[json], accept, (401, 20)),
    ];
    let mut sentences = std::collections::BTreeSet::new();
    for (headers, body, codes) in steps {
        let mut request = Request::post(format!("/api/v2{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = api.send(request.body(Body::from(body)).unwrap()).await;
        let sentence = reply.refused(codes.0, codes.1);
        assert!(sentences.insert(sentence.clone()), "{sentence}");
    }
    let accept = || Some(accept.to_owned());
    api.by("ada").send(Method::POST, path, accept(), &[json]).await.refused(403, 5);
    api.by("kate").send(Method::POST, path, accept(), &[json]).await.refused(404, 6);
}

#[tokio::test]
async fn a_customers_request_is_counted_before_anything_is_asked_of_it() {
    let change = |setup: &mut handoff_api::Setup| setup.customers.requests_per_s = 1;
    let api = Api::start_on(crate::api::store().await, change).await;
    let send_by = async |method: Method, path: &str| {
        let request =
            Request::builder().method(method).uri(path).header("content-encoding", "gzip");
        api.send(request.body(Body::from("packed")).unwrap()).await
    };
    let send = async |path: &str| send_by(Method::POST, path).await;
    let told =
        |reply: &crate::api::Reply| (reply.status.as_u16(), reply.json()["statusCode"].clone());
    assert_eq!(told(&send("/api/v2/chats").await), (415, json!(10)));
    assert_eq!(send("/genesys/2/chat/customer-support").await.status, 415);
    let paths = ["/api/v2/chats", "/genesys/2/chat/customer-support", "/genesys/2/chat-ntf"];
    for path in paths.into_iter().chain(["/genesys/nothing"]) {
        for method in [Method::POST, Method::GET] {
            let reply = send_by(method, path).await;
            assert!(reply.text.contains("Too many requests"), "{path}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn what_is_odd_in_a_query_is_no_harm() {
    let api = Api::start().await;
    let table = [
        ("/interactions?limit=0", 10),
        ("/interactions?limit=99999999999999999999", 10),
        ("/interactions?cursor=***", 10),
        ("/interactions?colour=red", 10),
        ("/interactions?state=%ff", 0),
        ("/interactions?fields=", 0),
        ("/interactions?_=1700000000", 0),
        ("/interactions?currentQueue=nothing", 0),
        ("/interactions?assignedTo=nobody", 0),
        ("/interactions?id=nothing", 0),
        ("/me?fields=nothing", 0),
        ("/me?subresources=nothing", 0),
        ("/me/interactions?&&==&", 10),
        ("/queues?colour=red", 10),
        ("/me/emails?channel=x", 10),
    ];
    for (path, code) in table {
        assert_eq!(api.by("kate").get(path).await.codes().1, code, "{path}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_short_and_visible() {
    let api = Api::start().await;
    let body = || Some(json!({"operationName": "Accept"}).to_string());
    let long = "k".repeat(256);
    let longest = "k".repeat(255);
    for (key, code) in
        [("", 10), (" ", 10), ("a b", 10), ("ä", 10), (&*long, 10), (&*longest, 6), ("a", 6)]
    {
        let headers = [("idempotency-key", key)];
        let reply = api.by("kate").send(Method::POST, "/me/interactions/x", body(), &headers).await;
        assert_eq!(reply.codes().1, code, "{key:?}");
    }
    let headers = [("idempotency-key", "")];
    let reply = api.anonymous().send(Method::POST, "/me/interactions/x", body(), &headers).await;
    assert_eq!(reply.codes().1, 10, "before it is asked who is calling");
}

#[tokio::test]
async fn the_version_and_the_health_of_the_server_need_no_credentials() {
    let api = Api::start().await;
    let version = api.anonymous().get("/diagnostics/version").await.ok();
    assert!(version["version"].is_string());
    for path in ["/healthz", "/readyz"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        api.send(request).await.ok();
    }
}
