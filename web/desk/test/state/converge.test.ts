// Whatever is lost, repeated or late: once everything has come through, the desk knows what one
// that begins afresh knows, and what was said was said once.

import assert from "node:assert/strict";
import {test} from "node:test";
import type {DeskState} from "../../src/state/model.ts";
import {FakeServer} from "./fake-server.ts";
import {Browser, Stage, Time, turns} from "./stage.ts";

/** A sequence of numbers from 0 to 1 that a seed fixes. */
function numbers(seed: number): () => number {
    let state = seed * 2_654_435_761 + 1;
    return () => {
        state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
        return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
    };
}

/** What two desks must agree about. */
function known({work, channels, transcripts, parked, workbins}: DeskState): unknown {
    const byId = <T extends {id: string}>(all: T[]) =>
        [...all].sort((a, b) => a.id.localeCompare(b.id));
    const said = Object.entries(transcripts)
        .filter(([, one]) => one.lines.length > 0)
        .map(([id, one]) => [id, one.lines.map((line) => `${line.index} ${line.text}`)]);
    return {
        work: byId(Object.values(work)),
        channels,
        said: said.sort(([a], [b]) => String(a).localeCompare(String(b))),
        parked: Object.fromEntries(Object.entries(parked).map(([bin, all]) => [bin, byId(all)])),
        workbins,
    };
}

class Shift {
    readonly server = new FakeServer();
    readonly time = new Time();
    readonly browser = new Browser();
    stages: Stage[] = [];
    /** Words that were sent, and are to be said once each. */
    readonly sent: string[] = [];
    readonly #random: () => number;

    constructor(seed: number, tabs: number) {
        this.#random = numbers(seed);
        this.stages = Array.from({length: tabs}, () => this.#open());
    }

    #open(): Stage {
        const stage = new Stage(this.server, this.time, this.browser);
        stage.desk.start();
        return stage;
    }

    async step(): Promise<void> {
        const stage = this.#one(this.stages);
        const all: (() => unknown)[] = [
            ...Array(4).fill(() => stage?.work()),
            ...Array(4).fill(() => stage?.arrive()),
            ...Array(6).fill(() => stage?.link?.pass()),
            ...Array(6).fill(() => this.#somethingHappens()),
            () => stage?.link?.pass(2),
            () => this.time.pass(Math.floor(this.#random() * 1_500)),
            () => this.#random() < 0.3 && stage?.link?.pass(0),
            () => this.#random() < 0.3 && stage?.link?.cut(),
            () => this.#random() < 0.3 && stage?.lose(),
            () => this.#random() < 0.1 && this.server.sweep(),
            () => this.#random() < 0.1 && this.#restart(),
            () => this.#random() < 0.1 && stage !== undefined && this.#reload(stage),
            () => stage !== undefined && this.#say(stage),
        ];
        this.#one(all)?.();
        await new Promise<void>((resolve) => setImmediate(resolve));
    }

    /** Everything comes through. */
    async end(): Promise<void> {
        this.server.isUp = true;
        // A message that was lost shows by the next one's number.
        this.server.setChannels("Ready");
        const id = this.server.offer("chat");
        this.server.leave(id, "Revoked");
        for (let round = 0; round < 3; round += 1) {
            for (const stage of this.stages) {
                await stage.settle();
            }
        }
    }

    #somethingHappens(): void {
        const {server} = this;
        const all = [...server.interactions.values()];
        const mine = this.#one(all.filter((it) => it.owner !== null));
        const offered = this.#one(all.filter((it) => it.state === "Invited"));
        const chat = this.#one(all.filter((it) => it.state === "Chatting"));
        const things: (() => unknown)[] = [
            () => server.offer(this.#random() < 0.6 ? "chat" : "workitem"),
            () => offered && server.accept(offered.id),
            () => offered && server.accept(offered.id),
            () => offered && server.leave(offered.id, "Revoked"),
            () => chat && server.customerSays(chat.id, `words ${Math.floor(this.#random() * 999)}`),
            () => chat && server.customerSays(chat.id, "more"),
            () => chat && server.customerTypes(chat.id),
            () => mine && server.attach(mine.id, "key", String(this.#random())),
            () => mine && this.#random() < 0.3 && server.leave(mine.id, "Completed"),
            () => mine?.channel === "workitem" && server.park(mine.id),
            () => server.setChannels(this.#random() < 0.5 ? "Ready" : "NotReady"),
        ];
        this.#one(things)?.();
    }

    #say(stage: Stage): void {
        const chats = Object.values(stage.desk.store.state.work).filter(
            (it) => it.state === "Chatting",
        );
        const chat = this.#one(chats);
        if (chat !== undefined) {
            const text = `answer ${this.sent.length}`;
            this.sent.push(text);
            void stage.desk.say(chat.id, text, "All");
        }
    }

    /** The server goes for a moment, and every link with it. */
    #restart(): void {
        this.server.isUp = !this.server.isUp;
        for (const link of [...this.server.links]) {
            link.cut();
        }
    }

    /** The tab is killed, and there is another. */
    #reload(stage: Stage): void {
        stage.desk.stop();
        this.stages = this.stages.map((one) => (one === stage ? this.#open() : one));
    }

    #one<T>(all: T[]): T | undefined {
        return all[Math.floor(this.#random() * all.length)];
    }
}

/** Returns what was said more than once, or never although nobody refused it. */
function wrong(shift: Shift, states: DeskState[]): string[] {
    const refused = new Set(
        states.flatMap((state) =>
            state.pending.filter((one) => one.stage.kind === "refused").map((one) => one.text),
        ),
    );
    return shift.sent.filter((text) => {
        const times = shift.server.said.filter((one) => one === text).length;
        return refused.has(text) ? times !== 0 : times !== 1;
    });
}

for (const tabs of [1, 2]) {
    test(`with ${tabs} tab(s), any order of events ends where a fresh read begins`, async () => {
        for (let seed = 1; seed <= 60; seed += 1) {
            const shift = new Shift(seed * 10 + tabs, tabs);
            for (let step = 0; step < 250; step += 1) {
                await shift.step();
            }
            await shift.end();
            const fresh = new Stage(shift.server, shift.time);
            fresh.desk.start();
            await fresh.settle();
            const expected = known(fresh.desk.store.state);
            for (const {desk} of shift.stages) {
                assert.deepEqual(known(desk.store.state), expected, `seed ${seed}`);
            }
            const states = shift.stages.map(({desk}) => desk.store.state);
            assert.deepEqual(wrong(shift, states), [], `seed ${seed}`);
            for (const {pending} of states) {
                const left = pending.filter((one) => one.stage.kind !== "refused");
                assert.deepEqual(left, [], `seed ${seed}`);
            }
            await turns();
        }
    });
}
