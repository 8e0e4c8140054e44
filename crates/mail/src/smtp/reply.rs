//! What an SMTP server answers (RFC 5321, section 4.2). A function of bytes, bounded by whoever
//! reads the lines.

use std::fmt;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its code, 200 to 599.
    pub code: u16,
    /// Its text, the lines of a longer one separated by LF, without control characters; at most 2
    /// 000 characters.
    pub text: String,
}

/// How much of an answer's text is kept, in characters: enough for the longest explanation that
/// somebody reads.
const TEXT_CHARS_MAX: usize = 2_000;

impl Reply {
    /// Whether it says yes (2yz).
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        matches!(self.code, 200..300)
    }

    /// Whether it says no for good (5yz).
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self.code, 500..600)
    }

    /// Makes an answer of its lines; only the last one's code counts, as they are all the same.
    pub(super) fn of(code: u16, lines: &[String]) -> Self {
        Self { code, text: lines.join("\n").chars().take(TEXT_CHARS_MAX).collect() }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text.replace('\n', " "))
    }
}

/// One line of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub code: u16,
    /// Whether more lines follow.
    pub goes_on: bool,
    /// Its text, without control characters.
    pub text: String,
}

/// Reads a line with or without its line end; `None` when it is no line of an answer.
pub fn line(bytes: &[u8]) -> Option<Line> {
    let bytes = bytes.trim_ascii_end();
    let (code, rest) = bytes.split_at_checked(3)?;
    if !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code: u16 = std::str::from_utf8(code).ok()?.parse().ok()?;
    let goes_on = match rest.first() {
        None | Some(b' ') => false,
        Some(b'-') => true,
        Some(_) => return None,
    };
    if !(200..600).contains(&code) {
        return None;
    }
    let text = String::from_utf8_lossy(rest.get(1..).unwrap_or_default());
    let text = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    Some(Line { code, goes_on, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_rfc_says() {
        for (bytes, expected) in [
            (&b"250 ok\r\n"[..], Some((250, false, "ok"))),
            (b"250", Some((250, false, ""))),
            (b"250-SIZE 1000\r\n", Some((250, true, "SIZE 1000"))),
            (b"554 5.7.1 \x1b[31mno", Some((554, false, "5.7.1  [31mno"))),
            (b"25 ok", None),
            (b"+50 ok", None),
            (b"250ok", None),
            (b"100 ok", None),
            (b"600 ok", None),
            (b"", None),
        ] {
            let read = line(bytes);
            let read = read.as_ref().map(|line| (line.code, line.goes_on, line.text.as_str()));
            assert_eq!(read, expected, "{bytes:?}");
        }
    }
}
