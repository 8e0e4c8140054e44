//! OAuth 2 for mail servers: a refresh token is changed for access tokens (RFC 6749, section 6),
//! each of which is kept until shortly before its end.
//!
//! A refresh token that the other side exchanges for a new one with each answer is remembered until
//! the process ends and never written: the configured one must stay good for the next start, as it
//! does with the large providers.

use std::time::Duration;

use async_trait::async_trait;
use handoff_mail::login::{Secret, Token, Tokens};
use handoff_mail::ports::NotNow;
use handoff_mail::tls::{Endpoint, Security, Trust};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use url::{Url, form_urlencoded};

/// How long one step with the token server may take, and the whole answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of an answer: a token has some two thousand.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;
/// How long before its end a token is not used any more.
const BEFORE_END: Duration = Duration::from_secs(60);
/// How long a token counts as good that does not say how long it is.
const UNSAID: Duration = Duration::from_secs(300);

/// What is configured of OAuth 2 for one login.
pub struct OAuthSettings {
    /// Where tokens are got: an `https` address, or `http` on this machine.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret, where there is one.
    pub client_secret: Option<Secret>,
    /// What is changed for access tokens.
    pub refresh_token: Secret,
    /// What is asked for; empty where the server does not want it named.
    pub scope: String,
}

/// The address of the token server is none.
#[derive(Debug, thiserror::Error)]
pub enum TokenUrlError {
    #[error("oauth2.tokenUrl is no address")]
    NotAnAddress(#[from] url::ParseError),
    #[error("oauth2.tokenUrl names no server")]
    NoServer,
    #[error("oauth2.tokenUrl has no port")]
    NoPort,
}

/// Changes a refresh token for access tokens.
pub struct RefreshedTokens {
    endpoint: Endpoint,
    url: Url,
    client_id: String,
    client_secret: Option<Secret>,
    scope: String,
    state: Mutex<State>,
}

struct State {
    refresh_token: Secret,
    kept: Option<(Secret, Instant)>,
}

/// The answer of a token server (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
}

/// Why a server could not be spoken with.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The token server gave none. What it said may be a secret and is not repeated.
#[derive(Debug, thiserror::Error)]
enum NoToken {
    #[error("the token server cannot be reached")]
    Unreachable(#[source] Cause),
    #[error("the token server answered {0}; check clientId, clientSecret, refreshToken and scope")]
    Refused(u16),
    #[error("the token server's answer has no access token")]
    Malformed,
}

impl RefreshedTokens {
    /// Prepares it.
    ///
    /// # Errors
    ///
    /// When the address is none.
    pub fn new(settings: OAuthSettings, trust: Option<&Trust>) -> Result<Self, TokenUrlError> {
        let url = Url::parse(&settings.token_url)?;
        let is_safe = url.scheme() == "https";
        let endpoint = Endpoint {
            host: url.host_str().ok_or(TokenUrlError::NoServer)?.to_owned(),
            port: url.port_or_known_default().ok_or(TokenUrlError::NoPort)?,
            security: if is_safe { Security::Tls } else { Security::PlainOnLoopback },
            trust: trust.cloned(),
        };
        Ok(Self {
            endpoint,
            url,
            client_id: settings.client_id,
            client_secret: settings.client_secret,
            scope: settings.scope,
            state: Mutex::new(State { refresh_token: settings.refresh_token, kept: None }),
        })
    }

    fn form(&self, refresh_token: &Secret) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("client_id", &self.client_id)
            .append_pair("refresh_token", refresh_token.reveal());
        if let Some(secret) = &self.client_secret {
            form.append_pair("client_secret", secret.reveal());
        }
        if !self.scope.is_empty() {
            form.append_pair("scope", &self.scope);
        }
        form.finish()
    }

    async fn fetch(&self, refresh_token: &Secret) -> Result<Answer, NoToken> {
        let asking = timeout(PATIENCE, self.ask(self.form(refresh_token)));
        let late = |_| NoToken::Unreachable("it took too long".into());
        let (status, body) = asking.await.map_err(late)?.map_err(NoToken::Unreachable)?;
        if status != 200 {
            return Err(NoToken::Refused(status));
        }
        serde_json::from_slice(&body).map_err(|_| NoToken::Malformed)
    }

