//! Mails that wait before they go out, and can be taken back meanwhile.

use std::sync::Arc;

use handoff_domain::command::Dispatch;
use handoff_domain::{Action, Interaction, InteractionId, Rejection, State, Status};
use handoff_engine::{ExecuteError, Mailboxes, Worker as _};
use handoff_store::Key;
use handoff_testkit::FaultyStore;

use crate::outbox::{another, post, rig_with};
use crate::post_office::{OneMailbox, Script, letter};
use crate::rig::{KATE, Rig, noon};

fn send_later(seconds: u64) -> Action {
    Action::Send(Box::new(Dispatch { delay_ms: seconds * 1_000, ..Dispatch::default() }))
}

async fn draft(rig: &Rig) -> InteractionId {
    let first = rig.takes_in(letter("eve@customer.example", "first")).await.interaction.id;
    rig.answers(first).await
}

#[tokio::test]
async fn a_mail_that_waits_goes_out_when_its_time_comes_whoever_is_there_then() {
    let (rig, _) = rig_with([]).await;
    let mail = draft(&rig).await;
    rig.act(KATE, mail, send_later(10)).await.unwrap();
    let until = rig.engine.core().now().plus_ms(10_000);
    assert_eq!(rig.stored(mail).await.state.held_until(), Some(until));
    assert_eq!(post(&rig).await, 0);
    assert_eq!(rig.engine.workers().outbox().next_due(), Some(until), "it looks again then");
    rig.clock.advance_ms(9_999);
    let (there, script) = another(&rig).await;
    assert_eq!((post(&rig).await, post(&there).await), (0, 0));
    rig.clock.advance_ms(1);
    assert_eq!((post(&there).await, script.given().len()), (1, 1));
    assert_eq!(rig.stored(mail).await.status(), Status::Sent);
}

#[tokio::test]
async fn what_is_taken_back_is_the_draft_that_it_was_and_goes_out_when_it_is_sent_again() {
    let (rig, script) = rig_with([]).await;
    let mail = draft(&rig).await;
    let before = rig.stored(mail).await;
    rig.act(KATE, mail, send_later(10)).await.unwrap();
    rig.clock.advance_ms(9_999);
    rig.act(KATE, mail, Action::CancelSend).await.unwrap();
    let back = rig.stored(mail).await;
    assert_eq!((back.status(), back.owner()), (Status::Composing, Some(KATE)));
    let words = |it: &Interaction| {
        let email = it.email().cloned().unwrap();
        (it.subject.clone(), email.body, email.body_as_plain_text, email.to, email.attachments)
    };
    assert_eq!(words(&back), words(&before));
    let original = rig.stored(back.parent.unwrap()).await;
    assert!(original.drafts.contains(&mail), "it is open again");
    rig.clock.advance_ms(60_000);
    assert_eq!((post(&rig).await, script.given().len()), (0, 0));
    rig.act(KATE, mail, Action::Send(Box::default())).await.unwrap();
    let refused = rig.act(KATE, mail, Action::CancelSend).await;
    let Err(ExecuteError::Rejected(why)) = refused else { panic!("{refused:?}") };
    assert_eq!(*why, Rejection::OnItsWay, "it did not wait");
    assert_eq!((post(&rig).await, script.given().len()), (1, 1));
}

async fn wait(turns: usize) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

/// Takes a mail back on one node while another, by whose clock its time has come, posts it, each
/// after some turns; returns whether it was taken back, and whether it went out.
async fn taken_back_while_posted(turns: (usize, usize), guarded: bool) -> (bool, bool) {
    let (here, _) = rig_with([]).await;
    let mail = draft(&here).await;
    here.act(KATE, mail, send_later(1)).await.unwrap();
    let (script, ahead) = (Script::new([]), noon());
    ahead.advance_ms(2_000);
    let mailboxes: Arc<dyn Mailboxes> = Arc::new(OneMailbox);
    let store = Arc::new(FaultyStore::over(here.store.clone()));
    let there = Rig::with_mail(store, ahead, Some(mailboxes), Some(script.clone())).await;
    here.store.slow_down();
    if !guarded {
        let State::Sending { since, .. } = here.stored(mail).await.state else { panic!() };
        here.store.overlook(Key::Claim(format!("mail {mail} {} 0", since.0)));
    }
    let taking = async {
        wait(turns.0).await;
        here.act(KATE, mail, Action::CancelSend).await
    };
    let posting = async {
        wait(turns.1).await;
        post(&there).await
    };
    let (taken, _) = tokio::join!(taking, posting);
    let status = here.stored(mail).await.status();
    let (is_back, is_out) = (taken.is_ok(), !script.given().is_empty());
    if is_back != is_out {
        assert_eq!(status, if is_back { Status::Composing } else { Status::Sent });
    }
    (is_back, is_out)
}

/// Whoever takes a mail back and whoever posts it guard the same claim. The control: without that
/// guard, it is taken back and goes out all the same.
#[tokio::test]
async fn of_who_takes_a_mail_back_and_who_posts_it_one_wins() {
    let (mut taken, mut posted, mut both) = (0, 0, 0);
    for turns in (0..12).map(|turns| (turns, 0)).chain((1..12).map(|turns| (0, turns))) {
        match taken_back_while_posted(turns, true).await {
            (true, false) => taken += 1,
            (false, true) => posted += 1,
            other => panic!("after {turns:?} turns: {other:?}"),
        }
        both += usize::from(taken_back_while_posted(turns, false).await == (true, true));
    }
    assert!(taken > 0 && posted > 0, "{taken} were taken back, {posted} posted");
    assert!(both > 0, "the control: nobody misses the guard");
}
