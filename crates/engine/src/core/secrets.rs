//! Secrets that all nodes share: the first node that needs one makes it, the others find it.

use handoff_domain::Time;
use handoff_store::{ChangeSet, Key, Put, Record, SecretKey, SharedSecret, StoreError, Version};

use super::Core;

/// How long the keys of a secret are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTerms {
    /// How old the newest key may become before another is made, in ms.
    pub renewed_ms: u64,
    /// How old a key has to be before it takes the place of the one before, in ms: by then every
    /// node has looked, and knows it.
    pub settled_ms: u64,
    /// How long a key is kept after it was made, in ms: longer than what it was used for is good.
    pub kept_ms: u64,
}

impl KeyTerms {
    /// Returns keys, of which the newest is first, with the one first that is in use. One that has
    /// been in use for too long is not, though the next one is not settled: nobody was here who
    /// could have made that in time, and whoever comes now reads both.
    fn in_use_first(self, keys: &[SecretKey], now: Time) -> Vec<[u8; 32]> {
        let used_ms = self.renewed_ms.saturating_add(self.settled_ms.saturating_mul(2));
        let is_in_use = |key: &SecretKey| {
            let age_ms = now.ms_since(key.made);
            self.settled_ms <= age_ms && age_ms < used_ms
        };
        let in_use = keys.iter().position(is_in_use).unwrap_or(0);
        let mut bytes: Vec<[u8; 32]> = keys.iter().map(|key| key.bytes).collect();
        bytes[..=in_use].rotate_right(1);
        bytes
    }
}

impl Core {
    /// Returns the keys of a secret, of which there is at least one, the one first that is in use.
    /// What it makes is durable on return.
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
                return Ok(terms.in_use_first(&keys, now));
            }
            keys.retain(|key| now.ms_since(key.made) < terms.kept_ms);
            let given = first.filter(|_| keys.is_empty());
            keys.insert(
                0,
                given.map_or_else(|| self.new_key(now), |bytes| SecretKey { made: now, bytes }),
            );
            let bytes = terms.in_use_first(&keys, now);
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

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: KeyTerms = KeyTerms { renewed_ms: 60, settled_ms: 2, kept_ms: 100 };

    #[test]
    fn a_key_is_used_once_all_know_it_and_no_longer_than_the_one_before_may_be() {
        let key =
            |made: i64| SecretKey { made: Time(made), bytes: [made.cast_unsigned() as u8; 32] };
        let first = |made: &[i64], now: i64| {
            let keys: Vec<SecretKey> = made.iter().copied().map(key).collect();
            let sorted = TERMS.in_use_first(&keys, Time(now));
            let mut all: Vec<u8> = sorted.iter().map(|bytes| bytes[0]).collect();
            all.sort_unstable();
            assert_eq!(all.len(), made.len());
            sorted[0][0]
        };
        assert_eq!(first(&[10], 10), 10, "the only one there is");
        assert_eq!(first(&[70, 10], 70), 10);
        assert_eq!(first(&[70, 10], 71), 10, "the others may not know the new one");
        assert_eq!(first(&[70, 10], 72), 70);
        assert_eq!(first(&[130, 70, 10], 131), 70);
        assert_eq!(first(&[74, 10], 74), 74, "nobody was here for long");
    }
}
