// Letters at the desk: how they are shown, written, sent and kept, and what stands beside them.

import {Customer, goReady, take} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";
import {hostileStrings} from "../lib/hostile-strings.mjs";
import {answers, partsOf, sent, writes} from "../lib/letters.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 180_000});

const expect = impatient.configure({timeout: 20_000});

/** Where commands about one's own work go. */
const OWN = "**/api/v2/me/interactions/*";
const JONAS = "jonas@falk.example";
const EVE = `"<b onclick=__hit=1>" <eve@x.example>`;

/** Completes what is open; in a list that is looked at its row stays for a while, struck through. */
async function complete(page, option) {
    await page.getByRole("region", {name: "Conversation"}).getByRole("button", {name: "Complete"}).click();
    await isGone(option);
}

async function isGone(option) {
    await expect(option.and(option.page().locator(":not([aria-disabled])"))).toHaveCount(0);
}

/** What the server has of the one draft. */
async function saved(person) {
    const {interactions} = await person.reads("/me/interactions?fields=*");
    return interactions.find(({state}) => state === "Composing");
}

test("A28 an answer has both parts, made by keys, and quotes once", async ({person, page, program}) => {
    await goReady(person, page);
    const lines = Array.from({length: 8}, (_, at) => `line ${at + 1}`).join("\n");
    await writes(program.origin, {subject: "Invoice 1", text: `I was charged twice.\n${lines}`});
    const {option, draft, box} = await answers(page, JONAS);
    const quotation = draft.getByRole("button", {name: /jonas@falk\.example wrote on .* at \d\d:\d\d:/});
    await expect(quotation).toHaveAttribute("aria-expanded", "false");
    await expect(draft.getByText("line 8")).toHaveCount(0);
    await page.keyboard.type("You are ");
    await page.keyboard.press("Control+b");
    await page.keyboard.type("right");
    await page.keyboard.press("Control+b");
    await page.keyboard.type(" & <b>.");
    await page.keyboard.press("Enter");
    // The tools are one stop, and arrows go from one to the next.
    await draft.getByRole("button", {name: "Bold"}).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await expect(draft.getByRole("button", {name: "Bulleted list"})).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(box).toBeFocused();
    await page.keyboard.type("one");
    await page.keyboard.press("Enter");
    await page.keyboard.type("two");
    const typed = Date.now();
    const isSaved = async () => ((await saved(person))?.bodyAsPlainText ?? "").includes("- one\n- two");
    await expect.poll(isSaved, {intervals: [100]}).toBe(true);
    console.log(`last key to saved: ${Date.now() - typed} ms`);
    await expect(draft.getByText(/Draft saved \d/)).toBeVisible();
    const {body} = await saved(person);
    expect(body).toContain("<strong>right</strong> &amp; &lt;b&gt;.");
    await quotation.press("Enter");
    await expect(draft.getByText("line 8")).toBeVisible();
    await person.isAccessible();
    await box.press("Control+Shift+Enter");
    await isGone(option);
    await expect.poll(async () => (await sent(program)).length).toBe(1);
    const parts = partsOf((await sent(program))[0]);
    for (const type of ["text/plain", "text/html"]) {
        expect(parts[type], type).toContain("two");
        expect(parts[type].split("I was charged twice.").length, type).toBe(2);
    }
    expect(parts["text/plain"]).toContain("You are right & <b>.");
});

