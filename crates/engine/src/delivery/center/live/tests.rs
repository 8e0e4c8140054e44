//! Numbers, and whose they are.

use super::*;

#[test]
fn a_number_is_of_one_log() {
    let end = |generation, position| LogEnd { generation, position, floor: 0 };
    let mark = Mark::of(Some(17), 9_000);
    assert_eq!(mark.position(end(9_000, 17)), Some(17));
    assert_eq!(mark.position(end(9_000, 16)), None, "it was never given");
    assert_eq!(mark.position(end(9_001, 17)), None, "it is another's");
    assert!(Mark::of(Some(18), 0).0 > Mark::of(Some(17), 4_095).0);
    let empty = Mark::of(Some(0), 9_000);
    assert_eq!(empty.position(end(9_000, 0)), Some(0));
    assert_eq!(Mark::of(None, 9_000).position(end(9_000, 0)), None, "nothing is known yet");
    assert_eq!(Mark(u64::MAX).position(end(9_000, 17)), None);
}

#[test]
fn a_number_stands_before_the_rest() {
    let message = Bytes::from_static(br#"{"messageType":"x"}"#);
    assert_eq!(&numbered(&message, Mark(5))[..], br#"{"sequence":5,"messageType":"x"}"#);
}
