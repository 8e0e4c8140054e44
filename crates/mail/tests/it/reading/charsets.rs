//! Charsets: said, not said, said wrongly.

use super::{letter, raw};

fn text(fields: &str, body: &[u8], expect: &str) {
    let read = letter(&raw(fields.as_bytes(), body));
    assert_eq!(read.text, expect, "{fields} {}", String::from_utf8_lossy(body));
}

fn plain(charset: &str, body: &[u8], expect: &str) {
    text(&format!("Content-Type: text/plain; charset={charset}"), body, expect);
}

#[test]
fn escape_sequences_are_believed_whatever_the_label() {
    let japanese = b"\x1b$BJVIJ$r$*4j$$\x1b(B";
    text("X: y", japanese, "返品をお願い");
    text("Content-Type: text/plain", japanese, "返品をお願い");
    for label in [
        "us-ascii",
        "utf-8",
        "iso-8859-1",
        "windows-1252",
        "shift_jis",
        "euc-jp",
        "x-nobody",
        "iso-2022-jp",
        "ISO-2022-JP-MS",
        "iso-2022-jp-2",
        "iso-2022-jp-3",
        "cp50220",
        "CP50221",
        "cp50222",
        "csISO2022JP",
        "iso2022-jp",
        "\"iso-2022-jp\"",
        "'iso-2022-jp'",
        "jis",
        "iso-2022-kr",
    ] {
        plain(label, japanese, "返品をお願い");
    }
    text("Content-Type: text/html", b"<p>\x1b$BJVIJ\x1b(B</p>", "返品");
    // What only the relatives have: rows of Windows, half-width letters in three ways, the
    // supplementary set, other countries' sets.
    plain("iso-2022-jp-ms", b"\x1b$B-!\x1b(B", "①");
    plain("iso-2022-jp", b"\x1b(IJ]6[\x1b(B", "ﾊﾝｶﾛ");
    plain("cp50222", b"\x0eJ]\x0f", "ﾊﾝ");
    plain("cp50220", b"\xca\xdd \x1b$BJV\x1b(B", "ﾊﾝ 返");
    plain("iso-2022-jp-1", b"\x1b$(D0!\x1b(B", "丂");
    plain("iso-2022-jp-2", b"\x1b$AMK\x1b$(C9]\x1b(B\x1b.A\x1bNi", "退반é");
    plain("iso-2022-jp", b"\x1b(J\\~a\x1b(B\\", "¥‾a\\");
    // Two letters to a line, a line that is not ended, a letter that is cut.
    plain("iso-2022-jp", b"\x1b$BJVIJ\x1b(B\r\nabc \x1b$BJV\x1b(B", "返品\nabc 返");
    plain("iso-2022-jp", b"\x1b$BJVI", "返\u{fffd}");
}

#[test]
fn korean_and_chinese_in_seven_bits() {
    let korean = b"\x1b$)C\x0e9]G0\x0f \x0e:NE9\x0f";
    for label in ["iso-2022-kr", "ISO2022-KR", "csISO2022KR", "cp50225", "us-ascii", "utf-8"] {
        plain(label, korean, "반품 부탁");
    }
    text("X: y", korean, "반품 부탁");
    plain("iso-2022-kr", b"\x0e9]G0\x0f", "반품");
    plain("iso-2022-kr", b"\x1b$)C\x0e9]\nabc", "반\nabc");
    plain("iso-2022-cn", b"\x1b$)A\x0eMK;u\x0f ok", "退货 ok");
    for label in ["hz-gb-2312", "HZ"] {
        plain(label, b"~{MK;u~} 5~~ ~\r\nok", "退货 5~ ok");
    }
}

#[test]
fn names_of_charsets_as_programs_write_them() {
    plain("cp932", b"\x87@\xfb\xfc\x8b\xb4", "①髙橋");
    for label in ["ms932", "windows-31j", "x-sjis", "Shift-JIS", "sjis-win", "ms_kanji"] {
        plain(label, b"\x95\xd4\x95i", "返品");
    }
    for label in ["x-euc-jp", "eucjp-ms", "cp51932", "eucJP-win"] {
        plain(label, b"\xca\xd6\xc9\xca", "返品");
    }
    for label in ["cp949", "uhc", "ks_c_5601-1987", "korean", "ms949"] {
        plain(label, b"\xb9\xdd\xc7\xb0", "반품");
    }
    for label in ["cp936", "gb2312", "gbk", "euc-cn", "x-gbk", "gb_2312-80", "csgb2312", "gb18030"]
    {
        plain(label, b"\xcd\xcb\xbb\xf5", "退货");
    }
    for label in ["cp950", "big5-eten", "cn-big5", "x-x-big5"] {
        plain(label, b"\xb0h\xb3f", "退貨");
    }
    for label in ["cp1251", "windows1251", "win-1251", "x-cp1251", "windows-1251*ru"] {
        plain(label, b"\xc4\xe0", "Да");
    }
    for label in ["latin1", "latin-1", "iso8859-1", "iso_8859-1:1987", "8859-1", "cp819"] {
        plain(label, b"\xfc", "ü");
    }
    for label in [
        "utf8",
        "UTF8",
        "\"utf-8\"",
        "'utf-8'",
        "utf-8;",
        "utf_8",
        "cp65001",
        "utf8mb4",
        "unicode-1-1-utf-8",
    ] {
        plain(label, "ü☃".as_bytes(), "ü☃");
    }
    plain("cp437", b"\x81", "ü");
    plain("utf-16", b"\xfe\xff\0h\0i", "hi");
    plain("utf-16", b"\0h\0i", "hi");
    plain("utf-16", b"h\0i\0", "hi");
    plain("iso-8859-8-i", b"\xe0", "א");
}

