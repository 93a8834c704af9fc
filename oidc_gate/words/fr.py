"""French. People are addressed as vous; no-break spaces stand before `:`, narrow ones before `;`, `?` and `!`."""

from __future__ import annotations

__all__ = ["TEXTS"]

TEXTS = {
    "title_signed_out": "Vous êtes déconnecté",
    "title_sign_out": "Se déconnecter\u202f?",
    "title_signing_out": "Déconnexion en cours",
    "title_sign_in": "Veuillez vous connecter",
    "title_sign_in_for_this": "Veuillez vous reconnecter pour cette action",
    "title_session_ended": "Votre session a expiré",
    "title_session_ending": "Votre session va bientôt expirer",
    "title_not_this_app": "Vous n’avez pas accès à cette application",
    "title_not_this_page": "Vous n’avez pas accès à cette page",
    "title_refused": "La connexion a été refusée",
    "title_failed": "La connexion a échoué",
    "title_not_enough": "Votre connexion ne suffit pas pour cette page",
    "title_somebody_else": "Quelqu’un d’autre s’est connecté",
    "title_form_not_sent": "Ceci n’a pas été envoyé",
    "title_form_sent": "Ceci a déjà été envoyé",
    "title_form_too_large": "Ceci est trop volumineux pour être gardé",
    "title_signed_in": "Vous êtes connecté",
    "title_loop": "La connexion tourne en rond",
    "title_app_not_set_up": "Cette application est mal configurée",
    "title_no_such_sign_in": "Cette connexion n’existe pas",
    "title_signed_out_elsewhere": "Déconnexion commencée ailleurs",
    "title_provider_down": "Le service de connexion ne répond pas",
    "title_store_down": "Les sessions ne peuvent pas être lues pour le moment",
    "title_provider_not_set_up": "La connexion est mal configurée",
    "title_store_not_set_up": "Les sessions sont mal configurées",
    "title_busy": "Un instant, s’il vous plaît",
    "title_app_down": "L’application ne répond pas",
    "title_bad_input": "Cette adresse n’a pas été appelée correctement",
    "do_sign_in": "Se connecter",
    "do_sign_in_again": "Se reconnecter",
    "do_sign_in_once_more": "Se connecter encore une fois",
    "do_sign_in_as_other": "Se connecter sous un autre nom",
    "do_sign_in_in_new_tab": "Se connecter dans un nouvel onglet",
    "do_send_again": "Envoyer de nouveau",
    "do_sign_out": "Se déconnecter",
    "do_try_again": "Réessayer",
    "do_start_again": "Recommencer",
    "do_go_on": "Continuer",
    "do_go_back": "Revenir",
    "do_close": "Fermer",
    "text_close_window": "Vous pouvez fermer cette fenêtre.",
    "text_sign_out": "Vous avez été envoyé ici pour vous déconnecter. Rien ne s’est encore passé.",
    "text_signing_out": "Vous êtes déconnecté ici. Une dernière étape met fin à votre session auprès du service de"
    " connexion.",
    "text_session_ended": "Ce que vous avez envoyé n’a pas été enregistré, mais cette page l’a encore. Connectez-vous"
    " dans un nouvel onglet, puis rechargez cette page\u00a0: le navigateur demande s’il doit l’envoyer de nouveau.",
    "text_kept_form": "Ce que vous avez envoyé n’est pas arrivé, mais cette page le garde pendant {time}."
    " Connectez-vous dans un nouvel onglet, puis revenez dans celui-ci et appuyez sur «\u00a0{button}\u00a0».",
    "text_form_too_large": "Ce que vous avez envoyé n’a pas été enregistré, et c’est trop volumineux pour être gardé"
    " ici. Connectez-vous dans un nouvel onglet, puis rechargez cette page\u00a0: le navigateur demande s’il doit"
    " l’envoyer de nouveau.",
    "text_signed_in_for_form": "Vous pouvez fermer cet onglet. Revenez à celui de votre formulaire, et envoyez-le.",
    "text_choose_provider": "Choisissez où vous avez un compte.",
    "text_framed": "Vous n’êtes pas connecté, et il n’est pas possible de le faire dans ce cadre. Rechargez ensuite"
    " cette page.",
    "text_reloading": "Vous n’êtes plus connecté.",
    "text_going_on": "Si cette page ne continue pas d’elle-même, cliquez sur le bouton.",
    "refused_door": "Vous êtes connecté en tant que {person}, qui ne figure pas sur la liste de cette application."
    " Demandez l’accès à ses responsables, ou connectez-vous sous un autre nom.",
    "refused_email_unverified": "Vous êtes connecté en tant que {person}. Le service de connexion n’a pas vérifié"
    " cette adresse. Faites-la vérifier auprès de lui, puis reconnectez-vous\u202f; ou connectez-vous sous un"
    " autre nom.",
    "refused_untold": "Vous êtes connecté en tant que {person}. Le service de connexion ne dit pas de vous ce dont"
    " cette application a besoin pour décider. Indiquez à ses responsables la référence ci-dessous\u00a0: le"
    " journal dit ce qui manque.",
    "refused_rule": "Vous êtes connecté en tant que {person}, qui a accès à cette application, mais pas à cette"
    " partie.",
    "refused_nobody": "Vous êtes connecté en tant que {person}. Personne n’a accès à cette partie de l’application.",
    "refused_path_ambiguous": "Vous êtes connecté en tant que {person}. Cette requête peut se lire de plusieurs"
    " façons, et toutes ne vous sont pas ouvertes. Ouvrez la page à partir d’un lien de l’application.",
    "refused_anybody": "Personne n’a accès à cette partie de l’application.",
    "refused_ask": "Demandez l’accès aux responsables de l’application.",
    "error_access_denied": "Le service de connexion ne vous a pas laissé entrer\u00a0: vous avez refusé, ou cette"
    " application ne vous a pas été attribuée. Demandez l’accès aux responsables de l’application.",
    "error_request_denied": "Le service de connexion a rejeté la demande\u00a0: cette application ne vous a peut-être"
    " pas été attribuée. Demandez l’accès aux responsables de l’application.",
    "error_request_forbidden": "Le service de connexion n’a pas reconnu votre navigateur. Cela arrive avec une page de"
    " connexion ouverte depuis un favori ou depuis trop longtemps, ou lorsque les cookies sont bloqués. Veuillez"
    " recommencer.",
    "error_login_required": "Le service de connexion veut que vous vous connectiez d’abord chez lui.",
    "error_interaction_required": "Le service de connexion vous a posé une question qui est restée sans réponse.",
    "error_consent_required": "Le service de connexion a besoin de votre consentement, qui n’a pas été donné.",
    "error_unmet_authentication_requirements": "Le service de connexion ne peut pas vous connecter de la manière que"
    " cette page demande.",
    "error_invalid_scope": "Le service de connexion ne connaît pas l’un des scopes que cette application demande."
    " Signalez-le à ses responsables.",
    "error_invalid_request": "Le service de connexion n’a pas compris la demande de cette application. Signalez-le à"
    " ses responsables.",
    "error_invalid_state": "Le service de connexion n’a pas accepté la demande de cette application. Veuillez"
    " recommencer.",
    "error_unauthorized_client": "Le service de connexion n’autorise pas cette application à connecter des personnes."
    " Signalez-le à ses responsables.",
    "error_unsupported_response_type": "Le service de connexion n’offre pas le flux par code à cette application."
    " Signalez-le à ses responsables.",
    "error_server_error": "Le service de connexion a rencontré un problème qui lui est propre. Veuillez réessayer dans"
    " un moment.",
    "error_temporarily_unavailable": "Le service de connexion est surchargé. Veuillez réessayer dans un moment.",
    "error_cookies_missing": "Votre navigateur n’a renvoyé aucun des cookies de ce site. Autorisez les cookies pour ce"
    " site, ou ouvrez-le dès le début dans une seule fenêtre.",
    "error_state_unknown": "Cette connexion n’a pas été commencée dans ce navigateur, ou il y a trop longtemps. Les"
    " liens pris au milieu d’une connexion ne peuvent être ni partagés ni enregistrés comme favoris.",
    "error_step_up_unmet": "Vous êtes connecté, et d’autres pages vous sont ouvertes. Celle-ci demande plus que ce que"
    " le service de connexion a fait.",
    "error_step_up_other_person": "Cette page vous a demandé de vous connecter encore une fois, et une autre personne"
    " est revenue. Rien n’a changé\u00a0: vous êtes connecté comme avant. Pour changer de personne,"
    " déconnectez-vous d’abord.",
    "error_kept_form_foreign": "Un autre site vous a envoyé ici. Il ne s’est rien passé.",
    "error_kept_form_invalid": "Cela n’a pas été gardé par cette application, ou a été modifié depuis. Revenez à la"
    " page que vous avez remplie, et envoyez-le de là.",
    "error_kept_form_late": "Cela a été gardé trop longtemps. Tout se trouve encore dans la page que vous avez"
    " remplie\u00a0: revenez-y, et envoyez-le de là.",
    "error_kept_form_other_person": "Une autre personne que celle qui est connectée l’a rempli. Rien n’est"
    " perdu\u00a0: elle peut se connecter, puis l’envoyer depuis cette page.",
    "error_kept_form_sent": "Avant d’envoyer de nouveau quoi que ce soit, regardez dans l’application si c’est"
    " arrivé.",
    "error_tenant_not_allowed": "Vous vous êtes connecté avec le compte d’une organisation dont les membres ne"
    " peuvent pas utiliser cette application. Connectez-vous avec un autre compte, ou demandez l’accès aux"
    " responsables de cette application.",
    "error_login_late": "La connexion a pris trop de temps. Veuillez recommencer.",
    "error_login_loop": "Vous avez été connecté plusieurs fois, et votre navigateur n’a pas gardé la session."
    " Autorisez les cookies pour ce site et supprimez les anciens. Pour ses responsables\u00a0: comparez base_url,"
    " trusted_proxies et auth_cookie_domain avec l’adresse ci-dessus.",
    "error_gate_behind_gate": "Elle se trouve derrière deux gates. Ses responsables doivent en retirer un.",
    "error_login_expired": "Votre page de connexion est restée ouverte trop longtemps. Veuillez recommencer.",
    "error_reauthentication_missing": "Vous deviez vous connecter à nouveau, et le service de connexion vous a laissé"
    " passer sans cela. Veuillez réessayer.",
    "error_code_rejected": "Le service de connexion n’accepte plus cette connexion. Veuillez recommencer.",
    "error_session_too_large": "Le service de connexion en dit plus sur vous que ce qu’une session peut contenir. Les"
    " responsables de cette application doivent demander moins de groupes.",
    "error_client_rejected": "Le service de connexion n’accepte pas les identifiants de cette application. Signalez-le"
    " à ses responsables\u00a0: le journal dit ce qu’il faut vérifier.",
    "error_base_url_path": "L’adresse de cette application est mal configurée. Signalez-le à ses responsables\u00a0:"
    " le journal dit ce qu’il faut vérifier.",
    "error_provider_unknown": "Cette adresse désigne un service de connexion qui n’est pas configuré ici.",
    "error_logout_state_mismatch": "Cette réponse n’appartient à aucune déconnexion commencée dans ce navigateur.",
    "error_provider_down": "Il est peut-être en panne, ou injoignable d’ici. Les personnes déjà connectées ne sont pas"
    " concernées. Veuillez réessayer dans quelques secondes.",
    "error_app_unreachable": "La connexion fonctionne, mais l’application qui se trouve derrière est injoignable"
    " pour le moment. Veuillez réessayer dans quelques secondes.",
    "error_app_broken": "La connexion fonctionne, mais l’application qui se trouve derrière n’a pas donné de"
    " réponse utilisable. Veuillez réessayer ; si cela se reproduit, prévenez la personne qui gère cette"
    " application.",
    "error_app_slow": "La connexion fonctionne, mais l’application qui se trouve derrière met trop de temps à"
    " répondre. Veuillez réessayer dans un moment.",
    "error_store_down": "Veuillez réessayer dans quelques secondes.",
    "error_provider_not_set_up": "La connexion de cette application est mal configurée\u202f; le journal dit pourquoi."
    " Attendre ne sert à rien\u00a0: prévenez les responsables de l’application, avec la référence ci-dessous. Les"
    " personnes déjà connectées ne sont pas concernées.",
    "error_store_not_set_up": "L’endroit où cette application garde ses sessions est mal configuré\u202f; le journal"
    " dit pourquoi. Attendre ne sert à rien\u00a0: prévenez les responsables de l’application, avec la référence"
    " ci-dessous.",
    "error_busy": "Beaucoup de personnes se connectent en ce moment. Rien n’est perdu\u00a0: si cette page ne continue"
    " pas d’elle-même dans quelques secondes, rechargez-la.",
    "error_bad_input": "Revenez à la page que vous vouliez et partez de là.",
    "error_bad_answer": "La réponse du service de connexion n’a pas pu être acceptée. Si cela se reproduit, prévenez"
    " les responsables de cette application.",
    "provider_says": "Le service de connexion dit\u00a0: {description}",
    "step_up": "Il faut une connexion {asked}\u202f; le service de connexion indique {came}.",
    "step_up_asked_kind": "du type {kinds}",
    "step_up_asked_age": "vieille de {age} au plus",
    "step_up_came_kind": "le type {kind}",
    "step_up_came_no_kind": "aucun type",
    "step_up_came_age": "une connexion d’il y a {age}",
    "step_up_came_no_time": "aucune heure de connexion",
    "both": "{first} et {second}",
    "either": "{first} ou {second}",
    "second": "{number}\u00a0seconde",
    "seconds": "{number}\u00a0secondes",
    "minute": "{number}\u00a0minute",
    "minutes": "{number}\u00a0minutes",
    "hour": "{number}\u00a0heure",
    "hours": "{number}\u00a0heures",
    "note": "Erreur {code}\u00a0· Référence {reference}",
    "contact": "Aide\u00a0: {contact}",
}
