"""Spanish. People are addressed as usted."""

from __future__ import annotations

__all__ = ["TEXTS"]

TEXTS = {
    "title_signed_out": "Ha cerrado la sesión",
    "title_sign_out": "¿Cerrar la sesión?",
    "title_signing_out": "Cerrando la sesión",
    "title_sign_in": "Inicie sesión",
    "title_sign_in_for_this": "Vuelva a iniciar sesión para esto",
    "title_session_ended": "Su sesión ha terminado",
    "title_session_ending": "Su sesión está a punto de terminar",
    "title_not_this_app": "No puede usar esta aplicación",
    "title_not_this_page": "No puede usar esta página",
    "title_refused": "Se ha rechazado el inicio de sesión",
    "title_failed": "El inicio de sesión no ha funcionado",
    "title_not_enough": "Su inicio de sesión no basta para esta página",
    "title_somebody_else": "Otra persona ha iniciado sesión",
    "title_form_not_sent": "Esto no se ha enviado",
    "title_form_sent": "Esto ya se ha enviado",
    "title_form_too_large": "Esto es demasiado grande para guardarlo",
    "title_signed_in": "Ha iniciado sesión",
    "title_loop": "El inicio de sesión da vueltas en círculo",
    "title_app_not_set_up": "Esta aplicación no está bien configurada",
    "title_no_such_sign_in": "Ese inicio de sesión no existe",
    "title_signed_out_elsewhere": "Sesión cerrada en otro lugar",
    "title_provider_down": "El servicio de inicio de sesión no responde",
    "title_store_down": "Ahora mismo no se pueden leer las sesiones",
    "title_provider_not_set_up": "El inicio de sesión no está bien configurado",
    "title_store_not_set_up": "Las sesiones no están bien configuradas",
    "title_busy": "Un momento, por favor",
    "title_app_down": "La aplicación no responde",
    "title_bad_input": "No se ha llamado bien a esta dirección",
    "do_sign_in": "Iniciar sesión",
    "do_sign_in_again": "Volver a iniciar sesión",
    "do_sign_in_once_more": "Iniciar sesión otra vez",
    "do_sign_in_as_other": "Iniciar sesión como otra persona",
    "do_sign_in_in_new_tab": "Iniciar sesión en otra pestaña",
    "do_send_again": "Enviar de nuevo",
    "do_sign_out": "Cerrar la sesión",
    "do_try_again": "Intentar de nuevo",
    "do_start_again": "Empezar de nuevo",
    "do_go_on": "Continuar",
    "do_go_back": "Volver",
    "do_close": "Cerrar",
    "text_close_window": "Puede cerrar esta ventana.",
    "text_sign_out": "Le han enviado aquí para cerrar la sesión. Todavía no ha pasado nada.",
    "text_signing_out": "Aquí ya ha cerrado la sesión. Un paso más cierra su sesión en el servicio de inicio de"
    " sesión.",
    "text_session_ended": "Lo que ha enviado no se ha guardado, pero esta página todavía lo tiene. Inicie sesión en"
    " otra pestaña y vuelva a cargar después esta página: el navegador pregunta si debe enviarlo otra vez.",
    "text_kept_form": "Lo que ha enviado no ha llegado, pero esta página lo conserva durante {time}. Inicie sesión"
    " en otra pestaña, vuelva después a esta y pulse «{button}».",
    "text_form_too_large": "Lo que ha enviado no se ha guardado, y es demasiado grande para conservarlo aquí. Inicie"
    " sesión en otra pestaña y vuelva a cargar después esta página: el navegador pregunta si debe enviarlo otra vez.",
    "text_signed_in_for_form": "Puede cerrar esta pestaña. Vuelva a la de su formulario y envíelo.",
    "text_choose_provider": "Elija dónde tiene una cuenta.",
    "text_framed": "No ha iniciado sesión, y aquí dentro no es posible hacerlo. Después vuelva a cargar esta página.",
    "text_reloading": "Su sesión ya no está iniciada.",
    "text_going_on": "Si esta página no continúa por sí sola, pulse el botón.",
    "refused_door": "Ha iniciado sesión como {person}, que no está en la lista de esta aplicación. Pida acceso a sus"
    " responsables o inicie sesión como otra persona.",
    "refused_email_unverified": "Ha iniciado sesión como {person}. El servicio de inicio de sesión no ha verificado"
    " esa dirección. Haga que la verifiquen allí y vuelva a iniciar sesión, o inicie sesión como otra persona.",
    "refused_untold": "Ha iniciado sesión como {person}. El servicio de inicio de sesión no dice de usted lo que esta"
    " aplicación necesita para decidir. Dé a sus responsables la referencia de abajo: el registro dice qué falta.",
    "refused_rule": "Ha iniciado sesión como {person}, que puede usar esta aplicación, pero no esta parte.",
    "refused_nobody": "Ha iniciado sesión como {person}. Nadie puede usar esta parte de la aplicación.",
    "refused_path_ambiguous": "Ha iniciado sesión como {person}. Esta petición se puede leer de más de una manera, y"
    " no todas le están permitidas. Vaya a la página desde un enlace de la aplicación.",
    "refused_anybody": "Nadie puede usar esta parte de la aplicación.",
    "refused_ask": "Pida acceso a los responsables de la aplicación.",
    "error_access_denied": "El servicio de inicio de sesión no le ha dejado entrar: usted lo ha rechazado o no tiene"
    " asignada esta aplicación. Pida acceso a los responsables de la aplicación.",
    "error_request_denied": "El servicio de inicio de sesión ha rechazado la petición: puede que no tenga asignada"
    " esta aplicación. Pida acceso a los responsables de la aplicación.",
    "error_request_forbidden": "El servicio de inicio de sesión no ha reconocido su navegador. Ocurre cuando la página"
    " de inicio de sesión se abre desde un marcador o lleva mucho tiempo abierta, o cuando las cookies están"
    " bloqueadas. Empiece de nuevo.",
    "error_login_required": "El servicio de inicio de sesión quiere que primero inicie sesión allí.",
    "error_interaction_required": "El servicio de inicio de sesión le ha hecho una pregunta que quedó sin responder.",
    "error_consent_required": "El servicio de inicio de sesión necesita su consentimiento, y no se ha dado.",
    "error_unmet_authentication_requirements": "El servicio de inicio de sesión no puede identificarle de la manera"
    " que pide esta página.",
    "error_invalid_scope": "El servicio de inicio de sesión no conoce uno de los scopes que pide esta aplicación."
    " Avise a sus responsables.",
    "error_invalid_request": "El servicio de inicio de sesión no ha entendido la petición de esta aplicación. Avise a"
    " sus responsables.",
    "error_invalid_state": "El servicio de inicio de sesión no ha aceptado la petición de esta aplicación. Empiece de"
    " nuevo.",
    "error_unauthorized_client": "El servicio de inicio de sesión no permite que esta aplicación identifique a nadie."
    " Avise a sus responsables.",
    "error_unsupported_response_type": "El servicio de inicio de sesión no ofrece el flujo de código a esta"
    " aplicación. Avise a sus responsables.",
    "error_server_error": "El servicio de inicio de sesión ha tenido un problema propio. Inténtelo de nuevo dentro de"
    " un rato.",
    "error_temporarily_unavailable": "El servicio de inicio de sesión está saturado. Inténtelo de nuevo dentro de un"
    " rato.",
    "error_cookies_missing": "Su navegador no ha devuelto ninguna de las cookies de este sitio. Permita las cookies de"
    " este sitio o ábralo desde el principio en una sola ventana.",
    "error_state_unknown": "Este inicio de sesión no se empezó en este navegador, o hace demasiado tiempo. Los enlaces"
    " tomados en mitad de un inicio de sesión no se pueden compartir ni guardar como marcadores.",
    "error_step_up_unmet": "Ha iniciado sesión, y otras páginas le están abiertas. Esta pide más de lo que el servicio"
    " de inicio de sesión ha hecho.",
    "error_step_up_other_person": "Esta página le pidió que iniciara sesión otra vez, y ha vuelto otra persona. No ha"
    " cambiado nada: su sesión sigue como antes. Para cambiar de persona, cierre primero la sesión.",
    "error_kept_form_foreign": "Otro sitio le ha enviado aquí. No ha pasado nada.",
    "error_kept_form_invalid": "No lo conservaba esta aplicación, o se ha modificado desde entonces. Vuelva a la"
    " página que rellenó y envíelo desde allí.",
    "error_kept_form_late": "Se ha conservado demasiado tiempo. Sigue en la página que rellenó: vuelva a ella y"
    " envíelo desde allí.",
    "error_kept_form_other_person": "Lo rellenó otra persona, no la que ha iniciado sesión ahora. No se ha perdido"
    " nada: quien lo rellenó puede iniciar sesión y después enviarlo desde esta página.",
    "error_kept_form_sent": "Antes de enviar nada otra vez, mire en la aplicación si ha llegado.",
    "error_tenant_not_allowed": "Ha iniciado sesión con la cuenta de una organización cuyos miembros no pueden usar"
    " esta aplicación. Inicie sesión con otra cuenta o pida acceso a quien administra esta aplicación.",
    "error_login_late": "El inicio de sesión ha tardado demasiado. Empiece de nuevo.",
    "error_login_loop": "Ha iniciado sesión varias veces, y su navegador no ha conservado la sesión. Permita las"
    " cookies de este sitio y borre las antiguas. Para sus responsables: comparen base_url, trusted_proxies y"
    " auth_cookie_domain con la dirección de arriba.",
    "error_gate_behind_gate": "Está detrás de dos gates. Sus responsables tienen que quitar uno de ellos.",
    "error_login_expired": "Su página de inicio de sesión ha estado abierta demasiado tiempo. Empiece de nuevo.",
    "error_reauthentication_missing": "Se le pidió que iniciara sesión de nuevo, y el servicio de inicio de sesión le"
    " dejó pasar sin hacerlo. Inténtelo de nuevo.",
    "error_code_rejected": "El servicio de inicio de sesión ya no acepta este inicio de sesión. Empiece de nuevo.",
    "error_session_too_large": "El servicio de inicio de sesión dice de usted más de lo que cabe en una sesión. Los"
    " responsables de esta aplicación deben pedir menos grupos.",
    "error_client_rejected": "El servicio de inicio de sesión no acepta las credenciales de esta aplicación. Avise a"
    " sus responsables: el registro dice qué comprobar.",
    "error_base_url_path": "La dirección de esta aplicación no está bien configurada. Avise a sus responsables: el"
    " registro dice qué comprobar.",
    "error_provider_unknown": "Esta dirección nombra un servicio de inicio de sesión que aquí no está configurado.",
    "error_logout_state_mismatch": "Esta respuesta no corresponde a ningún cierre de sesión empezado en este"
    " navegador.",
    "error_provider_down": "Puede que esté caído o que no se llegue a él desde aquí. A quien ya ha iniciado sesión no"
    " le afecta. Inténtelo de nuevo en unos segundos.",
    "error_app_unreachable": "El inicio de sesión funciona, pero ahora mismo no se puede llegar a la aplicación"
    " que hay detrás. Vuelva a intentarlo dentro de unos segundos.",
    "error_app_broken": "El inicio de sesión funciona, pero la aplicación que hay detrás no ha dado una respuesta"
    " utilizable. Vuelva a intentarlo; si se repite, avise a quien gestiona esta aplicación.",
    "error_app_slow": "El inicio de sesión funciona, pero la aplicación que hay detrás tarda demasiado en"
    " responder. Vuelva a intentarlo dentro de un rato.",
    "error_store_down": "Inténtelo de nuevo en unos segundos.",
    "error_provider_not_set_up": "El inicio de sesión de esta aplicación no está bien configurado; el registro dice"
    " por qué. Esperar no sirve: avise a los responsables de la aplicación, con la referencia de abajo. A quien ya"
    " ha iniciado sesión no le afecta.",
    "error_store_not_set_up": "El lugar donde esta aplicación guarda sus sesiones no está bien configurado; el"
    " registro dice por qué. Esperar no sirve: avise a los responsables de la aplicación, con la referencia de"
    " abajo.",
    "error_busy": "Mucha gente está iniciando sesión ahora mismo. No se pierde nada: si esta página no continúa sola"
    " en unos segundos, vuelva a cargarla.",
    "error_bad_input": "Vuelva a la página que quería y empiece desde allí.",
    "error_bad_answer": "No se ha podido aceptar la respuesta del servicio de inicio de sesión. Si vuelve a ocurrir,"
    " avise a los responsables de esta aplicación.",
    "provider_says": "El servicio de inicio de sesión dice: {description}",
    "step_up": "Se pide un inicio de sesión {asked}; el servicio de inicio de sesión indica {came}.",
    "step_up_asked_kind": "del tipo {kinds}",
    "step_up_asked_age": "de hace {age} como máximo",
    "step_up_came_kind": "el tipo {kind}",
    "step_up_came_no_kind": "ningún tipo",
    "step_up_came_age": "un inicio de sesión de hace {age}",
    "step_up_came_no_time": "ninguna hora de inicio de sesión",
    "both": "{first} y {second}",
    "either": "{first} o {second}",
    "second": "{number}\u00a0segundo",
    "seconds": "{number}\u00a0segundos",
    "minute": "{number}\u00a0minuto",
    "minutes": "{number}\u00a0minutos",
    "hour": "{number}\u00a0hora",
    "hours": "{number}\u00a0horas",
    "note": "Error {code}\u00a0· Referencia {reference}",
    "contact": "Ayuda: {contact}",
}
