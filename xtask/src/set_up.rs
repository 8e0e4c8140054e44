//! What has to be on the machine. It is looked for before anything is built, and what Debian has is
//! installed where that can be done without asking for a password.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

/// The oldest Node.js that the bundler and the reference clients run on, as major and minor
/// version.
const NODE_MIN: (u32, u32) = (20, 19);
/// The oldest Python 3 that the reference clients run on.
const PYTHON_MINOR_MIN: u32 = 11;

/// What can be chosen.
#[derive(Clone, Copy, Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Install no Debian packages; only say which are missing.
    #[arg(long)]
    no_install: bool,
}

/// How a tool is recognized.
#[derive(Clone, Copy, Debug)]
enum Sign {
    /// A file: only root has all servers' programs on their path.
    File(&'static str),
    /// A command that succeeds.
    Runs(&'static [&'static str]),
}

/// Something that a Debian package brings.
#[derive(Clone, Copy, Debug)]
struct Tool {
    package: &'static str,
    sign: Sign,
}

/// What the build and the tests need beside Rust and Node. `HANDOFF_CHROMIUM` may name another
/// browser.
const FOR_TESTS: &[Tool] = &[
    Tool { package: "dovecot-imapd", sign: Sign::File("/usr/lib/dovecot/imap") },
    Tool { package: "dovecot-lmtpd", sign: Sign::File("/usr/lib/dovecot/lmtp") },
    Tool { package: "postfix", sign: Sign::File("/usr/sbin/postfix") },
    Tool { package: "postgresql", sign: Sign::File("/usr/lib/postgresql") },
    Tool { package: "nats-server", sign: Sign::Runs(&["nats-server", "--version"]) },
    Tool { package: "nginx", sign: Sign::File("/usr/sbin/nginx") },
    Tool { package: "haproxy", sign: Sign::File("/usr/sbin/haproxy") },
    Tool { package: "caddy", sign: Sign::File("/usr/bin/caddy") },
    // A package is put together, and installed in a root of its own.
    Tool { package: "dpkg-dev", sign: Sign::Runs(&["dpkg-shlibdeps", "--version"]) },
    Tool { package: "buildah", sign: Sign::Runs(&["buildah", "--version"]) },
    Tool { package: "mmdebstrap", sign: Sign::Runs(&["mmdebstrap", "--version"]) },
    Tool { package: "curl", sign: Sign::Runs(&["curl", "--version"]) },
    Tool { package: "make", sign: Sign::Runs(&["make", "--version"]) },
    Tool { package: "strace", sign: Sign::Runs(&["strace", "-V"]) },
    Tool { package: "openssl", sign: Sign::Runs(&["openssl", "version"]) },
    Tool { package: "python3", sign: Sign::Runs(&["python3", "--version"]) },
    Tool {
        package: "python3-venv",
        sign: Sign::Runs(&["python3", "-c", "import ensurepip, venv"]),
    },
];
/// The browser of the tests: one that has no windows does less for each page.
const BROWSER: &str = "chromium-headless-shell";
/// What lets somebody who is not root give a mail server users of its own.
const USERS: Tool = Tool { package: "uidmap", sign: Sign::Runs(&["newuidmap"]) };

/// Makes sure that everything is there that the tests need, within seconds, or says what to do.
///
/// # Errors
///
/// When something is missing that may not or cannot be installed here.
pub(crate) fn for_tests(options: Options) -> Result<()> {
    let rust =
        said(&["rustc", "--version"]).context("rustc is missing: install Rust with rustup")?;
    said(&["cargo", "clippy", "--version"])
        .context("clippy is missing: rustup component add clippy")?;
    said(&["cargo", "fmt", "--version"])
        .context("rustfmt is missing: rustup component add rustfmt")?;
    let node = node()?;
    let mut missing: Vec<&str> = missing(FOR_TESTS);
    let browser = std::env::var("HANDOFF_CHROMIUM").unwrap_or_else(|_| BROWSER.to_owned());
    if said(&[&browser, "--version"]).is_err() {
        ensure!(browser == BROWSER, "HANDOFF_CHROMIUM names {browser}, which does not run");
        missing.push(BROWSER);
    }
    if !is_root() && !is_there(USERS.sign) {
        missing.push(USERS.package);
    }
    install(&missing, options)?;
    let python = said(&["python3", "--version"])?;
    ensure!(
        version(&python).1 >= PYTHON_MINOR_MIN,
        "python3 is {python}; 3.{PYTHON_MINOR_MIN} or later is needed"
    );
    println!("{rust}; node {node}; {python}; {}", said(&[&browser, "--version"])?.trim());
    Ok(())
}

