//! Providers, tokens, login sessions, the audit and the second factor.

use axum::http::Method;
use serde_json::json;

use super::super::operation::{Operation, delete, get, list_of, post, schema, with};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/me/tokens", "Lists tokens")
            .and_at(&["/users/{id}/tokens"])
            .answers(with("tokens", list_of(schema("Token")))),
        post("/me/tokens", "Makes a token")
            .and(Method::POST, "/users/{id}/tokens")
            .takes("NewToken", json!({"name": "crm", "scopes": ["read"], "expiresInDays": 90}))
            .gives("TokenMade"),
        delete("/me/tokens/{id}", "Removes a token")
            .and(Method::DELETE, "/users/{id}/tokens/{token}"),
        get("/me/sessions", "Lists login sessions")
            .and_at(&["/users/{id}/sessions"])
            .answers(with("sessions", list_of(schema("LoginSession")))),
        delete("/me/sessions/{id}", "Ends a login session")
            .and(Method::DELETE, "/users/{id}/sessions/{session}"),
        get("/audit", "Lists who did what, newest first")
            .query("from", "A moment (ISO 8601).")
            .query("until", "A moment (ISO 8601).")
            .parts("entries", "AuditEntry", &["user", "action", "target"]),
        get("/me/second-factor", "Shows a second factor")
            .and_at(&["/users/{id}/second-factor"])
            .gives("SecondFactor"),
        post("/me/second-factor", "Begins, confirms or ends a second factor")
            .takes("SecondFactorOperation", json!({"operationName": "Enrol", "password": "…"}))
            .gives_one_of(&["Enrolled", "Confirmed", "Done"]),
        delete("/users/{id}/second-factor", "Resets a second factor"),
        get("/session/providers/{name}", "Sends a browser to a provider to sign in")
            .by_everybody()
            .redirects(),
        get("/session/providers/{name}/return", "Lets a browser in that a provider sends back")
            .note("Where that cannot be, the page to sign in is told why, in `failed`.")
            .query("state", "What the browser was sent with.")
            .query("code", "What is changed for the provider's word.")
            .query("error", "Why there is none.")
            .query("iss", "The provider's issuer.")
            .by_everybody()
            .redirects(),
    ]
}
