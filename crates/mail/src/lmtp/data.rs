//! Finds the end of a message's content, and undoes the doubling of dots (RFC 5321, section 4.5.2).
//!
//! A function of bytes, however they are cut. Its end is `CRLF . CRLF` and nothing like it; a CR or
//! LF that stands alone spoils the message, but never ends it.

/// What is wrong with a content that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoilt {
    /// A CR or LF stands alone in it.
    LoneLineEnd,
    /// It is larger than allowed; what was too much was dropped.
    TooLarge,
}

/// Where in a line the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Start,
    /// After a dot at the start.
    Dot,
    /// After a dot at the start and a CR.
    DotCr,
    Inside,
    /// After a CR.
    Cr,
}

/// Content that is arriving.
#[derive(Debug)]
pub struct Content {
    raw: Vec<u8>,
    bytes_max: usize,
    at: At,
    spoilt: Option<Spoilt>,
}

impl Content {
    /// Begins a content after `head`, which does not count as its size.
    pub fn after(head: Vec<u8>, bytes_max: usize) -> Self {
        let bytes_max = bytes_max.saturating_add(head.len());
        Self { raw: head, bytes_max, at: At::Start, spoilt: None }
    }

    /// Takes bytes; returns how many of them belonged to the content when it has ended with one of
    /// them.
    pub fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            // Within a line nothing matters but its end: most bytes are taken without a step each.
            let run = match self.at {
                At::Inside => rest.iter().position(is_line_end).unwrap_or(rest.len()),
                At::Start | At::Dot | At::DotCr | At::Cr => 0,
            };
            self.keep(&rest[..run]);
            let Some(byte) = rest.get(run) else { break };
            at += run + 1;
            if self.step(*byte) {
                return Some(at);
            }
        }
        None
    }

    /// Returns what has arrived.
    ///
    /// # Errors
    ///
    /// When it cannot be taken as a message.
    pub fn finish(self) -> Result<Vec<u8>, Spoilt> {
        self.spoilt.map_or(Ok(self.raw), Err)
    }

    /// Takes one byte; whether it was the last.
    fn step(&mut self, byte: u8) -> bool {
        self.at = match (self.at, byte) {
            (At::DotCr, b'\n') => return true,
            (At::Start, b'.') => At::Dot,
            (At::Dot, b'\r') => At::DotCr,
            (At::DotCr, _) => {
                // The dot was doubled for the wire or stood alone before a lone CR; either way it
                // is no end.
                self.keep(b"\r");
                self.after_cr(byte)
            }
            (At::Cr, _) => self.after_cr(byte),
            (At::Start | At::Dot | At::Inside, _) => self.within(byte),
        };
        false
    }

    fn after_cr(&mut self, byte: u8) -> At {
        if byte == b'\n' {
            self.keep(&[byte]);
            return At::Start;
        }
        self.spoil(Spoilt::LoneLineEnd);
        self.within(byte)
    }

    fn within(&mut self, byte: u8) -> At {
        self.keep(&[byte]);
        match byte {
            b'\r' => At::Cr,
            b'\n' => {
                self.spoil(Spoilt::LoneLineEnd);
                At::Inside
            }
            _ => At::Inside,
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.bytes_max - self.raw.len();
        self.raw.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            self.spoil(Spoilt::TooLarge);
        }
    }

    fn spoil(&mut self, how: Spoilt) {
        self.spoilt.get_or_insert(how);
    }
}

const fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what arrived and how much of the input it took, however the input is cut.
    fn arrives(input: &[u8]) -> (Option<usize>, Result<Vec<u8>, Spoilt>) {
        let mut whole = Content::after(Vec::new(), 1_000);
        let end = whole.take(input);
        let mut cut = Content::after(Vec::new(), 1_000);
        let cut_end = input.iter().position(|&byte| cut.take(&[byte]).is_some()).map(|at| at + 1);
        assert_eq!(end, cut_end, "cutting makes no difference");
        let content = whole.finish();
        assert_eq!(content, cut.finish());
        (end, content)
    }

    #[test]
    fn content_ends_with_a_dot_on_a_line() {
        for (input, content) in [
            (&b".\r\n"[..], &b""[..]),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"a\r\n..\r\n.\r\n", b"a\r\n.\r\n"),
            (b"..a\r\n...b\r\n.\r\n", b".a\r\n..b\r\n"),
            (b".a\r\n.\r\n", b"a\r\n"),
            (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
        ] {
            assert_eq!(arrives(input), (Some(input.len()), Ok(content.to_vec())), "{input:?}");
        }
        // What follows belongs to the next command.
        assert_eq!(arrives(b"a\r\n.\r\nQUIT\r\n").0, Some(6));
    }

    #[test]
    fn nothing_else_ends_it() {
        for end in [
            "\n.\n",
            "\r.\r",
            "\n.\r\n",
            "\r\n.\n",
            "\r.\r\n",
            "\r\n.\r",
            "\n\n.\r\n",
            "\r\r\n.\r\r\n",
            "\n.\n.\n",
            "\r\n.\r\r\n",
            "\r\n.\0\r\n",
            "\r\n. \r\n",
            "\r\n\0.\r\n",
            "\n\r.\n\r",
            "\r\n.\n\r\n",
            "\u{85}.\u{85}",
            "\u{2028}.\u{2028}",
            "\r\n..\r\n",
            "\r\n.\r.\r\n",
            "\r\n\r.\r\n",
        ] {
            let input = format!("a{end}MAIL FROM:<x>\r\n");
            assert_eq!(arrives(input.as_bytes()).0, None, "{end:?}");
        }
    }

    #[test]
    fn lone_line_ends_spoil_a_message() {
        for input in
            ["a\nb\r\n.\r\n", "a\rb\r\n.\r\n", ".\ra\r\n.\r\n", "a\r\r\n.\r\n", "\n.\r\n\r\n.\r\n"]
        {
            let (end, content) = arrives(input.as_bytes());
            assert_eq!((end, content), (Some(input.len()), Err(Spoilt::LoneLineEnd)), "{input:?}");
        }
    }

    #[test]
    fn what_is_too_large_is_dropped_but_read_to_its_end() {
        for (bytes, is_kept) in [(998, true), (999, false), (2_000, false)] {
            let input = [vec![b'a'; bytes], b"\r\n.\r\n".to_vec()].concat();
            let (end, content) = arrives(&input);
            assert_eq!((end, content.is_ok()), (Some(input.len()), is_kept), "{bytes}");
            assert!(is_kept || content == Err(Spoilt::TooLarge));
        }
    }
}
