//! Names of charsets, as programs write them.

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1252,
};
use mail_parser::decoders::charsets::map::charset_decoder;

use super::detect::Order;
use super::iso2022::Set;

/// The longest name that is looked for, in bytes: the longest registered one has 45.
const LABEL_LEN_MAX: usize = 64;

/// How bytes become text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Charset {
    /// The label is none, names ASCII, or nobody knows it.
    Vague,
    /// One of the web's.
    Encoding(&'static Encoding),
    /// Seven bits with escape sequences, and what is there before the first.
    Iso2022(Set),
    /// Seven bits with braces (RFC 1843).
    Hz,
    /// Two bytes a letter.
    Wide(Order),
    /// Seven bits with runs of base 64 (RFC 2152).
    Utf7,
    /// One that only the library knows, such as pages of DOS.
    Library(fn(&[u8]) -> String),
}

impl PartialEq for Charset {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Vague, Self::Vague) | (Self::Hz, Self::Hz) | (Self::Utf7, Self::Utf7) => true,
            (Self::Encoding(one), Self::Encoding(other)) => one == other,
            (Self::Iso2022(one), Self::Iso2022(other)) => one == other,
            (Self::Wide(one), Self::Wide(other)) => one == other,
            // Two functions cannot be compared, and nobody has to.
            _ => false,
        }
    }
}

/// Finds what a label names.
pub(super) fn find(label: &str) -> Charset {
    // RFC 2231, section 5, lets a language follow.
    let label = label.split('*').next().unwrap_or_default();
    let label = label.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | ';' | ',' | '<' | '>')
    });
    if label.is_empty() || label.len() > LABEL_LEN_MAX {
        return Charset::Vague;
    }
    let name: String =
        label.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let name = name.strip_prefix("charset").unwrap_or(&name);
    if let Some(charset) = named(name).or_else(|| name.strip_prefix(['x']).and_then(named)) {
        return charset;
    }
    if let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) {
        return Charset::Encoding(encoding);
    }
    if let Some(decode) = charset_decoder(label.as_bytes()) {
        return Charset::Library(decode);
    }
    windows(name).map_or(Charset::Vague, Charset::Encoding)
}

/// Finds names that the web's list lacks or understands in another way than mail does, by their
/// letters and digits.
fn named(name: &str) -> Option<Charset> {
    Some(match name {
        "ascii" | "usascii" | "ansix341968" | "iso646us" | "us" | "ansi" | "unknown"
        | "unknown8bit" | "default" | "8bit" | "7bit" | "binary" | "none" | "auto"
        | "userdefined" => Charset::Vague,
        "utf8" | "utf8mb4" | "utf8sig" | "utf8mac" | "utf" | "cp65001" | "65001"
        | "unicode11utf8" => Charset::Encoding(UTF_8),
        "iso2022jp" | "iso2022jpms" | "iso2022jp1" | "iso2022jp2" | "iso2022jp3"
        | "iso2022jp2004" | "iso2022jpext" | "csiso2022jp" | "csiso2022jp2" | "cp50220"
        | "cp50221" | "cp50222" | "50220" | "50221" | "50222" | "iso2022" | "jis" | "jis7"
        | "jis8" | "iso2022jp1978" | "junet" => Charset::Iso2022(Set::Ascii),
        "iso2022kr" | "csiso2022kr" | "cp50225" | "50225" => Charset::Iso2022(Set::Korean),
        "iso2022cn" | "iso2022cnext" | "cp50227" | "50227" => Charset::Iso2022(Set::Chinese),
        "utf7" | "unicode11utf7" | "csunicode11utf7" | "cp65000" | "65000" => Charset::Utf7,
        "hz" | "hzgb2312" | "hzgb" | "cp52936" => Charset::Hz,
        "cp932" | "ms932" | "932" | "windows932" | "sjiswin" | "shiftjisms" | "cp943"
        | "windows31j" | "sjis" | "shiftjis" | "mskanji" => Charset::Encoding(SHIFT_JIS),
        "eucjpms" | "eucjpwin" | "cp51932" | "51932" | "eucjp" | "ujis" => {
            Charset::Encoding(EUC_JP)
        }
        "cp936" | "ms936" | "936" | "windows936" | "euccn" | "cp51936" | "gb" | "cngb"
        | "eucgb2312cn" | "gbk" | "gb2312" | "gb18030" | "cp54936" => Charset::Encoding(GB18030),
        "cp949" | "ms949" | "949" | "uhc" | "windows949" | "cp51949" | "euckr" | "ksc5601"
        | "ksc56011987" | "ks" => Charset::Encoding(EUC_KR),
        "cp950" | "ms950" | "950" | "windows950" | "big5eten" | "big5" | "big5hkscs" => {
            Charset::Encoding(BIG5)
        }
        "cp874" | "ms874" | "tis620" | "iso885911" => Charset::Encoding(WINDOWS_874),
        "latin1" | "isolatin1" | "iso88591" | "88591" | "cp28591" | "iso885911987" | "cp819"
        | "iso1" => Charset::Encoding(WINDOWS_1252),
        "utf16" | "ucs2" | "unicode" | "iso10646ucs2" | "csunicode" | "csutf16" => {
            Charset::Wide(Order::Unknown)
        }
        "utf16le" | "csutf16le" | "ucs2le" => Charset::Wide(Order::Little),
        "utf16be" | "csutf16be" | "ucs2be" => Charset::Wide(Order::Big),
        // Their letters stand where those of the page that the library knows do.
        "cp437" | "ibm437" | "437" | "cp858" => {
            charset_decoder(b"ibm850").map_or(Charset::Vague, Charset::Library)
        }
        _ => return None,
    })
}

/// Finds a code page of Windows, or a part of ISO 8859, by its number.
fn windows(name: &str) -> Option<&'static Encoding> {
    let digits = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let label = match (digits.len(), &name[..name.len() - digits.len()]) {
        (4, "cp" | "win" | "windows" | "ms" | "ansi" | "xcp" | "") if digits.starts_with("125") => {
            format!("windows-{digits}")
        }
        (5 | 6, "iso" | "xiso" | "") if digits.starts_with("8859") => {
            format!("iso-8859-{}", &digits[4..])
        }
        (5 | 6, "cp") if digits.starts_with("2859") => format!("iso-8859-{}", &digits[4..]),
        _ => return None,
    };
    Encoding::for_label_no_replacement(label.as_bytes())
}
