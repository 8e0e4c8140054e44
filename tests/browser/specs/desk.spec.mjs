// The desk's frame: signing in, the top bar, keys, settings, what the connection does, and its looks.

import {expect, Person, test} from "../lib/desk.mjs";
import {below} from "../lib/prefix.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default"});

test("whoever signs in is welcomed, goes Ready, and is where they were after a reload", async ({person, page}) => {
    await person.visit("/desk/parked");
    await expect(page).toHaveURL(/\/sign-in$/);
    await person.userName.fill("kate");
    await person.password.fill("handoff-demo");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/desk\/parked$/);
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready/);
    await expect(page.getByRole("heading", {name: /^Good \w+, Kate$/})).toBeFocused();
    await page.getByRole("button", {name: "Go Ready"}).press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Ready/);
    await page.reload();
    await expect(page).toHaveURL(/\/desk\/parked$/);
    await expect(person.state).toHaveAccessibleName(/^Your state: Ready/);
});

test("the state menu changes single channels by keyboard alone", async ({person, page}) => {
    await person.signIn();
    await expect(person.state).toHaveAccessibleName(/ready/i);
    await person.state.press("Enter");
    await page.getByRole("menuitem", {name: "Ready", exact: true}).press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Ready/);
    await person.state.press("Enter");
    await page.getByRole("menuitemcheckbox", {name: "E-mail"}).press(" ");
    await expect(person.state).toHaveAccessibleName(/^Your state: Ready: chat, work item/);
    await page.keyboard.press("Escape");
    await expect(person.state).toBeFocused();
});

test("ending work asks, and logs the agent out of all channels", async ({person, page}) => {
    await person.signIn();
    await expect(person.state).toHaveAccessibleName(/ready/i);
    await person.state.click();
    await page.getByRole("menuitem", {name: "End work"}).click();
    await page.getByRole("dialog", {name: "End work?"}).getByRole("button", {name: "End work"}).click();
    await expect(person.userName).toBeVisible();
    const {channels} = await person.reads("/me/channels?fields=*");
    expect(channels.map(({userState}) => userState.state)).toEqual(["LoggedOut", "LoggedOut", "LoggedOut"]);
});

test("F2 goes into the box and Escape back, and a command runs from there", async ({person, page}) => {
    await person.signIn();
    await person.state.focus();
    await page.keyboard.press("F2");
    const box = page.getByRole("searchbox", {name: "Search work or type a command"});
    await expect(box).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(person.state).toBeFocused();
    await page.keyboard.press("F2");
    await page.keyboard.type("keyb");
    await expect(page.getByRole("option", {name: "Keyboard shortcuts"})).toHaveAttribute("aria-selected", "true");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", {name: "Keyboard shortcuts"}).getByRole("row", {name: /^F2/})).toBeVisible();
});

test("F6 goes from part to part and then leaves the key to the browser", async ({person, page}) => {
    await person.signIn();
    await expect(page.getByRole("button", {name: "Go Ready"})).toBeVisible();
    const part = () => page.evaluate(() => document.activeElement?.closest("[data-part]")?.getAttribute("data-part"));
    await person.state.focus();
    for (const next of ["list", "conversation"]) {
        await page.keyboard.press("F6");
        expect(await part()).toBe(next);
    }
    for (const previous of ["list", "bar"]) {
        await page.keyboard.press("Shift+F6");
        expect(await part()).toBe(previous);
    }
    await expect(person.state).toBeFocused();
    await page.keyboard.press("F6");
    await page.keyboard.press("F6");
    await page.evaluate(() => addEventListener("keydown", (event) =>
        setTimeout(() => { window.isLeft = !event.defaultPrevented; })));
    await page.keyboard.press("F6");
    await expect.poll(() => page.evaluate(() => window.isLeft)).toBe(true);
});

test("settings count at once and outlast a reload", async ({person, page}) => {
    await person.signIn();
    await expect(person.state).toBeVisible();
    await person.visit("/settings");
    const settings = page.getByRole("dialog", {name: "Settings"});
    await settings.getByRole("radio", {name: "Dark"}).check();
    await settings.getByRole("radio", {name: "Compact"}).check();
    await settings.getByRole("combobox", {name: "Language"}).selectOption("de");
    await expect(page.locator("html")).toHaveAttribute("lang", "de");
    await page.keyboard.press("Escape");
    await expect(page).toHaveURL(/\/desk\/mine$/);
    await page.reload();
    await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
    await expect(page.locator("html")).toHaveAttribute("data-density", "compact");
    await expect(page.getByRole("button", {name: /^Ihr Status: /})).toBeVisible();
});

test("a lost connection is said in words, and is over by itself", async ({person, page, program}) => {
    await person.signIn();
    await expect(person.state).toHaveAccessibleName(/ready/i);
    await program.end("SIGKILL");
    const strip = page.getByRole("alert").filter({hasText: /No connection|restarting/});
    await expect(strip).toBeVisible({timeout: 15_000});
    await expect(page.locator("#say-now")).toHaveText(/^No connection\./);
    await program.start();
    await expect(strip).toHaveCount(0, {timeout: 15_000});
    await expect(person.state).toHaveAccessibleName(/ready/i);
});