/// RFC 2152: whatever ends a run of base 64 is text, but for the hyphen.
#[test]
fn utf7_keeps_what_stands_around_its_runs() {
    for (written, meant) in [
        ("Gr+APYA3w-e +IBQ sch+APY-n", "Größe — schön"),
        ("+IBQ\r\n+AOQ.", "—\nä."),
        ("1 +- 1 +AD0 2", "1 + 1 = 2"),
        ("Bis bald, J+APY", "Bis bald, Jö"),
        ("Hi Mom -+Jjo--!", "Hi Mom -☺-!"),
        ("+ZeVnLIqe-", "日本語"),
        ("+2D3cjQ-", "\u{1f48d}"),
        ("a+", "a+"),
    ] {
        plain("utf-7", written.as_bytes(), meant);
        plain("unicode-1-1-utf-7", written.as_bytes(), meant);
    }
}

#[test]
fn a_label_that_cannot_be_right_is_not_believed() {
    plain("utf-8", b"Gr\xfc\xdfe aus K\xf6ln", "Grüße aus Köln");
    plain("utf-8", b"Andr\xe9", "André");
    plain("utf-8", "Grüße und ein".as_bytes(), "Grüße und ein");
    // A footer in another charset, below text and inside it.
    let mut mixed = "Größe für Käufer\r\n--\r\n".as_bytes().to_vec();
    mixed.extend_from_slice(b"Sch\xf6ne Gr\xfc\xdfe");
    plain("utf-8", &mixed, "Größe für Käufer\n--\nSchöne Grüße");
    // Cut in its last letter, or spoiled in one place.
    plain("utf-8", b"\xc3\xbcber\xc3", "über\u{fffd}");
    plain("utf-8", b"\xc3\xbc\xc3\xbc\xff\xc3\xbc", "üü\u{fffd}ü");
    // Says something else and is UTF-8.
    for label in
        ["iso-8859-1", "windows-1252", "us-ascii", "x-nobody", "iso-2022-jp", "gb2312", "euc-kr"]
    {
        plain(label, "Grüße – ☃ и".as_bytes(), "Grüße – ☃ и");
    }
    for label in ["gb2312", "windows-1251", "shift_jis", "koi8-r", "big5"] {
        plain(label, "您好！我公司".as_bytes(), "您好！我公司");
        plain(label, "Верните деньги".as_bytes(), "Верните деньги");
    }
    // Says one country's charset and is another's.
    plain("iso-2022-jp", "これは返品のお願いです".as_bytes(), "これは返品のお願いです");
    let shift_jis =
        b"\x82\xb1\x82\xea\x82\xcd\x95\xd4\x95i\x82\xcc\x82\xa8\x8a\xe8\x82\xa2\x82\xc5\x82\xb7";
    plain("iso-2022-jp", shift_jis, "これは返品のお願いです");
    plain("utf-8", shift_jis, "これは返品のお願いです");
    text("X: y", shift_jis, "これは返品のお願いです");
    text(
        "X: y",
        b"\xf7\xc5\xd2\xce\xc9\xd4\xc5, \xd0\xcf\xd6\xc1\xcc\xd5\xca\xd3\xd4\xc1, \xc4\xc5\xce\xd8\xc7\xc9",
        "Верните, пожалуйста, деньги",
    );
    text(
        "X: y",
        b"\xb9\xdd\xc7\xb0\xc0\xbb \xba\xce\xc5\xb9\xb5\xe5\xb8\xb3\xb4\xcf\xb4\xd9",
        "반품을 부탁드립니다",
    );
    text(
        "X: y",
        b"Gr\xfc\xdfe aus K\xf6ln, Stra\xdfe 5, \xdcber uns",
        "Grüße aus Köln, Straße 5, Über uns",
    );
}

#[test]
fn html_says_its_charset_itself() {
    let page = |head: &str| {
        let mut page = format!("<html><head>{head}</head><body>").into_bytes();
        page.extend_from_slice(b"\xc2\xe5\xf0\xed\xe8\xf2\xe5</body></html>");
        page
    };
    let equiv = "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1251\">";
    for fields in [
        "Content-Type: text/html",
        "Content-Type: text/html; charset=us-ascii",
        "Content-Type: text/html; charset=\"\"",
        "Content-Type: text/html; charset=utf-8",
        "Content-Type: text/html; charset=unknown-8bit",
    ] {
        text(fields, &page(equiv), "Верните");
        text(fields, &page("<META CHARSET = 'windows-1251'/>"), "Верните");
    }
    // The field is believed when both can be right.
    text("Content-Type: text/html; charset=koi8-r", b"<meta charset=windows-1251>\xf7\xc5", "Ве");
    text("Content-Type: text/html", "<meta charset=windows-1251>Grüße".as_bytes(), "Grüße");
    text("Content-Type: text/html", "<meta charset=utf-16>Grüße".as_bytes(), "Grüße");
}

#[test]
fn nothing_is_lost_whatever_the_bytes() {
    let all: Vec<u8> = (0..=255).collect();
    for label in [
        "utf-8",
        "iso-2022-jp",
        "iso-2022-kr",
        "hz",
        "gb18030",
        "utf-16",
        "utf-7",
        "x-nobody",
        "shift_jis",
    ] {
        let read =
            letter(&raw(format!("Content-Type: text/plain; charset={label}").as_bytes(), &all));
        assert!(!read.text.is_empty(), "{label}");
    }
}
