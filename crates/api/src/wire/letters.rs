//! The HTML of strangers, on its way to an agent.
//!
//! What customers write is stored as it came and cleaned whenever it is shown, so that a better
//! cleaner cures old messages. How to clean it is not known here: whoever puts the program together
//! says so by a [`Letters`]. Where nobody does, nothing of the markup is trusted and a reader sees
//! it as text.
//!
//! The same letter is shown many times: every notice of a change carries it, on two topics and for
//! every reader. To clean it costs 0.14 ms for each KiB (measured with the mail crate's cleaner:
//! 2.7 ms for 20 KiB, 41 ms for the longest that is kept), so what was cleaned is remembered for a
//! while.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_domain::{Attachment, FileId};
use sha2::{Digest as _, Sha256};

/// Bytes from which on a body is remembered when it was cleaned. A shorter one is cleaned in less
/// than 0.1 ms, which is not worth the room.
const KEPT_FROM_BYTES: usize = 512;
/// Bytes of all that is remembered: some hundred letters of usual length. When
/// there would be more, all are forgotten, which costs no more than cleaning those again that are
/// still looked at.
const KEPT_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// Bytes that count for each thing that is remembered, beside its text: its name and its place.
const KEPT_EACH_BYTES: usize = 64;

/// How the HTML of a letter is made safe to show.
pub trait Letters: fmt::Debug + Send + Sync + 'static {
    /// Makes it safe. `images` gives the address of an image of the letter by its `Content-ID`. To
    /// clean the result again must change nothing.
    fn clean(&self, html: &str, images: &dyn Fn(&str) -> Option<String>) -> String;

    /// Makes it safe, and leaves it the pictures that it takes from other hosts.
    fn clean_with_remote(&self, html: &str, images: &dyn Fn(&str) -> Option<String>) -> String;

    /// Returns how many pictures it takes from other hosts.
    fn remote_pictures(&self, html: &str) -> usize;

    /// Returns what a reader of it without markup would read.
    fn text(&self, html: &str) -> String;
}

/// Shows markup as the text that it is.
#[derive(Debug)]
struct AsText;

impl Letters for AsText {
    fn clean(&self, html: &str, _images: &dyn Fn(&str) -> Option<String>) -> String {
        escaped(html)
    }

    fn clean_with_remote(&self, html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
        self.clean(html, images)
    }

    fn remote_pictures(&self, _: &str) -> usize {
        0
    }

    fn text(&self, html: &str) -> String {
        html.to_owned()
    }
}

/// Writes a text so that HTML shows it as it is.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Writes a text as HTML, line by line.
#[must_use]
pub fn html_of(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("<br>")
}

/// What shows letters.
#[derive(Debug)]
pub struct Cleaner {
    letters: Arc<dyn Letters>,
    kept: Mutex<Kept>,
}

/// What tells something that is remembered from everything else.
type Name = [u8; 32];

/// What is remembered of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aspect {
    Clean,
    CleanWithRemote,
    RemotePictures,
}

#[derive(Debug, Default)]
struct Kept {
    bytes: usize,
    bodies: HashMap<Name, Arc<str>>,
    /// How many pictures bodies take from other hosts.
    counts: HashMap<Name, usize>,
}

impl Kept {
    fn make_room(&mut self, bytes: usize) {
        if self.bytes + bytes > KEPT_BYTES_MAX {
            *self = Self::default();
        }
        self.bytes += bytes;
    }

    fn keep_body(&mut self, name: Name, clean: &str) {
        self.make_room(KEPT_EACH_BYTES + clean.len());
        if let Some(twin) = self.bodies.insert(name, clean.into()) {
            self.bytes -= KEPT_EACH_BYTES + twin.len();
        }
    }

    fn keep_count(&mut self, name: Name, count: usize) {
        self.make_room(KEPT_EACH_BYTES);
        if self.counts.insert(name, count).is_some() {
            self.bytes -= KEPT_EACH_BYTES;
        }
    }
}

impl Default for Cleaner {
    fn default() -> Self {
        Self::new(Arc::new(AsText))
    }
}

impl Cleaner {
    /// Makes it. `letters` is how they are made safe.
    #[must_use]
    pub fn new(letters: Arc<dyn Letters>) -> Self {
        Self { letters, kept: Mutex::default() }
    }

    /// Makes the HTML of an e-mail safe to show. `address` gives where an image of it is.
    #[must_use]
    pub fn clean(
        &self,
        html: &str,
        attachments: &[Attachment],
        address: &dyn Fn(&Attachment) -> String,
    ) -> String {
        self.shown(Aspect::Clean, html, attachments, address)
    }

    /// Makes it safe as `clean` does, and leaves it the pictures that it takes from other hosts.
    #[must_use]
    pub fn clean_with_remote(
        &self,
        html: &str,
        attachments: &[Attachment],
        address: &dyn Fn(&Attachment) -> String,
    ) -> String {
        self.shown(Aspect::CleanWithRemote, html, attachments, address)
    }