test("recipients are tokens, and what is no address is put right before anything goes", async ({person, page, program}) => {
    const out = (await sent(program)).length;
    await goReady(person, page);
    await writes(program.origin, {subject: "Invoice 2", text: "Hello"});
    const {option, draft, box} = await answers(page, JONAS);
    const to = draft.getByRole("textbox", {name: "To", exact: true});
    await expect(draft.getByRole("button", {name: `Take off ${JONAS}`})).toBeVisible();
    await to.fill("ben@");
    await to.press(",");
    await draft.getByRole("button", {name: "Cc Bcc"}).click();
    await expect(draft.getByRole("textbox", {name: "Cc", exact: true})).toBeFocused();
    await page.keyboard.type("eve@x.example;Adam <adam@x.example>");
    await draft.getByRole("textbox", {name: "Bcc"}).fill("secret@x.example");
    await box.click();
    await page.keyboard.type("Yes.");
    await page.keyboard.press("Control+Enter");
    await expect(draft.getByRole("alert")).toHaveText("This is no address: ben@");
    await expect(to).toBeFocused();
    await expect(to).toHaveAttribute("aria-invalid", "true");
    expect(await sent(program)).toHaveLength(out);
    await person.isAccessible();
    await draft.getByRole("button", {name: "Take off ben@"}).click();
    await expect.poll(async () => (await saved(person))?.bcc).toEqual(["secret@x.example"]);
    expect((await saved(person)).cc).toEqual(["eve@x.example", "Adam <adam@x.example>"]);
    await box.press("Control+Enter");
    await expect(draft).toHaveCount(0);
    await expect.poll(async () => (await sent(program)).length).toBe(out + 1);
    await complete(page, option);
});

test("files come and go, and whoever forgets one is asked once", async ({person, page, program}) => {
    const out = (await sent(program)).length;
    await goReady(person, page);
    await writes(program.origin, {subject: "Invoice 3", text: "Hello"});
    const {option, draft, box} = await answers(page, JONAS);
    await page.keyboard.type("The plan is attached.");
    await page.keyboard.press("Control+Enter");
    await expect(draft.getByText("You wrote “attached”, but no file is here.")).toBeVisible();
    const files = draft.getByRole("list", {name: "Files"});
    const picker = draft.locator("input[type=file]");
    await picker.setInputFiles({name: "plan <b>.txt", mimeType: "text/plain", buffer: Buffer.from("a plan")});
    await expect(files.getByRole("link", {name: "plan <b>.txt"})).toBeVisible();
    await picker.setInputFiles({name: "huge.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(20 * 1024 * 1024)});
    await expect(files.getByRole("alert")).not.toBeEmpty();
    await person.isAccessible();
    await box.press("Control+Enter");
    await expect(draft.getByText("A file is not with the letter. Try it again or take it off.")).toBeVisible();
    await files.getByRole("button", {name: "Take off huge.bin"}).click();
    const picture = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
    await box.evaluate((element, base64) => {
        const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], "dot.png", {type: "image/png"}));
        element.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
    }, picture.toString("base64"));
    await expect(box.getByRole("img", {name: "dot.png"})).toBeVisible();
    const isLoaded = () => box.getByRole("img").evaluate((one) => one.complete && one.naturalWidth === 1);
    await expect.poll(isLoaded).toBe(true);
    await expect.poll(async () => (await saved(person))?.body).toContain("<img");
    // Nothing of another page comes along with what is pasted.
    await box.evaluate((element) => {
        const data = new DataTransfer();
        data.setData("text/html", `<p style="color:red" onclick="__hit=1">kept<script>__hit=1</script><img src="https://outside.example/x"><iframe src="https://outside.example/"></iframe></p>`);
        element.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
    });
    await expect(box).toContainText("kept");
    expect(await box.innerHTML()).not.toMatch(/outside|script|style=|onclick/);
    expect(await page.evaluate(() => window.__hit)).toBeUndefined();
    await box.press("Control+Enter");
    await expect(draft).toHaveCount(0);
    await expect.poll(async () => (await sent(program)).length).toBe(out + 1);
    const letter = (await sent(program)).at(-1);
    expect(letter).toContain("dot.png");
    expect(partsOf(letter)["text/html"]).toMatch(/<img [^>]*src="cid:/);
    // The answer is shown with its picture.
    await expect(page.getByRole("article")).toHaveCount(2);
    const frame = page.frameLocator("iframe.letter-page").last();
    await expect.poll(() => frame.locator("img").evaluate((one) => one.naturalWidth)).toBe(1);
    await complete(page, option);
});

