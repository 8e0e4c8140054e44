//! Every kind of message, as clients get it.

use std::sync::Arc;

use bytes::Bytes;
use handoff_api::notify::{self, Once};
use handoff_api::wire::notification::{
    SubscriptionState, WorkbinContent, WorkbinSubscription, workbin_content, workbin_subscription,
};
use handoff_domain::event::{Cause, Subject};
use handoff_domain::{
    ChannelState, Desk, Event, Interaction, Media, Mode, Notice, NotificationType, OfferKind,
    Owner, Readiness, State, Status, Topic, View, Visibility,
};
use handoff_engine::Directory;
use handoff_store::StreamRow;
use insta::assert_json_snapshot;
use serde_json::Value;

use crate::api::has;
use crate::samples::{
    BEN, CENTER, IN_PROGRESS, KATE, NOON, Names, TEAM, conference, invited, offer, owned, waiting,
};

fn notice(view: View) -> Notice {
    Notice {
        to: Owner::User(KATE),
        view,
        kind: NotificationType::StatusChange,
        error: None,
        reference: None,
    }
}

fn row(notice: Notice, subject: Subject) -> StreamRow {
    let event =
        Event { at: NOON, cause: Cause::Router, facts: Vec::new(), subject, notices: Vec::new() };
    StreamRow { position: 9, notice, numbers: Vec::new(), event: event.into() }
}

fn message(names: &Names, notice: Notice, interaction: &Interaction, topic: Topic) -> Value {
    let row = row(notice, Subject::Interaction(interaction.clone()));
    parse(&notify::render(&row, KATE, topic, 4, names.lookup()))
}

fn parse(data: &[u8]) -> Value {
    serde_json::from_slice(data).unwrap()
}

#[tokio::test]
async fn interactions_are_told_flat_on_the_interactions_topic() {
    let names = Names::load().await;
    let concerned = |status| notice(View::Concerned(status));
    let told = |notice, interaction: &Interaction| {
        message(&names, notice, interaction, Topic::Interactions)
    };
    assert_json_snapshot!(
        "email_invited",
        told(concerned(Status::Invited), &invited(Media::Email, KATE))
    );
    let workitem = owned(Media::Workitem, KATE, Mode::Processing);
    let caused = Notice { reference: Some(12), ..concerned(Status::Processing) };
    assert_json_snapshot!("workitem_accepted_by_the_reader", told(caused, &workitem));
    assert_json_snapshot!(
        "chat_with_a_consulted_agent",
        told(concerned(Status::Chatting), &conference())
    );
    let sms = owned(Media::Open("sms".to_owned()), KATE, Mode::Processing);
    assert_json_snapshot!("open_media_processing", told(concerned(Status::Processing), &sms));
    assert_json_snapshot!(
        "email_revoked",
        told(notice(View::Gone(Status::Revoked)), &waiting(Media::Email))
    );
    let failed = Notice {
        kind: NotificationType::Error,
        error: Some((2, "The transfer did not come about.".to_owned())),
        reference: Some(13),
        ..concerned(Status::Processing)
    };
    assert_json_snapshot!("transfer_failed", told(failed, &workitem));
}

#[tokio::test]
async fn the_kind_of_change_is_told_in_the_words_of_each_topic() {
    let names = Names::load().await;
    let draft = owned(Media::Email, KATE, Mode::Composing);
    let table = [
        (NotificationType::StatusChange, "StatusChange", "StatusChange"),
        (NotificationType::PropertiesUpdated, "PropertiesUpdated", "PropertiesUpdated"),
        (NotificationType::ParticipantsUpdated, "ParticipantsUpdated", "ParticipantsUpdated"),
        (NotificationType::DraftSaved, "PropertiesUpdated", "EmailSaved"),
        (NotificationType::Error, "Error", "Error"),
    ];
    for (kind, on_interactions, on_emails) in table {
        let notice = Notice { kind, ..notice(View::Concerned(Status::Composing)) };
        let flat = message(&names, notice.clone(), &draft, Topic::Interactions);
        let nested = message(&names, notice, &draft, Topic::Emails);
        assert_eq!(flat["notificationType"], on_interactions, "{kind:?}");
        assert_eq!(nested["notificationType"], on_emails, "{kind:?}");
    }
}

#[tokio::test]
async fn the_media_are_told_on_their_own_topics_in_the_later_form() {
    let names = Names::load().await;
    let table = [
        ("medium_email", waiting(Media::Email), Topic::Emails, View::Gone(Status::Completed)),
        (
            "medium_email_draft",
            owned(Media::Email, KATE, Mode::Composing),
            Topic::Emails,
            View::Concerned(Status::Composing),
        ),
        ("medium_chat", conference(), Topic::Chats, View::Concerned(Status::Chatting)),
        (
            "medium_workitem",
            invited(Media::Workitem, KATE),
            Topic::Workitems,
            View::Concerned(Status::Invited),
        ),
        (
            "medium_openmedia",
            owned(Media::Open("sms".to_owned()), KATE, Mode::Processing),
            Topic::Openmedia,
            View::Concerned(Status::Processing),
        ),
    ];
    for (name, interaction, topic, view) in table {
        let notice = Notice { reference: Some(3), ..notice(view) };
        assert_json_snapshot!(name, message(&names, notice, &interaction, topic));
    }
}

