//! How long finished work is kept: everybody sees it, and admins change it.

use std::collections::BTreeMap;

use axum::extract::State;
use handoff_domain::Value;
use handoff_provision::{Editor, RetentionDescription, RetentionFault, TimeSpan};
use handoff_store::Key;
use serde_json::json;

use crate::administration::{Changes, Described, change, done};
use crate::caller::{Admin, AnyUser};
use crate::commands::Answer;
use crate::error::{Code, Refusal, quoted};
use crate::idempotency::Retry;
use crate::shared::Shared;
use crate::wire::envelope::JsonText;
use crate::wire::fields::Fields;

/// What a body says of how long finished work is kept.
pub(crate) struct OfRetention(RetentionDescription);

impl Described for OfRetention {
    const NEEDED: &'static [&'static str] = &["retention"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let mut said = RetentionDescription::default();
        let given = fields.map("retention")?.ok_or_else(|| fields.missing("retention"))?;
        for (channel, seconds) in given {
            let seconds = match seconds {
                Value::Integer(seconds) => u64::try_from(*seconds).ok(),
                _ => None,
            };
            let wrong = || {
                Refusal::invalid(
                    "The field retention must be an object of seconds by channel; correct it.",
                )
            };
            let ms = seconds.and_then(|seconds| seconds.checked_mul(1_000)).ok_or_else(wrong)?;
            said.0.insert(channel.clone(), TimeSpan::from_ms(ms));
        }
        match said.fault() {
            Some(RetentionFault { channel, fault }) => {
                let sentence =
                    format!("The retention of {} cannot be so: {fault}.", quoted(&channel));
                Err(Refusal::new(Code::Invalid, sentence))
            }
            None => Ok(Self(said)),
        }
    }
}

/// `GET /settings/retention`: how long finished work is kept, in seconds by channel.
pub(crate) async fn get(State(shared): State<Shared>, AnyUser(me): AnyUser) -> Answer {
    let directory = shared.engine().core().directory();
    let center = directory.centers.get(&me.center());
    let kept = center.map(|center| center.retention_ms.iter()).into_iter().flatten();
    let kept: BTreeMap<&str, u64> = kept.map(|(media, ms)| (media.name(), ms / 1_000)).collect();
    let version = directory.version(&Key::Center(me.center()));
    Ok(JsonText::of(&json!({"statusCode": 0, "version": version, "retention": kept})))
}

/// `PUT /settings/retention`
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes<OfRetention>,
    retry: Retry,
    Admin(me): Admin,
) -> Answer {
    let decide = |center: &Editor<'_>| {
        let link = shared.url().link("/settings/retention".to_owned());
        changes.expect_same(center, &Key::Center(me.center()), &link)?;
        if let Some(channel) = center.channel_without_queue(&changes.said.0) {
            let sentence =
                format!("No queue has the channel {}; check the name.", quoted(&channel));
            return Err(Refusal::invalid(sentence));
        }
        Ok(center.change_retention(changes.said.0.by_media()))
    };
    change(&shared, &me, &retry, done(), decide).await
}
