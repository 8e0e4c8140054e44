//! An OpenID provider: discovery, the code flow with PKCE, tokens, and keys that change.
//!
//! Whoever is sent to it is somebody at once: a test says who, and what is wrong with the answers.

mod keys;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::{Url, form_urlencoded};

use keys::Keys;
pub use keys::Signing;

/// What a test registered at it.
pub const CLIENT_ID: &str = "handoff";
pub const CLIENT_SECRET: &str = "s3cret & more";

type Clock = Box<dyn Fn() -> i64 + Send + Sync>;

/// What it does otherwise than it should.
#[derive(Clone, Debug, Default)]
pub struct Wrongs {
    /// Claims of the next tokens, whatever they would be; `null` leaves one out.
    pub claims: Map<String, Value>,
    /// What it says of itself, whatever that would be.
    pub document: Map<String, Value>,
    /// It answers every request with this status.
    pub status: Option<u16>,
    /// It says no to whoever signs in.
    pub is_refusing: bool,
}

struct State {
    keys: Keys,
    /// What it says of whoever signs in.
    person: Map<String, Value>,
    wrongs: Wrongs,
    /// What was asked for with each code that was not used yet.
    codes: BTreeMap<String, Asked>,
    /// How often each path was asked for.
    asked: BTreeMap<String, usize>,
}

/// What a browser was sent with.
struct Asked {
    redirect_uri: String,
    nonce: String,
    challenge: String,
}

struct Shared {
    url: String,
    clock: Clock,
    state: Mutex<State>,
}

/// A provider on this machine.
pub struct Issuer {
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Issuer {
    /// Starts one whose clock shows these seconds since 1970.
    ///
    /// # Errors
    ///
    /// When this machine gives it no port.
    pub async fn start(clock: impl Fn() -> i64 + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listen as a provider")?;
        let address: SocketAddr = listener.local_addr().context("tell where a provider is")?;
        let state = State {
            keys: Keys::new(),
            person: Map::new(),
            wrongs: Wrongs::default(),
            codes: BTreeMap::new(),
            asked: BTreeMap::new(),
        };
        let url = format!("http://{address}");
        let shared = Arc::new(Shared { url, clock: Box::new(clock), state: Mutex::new(state) });
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Ok(Self { shared, serving })
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Has whoever is sent to it be somebody from now on.
    pub fn person(&self, claims: &Value) {
        self.shared.state().person = claims.as_object().cloned().unwrap_or_default();
    }

    /// Has it do something otherwise than it should from now on.
    pub fn wrongs(&self, wrongs: Wrongs) {
        self.shared.state().wrongs = wrongs;
    }

    /// Has it sign with new keys from now on; the old ones are gone.
    pub fn rotate(&self) {
        self.shared.state().keys.rotate();
    }

    /// Returns how often a path was asked for.
    #[must_use]
    pub fn asked(&self, path: &str) -> usize {
        self.shared.state().asked.get(path).copied().unwrap_or_default()
    }

    /// Signs a token for a program; what the claims leave out is as it should be.
    #[must_use]
    pub fn token(&self, signing: &Signing, audience: &str, claims: &Value) -> String {
        let mut all = self.shared.dated(audience);
        all.extend(claims.as_object().cloned().unwrap_or_default());
        all.retain(|_, value| !value.is_null());
        self.shared.state().keys.sign(signing, &all)
    }

    /// Returns where a browser goes from an address of this provider's, which sends it back.
    ///
    /// # Errors
    ///
    /// When that is no address, or the provider does not take it.
    pub fn sends_back(&self, address: &str) -> Result<String> {
        let url = Url::parse(address).context("read where a browser was sent")?;
        anyhow::ensure!(address.starts_with(self.url()), "{address} is not {}", self.url());
        self.shared.authorize(&url).map_err(|why| anyhow::anyhow!("{why}: {address}"))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the claims of a token for somebody.
    fn dated(&self, audience: &str) -> Map<String, Value> {
        let now = (self.clock)();
        let claims = json!({"iss": self.url, "aud": audience, "sub": "248289761001",
                            "iat": now, "nbf": now, "exp": now + 300});
        claims.as_object().cloned().unwrap_or_default()
    }

    fn document(&self) -> Value {
        let url = &self.url;
        let document = json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
            "code_challenge_methods_supported": ["S256"],
        });
        let mut document = document.as_object().cloned().unwrap_or_default();
        document.extend(self.state().wrongs.document.clone());
        Value::Object(document)
    }

    /// Returns where a browser is sent back to with a code.
    fn authorize(&self, url: &Url) -> Result<String, &'static str> {
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let of = |name: &str| asked.get(name).cloned().ok_or("something is missing");
        let is = |name: &str, wanted: &str| asked.get(name).is_some_and(|it| it == wanted);
        if !is("response_type", "code") || !is("client_id", CLIENT_ID) {
            return Err("this is another client, or it wants something else");
        }
        if !is("code_challenge_method", "S256") {
            return Err("the code would not be bound to whoever asks for it");
        }
        if !of("scope")?.split(' ').any(|scope| scope == "openid") {
            return Err("nothing of OpenID is asked for");
        }
        let (redirect_uri, state) = (of("redirect_uri")?, of("state")?);
        let mut back = Url::parse(&redirect_uri).map_err(|_| "the way back is none")?;
        back.query_pairs_mut().append_pair("state", &state);
        if self.state().wrongs.is_refusing {
            back.query_pairs_mut().append_pair("error", "access_denied");
            return Ok(back.into());
        }
        let asked = Asked { redirect_uri, nonce: of("nonce")?, challenge: of("code_challenge")? };
        let code = keys::random_text();
        back.query_pairs_mut().append_pair("code", &code).append_pair("iss", &self.url);
        self.state().codes.insert(code, asked);
        Ok(back.into())
    }