test("A30 a draft with words is discarded only after a question", async ({person, page, program}) => {
    await goReady(person, page);
    await writes(program.origin, {subject: "Invoice 4", text: "Hello"});
    const {option, draft, box} = await answers(page, JONAS);
    await page.keyboard.type("Half a letter");
    const discard = draft.getByRole("button", {name: "Discard"});
    await discard.click();
    const dialog = page.getByRole("dialog", {name: "Discard this draft?"});
    await expect(dialog).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(discard).toBeFocused();
    await expect(box).toContainText("Half a letter");
    await page.getByRole("tab", {name: /Drafts/}).click();
    await expect(page.getByRole("option")).toContainText("Half a letter");
    await page.getByRole("tab", {name: /Mine/}).click();
    await option.first().click();
    await discard.click();
    await dialog.getByRole("button", {name: "Discard"}).click();
    await expect(draft).toHaveCount(0);
    await page.getByRole("tab", {name: /Drafts/}).click();
    await expect(page.getByRole("option")).toHaveCount(0);
    await page.getByRole("tab", {name: /Mine/}).click();
    await option.first().click();
    // Without words nobody is asked.
    await option.first().focus();
    await page.keyboard.press("f");
    const forward = page.getByRole("form", {name: /^Draft to/});
    await expect(forward.getByRole("textbox", {name: "Subject"})).toHaveValue("Fwd: Invoice 4");
    await forward.getByRole("button", {name: "Discard"}).click();
    await expect(forward).toHaveCount(0);
    await complete(page, option);
});

test("who writes again before the answer is out is read first", async ({person, page, program}) => {
    await goReady(person, page);
    const first = await writes(program.origin, {subject: "Invoice 5", text: "I was charged twice."});
    const {option, draft, box} = await answers(page, JONAS);
    await page.keyboard.type("You are right.");
    const second = await writes(program.origin, {subject: "Re: Invoice 5", text: "Never mind, it is settled."});
    await page.getByRole("article", {name: JONAS, exact: true}).getByRole("button", {name: "Accept"}).click();
    await expect(page.getByRole("option", {name: /Re: Invoice 5/})).toHaveCount(2);
    await person.does(`/me/interactions/${second}`, {operationName: "JoinThread", parentId: first});
    await page.getByRole("option", {name: /Invoice 5/}).first().click();
    await page.goto(new URL(`/desk/mine/${first}`, program.origin).href);
    const alert = page.getByRole("alert").filter({hasText: "wrote again before your answer was sent."});
    await expect(alert).toContainText("“Never mind, it is settled.” Your draft is kept as it is.");
    await person.isAccessible();
    await alert.getByRole("button", {name: "Read the letter"}).click();
    await expect(alert).toHaveCount(0);
    await expect(page.getByRole("article").last()).toContainText("Never mind, it is settled.");
    await expect(box).toContainText("You are right.");
    await box.press("Control+Enter");
    await expect(draft).toHaveCount(0);
    for (const id of [first, second]) {
        await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
    }
    await isGone(option);
});

test("two windows on one draft: one writes, the other shows, and neither loses a word", async ({context, person, page, program}) => {
    await goReady(person, page);
    await writes(program.origin, {subject: "Invoice 6", text: "Hello"});
    const {option, draft, box} = await answers(page, JONAS);
    await page.keyboard.type("from the first");
    const other = await context.newPage();
    await other.goto(page.url());
    await expect(other.getByText("You write this letter in another window.")).toBeVisible();
    await expect(other.getByRole("textbox", {name: /Letter to/})).toHaveCount(0);
    await expect(other.getByRole("region", {name: /Draft to/})).toContainText("from the first");
    await box.press("End");
    await page.keyboard.type(", unsaved");
    await other.getByRole("button", {name: "Write here"}).click();
    const there = other.getByRole("textbox", {name: /Letter to/});
    await expect(there).toContainText("from the first, unsaved");
    await expect(page.getByText("You write this letter in another window.")).toBeVisible();
    await there.press("Control+End");
    await other.keyboard.type("; from the second");
    const isThere = async () => (await saved(person))?.bodyAsPlainText;
    await expect.poll(isThere).toMatch(/^from the first, unsaved; from the second\n/);
    await other.close();
    await expect(box).toContainText("from the second");
    await draft.getByRole("button", {name: "Discard"}).click();
    await page.getByRole("dialog").getByRole("button", {name: "Discard"}).click();
    await expect(draft).toHaveCount(0);
    await complete(page, option);
});

