//! A letter as a page of its own, for a frame: a page that is put into a frame by its text would
//! have the policy of what it is put into, and lose its own styles.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use handoff_domain::{Attachment, Interaction};

use crate::caller::AnyUser;
use crate::commands::visible;
use crate::error::Refusal;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::interaction::attachment_path;
use crate::wire::letters::{escaped, html_of};

/// What a stranger's letter may do where it is shown: no script runs, nothing is asked of another
/// host, and only pages of this server may show it. Its own origin is left to it so that the
/// browser sends the session along when it asks for the letter's pictures; without scripts there is
/// nothing that could misuse it. A link opens in a window of its own.
const POLICY: &str = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; \
     default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'self'";

const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "private, no-store"),
];

/// `GET /me/interactions/{id}/letter`
pub(crate) async fn get(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
) -> Result<Response, Refusal> {
    let interaction = visible(&shared, &me, &id).await?;
    let page = page(&shared, &interaction).ok_or_else(|| Refusal::not_found("letter"))?;
    let mut response = Response::new(Body::from(page));
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    Ok(response)
}

/// Writes the page; `None` when the interaction is no e-mail. A letter without markup is shown as
/// its text.
fn page(shared: &Shared, interaction: &Interaction) -> Option<String> {
    let (id, email) = (interaction.id, interaction.email()?);
    let title = escaped(interaction.subject.as_deref().unwrap_or_default());
    let body = if email.body.trim().is_empty() {
        html_of(&email.body_as_plain_text)
    } else {
        // From here, so that they are this page's own host, whatever name it was asked by.
        let address = |one: &Attachment| format!("../../..{}", attachment_path(id, one.file));
        shared.letters().clean(&email.body, &email.attachments, &address)
    };
    Some(format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"color-scheme\" content=\"light\"><base target=\"_blank\"><style>\
         body{{margin:0;font:14px/21px system-ui,sans-serif;overflow-wrap:anywhere}}\
         img{{max-width:100%;height:auto}}</style></head><body>{body}</body></html>"
    ))
}
