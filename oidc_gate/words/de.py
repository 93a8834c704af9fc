"""German. People are addressed as Sie."""

from __future__ import annotations

__all__ = ["TEXTS"]

TEXTS = {
    "title_signed_out": "Sie sind abgemeldet",
    "title_sign_out": "Abmelden?",
    "title_signing_out": "Sie werden abgemeldet",
    "title_sign_in": "Bitte melden Sie sich an",
    "title_sign_in_for_this": "Bitte melden Sie sich dafür noch einmal an",
    "title_session_ended": "Ihre Sitzung ist beendet",
    "title_session_ending": "Ihre Sitzung endet gleich",
    "title_not_this_app": "Sie dürfen diese App nicht benutzen",
    "title_not_this_page": "Sie dürfen diese Seite nicht benutzen",
    "title_refused": "Die Anmeldung wurde abgelehnt",
    "title_failed": "Die Anmeldung hat nicht funktioniert",
    "title_not_enough": "Ihre Anmeldung reicht für diese Seite nicht aus",
    "title_somebody_else": "Jemand anderes hat sich angemeldet",
    "title_form_not_sent": "Das wurde nicht gesendet",
    "title_form_sent": "Das wurde schon gesendet",
    "title_form_too_large": "Das ist zu groß, um es aufzuheben",
    "title_signed_in": "Sie sind angemeldet",
    "title_loop": "Die Anmeldung dreht sich im Kreis",
    "title_app_not_set_up": "Diese App ist nicht richtig eingerichtet",
    "title_no_such_sign_in": "Diese Anmeldung gibt es nicht",
    "title_signed_out_elsewhere": "Anderswo abgemeldet",
    "title_provider_down": "Der Anmeldedienst antwortet nicht",
    "title_store_down": "Sitzungen können gerade nicht gelesen werden",
    "title_provider_not_set_up": "Die Anmeldung ist nicht richtig eingerichtet",
    "title_store_not_set_up": "Die Sitzungen sind nicht richtig eingerichtet",
    "title_busy": "Einen Moment, bitte",
    "title_app_down": "Die App antwortet nicht",
    "title_bad_input": "Diese Adresse wurde nicht richtig aufgerufen",
    "do_sign_in": "Anmelden",
    "do_sign_in_again": "Wieder anmelden",
    "do_sign_in_once_more": "Noch einmal anmelden",
    "do_sign_in_as_other": "Als jemand anderes anmelden",
    "do_sign_in_in_new_tab": "In neuem Tab anmelden",
    "do_send_again": "Noch einmal senden",
    "do_sign_out": "Abmelden",
    "do_try_again": "Noch einmal versuchen",
    "do_start_again": "Neu beginnen",
    "do_go_on": "Weiter",
    "do_go_back": "Zurück",
    "do_close": "Schließen",
    "text_close_window": "Sie können dieses Fenster schließen.",
    "text_sign_out": "Sie wurden zum Abmelden hierher geschickt. Noch ist nichts geschehen.",
    "text_signing_out": "Hier sind Sie abgemeldet. Ein weiterer Schritt beendet Ihre Sitzung beim Anmeldedienst.",
    "text_session_ended": "Was Sie gesendet haben, wurde nicht gespeichert, aber diese Seite hat es noch. Melden Sie"
    " sich in einem neuen Tab an und laden Sie dann diese Seite neu: Der Browser fragt, ob er es noch einmal senden"
    " soll.",
    "text_kept_form": "Was Sie gesendet haben, ist nicht angekommen, wird aber auf dieser Seite {time} lang"
    " aufgehoben. Melden Sie sich in einem neuen Tab an, kommen Sie dann hierher zurück und drücken Sie „{button}“.",
    "text_form_too_large": "Was Sie gesendet haben, wurde nicht gespeichert und ist zu groß, um es hier aufzuheben."
    " Melden Sie sich in einem neuen Tab an und laden Sie dann diese Seite neu: Der Browser fragt, ob er es noch"
    " einmal senden soll.",
    "text_signed_in_for_form": "Sie können diesen Tab schließen. Gehen Sie zurück zu dem mit Ihrem Formular und"
    " senden Sie es ab.",
    "text_choose_provider": "Wählen Sie, wo Sie ein Konto haben.",
    "text_framed": "Sie sind nicht angemeldet, und hier drin lässt sich das nicht nachholen. Laden Sie diese Seite"
    " danach neu.",
    "text_reloading": "Sie sind nicht mehr angemeldet.",
    "text_going_on": "Falls es nicht von selbst weitergeht, klicken Sie auf die Schaltfläche.",
    "refused_door": "Sie sind als {person} angemeldet und stehen damit nicht auf der Liste dieser App. Bitten Sie ihre"
    " Betreiber um Zugang, oder melden Sie sich als jemand anderes an.",
    "refused_email_unverified": "Sie sind als {person} angemeldet. Der Anmeldedienst hat diese Adresse nicht"
    " bestätigt. Lassen Sie sie dort bestätigen und melden Sie sich dann wieder an; oder melden Sie sich als"
    " jemand anderes an.",
    "refused_untold": "Sie sind als {person} angemeldet. Der Anmeldedienst sagt über Sie nicht, wonach diese App"
    " entscheidet. Nennen Sie ihren Betreibern die Kennung unten: Im Protokoll steht, was fehlt.",
    "refused_rule": "Sie sind als {person} angemeldet und dürfen diese App benutzen, aber nicht diesen Teil davon.",
    "refused_nobody": "Sie sind als {person} angemeldet. Diesen Teil der App darf niemand benutzen.",
    "refused_path_ambiguous": "Sie sind als {person} angemeldet. Diese Anfrage lässt sich auf mehrere Arten lesen, und"
    " nicht alle stehen Ihnen offen. Öffnen Sie die Seite über einen Link in der App.",
    "refused_anybody": "Diesen Teil der App darf niemand benutzen.",
    "refused_ask": "Bitten Sie die Betreiber der App um Zugang.",
    "error_access_denied": "Der Anmeldedienst hat Sie nicht eingelassen: Sie haben abgelehnt, oder diese App ist Ihnen"
    " nicht zugewiesen. Bitten Sie die Betreiber der App um Zugang.",
    "error_request_denied": "Der Anmeldedienst hat die Anfrage abgelehnt: Vielleicht ist Ihnen diese App nicht"
    " zugewiesen. Bitten Sie die Betreiber der App um Zugang.",
    "error_request_forbidden": "Der Anmeldedienst hat Ihren Browser nicht wiedererkannt. Das kommt vor, wenn die"
    " Anmeldeseite ein Lesezeichen war oder lange offen stand, oder wenn Cookies gesperrt sind. Bitte beginnen Sie"
    " neu.",
    "error_login_required": "Der Anmeldedienst möchte, dass Sie sich zuerst dort anmelden.",
    "error_interaction_required": "Der Anmeldedienst hat eine Frage an Sie, die nicht beantwortet wurde.",
    "error_consent_required": "Der Anmeldedienst braucht Ihre Zustimmung, und sie wurde nicht erteilt.",
    "error_unmet_authentication_requirements": "Der Anmeldedienst kann Sie nicht so anmelden, wie diese Seite es"
    " verlangt.",
    "error_invalid_scope": "Der Anmeldedienst kennt einen der Scopes nicht, um die diese App bittet. Sagen Sie es"
    " ihren Betreibern.",
    "error_invalid_request": "Der Anmeldedienst hat die Anfrage dieser App nicht verstanden. Sagen Sie es ihren"
    " Betreibern.",
    "error_invalid_state": "Der Anmeldedienst hat die Anfrage dieser App nicht angenommen. Bitte beginnen Sie neu.",
    "error_unauthorized_client": "Der Anmeldedienst erlaubt dieser App nicht, jemanden anzumelden. Sagen Sie es ihren"
    " Betreibern.",
    "error_unsupported_response_type": "Der Anmeldedienst bietet dieser App den Code Flow nicht an. Sagen Sie es ihren"
    " Betreibern.",
    "error_server_error": "Der Anmeldedienst hatte selbst eine Störung. Bitte versuchen Sie es in einer Weile noch"
    " einmal.",
    "error_temporarily_unavailable": "Der Anmeldedienst ist überlastet. Bitte versuchen Sie es in einer Weile noch"
    " einmal.",
    "error_cookies_missing": "Ihr Browser hat keines der Cookies dieser Website zurückgeschickt. Erlauben Sie Cookies"
    " für diese Website, oder öffnen Sie sie von Anfang an in einem einzigen Fenster.",
    "error_state_unknown": "Diese Anmeldung wurde nicht in diesem Browser begonnen, oder vor zu langer Zeit. Links aus"
    " der Mitte einer Anmeldung lassen sich weder weitergeben noch als Lesezeichen speichern.",
    "error_step_up_unmet": "Sie sind angemeldet, und andere Seiten stehen Ihnen offen. Diese verlangt mehr, als der"
    " Anmeldedienst getan hat.",
    "error_step_up_other_person": "Diese Seite hat Sie gebeten, sich noch einmal anzumelden, und jemand anderes kam"
    " zurück. Es hat sich nichts geändert: Sie sind angemeldet wie zuvor. Um zu wechseln, melden Sie sich zuerst"
    " ab.",
    "error_kept_form_foreign": "Eine andere Website hat Sie hierher geschickt. Es ist nichts geschehen.",
    "error_kept_form_invalid": "Es wurde nicht von dieser App aufgehoben oder seitdem verändert. Gehen Sie zurück zu"
    " der Seite, die Sie ausgefüllt haben, und senden Sie es von dort.",
    "error_kept_form_late": "Es wurde zu lange aufgehoben. Es steht noch auf der Seite, die Sie ausgefüllt haben:"
    " Gehen Sie dorthin zurück und senden Sie es von dort.",
    "error_kept_form_other_person": "Jemand anderes hat es ausgefüllt, als jetzt angemeldet ist. Es ist nichts"
    " verloren: Wer es ausgefüllt hat, kann sich anmelden und es dann von dieser Seite senden.",
    "error_kept_form_sent": "Bevor Sie etwas noch einmal senden, sehen Sie in der App nach, ob es angekommen ist.",
    "error_tenant_not_allowed": "Sie haben sich mit dem Konto einer Organisation angemeldet, deren Mitglieder diese"
    " App nicht benutzen dürfen. Melden Sie sich mit einem anderen Konto an, oder bitten Sie die Betreiber"
    " dieser App um Zugang.",
    "error_login_late": "Die Anmeldung hat zu lange gedauert. Bitte beginnen Sie neu.",
    "error_login_loop": "Sie wurden mehrmals angemeldet, und Ihr Browser hat die Sitzung nicht behalten. Erlauben Sie"
    " Cookies für diese Website und löschen Sie ihre alten. Für die Betreiber: Vergleichen Sie base_url,"
    " trusted_proxies und auth_cookie_domain mit der Adresse oben.",
    "error_gate_behind_gate": "Sie steht hinter zwei Gates. Ihre Betreiber müssen eines davon wegnehmen.",
    "error_login_expired": "Ihre Anmeldeseite war zu lange offen. Bitte beginnen Sie neu.",
    "error_reauthentication_missing": "Sie sollten sich neu anmelden, und der Anmeldedienst hat Sie ohne das"
    " durchgelassen. Bitte versuchen Sie es noch einmal.",
    "error_code_rejected": "Der Anmeldedienst nimmt diese Anmeldung nicht mehr an. Bitte beginnen Sie neu.",
    "error_session_too_large": "Der Anmeldedienst sagt über Sie mehr, als in eine Sitzung passt. Die Betreiber dieser"
    " App müssen um weniger Gruppen bitten.",
    "error_client_rejected": "Der Anmeldedienst nimmt die Zugangsdaten dieser App nicht an. Sagen Sie es ihren"
    " Betreibern: Im Protokoll steht, was zu prüfen ist.",
    "error_base_url_path": "Die Adresse dieser App ist nicht richtig eingerichtet. Sagen Sie es ihren Betreibern: Im"
    " Protokoll steht, was zu prüfen ist.",
    "error_provider_unknown": "Diese Adresse nennt einen Anmeldedienst, der hier nicht eingerichtet ist.",
    "error_logout_state_mismatch": "Diese Antwort gehört zu keiner Abmeldung, die in diesem Browser begonnen wurde.",
    "error_provider_down": "Vielleicht ist er gestört oder von hier aus nicht erreichbar. Wer schon angemeldet ist,"
    " merkt davon nichts. Bitte versuchen Sie es in ein paar Sekunden noch einmal.",
    "error_app_unreachable": "Die Anmeldung funktioniert, aber die App dahinter ist gerade nicht zu erreichen."
    " Bitte versuchen Sie es in ein paar Sekunden noch einmal.",
    "error_app_broken": "Die Anmeldung funktioniert, aber die App dahinter hat keine brauchbare Antwort gegeben."
    " Bitte versuchen Sie es noch einmal; geschieht es wieder, sagen Sie es dem Betreiber der App.",
    "error_app_slow": "Die Anmeldung funktioniert, aber die App dahinter braucht zu lange für ihre Antwort. Bitte"
    " versuchen Sie es nach einer Weile noch einmal.",
    "error_store_down": "Bitte versuchen Sie es in ein paar Sekunden noch einmal.",
    "error_provider_not_set_up": "Die Anmeldung dieser App ist nicht richtig eingerichtet; im Protokoll steht, warum."
    " Warten hilft nicht: Sagen Sie es den Betreibern der App, mit der Kennung unten. Wer schon angemeldet ist,"
    " merkt davon nichts.",
    "error_store_not_set_up": "Der Ort, an dem diese App ihre Sitzungen aufbewahrt, ist nicht richtig eingerichtet; im"
    " Protokoll steht, warum. Warten hilft nicht: Sagen Sie es den Betreibern der App, mit der Kennung unten.",
    "error_busy": "Gerade melden sich viele an. Nichts geht verloren: Wenn diese Seite in ein paar Sekunden nicht von"
    " selbst weitergeht, laden Sie sie neu.",
    "error_bad_input": "Gehen Sie zurück zu der Seite, zu der Sie wollten, und beginnen Sie dort.",
    "error_bad_answer": "Die Antwort des Anmeldedienstes konnte nicht angenommen werden. Wenn es wieder geschieht,"
    " sagen Sie es den Betreibern dieser App.",
    "provider_says": "Der Anmeldedienst sagt: {description}",
    "step_up": "Verlangt wird eine Anmeldung {asked}; der Anmeldedienst meldet {came}.",
    "step_up_asked_kind": "der Art {kinds}",
    "step_up_asked_age": "vor höchstens {age}",
    "step_up_came_kind": "die Art {kind}",
    "step_up_came_no_kind": "keine Art",
    "step_up_came_age": "eine Anmeldung vor {age}",
    "step_up_came_no_time": "keinen Zeitpunkt der Anmeldung",
    "both": "{first} und {second}",
    "either": "{first} oder {second}",
    "second": "{number}\u00a0Sekunde",
    "seconds": "{number}\u00a0Sekunden",
    "minute": "{number}\u00a0Minute",
    "minutes": "{number}\u00a0Minuten",
    "hour": "{number}\u00a0Stunde",
    "hours": "{number}\u00a0Stunden",
    "note": "Fehler {code}\u00a0· Kennung {reference}",
    "contact": "Hilfe: {contact}",
}