test("pictures at other hosts come when they are asked for, and only then", async ({person, page, program}) => {
    await goReady(person, page);
    const body = `<p>News</p><img src="https://127.0.0.1:9/dot.png" alt="a dot"><script>top.__hit=1</script><img src="http://127.0.0.1:9/plain.png">`;
    await writes(program.origin, {subject: "News", body, text: "News"});
    await take(page, JONAS);
    const option = page.getByRole("option", {name: new RegExp(JONAS)});
    const frame = page.frameLocator("iframe.letter-page");
    await expect(frame.getByText("News")).toBeVisible();
    await expect(page.getByText("Pictures are not loaded.")).toBeVisible();
    await person.isAccessible();
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.getByRole("article").getByRole("button", {name: /Letter of|jonas/}).first().click();
    await page.getByRole("article").getByRole("button", {name: /Letter of|jonas/}).first().click();
    await expect(page.getByText("Pictures are not loaded.")).toBeVisible();
    expect(asked.filter((one) => !one.startsWith(program.origin))).toEqual([]);
    person.lets("https://127.0.0.1:9/dot.png");
    await page.getByRole("button", {name: "Load for this letter"}).click();
    await expect.poll(() => asked).toContain("https://127.0.0.1:9/dot.png");
    expect(asked).not.toContain("http://127.0.0.1:9/plain.png");
    await expect(page.getByText("Pictures are not loaded.")).toHaveCount(0);
    // Keys of the desk work out of the frame.
    await frame.locator("body").click();
    await page.keyboard.press("F2");
    await expect(page.getByRole("searchbox")).toBeFocused();
    await complete(page, option);
});

