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
    fn nothing_stands_on_the_demos_page_that_its_policy_blocks() {
        let page = Pages::of_this_build().page("chat/demo.html").unwrap().bytes;
        let page = std::str::from_utf8(&page).unwrap();
        for blocked in
            [" style=", "<style", " onload=", " onclick=", "<script>", "http://", "https://"]
        {
            assert!(!page.contains(blocked), "the policy keeps {blocked} from working");
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
