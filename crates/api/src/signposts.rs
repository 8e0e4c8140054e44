//! Where a request goes, by its path and its method.
//!
//! Axum's own router copies a route with everything that belongs to it for each request, and boxes
//! what it finds several times over. Here the routes stay where they are.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::{HeaderValue, Method};

/// Ways by path and method.
pub(crate) struct Signposts<W> {
    paths: matchit::Router<usize>,
    places: Vec<Place<W>>,
}

/// What is at one path.
struct Place<W> {
    ways: Vec<(Methods, W)>,
    /// Its methods, as an answer to another one lists them.
    allowed: HeaderValue,
}

/// With which methods a way is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Methods {
    Any,
    /// This one; a HEAD goes where a GET does.
    One(Method),
}

impl Methods {
    fn include(&self, method: &Method) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => one == method || (one == Method::GET && method == Method::HEAD),
        }
    }

    fn names(&self) -> &str {
        match self {
            Self::Any => "",
            Self::One(one) if one == Method::GET => "GET,HEAD",
            Self::One(one) => one.as_str(),
        }
    }
}

/// What is at a path for a method.
pub(crate) enum Found<'a, W> {
    Way(&'a W),
    /// The path has these methods alone.
    OtherMethod(&'a HeaderValue),
    Nothing,
}

/// The variables of a request's path, in order; in its extensions. One that is no text is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variables(pub(crate) Vec<Option<String>>);

impl<W> Signposts<W> {
    /// Puts them up. Each path is there with and without a slash at its end: the only documented
    /// Create is a POST on `/me/interactions/` (docs/compat/operations.md#creating).
    ///
    /// # Panics
    ///
    /// When two paths are the same but for the names of variables.
    pub(crate) fn new(ways: impl IntoIterator<Item = (String, Methods, W)>) -> Self {
        let mut by_path: BTreeMap<String, Vec<(Methods, W)>> = BTreeMap::new();
        for (path, methods, way) in ways {
            by_path.entry(path).or_default().push((methods, way));
        }
        let (mut paths, mut places) = (matchit::Router::new(), Vec::new());
        for (path, ways) in by_path {
            let names: Vec<&str> = ways.iter().map(|(methods, _)| methods.names()).collect();
            let allowed = HeaderValue::try_from(names.join(",")).expect("methods are ASCII");
            for path in [format!("{path}/"), path] {
                paths.insert(path, places.len()).expect("every path is one");
            }
            places.push(Place { ways, allowed });
        }
        Self { paths, places }
    }

    /// Finds the way of a request, and notes the variables of its path with it.
    pub(crate) fn find(&self, request: &mut Request) -> Found<'_, W> {
        let Ok(at) = self.paths.at(request.uri().path()) else { return Found::Nothing };
        let place = &self.places[*at.value];
        let way = place.ways.iter().find(|(methods, _)| methods.include(request.method()));
        let Some((_, way)) = way else { return Found::OtherMethod(&place.allowed) };
        if !at.params.is_empty() {
            let variables = at.params.iter().map(|(_, value)| decoded(value)).collect();
            request.extensions_mut().insert(Variables(variables));
        }
        Found::Way(way)
    }
}

/// Reads what is written with percent signs; `None` when it is no text.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, others @ ..] = rest {
        let coded = (*first == b'%').then(|| others.first_chunk()).flatten().and_then(byte_of);
        bytes.push(coded.unwrap_or(*first));
        // What is no code stands for itself.
        rest = if coded.is_some() { &others[2..] } else { others };
    }
    String::from_utf8(bytes).ok()
}

fn byte_of(digits: &[u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn found(method: Method, path: &str) -> (String, Option<Variables>) {
        let one = |path: &str, method, way| (path.to_owned(), Methods::One(method), way);
        let signposts = Signposts::new([
            one("/things", Method::GET, "list"),
            one("/things", Method::POST, "create"),
            one("/things/{id}", Method::POST, "do"),
            one("/things/{id}/parts/{part}", Method::DELETE, "remove"),
            ("/talk".to_owned(), Methods::Any, "talk"),
        ]);
        let mut request =
            Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let found = match signposts.find(&mut request) {
            Found::Way(way) => (*way).to_owned(),
            Found::OtherMethod(allowed) => allowed.to_str().expect("ASCII").to_owned(),
            Found::Nothing => "nothing".to_owned(),
        };
        (found, request.extensions_mut().remove())
    }

    #[test]
    fn a_way_is_found_by_path_and_method() {
        let table = [
            (Method::GET, "/things", "list"),
            (Method::HEAD, "/things/", "list"),
            (Method::POST, "/things?id=1", "create"),
            (Method::PUT, "/things", "GET,HEAD,POST"),
            (Method::GET, "/things/1/", "POST"),
            (Method::OPTIONS, "/talk", "talk"),
            (Method::GET, "/Things", "nothing"),
            (Method::GET, "/things/1/parts", "nothing"),
            (Method::GET, "/", "nothing"),
        ];
        for (method, path, wanted) in table {
            let (way, variables) = found(method.clone(), path);
            assert_eq!((way.as_str(), variables), (wanted, None), "{method} {path}");
        }
    }

    #[test]
    fn variables_are_read_as_they_are_written() {
        let table: [(&str, &[Option<&str>]); 6] = [
            ("/things/1", &[Some("1")]),
            ("/things/a%20b%2Fc%c3%BC/", &[Some("a b/cü")]),
            ("/things/100%25%", &[Some("100%%")]),
            ("/things/%4", &[Some("%4")]),
            ("/things/%zz+", &[Some("%zz+")]),
            ("/things/%ff", &[None]),
        ];
        for (path, wanted) in table {
            let wanted = wanted.iter().map(|text| text.map(str::to_owned)).collect();
            assert_eq!(found(Method::POST, path), ("do".to_owned(), Some(Variables(wanted))));
        }
        let both = Variables(vec![Some("1".to_owned()), Some("2".to_owned())]);
        assert_eq!(found(Method::DELETE, "/things/1/parts/2"), ("remove".to_owned(), Some(both)));
    }
}
