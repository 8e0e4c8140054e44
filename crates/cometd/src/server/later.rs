//! A held poll outside of everything that the request passed on its way here.
//!
//! Whoever awaits a poll's answer inside the request's own future keeps the frames of all layers
//! around it for as long as the poll is held. Where the connection can wait itself, a held poll is
//! answered at once by a response without a body, which passes back through the layers, and the
//! body follows.

use std::sync::{Arc, Mutex, PoisonError};

use axum::response::Response;

use super::guards::HeldPoll;
use super::long_polling::{Packing, fill};

/// Tells in a request's extensions that its connection takes a [`LaterBody`].
#[derive(Clone, Copy, Debug)]
pub struct TakesLaterBody;

/// The body that a response will have, in the extensions of the response.
///
/// As long as it lives the poll is held; dropping it gives the poll up, as a client does that goes
/// away.
pub struct LaterBody {
    held: HeldPoll,
    packing: Packing,
}

/// What extensions hold can be cloned; a held poll cannot, so the first who takes it has it.
#[derive(Clone)]
struct Slot(Arc<Mutex<Option<LaterBody>>>);

impl LaterBody {
    /// Makes the response to a poll that is held.
    pub(super) fn promise(held: HeldPoll, packing: Packing) -> Response {
        let mut response = Response::default();
        let later = Self { held, packing };
        response.extensions_mut().insert(Slot(Arc::new(Mutex::new(Some(later)))));
        response
    }

    /// Takes it out of a response that has one: that is not to be sent before it is
    /// [filled](LaterBody::fill).
    pub fn take_from(response: &mut Response) -> Option<Self> {
        let Slot(slot) = response.extensions_mut().remove()?;
        slot.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until there is something to say, and completes the response.
    pub async fn fill(self, mut response: Response) -> Response {
        let (parcel, departure) = self.held.answer().await;
        fill(&mut response, &parcel.parts, self.packing, departure);
        response
    }
}
