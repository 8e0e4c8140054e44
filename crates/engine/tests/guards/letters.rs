//! Letters that come in: alone, as answers, as reports.

use std::sync::Arc;

use handoff_domain::media::Media;
use handoff_domain::{
    Acknowledgement, Address, Arrival, Automatic, Filing, InteractionId, Letter, NewInteraction,
    Placement, Report, ReportKind, Threading, Unproven, UserData, open_letter,
};
use handoff_engine::NewLetter;

use crate::Cell;
use crate::deeds::Deed;
use crate::floor::{CENTER, Floor, queue_id};
use crate::rules::relied_on_by_beginning;
use crate::stage::EVE;
use crate::support::{ANN, confirming, plain, state};

const MAILBOX: &str = "support@ours.example";
const ADAM: &str = "adam@elsewhere.example";
/// Who is never written to by a program.
const MACHINE: &str = "noreply@customer.example";

/// Returns one of each letter.
pub(crate) fn cells() -> Vec<Cell> {
    let mut cells = alone();
    cells.extend(answers());
    cells.extend(reports());
    cells
}

/// A letter of somebody, as it comes.
fn from(address: &str) -> Letter {
    Letter {
        message_id: Some("newest@customer.example".to_owned()),
        from: Some(Address { address: address.to_owned(), name: None }),
        to: vec![Address { address: MAILBOX.to_owned(), name: None }],
        text: "Where is it?".to_owned(),
        ..Letter::default()
    }
}

/// A letter that comes in, with what is found out about it.
fn cell(name: &str, floor: &Floor, letter: Letter, found: (NewInteraction, Arrival)) -> Cell {
    let (new, arrival) = found;
    let relied = relied_on_by_beginning(floor, &new, None, |new, context| {
        open_letter(new, arrival.clone(), context)
    });
    let deed = NewLetter {
        center: CENTER,
        mailbox: MAILBOX.to_owned(),
        queue: floor.queues[&queue_id(&Media::Email)].clone().into(),
        letter,
        attachments: Vec::new(),
        raw: None,
        raw_hash: "its own".to_owned(),
        user_data: UserData::default(),
    };
    let deed = Deed::Letter(Box::new(deed));
    Cell { name: name.to_owned(), floor: floor.clone(), deed, relied }
}

fn on_file(floor: &Floor, why: Filing) -> NewInteraction {
    NewInteraction { placement: Placement::Filed(why), ..floor.letter() }
}

fn alone() -> Vec<Cell> {
    let (floor, mut confirmed) = (Floor::new(), Floor::new());
    let queue = Arc::make_mut(&mut confirmed.queues).get_mut(&queue_id(&Media::Email)).unwrap();
    let (subject, text) = ("We have it".to_owned(), "You will hear from us.".to_owned());
    queue.acknowledge = Some(Acknowledgement { subject, text });
    let quietly = || (floor.letter(), plain(Threading::NothingNamed));
    let own = Letter { automatic: Some(Automatic::OwnMessage), ..from(MAILBOX) };
    let filed = (on_file(&floor, Filing::OwnMessage), plain(Threading::NothingNamed));
    let confirmation = (floor.letter(), confirming(InteractionId::compose(3, 1)));
    vec![
        cell("a letter", &floor, from(EVE), quietly()),
        cell("a letter of somebody new", &floor, from(ADAM), quietly()),
        cell("a letter of nobody", &floor, Letter { from: None, ..from(EVE) }, quietly()),
        cell("a letter that is confirmed", &confirmed, from(EVE), confirmation),
        cell("a letter that is not confirmed", &confirmed, from(MACHINE), quietly()),
        cell("an own letter", &floor, own, filed),
    ]
}

/// Returns a contact center with a letter of Eve's that somebody owns.
fn with_letter() -> (Floor, InteractionId) {
    let mut floor = Floor::new();
    let mut first = floor.letter();
    if let handoff_domain::Medium::Email(email) = &mut first.medium {
        email.message_id = Some("first@customer.example".to_owned());
    }
    let id = floor.arrives(first, plain(Threading::NothingNamed)).after.id;
    floor.give(id, ANN);
    (floor, id)
}

fn answers() -> Vec<Cell> {
    let (floor, first) = with_letter();
    let (done, old) = state("completed");
    let under = |floor: &Floor, parent, how| {
        (NewInteraction { parent: Some(parent), ..floor.letter() }, plain(how))
    };
    let naming = |letter| Letter { answers: vec!["first@customer.example".to_owned()], ..letter };
    let proving = |id| Letter { proven: vec![id], ..from(ADAM) };
    let elsewhere = plain(Threading::NotProven(Unproven::SomebodyElses));
    let program = Letter { automatic: Some(Automatic::AutoReplied), ..naming(from(EVE)) };
    let (new, arrival) = under(&floor, first, Threading::KnownMessage);
    let filed = NewInteraction { placement: Placement::Filed(Filing::Loop), ..new.clone() };
    vec![
        cell(
            "an answer with a token",
            &floor,
            proving(first),
            under(&floor, first, Threading::Token),
        ),
        cell("an answer to what is done", &done, proving(old), under(&done, old, Threading::Token)),
        cell("an answer that names a letter", &floor, naming(from(EVE)), (new, arrival.clone())),
        cell(
            "an answer to another's letter",
            &floor,
            naming(from(ADAM)),
            (floor.letter(), elsewhere),
        ),
        cell("an answer in a loop", &floor, program, (filed, arrival)),
    ]
}

fn reports() -> Vec<Cell> {
    let report = |name, state_name, kind, filing: Option<Filing>| {
        let (floor, mail) = state(state_name);
        let original = floor.interactions[&mail].email().and_then(|it| it.message_id.clone());
        let (originals, recipients) = (vec![original.unwrap()], Vec::new());
        let report = Some(Report { kind, originals, recipients });
        let automatic = Some(Automatic::NullSender);
        let letter = Letter { report, automatic, ..from("mailer-daemon@elsewhere.example") };
        let placement = filing.map_or(Placement::InQueue, Placement::Filed);
        let new = NewInteraction { parent: Some(mail), placement, ..floor.letter() };
        cell(name, &floor, letter, (new, plain(Threading::ReportOn)))
    };
    vec![
        report("a bounce of what was sent", "sent", ReportKind::NonDelivery, None),
        report("a bounce of what is being sent", "sending", ReportKind::NonDelivery, None),
        report("a bounce of a confirmation", "confirming", ReportKind::NonDelivery, None),
        report("a report of success", "sent", ReportKind::Delivery, Some(Filing::Report)),
    ]
}
