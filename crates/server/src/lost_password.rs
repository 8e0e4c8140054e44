//! `handoff password`: another password for somebody who is locked out, by the server that serves
//! or in the store that no server has.

use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use handoff_api::lost_password::{LostPassword, MadePassword, PATH, make};
use handoff_engine::{Clock as _, IdSource as _, SystemClock, SystemIds};
use http_body_util::BodyExt as _;

use crate::cli;
use crate::config::Config;
use crate::runtime::block_on;
use crate::serving::{LOST, Serving};
use crate::stored::Stored;
use crate::{output, telemetry};

/// Replaces a password, and says which it is.
///
/// # Errors
///
/// When there is no such user, or it could not be stored.
pub(crate) fn replace(options: &cli::Password) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.configured.config.as_deref())?;
    telemetry::start(&config.log)?;
    let lost = LostPassword { user_name: options.user.clone() };
    let made = block_on(async {
        match Serving::here(&config.store.path).await? {
            Some(serving) => ask(serving, &lost).await,
            None => store(&config, &lost).await,
        }
    })?;
    output::say(made.password);
    output::progress(format_args!(
        "that is the password of {:?} until they sign in and choose one of their own; whatever was \
         signed in with the old one is not any more",
        lost.user_name
    ));
    Ok(ExitCode::SUCCESS)
}

async fn ask(mut serving: Serving, lost: &LostPassword) -> anyhow::Result<MadePassword> {
    let answer = serving.post_at(PATH, serde_json::to_vec(lost)?).await?;
    let text = answer.collect().await.context(LOST)?.to_bytes();
    serde_json::from_slice(&text).context("the answer is not as expected")
}

async fn store(config: &Config, lost: &LostPassword) -> anyhow::Result<MadePassword> {
    let directory = config.store.path.display();
    let is_there = Stored::exists(&config.store);
    ensure!(is_there, "there is no store in {directory}; name the server's file with --config");
    let stored = Stored::open(&config.store).await?;
    let (random, now) = (SystemIds::default().random(), SystemClock::default().now());
    let made = make(&*stored.store(), lost, random, now).await;
    stored.close().await;
    Ok(made?)
}
