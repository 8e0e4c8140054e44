//! What a pair may be, and what comes in its place.

use handoff_engine::SystemClock;
use handoff_testkit::tls::{Authority, Files, put};

use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn named(files: &Files) -> config::Tls {
    let (certificate, certificate_key) = (files.certificate.clone(), files.key.clone());
    config::Tls { certificate, certificate_key, ..config::Tls::default() }
}

fn serving(files: &Files) -> Tls {
    Tls::new(&named(files), &SystemClock::default()).unwrap().unwrap()
}

fn later(pair: &Pair, days: i64) -> Time {
    Time(pair.begins.0 + days * DAY_MS)
}

#[test]
fn what_is_no_pair_is_told_in_one_sentence() {
    let authority = Authority::make().unwrap();
    let (one, other) = (authority.certify("one", 30).unwrap(), authority.certify("b", 30).unwrap());
    let (certificate, key) = (one.certificate, one.key);
    let none = certificate.with_file_name("none");
    let table = [
        (&none, &key, "tls.certificate: ", "none cannot be read: No such file"),
        (&certificate, &none, "tls.certificate_key: ", "none cannot be read: No such file"),
        (&key, &key, "tls.certificate: ", "one.key has no certificate in PEM form"),
        (&certificate, &certificate, "tls.certificate_key: ", "one.pem has no key in PEM form"),
        (&certificate, &other.key, "tls.certificate_key: ", "b.key is not the key of the first"),
    ];
    for (certificate, key, option, problem) in table {
        let files = named(&Files { certificate: certificate.clone(), key: key.clone() });
        let told = format!("{:#}", Pair::read(&files).unwrap_err());
        assert!(told.starts_with(option) && told.contains(problem), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    assert!(Pair::read(&named(&Files { certificate, key })).is_ok(), "the control");
}

#[test]
fn a_certificate_that_ends_within_two_weeks_is_told() {
    let files = Authority::make().unwrap();
    let pair = Pair::read(&named(&files.certify("server", 30).unwrap())).unwrap();
    let fault = |days| pair.fault(later(&pair, days)).unwrap_or_default();
    assert!(fault(-1).starts_with("is not valid before "));
    assert_eq!(fault(0), "");
    assert_eq!(fault(16), "");
    assert!(fault(17).ends_with(", in 13 days"), "{}", fault(17));
    assert!(fault(31).starts_with("expired on "), "{}", fault(31));
}

/// The clock of the test stands still and jumps to what is waited for.
#[tokio::test(start_paused = true)]
async fn a_pair_that_is_put_in_its_place_is_found() {
    let authority = Authority::make().unwrap();
    let [first, second] = ["one", "two"].map(|name| authority.certify(name, 30).unwrap());
    let (tls, other) = (serving(&first), Pair::read(&named(&second)).unwrap());
    let serving = tls.serving();
    put(&second.certificate, &first.certificate).unwrap();
    put(&second.key, &first.key).unwrap();
    let following = tls.follow(Arc::new(SystemClock::default()));
    let found = async {
        while serving.pair().digest != other.digest {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        () = following => {}
        found = tokio::time::timeout(PERIOD * 10, found) => found.expect("it is looked for"),
    }
}

#[tokio::test]
async fn a_pair_that_cannot_be_used_leaves_the_one_of_before() {
    let authority = Authority::make().unwrap();
    let [first, second] = ["one", "two"].map(|name| authority.certify(name, 30).unwrap());
    let tls = serving(&first);
    let (used, other) = (tls.serving.pair(), Pair::read(&named(&second)).unwrap());
    let in_use = || tls.serving.pair().digest;
    for bad in [tls.usable(Err(anyhow::anyhow!("no key")), used.begins), {
        let read = Pair::read(&named(&second));
        tls.usable(read, later(&other, 40))
    }] {
        assert!(bad.is_err());
        tls.take(bad);
        assert_eq!(in_use(), used.digest);
    }
    let same = Pair::read(&named(&first));
    assert!(tls.usable(same, later(&used, 40)).is_ok(), "nothing better is there");
    tls.take(tls.usable(Pair::read(&named(&second)), other.begins));
    assert_eq!(in_use(), other.digest);
    assert!(!tls.serving.is_bad(later(&other, 1)) && tls.serving.is_bad(later(&other, 20)));
}
