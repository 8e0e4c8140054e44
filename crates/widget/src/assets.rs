//! The files in the binary.
//!
//! What must stay true: an `ETag` is another one whenever the bytes are, so that a browser that asks never keeps an old widget after an
//! upgrade.

use std::sync::OnceLock;

/// One file, ready to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// Its strong `ETag`, with the quotes.
    pub etag: &'static str,
}

struct File {
    path: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    etag: OnceLock<String>,
}

impl File {
    const fn new(path: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { path, content_type, bytes, etag: OnceLock::new() }
    }
}

static FILES: [File; 3] = [
    File::new(
        "widget.js",
        "text/javascript; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/dist/widget.js")),
    ),
    File::new(
        "demo.html",
        "text/html; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/dist/demo.html")),
    ),
    File::new(
        "demo.css",
        "text/css; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/dist/demo.css")),
    ),
];

/// Gives the file with this path: `widget.js` and `demo.css`, which pages expect below `/chat/`, and `demo.html`, the page of the demo.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let file = FILES.iter().find(|file| file.path == path)?;
    let etag =
        file.etag.get_or_init(|| format!("\"{:016x}-{:x}\"", fingerprint(file.bytes), file.bytes.len()));
    Some(Asset { content_type: file.content_type, bytes: file.bytes, etag })
}

/// FNV-1a with 64 bits. It tells builds apart; nobody's safety depends on it, so no cryptographic hash is brought in.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn every_file_is_there_with_its_type() {
        for (path, content_type, part) in [
            ("widget.js", "text/javascript; charset=utf-8", "handoff-chat"),
            ("demo.html", "text/html; charset=utf-8", "/chat/widget.js"),
            ("demo.css", "text/css; charset=utf-8", ".hero"),
        ] {
            let found = asset(path).unwrap_or_else(|| panic!("{path} is missing"));
            assert_eq!(found.content_type, content_type);
            assert!(std::str::from_utf8(found.bytes).unwrap().contains(part), "{path} holds something else");
        }
    }

    #[test]
    fn other_paths_are_none() {
        for path in ["", "/widget.js", "WIDGET.JS", "../widget.js", "widget.js/", "widget.js.map"] {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    #[test]
    fn tags_are_quoted_stable_and_differ() {
        let tags: Vec<_> = ["widget.js", "demo.html", "demo.css"]
            .into_iter()
            .filter_map(asset)
            .map(|one| one.etag)
            .collect();
        assert!(tags.iter().all(|tag| tag.starts_with('"') && tag.ends_with('"') && tag.len() > 18));
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
        assert_eq!(asset("widget.js").map(|one| one.etag), Some(tags[0]));
        assert_ne!(fingerprint(b"a"), fingerprint(b"b"));
    }

    #[test]
    fn the_script_is_small_and_needs_no_evaluation() {
        let script = asset("widget.js").unwrap().bytes;
        let text = std::str::from_utf8(script).unwrap();
        for forbidden in ["eval(", "new Function", "innerHTML", "insertAdjacentHTML", "document.write"] {
            assert!(!text.contains(forbidden), "{forbidden} is in the widget");
        }
        assert!(gzip(script) <= 60 * 1_024, "the widget is over 60 KiB");
    }

    fn gzip(bytes: &[u8]) -> usize {
        let mut child = Command::new("gzip")
            .args(["-9", "-c"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let bytes = bytes.to_vec();
        let writer = std::thread::spawn(move || input.write_all(&bytes));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        output.stdout.len()
    }
}
