//! The files, by their paths below `web/dist`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// What to tell whoever asks for a page that is not there.
pub const NOT_BUILT: &str =
    "This page is not built. Run `cargo xtask web`, or build the program with the feature `pages`.";

/// How much of a page's SHA-256 its tag has, in bytes: enough to tell builds apart.
const TAG_BYTES: usize = 12;

/// One file, ready to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    pub bytes: Cow<'static, [u8]>,
    /// Its strong `ETag`, with the quotes.
    pub etag: String,
}

/// How a file is packed ahead, so that nobody packs it while somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Brotli,
    Gzip,
}

impl Packing {
    /// Both, the smaller one first.
    pub const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// Returns its name among the content codings of HTTP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
        }
    }
}

/// Where pages come from.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The directory they are read from; `None` for those of the binary.
    directory: Option<PathBuf>,
}

#[cfg(feature = "pages")]
#[derive(rust_embed::Embed)]
#[folder = "../../web/dist"]
struct Carried;

impl Pages {
    /// Returns the pages that belong to this build: its own, or those below the source tree that it
    /// was built from.
    #[must_use]
    pub fn of_this_build() -> Self {
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/dist");
        Self { directory: (!cfg!(feature = "pages")).then(|| sources.into()) }
    }

    /// Returns the pages in a directory.
    #[must_use]
    pub fn in_directory(directory: PathBuf) -> Self {
        Self { directory: Some(directory) }
    }

    /// Returns the page at a path such as `chat/widget.js`; `None` when there is none.
    #[must_use]
    pub fn page(&self, path: &str) -> Option<Page> {
        self.read(content_type(path)?, path)
    }

    /// Returns the page at a path as it was packed ahead; `None` when it was not. Its type is that
    /// of what is packed.
    #[must_use]
    pub fn packed(&self, path: &str, packing: Packing) -> Option<Page> {
        self.read(content_type(path)?, &format!("{path}.{}", packing.ending()))
    }

    fn read(&self, content_type: &'static str, path: &str) -> Option<Page> {
        let bytes = match &self.directory {
            None => carried(path)?,
            Some(directory) => Cow::Owned(std::fs::read(directory.join(plain(path)?)).ok()?),
        };
        let etag = etag(&bytes);
        Some(Page { content_type, bytes, etag })
    }
}

#[cfg(feature = "pages")]
fn carried(path: &str) -> Option<Cow<'static, [u8]>> {
    <Carried as rust_embed::Embed>::get(path).map(|file| file.data)
}

#[cfg(not(feature = "pages"))]
const fn carried(_path: &str) -> Option<Cow<'static, [u8]>> {
    None
}

/// Returns the path if every part of it is a plain name.
fn plain(path: &str) -> Option<&Path> {
    let path = Path::new(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

/// Returns the type of a page by its ending; `None` for what is no page.
fn content_type(path: &str) -> Option<&'static str> {
    match Path::new(path).extension()?.to_str()? {
        "js" => Some("text/javascript; charset=utf-8"),
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "woff2" => Some("font/woff2"),
        "md" => Some("text/markdown; charset=utf-8"),
        _ => None,
    }
}

fn etag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut tag = String::from("\"");
    for byte in &digest[..TAG_BYTES] {
        // Writing to a String cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag + "\""
}

#[cfg(test)]
mod tests;
