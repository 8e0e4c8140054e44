// Sentences of the live regions (design 6). Those of offers and messages stand with their parts.

import {part, plural} from "../part.ts";

export const said = part({
    en: {
        messages: (n: number, customers: number) =>
            `${n} new messages from ${customers} ` +
            `${plural("en", customers, "customer", "customers")}.`,
        lost: "No connection. What you write is kept and sent later.",
        back: (n: number) =>
            n === 0
                ? "Connected. Nothing was missed."
                : `Connected. ${n} ${plural("en", n, "new message", "new messages")}.`,
        notLeft: "You are still signed in: the server did not answer.",
        stateIs: (word: string) => `Your state was changed: ${word}.`,
    },
    de: {
        messages: (n, customers) =>
            `${n} neue Nachrichten von ${customers} ` +
            `${plural("de", customers, "Kunden", "Kunden")}.`,
        lost: "Keine Verbindung. Was Sie schreiben, bleibt und wird später gesendet.",
        back: (n) =>
            n === 0
                ? "Verbunden. Nichts wurde verpasst."
                : `Verbunden. ${n} ${plural("de", n, "neue Nachricht", "neue Nachrichten")}.`,
        notLeft: "Sie sind noch angemeldet: Der Server hat nicht geantwortet.",
        stateIs: (word) => `Ihr Status wurde geändert: ${word}.`,
    },
    fr: {
        messages: (n, customers) =>
            `${n} nouveaux messages de ${customers} ` +
            `${plural("fr", customers, "client", "clients")}.`,
        lost: "Pas de connexion. Ce que vous écrivez est gardé et partira plus tard.",
        back: (n) =>
            n === 0
                ? "Connecté. Rien n’a été manqué."
                : `Connecté. ${n} ` +
                  `${plural("fr", n, "nouveau message", "nouveaux messages")}.`,
        notLeft: "Vous êtes toujours connecté : le serveur n’a pas répondu.",
        stateIs: (word) => `Votre état a été changé : ${word}.`,
    },
    es: {
        messages: (n, customers) =>
            `${n} mensajes nuevos de ${customers} ` +
            `${plural("es", customers, "cliente", "clientes")}.`,
        lost: "Sin conexión. Lo que escribe se guarda y se envía más tarde.",
        back: (n) =>
            n === 0
                ? "Conectado. No se perdió nada."
                : `Conectado. ${n} ${plural("es", n, "mensaje nuevo", "mensajes nuevos")}.`,
        notLeft: "Su sesión sigue abierta: el servidor no respondió.",
        stateIs: (word) => `Su estado ha cambiado: ${word}.`,
    },
});