#[tokio::test]
async fn who_is_no_longer_concerned_sees_what_became_of_it_and_can_do_nothing() {
    let names = Names::load().await;
    let owned_by_another = conference();
    for status in
        [Status::Completed, Status::InWorkbin, Status::Canceled, Status::Sent, Status::Revoked]
    {
        let notice = notice(View::Gone(status));
        let flat = message(&names, notice.clone(), &owned_by_another, Topic::Interactions);
        let nested = message(&names, notice, &owned_by_another, Topic::Chats);
        for seen in [&flat, &nested["chat"]] {
            assert_eq!(seen["state"], format!("{status:?}"));
            assert_eq!(seen["capabilities"], serde_json::json!([]));
            assert_eq!(seen["participants"], serde_json::json!([]));
        }
    }
}

#[tokio::test]
async fn the_target_of_a_transfer_and_the_owner_see_different_states_of_the_same_event() {
    let names = Names::load().await;
    let mut chat = owned(Media::Chat, BEN, Mode::LeftChat);
    if let State::Handling(handling) = &mut chat.state {
        handling.offer = Some(offer(KATE, OfferKind::Transfer));
    }
    let target =
        message(&names, notice(View::Concerned(Status::Invited)), &chat, Topic::Interactions);
    let owner =
        message(&names, notice(View::Concerned(Status::LeftChat)), &chat, Topic::Interactions);
    has(&target, serde_json::json!({"state": "Invited", "capabilities": ["Accept", "Reject"]}));
    assert_eq!(owner["state"], "LeftChat");
    assert_eq!(target["assignedTo"], BEN.to_string());
}

#[tokio::test]
async fn workbins_are_told_with_the_item_under_the_key_of_its_medium() {
    let names = Names::load().await;
    let parked = |media: Media, workbin| {
        let mode = media.inbound_mode();
        Interaction { state: State::Parked { workbin, mode, reminder: None }, ..waiting(media) }
    };
    let told = |interaction: &Interaction, workbin, added| {
        message(&names, notice(View::Workbin { workbin, added }), interaction, Topic::Workbins)
    };
    assert_json_snapshot!("workbin_item_added", told(&parked(Media::Email, TEAM), TEAM, true));
    let pulled = owned(Media::Workitem, BEN, Mode::Processing);
    assert_json_snapshot!("workbin_item_removed", told(&pulled, IN_PROGRESS.of_owner(KATE), false));
    let keys = [
        (Media::Email, "emailStateResourceV2"),
        (Media::Chat, "chatStateResourceV2"),
        (Media::Workitem, "workitemStateResourceV2"),
        (Media::Open("sms".to_owned()), "openmediaStateResourceV2"),
    ];
    for (media, key) in keys {
        let told = told(&parked(media, TEAM), TEAM, true);
        assert_eq!(told[key]["state"], "InWorkbin", "{key}");
        assert_eq!(told[key]["capabilities"], serde_json::json!([]), "{key}");
    }
}

#[tokio::test]
async fn channels_are_told_as_the_snapshot_has_them() {
    let names = Names::load().await;
    let mut desk = Desk::new(KATE, CENTER, NOON);
    let states = [
        (Media::Chat, Readiness::Ready, false),
        (Media::Email, Readiness::NotReady { reason: Some("Lunch".to_owned()) }, true),
        (Media::Workitem, Readiness::LoggedOut, false),
    ];
    for (media, readiness, do_not_disturb) in states {
        desk.channels.insert(media, ChannelState { readiness, do_not_disturb });
    }
    let row = row(notice(View::Channels), Subject::Desk(desk));
    let told = parse(&notify::render(&row, KATE, Topic::Channels, 4, names.lookup()));
    assert_json_snapshot!("channels", told);
}

#[test]
fn a_resync_names_topic_and_numbers() {
    let told = parse(&notify::render_resync(Topic::Emails, 5, 17));
    assert_json_snapshot!("resync", told);
}

#[tokio::test]
async fn the_content_of_a_workbin_is_one_message_in_the_eyes_of_who_asked() {
    let names = Names::load().await;
    let state = State::Parked { workbin: TEAM, mode: Mode::Processing, reminder: None };
    let item = Interaction { state, ..waiting(Media::Workitem) };
    let whole = WorkbinContent {
        workbin: TEAM,
        reference: 5,
        reader: KATE,
        interactions: &[&item],
        truncated: false,
    };
    assert_json_snapshot!("workbin_content", parse(&workbin_content(&whole, names.lookup())));
    let part =
        parse(&workbin_content(&WorkbinContent { truncated: true, ..whole }, names.lookup()));
    assert_eq!(part["truncated"], true);
}