    /// Returns how many pictures the HTML of an e-mail takes from other hosts.
    #[must_use]
    pub fn remote_pictures(&self, html: &str) -> usize {
        if html.len() < KEPT_FROM_BYTES {
            return self.letters.remote_pictures(html);
        }
        let name = name_of(Aspect::RemotePictures, html, &[], &|_| String::new());
        let known = self.kept().counts.get(&name).copied();
        known.unwrap_or_else(|| {
            let count = self.letters.remote_pictures(html);
            self.kept().keep_count(name, count);
            count
        })
    }

    /// Returns the text of an HTML body.
    #[must_use]
    pub fn text(&self, html: &str) -> String {
        self.letters.text(html)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shown(
        &self,
        aspect: Aspect,
        html: &str,
        attachments: &[Attachment],
        address: &dyn Fn(&Attachment) -> String,
    ) -> String {
        let images = |id: &str| image(attachments, id).map(address);
        let clean_now = || match aspect {
            Aspect::CleanWithRemote => self.letters.clean_with_remote(html, &images),
            Aspect::Clean | Aspect::RemotePictures => self.letters.clean(html, &images),
        };
        if html.len() < KEPT_FROM_BYTES {
            return clean_now();
        }
        let name = name_of(aspect, html, attachments, address);
        let known = self.kept().bodies.get(&name).cloned();
        if let Some(known) = known {
            return known.to_string();
        }
        let clean = clean_now();
        self.kept().keep_body(name, &clean);
        clean
    }
}

/// Returns the attachment that a body names by its `Content-ID`, if it is a picture: nothing else
/// is shown in its place.
fn image<'a>(attachments: &'a [Attachment], content_id: &str) -> Option<&'a Attachment> {
    let is_it = |one: &&Attachment| {
        one.content_id.as_deref() == Some(content_id) && one.content_type.starts_with("image/")
    };
    attachments.iter().find(is_it)
}

/// Returns what tells an aspect of a body, with the images that it may show, from every other.
fn name_of(
    aspect: Aspect,
    html: &str,
    attachments: &[Attachment],
    address: &dyn Fn(&Attachment) -> String,
) -> Name {
    let mut hasher = Sha256::new();
    hasher.update([aspect as u8]);
    for one in attachments.iter().filter(|one| one.content_id.is_some()) {
        hasher.update(format!("{:?} {} {}\n", one.content_id, one.content_type, address(one)));
    }
    hasher.update([0]);
    hasher.update(html);
    hasher.finalize().into()
}

/// Puts `cid:` back where a body that was shown has the addresses of the e-mail's own images: only
/// by that do its recipients find them. A file's id is random, so nothing but its address ends in
/// it.
#[must_use]
pub fn with_ids_of_images(mut body: String, attachments: &[Attachment]) -> String {
    for one in attachments {
        let Some(content_id) = one.content_id.as_ref().filter(|id| is_plain(id)) else { continue };
        let end = format!("/attachments/{}", one.file);
        if !body.contains(&end) {
            continue;
        }
        let mut pieces = body.split(end.as_str()).peekable();
        let mut after = String::with_capacity(body.len());
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                after.push_str(piece);
                break;
            }
            let begins =
                piece.rfind(['"', '\'', '=', '(', '>', ' ', '\n', '\t']).map_or(0, |at| at + 1);
            after.push_str(&piece[..begins]);
            after.push_str("cid:");
            after.push_str(content_id);
        }
        body = after;
    }
    body
}

/// Returns the files of an original under names that can stand in the markup of its answer and in a
/// header of it.
#[must_use]
pub fn with_plain_ids(attachments: &[Attachment]) -> Vec<Attachment> {
    let renamed = |one: &Attachment| {
        let content_id =
            one.content_id.clone().map(|id| if is_plain(&id) { id } else { id_of(one.file) });
        Attachment { content_id, ..one.clone() }
    };
    attachments.iter().map(renamed).collect()
}

/// Returns the `Content-ID` that the server gives to a file.
#[must_use]
pub fn id_of(file: FileId) -> String {
    format!("{file}@attachment.invalid")
}

/// Tells whether a body shows a file by its `Content-ID`.
#[must_use]
pub fn shows(body: &str, attachment: &Attachment) -> bool {
    let Some(content_id) = &attachment.content_id else { return false };
    let named = format!("cid:{content_id}");
    let is_end = |rest: &str| !rest.bytes().next().is_some_and(is_plain_byte);
    attachment.inline && body.match_indices(&named).any(|(at, _)| is_end(&body[at + named.len()..]))
}

/// The longest `Content-ID` that is repeated, in bytes; programs make a fifth of it, and in a
/// header it has a line to itself.
const ID_BYTES_MAX: usize = 250;

