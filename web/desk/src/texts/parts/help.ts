// The help: what one must know for a first day. It is loaded with its dialog.

import {part} from "../part.ts";

interface Topic {
    title: string;
    text: string;
}

export const help = part<Topic[]>({
    en: [
        {
            title: "Getting work",
            text: "Go Ready, and work is offered to you at the bottom left. F8 goes to the oldest "
                + "offer, Enter accepts it. What you let pass goes to a colleague; whoever lets "
                + "several pass is set to Not ready.",
        },
        {
            title: "Who waits",
            text: "Under “Waiting for you” stands who is owed an answer, the most urgent on top. "
                + "The number says for how long: amber is late, red is very late. Shift+F8 opens "
                + "the first. What is answered shows a grey time.",
        },
        {
            title: "Answering",
            text: "In a chat Enter sends. What is “To agents only” the customer never sees. In a "
                + "letter r replies and Ctrl+Enter sends; when the customer writes again "
                + "meanwhile, you are told before your answer goes.",
        },
        {
            title: "Handing over",
            text: "Transfer gives it to a colleague or a queue, Invite brings a colleague in, Park "
                + "keeps it for later. Complete ends it. A note stays with it, whoever has it "
                + "next.",
        },
        {
            title: "Nothing is lost",
            text: "What you write is kept with every key, here and on the server. Without a "
                + "connection you go on writing; it is sent once when the connection is back. A "
                + "reload, or another computer, shows the same.",
        },
        {
            title: "Sounds and notifications",
            text: "An offer is heard every 5 seconds until it is answered, and shown by the system "
                + "when the page is behind. Should the browser block notifications: press the "
                + "sign before the page’s address, allow notifications there, and reload.",
        },
        {
            title: "Without a mouse",
            text: "F2 goes into the box that knows every command by name. F6 goes from part to "
                + "part. ? in a list shows all keys.",
        },
        {
            title: "Leaving",
            text: "Sign out leaves this computer; your work stays with you for a while. End work "
                + "sends it back at once, and says what goes where.",
        },
    ],
    de: [
        {
            title: "Arbeit bekommen",
            text: "Werden Sie bereit, und Arbeit wird Ihnen unten links angeboten. F8 führt zum "
                + "ältesten Angebot, Enter nimmt es an. Was Sie vorbeigehen lassen, geht an "
                + "andere; wer mehrere vorbeigehen lässt, ist nicht mehr bereit.",
        },
        {
            title: "Wer wartet",
            text: "Unter „Wartet auf Sie“ steht, wem eine Antwort zusteht, das Dringendste oben. "
                + "Die Zahl sagt, wie lange schon: gelb ist spät, rot sehr spät. Umschalt+F8 "
                + "öffnet das Erste. Beantwortetes zeigt eine graue Uhrzeit.",
        },
        {
            title: "Antworten",
            text: "Im Chat sendet Enter. Was „Nur an Agenten“ geht, sieht der Kunde nie. In einem "
                + "Brief antwortet r und Strg+Enter sendet; schreibt der Kunde inzwischen noch "
                + "einmal, erfahren Sie es, bevor Ihre Antwort hinausgeht.",
        },
        {
            title: "Weitergeben",
            text: "Übergeben gibt es an jemanden oder an eine Warteschlange, Dazuholen bringt "
                + "jemanden herein, Ablegen hebt es für später auf. Abschließen beendet es. Eine "
                + "Notiz bleibt dabei, wer immer es als Nächstes hat.",
        },
        {
            title: "Nichts geht verloren",
            text: "Was Sie schreiben, wird mit jeder Taste aufgehoben, hier und auf dem Server. "
                + "Ohne Verbindung schreiben Sie weiter; es wird einmal gesendet, wenn sie wieder "
                + "da ist. Neu geladen oder an einem anderen Computer sehen Sie dasselbe.",
        },
        {
            title: "Töne und Mitteilungen",
            text: "Ein Angebot ist alle 5 Sekunden zu hören, bis es beantwortet ist, und das "
                + "System zeigt es, wenn die Seite hinten liegt. Sperrt der Browser Mitteilungen: "
                + "Drücken Sie auf das Zeichen vor der Adresse, erlauben Sie dort Mitteilungen "
                + "und laden Sie neu.",
        },
        {
            title: "Ohne Maus",
            text: "F2 führt in das Feld, das jeden Befehl beim Namen kennt. F6 führt von Teil zu "
                + "Teil. ? in einer Liste zeigt alle Tasten.",
        },
        {
            title: "Aufhören",
            text: "Abmelden verlässt diesen Computer; Ihre Arbeit bleibt eine Weile bei "
                + "Ihnen. Dienst beenden gibt sie sofort zurück und sagt, was wohin geht.",
        },
    ],
    fr: [
        {
            title: "Recevoir du travail",
            text: "Devenez disponible, et le travail vous est offert en bas à gauche. F8 mène à "
                + "l’offre la plus ancienne, Entrée l’accepte. Ce que vous laissez passer va à un "
                + "collègue ; qui en laisse passer plusieurs n’est plus disponible.",
        },
        {
            title: "Qui attend",
            text: "Sous « Vous attendent » se trouve qui a droit à une réponse, le plus urgent en "
                + "haut. Le nombre dit depuis quand : ambre est tard, rouge très tard. Maj+F8 "
                + "ouvre le premier. Ce qui est répondu montre une heure grise.",
        },
        {
            title: "Répondre",
            text: "Dans un chat, Entrée envoie. Ce qui va « Aux agents seuls », le client ne le "
                + "voit jamais. Dans une lettre, r répond et Ctrl+Entrée envoie ; si le client "
                + "écrit encore entre-temps, vous le savez avant que votre réponse parte.",
        },
        {
            title: "Passer la main",
            text: "Transférer donne à un collègue ou à une file, Inviter fait entrer un collègue, "
                + "Ranger garde pour plus tard. Terminer y met fin. Une note reste avec, qui que "
                + "ce soit qui l’ait ensuite.",
        },
        {
            title: "Rien n’est perdu",
            text: "Ce que vous écrivez est gardé à chaque touche, ici et sur le serveur. Sans "
                + "connexion, continuez à écrire ; c’est envoyé une seule fois quand elle "
                + "revient. Rechargé, ou sur un autre ordinateur, vous voyez la même chose.",
        },
        {
            title: "Sons et notifications",
            text: "Une offre s’entend toutes les 5 secondes jusqu’à la réponse, et le système la "
                + "montre quand la page est derrière. Si le navigateur bloque les notifications : "
                + "appuyez sur le signe devant l’adresse, autorisez-y les notifications et "
                + "rechargez.",
        },
        {
            title: "Sans souris",
            text: "F2 mène dans le champ qui connaît chaque commande par son nom. F6 va de partie "
                + "en partie. ? dans une liste montre toutes les touches.",
        },
        {
            title: "Partir",
            text: "Se déconnecter quitte cet ordinateur ; votre travail reste à vous un moment. "
                + "Finir le service le rend aussitôt, et dit ce qui va où.",
        },
    ],
    es: [
        {
            title: "Recibir trabajo",
            text: "Póngase disponible, y el trabajo se le ofrece abajo a la izquierda. F8 lleva a "
                + "la oferta más antigua, Intro la acepta. Lo que deja pasar va a otra persona; "
                + "quien deja pasar varias queda como no disponible.",
        },
        {
            title: "Quién espera",
            text: "En «Le esperan» está a quién se debe una respuesta, lo más urgente arriba. El "
                + "número dice desde cuándo: ámbar es tarde, rojo muy tarde. Mayús+F8 abre el "
                + "primero. Lo respondido muestra una hora gris.",
        },
        {
            title: "Responder",
            text: "En un chat Intro envía. Lo que va «Solo a agentes» el cliente no lo ve nunca. "
                + "En una carta r responde y Ctrl+Intro envía; si el cliente escribe otra vez "
                + "entretanto, lo sabe antes de que salga su respuesta.",
        },
        {
            title: "Pasar el trabajo",
            text: "Transferir lo da a otra persona o a una cola, Invitar trae a otra persona, "
                + "Aparcar lo guarda para después. Terminar lo acaba. Una nota queda con ello, lo "
                + "tenga quien lo tenga.",
        },
        {
            title: "No se pierde nada",
            text: "Lo que escribe se guarda con cada tecla, aquí y en el servidor. Sin conexión "
                + "puede seguir escribiendo; se envía una sola vez cuando vuelve. Al recargar, o "
                + "en otro equipo, ve lo mismo.",
        },
        {
            title: "Sonidos y notificaciones",
            text: "Una oferta se oye cada 5 segundos hasta que se responde, y el sistema la "
                + "muestra cuando la página está detrás. Si el navegador bloquea las "
                + "notificaciones: pulse el signo que está ante la dirección, permita allí las "
                + "notificaciones y recargue.",
        },
        {
            title: "Sin ratón",
            text: "F2 lleva al campo que conoce cada orden por su nombre. F6 va de parte en parte. "
                + "? en una lista muestra todas las teclas.",
        },
        {
            title: "Irse",
            text: "Salir deja este equipo; su trabajo sigue siendo suyo un rato. Terminar el "
                + "trabajo lo devuelve enseguida y dice qué va adónde.",
        },
    ],
});
