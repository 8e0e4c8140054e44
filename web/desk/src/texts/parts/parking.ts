// When something that is parked comes back. Loaded with the dialog that parks.

import {part} from "../part.ts";

export const parking = part({
    en: {
        until: "Comes back",
        untilHelp: "It is offered to you then, where you are Ready; else it waits in its queue.",
        none: "When somebody takes it out",
        hour: "In an hour",
        tomorrow: "Tomorrow at 9:00",
        monday: "On Monday at 9:00",
        own: "At a time of your own",
        ownTime: "Time",
        untilWrong: "Choose a time to come, within a year.",
    },
    de: {
        until: "Kommt zurück",
        untilHelp: "Dann wird es Ihnen angeboten, wenn Sie bereit sind; sonst wartet es in seiner "
            + "Warteschlange.",
        none: "Wenn es jemand herausnimmt",
        hour: "In einer Stunde",
        tomorrow: "Morgen um 9:00",
        monday: "Am Montag um 9:00",
        own: "Zu einer eigenen Zeit",
        ownTime: "Zeit",
        untilWrong: "Eine künftige Zeit wählen, innerhalb eines Jahres.",
    },
    fr: {
        until: "Revient",
        untilHelp: "Cela vous est alors offert, si vous êtes disponible ; sinon cela attend dans sa "
            + "file.",
        none: "Quand quelqu’un le reprend",
        hour: "Dans une heure",
        tomorrow: "Demain à 9:00",
        monday: "Lundi à 9:00",
        own: "À un moment choisi",
        ownTime: "Moment",
        untilWrong: "Choisissez un moment à venir, dans l’année.",
    },
    es: {
        until: "Vuelve",
        untilHelp: "Entonces se le ofrece, si está disponible; si no, espera en su cola.",
        none: "Cuando alguien lo saque",
        hour: "En una hora",
        tomorrow: "Mañana a las 9:00",
        monday: "El lunes a las 9:00",
        own: "A una hora propia",
        ownTime: "Hora",
        untilWrong: "Elija una hora futura, dentro de un año.",
    },
});
