//! What an IMAP server says (RFC 3501, section 7), as far as fetching needs it; everything else is
//! read and passed over.
//!
//! A function of bytes: whatever they are, it ends, and takes no more memory than they do.

use handoff_domain::Time;

use super::date;

/// How deep lists may lie in lists. What is asked for has depth 2; envelopes of other clients'
/// making never come.
const DEPTH_MAX: usize = 20;

/// A response as it came: text, with literals where they stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A line, or the part of one before or after a literal, without CRLF and the literal's length.
    Text(Vec<u8>),
    Literal(Vec<u8>),
}

/// How a command, or the server itself, is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It went well.
    Ok,
    /// It was refused.
    No,
    /// It was not understood.
    Bad,
    /// The server closes the connection.
    Bye,
    /// The server knows us already.
    Preauth,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// The server waits for more of a command.
    Continue,
    /// A command has ended.
    Done {
        tag: String,
        status: Status,
        /// What stood in brackets, in upper case, such as `TRYCREATE`.
        code: Option<String>,
    },
    /// The server tells of itself.
    Status {
        status: Status,
        /// What stood in brackets, in upper case, such as `UIDVALIDITY 7`.
        code: Option<String>,
    },
    /// What the server can, in upper case.
    Capability(Vec<String>),
    /// UIDs that were searched for.
    Search(Vec<u32>),
    /// How many messages the folder has.
    Exists,
    /// Something of a message.
    Fetch(Fetched),
    /// Something else.
    Other,
}

/// What was told of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    pub uid: Option<u32>,
    /// Its size, in bytes.
    pub size: Option<u64>,
    /// When it came into its folder.
    pub arrived: Option<Time>,
    /// Its content, or its headers.
    pub content: Option<Vec<u8>>,
}

/// Returns the length of the literal that follows a line, if one does. Status texts are free, so
/// that a number in braces is none there.
pub fn literal_follows(first: &[u8], line: &[u8]) -> Option<usize> {
    let mut words = first.split(|&byte| byte == b' ');
    let is_untagged = words.next() == Some(b"*");
    if !is_untagged || words.next().and_then(status).is_some() {
        return None;
    }
    let open = line.strip_suffix(b"}")?.iter().rposition(|&byte| byte == b'{')?;
    number(&line[open + 1..line.len() - 1])
}

/// Reads a response; `None` when it is none.
pub fn parse(pieces: Vec<Piece>) -> Option<Response> {
    let Some(Piece::Text(first)) = pieces.first() else { return None };
    if first == b"+" || first.starts_with(b"+ ") {
        return Some(Response::Continue);
    }
    let (tag, rest) = word(first)?;
    let (head, after) = word(rest).unwrap_or((rest, b""));
    if tag != b"*" {
        let tag = String::from_utf8(tag.to_vec()).ok()?;
        return Some(Response::Done { tag, status: status(head)?, code: code(after) });
    }
    if let Some(status) = status(head) {
        return Some(Response::Status { status, code: code(after) });
    }
    if head.eq_ignore_ascii_case(b"CAPABILITY") {
        return Some(Response::Capability(words(after)));
    }
    if head.eq_ignore_ascii_case(b"SEARCH") {
        let numbers = after.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        // Servers with CONDSTORE may put `(MODSEQ n)` at the end, which is where the numbers stop.
        return Some(Response::Search(numbers.map_while(number).collect()));
    }
    let (what, values) = word(after).unwrap_or((after, b""));
    if number::<u32>(head).is_none() {
        return Some(Response::Other);
    }
    if what.eq_ignore_ascii_case(b"EXISTS") {
        return Some(Response::Exists);
    }
    if !what.eq_ignore_ascii_case(b"FETCH") {
        return Some(Response::Other);
    }
    let skip = first.len() - values.len();
    fetched(pieces, skip).map(Response::Fetch)
}

/// Splits the first word off.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&byte| byte == b' ')?;
    Some((&text[..at], &text[at + 1..]))
}

/// Returns the words of a text, in upper case.
fn words(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text)
        .to_ascii_uppercase()
        .split_ascii_whitespace()
        .map(str::to_owned)
        .collect()
}

fn number<N: std::str::FromStr>(word: &[u8]) -> Option<N> {
    // `parse` takes a sign, which IMAP has not.
    if !word.first()?.is_ascii_digit() {
        return None;
    }
    std::str::from_utf8(word).ok()?.parse().ok()
}

fn status(word: &[u8]) -> Option<Status> {
    match word.to_ascii_uppercase().as_slice() {
        b"OK" => Some(Status::Ok),
        b"NO" => Some(Status::No),
        b"BAD" => Some(Status::Bad),
        b"BYE" => Some(Status::Bye),
        b"PREAUTH" => Some(Status::Preauth),
        _ => None,
    }
}

