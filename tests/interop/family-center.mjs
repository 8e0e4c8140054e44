// Prints the center file of the contact center that family.mjs and receiver.mjs are run in. The password is in the variable INTEROP_PASSWORD.

import {CLIENTS, NEIGHBOUR, TRANSPORTS, desk} from "./lib/desks.mjs";

/** Work items of one agent: the neighbour takes one for every client and transport. */
const WORK_ITEMS_MAX = 100;

function user(name, role, groups) {
    return `[[user]]
userName = "${name}"
firstName = "${name}"
lastName = "Interop"
emailAddress = "${name}@interop.example"
roles = ["${role}"]
groups = ${JSON.stringify(groups)}
capacity = { workitem = ${WORK_ITEMS_MAX} }
password = { env = "INTEROP_PASSWORD" }
`;
}

console.log('[center]\nname = "Interop"');
console.log(user("intake", "apiuser", []));
console.log(user("ada", "admin", []));
for (const name of [NEIGHBOUR, ...CLIENTS.flatMap(client => TRANSPORTS.map(one => desk(client, one)))]) {
    console.log(`[[group]]\nname = "${name}"\n${user(name, "agent", [name])}`);
    console.log(`[[queue]]\nname = "${name}"\nchannel = "workitem"\ngroups = ["${name}"]`);
}
