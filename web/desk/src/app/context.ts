// What every component of the desk may ask for.

import {inject, provide, type InjectionKey, type ShallowRef} from "vue";
import type {Api} from "../api/http.ts";
import type {Desk} from "../state/desk.ts";
import type {DeskState} from "../state/model.ts";
import type {Announcer} from "./announcer.ts";
import type {Entrance, Session} from "./session.ts";
import type {SettingsKeeper} from "./settings-keeper.ts";

export interface Context {
    /** The address of the desk, with a slash at its end. */
    base: string;
    api: Api;
    session: Session;
    entrance: ShallowRef<Entrance>;
    settings: SettingsKeeper;
    announcer: Announcer;
    /** Returns whether the server has a newer desk than this page is. */
    newer(): Promise<boolean>;
}

/** The desk of whoever is signed in. */
export interface OpenDesk {
    desk: Desk;
    /** The state; another value after each change. */
    state: Readonly<ShallowRef<DeskState>>;
    /** The server's time, in ms since 1970; another value each second. */
    now: Readonly<ShallowRef<number>>;
    /** Why one's state was not changed, in the server's words; empty once it is seen or done. */
    stateRefusal: ShallowRef<string>;
}

const CONTEXT: InjectionKey<Context> = Symbol("context");
const DESK: InjectionKey<OpenDesk> = Symbol("desk");

export const contextKey = CONTEXT;
export const deskKey = DESK;

export function useContext(): Context {
    return needed(inject(CONTEXT));
}

export function provideDesk(desk: OpenDesk): void {
    provide(DESK, desk);
}

export function useDesk(): OpenDesk {
    return needed(inject(DESK));
}

function needed<T>(given: T | undefined): T {
    if (given === undefined) {
        throw new Error("asked for outside of what provides it");
    }
    return given;
}
