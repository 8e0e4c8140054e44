// Parts of the CometD client that its own types leave out.

declare module "cometd/Client.js" {
    export {CometD} from "cometd";
}
