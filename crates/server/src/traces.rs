//! Traces put together: where they go is configured.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use handoff_engine::{Core, Worker};
use handoff_outgoing::{Client, Limits, Policy};
use handoff_store::tls;
use handoff_traces::{Destination, Traces};
use http::HeaderValue;

use crate::config::Config;
use crate::run::options;

/// What is named when certificates cannot be used.
const AUTHORITIES: &str = "traces.authorities";

/// Makes what sends traces; `None` where there is no collector.
pub(crate) fn sender(config: &Config, core: &Arc<Core>) -> Result<Option<Arc<dyn Worker>>> {
    let traces = &config.traces;
    if traces.endpoint.is_empty() {
        return Ok(None);
    }
    let endpoint = traces.endpoint.parse().context("traces.endpoint is no address")?;
    let authorities = traces.authorities.clone();
    let trust = move || {
        let named = Some(authorities.as_path()).filter(|path| *path != Path::new(""));
        tls::trusting(named, AUTHORITIES)
    };
    // It is the operator's own address.
    let client = Client::new(Policy::new(|_| true), Limits::default(), Box::new(trust));
    let destination =
        Destination { endpoint, authorization: authorization(&traces.authorization_file)?, client };
    let node = options::node_name(config);
    Ok(Some(Arc::new(Traces::new(core.clone(), destination, node))))
}

fn authorization(file: &Path) -> Result<Option<HeaderValue>> {
    if file == Path::new("") {
        return Ok(None);
    }
    let named = || format!("traces.authorization_file {}", file.display());
    let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", named()))?;
    anyhow::ensure!(!text.trim().is_empty(), "{} is empty", named());
    let mut value = HeaderValue::from_str(text.trim())
        .with_context(|| format!("{} holds no value of a header", named()))?;
    value.set_sensitive(true);
    Ok(Some(value))
}
