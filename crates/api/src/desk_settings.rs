//! `/me/settings/desk`: what a user has set for themselves at the desk, on whichever computer.
//!
//! What is put last counts, as a whole, and the user's sessions are told to read it again. The
//! server looks at nothing of it.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use handoff_domain::Topic;
use handoff_engine::Directory;
use handoff_store::{ChangeSet, CommitError, DeskSettings, Extent, Key, Put, Record};
use serde_json::{Map, Value};

use crate::caller::{AnyUser, Me};
use crate::commands::Answer;
use crate::error::{Code, Refusal};
use crate::request::JsonBody;
use crate::shared::Shared;
use crate::wire::envelope::Envelope;
use crate::wire::listing::one;
use crate::wire::notification::{SettingsChangedMessage, encode};

/// Most bytes of it.
const BYTES_MAX: usize = 16 << 10;
/// How often it is tried to write it while others write it, or the user's record, too.
const ATTEMPTS_MAX: usize = 8;

/// `GET /me/settings/desk`: an empty object before anything was set.
pub(crate) async fn get(State(shared): State<Shared>, AnyUser(me): AnyUser) -> Answer {
    let found = shared.engine().core().store().load_one(&Key::DeskSettings(me.id())).await?;
    let settings = match found.map(|found| found.value) {
        Some(Record::DeskSettings(settings)) => {
            serde_json::from_str(&settings.text).map_err(|_| Refusal::internal())?
        }
        _ => Value::Object(Map::new()),
    };
    Ok(one("settings", &settings))
}

/// Settings as they are to become. Stand before the caller among a handler's arguments.
pub(crate) struct Written(String);

impl<S: Sync> FromRequestParts<S> for Written {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let text = JsonBody::from_request_parts(parts, state).await?.text();
        if text.len() > BYTES_MAX {
            let sentence =
                format!("The settings are larger than {BYTES_MAX} bytes; leave some out.");
            return Err(Refusal::invalid(sentence));
        }
        Ok(Self(text))
    }
}

/// `PUT /me/settings/desk`: all of it anew.
pub(crate) async fn put(
    State(shared): State<Shared>,
    Written(text): Written,
    AnyUser(me): AnyUser,
) -> Answer {
    let core = shared.engine().core();
    let reference = core.next_reference(me.id()).await?;
    let told = encode(&SettingsChangedMessage::of_desk(reference));
    let key = Key::DeskSettings(me.id());
    for _ in 0..ATTEMPTS_MAX {
        let expected = core.store().versions(std::slice::from_ref(&key)).await?.pop().unwrap_or(0);
        let settings = DeskSettings { user: me.id(), text: text.clone() };
        let puts = vec![Put { record: Record::DeskSettings(settings), expected }];
        let change = ChangeSet { puts, ..while_enabled(&me, &core.directory())? };
        let answers = [(Topic::Me, told.clone())];
        match shared.engine().delivery().commit_and_tell(change, me.id(), answers).await {
            Ok(()) => return Ok(Envelope::Plain.success(Some(reference))),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(_) => core.reload_directory().await?,
        }
    }
    Err(Refusal::new(
        Code::WrongState,
        "The settings are being written by other sessions of yours; repeat the request.",
    ))
}

/// Returns a change that is made only while the user is one who may: what is theirs is removed
/// with them, and nobody would remove what came later.
pub(crate) fn while_enabled(me: &Me, directory: &Directory) -> Result<ChangeSet, Refusal> {
    if directory.user(me.center(), me.id()).is_none_or(|user| !user.enabled) {
        return Err(Refusal::not_authenticated());
    }
    Ok(ChangeSet {
        checks: vec![directory.check(Key::User(me.id()))],
        directory: Some(directory.guard(me.center(), Extent::Checked)),
        ..ChangeSet::default()
    })
}
