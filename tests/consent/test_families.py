"""Families of wordings that another writer's texts showed to be misread, each with its siblings.

One family is one way of speaking in several languages, with texts on both sides of its edge; the classifier was mended
for the family, not for the one text.
"""

import json

import pytest

from tests.consent.support import CORPUS
from textback_pbx.consent.keywords import classify

FAMILIES = {
    "says STOP in so many words": {
        "stop": [
            "I'm replying STOP like it says",
            "ok replying STOP as instructed",
            "I am texting STOP as you said",
            "sending STOP like the message says",
            "i'm writing stop, as it says to do",
            "Replying stop per your message",
            "replying stop so you stop",
            "you keep texting a dead man's phone, stop it",
            "here is my STOP like you asked",
            "respondo STOP como dice",
            "je réponds STOP comme indiqué",
            "ich antworte STOP wie angegeben",
            "rispondo STOP come scritto",
            "respondo PARAR como diz a mensagem",
            "ik antwoord STOP zoals het er staat",
        ],
        "none": [
            "it says reply STOP, what does that do?",
            "do I text STOP or call you to change the appointment?",
        ],
    },
    "do not send any more of these, with other words before": {
        "stop": [
            "This is a landline for my mother, please do not send any more of these",
            "she is 90 and cannot read them, please do not send any more of these",
            "he does not text, please don't send any more",
            "My wife does not use texts, do not send these here anymore",
            "they do not text on this phone, please stop sending these",
            "I do not read English well, please do not send any more of these messages",
            "Das Handy gehört jetzt meinem Sohn, bitte nichts mehr schicken",
            "bitte nichts mehr senden",
            "Bitte schicken Sie mir nichts mehr",
            "nichts mehr an diese Nummer schicken bitte",
            "no me manden nada más",
            "por favor no envíen nada más a este número",
            "merci de ne plus rien envoyer",
            "ne m'envoyez plus rien",
            "nn mandatemi piu niente",
            "non mandate più nulla per favore",
            "non inviatemi niente",
            "não mandem mais nada",
            "não me envie mais nada por favor",
            "stuur mij niks meer",
            "graag niets meer sturen",
        ],
        "none": [
            "bitte heute nichts mehr machen, erst morgen",
            "ne réparez rien avant lundi",
            "please do not send any more of those filters, they are the wrong size",
            "please do not send any more of the technicians without calling",
            "non mandate niente prima delle tre",
        ],
    },
    "remove my phone from your messages": {
        "stop": [
            "Dear sir, do the needful and remove my mobile from your messages",
            "kindly do the needful, delete my mobile from your texts",
            "kindly remove my cell from your messages",
            "please take my mobile off your messages",
            "do the needful and delete my number",
            "Respected sir, remove this mobile from your system",
            "take my phone off your messages please",
        ],
        "none": [
            "please remove my mobile home from the quote",
            "take my phone number for the gate code",
        ],
    },
    "leave me be with your messages": {
        "stop": [
            "lâchez-moi avec vos messages",
            "lachez moi avec vos sms",
            "fichez-moi la paix avec vos textos",
            "foutez moi la paix avec ces messages",
            "Lassen Sie mich mit Ihren Nachrichten in Ruhe",
            "lasst mich mit euren SMS in Ruhe",
            "déjenme en paz con sus mensajes",
            "lasciatemi stare con questi messaggi",
            "me deixem em paz com essas mensagens",
            "laat me met rust met die berichten",
            "leave me be with your texts",
            "gehen Sie mir nicht auf die Nerven mit Ihren SMS",
            "che palle sti messaggi basta",
            "arrêtez de m'envoyer ces trucs",
        ],
        "none": [
            "lâchez le chien dans le jardin",
            "lassen Sie mich mit dem Anwalt sprechen",
        ],
    },
    "objects or withdraws in form": {
        "stop": [
            "Hiermit widerspreche ich der Zusendung von Textnachrichten",
            "Ich widerspreche der Zusendung weiterer SMS",
            "Hiermit widerrufe ich meine Einwilligung",
            "Hiermit untersage ich Ihnen die Kontaktaufnahme",
            "ich lege Widerspruch gegen Ihre SMS ein",
            "Je m'oppose à la réception de vos SMS",
            "Par la présente je m'oppose à l'envoi de messages",
            "mi oppongo all'invio di messaggi",
            "me opongo a recibir sus mensajes",
            "oponho-me ao envio de mensagens",
            "Ik maak bezwaar tegen uw berichten",
            "I hereby object to these text messages",
        ],
        "none": [
            "Hiermit widerspreche ich dem Bescheid der Stadt, können Sie mir helfen",
            "ich möchte Widerspruch gegen die Kündigung einlegen",
            "I object to the invoice",
            "je m'oppose à la succession, prenez-vous ce dossier ?",
            "ik maak bezwaar tegen het ontslag",
        ],
    },
    "this thing of texting all day": {
        "stop": [
            "Parem com isso de mandar texto o dia todo, que saco",
            "para com isso de mandar mensagem",
            "chega dessas mensagens",
            "parem de ficar mandando mensagem toda hora",
            "dejen eso de mandar mensajes todo el día",
            "paren ya con eso de los mensajes",
            "arrêtez ça, ces messages toute la journée",
            "basta con questa storia dei messaggi",
            "hou op met dat ge-sms de hele dag",
            "hört auf mit dem ständigen Schreiben",
            "stop with the texting all day",
        ],
        "none": [
            "a torneira não para de pingar o dia todo",
            "o cachorro não para de latir o dia todo",
        ],
    },
    "no longer the number of": {
        "stop": [
            "Dit is niet meer het nummer van mevrouw de Wit",
            "dit is niet het nummer van meneer de Boer",
            "dit nummer is niet meer van Kees",
            "Dies ist nicht mehr die Nummer von Frau Lindner",
            "das ist nicht mehr das Handy von Herrn Berg",
            "ce n'est plus le numéro de Madame Petit",
            "ce n'est pas le numéro de Julien",
            "ya no es el número de Marta",
            "este ya no es el teléfono de la señora Ruiz",
            "non è più il numero di Giulia",
            "questo non è il numero della signora Bianchi",
            "esse não é mais o número da Carla",
            "este número já não é do João",
            "This is no longer Mrs. Wit's number",
            "this isnt Karen's phone anymore",
        ],
        "none": [
            "dat is niet meer het adres van de winkel toch?",
            "is dit nog het nummer van de praktijk?",
            "ce n'est pas le numéro de la facture, c'est le devis",
            "das ist nicht die Nummer von der Rechnung",
        ],
    },
    "no calls at work, texts are welcome": {
        "none": [
            "Ne m'appelez pas au bureau, écrivez-moi plutôt",
            "ne m'appelez pas au travail, envoyez un sms",
            "pas d'appel s'il vous plaît, écrivez-moi",
            "Rufen Sie bitte nicht in der Arbeit an, lieber SMS",
            "bitte nicht anrufen, schreiben Sie mir lieber",
            "rufen Sie mich nicht an, schicken Sie eine SMS",
            "rufen Sie nicht auf dem Festnetz an, lieber per Nachricht",
            "no me llamen a la oficina, mejor un mensaje",
            "ruft nicht auf der Arbeit an, schreibt mir einfach",
            "niet bellen op mijn werk, stuur maar een berichtje",
            "bel me niet, app me maar",
            "niet bellen, liever een sms",
            "no me llamen al trabajo, escríbanme",
            "no me llame, mejor por mensaje",
            "non chiamatemi, scrivetemi",
            "non chiamare in ufficio, mandate un sms",
            "não me ligue no trabalho, me escreva",
            "não liguem, prefiro mensagem",
            "don't call me at the office, just text",
        ],
        "stop": [
            "ne m'appelez pas et ne m'écrivez pas",
            "rufen Sie mich nicht mehr an und schreiben Sie mir nicht mehr",
            "niet bellen en niet sms'en",
            "no me llamen ni me escriban",
        ],
    },
    "removal of a thing": {
        "none": [
            "quiero que me quiten el calentador viejo",
            "necesito que quiten la caldera",
            "quítenme el sarro por favor",
            "pueden quitarme las uñas de gel?",
            "me quitan la muela el viernes",
            "quiero que me borren la multa",
            "je veux qu'on m'enlève la vieille baignoire",
            "enlevez-moi cette baignoire",
            "que me saquen la muela",
            "togliete il vecchio scaldabagno",
            "ich will dass man mir den alten Boiler entfernt",
            "voglio che mi togliate il dente",
            "quero que me tirem o siso",
            "ik wil dat jullie de oude ketel weghalen",
            "I want you to remove me two old radiators",
        ],
        "stop": [
            "quiero que me quiten de la lista",
            "quiero que me quiten de sus mensajes",
            "quítenme de su lista",
            "quiero que borren mi número",
        ],
    },
    "the words of lists and plans": {
        "none": [
            "Unsubscribing from your yearly plan, what does it cost vs paying per visit?",
            "want to unsubscribe from the maintenance plan",
            "can i unsubscribe from the membership and pay per visit",
            "unsubscribe me from the filter delivery, I buy my own",
            "opt out of the yearly plan, is there a fee?",
            "I'm off the list for grooming, right? You said Tuesday was full",
            "am I off the waiting list now?",
            "I was taken off the list for Friday, is that right?",
            "are we off the schedule for tomorrow?",
        ],
        "stop": [
            "unsubscribe me from this",
            "unsubscribing from these texts",
            "I want off the list",
            "unsubscribe from your texting plan",
        ],
    },
    "called by mistake": {
        "none": [
            "lol i butt dialed you, ignore that call",
            "sorry pocket dial, ignore that",
            "ignore my call, it was a misdial",
            "my kid called you by accident, ignore it",
            "butt dial sorry!",
            "disregard my call please, my phone did it",
            "ignore that voicemail",
        ],
    },
    "somebody ring me": {
        "ambiguous": [
            "I'd rather somebody just rang me, I can't see these little letters",
            "I would rather somebody called me, I can't read these",
            "can somebody just ring me, my eyes are too bad for these texts",
            "I'd prefer it if somebody phoned me, I don't do texts",
            "I'd sooner you rang me than texted",
            "rather be phoned, can't see the small print on here",
        ],
        "none": ["I'd rather somebody came on Monday", "can somebody ring me tomorrow"],
    },
}
CASES = [
    (family, label, text) for family, sides in FAMILIES.items() for label, texts in sides.items() for text in texts
]


@pytest.mark.parametrize(("family", "label", "text"), CASES)
def test_a_family_is_read_on_both_sides_of_its_edge(family, label, text):
    found = classify(text, "first_text")
    assert found.label == label, (family, found.rule, found.why)


def test_the_siblings_of_what_other_writers_showed():
    """Plain wordings of every family in seven languages, and the nearest ordinary texts, written after the mending."""
    lines = (CORPUS.parent / "siblings.jsonl").read_text(encoding="utf-8").splitlines()
    wrong = []
    for row in map(json.loads, lines):
        found = classify(row["text"], "first_text")
        if found.label not in row["labels"]:
            wrong.append(f"{row['text']!r}: {row['labels']}, got {found.label} ({found.rule})")
    assert not wrong, "\n".join(wrong)
