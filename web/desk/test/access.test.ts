import assert from "node:assert/strict";
import {test} from "node:test";
import {Access, browserName, daysOf} from "../src/access/access.ts";
import decodeQR from "qr/decode.js";
import {pictureOf, SecondFactor} from "../src/access/second-factor.ts";
import type {Answer} from "../src/api/http.ts";

/** A server that answers everything the same; it keeps what was asked. */
function server(answer: Answer) {
    const asked: unknown[][] = [];
    const says = (method: string) => async (...request: unknown[]): Promise<Answer> => {
        asked.push([method, ...request]);
        return answer;
    };
    return {asked, get: says("GET"), post: says("POST"), delete: says("DELETE"), renew: says("RENEW")};
}

test("one's own and a user's are at different addresses, and of one shape", async () => {
    const it = server({
        sessions: [{
            id: "ab12", created: "2026-11-30 12:00:00.000+0000",
            lastSeen: "2026-11-30 12:05:00.000+0000", address: null, userAgent: null, current: true,
        }],
        tokens: [{
            id: "t", name: "crm", scopes: ["read"], created: "2026-11-30 12:00:00.000+0000",
            expires: "2027-02-28 12:00:00.000+0000", lastUsed: null, expired: false,
        }],
        token: "hnd_1",
    });
    const [mine, theirs] = [new Access(it, null), new Access(it, "u 1")];
    assert.deepEqual(await mine.sessions(), [{
        id: "ab12", created: Date.UTC(2026, 10, 30, 12), lastSeen: Date.UTC(2026, 10, 30, 12, 5),
        address: null, userAgent: null, isCurrent: true,
    }]);
    assert.deepEqual(await theirs.tokens(), [{
        id: "t", name: "crm", scopes: ["read"], created: Date.UTC(2026, 10, 30, 12),
        expires: Date.UTC(2027, 1, 28, 12), lastUsed: null, isExpired: false,
    }]);
    assert.equal(await theirs.makeToken("crm", ["read", "work"], 30), "hnd_1");
    await mine.endSession("ab12");
    await theirs.removeToken("t");
    assert.deepEqual(it.asked, [
        ["GET", "me/sessions"],
        ["GET", "users/u%201/tokens"],
        ["POST", "users/u%201/tokens", {name: "crm", scopes: ["read", "work"], expiresInDays: 30}],
        ["DELETE", "me/sessions/ab12"],
        ["DELETE", "users/u%201/tokens/t"],
    ]);
});

test("a token lives for whole days, up to a year", () => {
    assert.deepEqual(["90", " 1 ", "365"].map(daysOf), [90, 1, 365]);
    assert.deepEqual(["", "0", "366", "1.5", "many", "-1"].map(daysOf), Array(6).fill(null));
});

test("a browser is called by its name, a program by its own words", () => {
    const mozilla = "Mozilla/5.0 (X11; Linux x86_64)";
    assert.equal(browserName(`${mozilla} Gecko/20100101 Firefox/140.0`), "Firefox, Linux");
    const chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
    assert.equal(browserName(`Mozilla/5.0 (Windows NT 10.0) ${chrome}`), "Chrome, Windows");
    assert.equal(browserName(`Mozilla/5.0 (Windows NT 10.0) ${chrome} Edg/140.0`), "Edge, Windows");
    const iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1";
    assert.equal(browserName(iphone), "Safari, iOS");
    assert.equal(browserName("crm/1.2"), "crm/1.2");
});

test("a second factor begins with a code of the device, and ends with one", async () => {
    const it = server({
        enabled: true, recoveryCodesLeft: 9, secret: "JBSW", uri: "otpauth://totp/x",
        recoveryCodes: ["7k2m", 7],
    });
    const [mine, theirs] = [new SecondFactor(it, null), new SecondFactor(it, "u 1")];
    assert.deepEqual(await mine.state(), {isEnabled: true, codesLeft: 9});
    assert.deepEqual(await mine.enrol("word"), {secret: "JBSW", uri: "otpauth://totp/x"});
    assert.deepEqual(await mine.confirm(" 123456 "), ["7k2m"]);
    await mine.remove("word", "7k2m");
    await theirs.state();
    await theirs.end();
    assert.deepEqual(it.asked, [
        ["GET", "me/second-factor"],
        ["POST", "me/second-factor", {operationName: "Enrol", password: "word"}],
        // What the session is known by changes with both.
        ["RENEW", "me/second-factor", {operationName: "Confirm", code: "123456"}],
        ["RENEW", "me/second-factor", {operationName: "Remove", password: "word", code: "7k2m"}],
        ["GET", "users/u%201/second-factor"],
        ["DELETE", "users/u%201/second-factor"],
    ]);
});

test("a camera reads from the picture what a device needs", async () => {
    const uri = "otpauth://totp/Handoff:kate?secret=VORJQBPR2LWI6PK277IZF67P4S7OUPP7&issuer=Handoff";
    const {size, path} = await pictureOf(uri);
    /** Pixels of a module: a camera sees each several times. */
    const scale = 4;
    const width = size * scale;
    const data = new Uint8ClampedArray(width * width * 4).fill(255);
    for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
        for (let at = 0; at < scale * scale; at += 1) {
            const [dx, dy] = [at % scale, Math.floor(at / scale)];
            const pixel = (Number(y) * scale + dy) * width + Number(x) * scale + dx;
            data.fill(0, pixel * 4, pixel * 4 + 3);
        }
    }
    assert.equal(decodeQR({width, height: width, data}), uri);
});
