//! Counting requests: by what is asked for, by method, and by how they were answered. All three are
//! closed sets, whatever clients send.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};

use handoff_api::{comet, customer, routes};
use handoff_store::{DURATIONS_US, Distributed, Distribution};
use hyper::{Method, StatusCode};
use tokio::time::Instant;

/// What a path is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteClass {
    /// What agents and programs ask for.
    Api,
    /// The agents' CometD server, whose polls are held.
    Notifications,
    /// The doors of customers, whose polls are held as well.
    Customers,
    Health,
    /// Pages, and whatever there is not.
    Other,
}

impl RouteClass {
    pub(crate) const ALL: [Self; 5] =
        [Self::Api, Self::Notifications, Self::Customers, Self::Health, Self::Other];

    fn of(path: &str) -> Self {
        let is_below = |root: &str| {
            path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match path {
            "/healthz" | "/readyz" => Self::Health,
            _ if is_below(comet::PATH) => Self::Notifications,
            _ if is_below(customer::ROOT) => Self::Customers,
            _ if is_below(routes::ROOT) => Self::Api,
            _ => Self::Other,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Notifications => "notifications",
            Self::Customers => "customers",
            Self::Health => "health",
            Self::Other => "other",
        }
    }
}

/// The methods that are told apart; all others are the last.
pub(crate) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "other"];
/// The classes of statuses.
pub(crate) const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// A request as it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) class: RouteClass,
    /// Its place in [`METHODS`].
    method: usize,
    pub(super) began: Instant,
}

impl Asked {
    /// Notes that a request came.
    pub(super) fn now(method: &Method, path: &str) -> Self {
        let known = METHODS.iter().position(|name| *name == method.as_str());
        let method = known.unwrap_or(METHODS.len() - 1);
        Self { class: RouteClass::of(path), method, began: Instant::now() }
    }

    pub(super) const fn method(&self) -> &'static str {
        METHODS[self.method]
    }
}

/// How often requests of one class, method and status came.
pub(crate) struct RequestCount {
    pub(crate) class: RouteClass,
    pub(crate) method: &'static str,
    pub(crate) status: &'static str,
    pub(crate) count: u64,
}

/// Counts since the start.
pub(crate) struct RequestCounts {
    /// By class, method and status.
    answered: [[[AtomicU64; STATUSES.len()]; METHODS.len()]; RouteClass::ALL.len()],
    /// By class: from the head's arrival to the answer's head, in µs.
    durations_us: [Distribution; RouteClass::ALL.len()],
}

impl Default for RequestCounts {
    fn default() -> Self {
        let none = |_| array::from_fn(|_| array::from_fn(|_| AtomicU64::new(0)));
        let durations_us = array::from_fn(|_| Distribution::new(DURATIONS_US));
        Self { answered: array::from_fn(none), durations_us }
    }
}

impl RequestCounts {
    /// Counts an answer.
    pub(super) fn note(&self, asked: Asked, status: StatusCode) {
        let class = asked.class as usize;
        let place = usize::from(status.as_u16() / 100).saturating_sub(1).min(STATUSES.len() - 1);
        self.answered[class][asked.method][place].fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(asked.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.durations_us[class].note(took);
    }

    /// Returns the counts of which there are any.
    pub(crate) fn counted(&self) -> impl Iterator<Item = RequestCount> {
        let classes = RouteClass::ALL.into_iter().zip(&self.answered);
        let methods = classes.flat_map(|(class, counts)| {
            METHODS.iter().zip(counts).map(move |(method, counts)| (class, method, counts))
        });
        let statuses = methods.flat_map(|(class, method, counts)| {
            STATUSES.iter().zip(counts).map(move |(status, count)| {
                let count = count.load(Ordering::Relaxed);
                RequestCount { class, method, status, count }
            })
        });
        statuses.filter(|counted| counted.count > 0)
    }

    /// Returns how long answers took, in µs.
    pub(crate) fn durations_us(&self) -> impl Iterator<Item = (RouteClass, Distributed)> {
        let of_one = |taken: &Distribution| taken.distributed();
        RouteClass::ALL.into_iter().zip(self.durations_us.iter().map(of_one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_path_is_a_part_of_is_told_by_its_beginning() {
        let table = [
            ("/api/v2/me/interactions/1", RouteClass::Api),
            ("/api/v2", RouteClass::Api),
            ("/api/v2x", RouteClass::Other),
            ("/api/v2/notifications/connect", RouteClass::Notifications),
            ("/genesys/2/chat/support", RouteClass::Customers),
            ("/readyz", RouteClass::Health),
            ("/readyz/1", RouteClass::Other),
            ("/", RouteClass::Other),
            ("*", RouteClass::Other),
        ];
        for (path, class) in table {
            assert_eq!(RouteClass::of(path), class, "{path}");
        }
    }

    #[test]
    fn made_up_requests_are_counted_in_places_that_there_are() {
        let counts = RequestCounts::default();
        for number in 0..1_000_u16 {
            let method = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
            let asked = Asked::now(&method, &format!("/made/up/{number}"));
            counts.note(asked, StatusCode::from_u16(100 + number % 900).unwrap());
        }
        let counted: Vec<RequestCount> = counts.counted().collect();
        assert!(counted.len() <= STATUSES.len());
        assert_eq!(counted.iter().map(|one| one.count).sum::<u64>(), 1_000);
        assert!(counted.iter().all(|one| (one.class.name(), one.method) == ("other", "other")));
    }
}
