//! What a provider says of itself: where it is asked, and the keys that it signs with.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use url::{Host, Url};

use crate::Unusable;

/// Keys of one provider that are looked at: providers have two or three.
const KEYS_MAX: usize = 32;
/// The proof that is sent with a code.
const PROOF: &str = "S256";

/// Tells whether what is sent to an address is encrypted, or stays on this machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_here
}

/// The document of discovery, as far as it is used.
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    code_challenge_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Where a provider is asked.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    /// Where browsers go.
    pub(crate) authorization: Url,
    /// Where codes are changed for tokens.
    pub(crate) token: Url,
    /// Where the keys are.
    pub(crate) keys: Url,
    /// Whether the client's secret goes into the form: the provider takes it in no header.
    pub(crate) has_secret_in_form: bool,
}

impl Endpoints {
    /// Reads the document of discovery of an issuer, which `url` answered.
    pub(crate) fn read(bytes: &[u8], issuer: &str, url: &Url) -> Result<Self, Unusable> {
        let found: Discovered = serde_json::from_slice(bytes)
            .map_err(|_| Unusable::Unreadable { url: url.to_string() })?;
        if found.issuer != issuer {
            let wanted = issuer.to_owned();
            return Err(Unusable::OtherIssuer { found: found.issuer, wanted });
        }
        let address =
            |name, text: &str| Url::parse(text).ok().filter(is_safe).ok_or(Unusable::Plain(name));
        let authorization = address("authorization_endpoint", &found.authorization_endpoint)?;
        let token = address("token_endpoint", &found.token_endpoint)?;
        let keys = address("jwks_uri", &found.jwks_uri)?;
        // One that says nothing of it may well take it, and ignores it otherwise.
        let proofs = found.code_challenge_methods_supported;
        if proofs.is_some_and(|known| !known.iter().any(|proof| proof == PROOF)) {
            return Err(Unusable::NoProof);
        }
        let has_secret_in_form = found.token_endpoint_auth_methods_supported.is_some_and(|known| {
            let takes = |way| known.iter().any(|one| one == way);
            takes("client_secret_post") && !takes("client_secret_basic")
        });
        Ok(Self { authorization, token, keys, has_secret_in_form })
    }
}

/// A key, and what it may have signed with.
pub(crate) struct SigningKey {
    pub(crate) id: Option<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) key: DecodingKey,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// Reads a set of keys, which `url` answered. What is of no use here is left out, as a provider may
/// have keys of kinds that are not known yet.
pub(crate) fn read_keys(bytes: &[u8], url: &Url) -> Result<Vec<SigningKey>, Unusable> {
    let set: KeySet =
        serde_json::from_slice(bytes).map_err(|_| Unusable::Unreadable { url: url.to_string() })?;
    let keys: Vec<SigningKey> = set.keys.into_iter().filter_map(read_key).take(KEYS_MAX).collect();
    if keys.is_empty() { Err(Unusable::NoKeys) } else { Ok(keys) }
}

fn read_key(value: Value) -> Option<SigningKey> {
    let key: Jwk = serde_json::from_value(value).ok()?;
    if key.common.public_key_use.as_ref().is_some_and(|it| *it != PublicKeyUse::Signature) {
        return None;
    }
    let possible: &[Algorithm] = match &key.algorithm {
        AlgorithmParameters::RSA(_) => &[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        AlgorithmParameters::EllipticCurve(it) if it.curve == EllipticCurve::P256 => {
            &[Algorithm::ES256]
        }
        AlgorithmParameters::EllipticCurve(it) if it.curve == EllipticCurve::P384 => {
            &[Algorithm::ES384]
        }
        AlgorithmParameters::OctetKeyPair(it) if it.curve == EllipticCurve::Ed25519 => {
            &[Algorithm::EdDSA]
        }
        _ => return None,
    };
    let named = key.common.key_algorithm.map(named);
    let is_meant = |one: &&Algorithm| named.is_none_or(|named| named == Some(**one));
    let algorithms: Vec<Algorithm> = possible.iter().filter(is_meant).copied().collect();
    let decoding = DecodingKey::from_jwk(&key).ok()?;
    (!algorithms.is_empty()).then_some(SigningKey {
        id: key.common.key_id,
        algorithms,
        key: decoding,
    })
}

/// Returns the algorithm that a key says it is for; `None` where no such one is known.
fn named(algorithm: KeyAlgorithm) -> Option<Algorithm> {
    algorithm.to_string().parse().ok()
}