/// Tells whether a `Content-ID`, which strangers choose, can stand in markup as it is.
fn is_plain(content_id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&content_id.len()) && content_id.bytes().all(is_plain_byte)
}

fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"@.-_+$%=~!#*/?^|{}".contains(&byte)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn attachment(id: u128, content_id: Option<&str>, content_type: &str) -> Attachment {
        Attachment {
            file: FileId(id),
            name: "picture.png".to_owned(),
            bytes: 3,
            content_type: content_type.to_owned(),
            content_id: content_id.map(str::to_owned),
            inline: true,
        }
    }

    fn address(one: &Attachment) -> String {
        format!("http://desk/emails/1/attachments/{}", one.file)
    }

    #[test]
    fn without_a_cleaner_markup_is_text() {
        let shown = Cleaner::default().clean("<script>\"&", &[], &address);
        assert_eq!(shown, "&lt;script&gt;&quot;&amp;");
    }

    /// Counts how often it is asked, and shows the image `a`.
    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);

    impl Letters for Counting {
        fn clean(&self, html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
            self.0.fetch_add(1, Ordering::SeqCst);
            format!("{} {}", images("a").unwrap_or_default(), html.len())
        }

        fn clean_with_remote(&self, html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
            format!("remote {}", self.clean(html, images))
        }

        fn remote_pictures(&self, html: &str) -> usize {
            self.0.fetch_add(1, Ordering::SeqCst);
            html.matches("https:").count()
        }

        fn text(&self, html: &str) -> String {
            html.to_owned()
        }
    }

    #[test]
    fn what_a_page_of_a_letter_needs_is_made_once() {
        let counting = Arc::new(Counting::default());
        let cleaner = Cleaner::new(counting.clone());
        let (plain, long) = ("x".repeat(KEPT_FROM_BYTES), "https:".repeat(KEPT_FROM_BYTES));
        for _ in 0..2 {
            assert_eq!(cleaner.remote_pictures(&plain), 0);
            assert_eq!(cleaner.remote_pictures(&long), KEPT_FROM_BYTES);
            assert!(cleaner.clean(&long, &[], &address).starts_with(' '));
            let shown = cleaner.clean_with_remote(&long, &[], &address);
            assert!(shown.starts_with("remote"), "{shown}");
        }
        assert_eq!(counting.0.load(Ordering::SeqCst), 4, "two counts, and cleaned both ways");
    }

    #[test]
    fn what_is_remembered_has_a_bound_however_short_it_is() {
        let mut kept = Kept::default();
        for number in 0..=KEPT_BYTES_MAX / KEPT_EACH_BYTES {
            let mut name = Name::default();
            name[..8].copy_from_slice(&number.to_le_bytes());
            kept.keep_count(name, 1);
            kept.keep_body(name, "");
        }
        assert!(kept.bytes <= KEPT_BYTES_MAX, "{}", kept.bytes);
        assert_eq!((kept.bodies.len() + kept.counts.len()) * KEPT_EACH_BYTES, kept.bytes);
    }

    #[test]
    fn a_long_body_is_cleaned_once_as_long_as_its_images_stay() {
        let counting = Arc::new(Counting::default());
        let cleaner = Cleaner::new(counting.clone());
        let (long, one) = ("x".repeat(KEPT_FROM_BYTES), attachment(1, Some("a"), "image/png"));
        let times = |html: &str, attachments: &[Attachment]| {
            let shown = cleaner.clean(html, attachments, &address);
            (counting.0.load(Ordering::SeqCst), shown.starts_with("http"))
        };
        assert_eq!(times(&long, &[]), (1, false));
        assert_eq!(times(&long, &[]), (1, false));
        assert_eq!(times(&long, std::slice::from_ref(&one)), (2, true));
        assert_eq!(times(&long, &[one]), (2, true));
        assert_eq!(
            times(&long, &[attachment(1, Some("a"), "text/html")]),
            (3, false),
            "no picture"
        );
        let limit = KEPT_BYTES_MAX / KEPT_FROM_BYTES;
        assert!(limit > 1_000, "a busy contact center's letters have room");
    }

    #[test]
    fn addresses_of_own_images_become_ids_again() {
        let attachments =
            [attachment(1, Some("a@b"), "image/png"), attachment(2, None, "image/png")];
        let odd = attachment(1, Some("\"><script>"), "image/png");
        let own = address(&attachments[0]);
        let other = address(&attachments[1]);
        let body = format!("<img src=\"{own}\"> and <img src='{own}'>{own}<a href=\"{other}\">");
        let expected =
            format!("<img src=\"cid:a@b\"> and <img src='cid:a@b'>cid:a@b<a href=\"{other}\">");
        assert_eq!(with_ids_of_images(body, &attachments), expected);
        assert_eq!(with_ids_of_images("plain".to_owned(), &attachments), "plain");
        assert_eq!(with_ids_of_images(own.clone(), &[odd]), own, "markup is no id");
    }
}