/// Makes sure that Node and npm are there, and returns Node's version.
///
/// # Errors
///
/// When one of them is missing or too old.
pub(crate) fn node() -> Result<String> {
    let (major, minor) = NODE_MIN;
    let wanted = format!("install Node.js {major}.{minor} or later with npm (https://nodejs.org)");
    let node =
        said(&["node", "--version"]).with_context(|| format!("node is missing: {wanted}"))?;
    ensure!(version(node.trim_start_matches('v')) >= NODE_MIN, "node is {node}: {wanted}");
    said(&["npm", "--version"]).with_context(|| format!("npm is missing: {wanted}"))?;
    Ok(node)
}

/// Installs packages, if that can be done without asking.
fn install(packages: &[&str], options: Options) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install --no-install-recommends -y {}", packages.join(" "));
    let Some(prefix) = privilege().filter(|_| !options.no_install) else {
        bail!("Debian packages are missing; install them with\n  sudo {line}");
    };
    println!("installing Debian packages: {}", packages.join(" "));
    for words in ["apt-get update -qq", &line] {
        let mut command = Command::new("env");
        let words = prefix
            .iter()
            .copied()
            .chain(["DEBIAN_FRONTEND=noninteractive"])
            .chain(words.split(' '));
        // `env` stands in front of sudo as well, which would drop the variable that was set before
        // it.
        command.args(words).stdin(Stdio::null());
        let status = command.status().context("run apt-get")?;
        ensure!(status.success(), "apt-get failed; install the packages with\n  sudo {line}");
    }
    Ok(())
}

/// Returns what has to stand before a command that root must run, or nothing where that needs a
/// password or there is no apt-get.
fn privilege() -> Option<&'static [&'static str]> {
    if !is_there(Sign::Runs(&["apt-get", "--version"])) {
        return None;
    }
    if is_root() {
        return Some(&[]);
    }
    is_there(Sign::Runs(&["sudo", "-n", "true"])).then_some(&["sudo", "-n", "env"])
}

fn is_root() -> bool {
    said(&["id", "-u"]).is_ok_and(|id| id == "0")
}

fn missing(tools: &[Tool]) -> Vec<&'static str> {
    tools.iter().filter(|tool| !is_there(tool.sign)).map(|tool| tool.package).collect()
}

fn is_there(sign: Sign) -> bool {
    match sign {
        Sign::File(path) => Path::new(path).exists(),
        // Some tools answer a call without arguments with a usage and a failure: they are there all
        // the same.
        Sign::Runs([name]) => {
            Command::new(name).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
        }
        Sign::Runs(words) => said(words).is_ok(),
    }
}

/// Returns the first line that a command says.
fn said(words: &[&str]) -> Result<String> {
    let (name, arguments) = words.split_first().context("a command has a name")?;
    let output = Command::new(name)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("run {name}"))?;
    ensure!(output.status.success(), "{} failed", words.join(" "));
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Reads the first two numbers of a version.
fn version(text: &str) -> (u32, u32) {
    let text = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(version("20.9.0"), (20, 9));
        assert!(version("20.9.0") < NODE_MIN && version("22.1.0") > NODE_MIN);
        assert_eq!(version("Python 3.11.7"), (3, 11));
        assert_eq!(version("none"), (0, 0));
    }

    #[test]
    fn what_is_not_there_is_named_by_its_package() {
        let there = Tool { package: "there", sign: Sign::Runs(&["true", "x"]) };
        let gone = Tool { package: "gone", sign: Sign::Runs(&["no-such-program-at-all"]) };
        let fails = Tool { package: "fails", sign: Sign::Runs(&["false", "x"]) };
        let file = Tool { package: "file", sign: Sign::File("/no/such/file") };
        assert_eq!(missing(&[there, gone, fails, file]), ["gone", "fails", "file"]);
    }

    #[test]
    fn nothing_is_installed_where_that_was_refused() {
        let error = install(&["caddy"], Options { no_install: true }).unwrap_err();
        assert!(
            error.to_string().ends_with("sudo apt-get install --no-install-recommends -y caddy"),
            "{error}"
        );
    }
}
