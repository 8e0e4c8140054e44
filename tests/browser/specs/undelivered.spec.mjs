// Letters that the relay does not take: refused for good they come back to whoever wrote them, and
// refused for now they are told of until they are out.

import {Customer, goReady, take} from "../lib/at-work.mjs";
import {expect as impatient, test as base} from "../lib/desk.mjs";
import {OwnCenter} from "../lib/own-center.mjs";
import {Sink} from "../../mail/lib/sink.mjs";

base.describe.configure({mode: "default", timeout: 180_000});
const expect = impatient.configure({timeout: 20_000});

const REFUSED = "550 5.1.1 nobody <b>has</b> that address";
const PUT_OFF = "451 4.3.0 come again";

const mailbox = (port) => `
[[mailbox]]
address = "help@shop.example"
queue = "letters"
default = true
[mailbox.smtp]
host = "127.0.0.1"
port = ${port}
security = "none"
`;

/** A center whose letters go to a relay as moody as a test wants it. */
const test = base.extend({
    relay: async ({}, use) => {
        const sink = new Sink();
        await sink.start(0);
        await use(sink);
        await sink.stop();
    },
    program: async ({relay}, use) => {
        const center = await OwnCenter.start(mailbox(relay.server.address().port));
        await use(center);
        await center.remove();
    },
});

/** A letter of Jonas, and Kate's answer to it, ready to go. */
async function answered({person, page, program}) {
    await goReady(person, page);
    const jonas = new Customer(program.origin, "Jonas");
    await jonas.writesLetter("Invoice 2031", "I was charged twice.", "contact");
    await take(page, "Jonas Falk");
    const option = page.getByRole("option", {name: /Jonas Falk/});
    await option.focus();
    await page.keyboard.press("r");
    const draft = page.getByRole("form", {name: "Draft to Jonas Falk"});
    const box = draft.getByRole("textbox", {name: "Letter to Jonas Falk"});
    await expect(box).toBeFocused();
    await page.keyboard.type("You are right.");
    return {option, draft, box};
}

test("a letter that nobody takes is back with the reason, also after a reload, and goes out once when it is put right", async ({page, person, program, relay}) => {
    const {option, draft, box} = await answered({person, page, program});
    relay.moods.push(["RCPT", REFUSED]);
    await box.press("Control+Enter");
    const back = page.getByRole("alert").filter({hasText: "Not delivered to jonas@falk.example"});
    const isTold = async () => {
        await expect(back).toContainText("nobody <b>has</b> that address");
        await expect(back).toContainText("The draft is open again.");
        await expect(box).toContainText("You are right.");
        await expect(option.filter({hasText: "Not delivered:"})).toHaveCount(1);
    };
    await isTold();
    await person.isAccessible();
    await page.reload();
    await isTold();
    expect(relay.mails).toEqual([]);

    // To whom it goes is put right, and nothing of the refusal is left.
    await draft.getByRole("button", {name: /^Take off .*jonas@falk\.example/}).click();
    await draft.getByRole("textbox", {name: "To", exact: true}).fill("jonas@falk.test");
    await draft.getByRole("textbox", {name: "To", exact: true}).press(",");
    await box.press("Control+Enter");
    await expect(draft).toHaveCount(0);
    await expect(back).toHaveCount(0);
    await expect(option.filter({hasText: "Not delivered:"})).toHaveCount(0);
    await expect.poll(() => relay.mails.map(({recipients}) => recipients)).toEqual([["jonas@falk.test"]]);
    await page.getByRole("button", {name: "Complete"}).click();
    await expect(option).toHaveCount(0);
    expect(relay.mails).toHaveLength(1);
});

test("a letter that the relay does not take now says when it is tried again, and why", async ({page, person, program, relay}) => {
    const {draft, box} = await answered({person, page, program});
    // More often than it is tried while the test looks at it.
    relay.moods.push(...Array(4).fill(["MAIL", PUT_OFF]));
    await box.press("Control+Enter");
    await expect(draft).toHaveCount(0);
    const putOff = page.getByRole("status").filter({hasText: /Not delivered yet; next try \d\d:\d\d/});
    // The desk asks for it anew, and long before it is tried again.
    await expect(putOff).toBeVisible();
    await putOff.getByRole("button", {name: "What happened"}).click();
    await expect(putOff).toContainText("come again");
    await person.isAccessible();
    expect(relay.mails).toEqual([]);
});
