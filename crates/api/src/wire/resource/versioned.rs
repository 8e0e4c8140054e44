//! What admins change, with what tells one state of it from the next.

use handoff_store::Version;
use serde::Serialize;

/// A resource that an admin may change.
#[derive(Clone, Debug, Serialize)]
pub struct Versioned<R> {
    /// What it is.
    #[serde(flatten)]
    resource: R,
    /// How often it was written; ours. A change that names another one is refused.
    version: Version,
}

impl<R> Versioned<R> {
    /// Shows a resource as it was written so often.
    #[must_use]
    pub const fn new(resource: R, version: Version) -> Self {
        Self { resource, version }
    }
}
