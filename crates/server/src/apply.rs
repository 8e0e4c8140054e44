//! `handoff apply`: the center file goes to the server that serves, by the socket in its data
//! directory or by its address, or into the store that no server has.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use handoff_api::center::{Application, Line, PATH};
use handoff_api::password::FilePasswords;
use handoff_engine::{Clock as _, SystemClock, SystemIds};
use handoff_mail::tls::{Endpoint, Security, Trust};
use handoff_provision::{By, CenterFile, Outcome, Told, Unnamed, Way};
use handoff_store::Store;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use crate::cli::Apply;
use crate::config::Config;
use crate::runtime::block_on;
use crate::stored::Stored;
use crate::{local, output, run, telemetry};

/// What is said when the server is gone: what it had begun may be done.
const LOST: &str = "the connection to the server was lost; run it again to do what is left";
/// Where the password of `--user` may be, beside a file.
const PASSWORD_VARIABLE: &str = "HANDOFF_PASSWORD";
/// How long connecting to a server may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of a refusal that are read.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;
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
        if let Some(url) = &options.url {
            return apply_at(url, &file, options).await;
        }
        let directory = &config.store.path;
        let socket = local::connect(directory).await.with_context(|| {
            format!("the server that serves {} cannot be spoken to", directory.display())
        })?;
        match socket {
            Some(socket) => {
                let request = hyper::Request::post(PATH).header(HOST, "localhost");
                ask(socket, request, application(&file, options)?).await
            }
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
    let by = By::operator(SystemClock::default().now());
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

async fn apply_at(url: &str, file: &CenterFile, options: &Apply) -> anyhow::Result<()> {
    let url = Url::parse(url).with_context(|| format!("--url: {url:?} is no address"))?;
    let host = url.host_str().with_context(|| format!("--url: {url} names no server"))?;
    let security = match url.scheme() {
        "https" => Security::Tls,
        "http" => Security::PlainOnLoopback,
        other => {
            bail!("--url: {other} is not spoken here; expected https, or http on this machine")
        }
    };
    let endpoint = Endpoint {
        host: host.to_owned(),
        port: url.port_or_known_default().context("--url: the address has no port")?,
        security,
        trust: Some(Trust::system()?),
    };
    let credentials = BASE64_STANDARD.encode(format!("{}:{}", user(options)?, password(options)?));
    let root = url.path().trim_end_matches('/');
    let request = hyper::Request::post(format!("{root}{}{PATH}", handoff_api::routes::ROOT))
        .header(HOST, &url[url::Position::BeforeHost..url::Position::AfterPort])
        .header(AUTHORIZATION, format!("Basic {credentials}"));
    let stream = endpoint.open(PATIENCE).await;
    let stream = stream.with_context(|| format!("--url: {url} cannot be reached"))?;
    ask(stream, request, application(file, options)?).await
}

fn user(options: &Apply) -> anyhow::Result<&str> {
    options.user.as_deref().context("--url needs --user, the name of an admin")
}

/// Reads the password of `--user`. It is no argument: everybody on the machine sees those.
fn password(options: &Apply) -> anyhow::Result<String> {
    if let Some(file) = &options.password_file {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("--password-file: {} cannot be read", file.display()))?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    let missing =
        || format!("--url needs a password: set {PASSWORD_VARIABLE} or name a --password-file");
    std::env::var(PASSWORD_VARIABLE).with_context(missing)
}

/// Sends the file to a server and says what that says.
async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: hyper::http::request::Builder,
    application: Application,
) -> anyhow::Result<()> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.context(LOST)?;
    let talking = tokio::spawn(connection);
    let body = Full::new(Bytes::from(serde_json::to_vec(&application)?));
    let request = request.header(CONTENT_TYPE, "application/json").body(body)?;
    let answer = sender.send_request(request).await.context(LOST)?;
    if !answer.status().is_success() {
        let status = answer.status();
        let text = Limited::new(answer.into_body(), REFUSAL_BYTES_MAX).collect().await;
        let text = text.map(|text| text.to_bytes()).unwrap_or_default();
        bail!("the server answered {status}: {}", refusal(&text));
    }
    let outcome = listen(answer.into_body()).await;
    talking.abort();
    ended(outcome?.context(LOST)?);
    Ok(())
}

/// Returns the sentence of a refusal.
fn refusal(text: &[u8]) -> String {
    let parsed = serde_json::from_slice::<serde_json::Value>(text).ok();
    let sentence = parsed.as_ref().and_then(|refusal| refusal["statusMessage"].as_str());
    sentence.map_or_else(|| String::from_utf8_lossy(text).into_owned(), str::to_owned)
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
