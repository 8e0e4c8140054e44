//! Standard responses, made from small numbers.

use handoff_domain::{GroupId, Media, ResponseId};

use super::{BEGIN, CENTER, user_id};
use crate::record::{
    OwnResponse, OwnResponses, ResponseOwner, ResponseUses, StandardResponse, Uses,
};

const USES: Uses = Uses { count: 3, last: Some(BEGIN) };

/// Returns the n-th standard response, a group's.
#[must_use]
pub fn response(n: u64) -> StandardResponse {
    StandardResponse {
        id: ResponseId(0x5e000 + u128::from(n)),
        center: CENTER,
        owner: ResponseOwner::Group(GroupId(0xf001)),
        name: format!("Greeting {n}"),
        shortcut: format!("hello{n}"),
        category: "Common/Greetings".to_owned(),
        language: "en".to_owned(),
        channels: [Media::Chat, Media::Email].into(),
        subject: "Your question".to_owned(),
        text: "Hello {{ contact.firstName }}".to_owned(),
        html: "<p>Hello {{ contact.firstName }}</p>".to_owned(),
    }
}

/// Returns what the n-th user has for themselves.
#[must_use]
pub fn own(n: u64) -> OwnResponses {
    let owner = ResponseOwner::User(user_id(n));
    let response = StandardResponse { owner, ..response(7) };
    let responses = vec![OwnResponse { version: 2, uses: USES, response }];
    OwnResponses { user: user_id(n), responses }
}

/// Returns how often the n-th standard response was used.
#[must_use]
pub const fn uses(n: u64) -> ResponseUses {
    ResponseUses { response: ResponseId(0x5e000 + n as u128), uses: USES }
}
