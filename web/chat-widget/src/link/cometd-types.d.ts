// A part of the CometD client that its own types leave out.

declare module "cometd/LongPollingTransport.js" {
    export class LongPollingTransport {
        type: string;
        url: string;
        accept(version: string, crossDomain: boolean, url: string): boolean;
        abort(): void;
        xhrSend(packet: {
            url: string;
            body: string;
            headers: Record<string, string>;
            onSuccess(response: string): void;
            onError(reason: string): void;
        }): XMLHttpRequest;
    }
}

declare module "cometd/Client.js" {
    export {CometD} from "cometd";
}
