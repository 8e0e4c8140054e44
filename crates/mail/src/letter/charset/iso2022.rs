//! Seven-bit text with escape sequences: ISO-2022-JP and its relatives (RFC 1468, RFC 1554, RFC
//! 2237), ISO-2022-KR (RFC 1557), the common part of ISO-2022-CN (RFC 1922); and HZ (RFC 1843),
//! which does the same with braces.
//!
//! The web's list of encodings knows only the first of them, and neither half-width letters by a
//! shift nor the supplementary set. All of them select sets of 94 or 94 × 94 letters, and the
//! eight-bit encodings of the same countries hold the same sets with the eighth bit set. So each
//! run becomes bytes of such an encoding.

use encoding_rs::{EUC_JP, EUC_KR, Encoding, GBK, ISO_8859_7, SHIFT_JIS, WINDOWS_1252};

const ESCAPE: u8 = 0x1b;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::letter) enum Set {
    Ascii,
    /// ASCII with a yen sign and an overline (JIS X 0201).
    Roman,
    /// Half-width katakana (JIS X 0201).
    Katakana,
    /// JIS X 0208.
    Japanese,
    /// JIS X 0212.
    Supplementary,
    /// GB 2312.
    Chinese,
    /// KS C 5601.
    Korean,
    /// Two bytes each, and nobody can read them.
    Unknown,
}

/// Tells whether there is an escape sequence that selects a set which is not ASCII.
pub(super) fn is_designated(content: &[u8]) -> bool {
    let escapes = content.iter().enumerate().filter(|(_, byte)| **byte == ESCAPE);
    escapes.into_iter().any(|(at, _)| {
        matches!(
            content[at + 1..],
            [b'$', b'@' | b'A' | b'B', ..]
                | [b'$', b'(', b'@'..=b'D' | b'O'..=b'Q', ..]
                | [b'$', b')', b'A' | b'C' | b'G', ..]
                | [b'(', b'I', ..]
        )
    })
}

/// Reads text. `shifted` is the set that a shift selects when no escape sequence said it; ASCII in
/// Japan, where it means katakana.
pub(super) fn text(content: &[u8], shifted: Set) -> String {
    let mut reader = Reader {
        out: String::with_capacity(content.len()),
        run: Vec::new(),
        encoding: WINDOWS_1252,
        set: Set::Ascii,
        shifted: if shifted == Set::Ascii { Set::Katakana } else { shifted },
        single: WINDOWS_1252,
        is_shifted: false,
    };
    let mut rest = content;
    while !rest.is_empty() {
        rest = &rest[reader.step(rest)..];
    }
    reader.flush();
    reader.out
}

struct Reader {
    out: String,
    /// Bytes that wait to be read together.
    run: Vec<u8>,
    encoding: &'static Encoding,
    /// What an escape sequence selected.
    set: Set,
    /// What a shift selects.
    shifted: Set,
    /// What a single shift selects (RFC 1554).
    single: &'static Encoding,
    is_shifted: bool,
}

impl Reader {
    /// Reads what `rest`, which is not empty, begins with, and returns its length.
    fn step(&mut self, rest: &[u8]) -> usize {
        match *rest {
            [ESCAPE, b'N', letter, ..] => {
                self.push(self.single, &[letter | 0x80]);
                3
            }
            [ESCAPE, ..] => self.escape(&rest[1..]) + 1,
            [SHIFT_OUT, ..] => {
                self.is_shifted = true;
                1
            }
            [SHIFT_IN, ..] => {
                self.is_shifted = false;
                1
            }
            [b'\n', ..] => {
                // A line begins unshifted (RFC 1557, RFC 1922).
                self.is_shifted = false;
                self.push(WINDOWS_1252, b"\n");
                1
            }
            [byte, ..] if !byte.is_ascii() => {
                let len = rest.iter().take_while(|byte| !byte.is_ascii()).count();
                self.eight_bit(&rest[..len]);
                len
            }
            _ => self.letter(if self.is_shifted { self.shifted } else { self.set }, rest),
        }
    }