fn code(text: &[u8]) -> Option<String> {
    let inner = text.strip_prefix(b"[")?;
    let end = inner.iter().position(|&byte| byte == b']')?;
    Some(String::from_utf8_lossy(&inner[..end]).to_ascii_uppercase())
}

/// Returns the number after a word of a code, as in `UIDVALIDITY 7`.
pub fn code_number(code: &str, name: &str) -> Option<u32> {
    number(code.strip_prefix(name)?.strip_prefix(' ')?.as_bytes())
}

/// A value of a `FETCH`.
enum Value {
    /// An atom, such as a name or a number.
    Atom(Vec<u8>),
    /// A quoted string or a literal.
    Text(Vec<u8>),
    /// A list; what is in it was read and dropped.
    List,
}

/// Reads `(name value name value …)`.
fn fetched(pieces: Vec<Piece>, skip: usize) -> Option<Fetched> {
    let mut reader = Reader { pieces, piece: 0, at: skip };
    reader.expect(b'(')?;
    let mut found = Fetched::default();
    loop {
        reader.skip_spaces();
        if reader.next_is(b')') {
            return Some(found);
        }
        let Value::Atom(name) = reader.value()? else { return None };
        reader.skip_spaces();
        let value = reader.value()?;
        let name = name.to_ascii_uppercase();
        match (name.as_slice(), value) {
            (b"UID", Value::Atom(value)) => found.uid = Some(number(&value)?),
            (b"RFC822.SIZE", Value::Atom(value)) => found.size = Some(number(&value)?),
            (b"INTERNALDATE", Value::Text(value)) => found.arrived = date::arrived(&value),
            // The server repeats the section, and for a part of it the offset: `BODY[]`,
            // `BODY[HEADER]<0>`.
            (name, Value::Text(content)) if name.starts_with(b"BODY[") => {
                found.content = Some(content)
            }
            _ => {}
        }
    }
}

/// Reads values out of pieces.
struct Reader {
    pieces: Vec<Piece>,
    piece: usize,
    at: usize,
}

impl Reader {
    /// Returns the next byte of text; `None` before a literal and at the end.
    fn peek(&self) -> Option<u8> {
        match self.pieces.get(self.piece)? {
            Piece::Text(text) => text.get(self.at).copied(),
            Piece::Literal(_) => None,
        }
    }

    fn next_is(&self, byte: u8) -> bool {
        self.peek() == Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.next_is(byte).then(|| self.at += 1)
    }

    fn skip_spaces(&mut self) {
        while self.next_is(b' ') {
            self.at += 1;
        }
        let Some(Piece::Text(text)) = self.pieces.get(self.piece) else { return };
        if self.at == text.len() && self.piece + 1 < self.pieces.len() {
            self.piece += 1;
            self.at = 0;
        }
    }

    fn value(&mut self) -> Option<Value> {
        if let Some(Piece::Literal(content)) = self.pieces.get_mut(self.piece) {
            let content = std::mem::take(content);
            self.piece += 1;
            return Some(Value::Text(content));
        }
        match self.peek()? {
            b'"' => self.quoted().map(Value::Text),
            b'(' => self.list().map(|()| Value::List),
            _ => self.atom().map(Value::Atom),
        }
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        self.expect(b'"')?;
        let mut content = Vec::new();
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Some(content),
                b'\\' => {
                    content.push(self.peek()?);
                    self.at += 1;
                }
                _ => content.push(byte),
            }
        }
    }

    /// Reads a list and everything in it, without calling itself: its depth is the server's.
    fn list(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.skip_spaces();
            match self.peek() {
                Some(b'(') => {
                    self.at += 1;
                    depth += 1;
                    if depth > DEPTH_MAX {
                        return None;
                    }
                }
                Some(b')') => {
                    self.at += 1;
                    depth -= 1;
                    if depth == 0 {
                        return Some(());
                    }
                }
                _ => drop(self.value()?),
            }
        }
    }

    /// Reads an atom; what stands in its brackets belongs to it, spaces too.
    fn atom(&mut self) -> Option<Vec<u8>> {
        let mut atom = Vec::new();
        let mut in_brackets = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'[' => in_brackets = true,
                b']' => in_brackets = false,
                b' ' | b'(' | b')' | b'"' if !in_brackets => break,
                _ => {}
            }
            atom.push(byte);
            self.at += 1;
        }
        (!atom.is_empty()).then_some(atom)
    }
}

#[cfg(test)]
mod tests;