test("whoever opens the page while there is no server goes on by themselves", async ({person, page, program}) => {
    await person.visit();
    await program.end("SIGKILL");
    await person.userName.fill("kate");
    await person.password.fill("handoff-demo");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("alert").filter({hasText: "The server does not answer."})).toBeVisible();
    await expect(person.userName).toHaveValue("kate");
    await program.start();
    await page.getByRole("button", {name: "Try now"}).click();
    await expect(person.state).toBeVisible();
});

test("a login session that ended asks for the password over the page", async ({person, page}) => {
    await person.signIn();
    await expect(person.state).toHaveAccessibleName(/ready/i);
    await person.state.click();
    const ready = page.getByRole("menuitem", {name: "Ready", exact: true});
    await expect(ready).toBeVisible();
    await page.context().clearCookies();
    // Whichever asks the server first finds out: this press, or the page itself, which reads the
    // queues every 10 s. Then the dialog lies over the menu, and nothing is left to be pressed.
    const dialog = page.getByRole("dialog", {name: "Please sign in again"});
    await ready.or(dialog).first().waitFor();
    await ready.press("Enter", {timeout: 2_000}).catch(() => {});
    await expect(dialog.getByLabel("User name")).toHaveValue("kate");
    await page.keyboard.press("Escape");
    await expect(dialog).toBeVisible();
    await dialog.getByLabel("Password").fill("handoff-demo");
    await page.keyboard.press("Enter");
    await expect(dialog).toHaveCount(0);
    await expect(person.state).toBeVisible();
});

test("nothing is done as somebody else who has signed in in another tab", async ({person, page}) => {
    await person.signIn();
    await expect(person.state).toHaveAccessibleName(/ready/i);
    const authorization = `Basic ${Buffer.from("ben:handoff-demo").toString("base64")}`;
    const me = `${person.origin}/api/v2/me`;
    expect((await page.request.get(me, {headers: {authorization}})).ok()).toBe(true);
    const before = await person.reads("/me?subresources=channels", "ben");
    await person.state.click();
    await page.getByRole("menuitem", {name: "Ready", exact: true}).click();
    const dialog = page.getByRole("dialog", {name: "Please sign in again"});
    await expect(dialog.getByLabel("User name")).toHaveValue("kate");
    expect(await person.reads("/me?subresources=channels", "ben")).toEqual(before);
    await dialog.getByLabel("Password").fill("handoff-demo");
    await page.keyboard.press("Enter");
    await expect(dialog).toHaveCount(0);
    await expect(person.state).toBeVisible();
});

test("the desk works below a prefix of a proxy", async ({page, program}) => {
    const {address, close} = await below("/center/", program.origin);
    const beside = [];
    page.on("response", (response) => response.status() === 404 && beside.push(response.url()));
    const person = new Person(page, address);
    await person.visit("desk/parked/nothing");
    await person.userName.fill("kate");
    await person.password.fill("handoff-demo");
    await page.keyboard.press("Enter");
    await expect(person.state).toHaveAccessibleName(/ready/i);
    await expect(page).toHaveURL(`${address}desk/parked/nothing`);
    await person.visit("");
    await expect(person.state).toHaveAccessibleName(/ready/i);
    await expect(page).toHaveURL(`${address}desk/mine`);
    expect(beside.filter((url) => !url.startsWith(`${address}api/`))).toEqual([]);
    close();
});

const SCREENS = {
    wide: {viewport: {width: 1440, height: 900}},
    middle: {viewport: {width: 1024, height: 768}},
    narrow: {viewport: {width: 768, height: 1024}},
    phone: {viewport: {width: 390, height: 844}},
    "small phone": {viewport: {width: 320, height: 568}},
    "at 200 %": {viewport: {width: 640, height: 450}},
};

for (const [name, screen] of Object.entries(SCREENS)) {
    for (const colorScheme of ["light", "dark"]) {
        test.describe(`${name}, ${colorScheme}`, () => {
            test.use({...screen, colorScheme, contextOptions: {reducedMotion: "reduce"}});

            test(`signing in, desk, menu and settings, ${name}, ${colorScheme}`, async ({person, page}) => {
                await person.visit();
                await expect(person.userName).toBeVisible();
                await person.isAccessible();
                await person.signIn();
                await expect(person.state).toHaveAccessibleName(/ready/i);
                await person.isAccessible();
                await person.state.click();
                await expect(page.getByRole("menu")).toBeVisible();
                await person.isAccessible();
                await page.keyboard.press("Escape");
                await person.visit("/settings");
                await expect(page.getByRole("dialog", {name: "Settings"})).toBeVisible();
                await person.isAccessible();
            });
        });
    }
}
