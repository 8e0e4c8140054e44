//! Secrets that all nodes share: the first node that needs one makes it, the others find it.

use handoff_domain::Time;
use handoff_store::{ChangeSet, Key, Put, Record, SecretKey, SharedSecret, StoreError, Version};

use super::Core;

/// How long the keys of a secret are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTerms {
    /// How old the newest key may become before another is made, in ms.
    pub renewed_ms: u64,
    /// How long a key is kept after it was made, in ms: longer than what it was used for is good.
    pub kept_ms: u64,
}

impl Core {
    /// Returns the keys of a secret, the newest first. What it makes is durable on return.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn shared_keys(
        &self,
        name: &str,
        terms: KeyTerms,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        self.shared_keys_from(name, terms, None).await
    }

    /// Does the same, with a key that is taken for the first one if there is none yet.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn shared_keys_from(
        &self,
        name: &str,
        terms: KeyTerms,
        first: Option<[u8; 32]>,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        loop {
            let (mut keys, expected) = self.load_keys(name).await?;
            let now = self.now();
            if keys.first().is_some_and(|newest| now.ms_since(newest.made) < terms.renewed_ms) {
                return Ok(keys.into_iter().map(|key| key.bytes).collect());
            }
            keys.retain(|key| now.ms_since(key.made) < terms.kept_ms);
            let given = first.filter(|_| keys.is_empty());
            keys.insert(
                0,
                given.map_or_else(|| self.new_key(now), |bytes| SecretKey { made: now, bytes }),
            );
            let bytes = keys.iter().map(|key| key.bytes).collect();
            let record = Record::SharedSecret(SharedSecret { name: name.to_owned(), keys });
            let puts = vec![Put { record, expected }];
            match self.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await {
                Ok(_) => return Ok(bytes),
                // Another node was faster, and its key counts.
                Err(error) => drop(error.into_conflict()?),
            }
        }
    }

    async fn load_keys(&self, name: &str) -> Result<(Vec<SecretKey>, Version), StoreError> {
        let found = self.store.load_one(&Key::SharedSecret(name.to_owned())).await?;
        Ok(found.map_or((Vec::new(), 0), |found| match found.value {
            Record::SharedSecret(secret) => (secret.keys, found.version),
            _ => (Vec::new(), found.version),
        }))
    }

    fn new_key(&self, made: Time) -> SecretKey {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.ids.random().to_be_bytes());
        bytes[16..].copy_from_slice(&self.ids.random().to_be_bytes());
        SecretKey { made, bytes }
    }
}