#[tokio::test]
async fn a_workbins_subscription_is_confirmed() {
    let names = Names::load().await;
    let lookup = names.lookup();
    let told = |id, reader, state| {
        let workbin = lookup.directory.workbin(CENTER, id).unwrap();
        let told = WorkbinSubscription { workbin: &workbin, reader, state, reference: 14 };
        parse(&workbin_subscription(&told, lookup))
    };
    let kates = IN_PROGRESS.of_owner(KATE);
    assert_json_snapshot!("workbin_subscribed", told(TEAM, KATE, SubscriptionState::Subscribed));
    assert_json_snapshot!(
        "workbin_unsubscribed",
        told(kates, KATE, SubscriptionState::Unsubscribed)
    );
    assert_json_snapshot!(
        "workbin_of_another_user",
        told(kates, BEN, SubscriptionState::RequestFailed)
    );
}

/// Returns the events of a reader's stream of every kind, two at the same position among them.
fn told_rows() -> Vec<(StreamRow, Topic)> {
    let plain = |view| notice(view);
    let all = |view: View| {
        let caused = Notice { reference: Some(12), ..plain(view.clone()) };
        let failed =
            Notice { error: Some((2, "\"sequence\":7".to_owned())), ..plain(view.clone()) };
        let data = Notice { kind: NotificationType::PropertiesUpdated, ..plain(view.clone()) };
        [plain(view), caused, failed, data]
    };
    let views = [
        View::Workbin { workbin: TEAM, added: true },
        View::Workbin { workbin: TEAM, added: false },
        View::Workbin { workbin: IN_PROGRESS.of_owner(KATE), added: true },
        View::Gone(Status::Completed),
        View::Gone(Status::Revoked),
        View::Concerned(Status::Chatting),
        View::Messages { sees: Visibility::Agents },
        View::Messages { sees: Visibility::Supervisors },
    ];
    let chat = conference();
    let subjects = [
        (9, Subject::Interaction(waiting(Media::Email))),
        (10, Subject::Interaction(chat.clone())),
        (11, Subject::Transcript { interaction: chat, entries: Vec::new() }),
    ];
    let topics = [Topic::Workbins, Topic::Interactions, Topic::Chats, Topic::Emails];
    let mut rows = Vec::new();
    for notice in views.into_iter().flat_map(all) {
        for topic in topics {
            // Those that differ in the event alone come one after the other.
            rows.extend(subjects.iter().map(|(position, subject)| {
                let row = row(notice.clone(), subject.clone());
                (StreamRow { position: *position, ..row }, topic)
            }));
        }
    }
    rows
}

/// Renders every row for two readers, twice each and with other numbers; returns how often that
/// was not what is rendered for each alone, and how often it was rendered.
async fn rendered_once(place: impl Fn(u64) -> u64) -> (usize, usize) {
    let names = Names::load().await;
    let (once, directory) = (Once::default(), names.directory());
    let (mut wrong, mut rendered) = (0, 0);
    for (row, topic) in told_rows() {
        for (reader, number) in [(KATE, 4), (BEN, 1_000), (KATE, 999_999), (BEN, 7)] {
            let alone = notify::render(&row, reader, topic, number, names.lookup());
            let placed = StreamRow { position: place(row.position), ..row.clone() };
            let shared = once.message(&placed, (topic, number), directory, || {
                rendered += 1;
                alone.clone()
            });
            wrong += usize::from(shared != alone);
        }
    }
    (wrong, rendered)
}

#[tokio::test]
async fn a_message_that_all_are_shown_alike_is_rendered_once_and_the_same_bytes() {
    let all = told_rows().len() * 4;
    let (wrong, rendered) = rendered_once(|position| position).await;
    assert_eq!(wrong, 0);
    assert!(rendered < all, "{rendered} of {all}");
}

/// The control: where events are taken for one, somebody gets what was said of another.
#[tokio::test]
async fn messages_of_different_events_are_not_taken_for_one() {
    assert!(rendered_once(|_| 9).await.0 > 0);
}

#[tokio::test]
async fn a_message_is_rendered_anew_with_other_names() {
    let names = Names::load().await;
    let others = Arc::new(names.directory().as_ref().clone());
    let row = row(notice(View::Gone(Status::Revoked)), Subject::Interaction(waiting(Media::Email)));
    let once = Once::default();
    let rendered = |directory: &Arc<Directory>, text: &'static str| {
        let render = || Bytes::from_static(text.as_bytes());
        once.message(&row, (Topic::Emails, 5), directory, render)
    };
    assert_eq!(rendered(names.directory(), r#"{"sequence":5,"a":1}"#), r#"{"sequence":5,"a":1}"#);
    assert_eq!(rendered(names.directory(), ""), r#"{"sequence":5,"a":1}"#);
    assert_eq!(rendered(&others, r#"{"sequence":5,"a":2}"#), r#"{"sequence":5,"a":2}"#);
}
