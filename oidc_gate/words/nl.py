"""Dutch. People are addressed as u."""

from __future__ import annotations

__all__ = ["TEXTS"]

TEXTS = {
    "title_signed_out": "U bent uitgelogd",
    "title_sign_out": "Uitloggen?",
    "title_signing_out": "U wordt uitgelogd",
    "title_sign_in": "Log in, alstublieft",
    "title_sign_in_for_this": "Log hiervoor nog een keer in",
    "title_session_ended": "Uw sessie is beëindigd",
    "title_session_ending": "Uw sessie loopt bijna af",
    "title_not_this_app": "U mag deze app niet gebruiken",
    "title_not_this_page": "U mag deze pagina niet gebruiken",
    "title_refused": "Het inloggen is geweigerd",
    "title_failed": "Het inloggen is niet gelukt",
    "title_not_enough": "Uw login is niet genoeg voor deze pagina",
    "title_somebody_else": "Iemand anders is ingelogd",
    "title_form_not_sent": "Dit is niet verzonden",
    "title_form_sent": "Dit is al verzonden",
    "title_form_too_large": "Dit is te groot om te bewaren",
    "title_signed_in": "U bent ingelogd",
    "title_loop": "Het inloggen draait in een kringetje rond",
    "title_app_not_set_up": "Deze app is niet goed ingesteld",
    "title_no_such_sign_in": "Deze login bestaat niet",
    "title_signed_out_elsewhere": "Ergens anders uitgelogd",
    "title_provider_down": "De inlogdienst antwoordt niet",
    "title_store_down": "Sessies kunnen nu niet worden gelezen",
    "title_provider_not_set_up": "Het inloggen is niet goed ingesteld",
    "title_store_not_set_up": "De sessies zijn niet goed ingesteld",
    "title_busy": "Een ogenblik, alstublieft",
    "title_app_down": "De app antwoordt niet",
    "title_bad_input": "Dit adres is niet goed aangeroepen",
    "do_sign_in": "Inloggen",
    "do_sign_in_again": "Opnieuw inloggen",
    "do_sign_in_once_more": "Nog een keer inloggen",
    "do_sign_in_as_other": "Als iemand anders inloggen",
    "do_sign_in_in_new_tab": "Inloggen in een nieuw tabblad",
    "do_send_again": "Opnieuw verzenden",
    "do_sign_out": "Uitloggen",
    "do_try_again": "Opnieuw proberen",
    "do_start_again": "Opnieuw beginnen",
    "do_go_on": "Verder",
    "do_go_back": "Terug",
    "do_close": "Sluiten",
    "text_close_window": "U kunt dit venster sluiten.",
    "text_sign_out": "U bent hierheen gestuurd om uit te loggen. Er is nog niets gebeurd.",
    "text_signing_out": "Hier bent u uitgelogd. Met nog één stap eindigt uw sessie bij de inlogdienst.",
    "text_session_ended": "Wat u hebt verzonden, is niet opgeslagen, maar deze pagina heeft het nog. Log in op een"
    " nieuw tabblad en laad deze pagina daarna opnieuw: de browser vraagt of het nog een keer moet worden verzonden.",
    "text_kept_form": "Wat u hebt verzonden, is niet aangekomen, maar wordt {time} lang op deze pagina bewaard. Log"
    " in op een nieuw tabblad, kom dan terug op dit tabblad en druk op “{button}”.",
    "text_form_too_large": "Wat u hebt verzonden, is niet opgeslagen en is te groot om hier te bewaren. Log in op een"
    " nieuw tabblad en laad deze pagina daarna opnieuw: de browser vraagt of het nog een keer moet worden verzonden.",
    "text_signed_in_for_form": "U kunt dit tabblad sluiten. Ga terug naar het tabblad met uw formulier en verzend"
    " het.",
    "text_choose_provider": "Kies waar u een account hebt.",
    "text_framed": "U bent niet ingelogd, en dat kan hierbinnen niet. Laad deze pagina daarna opnieuw.",
    "text_reloading": "U bent niet meer ingelogd.",
    "text_going_on": "Als deze pagina niet vanzelf verdergaat, klik dan op de knop.",
    "refused_door": "U bent ingelogd als {person}, die niet op de lijst van deze app staat. Vraag de beheerder om"
    " toegang, of log in als iemand anders.",
    "refused_email_unverified": "U bent ingelogd als {person}. De inlogdienst heeft dat adres niet geverifieerd. Laat"
    " het daar verifiëren en log dan opnieuw in, of log in als iemand anders.",
    "refused_untold": "U bent ingelogd als {person}. De inlogdienst zegt over u niet wat deze app nodig heeft om te"
    " beslissen. Geef de beheerder de referentie hieronder: in het logboek staat wat er ontbreekt.",
    "refused_rule": "U bent ingelogd als {person}, die deze app mag gebruiken, maar niet dit deel ervan.",
    "refused_nobody": "U bent ingelogd als {person}. Niemand mag dit deel van de app gebruiken.",
    "refused_path_ambiguous": "U bent ingelogd als {person}. Dit verzoek is op meer dan één manier te lezen, en niet"
    " alle staan voor u open. Ga naar de pagina via een link in de app.",
    "refused_anybody": "Niemand mag dit deel van de app gebruiken.",
    "refused_ask": "Vraag de beheerder van de app om toegang.",
    "error_access_denied": "De inlogdienst heeft u niet binnengelaten: u hebt geweigerd, of deze app is niet aan u"
    " toegewezen. Vraag de beheerder van de app om toegang.",
    "error_request_denied": "De inlogdienst heeft het verzoek afgewezen: misschien is deze app niet aan u toegewezen."
    " Vraag de beheerder van de app om toegang.",
    "error_request_forbidden": "De inlogdienst heeft uw browser niet herkend. Dat gebeurt als de inlogpagina via een"
    " bladwijzer is geopend of lang heeft opengestaan, of als cookies zijn geblokkeerd. Begin opnieuw.",
    "error_login_required": "De inlogdienst wil dat u zich daar eerst aanmeldt.",
    "error_interaction_required": "De inlogdienst heeft een vraag voor u die niet is beantwoord.",
    "error_consent_required": "De inlogdienst heeft uw toestemming nodig, en die is niet gegeven.",
    "error_unmet_authentication_requirements": "De inlogdienst kan u niet inloggen op de manier die deze pagina"
    " vraagt.",
    "error_invalid_scope": "De inlogdienst kent een van de scopes niet waar deze app om vraagt. Meld het aan de"
    " beheerder.",
    "error_invalid_request": "De inlogdienst heeft het verzoek van deze app niet begrepen. Meld het aan de beheerder.",
    "error_invalid_state": "De inlogdienst heeft het verzoek van deze app niet geaccepteerd. Begin opnieuw.",
    "error_unauthorized_client": "De inlogdienst staat deze app niet toe om mensen in te loggen. Meld het aan de"
    " beheerder.",
    "error_unsupported_response_type": "De inlogdienst biedt deze app de code flow niet aan. Meld het aan de"
    " beheerder.",
    "error_server_error": "De inlogdienst had zelf een storing. Probeer het over een tijdje opnieuw.",
    "error_temporarily_unavailable": "De inlogdienst is overbelast. Probeer het over een tijdje opnieuw.",
    "error_cookies_missing": "Uw browser heeft geen van de cookies van deze site teruggestuurd. Sta cookies toe voor"
    " deze site, of open de site vanaf het begin in één venster.",
    "error_state_unknown": "Deze login is niet in deze browser begonnen, of te lang geleden. Links uit het midden van"
    " een login kunnen niet worden gedeeld of als bladwijzer worden bewaard.",
    "error_step_up_unmet": "U bent ingelogd, en andere pagina’s staan voor u open. Deze vraagt meer dan de inlogdienst"
    " heeft gedaan.",
    "error_step_up_other_person": "Deze pagina vroeg u nog een keer in te loggen, en er kwam iemand anders terug. Er"
    " is niets veranderd: u bent ingelogd zoals daarvoor. Log eerst uit als u van persoon wilt wisselen.",
    "error_kept_form_foreign": "Een andere site heeft u hierheen gestuurd. Er is niets gebeurd.",
    "error_kept_form_invalid": "Het is niet door deze app bewaard, of sindsdien veranderd. Ga terug naar de pagina"
    " die u hebt ingevuld en verzend het daar.",
    "error_kept_form_late": "Het is te lang bewaard. Het staat nog op de pagina die u hebt ingevuld: ga daarnaar"
    " terug en verzend het daar.",
    "error_kept_form_other_person": "Iemand anders dan wie nu is ingelogd, heeft het ingevuld. Er is niets verloren:"
    " wie het heeft ingevuld, kan inloggen en het dan vanaf deze pagina verzenden.",
    "error_kept_form_sent": "Kijk in de app of het is aangekomen voordat u iets nog een keer verzendt.",
    "error_tenant_not_allowed": "U hebt ingelogd met een account van een organisatie waarvan de leden deze app niet"
    " mogen gebruiken. Log in met een ander account, of vraag toegang aan de beheerder van deze app.",
    "error_login_late": "Het inloggen heeft te lang geduurd. Begin opnieuw.",
    "error_login_loop": "U bent meerdere keren ingelogd, en uw browser heeft de sessie niet bewaard. Sta cookies toe"
    " voor deze site en verwijder de oude. Voor de beheerder: vergelijk base_url, trusted_proxies en"
    " auth_cookie_domain met het adres hierboven.",
    "error_gate_behind_gate": "Hij staat achter twee gates. De beheerder moet er een weghalen.",
    "error_login_expired": "Uw inlogpagina heeft te lang opengestaan. Begin opnieuw.",
    "error_reauthentication_missing": "U moest opnieuw inloggen, en de inlogdienst heeft u zonder dat doorgelaten."
    " Probeer het opnieuw.",
    "error_code_rejected": "De inlogdienst accepteert deze login niet meer. Begin opnieuw.",
    "error_session_too_large": "De inlogdienst zegt meer over u dan in een sessie past. De beheerder van deze app moet"
    " om minder groepen vragen.",
    "error_client_rejected": "De inlogdienst accepteert de inloggegevens van deze app niet. Meld het aan de beheerder:"
    " in het logboek staat wat er moet worden gecontroleerd.",
    "error_base_url_path": "Het adres van deze app is niet goed ingesteld. Meld het aan de beheerder: in het logboek"
    " staat wat er moet worden gecontroleerd.",
    "error_provider_unknown": "Dit adres noemt een inlogdienst die hier niet is ingesteld.",
    "error_logout_state_mismatch": "Dit antwoord hoort niet bij een uitlogpoging die in deze browser is begonnen.",
    "error_provider_down": "Misschien is er een storing, of is hij van hieruit niet bereikbaar. Wie al is ingelogd,"
    " merkt er niets van. Probeer het over een paar seconden opnieuw.",
    "error_app_unreachable": "Het inloggen werkt, maar de app erachter is op dit moment niet bereikbaar. Probeer"
    " het over een paar seconden opnieuw.",
    "error_app_broken": "Het inloggen werkt, maar de app erachter heeft geen bruikbaar antwoord gegeven. Probeer"
    " het opnieuw; gebeurt het weer, meld het dan aan de beheerder van deze app.",
    "error_app_slow": "Het inloggen werkt, maar de app erachter doet er te lang over om te antwoorden. Probeer het"
    " over een tijdje opnieuw.",
    "error_store_down": "Probeer het over een paar seconden opnieuw.",
    "error_provider_not_set_up": "Het inloggen bij deze app is niet goed ingesteld; in het logboek staat waarom."
    " Wachten helpt niet: meld het aan de beheerder van de app, met de referentie hieronder. Wie al is ingelogd,"
    " merkt er niets van.",
    "error_store_not_set_up": "De plaats waar deze app zijn sessies bewaart, is niet goed ingesteld; in het logboek"
    " staat waarom. Wachten helpt niet: meld het aan de beheerder van de app, met de referentie hieronder.",
    "error_busy": "Er loggen nu veel mensen in. Er gaat niets verloren: laad deze pagina opnieuw als ze over een paar"
    " seconden niet vanzelf verdergaat.",
    "error_bad_input": "Ga terug naar de pagina die u wilde en begin daar.",
    "error_bad_answer": "Het antwoord van de inlogdienst kon niet worden geaccepteerd. Meld het aan de beheerder van"
    " deze app als het weer gebeurt.",
    "provider_says": "De inlogdienst zegt: {description}",
    "step_up": "Gevraagd wordt een login {asked}; de inlogdienst meldt {came}.",
    "step_up_asked_kind": "van het type {kinds}",
    "step_up_asked_age": "van hooguit {age} geleden",
    "step_up_came_kind": "het type {kind}",
    "step_up_came_no_kind": "geen type",
    "step_up_came_age": "een login van {age} geleden",
    "step_up_came_no_time": "geen tijdstip van inloggen",
    "both": "{first} en {second}",
    "either": "{first} of {second}",
    "second": "{number}\u00a0seconde",
    "seconds": "{number}\u00a0seconden",
    "minute": "{number}\u00a0minuut",
    "minutes": "{number}\u00a0minuten",
    "hour": "{number}\u00a0uur",
    "hours": "{number}\u00a0uur",
    "note": "Fout {code}\u00a0· Referentie {reference}",
    "contact": "Hulp: {contact}",
}
