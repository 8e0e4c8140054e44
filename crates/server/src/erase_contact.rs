//! `handoff erase-contact`: has a server erase a contact.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use handoff_api::erasures::{ByOperator, PATH};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::cli::EraseContact;
use crate::config::Config;
use crate::runtime::block_on;
use crate::serving::{LOST, Serving};
use crate::{output, telemetry};

/// Has a contact erased, or counts what there is of them, and prints what the server says.
///
/// # Errors
///
/// When no server serves the store, or it refuses.
pub(crate) fn erase(options: &EraseContact) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.configured.config.as_deref())?;
    telemetry::start(&config.log)?;
    let answer = block_on(async {
        match Serving::find(&config.store.path, &options.elsewhere).await? {
            Some(serving) => ask(serving, options).await,
            None => bail!(
                "no server serves the store in {}, and a server is what erases: start it, and run \
                 this again",
                config.store.path.display()
            ),
        }
    })?;
    output::say(format!("{:#}", answer["erasure"]));
    if !options.dry_run {
        output::progress(format_args!(
            "the server goes on with it; the receipt will be in the audit, and at \
             /api/v2/ucs/contacts/{}/erasure",
            options.contact
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(mut serving: Serving, options: &EraseContact) -> anyhow::Result<Value> {
    let EraseContact { contact, center, dry_run, .. } = options;
    let answer = if serving.is_here() {
        let (contact, center) = (contact.clone(), center.clone());
        let by = ByOperator { contact, center, dry_run: *dry_run };
        serving.post_at(PATH, serde_json::to_vec(&by)?).await?
    } else {
        let id: String = byte_serialize(contact.as_bytes()).collect();
        let body = json!({"operationName": "Erase", "dryRun": dry_run});
        serving.post_to(&format!("/ucs/contacts/{id}"), body.to_string().into()).await?
    };
    let text = answer.collect().await.context(LOST)?.to_bytes();
    serde_json::from_slice(&text).context("the answer is not as expected")
}
