//! Which interaction has a `Message-ID`: a receipt for each, kept for good, so that answers to a
//! message and reports on it find it.

use handoff_domain::{CenterId, InteractionId};
use handoff_store::Receipt;

const MESSAGE_IDS: &str = "message-id/";

/// Returns the scope of the receipts that say which interaction has a `Message-ID`.
pub(crate) fn message_ids(center: CenterId) -> String {
    format!("{MESSAGE_IDS}{center}")
}

/// Returns the receipt that says which interaction has a `Message-ID`.
pub(crate) fn known_message(center: CenterId, message_id: &str, id: InteractionId) -> Receipt {
    Receipt {
        scope: message_ids(center),
        key: message_id.to_owned(),
        fingerprint: String::new(),
        answer: id.to_string(),
        expires: None,
    }
}

/// Tells whether a receipt is one that says which interaction has a `Message-ID`. No request is
/// repeated when there is one already: it means that somebody was faster, and what is to be done is
/// to be decided again.
pub(super) fn is_known_message(receipt: &Receipt) -> bool {
    receipt.scope.starts_with(MESSAGE_IDS)
}