test("what is known beside a letter is read and changed there", async ({person, page, program}) => {
    await goReady(person, page);
    // Whoever uses the form is a contact.
    const jonas = new Customer(program.origin, "");
    const letter = async (subject) => {
        const {interactions} = await person.reads("/me/interactions?fields=*");
        return interactions.find((one) => one.subject === subject).id;
    };
    await jonas.writesLetter("Order 6", "The first of all");
    await take(page, "Jonas Falk");
    await expect(page.getByRole("option", {name: /Order 6/})).toBeVisible();
    await person.does(`/me/interactions/${await letter("Order 6")}`, {operationName: "Complete"});
    await isGone(page.getByRole("option", {name: /Order 6/}));
    await jonas.writesLetter("Order 7", "Hello");
    await take(page, "Jonas Falk");
    await expect(page.getByRole("option", {name: /Order 7/})).toBeVisible();
    const id = await letter("Order 7");
    const details = page.getByRole("complementary", {name: "Details"});
    const section = (name) => details.getByRole("region", {name});
    for (const name of ["Contact", "Before", "Data", "Outcome", "Notes", "Why you"]) {
        await expect(details.getByRole("heading", {name})).toBeVisible();
    }
    await expect(section("Why you")).toContainText(/Waited \d+:\d\d in support-email\./);
    await section("Before").getByRole("button", {name: /Order 6/}).click();
    const earlier = page.getByRole("dialog", {name: "Order 6"});
    await expect(earlier).toContainText("The first of all");
    await page.keyboard.press("Escape");
    const data = section("Data");
    await data.getByRole("button", {name: "Add"}).click();
    await page.keyboard.type("Order");
    await data.getByLabel("Value").fill("<b>4711</b>");
    await page.keyboard.press("Enter");
    await expect(data).toContainText("<b>4711</b>");
    await data.getByRole("button", {name: "Change Order"}).press("Enter");
    await page.keyboard.type("9");
    await person.does(`/me/interactions/${id}`, {operationName: "UpdateUserData", userData: {Order: "5000"}});
    await expect(data.getByRole("definition")).toContainText("5000");
    await page.keyboard.press("Enter");
    await expect(data.getByRole("alert")).toContainText("kate changed this to 5000 just now.");
    await person.isAccessible();
    await data.getByRole("button", {name: "Keep mine"}).click();
    await expect(data.getByRole("definition")).toContainText("9");
    await data.getByRole("button", {name: "Remove Order"}).press("Enter");
    await expect(data).toContainText("No data.");
    const notes = section("Notes");
    await expect(notes).toContainText("No notes. Whoever works on this sees them.");
    await notes.getByRole("button", {name: "Add"}).click();
    await page.keyboard.type("Call <i>finance</i>");
    await page.keyboard.press("Control+Enter");
    await expect(notes.getByRole("listitem")).toContainText("Call <i>finance</i>");
    await expect(notes.getByRole("listitem")).toContainText("Kate Lund");
    const outcome = details.getByRole("combobox", {name: "Outcome"});
    await outcome.fill("Solved");
    await outcome.press("Enter");
    const isSet = async () => Object.values((await person.reads(`/interactions/${id}`)).interaction.userData);
    await expect.poll(isSet).toContain("solved");
    await section("Notes").getByRole("button", {name: "Notes"}).click();
    await expect(notes.getByRole("listitem")).toHaveCount(0);
    await section("Notes").getByRole("button", {name: "Notes"}).click();
    await complete(page, page.getByRole("option", {name: /Order 7/}));
});

test("a work item is a form of what it was given", async ({person, page, program}) => {
    await goReady(person, page);
    const order = {operationName: "Create", channel: "workitem", queueName: "tasks", subject: "Refund 8", userData: {Order: "https://shop.example/4711"}};
    await person.does("/interactions", order, "intake");
    await take(page, "Refund 8");
    const form = page.getByRole("region", {name: "Conversation"}).getByRole("region", {name: "Work item"});
    await expect(form.getByRole("link", {name: "https://shop.example/4711"})).toHaveAttribute("rel", "noopener noreferrer");
    await form.getByRole("button", {name: "Add"}).click();
    await page.keyboard.type("Amount");
    await form.getByLabel("Value").fill("129");
    await page.keyboard.press("Enter");
    await expect(form).toContainText("129");
    await person.isAccessible();
    await complete(page, page.getByRole("option", {name: /Refund 8/}));
});

test("hostile strings are text in letters and in the details, and nothing runs or is asked for", async ({person, page, program}) => {
    await goReady(person, page);
    const strings = hostileStrings().filter((text) => !/[\u0000\ud800-\udfff]/.test(text));
    const subject = "<img src=x onerror=window.__hit=1>";
    const id = await writes(program.origin, {
        subject,
        from: EVE,
        body: strings.join("<br>").slice(0, 400_000),
        text: strings.join("\n").slice(0, 200_000),
    });
    await take(page, EVE);
    await expect(page.getByRole("option")).toContainText(subject);
    const keys = Object.fromEntries(strings.filter((one) => one.length < 200).slice(0, 150).map((one, at) => [`${one.slice(0, 40)}${at}`, one]));
    await person.does(`/me/interactions/${id}`, {operationName: "UpdateUserData", userData: keys});
    await person.does(`/me/interactions/${id}`, {operationName: "AddComment", comment: strings.slice(0, 40).join(" ").slice(0, 3_000)});
    await expect(page.getByRole("complementary", {name: "Details"}).getByRole("definition").first()).toBeVisible();
    await page.getByRole("option").focus();
    await page.keyboard.press("r");
    await expect(page.getByRole("textbox", {name: /^Letter to/})).toBeFocused();
    await page.keyboard.type("Hello");
    await expect(page.getByText(/Draft saved \d/)).toBeVisible();
    await page.locator(".quotation .fold").click();
    await page.reload();
    await expect(page.getByRole("textbox", {name: /^Letter to/})).toContainText("Hello");
    for (const frame of page.frames()) {
        expect(await frame.evaluate(() => window.__hit)).toBeUndefined();
    }
    await page.getByRole("form").getByRole("button", {name: "Discard"}).click();
    await page.getByRole("dialog").getByRole("button", {name: "Discard"}).click();
    await complete(page, page.getByRole("option"));
});

