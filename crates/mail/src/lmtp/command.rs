//! Commands of LMTP (RFC 2033, over RFC 5321). A function of bytes.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Greets.
    Hello,
    /// Begins a message.
    Mail {
        /// The sender; `None` for the null sender.
        sender: Option<String>,
        /// How large it says the message is, in bytes.
        size_bytes: Option<u64>,
    },
    /// Names a recipient.
    Recipient(String),
    /// Announces the content.
    Data,
    /// Forgets the message begun.
    Reset,
    /// Does nothing.
    Nothing,
    /// Asks whether an address is ours, which is told to nobody.
    Verify,
    /// Ends the connection.
    Quit,
}

/// What is wrong with a command: the answer to it.
pub type Fault = &'static str;

const NOT_A_LINE: Fault = "500 5.5.2 A command ends with CR LF and holds no other";
const UNKNOWN: Fault = "500 5.5.1 There is no such command here";
const NOT_LMTP: Fault = "500 5.5.1 This is LMTP: say LHLO";
const SYNTAX: Fault = "501 5.5.4 The command's arguments are not understood";
const PARAMETER: Fault = "555 5.5.4 There is no such parameter here";

/// Reads a line with its end.
///
/// # Errors
///
/// When it is no command; returns what to answer.
pub fn parse(line: &[u8]) -> Result<Command, Fault> {
    let text = line.strip_suffix(b"\r\n").ok_or(NOT_A_LINE)?;
    if text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(NOT_A_LINE);
    }
    let text = std::str::from_utf8(text).map_err(|_| SYNTAX)?.trim_end_matches(' ');
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    match verb.to_ascii_uppercase().as_str() {
        "LHLO" if !rest.is_empty() => Ok(Command::Hello),
        "LHLO" => Err(SYNTAX),
        "HELO" | "EHLO" => Err(NOT_LMTP),
        "MAIL" => mail(rest),
        "RCPT" => recipient(rest),
        "DATA" if rest.is_empty() => Ok(Command::Data),
        "RSET" if rest.is_empty() => Ok(Command::Reset),
        "QUIT" if rest.is_empty() => Ok(Command::Quit),
        "DATA" | "RSET" | "QUIT" => Err(SYNTAX),
        "NOOP" => Ok(Command::Nothing),
        "VRFY" => Ok(Command::Verify),
        _ => Err(UNKNOWN),
    }
}

fn mail(rest: &str) -> Result<Command, Fault> {
    let (sender, parameters) = path(rest, "FROM:")?;
    let mut size_bytes = None;
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name.to_ascii_uppercase().as_str() {
            "SIZE" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                size_bytes = Some(value.parse().map_err(|_| SYNTAX)?);
            }
            "SIZE" => return Err(SYNTAX),
            "BODY" if matches!(value.to_ascii_uppercase().as_str(), "7BIT" | "8BITMIME") => {}
            "SMTPUTF8" if value.is_empty() => {}
            _ => return Err(PARAMETER),
        }
    }
    let sender = (!sender.is_empty()).then_some(sender);
    Ok(Command::Mail { sender, size_bytes })
}

fn recipient(rest: &str) -> Result<Command, Fault> {
    let (address, parameters) = path(rest, "TO:")?;
    match (address.is_empty(), parameters.is_empty()) {
        (true, _) => Err(SYNTAX),
        (false, false) => Err(PARAMETER),
        (false, true) => Ok(Command::Recipient(address)),
    }
}

/// Splits `FROM:<address> parameters`; a space after the colon is common and harmless.
fn path<'a>(rest: &'a str, keyword: &str) -> Result<(String, &'a str), Fault> {
    let (said, rest) = rest.split_at_checked(keyword.len()).ok_or(SYNTAX)?;
    if !said.eq_ignore_ascii_case(keyword) {
        return Err(SYNTAX);
    }
    let inner = rest.trim_start_matches(' ').strip_prefix('<').ok_or(SYNTAX)?;
    let (address, parameters) = inner.split_at(end(inner).ok_or(SYNTAX)?);
    let parameters = &parameters[1..];
    if !parameters.is_empty() && !parameters.starts_with(' ') {
        return Err(SYNTAX);
    }
    // A source route is to be ignored (RFC 5321, appendix C).
    let address = match address.strip_prefix('@').and_then(|route| route.split_once(':')) {
        Some((_, address)) => address,
        None => address,
    };
    if address.chars().any(char::is_control) {
        return Err(SYNTAX);
    }
    Ok((address.to_owned(), parameters.trim_start_matches(' ')))
}

