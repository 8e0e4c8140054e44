//! One provider, and what it is asked.

use std::fmt;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use handoff_domain::Time;
use handoff_outgoing::Client;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use crate::documents::{Endpoints, is_safe};
use crate::known::Finder;
use crate::signatures;
use crate::tokens::{Bearer, Claims, Fault, Head, Terms, issuer_named, prove};
use crate::{Trouble, Unusable};

/// Where the document of discovery is, below an issuer (OpenID Connect Discovery 1.0, 4).
const DOCUMENT: &str = "/.well-known/openid-configuration";
/// What has to be asked for to be told who somebody is.
const OPENID: &str = "openid";
/// The claim by which a token belongs to an attempt to sign in.
const NONCE: &str = "nonce";
/// Claims by which a token is known that tells a client who signed in.
const OF_SIGNING_IN: [&str; 3] = [NONCE, "at_hash", "c_hash"];

/// What is configured of a provider.
#[derive(Clone)]
pub struct Settings {
    /// Its address, exactly as it says it.
    pub issuer: String,
    /// What this server is to it.
    pub client_id: String,
    /// What proves that; `None` of a client that has no secret.
    pub client_secret: Option<String>,
    /// What is asked for besides `openid`, with spaces between.
    pub scopes: String,
    /// Where browsers come back to.
    pub redirect_uri: String,
    /// Whom a token names that programs may use here; without one none may.
    pub audience: Option<String>,
}

/// Why a provider cannot be used as it is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongSettings {
    #[error("is no address such as \"https://id.example.com/realms/staff\"")]
    NoAddress,
    #[error("is not encrypted, which only a provider on this machine may be; use an https address")]
    Plain,
    #[error("has a query or a fragment, which no issuer has")]
    Query,
}

/// What one attempt to sign in is known by. Each text is used once and guessed by nobody.
pub struct Attempt {
    /// By what this server knows it again.
    pub state: String,
    /// By what the provider's word belongs to it.
    pub nonce: String,
    /// What proves that whoever brings the code has begun it.
    pub verifier: String,
}

/// A provider.
pub struct Provider {
    settings: Settings,
    finder: Finder,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}

/// What the provider answers for a code.
#[derive(Deserialize)]
struct Redeemed {
    id_token: String,
}

impl Provider {
    /// Prepares it; nobody is asked yet.
    ///
    /// # Errors
    ///
    /// When its issuer cannot be one.
    pub fn new(settings: Settings, client: Client) -> Result<Self, WrongSettings> {
        signatures::provide();
        let document = Self::document(&settings.issuer)?;
        let finder = Finder::new(settings.issuer.clone(), document, client);
        Ok(Self { settings, finder })
    }