test("a letter that is changed at another computer is shown, or asked about", async ({person, page, program}) => {
    await goReady(person, page);
    await writes(program.origin, {subject: "Invoice 7", text: "Hello"});
    const {option, draft, box} = await answers(page, JONAS);
    const asked = page.getByRole("alert").filter({hasText: "changed at another computer"});
    const words = async () => (await saved(person))?.bodyAsPlainText;
    const changes = async (text) => {
        const email = {body: `<p>${text}</p>`, bodyAsPlainText: text};
        await person.does(`/me/interactions/${(await saved(person)).id}`, {operationName: "Save", email});
    };
    await page.keyboard.type("from here");
    await expect.poll(words).toMatch(/^from here\n/);
    await changes("from elsewhere");
    await expect(box).toHaveText("from elsewhere");
    await box.press("Control+End");
    await page.keyboard.type(", and on");
    await expect.poll(words).toMatch(/^from elsewhere, and on/);
    await expect(draft.getByText(/Draft saved/)).toBeVisible();
    await expect(asked).toHaveCount(0);
    await page.keyboard.type(", mine");
    await changes("theirs");
    await expect(asked).toContainText("theirs");
    await person.isAccessible();
    await box.press("Control+Enter");
    await expect(draft.getByText("Choose first")).toBeVisible();
    expect(await words()).toBe("theirs");
    await asked.getByRole("button", {name: "Keep mine"}).click();
    await expect.poll(words).toMatch(/^from elsewhere, and on, mine/);
    await box.press("Control+Enter");
    await expect(draft).toHaveCount(0);
    await complete(page, option);
});

test("a letter that was let go goes once over a reload, and can be taken back while there is no connection", async ({context, person, page, program}) => {
    await goReady(person, page);
    const before = (await sent(program)).length;
    const id = await writes(program.origin, {subject: "Invoice 8", text: "Hello"});
    const {option, draft, box} = await answers(page, JONAS);
    await page.keyboard.type("first words");
    await expect(draft.getByText(/Draft saved/)).toBeVisible();
    await context.setOffline(true);
    await page.keyboard.type(", and the last");
    await box.press("Control+Enter");
    await expect(draft.getByText("Not sent yet. It goes out by itself.")).toBeVisible();
    await person.isAccessible();
    await page.keyboard.type("lost?");
    await expect(box).toHaveText("first words, and the last");
    await draft.getByRole("button", {name: "Take back"}).click();
    await expect(draft.getByText("Not sent yet.")).toHaveCount(0);
    await box.press("Control+End");
    await page.keyboard.type(" word");
    await expect(box).toHaveText("first words, and the last word");
    await context.setOffline(false);
    await expect(draft.getByText(/Draft saved/)).toBeVisible();

    // The server has it, and the page is loaded again before it hears so.
    let went = 0;
    await page.route(OWN, async (route) => {
        const isSend = route.request().postData()?.includes('"Send"') === true;
        went += isSend ? 1 : 0;
        if (isSend && went === 1) {
            await route.fetch();
            return route.abort();
        }
        return route.fallback();
    });
    await box.press("Control+Shift+Enter");
    await expect.poll(() => went).toBeGreaterThan(0);
    await page.reload();
    await expect(draft).toHaveCount(0);
    await expect.poll(async () => (await sent(program)).length).toBe(before + 1);
    const parts = partsOf((await sent(program)).at(-1));
    expect(parts["text/plain"]).toContain("first words, and the last word");
    await expect.poll(() => went).toBeGreaterThan(1);
    await expect.poll(async () => (await person.reads(`/interactions/${id}`)).interaction.state).toBe("Completed");
    await isGone(option);
    await page.waitForTimeout(1_500);
    expect((await sent(program)).length).toBe(before + 1);
    await expect(page.getByText("Not sent, and no longer yours")).toHaveCount(0);
});

