//! The WebSocket transport: one task per socket reads requests, writes replies and pushes messages.
//!
//! Everything for one socket is written by its task, one frame at a time. Messages leave the
//! session's queue only when their frame was written; a reader that takes nothing is cut after the
//! write timeout, and its queue is the session's, with the session's bounds.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::extract::ws::{
    CloseFrame, Message as Frame, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code,
};
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::Shared;
use super::exchange::exchange;
use super::guards::Departure;
use super::long_polling::caller;
use crate::protocol::hub::Close;
use crate::protocol::message::decode;
use crate::protocol::reply::join;
use crate::protocol::session::{Caller, SocketId, Transport};

/// The library drops a connection without a close frame at its own bound; up to this multiple of
/// ours the client is told why.
const TOLERATED_EXCESS: usize = 4;

/// How long a closing handshake may take, in ms.
const CLOSE_WAIT_MS: u64 = 1_000;

/// Whether a socket is read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    On,
    /// Not for a moment: its client sends too much.
    Held,
}

/// Why a socket's loop ends.
enum End {
    /// The client has gone, or cannot be written to.
    Gone,
    /// The server closes, with a code.
    Close(u16),
}

/// Upgrades a GET.
pub(super) async fn serve(shared: Arc<Shared>, request: Request) -> Response {
    let (mut parts, _body) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(_rejection) => return StatusCode::BAD_REQUEST.into_response(),
    };
    // The socket's id is given when it is registered; until then any number stands for it.
    let caller = caller(&parts, Transport::WebSocket(SocketId(0)));
    let limits = &shared.limits;
    let bytes_max = limits.websocket_message_bytes.saturating_mul(TOLERATED_EXCESS);
    // Registered before the client can know of it: what ends the identity from now on closes it.
    let connection = Connection::open(Arc::clone(&shared), caller);
    upgrade
        .read_buffer_size(limits.websocket_read_buffer_bytes)
        .write_buffer_size(0)
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .on_upgrade(move |socket| connection.run(socket))
}

/// A socket as the hub knows it; dropping it closes it there.
struct Connection {
    shared: Arc<Shared>,
    caller: Caller,
    id: SocketId,
    wake: Arc<Notify>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.with(|state, now| {
            state.sockets.remove(&self.id);
            state.hub.close_socket(now, self.id);
        });
    }
}

impl Connection {
    fn open(shared: Arc<Shared>, caller: Caller) -> Self {
        let wake = Arc::new(Notify::new());
        let id = shared.with(|state, _| {
            let id = state.hub.open_socket(&caller);
            state.sockets.insert(id, Arc::clone(&wake));
            id
        });
        // A socket that opens during the shutdown has missed the wake-up.
        wake.notify_one();
        Self { shared, caller: Caller { transport: Transport::WebSocket(id), ..caller }, id, wake }
    }

    async fn run(self, mut socket: WebSocket) {
        let End::Close(code) = self.serve(&mut socket).await else { return };
        let frame = Frame::Close(Some(CloseFrame { code, reason: Utf8Bytes::default() }));
        let goodbye = async {
            if socket.send(frame).await.is_ok() {
                // Reading on lets the client see the close frame instead of a reset.
                while let Some(Ok(_)) = socket.recv().await {}
            }
        };
        // A client that does not answer the close is left as it is.
        _ = timeout(Duration::from_millis(CLOSE_WAIT_MS), goodbye).await;
    }

