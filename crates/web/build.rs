//! Says in one sentence that there is nothing to carry, before a macro says it in many. It builds
//! nothing.

use std::env;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_PAGES").is_none() {
        return ExitCode::SUCCESS;
    }
    println!("cargo::rerun-if-changed=../../web/dist");
    let is_built = |page| Path::new("../../web/dist").join(page).exists();
    if !["chat/widget.js", "desk/depth-1.html"].into_iter().all(is_built) {
        println!(
            "cargo::error=the pages are not built: run `cargo xtask web`, or build without `pages`"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