    async fn ask(&self, form: String) -> Result<(u16, Bytes), Cause> {
        let stream = self.endpoint.open(PATIENCE).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let talking = tokio::spawn(connection);
        let path = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        let request = hyper::Request::post(path)
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(Full::new(Bytes::from(form)))?;
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        talking.abort();
        let body = body.map_err(|error| format!("its answer could not be read: {error}"))?;
        Ok((status, body.to_bytes()))
    }
}

#[async_trait]
impl Tokens for RefreshedTokens {
    async fn bearer(&self, _user: &str, token: Token) -> Result<Secret, NotNow> {
        // Held while a token is fetched: whoever comes meanwhile wants the same one.
        let mut state = self.state.lock().await;
        if let (Token::Kept, Some((kept, end))) = (token, &state.kept)
            && Instant::now() < *end
        {
            return Ok(kept.clone());
        }
        state.kept = None;
        let answer =
            self.fetch(&state.refresh_token).await.map_err(|error| NotNow(Box::new(error)))?;
        if let Some(next) = answer.refresh_token {
            state.refresh_token = Secret::new(next);
        }
        let life = answer.expires_in.map_or(UNSAID, Duration::from_secs);
        let secret = Secret::new(answer.access_token);
        state.kept = Some((secret.clone(), Instant::now() + life.saturating_sub(BEFORE_END)));
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// Answers requests one after the other; returns the bodies of the requests.
    fn token_server(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token?v=2", listener.local_addr().unwrap());
        let serving = std::thread::spawn(move || {
            let mut bodies = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                let mut piece = [0; 4_096];
                loop {
                    let text = String::from_utf8_lossy(&request).into_owned();
                    let length = text.lines().find_map(|line| {
                        line.to_ascii_lowercase()
                            .strip_prefix("content-length: ")?
                            .parse::<usize>()
                            .ok()
                    });
                    if let (Some((_, body)), Some(length)) = (text.split_once("\r\n\r\n"), length)
                        && body.len() == length
                    {
                        assert!(text.starts_with("POST /token?v=2 HTTP/1.1\r\n"), "{text}");
                        bodies.push(body.to_owned());
                        break;
                    }
                    let read = stream.read(&mut piece).unwrap();
                    request.extend_from_slice(&piece[..read]);
                }
                stream.write_all(answer.as_bytes()).unwrap();
            }
            bodies
        });
        (url, serving)
    }

    fn answer(status: u16, body: &str) -> String {
        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    fn tokens(token_url: String) -> RefreshedTokens {
        let settings = OAuthSettings {
            token_url,
            client_id: "desk".to_owned(),
            client_secret: None,
            refresh_token: Secret::new("refresh&1"),
            scope: "mail".to_owned(),
        };
        RefreshedTokens::new(settings, None).unwrap()
    }

    #[tokio::test]
    async fn a_token_is_kept_while_it_is_good_and_renewed_when_it_is_not() {
        let first =
            answer(200, r#"{"access_token":"one","expires_in":3600,"refresh_token":"refresh 2"}"#);
        let second = answer(200, r#"{"access_token":"two","expires_in":61}"#);
        let (url, serving) = token_server(vec![first, second]);
        let tokens = tokens(url);
        for _ in 0..2 {
            assert_eq!(tokens.bearer("kate", Token::Kept).await.unwrap().reveal(), "one");
        }
        assert_eq!(tokens.bearer("kate", Token::Renewed).await.unwrap().reveal(), "two");
        let bodies = serving.join().unwrap();
        assert_eq!(
            bodies[0],
            "grant_type=refresh_token&client_id=desk&refresh_token=refresh%261&scope=mail"
        );
        assert!(bodies[1].contains("refresh_token=refresh+2"), "{}", bodies[1]);
    }

    #[tokio::test]
    async fn a_refusal_and_nonsense_are_no_token_and_repeat_nothing() {
        let refused = answer(400, r#"{"error":"invalid_grant","hint":"s3cret"}"#);
        let (url, serving) = token_server(vec![refused, answer(200, "{}")]);
        let tokens = tokens(url);
        for part in ["answered 400", "no access token"] {
            let error = tokens.bearer("kate", Token::Kept).await.unwrap_err().0.to_string();
            assert!(error.contains(part) && !error.contains("s3cret"), "{error}");
        }
        serving.join().unwrap();
    }

    #[tokio::test]
    async fn nothing_is_sent_in_the_clear_to_another_machine() {
        let tokens = tokens("http://192.0.2.1:9/token".to_owned());
        assert_eq!(tokens.endpoint.security, Security::PlainOnLoopback);
    }
}
