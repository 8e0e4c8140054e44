//! The receipt of an erasure: a text that says what was erased, signed with a key that the nodes
//! share.

use handoff_domain::Time;
use handoff_store::{Erasure, ErasureReceipt, StoreError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::core::{Core, KeyTerms};

/// The name of the key among the secrets that all nodes share.
const NAME: &str = "erasure receipts";
/// A receipt is good for as long as anybody has it, and so is the key: there is one.
const TERMS: KeyTerms = KeyTerms { renewed_ms: u64::MAX, settled_ms: 0, kept_ms: u64::MAX };

impl Core {
    /// Returns the receipt of an erasure that ends at a time.
    pub(super) async fn erasure_receipt(
        &self,
        erasure: &Erasure,
        finished: Time,
    ) -> Result<ErasureReceipt, StoreError> {
        let text = json!({
            "center": erasure.center.to_string(),
            "contact": erasure.contact,
            "by": erasure.source.by.as_ref().map(|by| &by.user_name),
            "asked": erasure.asked.0,
            "finished": finished.0,
            "counts": erasure.counts.named().into_iter().collect::<serde_json::Map<_, _>>(),
        })
        .to_string();
        let signature = self.signature(&text).await?;
        Ok(ErasureReceipt { text, signature })
    }

    /// Tells whether a receipt is one of this installation's, and nobody changed it.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn is_genuine(&self, receipt: &ErasureReceipt) -> Result<bool, StoreError> {
        Ok(self.signature(&receipt.text).await? == receipt.signature.to_ascii_lowercase())
    }

    async fn signature(&self, text: &str) -> Result<String, StoreError> {
        let keys = self.shared_keys(NAME, TERMS).await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&keys[0]).expect("a key may be of any length");
        mac.update(text.as_bytes());
        let bytes = mac.finalize().into_bytes();
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}
