// An admin in front of their pages, and a look at each of them. HANDOFF_PICTURES names a directory for pictures.

import {join} from "node:path";

import {expect as impatient, test} from "./desk.mjs";

export const expect = impatient.configure({timeout: 20_000});

const PICTURES = process.env.HANDOFF_PICTURES;
/** The four widths of the design. */
const SIZES = [[1440, 900], [1024, 768], [768, 1024], [390, 844]];
/** Where all rules are tried: in both themes, on the widest and on the narrowest. */
const TRIED = {1440: "light", 390: "dark"};
/** A height at which every form is seen whole. */
const ALL_OF_IT = 3_000;

/** An admin in front of their pages. */
export class Admin {
    constructor(page, person) {
        this.page = page;
        this.person = person;
        this.dialog = page.getByRole("dialog");
        this.save = page.getByRole("button", {name: "Save changes"});
        this.summary = page.getByRole("alert").filter({hasText: "Nothing was saved."});
    }

    async begins() {
        await this.person.signIn("ada");
        await expect(this.page.getByRole("table", {name: "Users"})).toBeVisible();
    }

    field(name) {
        return this.page.getByRole("main").getByLabel(name, {exact: true});
    }

    /** Goes to a page, and from there to the form of one, or of a new one. */
    async opens(pageName, name) {
        await this.page.getByRole("navigation", {name: "Admin"}).getByRole("link", {name: pageName}).click();
        await expect(this.page.getByRole("heading", {level: 1, name: pageName})).toBeVisible();
        await this.page.getByRole("main").getByRole("link", {name, exact: true}).click();
        await expect(this.page.getByRole("form", {name})).toBeVisible();
    }

    /** Makes something, by keys alone from its first field on. */
    async makes(pageName, what, fill) {
        await this.opens(pageName, what);
        await fill();
        await this.page.getByRole("button", {name: "Create"}).press("Enter");
        await expect(this.page).not.toHaveURL(/\/new$/);
    }

    /** Chooses what there is by its name, without a mouse. */
    async picks(label, name) {
        const box = this.page.getByRole("combobox", {name: label});
        await box.focus();
        await this.page.keyboard.type(name);
        await expect(this.page.getByRole("option", {name, exact: true})).toBeVisible();
        await this.page.keyboard.press("Enter");
        await expect(this.page.getByRole("button", {name: `Remove ${name}`, exact: true}).first()).toBeVisible();
    }

    async idOf(list, field, name) {
        const found = await this.person.reads(`/${list}?fields=*&limit=1000`, "ada");
        return found[list].find((one) => one[field] === name).id;
    }
}

export const admining = test.extend({
    admin: async ({page, person}, use) => {
        const admin = new Admin(page, person);
        await admin.begins();
        await use(admin);
    },
});

/** Looks at what is there, at all widths and in both themes. */
export async function looksAt(page, person, name) {
    expect(await page.locator("main img, [role=dialog] img").count(), `${name} has a name as an element`).toBe(0);
    for (const [width, height] of SIZES) {
        await page.setViewportSize({width, height});
        // Without a picture only what is tried is looked at: a theme moves nothing.
        const schemes = PICTURES === undefined ? [TRIED[width]].filter(Boolean) : ["light", "dark"];
        for (const colorScheme of schemes) {
            await page.emulateMedia({colorScheme});
            if (PICTURES !== undefined) {
                await page.screenshot({path: join(PICTURES, `admin-${name}-${width}-${colorScheme}.png`)});
            }
            if (TRIED[width] === colorScheme) {
                // So high that no control is half below an edge, where the distance of another one says nothing.
                await page.setViewportSize({width, height: ALL_OF_IT});
                await person.isAccessible();
                await page.setViewportSize({width, height});
            }
        }
        const isWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
        expect(isWide, `${name} scrolls sideways at ${width}`).toBe(false);
    }
    await page.setViewportSize({width: SIZES[0][0], height: SIZES[0][1]});
}
