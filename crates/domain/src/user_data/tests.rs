use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec;

use super::*;

fn map<const N: usize>(entries: [(&str, Value); N]) -> BTreeMap<String, Value> {
    entries.into_iter().map(|(key, value)| (key.to_string(), value)).collect()
}

fn data<const N: usize>(entries: [(&str, Value); N]) -> UserData {
    UserData(map(entries))
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Integer(1), |inner, _| Value::Map(map([("d", inner)])))
}

#[test]
fn update_creates_and_replaces_as_a_whole() {
    let mut it = data([("a", Value::Integer(1)), ("n", Value::Map(map([("x", Value::Null)])))]);
    it.update(&data([("b", Value::Null), ("n", Value::Map(map([("y", Value::Null)])))]));
    let expected = data([
        ("a", Value::Integer(1)),
        ("b", Value::Null),
        ("n", Value::Map(map([("y", Value::Null)]))),
    ]);
    assert_eq!(it, expected);
}

#[test]
fn delete_by_names_and_by_tree() {
    let inner = || Value::Map(map([("x", Value::Integer(1)), ("y", Value::Integer(2))]));
    let mut it = data([("a", Value::Integer(1)), ("n", inner()), ("z", Value::Null)]);
    it.delete(&Removal::Keys(vec!["a".to_string(), "missing".to_string()]));
    it.delete(&Removal::Tree(map([
        (
            "n",
            Value::Map(map([("x", Value::Text("whatever".to_string())), ("missing", Value::Null)])),
        ),
        ("z", Value::Bool(true)),
    ])));
    assert_eq!(it, data([("n", Value::Map(map([("y", Value::Integer(2))])))]));
}

#[test]
fn a_tree_that_names_keys_within_a_plain_value_removes_nothing() {
    let mut it = data([("a", Value::Integer(1))]);
    it.delete(&Removal::Tree(map([("a", Value::Map(map([("x", Value::Null)])))])));
    assert_eq!(it, data([("a", Value::Integer(1))]));
}

#[test]
fn merge_patch_as_the_rfc_has_it() {
    // The cases of RFC 7396, appendix A, that are about objects.
    let text = |text: &str| Value::Text(text.to_string());
    let object = |key: &str, value| Value::Map(map([(key, value)]));
    let list = || Value::List(vec![text("b")]);
    let cases = [
        (data([("a", text("b"))]), map([("a", text("c"))]), data([("a", text("c"))])),
        (
            data([("a", text("b"))]),
            map([("b", text("c"))]),
            data([("a", text("b")), ("b", text("c"))]),
        ),
        (data([("a", text("b"))]), map([("a", Value::Null)]), data([])),
        (data([("a", list())]), map([("a", text("c"))]), data([("a", text("c"))])),
        (data([("a", text("c"))]), map([("a", list())]), data([("a", list())])),
        (
            data([("a", object("b", text("c")))]),
            map([("a", object("b", Value::Null))]),
            data([("a", object_of([]))]),
        ),
        (
            data([]),
            map([("a", object("bb", object("ccc", Value::Null)))]),
            data([("a", object("bb", object_of([])))]),
        ),
        (
            data([("a", text("x"))]),
            map([("a", object("b", text("c")))]),
            data([("a", object("b", text("c")))]),
        ),
    ];
    for (mut before, patch, after) in cases {
        assert_eq!(before.merge_patch(&patch), Ok(()));
        assert_eq!(before, after, "{patch:?}");
    }
}

fn object_of<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(map(entries))
}

#[test]
fn depth_is_bounded_and_counted_from_the_map_itself() {
    let with = |levels| data([("k", nested(levels))]);
    assert_eq!(with(UserData::DEPTH_MAX - 1).check(), Ok(()));
    assert_eq!(with(UserData::DEPTH_MAX).check(), Err(UserDataError::TooDeep));
    let mut it = data([]);
    assert_eq!(
        it.merge_patch(&map([("k", nested(UserData::DEPTH_MAX))])),
        Err(UserDataError::TooDeep)
    );
    let list = (0..UserData::DEPTH_MAX).fold(Value::Null, |inner, _| Value::List(vec![inner]));
    assert_eq!(data([("k", list)]).check(), Err(UserDataError::TooDeep));
}

#[test]
fn keys_are_bounded_in_bytes_wherever_they_are() {
    let long = "ä".repeat(UserData::KEY_BYTES_MAX / 2);
    assert_eq!(data([(&long, Value::Null)]).check(), Ok(()));
    let longer = long.clone() + "x";
    let expected = Err(UserDataError::KeyTooLong { key: "ä".repeat(32) });
    assert_eq!(data([(&longer, Value::Null)]).check(), expected);
    assert_eq!(data([("k", object_of([(&longer, Value::Null)]))]).check(), expected);
}

#[test]
fn size_is_that_of_compact_json() {
    // {"k":"…"} with the text filling the rest.
    let with = |text: String| data([("k", Value::Text(text))]).check();
    let room = UserData::BYTES_MAX - r#"{"k":""}"#.len();
    assert_eq!(with("x".repeat(room)), Ok(()));
    assert_eq!(with("x".repeat(room + 1)), Err(UserDataError::TooLarge));
    assert_eq!(with("\n".repeat(room / 2)), Ok(()), "two bytes each");
    assert_eq!(with("\n".repeat(room / 2 + 1)), Err(UserDataError::TooLarge));
    assert_eq!(with("\u{1}".repeat(room / 6 + 1)), Err(UserDataError::TooLarge), "six bytes each");
}

#[test]
fn a_hundred_thousand_keys_are_too_large() {
    let keys = (0..100_000).map(|key| (key.to_string(), Value::Null));
    assert_eq!(UserData(keys.collect()).check(), Err(UserDataError::TooLarge));
}

#[test]
fn numbers_and_lists_are_measured() {
    let list = |value: Value, count: usize| data([("k", Value::List(vec![value; count]))]).check();
    // Each "123," is four bytes, each "1e300," six; the last has no comma.
    let room = UserData::BYTES_MAX - r#"{"k":[]}"#.len() + 1;
    assert_eq!(list(Value::Integer(123), room / 4), Ok(()));
    assert_eq!(list(Value::Integer(123), room / 4 + 1), Err(UserDataError::TooLarge));
    assert_eq!(list(Value::Float(1e300), room / 6), Ok(()));
    assert_eq!(list(Value::Float(1e300), room / 6 + 1), Err(UserDataError::TooLarge));
}
