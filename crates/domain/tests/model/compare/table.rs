//! The state table's rows and columns, and which pairs of them are legal.

use std::collections::BTreeSet;

use crate::reference::{Bin, Spot, Thing, Why, Work, colleagues};

/// A state of the table by name, as far as it matters for what may be done.
pub(super) fn row(thing: &Thing) -> String {
    match &thing.spot {
        Spot::Held { asked, guests, .. } => {
            let company = if colleagues(guests).is_empty() { "" } else { " in company" };
            let asked = asked.map_or(String::new(), |(_, why)| format!(" with {why:?}"));
            let seat = if thing.seat.is_some() { " and seat" } else { "" };
            format!("Held {:?}{asked}{company}{seat}", thing.work)
        }
        Spot::Waiting => format!("Waiting {:?}", thing.work),
        Spot::Offered(_) => format!("Offered {:?}", thing.work),
        Spot::Binned(_) => format!("Binned {:?}", thing.work),
        Spot::Leaving(_) => "Leaving".to_string(),
        Spot::Over(_) => "Over".to_string(),
    }
}

pub(super) const KINDS: &[&str] = &[
    "Offer",
    "Accept",
    "Reject",
    "Expire",
    "Update",
    "Attach",
    "Delete",
    "Disposition",
    "Comment",
    "Focus",
    "Change",
    "ChangePriority",
    "ChangeEmail",
    "ToQueue",
    "ToBin",
    "Pull",
    "TransferTo",
    "TransferToQueue",
    "TransferToSkill",
    "Invite",
    "Consult",
    "Remove",
    "Leave",
    "EndChat",
    "CustomerLeft",
    "Say",
    "CompleteTransfer",
    "CompleteConference",
    "Intrude",
    "Complete",
    "CompleteTo",
    "MakeDraft",
    "Save",
    "Send",
    "Cancel",
    "Delivered",
    "Failed",
    "Defer",
    "AddFile",
    "RemoveFile",
    "Split",
    "Join",
    "Silent",
    "Gone",
];

pub(super) const ENDINGS: &[&str] = &[
    "ToQueue",
    "ToBin",
    "TransferToQueue",
    "TransferToSkill",
    "CustomerLeft",
    "Complete",
    "CompleteTo",
    "Silent",
    "Gone",
];

/// Every state of the table. A seat that the supervisor asked for stands for itself: beside the
/// others it changes nothing (what is carried out there is compared all the same).
pub(super) fn rows() -> Vec<String> {
    let held = |work, asked: Option<Why>, company: bool| {
        let guests = if company { vec![(2, Why::Invite)] } else { vec![] };
        row(&thing(work, Spot::Held { by: 0, asked: asked.map(|why| (1, why)), guests }))
    };
    let works = [Work::Process, Work::Chat, Work::AfterChat, Work::Draft];
    let mut rows = Vec::new();
    for work in works {
        rows.push(row(&thing(work, Spot::Waiting)));
        rows.push(row(&thing(work, Spot::Offered(0))));
        rows.push(held(work, None, false));
        rows.push(held(work, Some(Why::Transfer), false));
        if work != Work::Chat {
            rows.push(row(&thing(work, Spot::Binned(Bin::Team))));
        }
    }
    let held_chat = thing(Work::Chat, Spot::Held { by: 0, asked: None, guests: vec![] });
    rows.push(row(&Thing { seat: Some(2), ..held_chat }));
    rows.extend([Some(Why::Invite), Some(Why::Consult)].map(|why| held(Work::Chat, why, false)));
    let asked = [None, Some(Why::Transfer), Some(Why::Invite), Some(Why::Consult)];
    rows.extend(asked.map(|why| held(Work::Chat, why, true)));
    rows.extend([
        row(&thing(works[3], Spot::Leaving(0))),
        row(&thing(works[0], Spot::Over("Sent"))),
    ]);
    rows
}

/// Tells whether a command may be carried out in a state at all, by whomever: the state table in
/// one expression per command.
pub(super) fn is_legal(row: &str, kind: &str) -> bool {
    let is = |word: &str| row.split(' ').any(|it| it == word);
    let (held, asked) = (is("Held"), is("with") || is("Offered"));
    let live = held && is("Chat");
    match kind {
        "Offer" => is("Waiting"),
        "Accept" | "Reject" | "Expire" => asked || is("seat"),
        "Intrude" => live && !is("seat"),
        "Change" | "ChangePriority" => !is("Over"),
        "ChangeEmail" | "Save" | "Send" | "Cancel" => held && is("Draft"),
        "ToQueue" => held || is("Binned"),
        "ToBin" => held && !live,
        "Pull" => is("Binned"),
        "Invite" | "Consult" => live && !asked,
        "Remove" => live && (is("company") || is("with")),
        "EndChat" => live,
        "Leave" => live || (held && is("AfterChat")),
        "CompleteTransfer" | "CompleteConference" => live && is("company"),
        "Update" | "Attach" => held || (is("Chat") && (is("Waiting") || is("Offered"))),
        "CustomerLeft" | "Say" => live || (is("Chat") && (is("Waiting") || is("Offered"))),
        "Complete" | "CompleteTo" => held && !is("Draft"),
        // Only an e-mail can be answered, which is one kind of what is processed.
        "MakeDraft" => held && is("Process"),
        "Delivered" | "Failed" | "Defer" => is("Leaving"),
        "AddFile" | "RemoveFile" => held && is("Draft"),
        // Only of e-mails that came in, which are among what is processed.
        "Split" | "Join" => is("Process"),
        "Gone" => held || is("Offered"),
        _ => held,
    }
}

pub(super) fn thing(work: Work, spot: Spot) -> Thing {
    let medium = match work {
        Work::Process => "workitem",
        Work::Chat | Work::AfterChat => "chat",
        Work::Draft => "email",
    };
    Thing {
        medium,
        work,
        spot,
        has_queue: true,
        needs_skill: false,
        passes: vec![],
        parent: None,
        open_drafts: vec![],
        epoch: 1,
        offers: 0,
        asked_as: 0,
        seat: None,
        held_since: 0,
        opened: 0,
        has_file: false,
    }
}

/// Says which legal pairs of state and command were not reached.
pub(super) fn missing(reached: &BTreeSet<(String, &'static str)>) -> (usize, Vec<String>) {
    let mut legal = 0;
    let mut missing = Vec::new();
    for row in rows() {
        for kind in KINDS.iter().filter(|kind| is_legal(&row, kind)) {
            legal += 1;
            if !reached.contains(&(row.clone(), *kind)) {
                missing.push(format!("{kind} in {row}"));
            }
        }
    }
    (legal, missing)
}