    /// Obeys an escape sequence, and returns its length. One that is not known is left out.
    fn escape(&mut self, sequence: &[u8]) -> usize {
        let (set, len) = match sequence {
            [b'$', b'@' | b'B', ..] => (Set::Japanese, 2),
            [b'$', b'A', ..] => (Set::Chinese, 2),
            [b'$', b'(', last, ..] => match last {
                b'@' | b'B' | b'O' | b'Q' => (Set::Japanese, 3),
                b'A' => (Set::Chinese, 3),
                b'C' => (Set::Korean, 3),
                b'D' => (Set::Supplementary, 3),
                _ => (Set::Unknown, 3),
            },
            [b'$', b')', last, ..] => {
                self.shifted = match last {
                    b'A' => Set::Chinese,
                    b'C' => Set::Korean,
                    _ => Set::Unknown,
                };
                return 3;
            }
            [b'(', b'I', ..] => (Set::Katakana, 2),
            [b'(', b'J', ..] => (Set::Roman, 2),
            [b'(', _, ..] => (Set::Ascii, 2),
            [b'.', last, ..] => {
                self.single = if *last == b'F' { ISO_8859_7 } else { WINDOWS_1252 };
                return 2;
            }
            [b'$', b'*' | b'+', _, ..] => return 3,
            [b'&', b'@', ..] => return 2,
            _ => return 0,
        };
        // An escape sequence ends a shift that nobody ended.
        self.is_shifted = false;
        self.set = set;
        len
    }

    /// Reads a letter of seven bits, and returns its length.
    fn letter(&mut self, set: Set, rest: &[u8]) -> usize {
        let first = rest[0];
        if !(0x21..0x7f).contains(&first) {
            self.push(WINDOWS_1252, &[first]);
            return 1;
        }
        let (encoding, lead): (_, &[u8]) = match set {
            Set::Ascii => {
                self.push(WINDOWS_1252, &[first]);
                return 1;
            }
            Set::Roman => {
                let other = match first {
                    b'\\' => '\u{a5}',
                    b'~' => '\u{203e}',
                    _ => char::from(first),
                };
                self.flush();
                self.out.push(other);
                return 1;
            }
            Set::Katakana => {
                self.push(EUC_JP, &[0x8e, first | 0x80]);
                return 1;
            }
            Set::Japanese => (EUC_JP, &[]),
            Set::Supplementary => (EUC_JP, &[0x8f]),
            Set::Chinese => (GBK, &[]),
            Set::Korean => (EUC_KR, &[]),
            Set::Unknown => (WINDOWS_1252, &[]),
        };
        let second = rest.get(1).copied().filter(|second| (0x21..0x7f).contains(second));
        let Some(second) = second.filter(|_| set != Set::Unknown) else {
            self.flush();
            self.out.push('\u{fffd}');
            return if second.is_some() { 2 } else { 1 };
        };
        self.push(encoding, lead);
        self.push(encoding, &[first | 0x80, second | 0x80]);
        2
    }

    /// Reads bytes that do not belong here: some other program's text, or half-width katakana as
    /// Windows has them.
    fn eight_bit(&mut self, bytes: &[u8]) {
        self.flush();
        match core::str::from_utf8(bytes) {
            Ok(text) => self.out.push_str(text),
            Err(_) => self.out.push_str(&SHIFT_JIS.decode_without_bom_handling(bytes).0),
        }
    }

    fn push(&mut self, encoding: &'static Encoding, bytes: &[u8]) {
        if encoding != self.encoding {
            self.flush();
            self.encoding = encoding;
        }
        self.run.extend_from_slice(bytes);
    }

    fn flush(&mut self) {
        self.out.push_str(&self.encoding.decode_without_bom_handling(&self.run).0);
        self.run.clear();
    }
}

/// Reads HZ: `~{` and `~}` stand around Chinese, `~~` is a tilde, and a tilde at the end of a line
/// joins it with the next.
pub(super) fn hz_text(content: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(content.len());
    let mut is_chinese = false;
    let mut rest = content;
    while let [first, tail @ ..] = rest {
        let len = match (first, tail) {
            (b'~', [b'{', ..]) => {
                is_chinese = true;
                2
            }
            (b'~', [b'}', ..]) => {
                is_chinese = false;
                2
            }
            (b'~', [b'~', ..]) if !is_chinese => {
                bytes.push(b'~');
                2
            }
            (b'~', [b'\n', ..]) => 2,
            (b'~', [b'\r', b'\n', ..]) => 3,
            (b'\n', _) => {
                is_chinese = false;
                bytes.push(b'\n');
                1
            }
            (first, [second, ..])
                if is_chinese && first.is_ascii_graphic() && second.is_ascii_graphic() =>
            {
                bytes.extend_from_slice(&[first | 0x80, second | 0x80]);
                2
            }
            (first, _) => {
                bytes.push(*first);
                1
            }
        };
        rest = &rest[len..];
    }
    GBK.decode_without_bom_handling(&bytes).0.into_owned()
}
