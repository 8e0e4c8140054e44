//! HTML of strangers: made safe to show, or made into text.
//!
//! Two walls stand behind each other. The first is our own (`tame`): it reads the markup in one
//! pass, keeps a list of elements and attributes, and writes it well-formed and of bounded depth,
//! which keeps the second from the cases in which building a tree of misnested markup takes more
//! than linear time. The second is ammonia, which builds the tree as browsers do and decides once
//! more by the same lists. The frame in which the result is shown is a third wall, and not ours.
//!
//! HTML is cleaned when it is shown, not when it is stored, so that a better cleaner cures old
//! messages.

mod lists;
mod tame;
mod text;
mod tokens;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

pub use self::text::{from_text, to_text};
use crate::letter::percent_decoded;

/// The most bytes of markup that are shown. 1 MiB: twenty times the longest newsletter. The rest is
/// left out.
const HTML_LEN_MAX: usize = 1024 * 1024;
/// How often the result is cleaned again until nothing changes. Twice is the rule: the second time
/// finds nothing to do.
const ROUNDS_MAX: usize = 6;

/// Cleans HTML for showing it to an agent: no scripts, styles, forms, frames or foreign markup;
/// links only to web and e-mail addresses, in a new window that learns nothing of ours; no image
/// from elsewhere. `images` gives the address of an image of the message by its `Content-ID`; other
/// images keep only their alternative text.
///
/// Cleaning the result again (with the same images) changes nothing, so whatever reads it sees what
/// was checked. It takes time and memory linear in the input, of which at most 1 MiB is read.
#[must_use]
pub fn clean(html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
    settled(html, Pictures { of_letter: images, remote: Remote::LeftOut })
}

/// Cleans HTML as [`clean`] does, and leaves it the pictures that it takes from elsewhere by
/// `https`: for a reader who asked for them, because whoever sent the letter learns that it is
/// read, where and when.
#[must_use]
pub fn clean_with_remote(html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
    settled(html, Pictures { of_letter: images, remote: Remote::Shown })
}

/// Returns how many pictures [`clean_with_remote`] would show beyond those of [`clean`].
#[must_use]
pub fn remote_pictures(html: &str) -> usize {
    let html = &html[..html.floor_char_boundary(HTML_LEN_MAX)];
    let is_remote = |token: &tokens::Token<'_>| match token {
        tokens::Token::Start(name, attributes) if name == "img" => {
            tame::remote_address(attributes).is_some()
        }
        _ => false,
    };
    tokens::Tokens::new(html).filter(is_remote).count()
}

/// Which pictures may be shown.
#[derive(Clone, Copy)]
struct Pictures<'a> {
    /// Returns the address of one that came along, by its `Content-ID`.
    of_letter: &'a dyn Fn(&str) -> Option<String>,
    remote: Remote,
}

/// What becomes of pictures that are at another host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remote {
    LeftOut,
    Shown,
}

fn settled(html: &str, images: Pictures<'_>) -> String {
    let mut current = round(html, images);
    for _ in 1..ROUNDS_MAX {
        let next = round(&current, images);
        if next == current {
            return current;
        }
        current = next;
    }
    // Markup that does not settle is made to mislead a reader; its words are enough.
    round(&from_text(&to_text(&current)), images)
}

/// Returns the `Content-ID`s that an address after `cid:` may mean: as it stands in the markup, and
/// with entities and percent signs undone (RFC 2392).
pub(crate) fn ids_of(address: &str) -> impl Iterator<Item = String> {
    let plain = text::unescaped(address);
    let bytes = percent_decoded(&plain);
    let decoded = String::from_utf8(bytes).ok().filter(|decoded| *decoded != plain);
    core::iter::once(plain).chain(decoded).map(|id| id.split_whitespace().collect())
}

fn round(html: &str, images: Pictures<'_>) -> String {
    let html = &html[..html.floor_char_boundary(HTML_LEN_MAX)];
    let tamed = tame::tame(html, images);
    let shown = tamed.images;
    let mut attributes: HashMap<_, HashSet<_>> = HashMap::new();
    for (element, names) in lists::ATTRIBUTES {
        attributes.insert(*element, names.iter().copied().collect());
    }
    let mut cleaner = ammonia::Builder::empty();
    cleaner
        .tags(lists::ELEMENTS.iter().copied().collect())
        .clean_content_tags(lists::WITHOUT_CONTENT.iter().copied().collect())
        .generic_attributes(lists::COMMON_ATTRIBUTES.iter().copied().collect())
        .tag_attributes(attributes)
        .url_schemes(lists::SCHEMES.iter().copied().chain(["blob", "data"]).collect())
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank")
        .strip_comments(true)
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            ("img", "src") => shown.contains(value).then_some(Cow::Borrowed(value)),
            (_, "src") => None,
            (_, "href" | "cite") => lists::is_web_address(value).then_some(Cow::Borrowed(value)),
            _ => Some(Cow::Borrowed(value)),
        });
    cleaner.clean(&tamed.html).to_string()
}
