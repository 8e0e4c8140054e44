// Letters as mail programs really write them, each with what has to become of it. One letter stands for its kind: what is written wrongly in it
// is written so by many programs, and its reader still has to see what its writer meant.

const utf8 = text => Buffer.from(text, "utf8");
const hex = text => Buffer.from(text, "hex");
const base64 = text => Buffer.from(text, "base64");

/** The smallest picture, and a document. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const PDF = "JVBERi0xLjQKJSVFT0YK";

/** What a letter of this table is to, and its aliases. */
export const DESK = "desk@direct.test";
export const ALIAS = "front@direct.test";
/** A mailbox of an international domain, and how other servers write it. */
export const ABROAD = "desk@büro.test";
const ABROAD_WRITTEN = "desk@xn--bro-hoa.test";
/** Another mailbox of the contact center. */
export const OTHER = "orders@direct.test";

const TEXT = "Content-Type: text/plain; charset=utf-8";

/** Joins lines, of text or bytes, with the line ends that mail has. */
function joined(lines) {
    return Buffer.concat(lines.flatMap(line => [typeof line === "string" ? utf8(line) : line, utf8("\r\n")]));
}

/** A line of text and bytes. */
const line = (...pieces) => Buffer.concat(pieces.map(piece => (typeof piece === "string" ? utf8(piece) : piece)));

/** A letter with usual headers, those that are given instead, and what comes after them. */
function letter(name, headers, content) {
    const usual = {
        From: "Nora Berg <nora@customer.test>",
        To: DESK,
        Subject: `Kind: ${name}`,
        Date: "Tue, 10 Nov 2026 08:30:00 +0000",
        "Message-ID": `<${name.replaceAll(" ", "-")}@customer.test>`,
        "MIME-Version": "1.0",
    };
    const fields = {...usual, ...headers};
    const written = Object.entries(fields).filter(([, value]) => value !== null);
    return joined([...written.map(([field, value]) => line(`${field}: `, value)), "", ...content]);
}

/** A letter of several parts, each a list of lines. */
function ofParts(name, parts, {type = "multipart/mixed; boundary=\"cut\"", headers = {}} = {}) {
    const lines = parts.flatMap(part => ["--cut", ...part]);
    return letter(name, {"Content-Type": type, ...headers}, [...lines, "--cut--"]);
}

/** A letter with a text and a document that is described by these headers. */
const withFile = (name, ...described) =>
    ofParts(name, [[TEXT, "", "The form is filled in."], [...described, "Content-Transfer-Encoding: base64", "", PDF]]);

const FILLED = "The form is filled in.";
const word = (charset, bytes) => `=?${charset}?B?${bytes.toString("base64")}?=`;

/** Same Message-ID, nothing in common. */
const SHARED = "<counter-0001@printer.test>";

/**
 * Name, bytes, and what is expected: `subject`, `from`, `text` (white space squeezed), `has` and `html` (in text and HTML), `files` (name or pattern, type),
 * `picture`, `replyTo` and `replyAll` (whom an answer reaches), `copyOf`, `apartFrom` and `strangerTo`
 * (other letters by name), `recipient` (of the envelope), `lmtp` (allowed codes).
 */