/// Finds the `>` that ends a path; one in quotes does not.
fn end(path: &str) -> Option<usize> {
    let mut in_quotes = false;
    let mut is_escaped = false;
    for (at, character) in path.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if in_quotes => is_escaped = true,
            '"' => in_quotes = !in_quotes,
            '>' if !in_quotes => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(sender: Option<&str>, size_bytes: Option<u64>) -> Result<Command, Fault> {
        Ok(Command::Mail { sender: sender.map(str::to_owned), size_bytes })
    }

    fn to(address: &str) -> Result<Command, Fault> {
        Ok(Command::Recipient(address.to_owned()))
    }

    #[test]
    fn commands_are_read_as_the_rfcs_say() {
        for (line, expected) in [
            ("LHLO mx.example.net\r\n", Ok(Command::Hello)),
            ("lhlo [::1]\r\n", Ok(Command::Hello)),
            ("LHLO\r\n", Err(SYNTAX)),
            ("EHLO mx\r\n", Err(NOT_LMTP)),
            ("MAIL FROM:<a@x.example>\r\n", mail(Some("a@x.example"), None)),
            (
                "mail from: <a@x.example> size=12 body=8bitmime SMTPUTF8\r\n",
                mail(Some("a@x.example"), Some(12)),
            ),
            ("MAIL FROM:<>\r\n", mail(None, None)),
            ("MAIL FROM:<\"a > b\"@x.example>\r\n", mail(Some("\"a > b\"@x.example"), None)),
            ("MAIL FROM:<a@x.example> SIZE=-1\r\n", Err(SYNTAX)),
            ("MAIL FROM:<a@x.example> AUTH=<>\r\n", Err(PARAMETER)),
            ("MAIL FROM:<a@x.example>SIZE=1\r\n", Err(SYNTAX)),
            ("MAIL FROM:a@x.example\r\n", Err(SYNTAX)),
            ("MAIL FROM:<a@x.example\r\n", Err(SYNTAX)),
            ("MAIL TO:<a@x.example>\r\n", Err(SYNTAX)),
            ("MAIL\r\n", Err(SYNTAX)),
            ("RCPT TO:<b@y.example>\r\n", to("b@y.example")),
            ("RCPT TO:<@relay.example:b@y.example>\r\n", to("b@y.example")),
            ("RCPT TO:<b@y.example> NOTIFY=NEVER\r\n", Err(PARAMETER)),
            ("RCPT TO:<>\r\n", Err(SYNTAX)),
            ("DATA\r\n", Ok(Command::Data)),
            ("DATA now\r\n", Err(SYNTAX)),
            ("RSET\r\n", Ok(Command::Reset)),
            ("NOOP whatever\r\n", Ok(Command::Nothing)),
            ("VRFY a\r\n", Ok(Command::Verify)),
            ("QUIT\r\n", Ok(Command::Quit)),
            ("BDAT 10 LAST\r\n", Err(UNKNOWN)),
            ("\r\n", Err(UNKNOWN)),
            ("DATA\n", Err(NOT_A_LINE)),
            ("DATA\r\r\n", Err(NOT_A_LINE)),
            ("RCPT TO:<a\r@x.example>\r\n", Err(NOT_A_LINE)),
            ("RCPT TO:<a\0@x.example>\r\n", Err(NOT_A_LINE)),
            ("RCPT TO:<a\u{1b}@x.example>\r\n", Err(SYNTAX)),
        ] {
            assert_eq!(parse(line.as_bytes()), expected, "{line:?}");
        }
    }
}
