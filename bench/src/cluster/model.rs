//! What a large center needs, by what was measured.

use clap::Args;

/// How large the center is that the model is for.
#[derive(Clone, Debug, Args)]
pub(crate) struct Size {
    /// How many agents are at work.
    #[arg(long, default_value_t = 48_000)]
    agents: u32,
    /// How many interactions each of them has in an hour.
    #[arg(long, default_value_t = 30)]
    contacts: u32,
    /// How many commits an interaction takes: it comes, is offered, accepted, changed twice and
    /// completed.
    #[arg(long, default_value_t = 6)]
    commands: u32,
    /// What part of its processors a server may be busy with, in per cent.
    #[arg(long, default_value_t = 50)]
    busy: u32,
}

/// What a command takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) per_second: f64,
    pub(super) nodes_us: f64,
    pub(super) database_us: f64,
}

/// Prints what the center needs.
pub(super) fn print(size: &Size, measured: &Measured) {
    let interactions = f64::from(size.agents) * f64::from(size.contacts) / 3_600.0;
    let commands = interactions * f64::from(size.commands);
    let busy = f64::from(size.busy) / 100.0;
    let processors = |each_us: f64| commands * each_us / 1e6 / busy;
    println!(
        "model: {} agents with {} contacts an hour are {interactions:.0} interactions/s, and with {} \
         commands each {commands:.0} commands/s: {:.1} processors for all nodes and {:.1} for the \
         database, busy for {} %; at once it did {:.0}/s",
        size.agents,
        size.contacts,
        size.commands,
        processors(measured.nodes_us),
        processors(measured.database_us),
        size.busy,
        measured.per_second
    );
}
