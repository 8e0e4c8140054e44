//! A server that serves, as commands ask it: by the socket in its data directory, or by its
//! address.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use handoff_api::center::PATH;
use handoff_mail::tls::{Endpoint, Security, Trust};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::http::request::Builder;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use crate::cli::Elsewhere;
use crate::local;

/// What is said when the server is gone: what it had begun may be done.
pub(crate) const LOST: &str = "the connection to the server was lost; run it again";
/// Where the password of `--user`, and where a token may be, beside a file.
const PASSWORD_VARIABLE: &str = "HANDOFF_PASSWORD";
const TOKEN_VARIABLE: &str = "HANDOFF_TOKEN";
/// How long connecting to a server may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of a refusal that are read.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// The door of a server by which contact centers are changed and written down.
pub(crate) struct Serving {
    sender: http1::SendRequest<Full<Bytes>>,
    /// The door's path.
    path: String,
    host: String,
    /// Who asks, where that is not whoever may open the socket.
    authorization: Option<String>,
}

impl Serving {
    /// Finds the server elsewhere that was named, or the one that serves the store in a data
    /// directory; `None` when none does.
    ///
    /// # Errors
    ///
    /// When it cannot be spoken to, as by somebody else than its user or with a password that is
    /// not there.
    pub(crate) async fn find(
        directory: &Path,
        elsewhere: &Elsewhere,
    ) -> anyhow::Result<Option<Self>> {
        match &elsewhere.url {
            Some(url) => Self::at(url, elsewhere).await.map(Some),
            None => Self::here(directory).await,
        }
    }

    /// Finds the server that serves the store in a data directory; `None` when none does.
    ///
    /// # Errors
    ///
    /// As of [`Serving::find`].
    pub(crate) async fn here(directory: &Path) -> anyhow::Result<Option<Self>> {
        let socket = local::connect(directory).await.with_context(|| {
            format!("the server that serves {} cannot be spoken to", directory.display())
        })?;
        let Some(socket) = socket else { return Ok(None) };
        let sender = shake_hands(socket).await?;
        let (path, host) = (PATH.to_owned(), "localhost".to_owned());
        Ok(Some(Self { sender, path, host, authorization: None }))
    }

    async fn at(url: &str, by: &Elsewhere) -> anyhow::Result<Self> {
        let url = Url::parse(url).with_context(|| format!("--url: {url:?} is no address"))?;
        let host = url.host_str().with_context(|| format!("--url: {url} names no server"))?;
        let security = match url.scheme() {
            "https" => Security::Tls,
            "http" => Security::PlainOnLoopback,
            other => {
                bail!("--url: {other} is not spoken here; expected https, or http on this machine")
            }
        };
        let endpoint = Endpoint {
            host: host.to_owned(),
            port: url.port_or_known_default().context("--url: the address has no port")?,
            security,
            trust: Some(Trust::system()?),
        };
        let authorization = Some(authorization(by)?);
        let stream = endpoint.open(PATIENCE).await;
        let stream = stream.with_context(|| format!("--url: {url} cannot be reached"))?;
        let root = url.path().trim_end_matches('/');
        Ok(Self {
            sender: shake_hands(stream).await?,
            path: format!("{root}{}{PATH}", handoff_api::routes::ROOT),
            host: url[url::Position::BeforeHost..url::Position::AfterPort].to_owned(),
            authorization,
        })
    }

    /// Asks the server for what it has.
    ///
    /// # Errors
    ///
    /// When it refuses, with its sentence, or is gone.
    pub(crate) async fn get(&mut self, query: &str) -> anyhow::Result<Incoming> {
        let uri = format!("{}?{query}", self.path);
        self.ask(Request::builder().method(Method::GET).uri(uri), Bytes::new()).await
    }

    /// Sends the server JSON.
    ///
    /// # Errors
    ///
    /// As of [`Serving::get`].
    pub(crate) async fn post(&mut self, body: Vec<u8>) -> anyhow::Result<Incoming> {
        let request = Request::builder().method(Method::POST).uri(&self.path);
        self.ask(request.header(CONTENT_TYPE, "application/json"), body.into()).await
    }

    /// Tells whether it is spoken to by the socket in its data directory.
    pub(crate) const fn is_here(&self) -> bool {
        self.authorization.is_none()
    }

