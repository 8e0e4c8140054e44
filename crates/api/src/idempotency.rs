//! Retries: the `Idempotency-Key` of a request, and the receipt that its commit leaves
//! (docs/compat/conventions.md#retries).
//!
//! A receipt is written by the commit that carried the request out, so there is no moment at which
//! one exists without the other; a concurrent duplicate loses that race and then finds the receipt.

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use handoff_domain::Time;
use handoff_store::Receipt;

use crate::caller::Me;
use crate::error::Refusal;
use crate::request::JsonBody;
use crate::shared::Shared;
use crate::wire::envelope::JsonText;
use crate::wire::resource::API_ROOT;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Most bytes of a key.
const KEY_BYTES_MAX: usize = 255;
/// How long a retry is recognised, in ms (docs/compat/conventions.md#retries).
const KEPT_MS: u64 = 24 * 60 * 60 * 1_000;

/// The idempotency key of a request, when it has one. Stands among the arguments that read the
/// request, before the caller.
#[derive(Clone, Debug)]
pub struct Retry(Option<Known>);

#[derive(Clone, Debug)]
struct Known {
    key: String,
    /// Method and path.
    target: String,
    fingerprint: String,
}

impl<S: Sync> FromRequestParts<S> for Retry {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let Some(value) = parts.headers.get(&HEADER) else { return Ok(Self(None)) };
        let bytes = value.as_bytes();
        let is_key =
            (1..=KEY_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        let key = value.to_str().ok().filter(|_| is_key).map(str::to_owned);
        let key = key.ok_or_else(|| {
            Refusal::invalid(format!(
                "An Idempotency-Key has 1 to {KEY_BYTES_MAX} visible ASCII characters; correct it."
            ))
        })?;
        // Receipts of an earlier version are found as well: they were written without the root.
        let path = parts.uri.path();
        let target = format!("{} {}", parts.method, path.strip_prefix(API_ROOT).unwrap_or(path));
        let of_query = || parts.uri.query().unwrap_or_default().to_owned();
        let fingerprint =
            parts.extensions.get::<JsonBody>().map_or_else(of_query, JsonBody::fingerprint);
        Ok(Self(Some(Known { key, target, fingerprint })))
    }
}

impl Known {
    fn scope(&self, me: &Me) -> String {
        format!("{} {}", me.id().stored(), self.target)
    }
}

impl Retry {
    /// Returns that of a request with a secret in it, which leaves no receipt: nothing may be kept
    /// by which it could be guessed at.
    #[must_use]
    pub const fn of_secret() -> Self {
        Self(None)
    }

    /// Returns the first answer, when this request was carried out before.
    ///
    /// # Errors
    ///
    /// Code 2 when the key was used for another body, or the store's.
    pub async fn earlier(&self, shared: &Shared, me: &Me) -> Result<Option<JsonText>, Refusal> {
        let Some(known) = &self.0 else { return Ok(None) };
        let found = shared.engine().core().store().receipt(&known.scope(me), &known.key).await?;
        match found {
            None => Ok(None),
            Some(receipt) if receipt.fingerprint == known.fingerprint => {
                Ok(Some(JsonText(receipt.answer)))
            }
            Some(_) => Err(Refusal::key_reused()),
        }
    }

    /// Returns the receipt to be written when the request is carried out with that answer.
    #[must_use]
    pub fn receipt(&self, me: &Me, answer: &JsonText, now: Time) -> Option<Receipt> {
        self.0.as_ref().map(|known| Receipt {
            scope: known.scope(me),
            key: known.key.clone(),
            fingerprint: known.fingerprint.clone(),
            answer: answer.0.clone(),
            expires: Some(now.plus_ms(KEPT_MS)),
        })
    }
}
