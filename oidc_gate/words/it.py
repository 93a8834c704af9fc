"""Italian. People are addressed as Lei."""

from __future__ import annotations

__all__ = ["TEXTS"]

TEXTS = {
    "title_signed_out": "Si è disconnesso",
    "title_sign_out": "Disconnettersi?",
    "title_signing_out": "Disconnessione in corso",
    "title_sign_in": "Effettui l’accesso",
    "title_sign_in_for_this": "Effettui di nuovo l’accesso per questa operazione",
    "title_session_ended": "La Sua sessione è terminata",
    "title_session_ending": "La Sua sessione sta per terminare",
    "title_not_this_app": "Non può usare questa app",
    "title_not_this_page": "Non può usare questa pagina",
    "title_refused": "L’accesso è stato rifiutato",
    "title_failed": "L’accesso non è riuscito",
    "title_not_enough": "Il Suo accesso non basta per questa pagina",
    "title_somebody_else": "È entrato qualcun altro",
    "title_form_not_sent": "Questo non è stato inviato",
    "title_form_sent": "Questo è già stato inviato",
    "title_form_too_large": "Questo è troppo grande per essere conservato",
    "title_signed_in": "Ha effettuato l’accesso",
    "title_loop": "L’accesso gira in tondo",
    "title_app_not_set_up": "Questa app non è configurata correttamente",
    "title_no_such_sign_in": "Questo accesso non esiste",
    "title_signed_out_elsewhere": "Disconnessione avviata altrove",
    "title_provider_down": "Il servizio di accesso non risponde",
    "title_store_down": "Al momento le sessioni non si possono leggere",
    "title_provider_not_set_up": "L’accesso non è configurato correttamente",
    "title_store_not_set_up": "Le sessioni non sono configurate correttamente",
    "title_busy": "Un momento, per favore",
    "title_app_down": "L’app non risponde",
    "title_bad_input": "Questo indirizzo non è stato richiamato correttamente",
    "do_sign_in": "Accedi",
    "do_sign_in_again": "Accedi di nuovo",
    "do_sign_in_once_more": "Accedi ancora una volta",
    "do_sign_in_as_other": "Accedi con un altro utente",
    "do_sign_in_in_new_tab": "Accedi in una nuova scheda",
    "do_send_again": "Invia di nuovo",
    "do_sign_out": "Disconnetti",
    "do_try_again": "Riprova",
    "do_start_again": "Ricomincia",
    "do_go_on": "Continua",
    "do_go_back": "Torna indietro",
    "do_close": "Chiudi",
    "text_close_window": "Può chiudere questa finestra.",
    "text_sign_out": "È arrivato qui per disconnettersi. Finora non è successo nulla.",
    "text_signing_out": "Qui è disconnesso. Un altro passo chiude la Sua sessione presso il servizio di accesso.",
    "text_session_ended": "Ciò che ha inviato non è stato salvato, ma questa pagina lo ha ancora. Acceda in una nuova"
    " scheda, poi ricarichi questa pagina: il browser chiede se inviarlo ancora una volta.",
    "text_kept_form": "Ciò che ha inviato non è arrivato, ma questa pagina lo conserva per {time}. Acceda in una"
    " nuova scheda, poi torni in questa e prema «{button}».",
    "text_form_too_large": "Ciò che ha inviato non è stato salvato, ed è troppo grande per essere conservato qui."
    " Acceda in una nuova scheda, poi ricarichi questa pagina: il browser chiede se inviarlo ancora una volta.",
    "text_signed_in_for_form": "Può chiudere questa scheda. Torni a quella con il Suo modulo e lo invii.",
    "text_choose_provider": "Scelga dove ha un account.",
    "text_framed": "Non ha effettuato l’accesso, e qui dentro non è possibile farlo. Dopo, ricarichi questa pagina.",
    "text_reloading": "Non è più connesso.",
    "text_going_on": "Se questa pagina non prosegue da sola, prema il pulsante.",
    "refused_door": "Ha effettuato l’accesso come {person}, che non è nell’elenco di questa app. Chieda l’accesso a"
    " chi la gestisce, oppure acceda con un altro utente.",
    "refused_email_unverified": "Ha effettuato l’accesso come {person}. Il servizio di accesso non ha verificato"
    " questo indirizzo. Lo faccia verificare lì e acceda di nuovo, oppure acceda con un altro utente.",
    "refused_untold": "Ha effettuato l’accesso come {person}. Il servizio di accesso non comunica su di Lei ciò di cui"
    " questa app ha bisogno per decidere. Indichi a chi la gestisce il riferimento qui sotto: il registro dice che"
    " cosa manca.",
    "refused_rule": "Ha effettuato l’accesso come {person}, che può usare questa app, ma non questa parte.",
    "refused_nobody": "Ha effettuato l’accesso come {person}. Nessuno può usare questa parte dell’app.",
    "refused_path_ambiguous": "Ha effettuato l’accesso come {person}. Questa richiesta si può leggere in più modi, e"
    " non tutti Le sono consentiti. Raggiunga la pagina da un collegamento nell’app.",
    "refused_anybody": "Nessuno può usare questa parte dell’app.",
    "refused_ask": "Chieda l’accesso a chi gestisce l’app.",
    "error_access_denied": "Il servizio di accesso non L’ha fatta entrare: ha rifiutato Lei, oppure questa app non Le"
    " è stata assegnata. Chieda l’accesso a chi gestisce l’app.",
    "error_request_denied": "Il servizio di accesso ha respinto la richiesta: forse questa app non Le è stata"
    " assegnata. Chieda l’accesso a chi gestisce l’app.",
    "error_request_forbidden": "Il servizio di accesso non ha riconosciuto il Suo browser. Succede quando la pagina di"
    " accesso viene aperta da un segnalibro o è rimasta aperta a lungo, o quando i cookie sono bloccati. Ricominci"
    " da capo.",
    "error_login_required": "Il servizio di accesso vuole che prima acceda da loro.",
    "error_interaction_required": "Il servizio di accesso Le ha posto una domanda che è rimasta senza risposta.",
    "error_consent_required": "Il servizio di accesso ha bisogno del Suo consenso, che non è stato dato.",
    "error_unmet_authentication_requirements": "Il servizio di accesso non può farLa accedere nel modo che questa"
    " pagina richiede.",
    "error_invalid_scope": "Il servizio di accesso non conosce uno degli scope che questa app richiede. Lo segnali a"
    " chi la gestisce.",
    "error_invalid_request": "Il servizio di accesso non ha capito la richiesta di questa app. Lo segnali a chi la"
    " gestisce.",
    "error_invalid_state": "Il servizio di accesso non ha accettato la richiesta di questa app. Ricominci da capo.",
    "error_unauthorized_client": "Il servizio di accesso non permette a questa app di far accedere nessuno. Lo segnali"
    " a chi la gestisce.",
    "error_unsupported_response_type": "Il servizio di accesso non offre a questa app il flusso con codice. Lo segnali"
    " a chi la gestisce.",
    "error_server_error": "Il servizio di accesso ha avuto un problema interno. Riprovi tra un po’.",
    "error_temporarily_unavailable": "Il servizio di accesso è sovraccarico. Riprovi tra un po’.",
    "error_cookies_missing": "Il Suo browser non ha restituito nessun cookie di questo sito. Consenta i cookie per"
    " questo sito, oppure lo apra fin dall’inizio in una sola finestra.",
    "error_state_unknown": "Questo accesso non è stato avviato in questo browser, oppure troppo tempo fa. I"
    " collegamenti presi a metà di un accesso non si possono condividere né salvare tra i segnalibri.",
    "error_step_up_unmet": "Ha effettuato l’accesso, e altre pagine Le sono aperte. Questa chiede più di quanto il"
    " servizio di accesso abbia fatto.",
    "error_step_up_other_person": "Questa pagina Le ha chiesto di accedere ancora una volta, ed è tornata un’altra"
    " persona. Non è cambiato nulla: è connesso come prima. Per cambiare utente, prima si disconnetta.",
    "error_kept_form_foreign": "È arrivato qui da un altro sito. Non è successo nulla.",
    "error_kept_form_invalid": "Non è stato conservato da questa app, oppure è stato modificato. Torni alla pagina"
    " che ha compilato e lo invii da lì.",
    "error_kept_form_late": "È stato conservato troppo a lungo. Si trova ancora nella pagina che ha compilato: ci"
    " torni e lo invii da lì.",
    "error_kept_form_other_person": "Lo ha compilato un’altra persona, non quella che ora ha effettuato l’accesso."
    " Nulla è perso: chi lo ha compilato può accedere e poi inviarlo da questa pagina.",
    "error_kept_form_sent": "Prima di inviare qualcosa ancora una volta, guardi nell’app se è arrivato.",
    "error_tenant_not_allowed": "Ha effettuato l’accesso con l’account di un’organizzazione i cui membri non"
    " possono usare questa app. Acceda con un altro account, oppure chieda l’accesso a chi gestisce questa app.",
    "error_login_late": "L’accesso ha richiesto troppo tempo. Ricominci da capo.",
    "error_login_loop": "Ha effettuato l’accesso più volte, e il Suo browser non ha conservato la sessione. Consenta i"
    " cookie per questo sito ed elimini quelli vecchi. Per chi lo gestisce: confronti base_url, trusted_proxies e"
    " auth_cookie_domain con l’indirizzo qui sopra.",
    "error_gate_behind_gate": "Si trova dietro due gate. Chi la gestisce deve toglierne uno.",
    "error_login_expired": "La Sua pagina di accesso è rimasta aperta troppo a lungo. Ricominci da capo.",
    "error_reauthentication_missing": "Le è stato chiesto di accedere di nuovo, e il servizio di accesso L’ha lasciata"
    " passare senza. Riprovi.",
    "error_code_rejected": "Il servizio di accesso non accetta più questo accesso. Ricominci da capo.",
    "error_session_too_large": "Il servizio di accesso dice di Lei più di quanto entri in una sessione. Chi gestisce"
    " questa app deve chiedere meno gruppi.",
    "error_client_rejected": "Il servizio di accesso non accetta le credenziali di questa app. Lo segnali a chi la"
    " gestisce: il registro dice che cosa controllare.",
    "error_base_url_path": "L’indirizzo di questa app non è configurato correttamente. Lo segnali a chi la gestisce:"
    " il registro dice che cosa controllare.",
    "error_provider_unknown": "Questo indirizzo indica un servizio di accesso che qui non è configurato.",
    "error_logout_state_mismatch": "Questa risposta non appartiene a nessuna disconnessione avviata in questo browser.",
    "error_provider_down": "Forse è fuori servizio, o non è raggiungibile da qui. Chi è già connesso non ne risente."
    " Riprovi tra qualche secondo.",
    "error_app_unreachable": "L’accesso funziona, ma l’app che sta dietro al momento non è raggiungibile. Riprovi"
    " tra qualche secondo.",
    "error_app_broken": "L’accesso funziona, ma l’app che sta dietro non ha dato una risposta utilizzabile."
    " Riprovi; se succede di nuovo, lo dica a chi gestisce questa app.",
    "error_app_slow": "L’accesso funziona, ma l’app che sta dietro impiega troppo tempo a rispondere. Riprovi tra"
    " un po’.",
    "error_store_down": "Riprovi tra qualche secondo.",
    "error_provider_not_set_up": "L’accesso di questa app non è configurato correttamente; il registro dice perché."
    " Aspettare non serve: avvisi chi gestisce l’app, indicando il riferimento qui sotto. Chi è già connesso non"
    " ne risente.",
    "error_store_not_set_up": "Il luogo in cui questa app conserva le sessioni non è configurato correttamente; il"
    " registro dice perché. Aspettare non serve: avvisi chi gestisce l’app, indicando il riferimento qui sotto.",
    "error_busy": "In questo momento molte persone stanno accedendo. Nulla va perso: se questa pagina non prosegue da"
    " sola entro qualche secondo, la ricarichi.",
    "error_bad_input": "Torni alla pagina che voleva e riparta da lì.",
    "error_bad_answer": "Non è stato possibile accettare la risposta del servizio di accesso. Se succede ancora,"
    " avvisi chi gestisce questa app.",
    "provider_says": "Il servizio di accesso dice: {description}",
    "step_up": "È richiesto un accesso {asked}; il servizio di accesso indica {came}.",
    "step_up_asked_kind": "del tipo {kinds}",
    "step_up_asked_age": "di non più di {age} fa",
    "step_up_came_kind": "il tipo {kind}",
    "step_up_came_no_kind": "nessun tipo",
    "step_up_came_age": "un accesso di {age} fa",
    "step_up_came_no_time": "nessuna ora di accesso",
    "both": "{first} e {second}",
    "either": "{first} o {second}",
    "second": "{number}\u00a0secondo",
    "seconds": "{number}\u00a0secondi",
    "minute": "{number}\u00a0minuto",
    "minutes": "{number}\u00a0minuti",
    "hour": "{number}\u00a0ora",
    "hours": "{number}\u00a0ore",
    "note": "Errore {code}\u00a0· Riferimento {reference}",
    "contact": "Assistenza: {contact}",
}
