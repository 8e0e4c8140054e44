//! Who is owed what.

use super::*;

/// A subject whose message is its number.
#[derive(Clone)]
struct Number(u64, &'static str);

impl Subject for Number {
    type Key = u64;
    const TOPIC: CenterTopic = CenterTopic::Agents;
    const FIRST: u64 = 0;

    fn key(&self) -> u64 {
        self.0
    }

    fn is_as(&self, _before: &Self) -> bool {
        false
    }

    fn render(&self, _publisher: &dyn Publisher) -> Bytes {
        self.1.into()
    }

    fn render_gone(_key: u64, _publisher: &dyn Publisher) -> Bytes {
        "gone".into()
    }
}

fn nobody() -> std::sync::Arc<dyn Publisher> {
    crate::outward::Outward::default().publisher
}

fn seen(from: u64, to: u64, states: &[(u64, &'static str)]) -> Seen<Number> {
    let states = states.iter().map(|(key, text)| Number(*key, text)).collect();
    Seen { states, from, to }
}

fn begun() -> Picture<Number> {
    Picture::begin(seen(10, 11, &[(1, "a"), (2, "b"), (3, "c")]), &*nobody())
}

/// Returns all that is owed, each with its position.
fn all_owed(picture: &Picture<Number>, mut place: Place<Number>) -> Vec<(String, Option<u64>)> {
    let mut all = Vec::new();
    while let Some(owed) = picture.owed(&place) {
        all.push((String::from_utf8(owed.message.to_vec()).unwrap(), owed.position));
        place.pass(owed.after);
    }
    all
}

fn texts(owed: &[(String, Option<u64>)]) -> Vec<&str> {
    owed.iter().map(|(text, _)| text.as_str()).collect()
}

#[test]
fn only_what_is_new_is_told() {
    let mut picture = begun();
    let live = picture.live();
    picture.take_in(seen(20, 20, &[(1, "a"), (2, "B"), (4, "d")]), &*nobody());
    assert_eq!(texts(&all_owed(&picture, live)), ["B", "gone", "d"]);
    assert_eq!(texts(&all_owed(&picture, Picture::<Number>::all())), ["a", "B", "gone", "d"]);
}

#[test]
fn the_last_message_of_a_look_alone_says_that_all_of_it_is_told() {
    let mut picture = begun();
    picture.take_in(seen(20, 22, &[(1, "A"), (2, "B"), (3, "c")]), &*nobody());
    let owed = all_owed(&picture, picture.since(12).unwrap());
    assert_eq!(
        owed,
        [("A".to_owned(), Some(12)), ("B".to_owned(), Some(20))],
        "a number never goes back"
    );
}

#[test]
fn who_was_told_a_part_of_the_first_look_is_no_further_than_before() {
    let quiet = Picture::begin(seen(10, 10, &[(1, "a"), (2, "b"), (3, "c")]), &*nobody());
    let owed = all_owed(&quiet, Picture::<Number>::all());
    let positions: Vec<Option<u64>> = owed.iter().map(|(_, position)| *position).collect();
    assert_eq!(positions, [None, None, Some(10)]);
    assert!(all_owed(&quiet, quiet.since(10).unwrap()).is_empty());
}

#[test]
fn who_comes_back_is_told_what_they_may_not_know() {
    let mut picture = begun();
    picture.take_in(seen(20, 22, &[(1, "A"), (2, "b"), (3, "c")]), &*nobody());
    picture.take_in(seen(30, 30, &[(1, "A"), (2, "B"), (3, "c")]), &*nobody());
    let since = |position| picture.since(position).map(|place| all_owed(&picture, place));
    assert!(since(9).is_none(), "nobody knows here what changed since");
    assert_eq!(texts(&since(10).unwrap()), ["c", "A", "B"], "the first look may have had more");
    assert_eq!(texts(&since(11).unwrap()), ["A", "B"]);
    assert_eq!(texts(&since(21).unwrap()), ["A", "B"], "that look may have had what came at 22");
    assert_eq!(texts(&since(22).unwrap()), ["B"]);
    assert_eq!(texts(&since(30).unwrap()), Vec::<&str>::new());
}

#[test]
fn who_is_slow_is_told_the_latest_alone() {
    let mut picture = begun();
    let mut slow = picture.live();
    picture.take_in(seen(20, 20, &[(1, "A"), (2, "B"), (3, "c")]), &*nobody());
    slow.pass(picture.owed(&slow).unwrap().after);
    picture.take_in(seen(30, 30, &[(1, "x"), (2, "y"), (3, "c")]), &*nobody());
    assert_eq!(texts(&all_owed(&picture, slow)), ["x", "y"]);
}

#[test]
fn what_is_no_more_is_remembered_up_to_a_bound() {
    let many: Vec<(u64, &str)> = (0..=GONE_MAX as u64).map(|key| (key, "x")).collect();
    let mut picture = Picture::begin(seen(1, 1, &many), &*nobody());
    picture.take_in(seen(2, 2, &many[..1]), &*nobody());
    assert!(!picture.is_overfull());
    picture.take_in(seen(3, 3, &[]), &*nobody());
    assert!(picture.is_overfull());
}
