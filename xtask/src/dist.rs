//! `dist`: a Debian package, a tarball, and a list of what the program is made of.
//!
//! The package is put together by `dpkg-deb` from a directory of files, because that is on every
//! machine with packages; what is in it is below `packaging`.

mod contents;

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::{cargo, target, web};

const MAINTAINER: &str = "Handoff developers <handoff@localhost>";
const SUMMARY: &str = "contact-center server: interactions, agents, queues";

/// What can be chosen.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    /// Package the development build that is there, to try how it is packaged.
    #[arg(long)]
    built: bool,
    /// Install it in a root of its own, start it there, and take it out again.
    #[arg(long = "try")]
    is_tried: bool,
}

/// Packages the development build that is there, and tries the package.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn try_built(root: &Path) -> Result<()> {
    run(root, Options { built: true, is_tried: true })
}

/// Makes all of them, in `target/dist`.
///
/// # Errors
///
/// When something does not build, or the package cannot be installed and started.
pub(crate) fn run(root: &Path, options: Options) -> Result<()> {
    let profile = target(root).join(if options.built { "debug" } else { "release" });
    if !options.built {
        web::build(root)?;
        println!("building handoff (release; some minutes the first time)…");
        let mut command = cargo(root);
        command.args(["build", "--release", "--locked", "--package", "handoff-server"]);
        let command = command.args(["--features", "pages", "--bin", "handoff", "--example"]);
        succeed(command.arg("manual"))?;
    }
    let made = target(root).join("dist");
    remove(&made)?;
    let staged = made.join("root");
    stage(root, &profile, &staged)?;
    let version = env!("CARGO_PKG_VERSION");
    let architecture = said(Command::new("dpkg").arg("--print-architecture"))?;
    let name = format!("handoff_{version}_{architecture}");
    let tarball = made.join(format!("{name}.tar.gz"));
    succeed(
        Command::new("tar")
            .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"])
            .args(["--use-compress-program", if options.built { "gzip -1" } else { "gzip -9n" }])
            .arg("--create")
            .arg("--file")
            .arg(&tarball)
            .arg("--directory")
            .arg(&staged)
            .args(["etc", "usr"]),
    )?;
    let package = made.join(format!("{name}.deb"));
    debian(root, &staged, version, &architecture)?;
    succeed(
        Command::new("dpkg-deb")
            .args(["--root-owner-group", if options.built { "-Zgzip" } else { "-Zxz" }])
            .args(["-z", if options.built { "1" } else { "6" }])
            .arg("--build")
            .args([&staged, &package]),
    )?;
    let contents = made.join(format!("{name}.cdx.json"));
    fs::write(&contents, contents::list(root, version)?)?;
    for file in [&package, &tarball, &contents] {
        println!("{} ({} kB)", file.display(), fs::metadata(file)?.len() / 1_000);
    }
    if options.is_tried { try_out(root, &package) } else { Ok(()) }
}

/// Puts everything where it belongs on a machine.
fn stage(root: &Path, profile: &Path, staged: &Path) -> Result<()> {
    let program = profile.join("handoff");
    ensure!(program.exists(), "{} is not there; build it first", program.display());
    copy(&program, &staged.join("usr/bin/handoff"), 0o755)?;
    let manual = staged.join("manual");
    succeed(Command::new(profile.join("examples/manual")).arg(&manual))?;
    let share = staged.join("usr/share");
    for entry in fs::read_dir(manual.join("man1"))? {
        let path = entry?.path();
        let to = share.join("man/man1").join(path.file_name().context("a page has a name")?);
        copy(&path, &to, 0o644)?;
        succeed(Command::new("gzip").args(["-9n"]).arg(to))?;
    }
    for (from, to) in [
        ("handoff.bash", "bash-completion/completions/handoff"),
        ("_handoff", "zsh/vendor-completions/_handoff"),
        ("handoff.fish", "fish/vendor_completions.d/handoff.fish"),
    ] {
        copy(&manual.join(from), &share.join(to), 0o644)?;
    }
    remove(&manual)?;
    for (from, to) in [
        ("packaging/handoff.service", "usr/lib/systemd/system/handoff.service"),
        ("packaging/handoff-backup.service", "usr/lib/systemd/system/handoff-backup.service"),
        ("packaging/handoff-backup.timer", "usr/lib/systemd/system/handoff-backup.timer"),
        ("packaging/handoff.sysusers", "usr/lib/sysusers.d/handoff.conf"),
        ("packaging/handoff.tmpfiles", "usr/lib/tmpfiles.d/handoff.conf"),
        ("LICENSE", "usr/share/doc/handoff/copyright"),
        ("CHANGELOG.md", "usr/share/doc/handoff/CHANGELOG.md"),
    ] {
        copy(&root.join(from), &staged.join(to), 0o644)?;
    }
    for entry in fs::read_dir(root.join("config"))? {
        let path = entry?.path();
        let name = path.file_name().context("an example has a name")?;
        copy(&path, &share.join("doc/handoff/examples").join(name), 0o644)?;
    }
    let example = fs::read_to_string(root.join("config/handoff.example.toml"))?;
    let path = "path = \"handoff-data\"";
    ensure!(example.contains(path), "the example's store.path is not the one that is replaced");
    let configured = example.replace(path, "path = \"/var/lib/handoff\"");
    write(&staged.join("etc/handoff/handoff.toml"), &configured, 0o640)
}

