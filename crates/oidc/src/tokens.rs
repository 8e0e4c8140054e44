//! Tokens: what they say, and why they are not believed.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use handoff_domain::Time;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value};

use crate::documents::SigningKey;

/// Bytes of a token that is looked at: those of large providers have some two thousand.
const BYTES_MAX: usize = 16 * 1_024;
/// How far the provider's clock may be from this one, in s.
const LEEWAY_S: i64 = 60;

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("it is none, or too long")]
    Malformed,
    #[error("it is signed in a way that proves nothing here")]
    Algorithm,
    #[error("it names no key of the provider's")]
    NoKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it is another issuer's")]
    Issuer,
    #[error("it is for somebody else")]
    Audience,
    #[error("it is over, or its time has not come")]
    Time,
    #[error("it belongs to another attempt")]
    Nonce,
    #[error("it is one for signing in, which programs do not use")]
    OfSigningIn,
}

/// What a token that was proven says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Returns a claim that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Tells whether a claim is there and is true. Some providers write that as a text.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(is_true)) => *is_true,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }

    fn time_s(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.as_f64()
    }

    /// Returns for whom it is.
    fn audience(&self) -> Vec<&str> {
        match self.0.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// A token that a program sends, proven.
#[derive(Clone, Debug, PartialEq)]
pub struct Bearer {
    pub claims: Claims,
    pub expires: Time,
}

/// What a token has to be.
pub(crate) struct Terms<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) now: Time,
}

/// Whom an unproven token says that it is by, and what it is signed with.
pub(crate) struct Head {
    pub(crate) key: Option<String>,
    algorithm: Algorithm,
}

impl Head {
    pub(crate) fn read(token: &str) -> Result<Self, Fault> {
        if token.len() > BYTES_MAX {
            return Err(Fault::Malformed);
        }
        let head = decode_header(token).map_err(|_| Fault::Algorithm)?;
        // What has to be understood and is not known here (RFC 7515, 4.1.11).
        if head.crit.is_some() {
            return Err(Fault::Malformed);
        }
        Ok(Self { key: head.kid, algorithm: head.alg })
    }
}

/// Returns the issuer that a token names, proven or not.
pub(crate) fn issuer_named(token: &str) -> Option<String> {
    if token.len() > BYTES_MAX {
        return None;
    }
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
    Some(claims.get("iss")?.as_str()?.to_owned())
}

/// Proves a token by one of these keys, and that it is what it has to be; returns its end as well.
pub(crate) fn prove(
    token: &str,
    head: &Head,
    keys: &[SigningKey],
    terms: &Terms<'_>,
) -> Result<(Claims, Time), Fault> {
    let fits = |key: &&SigningKey| {
        key.algorithms.contains(&head.algorithm) && (head.key.is_none() || key.id == head.key)
    };
    let mut fitting = keys.iter().filter(fits);
    let (key, more) = (fitting.next(), fitting.next());
    let key = match (key, more) {
        (Some(key), None) => key,
        (Some(key), Some(_)) if head.key.is_some() => key,
        // It could be any of them.
        (Some(_), Some(_)) => return Err(Fault::NoKey),
        (None, _) if keys.iter().any(|key| head.key.is_some() && key.id == head.key) => {
            return Err(Fault::Algorithm);
        }
        (None, _) => return Err(Fault::NoKey),
    };
    let claims = Claims(signed(token, head.algorithm, key)?);
    if claims.text("iss") != Some(terms.issuer) {
        return Err(Fault::Issuer);
    }
    if !claims.audience().contains(&terms.audience) {
        return Err(Fault::Audience);
    }
    let expires = is_in_time(&claims, terms.now)?;
    Ok((claims, expires))
}

/// Returns what a token says whose signature is right, and nothing else of it was looked at.
fn signed(
    token: &str,
    algorithm: Algorithm,
    key: &SigningKey,
) -> Result<Map<String, Value>, Fault> {
    let mut validation = Validation::new(algorithm);
    // Its clock is this machine's own, and what it looks at else is looked at here.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoded = decode(token, &key.key, &validation).map_err(|_| Fault::Signature)?;
    Ok(decoded.claims)
}

/// Returns the end of a token that has begun and is not over.
fn is_in_time(claims: &Claims, now: Time) -> Result<Time, Fault> {
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are precise for ages")]
    let (now_s, leeway_s) = ((now.0 / 1_000) as f64, LEEWAY_S as f64);
    let ends_s = claims.time_s("exp").ok_or(Fault::Time)?;
    let has_begun = |name| claims.time_s(name).is_none_or(|begins| begins <= now_s + leeway_s);
    if ends_s + leeway_s <= now_s || !has_begun("nbf") || !has_begun("iat") {
        return Err(Fault::Time);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a time too late is the last one")]
    let ends = (ends_s * 1_000.0) as i64;
    Ok(Time(ends.saturating_add(LEEWAY_S * 1_000)))
}
