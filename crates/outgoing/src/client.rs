//! One request on a connection of its own.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use crate::address::Policy;
use crate::lookups::Lookups;

/// Whom encrypted connections trust. It is asked for when the first one is opened: a machine that
/// opens none may have nobody to trust.
pub type Trust = Box<dyn Fn() -> Result<Arc<ClientConfig>, String> + Send + Sync>;

/// How long something may take, and how much is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To look a name up and to connect, with the encryption. Default 5 s.
    pub connect: Duration,
    /// All of it. Default 15 s.
    pub whole: Duration,
    /// Bytes of an answer's body that are read; what is behind them is not. Default 4 KiB.
    pub answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(15),
            answer_bytes: 4 * 1_024,
        }
    }
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The beginning of the body.
    pub body: Bytes,
}

/// Why there is no answer. No text has anything of what was sent, or of what came.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    #[error("the address names no server that can be connected to")]
    NoServer,
    #[error("the name of the server is not known")]
    Unknown,
    #[error(
        "the server is at a private address, and this installation connects to public ones only"
    )]
    Private,
    #[error(
        "an unencrypted connection leads only where the operator allowed it; use an https address"
    )]
    Plain,
    #[error("nobody can be trusted: {0}")]
    NoTrust(String),
    #[error("the server cannot be connected to")]
    Unreachable(#[source] io::Error),
    #[error("the connection cannot be encrypted")]
    Tls(#[source] io::Error),
    #[error("the connection took too long")]
    ConnectTimeout,
    #[error("the answer took too long")]
    Timeout,
    #[error("the exchange with the server broke off")]
    Broken(#[source] hyper::Error),
}

/// Sends requests.
pub struct Client {
    policy: Policy,
    limits: Limits,
    lookups: Lookups,
    trust: Trust,
    trusted: Mutex<Option<Arc<ClientConfig>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// How long the beginning of an answer's body is waited for.
const BODY_MAX: Duration = Duration::from_secs(2);

impl Client {
    #[must_use]
    pub fn new(policy: Policy, limits: Limits, trust: Trust) -> Self {
        Self { policy, limits, lookups: Lookups::default(), trust, trusted: Mutex::new(None) }
    }

    /// Posts something and returns the answer, whatever its status. A redirect is not followed.
    ///
    /// # Errors
    ///
    /// When there is no answer. The server may have got the request all the same, if there was a
    /// connection.
    pub async fn post(&self, url: &Url, headers: HeaderMap, body: Bytes) -> Result<Answer, Unsent> {
        self.send(Method::POST, url, (headers, body)).await
    }

    /// Asks for something and returns the answer, like [`post`](Self::post).
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn get(&self, url: &Url, headers: HeaderMap) -> Result<Answer, Unsent> {
        self.send(Method::GET, url, (headers, Bytes::new())).await
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        message: (HeaderMap, Bytes),
    ) -> Result<Answer, Unsent> {
        let exchange = async {
            let connecting = timeout(self.limits.connect, self.connect(url));
            let stream = connecting.await.map_err(|_| Unsent::ConnectTimeout)??;
            match url.scheme() {
                "https" => {
                    let encrypting = timeout(self.limits.connect, self.encrypt(url, stream));
                    let stream = encrypting.await.map_err(|_| Unsent::ConnectTimeout)??;
                    self.exchange(TokioIo::new(stream), (method, url), message).await
                }
                _ => self.exchange(TokioIo::new(stream), (method, url), message).await,
            }
        };
        timeout(self.limits.whole, exchange).await.map_err(|_| Unsent::Timeout)?
    }

    /// Connects to the first address of a server that may be connected to and can be.
    async fn connect(&self, url: &Url) -> Result<TcpStream, Unsent> {
        let (addresses, mut refused) = (self.addresses(url).await?, None);
        for address in addresses {
            if let Some(why) = self.refuses(url, address.ip()) {
                refused.get_or_insert(why);
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(Unsent::Unreachable)?;
                    return Ok(stream);
                }
                Err(error) => refused = Some(Unsent::Unreachable(error)),
            }
        }
        Err(refused.unwrap_or(Unsent::Unknown))
    }

    /// Looks a server up. A host that is an address is not looked up anywhere.
    async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, Unsent> {
        let port = url.port_or_known_default().ok_or(Unsent::NoServer)?;
        Ok(match url.host().ok_or(Unsent::NoServer)? {
            Host::Ipv4(address) => vec![(address, port).into()],
            Host::Ipv6(address) => vec![(address, port).into()],
            Host::Domain(name) => self.lookups.look_up(name.to_owned(), port).await?,
        })
    }

    /// Says why an address is not connected to; `None` when it may be.
    fn refuses(&self, url: &Url, address: IpAddr) -> Option<Unsent> {
        if !self.policy.permits(address) {
            return Some(Unsent::Private);
        }
        // What is sent is signed, not secret to whoever is on the way: only a network of the
        // operator's own is taken for private.
        (url.scheme() != "https" && !self.policy.is_allowed(address)).then_some(Unsent::Plain)
    }

    async fn encrypt(
        &self,
        url: &Url,
        stream: TcpStream,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Unsent> {
        let name = match url.host().ok_or(Unsent::NoServer)? {
            Host::Domain(name) => {
                ServerName::try_from(name.to_owned()).map_err(|_| Unsent::NoServer)?
            }
            Host::Ipv4(address) => ServerName::IpAddress(IpAddr::V4(address).into()),
            Host::Ipv6(address) => ServerName::IpAddress(IpAddr::V6(address).into()),
        };
        let connector = TlsConnector::from(self.trusted()?);
        connector.connect(name, stream).await.map_err(Unsent::Tls)
    }

    fn trusted(&self) -> Result<Arc<ClientConfig>, Unsent> {
        let mut trusted = self.trusted.lock().unwrap_or_else(PoisonError::into_inner);
        match &*trusted {
            Some(known) => Ok(known.clone()),
            None => {
                let made = (self.trust)().map_err(Unsent::NoTrust)?;
                Ok(trusted.insert(made).clone())
            }
        }
    }

    async fn exchange<S: Read + Write + Unpin + Send + 'static>(
        &self,
        stream: S,
        (method, url): (Method, &Url),
        (headers, body): (HeaderMap, Bytes),
    ) -> Result<Answer, Unsent> {
        let (mut sender, connection) = http1::handshake(stream).await.map_err(Unsent::Broken)?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        let path = &url[Position::BeforePath..Position::AfterQuery];
        *request.uri_mut() = path.parse().map_err(|_| Unsent::NoServer)?;
        *request.headers_mut() = headers;
        let host = &url[Position::BeforeHost..Position::AfterPort];
        let host = HeaderValue::from_str(host).map_err(|_| Unsent::NoServer)?;
        request.headers_mut().insert(HOST, host);
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        let asking = async {
            let answer = sender.send_request(request).await.map_err(Unsent::Broken)?;
            let status = answer.status().as_u16();
            // The answer is its status: one whose body does not end is one all the same.
            let body = beginning(answer.into_body(), self.limits.answer_bytes);
            let body = timeout(BODY_MAX, body).await.unwrap_or_default();
            Ok(Answer { status, body })
        };
        // The connection is driven here, so that it ends with the request.
        let mut asking = std::pin::pin!(asking);
        tokio::select! {
            answer = &mut asking => answer,
            _ended = connection => asking.await,
        }
    }
}

/// Reads the beginning of a body. What it could say beyond is of no use to anybody, and neither is
/// that it broke off: the status was read before.
async fn beginning(body: hyper::body::Incoming, most: usize) -> Bytes {
    let mut body = Limited::new(body, most);
    let mut read = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            read.extend_from_slice(&data);
        }
    }
    read.into()
}

#[cfg(test)]
mod tests;