/// Writes what the package manager wants to know.
fn debian(root: &Path, staged: &Path, version: &str, architecture: &str) -> Result<()> {
    let debian = staged.join("DEBIAN");
    for script in ["postinst", "prerm", "postrm"] {
        copy(&root.join("packaging/debian").join(script), &debian.join(script), 0o755)?;
    }
    write(&debian.join("conffiles"), "/etc/handoff/handoff.toml\n", 0o644)?;
    // Whatever the umask of whoever builds it.
    succeed(Command::new("chmod").arg("-R").arg("u=rwX,go=rX").arg(staged.join("usr")))?;
    succeed(Command::new("chmod").args(["755"]).args([staged, &staged.join("etc"), &debian]))?;
    succeed(Command::new("chmod").args(["755"]).arg(staged.join("etc/handoff")))?;
    let kilobytes = said(Command::new("du").args(["-sk", "--exclude=DEBIAN"]).arg(staged))?;
    let kilobytes = kilobytes.split_whitespace().next().unwrap_or("0");
    let libraries = libraries(staged)?;
    let control = format!(
        "Package: handoff\n\
         Version: {version}\n\
         Architecture: {architecture}\n\
         Maintainer: {MAINTAINER}\n\
         Section: net\n\
         Priority: optional\n\
         Installed-Size: {kilobytes}\n\
         Depends: {libraries}, ca-certificates, systemd\n\
         Suggests: postgresql, nats-server, clamav-daemon\n\
         Description: {SUMMARY}\n \
         Gets every customer interaction (e-mail, chat, work item) to exactly one agent, and\n \
         never loses it. One program with an embedded store, or the same program on several\n \
         machines over PostgreSQL.\n"
    );
    write(&debian.join("control"), &control, 0o644)
}

/// Returns the packages that have the libraries which the program is linked to.
fn libraries(staged: &Path) -> Result<String> {
    // It looks for a source package where it is called.
    let place = tempfile::tempdir()?;
    write(
        &place.path().join("debian/control"),
        "Source: handoff\n\nPackage: handoff\nArchitecture: any\n",
        0o644,
    )?;
    let program = fs::canonicalize(staged.join("usr/bin/handoff"))?;
    let said = said(
        Command::new("dpkg-shlibdeps").current_dir(place.path()).arg("-O").arg("-e").arg(program),
    )?;
    let found = said.strip_prefix("shlibs:Depends=").context("dpkg-shlibdeps says nothing")?;
    Ok(found.to_owned())
}

/// Installs a package in a root that nothing but the package manager is in, and builds an image on
/// what that root was before.
fn try_out(root: &Path, package: &Path) -> Result<()> {
    // The machine's own release: the package needs its C library, or a later one.
    let release = fs::read_to_string("/etc/os-release").context("read /etc/os-release")?;
    let named = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let release = named.context("/etc/os-release names no VERSION_CODENAME")?.trim_matches('"');
    println!("installing it in a root of its own ({release})…");
    let script = root.join("packaging/try.sh");
    let base = package.with_file_name("base.tar");
    let kept = format!(
        "tar --create --one-file-system --file '{}' --exclude=./dev --exclude=./proc \
         --exclude=./sys --directory \"$1\" .",
        base.display()
    );
    let tried = format!("'{}' \"$1\" '{}'", script.display(), package.display());
    let mut command = Command::new("mmdebstrap");
    command.args(["--quiet", "--variant=apt", "--include=systemd,ca-certificates"]);
    command.args([kept, tried].map(|hook| format!("--customize-hook={hook}")));
    succeed(command.args([release, "/dev/null"]))?;
    println!("building an image of it…");
    let mut command = Command::new("bash");
    command.arg(root.join("packaging/try-image.sh")).arg(&base);
    let built = succeed(command.arg(base.with_file_name("")));
    // It would be in the next one's way.
    let removed = fs::remove_file(&base).with_context(|| format!("remove {}", base.display()));
    built.and(removed)
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let above = to.parent().context("a file is in a directory")?;
    fs::create_dir_all(above).with_context(|| format!("make {}", above.display()))?;
    fs::copy(from, to).with_context(|| format!("copy {}", from.display()))?;
    Ok(fs::set_permissions(to, Permissions::from_mode(mode))?)
}

fn write(to: &Path, text: &str, mode: u32) -> Result<()> {
    let above = to.parent().context("a file is in a directory")?;
    fs::create_dir_all(above).with_context(|| format!("make {}", above.display()))?;
    fs::File::create(to)?.write_all(text.as_bytes())?;
    Ok(fs::set_permissions(to, Permissions::from_mode(mode))?)
}

fn remove(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory).with_context(|| format!("remove {}", directory.display()))?;
    }
    Ok(())
}

fn succeed(command: &mut Command) -> Result<()> {
    let name = PathBuf::from(command.get_program());
    let status = command.stdin(Stdio::null()).status();
    let status = status.with_context(|| format!("run {}", name.display()))?;
    ensure!(status.success(), "{} failed", name.display());
    Ok(())
}

fn said(command: &mut Command) -> Result<String> {
    let name = PathBuf::from(command.get_program());
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("run {}", name.display()))?;
    ensure!(output.status.success(), "{} failed", name.display());
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
