//! The commands of the table that are about sending, attachments and threads.

use std::sync::Arc;

use handoff_domain::command::{Action, Dispatch, Named, SystemAction};
use handoff_domain::id::{FileId, InteractionId, QueueId};
use handoff_domain::interaction::{Attachment, Email};
use handoff_domain::media::{Direction, Media};
use handoff_domain::time::Time;
use handoff_domain::{Interaction, Queue};

use super::commands::Wish;
use crate::floor::{Floor, queue_id};
use crate::support::{in_queue, written};

/// A file that every draft has as soon as a command needs one.
const FILE: FileId = FileId(7);
/// Earlier and later than everything that the floor opens.
const EARLY: InteractionId = InteractionId::compose(0, 1);
const LATE: InteractionId = InteractionId::compose(9, 1);

/// Changes the contact center as the command's name says.
pub(super) fn prepare(floor: &mut Floor, command: &str) {
    match command {
        "Send stale" | "Send forced" => {
            let letters = floor.interactions.values().filter(|it| is_letter(it)).cloned();
            let newer: Vec<Interaction> = letters
                .enumerate()
                .map(|(at, root)| {
                    let id = InteractionId::compose(9, at as u64);
                    Interaction {
                        id,
                        parent: Some(root.id),
                        thread: Some(root.thread_root()),
                        ..root
                    }
                })
                .collect();
            floor.interactions.extend(newer.into_iter().map(|it| (it.id, it)));
        }
        "Send reviewed" => {
            let queues = Arc::make_mut(&mut floor.queues);
            let queue = queues.get_mut(&queue_id(&Media::Email)).expect("it exists");
            let review = Queue { id: QueueId(0x4e), name: "review".to_string(), ..queue.clone() };
            queue.review = Some(review.id);
            queues.insert(review.id, review);
        }
        "CancelSend too-late" => floor.now = floor.now.plus_ms(Dispatch::DELAY_MS_MAX),
        "CancelSend claimed" => floor.claimed = true,
        "RemoveAttachment" => {
            let emails = floor.interactions.values_mut().filter_map(|it| it.email_mut());
            emails.for_each(|email| email.attachments.push(file(1)));
        }
        "Join" | "Join later" => {
            let like = floor.open(&Media::Email);
            let like = floor.interactions.remove(&like).expect("it was opened");
            let early = Interaction { id: EARLY, received: Time(0), ..like.clone() };
            floor.interactions.insert(EARLY, early);
            floor.interactions.insert(LATE, Interaction { id: LATE, ..like });
        }
        "Join chat" => {
            let chat = floor.open(&Media::Chat);
            let chat = floor.interactions.remove(&chat).expect("it was opened");
            floor.interactions.insert(EARLY, Interaction { id: EARLY, received: Time(0), ..chat });
        }
        _ => {}
    }
}

fn is_letter(interaction: &Interaction) -> bool {
    interaction.media() == Media::Email && interaction.direction == Direction::Inbound
}

/// Returns the command of that name, when it is about e-mail.
pub(super) fn wish(base: &str, special: &str, floor: &Floor) -> Option<Wish> {
    let action = match base {
        "Send" => Action::Send(Box::new(dispatch(special, floor))),
        "CancelSend" => Action::CancelSend,
        "AddAttachment" => Action::AddAttachment(file(if special == "large" {
            Attachment::BYTES_MAX + 1
        } else {
            1
        })),
        "RemoveAttachment" => Action::RemoveAttachment(FILE),
        "Split" => Action::Split,
        "Join" => Action::Join {
            parent: match special {
                "unknown" => Named::Unknown("nothing".to_string()),
                "later" => Named::Known(LATE),
                _ => Named::Known(EARLY),
            },
        },
        "DeliveryDeferred" => {
            let (reply, next) = ("451 try again".to_string(), floor.now.plus_ms(60_000));
            return Some(SystemAction::DeliveryDeferred { reply, next }.into());
        }
        _ => return None,
    };
    Some(action.into())
}

fn dispatch(special: &str, floor: &Floor) -> Dispatch {
    let queue = match special {
        "unknown" => Some(Named::Unknown("nowhere".to_string())),
        "other-medium" => Some(in_queue(floor, &Media::Chat)),
        "reviewed" => Some(in_queue(floor, &Media::Email)),
        _ => None,
    };
    let email = match special {
        "nobody" => Some(Email::default()),
        "strange" => Some(Email { from: "eve@customer.example".to_string(), ..written() }),
        _ => None,
    };
    let delay_ms = if special == "later" { Dispatch::DELAY_MS_MAX } else { 0 };
    Dispatch { queue, email, force: special == "forced", delay_ms, ..Dispatch::default() }
}

/// Returns a file of that size.
pub(crate) fn file(bytes: u64) -> Attachment {
    let (name, content_type) = ("order.pdf".to_string(), "application/pdf".to_string());
    Attachment { file: FILE, name, bytes, content_type, content_id: None, inline: false }
}