    async fn serve(&self, socket: &mut WebSocket) -> End {
        let clock = &self.shared.ports.clock;
        let idle_ms = self.shared.limits.websocket_idle_ms;
        let mut heard_ms = clock.now().at_ms;
        let mut look = clock.sleep(Duration::from_millis(idle_ms / 2));
        // Anybody may open a socket; without a session it is worth nothing.
        let mut opening =
            Some(clock.sleep(Duration::from_millis(self.shared.limits.websocket_session_ms)));
        let mut held = None;
        loop {
            let step = tokio::select! {
                biased;
                () = self.wake.notified() => self.push(socket).await,
                frame = socket.recv(), if held.is_none() => {
                    heard_ms = clock.now().at_ms;
                    self.receive(socket, frame).await.map(|reading| {
                        let pause = Duration::from_millis(self.shared.limits.websocket_refused_ms);
                        held = (reading == Reading::Held).then(|| clock.sleep(pause));
                    })
                }
                () = async { held.as_mut().expect("only waited for while there is one").await }, if held.is_some() => {
                    held = None;
                    Ok(())
                }
                () = async { opening.as_mut().expect("only waited for while there is one").await }, if opening.is_some() => {
                    opening = None;
                    match self.shared.with(|state, _| state.hub.has_session(self.id)) {
                        true => Ok(()),
                        false => Err(End::Close(close_code::NORMAL)),
                    }
                }
                () = &mut look => {
                    let silent_ms = clock.now().at_ms.saturating_sub(heard_ms);
                    let quiet = silent_ms >= idle_ms / 2;
                    look = clock.sleep(Duration::from_millis((idle_ms / 2).max(1)));
                    match silent_ms >= idle_ms {
                        true => Err(End::Close(close_code::NORMAL)),
                        false if quiet => self.write(socket, Frame::Ping(Bytes::new())).await,
                        false => Ok(()),
                    }
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Writes what the hub has for this socket.
    async fn push(&self, socket: &mut WebSocket) -> Result<(), End> {
        let mut collected = self.shared.with(|state, now| state.hub.collect_socket(now, self.id));
        let departure = Departure::new(&self.shared, collected.parcel.lease.take(), None);
        self.write_parts(socket, &collected.parcel.parts, departure).await?;
        match collected.close {
            None => Ok(()),
            Some(Close::SessionEnded) => Err(End::Close(close_code::NORMAL)),
            Some(Close::GoingAway) => Err(End::Close(close_code::AWAY)),
        }
    }

    async fn receive(
        &self,
        socket: &mut WebSocket,
        frame: Option<Result<Frame, axum::Error>>,
    ) -> Result<Reading, End> {
        let text = match frame {
            None | Some(Err(_) | Ok(Frame::Close(_))) => return Err(End::Gone),
            Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => return Ok(Reading::On),
            Some(Ok(Frame::Binary(_))) => return Err(End::Close(close_code::UNSUPPORTED)),
            Some(Ok(Frame::Text(text))) => text,
        };
        if text.len() > self.shared.limits.websocket_message_bytes {
            return Err(End::Close(close_code::SIZE));
        }
        let Ok(messages) = decode(text.as_bytes(), &self.shared.limits) else {
            // The reference closes with this code on every protocol failure (bayeux.md 1.12).
            return Err(End::Close(close_code::ERROR));
        };
        let exchanged = exchange(&self.shared, &self.caller, &messages).await;
        self.write_parts(socket, &exchanged.parts, exchanged.departure).await?;
        Ok(if exchanged.is_too_much { Reading::Held } else { Reading::On })
    }

    async fn write_parts(
        &self,
        socket: &mut WebSocket,
        parts: &[Bytes],
        mut departure: Departure,
    ) -> Result<(), End> {
        if parts.is_empty() {
            return Ok(());
        }
        let text = Utf8Bytes::try_from(join(parts));
        let Ok(text) = text else {
            // Only an application can cause this, with data that is no text.
            tracing::error!("dropped a message that is not UTF-8");
            departure.handed_over();
            return Ok(());
        };
        self.write(socket, Frame::Text(text)).await?;
        departure.handed_over();
        Ok(())
    }

    async fn write(&self, socket: &mut WebSocket, frame: Frame) -> Result<(), End> {
        let patience = Duration::from_millis(self.shared.limits.websocket_write_ms);
        let mut sending = pin!(socket.send(frame));
        // Most frames are out at once, and need no timer.
        let sent = match poll_fn(|cx| Poll::Ready(sending.as_mut().poll(cx))).await {
            Poll::Ready(sent) => Ok(sent),
            Poll::Pending => timeout(patience, sending).await,
        };
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}
