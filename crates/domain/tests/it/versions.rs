//! Versions of a draft: which texts are kept when it is saved again and again, and of whom.

use handoff_domain::command::{Action, Named, Patch, Target};
use handoff_domain::id::{InteractionId, UserId};
use handoff_domain::{DraftVersion, Email, Writing};

use crate::floor::{Floor, SUPERVISOR};
use crate::support::{ANN, BOB, written};

fn text(body: &str) -> Email {
    Email { body: body.to_string(), ..written() }
}

/// Does something to the draft; returns the version that is to be kept.
fn after(
    floor: &mut Floor,
    by: UserId,
    draft: InteractionId,
    action: Action,
) -> Option<DraftVersion> {
    let before = floor.interactions[&draft].clone();
    let decision = floor.does(by, draft, action);
    before.version_before(&decision.after)
}

fn saves(
    floor: &mut Floor,
    by: UserId,
    draft: InteractionId,
    body: &str,
) -> Option<(UserId, String)> {
    let save = Action::SaveDraft { email: text(body), subject: None };
    after(floor, by, draft, save).map(|version| (version.by, version.email.body))
}

#[test]
fn what_one_person_saves_within_a_while_is_one_version() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    floor.now = floor.now.plus_ms(Writing::VERSION_MS);
    assert_eq!(saves(&mut floor, ANN, draft, "a").map(|it| it.0), Some(ANN), "what it began with");
    for body in ["ab", "abc", "abcd"] {
        floor.now = floor.now.plus_ms(2_000);
        assert_eq!(saves(&mut floor, ANN, draft, body), None);
    }
    floor.now = floor.now.plus_ms(Writing::VERSION_MS);
    assert_eq!(saves(&mut floor, ANN, draft, "abcd"), None, "nothing was written");
    let kept = Some((ANN, "abcd".to_string()));
    assert_eq!(saves(&mut floor, ANN, draft, "other words"), kept);
}

#[test]
fn what_somebody_else_goes_on_with_is_kept_at_once() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    saves(&mut floor, ANN, draft, "of Ann");
    let senior = Patch { email: Some(text("of a supervisor")), ..Patch::default() };
    let kept = after(&mut floor, SUPERVISOR, draft, Action::Change(senior)).expect("it is kept");
    assert_eq!((kept.by, kept.email.body.as_str()), (ANN, "of Ann"));
    floor.does(ANN, draft, Action::Transfer(Target::Agent(Named::Known(BOB))));
    floor.does(BOB, draft, Action::Accept { nickname: None });
    let kept = saves(&mut floor, BOB, draft, "of Bob");
    assert_eq!(kept, Some((SUPERVISOR, "of a supervisor".to_string())));
}
