//! What is known of a provider: where it is asked, and by which keys its tokens are proven.
//!
//! It is found when it is first needed, and anew after an hour, and when a token names a key that
//! is not known: a provider may change its keys at any time. Anybody can send such a token, so that
//! it is looked only once in a while, whoever asks. A provider that is down is taken for what it
//! was for a day.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use handoff_domain::Time;
use handoff_outgoing::Client;
use http::HeaderMap;
use tokio::sync::MutexGuard;
use url::Url;

use crate::documents::{Endpoints, SigningKey, read_keys};
use crate::{Trouble, Unusable};

/// How long it counts as new, in ms: so long may a key prove something that the provider has taken
/// back.
const NEW_MS: u64 = 60 * 60 * 1_000;
/// How long it counts at all, in ms.
const KEPT_MS: u64 = 24 * 60 * 60 * 1_000;
/// How often a provider is asked at most, in ms.
const LOOK_MS: u64 = 10_000;

/// What a provider said of itself.
pub(crate) struct Known {
    pub(crate) endpoints: Endpoints,
    pub(crate) keys: Vec<SigningKey>,
    at: Time,
}

impl Known {
    /// Tells whether a key is there that a token names; one that names none needs none of its own.
    fn has(&self, key: Option<&str>) -> bool {
        key.is_none_or(|id| self.keys.iter().any(|key| key.id.as_deref() == Some(id)))
    }

    fn is_new(&self, now: Time) -> bool {
        now.ms_since(self.at) < NEW_MS
    }

    fn counts(&self, now: Time) -> bool {
        now.ms_since(self.at) < KEPT_MS
    }
}

/// Finds out about a provider, and remembers it.
pub(crate) struct Finder {
    issuer: String,
    /// Where the document of discovery is.
    document: Url,
    client: Client,
    known: Mutex<Option<Arc<Known>>>,
    /// When it was last looked. Held meanwhile.
    looked: tokio::sync::Mutex<Option<Time>>,
}

impl Finder {
    pub(crate) fn new(issuer: String, document: Url, client: Client) -> Self {
        let (known, looked) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { issuer, document, client, known, looked }
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    fn present(&self) -> Option<Arc<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns what is known, with the key that a token names if there is one.
    ///
    /// # Errors
    ///
    /// When nothing is known and the provider cannot be asked.
    pub(crate) async fn known(&self, key: Option<&str>, now: Time) -> Result<Arc<Known>, Trouble> {
        let present = self.present();
        let is_enough = |known: &Known| known.is_new(now) && known.has(key);
        if let Some(known) = present.as_ref().filter(|known| is_enough(known)) {
            return Ok(known.clone());
        }
        // Whoever can go on with what there is does not wait for the one who looks.
        let mut looked = match present.filter(|known| known.counts(now) && known.has(key)) {
            Some(known) => match self.looked.try_lock() {
                Ok(looked) => looked,
                Err(_) => return Ok(known),
            },
            None => self.looked.lock().await,
        };
        if let Some(known) = self.present().filter(|known| is_enough(known)) {
            return Ok(known);
        }
        let found = self.look_at_times(&mut looked, now).await;
        match (found, self.present().filter(|known| known.counts(now))) {
            (Ok(()), Some(known)) => Ok(known),
            // A token by a key that is not known may be good: nobody could look.
            (Err(error), Some(known)) if !known.has(key) => Err(error),
            (Err(error), Some(known)) => {
                let error = &error as &dyn Error;
                tracing::warn!(
                    error,
                    provider.issuer = self.issuer,
                    "what a provider said of itself before counts on"
                );
                Ok(known)
            }
            (Ok(()), None) => Err(Trouble::JustFailed),
            (Err(error), None) => Err(error),
        }
    }

    /// Looks, unless that was done a moment ago.
    async fn look_at_times(
        &self,
        looked: &mut MutexGuard<'_, Option<Time>>,
        now: Time,
    ) -> Result<(), Trouble> {
        if looked.is_some_and(|at| now.ms_since(at) < LOOK_MS) {
            return Ok(());
        }
        **looked = Some(now);
        let found = self.find(now).await.map_err(Trouble::Unavailable)?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(found));
        Ok(())
    }

    /// Asks the provider.
    ///
    /// # Errors
    ///
    /// When it cannot be asked, or is not to be used.
    pub(crate) async fn find(&self, now: Time) -> Result<Known, Unusable> {
        let document = self.get(&self.document).await?;
        let endpoints = Endpoints::read(&document, &self.issuer, &self.document)?;
        let keys = read_keys(&self.get(&endpoints.keys).await?, &endpoints.keys)?;
        Ok(Known { endpoints, keys, at: now })
    }

    async fn get(&self, url: &Url) -> Result<Vec<u8>, Unusable> {
        let answer = self.client.get(url, HeaderMap::new()).await;
        let answer = answer.map_err(|source| Unusable::Unsent { url: url.to_string(), source })?;
        match answer.status {
            200 => Ok(answer.body.to_vec()),
            status => Err(Unusable::Status { url: url.to_string(), status }),
        }
    }
}
