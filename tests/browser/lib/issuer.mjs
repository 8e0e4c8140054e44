// An OpenID provider on this machine: whoever comes says by a click who they are.

import {createHash, generateKeyPairSync, randomBytes, sign} from "node:crypto";
import {once} from "node:events";
import {createServer} from "node:http";

const coded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Starts one that knows these people, each as the claims of a token; ends with `close`. */
export async function startIssuer(people) {
    const {publicKey, privateKey} = generateKeyPairSync("ec", {namedCurve: "P-256"});
    const codes = new Map();
    const token = (claims) => {
        const message = `${coded({alg: "ES256", kid: "one"})}.${coded(claims)}`;
        const signature = sign("sha256", Buffer.from(message), {key: privateKey, dsaEncoding: "ieee-p1363"});
        return `${message}.${signature.toString("base64url")}`;
    };
    const choice = ({searchParams}) => Object.keys(people).map((name) => {
        const code = randomBytes(8).toString("hex");
        codes.set(code, {name, nonce: searchParams.get("nonce"), challenge: searchParams.get("code_challenge")});
        const back = new URL(searchParams.get("redirect_uri"));
        back.search = new URLSearchParams({code, state: searchParams.get("state")});
        return `<p><a href="${back.href.replaceAll("&", "&amp;")}">${name}</a>`;
    }).join("");
    const redeemed = (form, client) => {
        const {name, nonce, challenge} = codes.get(form.get("code")) ?? {};
        codes.delete(form.get("code"));
        if (createHash("sha256").update(form.get("code_verifier")).digest("base64url") !== challenge) {
            return undefined;
        }
        const now = Math.floor(Date.now() / 1_000);
        return {id_token: token({iss: url, aud: client, sub: name, iat: now, exp: now + 60, nonce, ...people[name]})};
    };
    const server = createServer(async (asked, answer) => {
        const address = new URL(asked.url, url);
        const says = (value) => answer.writeHead(200, {"content-type": "application/json"}).end(JSON.stringify(value));
        switch (address.pathname) {
            case "/.well-known/openid-configuration":
                return says({issuer: url, authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token`, jwks_uri: `${url}/keys`});
            case "/keys":
                return says({keys: [{...publicKey.export({format: "jwk"}), kid: "one", use: "sig"}]});
            case "/authorize":
                return answer.writeHead(200, {"content-type": "text/html"}).end(`<!DOCTYPE html><title>Who are you?</title>${choice(address)}`);
            default: {
                const form = new URLSearchParams((await asked.toArray()).join(""));
                const tokens = redeemed(form, form.get("client_id"));
                return tokens === undefined ? answer.writeHead(400).end() : says(tokens);
            }
        }
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${server.address().port}`;
    const close = () => {
        server.close();
        server.closeAllConnections();
    };
    return {url, close};
}
