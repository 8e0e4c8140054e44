//! `/me/emails`, `/me/chats`, `/me/workitems` and `/me/openmedia/{mediaType}`: the doors of the
//! 8.5.2 generation to the same operations, each to one medium, with that generation's resources
//! and envelope (docs/compat/media.md).

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::{Interaction, Media};
use handoff_store::InteractionScope;

use crate::caller::{Agent, AnyUser, Me};
use crate::commands::{Answer, visible_of};
use crate::creation::{Creation, create_at_door};
use crate::error::Refusal;
use crate::idempotency::Retry;
use crate::me_interactions::{Operation, page, perform};
use crate::request::{Id, Ids, JsonBody};
use crate::shared::Shared;
use crate::wire::interaction::{MediumResource, plural, singular};
use crate::wire::listing::{Listing, fields, one, select};

/// Attributes that these lists can be filtered by.
const FILTERS: &[&str] = &["id", "state", "contactId"];

async fn list(shared: &Shared, me: &Me, media: Media, uri: &Uri) -> Answer {
    let listing = Listing::read(uri, FILTERS)?;
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let show =
        |interaction: &Interaction| Some(MediumResource::read_by(interaction, me.id(), lookup));
    let name = plural(&media);
    page(shared, &listing, name, InteractionScope::HeldBy(me.id()), Some(media), show).await
}

async fn operate(
    shared: &Shared,
    me: &Me,
    media: &Media,
    id: &str,
    operation: Operation,
    retry: &Retry,
) -> Answer {
    let operation = Operation { envelope: operation.later, ..operation };
    perform(shared, me, id, Some(media), operation, retry).await
}

/// Creates one in the calling agent's hands. Takes the caller as they were found, because what is
/// wrong with the body is told first.
async fn create(
    shared: &Shared,
    me: Result<Agent, Refusal>,
    media: Media,
    body: &JsonBody,
    retry: &Retry,
) -> Answer {
    let creation = Creation::at_door(media, body)?;
    let Agent(me) = me?;
    create_at_door(shared, &me, creation, retry).await
}

async fn get(shared: &Shared, me: &Me, media: &Media, id: &str, uri: &Uri) -> Answer {
    let interaction = visible_of(shared, me, id, Some(media)).await?;
    let directory = shared.engine().core().directory();
    let shown = MediumResource::read_by(&interaction, me.id(), shared.lookup(&directory));
    Ok(one(singular(media), &select(&fields(uri), &shown)))
}

macro_rules! doors {
    ($($(#[$doc:meta])* $name:ident: $media:expr;)+) => {$(
        $(#[$doc])*
        pub(crate) mod $name {
            use super::{
                Agent, Answer, AnyUser, Id, JsonBody, Media, Operation, Refusal, Retry, Shared,
                State, Uri,
            };

            pub(crate) async fn list(
                State(shared): State<Shared>,
                Agent(me): Agent,
                uri: Uri,
            ) -> Answer {
                super::list(&shared, &me, $media, &uri).await
            }

            pub(crate) async fn create(
                State(shared): State<Shared>,
                body: JsonBody,
                retry: Retry,
                me: Result<Agent, Refusal>,
            ) -> Answer {
                super::create(&shared, me, $media, &body, &retry).await
            }

            pub(crate) async fn operate(
                State(shared): State<Shared>,
                operation: Operation,
                retry: Retry,
                Agent(me): Agent,
                Id(id): Id,
            ) -> Answer {
                super::operate(&shared, &me, &$media, &id, operation, &retry).await
            }

            pub(crate) async fn get(
                State(shared): State<Shared>,
                AnyUser(me): AnyUser,
                Id(id): Id,
                uri: Uri,
            ) -> Answer {
                super::get(&shared, &me, &$media, &id, &uri).await
            }
        }
    )+};
}

doors! {
    /// E-mails.
    emails: Media::Email;
    chats: Media::Chat;
    /// Work items.
    workitems: Media::Workitem;
}

/// Open media: the path says which type.
pub(crate) mod openmedia {
    use super::{
        Agent, Answer, AnyUser, Creation, Id, Ids, JsonBody, Me, Media, Operation, Refusal, Retry,
        Shared, State, Uri, create_at_door,
    };
    use crate::channels::is_configured;

    /// The three built-in media have doors of their own. Samples print a type in the plural: with
    /// an `s` that no type of that name has.
    fn media(shared: &Shared, me: &Me, name: &str) -> Result<Media, Refusal> {
        let directory = shared.engine().core().directory();
        let is_known = |name: &str| is_configured(&directory, me.center(), &Media::from_name(name));
        let singular =
            name.strip_suffix('s').filter(|singular| !is_known(name) && is_known(singular));
        match Media::from_name(singular.unwrap_or(name)) {
            media @ Media::Open(_) => Ok(media),
            Media::Email | Media::Chat | Media::Workitem => {
                Err(Refusal::not_found("open-media type"))
            }
        }
    }

    pub(crate) async fn list(
        State(shared): State<Shared>,
        Agent(me): Agent,
        Id(name): Id,
        uri: Uri,
    ) -> Answer {
        super::list(&shared, &me, media(&shared, &me, &name)?, &uri).await
    }

    pub(crate) async fn create(
        State(shared): State<Shared>,
        body: JsonBody,
        retry: Retry,
        me: Result<Agent, Refusal>,
        Id(name): Id,
    ) -> Answer {
        let mut creation = Creation::at_door(Media::from_name(&name), &body)?;
        let Agent(me) = me?;
        // Here the path names the channel, so one that is none is not found.
        let media = media(&shared, &me, &name)?;
        if !is_configured(&shared.engine().core().directory(), me.center(), &media) {
            return Err(Refusal::not_found("open-media type"));
        }
        creation.media = media;
        create_at_door(&shared, &me, creation, &retry).await
    }

    pub(crate) async fn operate(
        State(shared): State<Shared>,
        operation: Operation,
        retry: Retry,
        Agent(me): Agent,
        Ids(name, id): Ids,
    ) -> Answer {
        let media = media(&shared, &me, &name)?;
        // It is a large one, and would be copied from each of those that wait for it to the next.
        Box::pin(super::operate(&shared, &me, &media, &id, operation, &retry)).await
    }

    pub(crate) async fn get(
        State(shared): State<Shared>,
        AnyUser(me): AnyUser,
        Ids(name, id): Ids,
        uri: Uri,
    ) -> Answer {
        super::get(&shared, &me, &media(&shared, &me, &name)?, &id, &uri).await
    }
}
