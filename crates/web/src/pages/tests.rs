use std::fs;

use super::*;

fn directory() -> (tempfile::TempDir, Pages) {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("dist/chat")).unwrap();
    fs::write(home.path().join("dist/chat/widget.js"), "first").unwrap();
    fs::write(home.path().join("secret.html"), "outside").unwrap();
    let pages = Pages::in_directory(home.path().join("dist"));
    (home, pages)
}

#[test]
fn a_page_of_a_directory_has_its_type_and_a_tag_that_changes_with_it() {
    let (home, pages) = directory();
    let first = pages.page("chat/widget.js").unwrap();
    assert_eq!(first.content_type, "text/javascript; charset=utf-8");
    assert_eq!(&*first.bytes, b"first");
    assert!(
        first.etag.starts_with('"')
            && first.etag.ends_with('"')
            && first.etag.len() == 2 + 2 * TAG_BYTES
    );
    assert_eq!(pages.page("chat/widget.js").unwrap().etag, first.etag);
    fs::write(home.path().join("dist/chat/widget.js"), "second").unwrap();
    assert_ne!(pages.page("chat/widget.js").unwrap().etag, first.etag);
}

#[test]
fn what_was_packed_ahead_has_the_type_of_what_is_in_it_and_a_tag_of_its_own() {
    let (home, pages) = directory();
    assert_eq!(pages.packed("chat/widget.js", Packing::Gzip), None);
    fs::write(home.path().join("dist/chat/widget.js.gz"), "packed").unwrap();
    let packed = pages.packed("chat/widget.js", Packing::Gzip).unwrap();
    assert_eq!(packed.content_type, "text/javascript; charset=utf-8");
    assert_eq!(&*packed.bytes, b"packed");
    assert_ne!(packed.etag, pages.page("chat/widget.js").unwrap().etag);
    assert_eq!(pages.packed("chat/widget.js", Packing::Brotli), None);
    assert_eq!(pages.packed("../secret.html", Packing::Gzip), None);
}

#[test]
fn other_paths_are_none() {
    let (home, pages) = directory();
    let absolute = home.path().join("secret.html");
    let outside = [
        "../secret.html",
        "chat/../../secret.html",
        "./chat/widget.js",
        absolute.to_str().unwrap(),
    ];
    for path in
        ["", "chat", "chat/", "chat/WIDGET.JS", "chat/widget.js.map"].into_iter().chain(outside)
    {
        assert_eq!(pages.page(path), None, "{path}");
    }
}

#[cfg(feature = "pages")]
mod carried {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn every_file_is_there_with_its_type() {
        for (path, content_type, part) in [
            ("chat/widget.js", "text/javascript; charset=utf-8", "handoff-chat"),
            ("chat/demo.html", "text/html; charset=utf-8", "/chat/widget.js"),
            ("chat/demo.css", "text/css; charset=utf-8", ".hero"),
        ] {
            let found =
                Pages::of_this_build().page(path).unwrap_or_else(|| panic!("{path} is missing"));
            assert_eq!(found.content_type, content_type);
            assert!(
                std::str::from_utf8(&found.bytes).unwrap().contains(part),
                "{path} holds something else"
            );
        }
    }

    #[test]
    fn nothing_stands_on_a_page_that_its_policy_blocks() {
        for path in
            ["chat/demo.html", "desk/depth-1.html", "desk/depth-2.html", "desk/depth-3.html"]
        {
            let page = Pages::of_this_build().page(path).unwrap().bytes;
            let page = std::str::from_utf8(&page).unwrap();
            for blocked in
                [" style=", "<style", " onload=", " onclick=", "<script>", "http://", "https://"]
            {
                assert!(
                    !page.contains(blocked),
                    "the policy keeps {blocked} of {path} from working"
                );
            }
        }
    }

    #[test]
    fn all_that_the_desk_loads_first_is_there_and_packed() {
        let pages = Pages::of_this_build();
        let page = pages.page("desk/depth-1.html").unwrap().bytes;
        let page = std::str::from_utf8(&page).unwrap();
        let files: Vec<&str> =
            page.split("=\"./").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(files.len() >= 3, "{files:?}");
        for file in files {
            let path = format!("desk/{file}");
            let plain = pages.page(&path).unwrap_or_else(|| panic!("{path} is missing"));
            for packing in Packing::ALL {
                let Some(packed) = pages.packed(&path, packing) else {
                    assert!(plain.bytes.len() < 512, "{path} is not packed");
                    continue;
                };
                assert_eq!(packed.content_type, plain.content_type, "{path}");
                assert!(packed.bytes.len() < plain.bytes.len(), "{path}");
            }
        }
    }

    #[test]
    fn the_script_is_small_and_needs_no_evaluation() {
        let script = Pages::of_this_build().page("chat/widget.js").unwrap().bytes;
        let text = std::str::from_utf8(&script).unwrap();
        for forbidden in
            ["eval(", "new Function", "innerHTML", "insertAdjacentHTML", "document.write"]
        {
            assert!(!text.contains(forbidden), "{forbidden} is in the widget");
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&script).unwrap();
        assert!(packed.finish().unwrap().len() <= 60 * 1_024, "the widget is over 60 KiB");
    }
}
