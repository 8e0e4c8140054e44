//! What agents leave in a chat for themselves: who may, and when.

use handoff_domain::chat::{Chat, Visibility};
use handoff_domain::id::UserId;
use handoff_domain::interaction::talk::{may_draft, may_mark_read};
use handoff_domain::rejection::Rejection;

use crate::support::{ANN, BOB, CID, STATES, state};

fn drafts(name: &str, user: UserId, text: &str, visibility: Visibility) -> Result<(), Rejection> {
    let (floor, id) = state(name);
    may_draft(&floor.interactions[&id], user, text, visibility)
}

#[test]
fn the_owner_leaves_a_draft_while_something_can_be_said() {
    for (name, words) in STATES {
        let may = drafts(name, ANN, "x", Visibility::All).is_ok();
        assert_eq!(may, words.contains("talk") && words.contains("owned"), "{name}: {words}");
        assert!(drafts(name, BOB, "x", Visibility::All).is_err(), "{name}");
        assert!(drafts(name, CID, "x", Visibility::All).is_err(), "{name}");
    }
}

#[test]
fn a_draft_is_bounded_and_for_readers_whom_its_owner_sees() {
    let longest = "x".repeat(Chat::DRAFT_CHARS_MAX);
    let of = |text: &str, visibility| drafts("talking", ANN, text, visibility);
    assert_eq!(of(&longest, Visibility::Agents), Ok(()));
    assert_eq!(of("", Visibility::All), Ok(()), "nothing is a draft that is none");
    let too_long = of(&format!("{longest}x"), Visibility::All);
    assert!(matches!(too_long, Err(Rejection::TextBounds { part: "text", .. })), "{too_long:?}");
    let hidden = of("x", Visibility::Supervisors);
    assert!(matches!(hidden, Err(Rejection::NotForCaller { .. })), "{hidden:?}");
}

#[test]
fn whoever_takes_part_says_how_far_they_have_read() {
    let read = |name: &str, user| {
        let (floor, id) = state(name);
        may_mark_read(&floor.interactions[&id], user).map(|party| party.kind.user())
    };
    assert_eq!(read("talking", ANN), Ok(Some(ANN)));
    assert_eq!(read("talking", BOB), Err(Rejection::NotInConversation));
    assert!(matches!(read("processing", ANN), Err(Rejection::WrongState { .. })));
}
