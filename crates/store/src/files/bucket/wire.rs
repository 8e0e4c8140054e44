//! How a bucket's server is spoken to: HTTP over connections that are kept, encrypted where its
//! address says so, with a bound on every wait and on every answer.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http::Uri;
use http_body_util::{BodyExt as _, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long a connection may take to stand, with its encryption.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long an answer may take to begin, before the time that what is sent is worth, and each part
/// of it to come after the part before.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// The slowest way to a server that is waited for, in bytes per second.
const SLOWEST: u64 = 256 * 1024;
/// The most bytes of an answer: a list of a thousand objects has less than one MiB.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long an idle connection is kept. Servers close theirs after some more.
const IDLE_MAX: Duration = Duration::from_secs(15);

/// Makes clients that trust whom this says.
#[derive(Debug)]
pub(super) struct Connector(pub(super) Arc<ClientConfig>);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let trust = self.0.clone();
        let lines = tower::service_fn(move |to: Uri| Box::pin(line(to, trust.clone())));
        let client = Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE_MAX).build(lines);
        Ok(HttpClient::new(Wire(client)))
    }
}

/// Something that bytes go over.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection to a server.
struct Line(Box<dyn Stream>);

/// What keeps a connection from standing: the machine or its libraries say it, and no server.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoLine(io::Error);

async fn line(to: Uri, trust: Arc<ClientConfig>) -> io::Result<TokioIo<Line>> {
    let connected = timeout(CONNECT_MAX, async {
        let host = to.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_plain = to.scheme_str() == Some("http");
        let port = to.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        if is_plain {
            return Ok(Line(Box::new(stream)));
        }
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        Ok(Line(Box::new(TlsConnector::from(trust).connect(name, stream).await?)))
    });
    let line: io::Result<Line> = connected.await.map_err(|_| io::ErrorKind::TimedOut)?;
    Ok(TokioIo::new(line.map_err(|error| io::Error::other(NoLine(error)))?))
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Waits for the next part of an answer, but not for ever: also what is refused has a body.
async fn next_frame(
    mut body: Limited<Incoming>,
) -> Result<Option<(Frame<Bytes>, Limited<Incoming>)>, HttpError> {
    let frame = timeout(ANSWER_MAX, body.frame()).await;
    let frame = frame.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?;
    let frame = frame.transpose();
    let frame = frame.map_err(|cut| HttpError::new_boxed(HttpErrorKind::Interrupted, cut))?;
    Ok(frame.map(|frame| (frame, body)))
}

/// A client, whose connections are its own.
struct Wire<C>(Client<C, HttpRequestBody>);

impl<C> fmt::Debug for Wire<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

#[async_trait]
impl<C: Connect + Clone + Send + Sync + 'static> HttpService for Wire<C> {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let sent = request.body().content_length() as u64;
        let patience = ANSWER_MAX + Duration::from_secs(sent / SLOWEST);
        let answer = timeout(patience, self.0.request(request)).await;
        let answer = answer.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?;
        let answer = answer.map_err(|error| {
            let kind = match error.is_connect() {
                true => HttpErrorKind::Connect,
                false => HttpErrorKind::Interrupted,
            };
            HttpError::new(kind, error)
        })?;
        let (head, body) = answer.into_parts();
        let frames = stream::try_unfold(Limited::new(body, ANSWER_BYTES_MAX), next_frame);
        Ok(HttpResponse::from_parts(head, HttpResponseBody::new(StreamBody::new(frames))))
    }
}