/** Has one operation refused, whatever it is about. */
function isRefused(page, operation, statusMessage) {
    return page.route(OWN, (route) =>
        (route.request().postData()?.includes(`"${operation}"`) === true
            ? route.fulfill({status: 409, json: {statusCode: 2, statusMessage}})
            : route.fallback()));
}

test("a letter that the server keeps back is open again with the reason, also in the list", async ({context, person, page, program}) => {
    await goReady(person, page);
    await writes(program.origin, {subject: "Invoice 9", text: "Hello"});
    const {option, draft, box} = await answers(page, JONAS);
    await page.keyboard.type("An answer.");
    await expect(draft.getByText(/Draft saved/)).toBeVisible();
    await isRefused(page, "Send", "Not now; try later.");
    // A letter goes by the queue that the settings name, so nothing goes before they are known.
    const queue = page.waitForResponse(/queues\?fields=name,reviewQueue/);
    await page.goto(new URL("/desk/drafts", program.origin).href);
    await page.getByRole("option").first().click();
    await queue;
    await expect(box).toContainText("An answer.");
    await context.setOffline(true);
    await box.press("Control+Shift+Enter");
    await expect(draft.getByText("Not sent yet.")).toBeVisible();
    await page.getByRole("tab", {name: /^Parked/}).click();
    await expect(draft).toHaveCount(0);
    await context.setOffline(false);
    await page.getByRole("tab", {name: /^Drafts/}).click();
    await expect(page.getByRole("option").first()).toContainText("Not now; try later.");
    await page.getByRole("option").first().click();
    await expect(draft.getByRole("alert").filter({hasText: "Not now; try later."})).toBeVisible();
    await expect(box).toHaveText("An answer.");
    await page.unroute(OWN);
    await box.press("Control+Enter");
    await expect(draft).toHaveCount(0);
    await page.goto(new URL("/desk/mine", program.origin).href);
    await option.click();
    await complete(page, option);
});

test("what is not completed after its answer is said wherever one is, and stands at its row", async ({context, person, page, program}) => {
    await goReady(person, page);
    await writes(program.origin, {subject: "Invoice 10", text: "Hello"});
    const {option, draft, box} = await answers(page, JONAS);
    await page.keyboard.type("An answer.");
    await expect(draft.getByText(/Draft saved/)).toBeVisible();
    await isRefused(page, "Complete", "It is held.");
    await context.setOffline(true);
    await box.press("Control+Shift+Enter");
    await expect(draft.getByText("Not sent yet.")).toBeVisible();
    await page.getByRole("tab", {name: /^Parked/}).click();
    await expect(draft).toHaveCount(0);
    await context.setOffline(false);
    await expect(page.getByText("Sent, but not completed: It is held.")).toHaveCount(1);
    await page.getByRole("tab", {name: /^Mine/}).click();
    await expect(option).toContainText("Sent, but not completed: It is held.");
    await option.click();
    const conversation = page.getByRole("region", {name: "Conversation"});
    await expect(conversation.getByText("Sent, but not completed: It is held.")).toBeVisible();
    await page.unroute(OWN);
    await complete(page, option);
});
