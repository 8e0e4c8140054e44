//! Where the customers' APIs are.

/// Where the customers' APIs are mounted; the path that existing clients have.
pub const ROOT: &str = "/genesys";
/// Where their CometD server is, below [`ROOT`].
pub const COMET_PATH: &str = "/genesys/cometd";

/// Tells whether a path is one of the customers'.
pub(crate) fn is_below_root(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.starts_with('/'))
}
