// What the desk was built to, line by line: e-mail (A26, A27, A29 and A31; A28 and A30 stand with
// the other letters). Times with a limit are taken as often as HANDOFF_TIMES says, and printed.

import {goReady, take} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";
import {writes} from "../lib/letters.mjs";
import {fromKey, measured, untilSo} from "../lib/times.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 300_000});
const expect = impatient.configure({timeout: 20_000});

const JONAS = "jonas@falk.example";

/** A letter of Jonas in Kate's hands. */
async function letter({person, page, program}, subject, text) {
    await goReady(person, page);
    const id = await writes(program.origin, {subject, text});
    await take(page, JONAS);
    const option = page.locator(`[role="option"][data-id="${id}"]`);
    await expect(option).toBeVisible();
    const form = page.getByRole("form", {name: `Draft to ${JONAS}`});
    const box = form.getByRole("textbox", {name: `Letter to ${JONAS}`});
    return {id, option, form, box};
}

/** Takes back what was begun, and finishes the letter. */
async function finish({person, page}, {id, option, form}) {
    if (await form.count() > 0) {
        await form.getByRole("button", {name: "Discard"}).click();
        const question = page.getByRole("dialog").getByRole("button", {name: "Discard"});
        await question.or(page.locator("body:not(:has(form))")).first().waitFor();
        if (await question.isVisible()) {
            await question.click();
        }
        await expect(form).toHaveCount(0);
    }
    await person.state.focus();
    await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
    await expect(option).toHaveCount(0);
}

test("A26 a key begins an answer, with all that belongs to it", async ({person, page, program}) => {
    const {id, option, form, box} = await letter({person, page, program}, "Invoice 1", "I was charged twice.");
    const subject = form.getByRole("textbox", {name: "Subject"});
    const focused = box.and(page.locator(":focus"));
    await measured("A26 r to the draft", 700, async () => {
        await option.focus();
        const took = await fromKey(page, "r", async () => await focused.count() === 1);
        await expect(subject).toHaveValue("Re: Invoice 1");
        await expect(form.getByText("I was charged twice.")).toBeVisible();
        await form.getByRole("button", {name: "Discard"}).click();
        await expect(form).toHaveCount(0);
        return took;
    });
    await finish({person, page}, {id, option, form});
});

test("A27 what is typed is on the server soon, in both forms", async ({person, page, program}) => {
    const {id, option, form, box} = await letter({person, page, program}, "Invoice 2", "I was charged twice.");
    await option.focus();
    await page.keyboard.press("r");
    await expect(box).toBeFocused();
    await measured("A27 last key to saved", 1_500, async (round) => {
        const words = `word${round}`;
        await page.keyboard.type(`${words} `);
        const took = await untilSo(async () => {
            const {interactions} = await person.reads("/me/interactions?fields=*");
            const draft = interactions.find(({state}) => state === "Composing");
            return draft?.body.includes(words) === true
                && draft.bodyAsPlainText.includes(words)
                && await form.getByText(/Draft saved \d/).isVisible();
        });
        return took;
    });
    await finish({person, page}, {id, option, form});
});

test("A29 a letter with an open draft is not completed, and says why", async ({person, page, program}) => {
    const {id, option, form, box} = await letter({person, page, program}, "Invoice 3", "I was charged twice.");
    await option.focus();
    await page.keyboard.press("r");
    await expect(box).toBeFocused();
    const complete = page.getByRole("button", {name: "Complete"});
    await expect(complete).toHaveAttribute("aria-disabled", "true");
    await expect(complete).toHaveAccessibleDescription("Send or discard the draft first");
    await complete.focus();
    await expect(complete).toBeFocused();
    await page.keyboard.press("Enter");
    const {interaction} = await person.reads(`/interactions/${id}?fields=state`);
    expect(interaction.state).not.toBe("Completed");
    await expect(form).toBeVisible();
    await finish({person, page}, {id, option, form});
});

test("A31 a letter of plain text shows its lines, and pictures elsewhere are not asked for", async ({person, page, program}) => {
    const lines = ["first line", "", "  <b>second</b> line"];
    const plain = await letter({person, page, program}, "Plain", lines.join("\n"));
    const article = page.getByRole("article").last();
    for (const line of lines.filter((one) => one !== "")) {
        await expect(article).toContainText(line.trim());
    }
    const text = await article.innerText();
    expect(text).toMatch(/first line\n\n.*<b>second<\/b> line/);
    await finish({person, page}, plain);
    // That nothing is asked elsewhere is looked at for every test: `person` finds it out.
    const body = `<p>News</p><img src="https://127.0.0.1:9/dot.png" alt="a dot">`;
    const id = await writes(program.origin, {subject: "News", body, text: "News"});
    await take(page, JONAS);
    await expect(page.frameLocator("iframe.letter-page").getByText("News")).toBeVisible();
    await expect(page.getByText("Pictures are not loaded.")).toBeVisible();
    await person.state.focus();
    await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
});
