<?php
// texts.php: what the invented people of the test site write. Ordinary talk,
// and a few posts that read like the examples in a prevention leaflet.

return [
    'authors' => ['Ilinca', 'Matei', 'Sorina', 'Tom Fields', 'Ana & Dan'],
    'visitors' => ['Radu', 'Mihaela', 'Oana P.', 'George', 'Lily', "Sean O'Dell", 'Vasile', 'Ștefan', 'Ruth', 'Bogdan'],

    // Title and text; the two languages take turns.
    'posts' => [
        ['Brutăria din colț', 'S-a redeschis brutăria din colț, cu pâine de secară dimineața și covrigi după-amiaza.'],
        ['The old bridge is open', 'The old bridge is open again for walkers; cyclists still have to take the lower road until May.'],
        ['Schimb de cărți', 'Sâmbătă la bibliotecă facem schimb de cărți. Aduceți două, plecați cu două.'],
        ['Looking for a chess partner', 'I play on Sunday mornings by the lake. Beginners welcome, coffee is on me.'],
        ['Roșiile în ghivece', 'Am pus roșii în ghivece pe balcon. Le ud seara și cresc bine, dar frunzele de jos se îngălbenesc.'],
        ['Night train to the mountains', 'Has anyone taken the night train lately? Is it quiet enough to sleep, and is there room for skis?'],
        ['Rețeta de zacuscă a bunicii', 'Vinete coapte, gogoșari, ceapă și multă răbdare. Fierbe două ore la foc mic și amesteci mereu.'],
        ['Which hiking boots last', 'Mine gave up after two winters. I walk about ten kilometres each weekend on wet ground.'],
        ['Corul caută voci', 'Corul cartierului caută două voci de alto. Repetăm joia, de la șapte, în sala școlii vechi.'],
        ['A telescope for the school', 'We collected enough for a small telescope. First evening with it is on the twelfth, weather permitting.'],
        ['Câinele pierdut a fost găsit', 'Mulțumim tuturor! Azorel era la vecinii de pe deal și dormea lângă sobă.'],
        ['Bread without kneading', 'Flour, water, salt, a pinch of yeast and a whole night of waiting. That is all there is to it.'],
        ['Drumul spre cascadă', 'Poteca spre cascadă e alunecoasă după ploaie. Luați bețe și plecați devreme.'],
        ['Repairing a bicycle wheel', 'Two spokes broke on the way home. Can I replace them myself or does the wheel need a workshop?'],
        ['Concert în parc', 'Duminică seara cântă fanfara în parc. Intrarea e liberă, scaunele sunt puține.'],
        ['Winter tyres, when', 'The forecast says frost by the end of the week. When do you change yours?'],
        ['Curs de olărit', 'Încep un curs de olărit pentru adulți. Lutul e inclus, șorțul îl aduceți de acasă.'],
        ['Swap: jam jars', 'I have forty empty jam jars and no plums. Who has plums and no jars?'],
        ['Program nou la poștă', 'De luni poșta deschide la opt și închide la patru, iar miercuri rămâne deschisă până seara.'],
        ['A quiet place to read', 'The reading room upstairs is open again, with new lamps and the same old armchairs.'],
    ],
    // Each of these must be flagged.
    'telling_posts' => [
        ['Angajăm urgent în străinătate', 'Fete serioase pentru lucru în străinătate, câștig mare, fără experiență. Transport și cazare asigurate, pașaportul rămâne la noi până plătești drumul. Sună la 0700 000 123.'],
        ['Work abroad, leave this week', 'Young women wanted for work abroad, high pay, no experience needed. Transport and housing arranged, we keep your passport until you pay back the trip. Call +40 700 000 124.'],
    ],
    'telling_comments' => [
        'Plecarea e mâine, nu spune acasă unde mergi. Cazare asigurată, pașaportul rămâne la noi până plătești drumul, salariul îl primești după ce acoperi datoria.',
        'We hold your passport until the debt for the trip is paid, you live where we tell you and do not go out alone. Do not tell your family where you are going.',
    ],

    // A comment is one of the first and one of the second.
    'openings' => [
        ['Mulțumesc de veste.', 'Exact asta căutam.', 'Am fost ieri pe acolo.', 'Și la noi e la fel.', 'Bună idee!', 'Nu știam asta.', 'Vin și eu cu drag.'],
        ['Thanks for posting this.', 'I was wondering about that.', 'Same here.', "That's good to hear!", 'I would not have guessed.', 'We tried it last year.', 'Lovely idea.'],
    ],
    'closings' => [
        ['Ne vedem sâmbătă.', 'Vecina mea spune la fel.', 'La ce oră începe?', 'Aduc eu ceaiul.', 'Data trecută a plouat tot timpul.', 'Merită drumul până acolo.', 'Mai scrie cum a ieșit.', 'Unde se poate parca?'],
        ['See you on Saturday.', 'My neighbour says so too.', 'What time does it start?', "I'll bring the tea.", 'Last time it rained all day.', 'It is worth the walk.', 'Tell us how it went.', 'Is there somewhere to park?'],
    ],
];
