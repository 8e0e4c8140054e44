//! The table, and which goals were met.

use super::Options;
use super::servers::Kind;
use handoff_testkit::Transport;

/// What a session without work costs.
pub(super) struct Idle {
    /// Growth of the resident memory from no session to all, per session, in KiB.
    pub(super) growth_kib: f64,
    /// The same from the first thousand to all.
    pub(super) slope_kib: f64,
}

pub(super) struct Deliveries {
    /// The server's processor time for one, in µs.
    pub(super) cpu_us: f64,
    /// How many there were in a second.
    pub(super) per_second: f64,
    /// From the publication to the delivery, or to the last one when fanned out, in ms.
    pub(super) p50_ms: f64,
    /// The same, of the slowest hundredth.
    pub(super) p99_ms: f64,
    /// How much of their processor the clients used: near 1, rates and times say more about them
    /// than about the server.
    pub(super) clients_load: f64,
}

/// A server on one transport.
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) transport: Transport,
    pub(super) agents: usize,
    pub(super) idle: Idle,
    pub(super) one_to_one: Option<Deliveries>,
    pub(super) fan_out: Option<Deliveries>,
}

/// A figure to be compared: its name, its unit, how it is read, and the goal on each transport.
struct Figure {
    name: &'static str,
    unit: &'static str,
    read: fn(&Row) -> Option<f64>,
    long_polling: f64,
    websocket: f64,
}

/// The goals of the crate alone.
const FIGURES: [Figure; 3] = [
    Figure {
        name: "idle session",
        unit: "KiB",
        read: |row| Some(row.idle.growth_kib),
        long_polling: 10.0,
        websocket: 8.0,
    },
    Figure {
        name: "one-to-one delivery",
        unit: "us of CPU",
        read: |row| row.one_to_one.as_ref().map(|work| work.cpu_us),
        long_polling: 45.0,
        websocket: 20.0,
    },
    Figure {
        name: "fanned-out delivery",
        unit: "us of CPU",
        read: |row| row.fan_out.as_ref().map(|work| work.cpu_us),
        long_polling: 22.0,
        websocket: 11.0,
    },
];

/// Prints the table and the goals.
pub(super) fn print(rows: &[Row], options: &Options) {
    println!(
        "\nmedians of {} rounds of {} ms; CPU is the server's; (load) is how busy the clients' processor was",
        options.rounds, options.round_ms
    );
    println!(
        "                                              idle KiB/session      one-to-one                              fanned out"
    );
    println!(
        "{:<27}{:<13}{:>7}{:>9}{:>8}{:>9}{:>9}{:>9}{:>9}{:>8}{:>9}{:>9}{:>10}{:>8}",
        "server",
        "transport",
        "N",
        "growth",
        "slope",
        "CPU us",
        "per s",
        "p50 ms",
        "p99 ms",
        "(load)",
        "CPU us",
        "per s",
        "to all ms",
        "(load)"
    );
    for row in rows {
        print!(
            "{:<27}{:<13}{:>7}{:>9.1}{:>8.1}",
            row.kind.name(),
            row.transport.name(),
            row.agents,
            row.idle.growth_kib,
            row.idle.slope_kib
        );
        if let Some(work) = &row.one_to_one {
            print!(
                "{:>9.1}{:>9.0}{:>9.2}{:>9.2}{:>8.2}",
                work.cpu_us, work.per_second, work.p50_ms, work.p99_ms, work.clients_load
            );
        }
        if let Some(work) = &row.fan_out {
            print!(
                "{:>9.1}{:>9.0}{:>10.0}{:>8.2}",
                work.cpu_us, work.per_second, work.p50_ms, work.clients_load
            );
        }
        println!();
    }
    println!();
    for row in rows.iter().filter(|row| row.kind == Kind::Handoff) {
        for figure in &FIGURES {
            print_goal(rows, row, figure);
        }
    }
}

/// Prints how one figure of the crate stands to its goal, to the floor and to the best of the other
/// servers.
fn print_goal(rows: &[Row], own: &Row, figure: &Figure) {
    let Some(value) = (figure.read)(own) else { return };
    let goal = match own.transport {
        Transport::LongPolling => figure.long_polling,
        Transport::WebSocket => figure.websocket,
    };
    let same = rows.iter().filter(|row| row.transport == own.transport);
    let floor = same.clone().find(|row| row.kind == Kind::Floor).and_then(figure.read);
    let peer = same.filter(|row| row.kind.is_peer()).filter_map(figure.read).min_by(f64::total_cmp);
    let beside = |what: &str, other: Option<f64>| {
        other.map(|other| format!("; {what} {other:.1}")).unwrap_or_default()
    };
    let ahead = match peer {
        Some(peer) if value < peer => ", ahead",
        Some(_) => ", NOT AHEAD",
        None => "",
    };
    println!(
        "{} over {}: {value:.1} {}, goal {goal:.0}: {}{}{}{ahead}",
        figure.name,
        own.transport.name(),
        figure.unit,
        if value <= goal { "met" } else { "MISSED" },
        beside("floor", floor),
        beside("best other server", peer)
    );
}
