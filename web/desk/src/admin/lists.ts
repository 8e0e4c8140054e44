// The lists of the contact center, as the pages share them: each is read when somebody needs it.

import {inject, provide, shallowReactive, type InjectionKey} from "vue";
import type {Api} from "../api/http.ts";
import {saidOf} from "../api/trouble.ts";
import {Center, type Thing} from "./center.ts";
import type {Form} from "./form.ts";
import {InOrder} from "./in-order.ts";
import {PAGES, READABLES, titleOf, type Forms, type Page, type Readable} from "./kinds.ts";

export interface Listed<P extends Page> {
    /** What was read last; `null` before the first time. */
    things: Thing<Forms[P]>[] | null;
    /** Why it could not be read, in the server's words where it said any; `null` when it could. */
    trouble: string | null;
}

export class Lists {
    readonly #center: Center;
    readonly #listed = shallowReactive(
        Object.fromEntries(PAGES.map((page) => [page, {things: null, trouble: null}])),
    ) as {[P in Page]: Listed<P>};

    readonly #orders = new Map<Page, InOrder>(PAGES.map((page) => [page, new InOrder()]));

    constructor(api: Pick<Api, "get" | "put" | "post" | "delete">) {
        this.#center = new Center(api);
    }

    of<P extends Page>(page: P): Listed<P> {
        return this.#listed[page];
    }

    /** Reads a list anew; what was read before stays until then. */
    async read<P extends Page>(page: P): Promise<void> {
        const listed = this.#listed as {[Q in Page]: Listed<Page>};
        const take = this.#orders.get(page)?.ask();
        try {
            const things = await this.#center.list(READABLES[page] as Readable<Form>);
            things.sort((one, other) => titleOf(one.form).localeCompare(titleOf(other.form)));
            take?.(() => {
                listed[page] = {things: things as Thing<Forms[Page]>[], trouble: null};
            });
        } catch (trouble) {
            take?.(() => {
                listed[page] = {...listed[page], trouble: saidOf(trouble)};
            });
        }
    }

    /** Returns why some of these lists could not be read; `null` when all could. */
    troubleOf(pages: readonly Page[]): string | null {
        return pages.map((page) => this.#listed[page].trouble).find((one) => one !== null) ?? null;
    }

    /** Returns the names of all groups or skills that are known. */
    names(page: "groups" | "skills"): string[] {
        return (this.#listed[page].things ?? []).map(({form}) => form.name);
    }
}

const LISTS: InjectionKey<Lists> = Symbol("lists");

export function provideLists(lists: Lists): void {
    provide(LISTS, lists);
}

export function useLists(): Lists {
    const lists = inject(LISTS);
    if (lists === undefined) {
        throw new Error("asked for outside of the admin pages");
    }
    return lists;
}
