"""Words that running text cannot do without, by language: their share tells sentences from lists and menus."""

LANGUAGES = {
    "de": """
    aber als am an auch auf aus bei bis da damit dann das dass dem den der des die dies diese dieser dieses doch du
    durch ein eine einem einen einer eines er es für haben hat ich ihm ihn ihr ihre im in ist ja kann kein keine man
    mehr mit muss nach nicht noch nun nur ob oder ohne sein seine sich sie sind so um und uns unter vom von vor war
    waren was weil wenn werden wie wir wird wo wurde zu zum zur über
    """,
    "en": """
    a about after all also an and any are as at be been but by can could did do does for from had has have he her
    here him his how i if in into is it its just like may me more most my no not of on one only or other our out
    over she should so some such than that the their them then there these they this to up us was we were what when
    where which who will with would you your
    """,
    "es": """
    a al algo como con cual cuando de del desde donde dos durante e el ella en entre era es esa ese eso esta este
    esto está fue ha había han hasta hay la las le les lo los me mi mientras muy más ni no nos o otra otro para pero
    por porque puede que quien se según ser si sin sobre son su sus sí también tan tiene todo todos tu un una uno y
    ya yo
    """,
    "fr": """
    afin ai au aussi autre aux avec avoir c car ce ces cet cette comme d dans de des deux dont du elle elles en
    entre est et eu fait il ils j je l la le les leur leurs lui m ma mais me mes moins même n ne nos notre nous on
    ont ou où par pas peut plus pour qu quand que qui s sa sans se ses si son sont sous sur t tous tout très tu un
    une vos votre vous y à être
    """,
    "it": """
    a ad ai al alla alle anche c che chi ci come con cui d da dal dalla dei del della delle dello di dopo dove e ed
    era essere fra gli ha hanno i il in io l la le lo loro ma mi nei nel nella non o per perché più può quando
    quella quello questa questo se si sia sono su sua sulla suo tra tutti un una uno
    """,
    "nl": """
    aan al als bij dan dat de deze die dit door een en er had hebben heeft het hij hoe hun ik in is ja je kan kunnen
    maar me meer men met mijn naar niet nog nu of om onder ons ook op over te toch toen tot u uit van veel voor was
    wat we wel werd wie wij worden wordt ze zich zij zijn zo zonder zou
    """,
    "pt": """
    a ainda ao aos as até com como da das de do dos e ela ele em entre era essa esse esta este está eu foi há isso
    já lhe mais mas me mesmo muito na nas nem no nos não o os ou para pela pelo pode por porque quando que quem se
    sem ser seu seus sobre sua suas são só também tem um uma você é
    """,
}
STOP_WORDS = {language: frozenset(words.split()) for language, words in LANGUAGES.items()}
