// Colleagues: who else looks at something, and asking them.

import {part, plural} from "../part.ts";

export const colleagues = part({
    en: {
        hereToo: (names: string, n: number) =>
            `${names} ${plural("en", n, "is", "are")} here too`,
        ask: (name: string) => `Ask ${name}`,
        askRest: "It is shown to them at once, and kept nowhere.",
        question: "Your question",
        send: "Ask",
        asked: (name: string) => `${name} was asked.`,
        asks: (name: string) => `${name} asks:`,
        show: "Show",
        seen: "Seen",
    },
    de: {
        hereToo: (names, n) => `${names} ${plural("de", n, "ist", "sind")} auch hier`,
        ask: (name) => `${name} fragen`,
        askRest: "Es wird sofort gezeigt und nirgends aufgehoben.",
        question: "Ihre Frage",
        send: "Fragen",
        asked: (name) => `${name} wurde gefragt.`,
        asks: (name) => `${name} fragt:`,
        show: "Zeigen",
        seen: "Gesehen",
    },
    fr: {
        hereToo: (names, n) => `${names} ${plural("fr", n, "est", "sont")} aussi ici`,
        ask: (name) => `Demander à ${name}`,
        askRest: "C’est montré aussitôt et conservé nulle part.",
        question: "Votre question",
        send: "Demander",
        asked: (name) => `La question est posée à ${name}.`,
        asks: (name) => `${name} demande :`,
        show: "Afficher",
        seen: "Vu",
    },
    es: {
        hereToo: (names, n) => `${names} ${plural("es", n, "está", "están")} aquí también`,
        ask: (name) => `Preguntar a ${name}`,
        askRest: "Se muestra al momento y no se guarda en ninguna parte.",
        question: "Su pregunta",
        send: "Preguntar",
        asked: (name) => `Se preguntó a ${name}.`,
        asks: (name) => `${name} pregunta:`,
        show: "Mostrar",
        seen: "Visto",
    },
});