    /// Changes a code for a token, once.
    fn redeem(&self, authorization: Option<&str>, form: &[u8]) -> Result<Value, &'static str> {
        let given: BTreeMap<String, String> = form_urlencoded::parse(form).into_owned().collect();
        let coded =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = BASE64_STANDARD.encode(format!("{}:{}", coded(CLIENT_ID), coded(CLIENT_SECRET)));
        if authorization != Some(&format!("Basic {pair}")) {
            return Err("invalid_client");
        }
        let code = given.get("code").ok_or("invalid_request")?;
        let asked = self.state().codes.remove(code).ok_or("invalid_grant")?;
        let verifier = given.get("code_verifier").ok_or("invalid_request")?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let is_same_way = given.get("redirect_uri") == Some(&asked.redirect_uri);
        if challenge != asked.challenge || !is_same_way {
            return Err("invalid_grant");
        }
        let mut claims = self.dated(CLIENT_ID);
        let state = self.state();
        claims.insert("nonce".to_owned(), asked.nonce.into());
        claims.extend(state.person.clone());
        claims.extend(state.wrongs.claims.clone());
        claims.retain(|_, value| !value.is_null());
        let id_token = state.keys.sign(&Signing::default(), &claims);
        Ok(json!({"access_token": "opaque", "token_type": "Bearer", "id_token": id_token}))
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let path = request.uri().path().to_owned();
        *self.state().asked.entry(path.clone()).or_default() += 1;
        if let Some(status) = self.state().wrongs.status {
            return Ok(Response::builder().status(status).body(Full::default())?);
        }
        let address = format!("{}{}", self.url, request.uri());
        let authorization = request.headers().get(AUTHORIZATION).and_then(|it| it.to_str().ok());
        let authorization = authorization.map(str::to_owned);
        match path.as_str() {
            "/.well-known/openid-configuration" => said(StatusCode::OK, &self.document()),
            "/keys" => said(StatusCode::OK, &self.state().keys.public()),
            "/authorize" => match self.authorize(&Url::parse(&address)?) {
                Ok(back) => {
                    let found = Response::builder().status(StatusCode::FOUND);
                    Ok(found.header(LOCATION, back).body(Full::default())?)
                }
                Err(why) => said(StatusCode::BAD_REQUEST, &json!({"error": why})),
            },
            "/token" => {
                let form = request.into_body().collect().await?.to_bytes();
                match self.redeem(authorization.as_deref(), &form) {
                    Ok(tokens) => said(StatusCode::OK, &tokens),
                    Err(why) => said(StatusCode::BAD_REQUEST, &json!({"error": why})),
                }
            }
            _ => said(StatusCode::NOT_FOUND, &json!({"error": "not_found"})),
        }
    }
}

fn said(status: StatusCode, body: &Value) -> Result<Response<Full<Bytes>>> {
    let answer = Response::builder().status(status).header("content-type", "application/json");
    Ok(answer.body(Full::from(body.to_string()))?)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let shared = shared.clone();
                async move { shared.answer(request).await }
            });
            // Whoever asked may be gone.
            let _served =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
