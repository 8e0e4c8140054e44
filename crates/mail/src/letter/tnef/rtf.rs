//! Text in RTF, as Outlook compresses it ([MS-OXRTFCP]), and the HTML that it wraps in RTF
//! ([MS-OXRTFEX]).

use super::{decode, in_page};

/// The most bytes of RTF that are unpacked. 2 MiB hold the longest text that is shown, with its
/// commands.
const RTF_LEN_MAX: usize = 2 * 1024 * 1024;
/// How deep groups may be inside each other; what is deeper is skipped.
const DEPTH_MAX: usize = 200;
/// The size of the dictionary ([MS-OXRTFCP] 2.1.3.1.4).
const DICTIONARY_LEN: usize = 4_096;
/// What the dictionary holds at the beginning ([MS-OXRTFCP] 2.1.2.1).
const DICTIONARY: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans \
SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
/// Groups whose content is no text.
const WITHOUT_TEXT: &[&str] = &[
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "footer",
    "headerl",
    "headerr",
    "footerl",
    "footerr",
    "listtable",
    "generator",
    "themedata",
    "datastore",
    "latentstyles",
];

/// What was found.
pub(super) enum Content {
    Text(String),
    Html(String),
}

/// What the RTF was made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Html,
    Text,
}

/// Reads compressed RTF.
pub(super) fn read(compressed: &[u8]) -> Option<Content> {
    let rtf = unpacked(compressed)?;
    let source = match rtf.windows(9).any(|window| window == b"\\fromhtml") {
        true => Source::Html,
        false => Source::Text,
    };
    let mut reader = Reader::new(source);
    reader.read(&rtf);
    Some(match source {
        Source::Html => Content::Html(reader.out),
        Source::Text => Content::Text(reader.out),
    })
}

