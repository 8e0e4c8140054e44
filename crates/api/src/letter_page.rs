//! A letter as a page of its own, for a frame: a page that is put into a frame by its text would
//! have the policy of what it is put into, and lose its own styles.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Uri};
use axum::response::Response;
use handoff_domain::{Attachment, Interaction};

use crate::caller::AnyUser;
use crate::commands::visible;
use crate::error::Refusal;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::interaction::attachment_path;
use crate::wire::letters::{escaped, html_of};
use crate::wire::listing::parameters;

/// What a stranger's letter may do where it is shown: no script runs, nothing is asked of another
/// host, and only pages of this server may show it. Its own origin is left to it so that the
/// browser sends the session along when it asks for the letter's pictures; without scripts there is
/// nothing that could misuse it. A link opens in a window of its own.
const POLICY: &str = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; \
     default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'self'";

/// The same for a reader who asked for the letter's pictures: those may come from other hosts, and
/// nothing else may.
const POLICY_WITH_REMOTE: &str = "sandbox allow-same-origin allow-popups \
     allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; \
     img-src 'self' https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

const HEADERS: [(HeaderName, &str); 4] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "private, no-store"),
];

/// Which pictures of a letter its page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pictures {
    /// Those that came along.
    Own,
    /// Those at other hosts as well, which learn by it that the letter is read.
    Remote,
}

impl Pictures {
    fn read(uri: &Uri) -> Result<Self, Refusal> {
        match parameters(uri).into_iter().find(|(name, _)| name == "pictures") {
            None => Ok(Self::Own),
            Some((_, value)) if value == "remote" => Ok(Self::Remote),
            Some(_) => Err(Refusal::invalid(
                "The parameter pictures must be remote; correct it or leave it out.",
            )),
        }
    }

    const fn policy(self) -> &'static str {
        match self {
            Self::Own => POLICY,
            Self::Remote => POLICY_WITH_REMOTE,
        }
    }
}

/// `GET /me/interactions/{id}/letter`
pub(crate) async fn get(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, Refusal> {
    let pictures = Pictures::read(&uri)?;
    let interaction = visible(&shared, &me, &id).await?;
    let page = page(&shared, &interaction, pictures).ok_or_else(|| Refusal::not_found("letter"))?;
    let mut response = Response::new(Body::from(page));
    let policy = [(CONTENT_SECURITY_POLICY, pictures.policy())];
    let headers = HEADERS.into_iter().chain(policy);
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    Ok(response)
}

/// Writes the page; `None` when the interaction is no e-mail. A letter without markup is shown as
/// its text. How many pictures it does not have is in its head, so that its frame can offer them.
fn page(shared: &Shared, interaction: &Interaction, pictures: Pictures) -> Option<String> {
    let (id, email) = (interaction.id, interaction.email()?);
    let letters = shared.letters();
    let title = escaped(interaction.subject.as_deref().unwrap_or_default());
    let body = if email.body.trim().is_empty() {
        html_of(&email.body_as_plain_text)
    } else {
        // From here, so that they are this page's own host, whatever name it was asked by.
        let address = |one: &Attachment| format!("../../..{}", attachment_path(id, one.file));
        match pictures {
            Pictures::Own => letters.clean(&email.body, &email.attachments, &address),
            Pictures::Remote => {
                letters.clean_with_remote(&email.body, &email.attachments, &address)
            }
        }
    };
    let left_out = match pictures {
        Pictures::Own => letters.remote_pictures(&email.body),
        Pictures::Remote => 0,
    };
    Some(format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"remote-pictures\" content=\"{left_out}\"><meta name=\"color-scheme\" content=\"light\"><base target=\"_blank\"><style>\
         body{{margin:0;font:14px/21px system-ui,sans-serif;overflow-wrap:anywhere}}\
         img{{max-width:100%;height:auto}}</style></head><body>{body}</body></html>"
    ))
}