    /// Returns where an issuer's document of discovery is.
    ///
    /// # Errors
    ///
    /// When it cannot be an issuer.
    pub fn document(issuer: &str) -> Result<Url, WrongSettings> {
        let url = Url::parse(issuer).map_err(|_| WrongSettings::NoAddress)?;
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(WrongSettings::NoAddress);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(WrongSettings::Query);
        }
        if !is_safe(&url) {
            return Err(WrongSettings::Plain);
        }
        let document = format!("{}{DOCUMENT}", issuer.trim_end_matches('/'));
        Url::parse(&document).map_err(|_| WrongSettings::NoAddress)
    }

    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Asks the provider what it says of itself, whatever is known; returns how many keys it has.
    ///
    /// # Errors
    ///
    /// When it cannot be asked or used.
    pub async fn look(&self, now: Time) -> Result<usize, Unusable> {
        Ok(self.finder.find(now).await?.keys.len())
    }

    /// Returns where a browser goes to sign in.
    ///
    /// # Errors
    ///
    /// When the provider cannot be asked.
    pub async fn address(&self, attempt: &Attempt, now: Time) -> Result<String, Trouble> {
        let known = self.finder.known(None, now).await?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&attempt.verifier));
        let scope = format!("{OPENID} {}", self.settings.scopes);
        let mut url = known.endpoints.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("scope", scope.trim_end())
            .append_pair("state", &attempt.state)
            .append_pair(NONCE, &attempt.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Changes a code that a browser brought for what the provider says of its user.
    ///
    /// # Errors
    ///
    /// When the provider cannot be asked, does not take the code, or says nothing that is proven.
    pub async fn redeem(
        &self,
        code: &str,
        attempt: &Attempt,
        now: Time,
    ) -> Result<Claims, Trouble> {
        let known = self.finder.known(None, now).await?;
        let answer = self.exchange(&known.endpoints, code, &attempt.verifier).await?;
        let (claims, _) = self.proven(&answer.id_token, &self.settings.client_id, now).await?;
        let is_ours = claims.text("azp").is_none_or(|party| party == self.settings.client_id);
        if !is_ours {
            return Err(Trouble::Unproven(Fault::Audience));
        }
        match claims.text(NONCE) {
            Some(nonce) if nonce == attempt.nonce => Ok(claims),
            _ => Err(Trouble::Unproven(Fault::Nonce)),
        }
    }

    /// Tells whether a token that a program sends says that it is this provider's, where such are
    /// taken.
    #[must_use]
    pub fn is_named_by(&self, token: &str) -> bool {
        self.takes_tokens()
            && issuer_named(token).is_some_and(|issuer| issuer == self.settings.issuer)
    }

    /// Tells whether tokens that programs send are taken.
    #[must_use]
    pub const fn takes_tokens(&self) -> bool {
        self.settings.audience.is_some()
    }

    /// Proves a token that a program sends.
    ///
    /// # Errors
    ///
    /// When it is not proven, or the provider would have to be asked and cannot be.
    pub async fn bearer(&self, token: &str, now: Time) -> Result<Bearer, Trouble> {
        let audience = self.settings.audience.as_deref();
        let audience = audience.ok_or(Trouble::Unproven(Fault::Audience))?;
        let (claims, expires) = self.proven(token, audience, now).await?;
        // Where the audience is the client itself, what it was told of a person is none of these.
        if OF_SIGNING_IN.iter().any(|claim| claims.text(claim).is_some()) {
            return Err(Trouble::Unproven(Fault::OfSigningIn));
        }
        Ok(Bearer { claims, expires })
    }

    async fn proven(
        &self,
        token: &str,
        audience: &str,
        now: Time,
    ) -> Result<(Claims, Time), Trouble> {
        let head = Head::read(token).map_err(Trouble::Unproven)?;
        let known = self.finder.known(head.key.as_deref(), now).await?;
        let terms = Terms { issuer: &self.settings.issuer, audience, now };
        prove(token, &head, &known.keys, &terms).map_err(Trouble::Unproven)
    }

    /// Writes the request by which a code is changed.
    fn message(&self, endpoints: &Endpoints, code: &str, verifier: &str) -> (HeaderMap, String) {
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("code_verifier", verifier);
        match &self.settings.client_secret {
            Some(secret) if !endpoints.has_secret_in_form => {
                headers.insert(AUTHORIZATION, basic(&self.settings.client_id, secret));
            }
            secret => {
                form.append_pair("client_id", &self.settings.client_id);
                if let Some(secret) = secret {
                    form.append_pair("client_secret", secret);
                }
            }
        }
        (headers, form.finish())
    }

    async fn exchange(
        &self,
        endpoints: &Endpoints,
        code: &str,
        verifier: &str,
    ) -> Result<Redeemed, Trouble> {
        let (headers, form) = self.message(endpoints, code, verifier);
        let url = &endpoints.token;
        let sent = self.finder.client().post(url, headers, form.into()).await;
        let unusable = Trouble::Unavailable;
        let answer =
            sent.map_err(|source| unusable(Unusable::Unsent { url: url.to_string(), source }))?;
        match answer.status {
            200 => serde_json::from_slice(&answer.body)
                .map_err(|_| unusable(Unusable::Unreadable { url: url.to_string() })),
            // It has too much to do.
            status @ (408 | 429) => {
                Err(unusable(Unusable::Status { url: url.to_string(), status }))
            }
            status @ 400..=499 => Err(Trouble::Refused(status)),
            status => Err(unusable(Unusable::Status { url: url.to_string(), status })),
        }
    }
}

/// Writes a client's id and secret as a header (RFC 6749, 2.3.1).
fn basic(id: &str, secret: &str) -> HeaderValue {
    let coded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = BASE64_STANDARD.encode(format!("{}:{}", coded(id), coded(secret)));
    let mut value = HeaderValue::try_from(format!("Basic {pair}")).expect("base64 is ASCII");
    value.set_sensitive(true);
    value
}