    /// Sends JSON to another address of the API of a server elsewhere.
    ///
    /// # Errors
    ///
    /// As of [`Serving::get`].
    pub(crate) async fn post_to(&mut self, path: &str, body: Vec<u8>) -> anyhow::Result<Incoming> {
        let root = self.path.strip_suffix(PATH).unwrap_or(&self.path);
        self.path = format!("{root}{path}");
        self.post(body).await
    }

    /// Sends JSON to another door of the socket.
    ///
    /// # Errors
    ///
    /// As of [`Serving::get`].
    pub(crate) async fn post_at(&mut self, path: &str, body: Vec<u8>) -> anyhow::Result<Incoming> {
        path.clone_into(&mut self.path);
        self.post(body).await
    }

    async fn ask(&mut self, request: Builder, body: Bytes) -> anyhow::Result<Incoming> {
        let request = match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        };
        let request = request.header(HOST, &self.host).body(Full::new(body))?;
        let answer = self.sender.send_request(request).await.context(LOST)?;
        if answer.status().is_success() {
            return Ok(answer.into_body());
        }
        let status = answer.status();
        let text = Limited::new(answer.into_body(), REFUSAL_BYTES_MAX).collect().await;
        let text = text.map(|text| text.to_bytes()).unwrap_or_default();
        bail!("the server answered {status}: {}", refusal(&text));
    }
}

async fn shake_hands(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> anyhow::Result<http1::SendRequest<Full<Bytes>>> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.context(LOST)?;
    // It ends with the process at the latest; what goes wrong with it is told by what is asked.
    drop(tokio::spawn(connection));
    Ok(sender)
}

/// Returns who asks: the admin who is named, or whoever made a token.
fn authorization(by: &Elsewhere) -> anyhow::Result<String> {
    let Some(user) = &by.user else {
        let missing = || {
            format!(
                "--url needs an admin: name --user, or set {TOKEN_VARIABLE} or name a \
                 --token-file, which have a token with the scope admin"
            )
        };
        let token = secret(("--token-file", by.token_file.as_deref()), TOKEN_VARIABLE);
        return Ok(format!("Bearer {}", token?.with_context(missing)?));
    };
    let missing =
        || format!("--url needs a password: set {PASSWORD_VARIABLE} or name a --password-file");
    let password = secret(("--password-file", by.password_file.as_deref()), PASSWORD_VARIABLE)?;
    let pair = format!("{user}:{}", password.with_context(missing)?);
    Ok(format!("Basic {}", BASE64_STANDARD.encode(pair)))
}

/// Reads a secret from the file that was named or from a variable; `None` when it is in neither. It
/// is no argument: everybody on the machine sees those.
fn secret((option, file): (&str, Option<&Path>), variable: &str) -> anyhow::Result<Option<String>> {
    let Some(file) = file else { return Ok(std::env::var(variable).ok()) };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{option}: {} cannot be read", file.display()))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Returns the sentence of a refusal.
fn refusal(text: &[u8]) -> String {
    let parsed = serde_json::from_slice::<serde_json::Value>(text).ok();
    let sentence = parsed.as_ref().and_then(|refusal| refusal["statusMessage"].as_str());
    sentence.map_or_else(|| String::from_utf8_lossy(text).into_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_is_known_by_a_password_or_by_a_token() {
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = home.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let by = |user: Option<&str>, password_file, token_file| Elsewhere {
            url: Some("https://cc.example".to_owned()),
            user: user.map(str::to_owned),
            password_file,
            token_file,
        };
        let token = by(None, None, Some(file("token", "hnd_x\n")));
        assert_eq!(authorization(&token).unwrap(), "Bearer hnd_x");
        let password = by(Some("ada"), Some(file("password", "correct\n")), None);
        assert_eq!(authorization(&password).unwrap(), "Basic YWRhOmNvcnJlY3Q=");
        let nowhere = home.path().join("nowhere");
        let told = authorization(&by(None, None, Some(nowhere))).unwrap_err().to_string();
        assert!(told.starts_with("--token-file: "), "{told}");
        let told = authorization(&by(None, None, None)).unwrap_err().to_string();
        assert!(told.contains("--user") && told.contains("HANDOFF_TOKEN"), "{told}");
    }
}
