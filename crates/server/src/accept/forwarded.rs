//! Whom a request is by that a proxy passed on.
//!
//! What stands in the headers was written by everybody on the way, the client first. What the last
//! proxy wrote stands last and is true, and so is what stands before it as long as it was written
//! by a proxy that is trusted: the client is the last one that is not.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{FORWARDED, HeaderMap, HeaderName};

use super::proxies::Proxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Client(IpAddr),
    /// Something that is no address stands where the client's would.
    Unreadable,
}

/// Returns the address of the client that a proxy speaks for: the proxy's own where it names none,
/// or none that can be read. Where both headers are there they have to name the same: a proxy
/// writes one of them, and passes on what its client made up of the other.
pub(super) fn client(headers: &HeaderMap, proxy: IpAddr, proxies: &Proxies) -> IpAddr {
    let mut plain = Last { proxies, said: Said::Nothing };
    for value in headers.get_all(X_FORWARDED_FOR) {
        value.as_bytes().split(|byte| *byte == b',').for_each(|one| plain.add(node(one)));
    }
    let mut standard = Last { proxies, said: Said::Nothing };
    for value in headers.get_all(FORWARDED) {
        standard.add_elements(value.as_bytes());
    }
    match (plain.said, standard.said) {
        (Said::Client(one), Said::Nothing) | (Said::Nothing, Said::Client(one)) => one,
        (Said::Client(one), Said::Client(other)) if one == other => one,
        _ => proxy,
    }
}

/// Finds the last one who is no trusted proxy, or the first of all when everybody is.
struct Last<'a> {
    proxies: &'a Proxies,
    said: Said,
}

impl Last<'_> {
    fn add(&mut self, node: Option<IpAddr>) {
        match node {
            None => self.said = Said::Unreadable,
            Some(address) if self.said == Said::Nothing || !self.proxies.have(address) => {
                self.said = Said::Client(address);
            }
            Some(_) => {}
        }
    }

    /// Adds the elements of a `Forwarded` header (RFC 7239, section 4).
    fn add_elements(&mut self, mut text: &[u8]) {
        loop {
            match element(text) {
                Some((node, rest)) => {
                    self.add(node);
                    let Some(rest) = rest else { return };
                    text = rest;
                }
                None => return self.add(None),
            }
        }
    }
}

/// Reads an element, `for=192.0.2.60;proto=http`: whom it is for, and what comes after its comma.
/// `None` when it is none.
fn element(mut text: &[u8]) -> Option<(Option<IpAddr>, Option<&[u8]>)> {
    let mut found = None;
    loop {
        let equals = text.iter().position(|byte| b"=,;".contains(byte))?;
        let name = text[..equals].trim_ascii();
        let value = text[equals..].strip_prefix(b"=")?;
        let (value, rest) = match value.strip_prefix(b"\"") {
            Some(quoted) => {
                let end = quoted.iter().position(|byte| *byte == b'"')?;
                (&quoted[..end], quoted[end + 1..].trim_ascii_start())
            }
            None => value.split_at(
                value.iter().position(|byte| b",;".contains(byte)).unwrap_or(value.len()),
            ),
        };
        if name.eq_ignore_ascii_case(b"for") {
            found = Some(node(value));
        }
        match rest.split_first() {
            None => return Some((found.flatten(), None)),
            Some((b',', rest)) => return Some((found.flatten(), Some(rest))),
            Some((b';', rest)) => text = rest,
            Some(_) => return None,
        }
    }
}

/// Reads an address, which may have a port.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|both| both.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn named(lines: &[(&'static str, &str)]) -> String {
        let networks = ["10.0.0.0/8", "2001:db8:1::/48"];
        let proxies = Proxies::of(networks.map(|network| network.to_owned().try_into().unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        client(&headers, PROXY.parse().unwrap(), &proxies).to_string()
    }

    #[test]
    fn the_last_one_who_is_not_trusted_is_the_client() {
        let table = [
            ("192.0.2.7", "192.0.2.7"),
            ("198.51.100.1, 192.0.2.7", "192.0.2.7"),
            ("198.51.100.1, 192.0.2.7, 10.0.0.2,10.0.0.3", "192.0.2.7"),
            ("made up, 192.0.2.7", "192.0.2.7"),
            ("10.9.9.9, 10.0.0.2", "10.9.9.9"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711, 2001:db8:1::1", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            // What is no address is the proxy's affair.
            ("192.0.2.7, unknown", PROXY),
            ("192.0.2.7, unknown, 10.0.0.2", PROXY),
            ("192.0.2.7,", PROXY),
            ("", PROXY),
            ("192.0.2.7.8", PROXY),
        ];
        for (value, client) in table {
            assert_eq!(named(&[("x-forwarded-for", value)]), client, "{value}");
        }
        assert_eq!(named(&[]), PROXY);
        let lines = [("x-forwarded-for", "192.0.2.7"), ("x-forwarded-for", "192.0.2.8, 10.0.0.2")];
        assert_eq!(named(&lines), "192.0.2.8", "lines are one list");
    }

    #[test]
    fn the_standard_header_says_the_same_with_more_words() {
        let table = [
            ("for=192.0.2.7", "192.0.2.7"),
            ("For=\"192.0.2.7:4711\";proto=https;by=10.0.0.1", "192.0.2.7"),
            ("proto=https ; for=192.0.2.7, for=10.0.0.2", "192.0.2.7"),
            ("for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=198.51.100.1, for=192.0.2.7;host=\"a, for=10.0.0.9\"", "192.0.2.7"),
            ("for=_hidden", PROXY),
            ("for=unknown, for=10.0.0.2", PROXY),
            ("proto=https", PROXY),
            ("for", PROXY),
            ("for=192.0.2.7;x=\"", PROXY),
            // Whoever opens a quotation does not swallow what the proxy adds.
            ("for=198.51.100.1;x=\", for=\"[2001:db8::7]\"", PROXY),
        ];
        for (value, client) in table {
            assert_eq!(named(&[("forwarded", value)]), client, "{value}");
        }
        let lines = [("forwarded", "for=198.51.100.1;x=\""), ("forwarded", "for=192.0.2.7")];
        assert_eq!(named(&lines), "192.0.2.7", "a line is read for itself");
    }

    /// What a client may make up: anything of what such a header is made of, or what comes close.
    const MADE_UP: &str = "[a-z0-9=\";,.:\\[\\]\\\\ ]{0,40}|for=198\\.51\\.100\\.1(;x=\"|,x|\"|, )";

    proptest! {
        /// What it makes up stands before what its proxy adds.
        #[test]
        fn nobody_makes_a_client_up(made_up in MADE_UP) {
            let added = format!("{made_up}, 192.0.2.7");
            prop_assert_eq!(named(&[("x-forwarded-for", &added)]), "192.0.2.7");
            for added in ["192.0.2.7", "\"[2001:db8::7]\""] {
                let client = added.trim_matches(['"', '[', ']']);
                let said = named(&[("forwarded", &format!("{made_up}, for={added}"))]);
                prop_assert!(said == client || said == PROXY, "{said}");
            }
        }
    }

    #[test]
    fn a_header_that_the_proxy_does_not_write_names_nobody_else() {
        let both = |plain, standard| named(&[("x-forwarded-for", plain), ("forwarded", standard)]);
        assert_eq!(both("192.0.2.7", "for=192.0.2.7"), "192.0.2.7");
        assert_eq!(both("192.0.2.7", "for=198.51.100.1"), PROXY);
        assert_eq!(both("198.51.100.1", "for=192.0.2.7"), PROXY);
        assert_eq!(both("192.0.2.7", "for=unknown"), PROXY);
    }
}