/// Unpacks ([MS-OXRTFCP] 3.1.2 and 3.1.3); what is cut is unpacked as far as it goes.
fn unpacked(compressed: &[u8]) -> Option<Vec<u8>> {
    const HEADER_LEN: usize = 16;
    let (header, content) = compressed.split_at_checked(HEADER_LEN)?;
    match &header[8..12] {
        b"MELA" => return Some(content[..content.len().min(RTF_LEN_MAX)].to_vec()),
        b"LZFu" => {}
        _ => return None,
    }
    let mut dictionary = [0_u8; DICTIONARY_LEN];
    dictionary[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
    let mut at = DICTIONARY.len();
    let mut out = Vec::new();
    let mut rest = content.iter().copied();
    while let Some(control) = rest.next() {
        for bit in 0..8 {
            if out.len() > RTF_LEN_MAX {
                return Some(out);
            }
            if control & (1 << bit) == 0 {
                let Some(byte) = rest.next() else { return Some(out) };
                out.push(byte);
                dictionary[at] = byte;
                at = (at + 1) % DICTIONARY_LEN;
                continue;
            }
            let (Some(high), Some(low)) = (rest.next(), rest.next()) else { return Some(out) };
            let reference = usize::from(u16::from_be_bytes([high, low]));
            let (offset, len) = (reference >> 4, (reference & 0xf) + 2);
            if offset == at {
                return Some(out);
            }
            for step in 0..len {
                let byte = dictionary[(offset + step) % DICTIONARY_LEN];
                out.push(byte);
                dictionary[at] = byte;
                at = (at + 1) % DICTIONARY_LEN;
            }
        }
    }
    Some(out)
}

/// What holds until a group ends.
#[derive(Clone, Copy)]
struct Group {
    is_skipped: bool,
    /// It holds a piece of HTML.
    is_tag: bool,
    /// It holds RTF that stands for HTML which is elsewhere.
    is_double: bool,
    /// How many letters after a Unicode one are for programs that do not know it.
    fallback: usize,
}

struct Reader {
    out: String,
    /// Bytes in the code page that wait to be read together.
    run: Vec<u8>,
    page: u32,
    source: Source,
    group: Group,
    outer: Vec<Group>,
    /// How many groups beyond the deepest are open.
    deeper: usize,
    /// How many letters are still to be skipped.
    skip: usize,
    /// Half of a letter that has two (UTF-16).
    half: Option<u16>,
}

impl Reader {
    fn new(source: Source) -> Self {
        Self {
            out: String::new(),
            run: Vec::new(),
            page: 1252,
            source,
            group: Group { is_skipped: false, is_tag: false, is_double: false, fallback: 1 },
            outer: Vec::new(),
            deeper: 0,
            skip: 0,
            half: None,
        }
    }

    fn read(&mut self, rtf: &[u8]) {
        let mut rest = rtf;
        while let [first, tail @ ..] = rest {
            rest = tail;
            match first {
                b'{' => self.open(),
                b'}' => self.close(),
                b'\\' => rest = self.command(tail),
                b'\r' | b'\n' | 0 => {}
                byte => self.byte(*byte),
            }
        }
        self.flush();
    }

    fn open(&mut self) {
        self.skip = 0;
        if self.outer.len() < DEPTH_MAX {
            self.outer.push(self.group);
        } else {
            self.deeper += 1;
        }
    }

    fn close(&mut self) {
        self.skip = 0;
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if let Some(group) = self.outer.pop() {
            self.flush();
            self.group = group;
        }
    }

    /// Obeys what comes after a backslash, and returns what comes after that.
    fn command<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let name_len = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        if name_len == 0 {
            return self.symbol(text);
        }
        let name = core::str::from_utf8(&text[..name_len]).unwrap_or_default();
        let rest = &text[name_len..];
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest[sign..].iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
        let len = if digits == 0 { 0 } else { sign + digits };
        let number: Option<i32> =
            core::str::from_utf8(&rest[..len]).ok().and_then(|text| text.parse().ok());
        let rest = &rest[len..];
        self.named(name, number);
        // A blank that ends a command is part of it.
        rest.strip_prefix(b" ").unwrap_or(rest)
    }

    fn symbol<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        match text {
            [b'\'', high, low, rest @ ..] => {
                if let Some(byte) = decode::byte_of(&[*high, *low]) {
                    self.byte(byte);
                }
                return rest;
            }
            [b'*', ..] => self.group.is_skipped = true,
            [b'~', ..] => self.character('\u{a0}'),
            [b'_', ..] => self.character('-'),
            [b'\r' | b'\n', ..] => self.character('\n'),
            [byte @ (b'\\' | b'{' | b'}'), ..] => self.byte(*byte),
            _ => {}
        }
        text.get(1..).unwrap_or_default()
    }

    fn named(&mut self, name: &str, number: Option<i32>) {
        match name {
            "htmltag" => {
                self.flush();
                (self.group.is_tag, self.group.is_skipped) = (true, false);
            }
            "htmlrtf" => {
                self.flush();
                self.group.is_double = number != Some(0);
            }
            "mhtmltag" => self.group.is_skipped = true,
            "ansicpg" => {
                self.page = number.and_then(|page| u32::try_from(page).ok()).unwrap_or(self.page)
            }
            "uc" => {
                self.group.fallback =
                    number.and_then(|count| usize::try_from(count).ok()).unwrap_or(1).min(8)
            }
            "u" => self.unicode(number.unwrap_or_default()),
            "par" | "line" | "sect" | "page" | "row" => self.character('\n'),
            "tab" | "cell" => self.character('\t'),
            "bullet" => self.character('\u{2022}'),
            "lquote" => self.character('\u{2018}'),
            "rquote" => self.character('\u{2019}'),
            "ldblquote" => self.character('\u{201c}'),
            "rdblquote" => self.character('\u{201d}'),
            "endash" => self.character('\u{2013}'),
            "emdash" => self.character('\u{2014}'),
            _ if WITHOUT_TEXT.contains(&name) => self.group.is_skipped = true,
            _ => {}
        }
    }

    /// Takes a letter by its number, which may be negative and half of one.
    fn unicode(&mut self, number: i32) {
        self.skip = 0;
        let unit = (number & 0xffff) as u16;
        let units = [self.half.take().unwrap_or(unit), unit];
        match char::decode_utf16([unit]).next() {
            Some(Ok(character)) => self.character(character),
            _ => match char::decode_utf16(units).next() {
                Some(Ok(character)) => self.character(character),
                _ => self.half = Some(unit),
            },
        }
        self.skip = self.group.fallback;
    }

    fn is_shown(&self) -> bool {
        let is_outside = self.source == Source::Text || self.group.is_tag || !self.group.is_double;
        !self.group.is_skipped && self.deeper == 0 && is_outside
    }

    fn byte(&mut self, byte: u8) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.is_shown() {
            // Outside of tags, text is text also when it looks like markup.
            match (self.source == Source::Html && !self.group.is_tag, byte) {
                (true, b'<') => self.run.extend_from_slice(b"&lt;"),
                (true, b'&') => self.run.extend_from_slice(b"&amp;"),
                _ => self.run.push(byte),
            }
        }
    }

    fn character(&mut self, character: char) {
        if self.is_shown() {
            self.flush();
            self.out.push(character);
        }
    }

    fn flush(&mut self) {
        if !self.run.is_empty() {
            self.out.push_str(&in_page(self.page, &self.run));
            self.run.clear();
        }
    }
}
