"""Brazilian Portuguese. People are addressed as você."""

from __future__ import annotations

__all__ = ["TEXTS"]

TEXTS = {
    "title_signed_out": "Você saiu",
    "title_sign_out": "Deseja sair?",
    "title_signing_out": "Saindo",
    "title_sign_in": "Entre, por favor",
    "title_sign_in_for_this": "Entre novamente para fazer isso",
    "title_session_ended": "Sua sessão terminou",
    "title_session_ending": "Sua sessão está prestes a terminar",
    "title_not_this_app": "Você não pode usar este aplicativo",
    "title_not_this_page": "Você não pode usar esta página",
    "title_refused": "O acesso foi recusado",
    "title_failed": "Não foi possível entrar",
    "title_not_enough": "Seu login não é suficiente para esta página",
    "title_somebody_else": "Outra pessoa entrou",
    "title_form_not_sent": "Isto não foi enviado",
    "title_form_sent": "Isto já foi enviado",
    "title_form_too_large": "Isto é grande demais para ser guardado",
    "title_signed_in": "Você entrou",
    "title_loop": "O login está andando em círculos",
    "title_app_not_set_up": "Este aplicativo não está configurado corretamente",
    "title_no_such_sign_in": "Esse login não existe",
    "title_signed_out_elsewhere": "Saída iniciada em outro lugar",
    "title_provider_down": "O serviço de login não responde",
    "title_store_down": "Não é possível ler as sessões no momento",
    "title_provider_not_set_up": "O login não está configurado corretamente",
    "title_store_not_set_up": "As sessões não estão configuradas corretamente",
    "title_busy": "Um momento, por favor",
    "title_app_down": "O aplicativo não responde",
    "title_bad_input": "Este endereço não foi chamado corretamente",
    "do_sign_in": "Entrar",
    "do_sign_in_again": "Entrar novamente",
    "do_sign_in_once_more": "Entrar mais uma vez",
    "do_sign_in_as_other": "Entrar como outra pessoa",
    "do_sign_in_in_new_tab": "Entrar em uma nova aba",
    "do_send_again": "Enviar novamente",
    "do_sign_out": "Sair",
    "do_try_again": "Tentar novamente",
    "do_start_again": "Começar de novo",
    "do_go_on": "Continuar",
    "do_go_back": "Voltar",
    "do_close": "Fechar",
    "text_close_window": "Você pode fechar esta janela.",
    "text_sign_out": "Você foi enviado para cá para sair. Nada aconteceu ainda.",
    "text_signing_out": "Aqui você já saiu. Mais um passo encerra sua sessão no serviço de login.",
    "text_session_ended": "O que você enviou não foi salvo, mas esta página ainda o tem. Entre em uma nova aba e"
    " depois recarregue esta página: o navegador pergunta se deve enviar mais uma vez.",
    "text_kept_form": "O que você enviou não chegou, mas esta página o guarda por {time}. Entre em uma nova aba,"
    " depois volte a esta e pressione “{button}”.",
    "text_form_too_large": "O que você enviou não foi salvo, e é grande demais para ser guardado aqui. Entre em uma"
    " nova aba e depois recarregue esta página: o navegador pergunta se deve enviar mais uma vez.",
    "text_signed_in_for_form": "Você pode fechar esta aba. Volte à do seu formulário e envie-o.",
    "text_choose_provider": "Escolha onde você tem uma conta.",
    "text_framed": "Você não entrou, e não é possível fazer isso aqui dentro. Depois, recarregue esta página.",
    "text_reloading": "Sua sessão não está mais ativa.",
    "text_going_on": "Se esta página não continuar sozinha, clique no botão.",
    "refused_door": "Você entrou como {person}, que não está na lista deste aplicativo. Peça acesso aos responsáveis"
    " por ele ou entre como outra pessoa.",
    "refused_email_unverified": "Você entrou como {person}. O serviço de login não verificou esse endereço. Peça a"
    " verificação lá e entre novamente, ou entre como outra pessoa.",
    "refused_untold": "Você entrou como {person}. O serviço de login não informa sobre você o que este aplicativo"
    " precisa para decidir. Passe a referência abaixo aos responsáveis por ele: o log diz o que falta.",
    "refused_rule": "Você entrou como {person}, que pode usar este aplicativo, mas não esta parte dele.",
    "refused_nobody": "Você entrou como {person}. Ninguém pode usar esta parte do aplicativo.",
    "refused_path_ambiguous": "Você entrou como {person}. Esta solicitação pode ser lida de mais de uma forma, e nem"
    " todas são permitidas a você. Acesse a página por um link no aplicativo.",
    "refused_anybody": "Ninguém pode usar esta parte do aplicativo.",
    "refused_ask": "Peça acesso aos responsáveis pelo aplicativo.",
    "error_access_denied": "O serviço de login não deixou você entrar: você recusou, ou este aplicativo não foi"
    " atribuído a você. Peça acesso aos responsáveis pelo aplicativo.",
    "error_request_denied": "O serviço de login rejeitou a solicitação: talvez este aplicativo não tenha sido"
    " atribuído a você. Peça acesso aos responsáveis pelo aplicativo.",
    "error_request_forbidden": "O serviço de login não reconheceu seu navegador. Isso acontece quando a página de"
    " login é aberta pelos favoritos ou fica aberta por muito tempo, ou quando os cookies estão bloqueados. Comece"
    " de novo.",
    "error_login_required": "O serviço de login quer que você entre lá primeiro.",
    "error_interaction_required": "O serviço de login fez uma pergunta a você que não foi respondida.",
    "error_consent_required": "O serviço de login precisa do seu consentimento, que não foi dado.",
    "error_unmet_authentication_requirements": "O serviço de login não consegue identificar você da forma que esta"
    " página exige.",
    "error_invalid_scope": "O serviço de login não conhece um dos escopos que este aplicativo pede. Avise os"
    " responsáveis por ele.",
    "error_invalid_request": "O serviço de login não entendeu a solicitação deste aplicativo. Avise os responsáveis"
    " por ele.",
    "error_invalid_state": "O serviço de login não aceitou a solicitação deste aplicativo. Comece de novo.",
    "error_unauthorized_client": "O serviço de login não permite que este aplicativo identifique pessoas. Avise os"
    " responsáveis por ele.",
    "error_unsupported_response_type": "O serviço de login não oferece o fluxo de código a este aplicativo. Avise os"
    " responsáveis por ele.",
    "error_server_error": "O serviço de login teve um problema próprio. Tente novamente daqui a pouco.",
    "error_temporarily_unavailable": "O serviço de login está sobrecarregado. Tente novamente daqui a pouco.",
    "error_cookies_missing": "Seu navegador não devolveu nenhum cookie deste site. Permita cookies para este site ou"
    " abra-o desde o início em uma única janela.",
    "error_state_unknown": "Este login não foi iniciado neste navegador, ou foi há muito tempo. Links do meio de um"
    " login não podem ser compartilhados nem salvos nos favoritos.",
    "error_step_up_unmet": "Você entrou, e outras páginas estão abertas a você. Esta pede mais do que o serviço de"
    " login fez.",
    "error_step_up_other_person": "Esta página pediu que você entrasse mais uma vez, e outra pessoa voltou. Nada"
    " mudou: sua sessão continua como antes. Para trocar de pessoa, saia primeiro.",
    "error_kept_form_foreign": "Outro site enviou você para cá. Nada aconteceu.",
    "error_kept_form_invalid": "Isto não foi guardado por este aplicativo, ou foi alterado depois. Volte à página"
    " que você preencheu e envie de lá.",
    "error_kept_form_late": "Isto ficou guardado por tempo demais. Ainda está na página que você preencheu: volte a"
    " ela e envie de lá.",
    "error_kept_form_other_person": "Quem preencheu isto não foi a pessoa que entrou agora. Nada se perdeu: quem"
    " preencheu pode entrar e depois enviar a partir desta página.",
    "error_kept_form_sent": "Antes de enviar qualquer coisa mais uma vez, veja no aplicativo se já chegou.",
    "error_tenant_not_allowed": "Você entrou com a conta de uma organização cujos membros não podem usar este"
    " aplicativo. Entre com outra conta ou peça acesso a quem administra este aplicativo.",
    "error_login_late": "O login demorou demais. Comece de novo.",
    "error_login_loop": "Você entrou várias vezes, e seu navegador não guardou a sessão. Permita cookies para este"
    " site e apague os antigos. Para os responsáveis: comparem base_url, trusted_proxies e auth_cookie_domain com"
    " o endereço acima.",
    "error_gate_behind_gate": "Ele está atrás de dois gates. Os responsáveis por ele precisam retirar um deles.",
    "error_login_expired": "Sua página de login ficou aberta por tempo demais. Comece de novo.",
    "error_reauthentication_missing": "Foi pedido que você entrasse de novo, e o serviço de login deixou você passar"
    " sem isso. Tente novamente.",
    "error_code_rejected": "O serviço de login não aceita mais este login. Comece de novo.",
    "error_session_too_large": "O serviço de login diz mais sobre você do que cabe em uma sessão. Os responsáveis por"
    " este aplicativo precisam pedir menos grupos.",
    "error_client_rejected": "O serviço de login não aceita as credenciais deste aplicativo. Avise os responsáveis por"
    " ele: o log diz o que verificar.",
    "error_base_url_path": "O endereço deste aplicativo não está configurado corretamente. Avise os responsáveis por"
    " ele: o log diz o que verificar.",
    "error_provider_unknown": "Este endereço indica um serviço de login que não está configurado aqui.",
    "error_logout_state_mismatch": "Esta resposta não pertence a nenhuma saída iniciada neste navegador.",
    "error_provider_down": "Talvez esteja fora do ar ou não possa ser alcançado daqui. Quem já entrou não é afetado."
    " Tente novamente em alguns segundos.",
    "error_app_unreachable": "O login funciona, mas não é possível alcançar o aplicativo que está por trás dele"
    " neste momento. Tente de novo em alguns segundos.",
    "error_app_broken": "O login funciona, mas o aplicativo que está por trás dele não deu uma resposta"
    " utilizável. Tente de novo; se acontecer outra vez, avise quem administra este aplicativo.",
    "error_app_slow": "O login funciona, mas o aplicativo que está por trás dele demora demais para responder."
    " Tente de novo daqui a pouco.",
    "error_store_down": "Tente novamente em alguns segundos.",
    "error_provider_not_set_up": "O login deste aplicativo não está configurado corretamente; o log diz por quê."
    " Esperar não adianta: avise os responsáveis pelo aplicativo, com a referência abaixo. Quem já entrou não é"
    " afetado.",
    "error_store_not_set_up": "O lugar onde este aplicativo guarda suas sessões não está configurado corretamente; o"
    " log diz por quê. Esperar não adianta: avise os responsáveis pelo aplicativo, com a referência abaixo.",
    "error_busy": "Muita gente está entrando agora. Nada se perde: se esta página não continuar sozinha em alguns"
    " segundos, recarregue-a.",
    "error_bad_input": "Volte à página que você queria e comece de lá.",
    "error_bad_answer": "Não foi possível aceitar a resposta do serviço de login. Se acontecer de novo, avise os"
    " responsáveis por este aplicativo.",
    "provider_says": "O serviço de login diz: {description}",
    "step_up": "É exigido um login {asked}; o serviço de login informa {came}.",
    "step_up_asked_kind": "do tipo {kinds}",
    "step_up_asked_age": "de no máximo {age} atrás",
    "step_up_came_kind": "o tipo {kind}",
    "step_up_came_no_kind": "nenhum tipo",
    "step_up_came_age": "um login de {age} atrás",
    "step_up_came_no_time": "nenhum horário de login",
    "both": "{first} e {second}",
    "either": "{first} ou {second}",
    "second": "{number}\u00a0segundo",
    "seconds": "{number}\u00a0segundos",
    "minute": "{number}\u00a0minuto",
    "minutes": "{number}\u00a0minutos",
    "hour": "{number}\u00a0hora",
    "hours": "{number}\u00a0horas",
    "note": "Erro {code}\u00a0· Referência {reference}",
    "contact": "Ajuda: {contact}",
}
