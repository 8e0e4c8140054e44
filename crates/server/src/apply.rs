//! `handoff apply`: the center file goes to the server that serves, by the socket in its data
//! directory or by its address, or into the store that no server has.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use bytes::BytesMut;
use handoff_api::center::{Application, Line};
use handoff_api::password::FilePasswords;
use handoff_engine::{Clock as _, SystemClock, SystemIds};
use handoff_provision::{By, CenterFile, Outcome, Told, Unnamed, Way};
use handoff_store::{AuditTool, Store};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::cli::Apply;
use crate::config::Config;
use crate::runtime::block_on;
use crate::serving::{LOST, Serving};
use crate::stored::Stored;
use crate::{output, run, telemetry};

/// Most bytes of one line of the answer: a difference names every field that changes.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Applies a file.
///
/// # Errors
///
/// When it is wrong, or could not be applied.
pub(crate) fn apply(options: &Apply) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.configured.config.as_deref())?;
    telemetry::start(&config.log)?;
    let file = CenterFile::read(&options.file)?;
    block_on(async {
        match Serving::find(&config.store.path, &options.elsewhere).await? {
            Some(serving) => hand_over(serving, &application(&file, options)?).await,
            None => apply_to_store(&config, &file, options).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn apply_to_store(config: &Config, file: &CenterFile, options: &Apply) -> anyhow::Result<()> {
    let stored = Stored::open(&config.store).await?;
    let result = apply_to(config, &stored.store(), file, options).await;
    stored.close().await;
    result
}

async fn apply_to(
    config: &Config,
    store: &Arc<dyn Store>,
    file: &CenterFile,
    options: &Apply,
) -> anyhow::Result<()> {
    let unnamed = if options.prune { Unnamed::Prune } else { Unnamed::Keep };
    let passwords = FilePasswords::new(variables(file)?);
    let plan = file.plan(&**store, &SystemIds::default(), &passwords, unnamed).await?;
    let engine = match unnamed {
        Unnamed::Prune if !options.dry_run => Some(run::engine_alone(config, store.clone()).await?),
        Unnamed::Prune | Unnamed::Keep => None,
    };
    let way = match &engine {
        _ if options.dry_run => Way::DryRun,
        None => Way::Write(&**store),
        Some(engine) => Way::PassOn { engine, work_to: &options.work_to },
    };
    let by = By::operator(SystemClock::default().now(), AuditTool::Apply);
    let outcome = plan.carry_out(way, by, &heard).await;
    if let Some(engine) = engine {
        engine.stop().await;
    }
    ended(outcome?);
    Ok(())
}

fn heard(told: Told) {
    match told {
        Told::Warning(text) => output::warn(text),
        Told::Difference(text) => output::say(text.trim_end()),
        Told::Progress { done, of } => {
            output::progress(format_args!("{done} of {of} changes are made"));
        }
    }
}

fn ended(outcome: Outcome) {
    match outcome {
        Outcome::Applied { passed_on } => {
            if passed_on > 0 {
                output::say(format_args!("interactions that were passed on: {passed_on}"));
            }
            output::say("applied");
        }
        // The difference said so.
        Outcome::Unchanged => {}
        Outcome::DryRun => output::say("dry run: nothing was changed"),
    }
}

/// Returns the values of the variables that a file names, as far as they are set here.
fn variables(file: &CenterFile) -> anyhow::Result<BTreeMap<String, String>> {
    let named = file.variables()?.into_iter();
    Ok(named.filter_map(|name| Some((name.clone(), std::env::var(name).ok()?))).collect())
}

fn application(file: &CenterFile, options: &Apply) -> anyhow::Result<Application> {
    Ok(Application {
        name: file.name().to_owned(),
        text: file.text().to_owned(),
        passwords: variables(file)?,
        prune: options.prune,
        work_to: options.work_to.clone(),
        dry_run: options.dry_run,
    })
}

/// Sends the file to a server and says what that says.
async fn hand_over(mut serving: Serving, application: &Application) -> anyhow::Result<()> {
    let answer = serving.post(serde_json::to_vec(application)?).await?;
    ended(listen(answer).await?.context(LOST)?);
    Ok(())
}

/// Says the lines of an answer as they come; returns how it ended, `None` when that was not said.
async fn listen(mut body: Incoming) -> anyhow::Result<Option<Outcome>> {
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.context(LOST)?.into_data() else { continue };
        kept.extend_from_slice(&data);
        while let Some(end) = kept.iter().position(|byte| *byte == b'\n') {
            match serde_json::from_slice(&kept.split_to(end + 1))? {
                Line::Told(told) => heard(told),
                Line::Outcome(outcome) => return Ok(Some(outcome)),
                Line::Failed(why) => bail!(why),
            }
        }
        ensure!(kept.len() <= LINE_BYTES_MAX, "the answer is not as expected");
    }
    Ok(None)
}