export const LETTERS = [
    ["name on the next line", withFile("name on the next line", "Content-Type: application/pdf; name=", "\t\"Form 7 b.pdf\"",
        "Content-Disposition: attachment; filename=", "\t\"Form 7 b.pdf\"; size=15"), {text: FILLED, files: [["Form 7 b.pdf", "application/pdf"]]}],
    ["boundary on the next line", ofParts("boundary on the next line", [[TEXT, "", FILLED],
        ["Content-Type: application/pdf", "Content-Disposition: attachment; filename=\"form.pdf\"", "Content-Transfer-Encoding: base64", "", PDF]],
    {type: "multipart/mixed;\r\n boundary=\r\n \"cut\""}), {text: FILLED, files: [["form.pdf", "application/pdf"]]}],
    ["charset on the next line", letter("charset on the next line", {"Content-Type": "text/plain; charset=\r\n\tiso-8859-2"}, [hex("ae6c7574fd206bf9f2")]),
        {text: "Žlutý kůň", files: []}],
    ["a text with a name", ofParts("a text with a name", [
        ["Content-Type: text/plain; charset=utf-8; name=\"body.txt\"", "Content-Disposition: inline", "", "Call me before noon."],
        ["Content-Type: application/pdf; name=\"form.pdf\"", "Content-Disposition: attachment", "", "x"],
    ]), {text: "Call me before noon.", files: [["form.pdf", null]]}],
    ["a counter first", letter("a counter first", {From: "counter@printer.test", Subject: "Counter is full", "Message-ID": SHARED}, []),
        {subject: "Counter is full", from: "counter@printer.test", files: []}],
    ["a counter second", letter("a counter second", {From: "Otto <otto@press.test>", Subject: "Do you sell toner?", "Message-ID": SHARED, Date: null}, []),
        {subject: "Do you sell toner?", from: "otto@press.test", apartFrom: "a counter first"}],
    ["the first again", letter("a counter first", {From: "counter@printer.test", Subject: "Counter is full", "Message-ID": SHARED}, []),
        {copyOf: "a counter first"}],
    ["answers to ourselves", letter("answers to ourselves", {"Reply-To": `Front desk <${ALIAS}>`}, ["Is it open on Friday?"]),
        {text: "Is it open on Friday?", replyTo: ["nora@customer.test"]}],
    ["parameter cut in a character", withFile("parameter cut in a character", "Content-Type: application/pdf", "Content-Disposition: attachment;",
        " filename*0*=utf-8''M%C3;", " filename*1*=%BCnzen.pdf"), {text: FILLED, files: [["Münzen.pdf", "application/pdf"]]}],
    ["word cut in a character", letter("word cut in a character", {Subject: `${word("UTF-8", hex("c3"))}\r\n ${word("UTF-8", line(hex("96"), "ffnungszeiten im Mai"))}`},
        ["-"]), {subject: "Öffnungszeiten im Mai"}],
    ["unlabelled iso-2022-jp", letter("unlabelled iso-2022-jp", {}, [hex("1b244245454f432472242f2440243524241b2842")]), {text: "電話をください"}],
    ["iso-2022-kr", letter("iso-2022-kr", {"Content-Type": "text/plain; charset=iso-2022-kr"}, [hex("1b2429430e407c482d0f200e41563c3c3f640f")]),
        {text: "전화 주세요"}],
    ["picture in an address", letter("picture in an address", {"Content-Type": "text/html; charset=utf-8"},
        [`<p>The meter reads <img src="data:image/png;base64,${PNG}"> today</p>`]), {has: ["The meter reads"], picture: "somewhere"}],
    ["root named by start", ofParts("root named by start", [
        ["Content-Type: image/png; name=\"meter.png\"", "Content-ID: <meter@customer.test>", "Content-Transfer-Encoding: base64", "", PNG],
        ["Content-Type: text/html; charset=utf-8", "Content-ID: <root@customer.test>", "", "<p>Is this right? <img src=\"cid:meter@customer.test\"></p>"],
    ], {type: "multipart/related; boundary=\"cut\"; start=\"<root@customer.test>\"; type=\"text/html\""}), {has: ["Is this right?"], picture: "in the text"}],
    ["nameless invitation", ofParts("nameless invitation", [["Content-Type: text/plain", "", "Shall we meet on Monday?"],
        ["Content-Type: text/calendar; charset=utf-8; method=REQUEST", "", "BEGIN:VCALENDAR", "METHOD:REQUEST", "END:VCALENDAR"]],
    {type: "multipart/alternative; boundary=\"cut\""}), {text: "Shall we meet on Monday?", files: [[/\.ics$/, "text/calendar"]]}],
    ["nameless message", ofParts("nameless message", [["Content-Type: text/plain", "", "As promised"],
        ["Content-Type: message/rfc822", "", "From: shop@seller.test", "Subject: Your receipt", "", "Thank you"]]),
    {text: "As promised", files: [[/\.eml$/, "message/rfc822"]]}],
    ["two senders in one", letter("two senders in one", {From: "Nora <nora@customer.test> Otto <otto@customer.test>"}, ["-"]), {replyTo: ["nora@customer.test"]}],
    ["quoted sender", letter("quoted sender", {From: "\"nora.berg.\"@customer.test"}, ["-"]),
        {from: "\"nora.berg.\"@customer.test", replyTo: ["\"nora.berg.\"@customer.test"]}],
    ["another quoted sender", letter("quoted sender", {From: "\"nora..berg\"@customer.test"}, ["-"]), {strangerTo: "quoted sender"}],
    ["sender with dots", letter("sender with dots", {From: "nora..berg.@carrier.test"}, ["-"]),
        {from: "nora..berg.@carrier.test", replyTo: ["\"nora..berg.\"@carrier.test"]}],
    ["sender of an international domain", letter("sender of an international domain", {From: "Nora <nora@käse.test>"}, ["-"]), {replyTo: ["nora@xn--kse-qla.test"]}],
    ["to an international domain", letter("to an international domain", {To: `${ABROAD}, ${ABROAD_WRITTEN}, otto@press.test`}, ["-"]),
        {recipient: ABROAD_WRITTEN, replyAll: ["nora@customer.test", "otto@press.test"]}],
    ["sender who is not named", letter("sender who is not named", {From: null, Sender: "Nora <nora@customer.test>"}, ["-"]),
        {from: "nora@customer.test", replyTo: ["nora@customer.test"]}],
    ["raw bytes in a word", letter("raw bytes in a word", {Subject: line("=?iso-8859-1?Q?T", hex("fc"), "r_kaputt?=")}, ["-"]), {subject: "Tür kaputt"}],
    ["raw subject", letter("raw subject", {Subject: hex("bbbbbbf5cecacce2"), "Content-Type": "text/plain; charset=gb2312"}, [hex("bbbbbbf5cecacce2")]),
        {subject: "换货问题", text: "换货问题"}],
    ["charset in the markup", letter("charset in the markup", {"Content-Type": "text/html"},
        [line("<html><head><meta charset=\"windows-1251\"></head><body>", hex("cfeee7e2eeede8f2e520ecede5"), "</body></html>")]), {text: "Позвоните мне"}],
    ["enriched text", letter("enriched text", {"Content-Type": "text/enriched; charset=utf-8"}, ["<bold>When</bold> is my turn?"]), {has: ["When", "my turn?"]}],
    ["encoding with a remark", letter("encoding with a remark", {"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "quoted-printable (of course)"},
        ["T=C3=BCr zu"]), {text: "Tür zu"}],
    ["word without its end", letter("word without its end", {Subject: `=?UTF-8?B?${utf8("Tür zu").toString("base64").replaceAll("=", "")}?=`}, ["-"]), {subject: "Tür zu"}],
    ["encoded name far apart", withFile("encoded name far apart", "Content-Type: application/pdf", "Content-Disposition: attachment;",
        " filename=\"=?UTF-8?Q?M=C3=BCnzen?=", "          =?UTF-8?Q?_und_Scheine=2Epdf?=\""), {text: FILLED, files: [["Münzen und Scheine.pdf", "application/pdf"]]}],
    ["labelled wrongly", letter("labelled wrongly", {"Content-Type": TEXT.slice(14)}, [line("T", hex("fc"), "r in K", hex("f6"), "ln")]), {text: "Tür in Köln"}],
    ["name with a slash", withFile("name with a slash", "Content-Type: application/pdf", "Content-Disposition: attachment; filename=\"Antrag 7/2026.pdf\""),
        {text: FILLED, files: [["Antrag 7_2026.pdf", "application/pdf"]]}],
    ["lone line end", letter("lone line end", {}, [line("above", hex("0d"), "below")]), {has: ["above", "below"], lmtp: ["250", "554"]}],
    ["footer behind base64", letter("footer behind base64", {"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "base64"}, [
        utf8("The lift does not move since this morning, and two of us live on the top floor.").toString("base64").replace(/.{76}/, "$&\r\n"),
        "----------", "You get this because you are on the list."]), {text: "The lift does not move since this morning, and two of us live on the top floor."}],
    ["everybody once", letter("everybody once", {
        "Reply-To": "nora@customer.test, chair@customer.test",
        To: `${DESK}, ${OTHER}, neighbour@customer.test`,
        Cc: `otto@press.test, NORA@Customer.test, ${ALIAS}`,
    }, ["-"]), {replyAll: ["nora@customer.test", "chair@customer.test", "neighbour@customer.test", "otto@press.test"]}],
].map(([name, raw, expected]) => ({name, raw, expected}));

/** The content of the letter's only picture. */
export const PICTURE = base64(PNG);
