"""Polish. People are addressed as Państwo, or not at all; units are abbreviated, as those have no plural."""

from __future__ import annotations

__all__ = ["TEXTS"]

TEXTS = {
    "title_signed_out": "Wylogowano",
    "title_sign_out": "Wylogować się?",
    "title_signing_out": "Wylogowywanie",
    "title_sign_in": "Proszę się zalogować",
    "title_sign_in_for_this": "Aby to zrobić, proszę zalogować się ponownie",
    "title_session_ended": "Sesja się zakończyła",
    "title_session_ending": "Sesja zaraz się zakończy",
    "title_not_this_app": "Nie można korzystać z\u00a0tej aplikacji",
    "title_not_this_page": "Nie można korzystać z\u00a0tej strony",
    "title_refused": "Odmówiono zalogowania",
    "title_failed": "Logowanie się nie udało",
    "title_not_enough": "To logowanie nie wystarcza dla tej strony",
    "title_somebody_else": "Zalogował się ktoś inny",
    "title_form_not_sent": "Tego nie wysłano",
    "title_form_sent": "To już wysłano",
    "title_form_too_large": "To jest zbyt duże, aby je przechować",
    "title_signed_in": "Zalogowano",
    "title_loop": "Logowanie kręci się w\u00a0kółko",
    "title_app_not_set_up": "Ta aplikacja nie jest poprawnie skonfigurowana",
    "title_no_such_sign_in": "Nie ma takiego logowania",
    "title_signed_out_elsewhere": "Wylogowanie zaczęto gdzie indziej",
    "title_provider_down": "Usługa logowania nie odpowiada",
    "title_store_down": "W\u00a0tej chwili nie można odczytać sesji",
    "title_provider_not_set_up": "Logowanie nie jest poprawnie skonfigurowane",
    "title_store_not_set_up": "Sesje nie są poprawnie skonfigurowane",
    "title_busy": "Chwileczkę",
    "title_app_down": "Aplikacja nie odpowiada",
    "title_bad_input": "Ten adres wywołano niepoprawnie",
    "do_sign_in": "Zaloguj się",
    "do_sign_in_again": "Zaloguj się ponownie",
    "do_sign_in_once_more": "Zaloguj się jeszcze raz",
    "do_sign_in_as_other": "Zaloguj się jako ktoś inny",
    "do_sign_in_in_new_tab": "Zaloguj się w\u00a0nowej karcie",
    "do_send_again": "Wyślij ponownie",
    "do_sign_out": "Wyloguj się",
    "do_try_again": "Spróbuj ponownie",
    "do_start_again": "Zacznij od nowa",
    "do_go_on": "Dalej",
    "do_go_back": "Wróć",
    "do_close": "Zamknij",
    "text_close_window": "Można zamknąć to okno.",
    "text_sign_out": "Skierowano tu Państwa w\u00a0celu wylogowania. Nic się jeszcze nie stało.",
    "text_signing_out": "Tutaj już Państwa wylogowano. Jeszcze jeden krok zakończy sesję w\u00a0usłudze logowania.",
    "text_session_ended": "Wysłane dane nie zostały zapisane, ale ta strona jeszcze je ma. Proszę zalogować się"
    " w\u00a0nowej karcie, a\u00a0potem odświeżyć tę stronę: przeglądarka zapyta, czy wysłać je jeszcze raz.",
    "text_kept_form": "Wysłane dane nie dotarły, ale ta strona przechowuje je przez {time}. Proszę zalogować się"
    " w\u00a0nowej karcie, potem wrócić do tej i\u00a0nacisnąć „{button}”.",
    "text_form_too_large": "Wysłane dane nie zostały zapisane i\u00a0są zbyt duże, aby je tu przechować. Proszę"
    " zalogować się w\u00a0nowej karcie, a\u00a0potem odświeżyć tę stronę: przeglądarka zapyta, czy wysłać je jeszcze"
    " raz.",
    "text_signed_in_for_form": "Można zamknąć tę kartę. Proszę wrócić do karty z\u00a0formularzem i\u00a0go wysłać.",
    "text_choose_provider": "Wybierz, gdzie masz konto.",
    "text_framed": "Nie są Państwo zalogowani, a\u00a0w\u00a0tej ramce nie można się zalogować. Potem proszę odświeżyć"
    " tę stronę.",
    "text_reloading": "Nie są już Państwo zalogowani.",
    "text_going_on": "Jeśli ta strona nie przejdzie dalej sama, proszę nacisnąć przycisk.",
    "refused_door": "Zalogowano jako {person}, a\u00a0tej osoby nie ma na liście aplikacji. O\u00a0dostęp proszę"
    " poprosić jej administratora albo zalogować się jako ktoś inny.",
    "refused_email_unverified": "Zalogowano jako {person}. Usługa logowania nie zweryfikowała tego adresu. Proszę go"
    " tam zweryfikować i\u00a0zalogować się ponownie albo zalogować się jako ktoś inny.",
    "refused_untold": "Zalogowano jako {person}. Usługa logowania nie podaje o\u00a0Państwu tego, na czym ta aplikacja"
    " opiera decyzję. Proszę podać jej administratorowi poniższy numer: w\u00a0dzienniku jest napisane, czego"
    " brakuje.",
    "refused_rule": "Zalogowano jako {person}. Ta osoba może korzystać z\u00a0aplikacji, ale nie z\u00a0tej jej"
    " części.",
    "refused_nobody": "Zalogowano jako {person}. Z\u00a0tej części aplikacji nikt nie może korzystać.",
    "refused_path_ambiguous": "Zalogowano jako {person}. To żądanie można odczytać na więcej niż jeden sposób,"
    " a\u00a0nie wszystkie są dla Państwa dostępne. Proszę przejść na stronę przez odnośnik w\u00a0aplikacji.",
    "refused_anybody": "Z\u00a0tej części aplikacji nikt nie może korzystać.",
    "refused_ask": "O\u00a0dostęp proszę poprosić administratora aplikacji.",
    "error_access_denied": "Usługa logowania Państwa nie wpuściła: odmówili Państwo albo ta aplikacja nie została"
    " Państwu przydzielona. O\u00a0dostęp proszę poprosić administratora aplikacji.",
    "error_request_denied": "Usługa logowania odrzuciła żądanie: być może ta aplikacja nie została Państwu"
    " przydzielona. O\u00a0dostęp proszę poprosić administratora aplikacji.",
    "error_request_forbidden": "Usługa logowania nie rozpoznała przeglądarki. Zdarza się to, gdy stronę logowania"
    " otwarto z\u00a0zakładki lub była długo otwarta albo gdy pliki cookie są zablokowane. Proszę zacząć od nowa.",
    "error_login_required": "Usługa logowania chce, aby najpierw zalogować się u\u00a0niej.",
    "error_interaction_required": "Usługa logowania zadała pytanie, na które nie udzielono odpowiedzi.",
    "error_consent_required": "Usługa logowania potrzebuje Państwa zgody, a\u00a0jej nie udzielono.",
    "error_unmet_authentication_requirements": "Usługa logowania nie może zalogować Państwa w\u00a0sposób, którego"
    " wymaga ta strona.",
    "error_invalid_scope": "Usługa logowania nie zna jednego z\u00a0zakresów, o\u00a0które prosi ta aplikacja. Proszę"
    " powiadomić jej administratora.",
    "error_invalid_request": "Usługa logowania nie zrozumiała żądania tej aplikacji. Proszę powiadomić jej"
    " administratora.",
    "error_invalid_state": "Usługa logowania nie przyjęła żądania tej aplikacji. Proszę zacząć od nowa.",
    "error_unauthorized_client": "Usługa logowania nie pozwala tej aplikacji na logowanie ludzi. Proszę powiadomić jej"
    " administratora.",
    "error_unsupported_response_type": "Usługa logowania nie udostępnia tej aplikacji przepływu z\u00a0kodem. Proszę"
    " powiadomić jej administratora.",
    "error_server_error": "Usługa logowania miała własny problem. Proszę spróbować ponownie za jakiś czas.",
    "error_temporarily_unavailable": "Usługa logowania jest przeciążona. Proszę spróbować ponownie za jakiś czas.",
    "error_cookies_missing": "Przeglądarka nie odesłała żadnego z\u00a0plików cookie tej witryny. Proszę zezwolić na"
    " pliki cookie tej witryny albo od początku otworzyć ją w\u00a0jednym oknie.",
    "error_state_unknown": "Tego logowania nie rozpoczęto w\u00a0tej przeglądarce albo było to zbyt dawno. Odnośników"
    " ze środka logowania nie można udostępniać ani zapisywać w\u00a0zakładkach.",
    "error_step_up_unmet": "Są Państwo zalogowani i\u00a0mają dostęp do innych stron. Ta wymaga więcej, niż zrobiła"
    " usługa logowania.",
    "error_step_up_other_person": "Ta strona poprosiła o\u00a0ponowne zalogowanie, a\u00a0wróciła inna osoba. Nic się"
    " nie zmieniło: są Państwo zalogowani jak przedtem. Aby zmienić osobę, proszę najpierw się wylogować.",
    "error_kept_form_foreign": "Skierowała tu Państwa inna strona internetowa. Nic się nie stało.",
    "error_kept_form_invalid": "Ta aplikacja tego nie przechowywała albo zmieniono to od tego czasu. Proszę wrócić"
    " do wypełnionej strony i\u00a0wysłać dane stamtąd.",
    "error_kept_form_late": "Dane przechowywano zbyt długo. Są jeszcze na wypełnionej stronie: proszę do niej wrócić"
    " i\u00a0wysłać je stamtąd.",
    "error_kept_form_other_person": "Wypełnił to ktoś inny niż osoba teraz zalogowana. Nic nie przepadło: kto to"
    " wypełnił, może się zalogować, a\u00a0potem wysłać dane z\u00a0tej strony.",
    "error_kept_form_sent": "Zanim cokolwiek wyślą Państwo jeszcze raz, proszę sprawdzić w\u00a0aplikacji, czy dane"
    " dotarły.",
    "error_tenant_not_allowed": "Zalogowali się Państwo na konto organizacji, której członkowie nie mogą używać tej"
    " aplikacji. Proszę zalogować się na inne konto albo poprosić o\u00a0dostęp osobę, która prowadzi tę"
    " aplikację.",
    "error_login_late": "Logowanie trwało zbyt długo. Proszę zacząć od nowa.",
    "error_login_loop": "Logowanie powiodło się kilka razy, a\u00a0przeglądarka nie zachowała sesji. Proszę zezwolić"
    " na pliki cookie tej witryny i\u00a0usunąć stare. Dla administratora: proszę porównać base_url,"
    " trusted_proxies i\u00a0auth_cookie_domain z\u00a0powyższym adresem.",
    "error_gate_behind_gate": "Stoi za dwiema bramkami. Jej administrator musi usunąć jedną z\u00a0nich.",
    "error_login_expired": "Strona logowania była otwarta zbyt długo. Proszę zacząć od nowa.",
    "error_reauthentication_missing": "Należało zalogować się na nowo, a\u00a0usługa logowania przepuściła Państwa bez"
    " tego. Proszę spróbować ponownie.",
    "error_code_rejected": "Usługa logowania nie przyjmuje już tego logowania. Proszę zacząć od nowa.",
    "error_session_too_large": "Usługa logowania podaje o\u00a0Państwu więcej, niż mieści się w\u00a0sesji."
    " Administrator tej aplikacji musi prosić o\u00a0mniej grup.",
    "error_client_rejected": "Usługa logowania nie przyjmuje danych uwierzytelniających tej aplikacji. Proszę"
    " powiadomić jej administratora: w\u00a0dzienniku jest napisane, co sprawdzić.",
    "error_base_url_path": "Adres tej aplikacji nie jest poprawnie skonfigurowany. Proszę powiadomić jej"
    " administratora: w\u00a0dzienniku jest napisane, co sprawdzić.",
    "error_provider_unknown": "Ten adres wskazuje usługę logowania, która nie jest tu skonfigurowana.",
    "error_logout_state_mismatch": "Ta odpowiedź nie należy do żadnego wylogowania rozpoczętego w\u00a0tej"
    " przeglądarce.",
    "error_provider_down": "Być może ma awarię albo jest stąd nieosiągalna. Kto jest już zalogowany, tego to nie"
    " dotyczy. Proszę spróbować ponownie za kilka sekund.",
    "error_app_unreachable": "Logowanie działa, ale z aplikacją, która za nim stoi, nie można się teraz połączyć."
    " Spróbuj ponownie za kilka sekund.",
    "error_app_broken": "Logowanie działa, ale aplikacja, która za nim stoi, nie udzieliła odpowiedzi, której"
    " można by użyć. Spróbuj ponownie; jeśli to się powtórzy, powiadom osobę prowadzącą tę aplikację.",
    "error_app_slow": "Logowanie działa, ale aplikacja, która za nim stoi, odpowiada zbyt długo. Spróbuj ponownie"
    " za jakiś czas.",
    "error_store_down": "Proszę spróbować ponownie za kilka sekund.",
    "error_provider_not_set_up": "Logowanie do tej aplikacji nie jest poprawnie skonfigurowane; w\u00a0dzienniku jest"
    " napisane dlaczego. Czekanie nie pomoże: proszę powiadomić administratora aplikacji, podając poniższy numer."
    " Kto jest już zalogowany, tego to nie dotyczy.",
    "error_store_not_set_up": "Miejsce, w\u00a0którym ta aplikacja przechowuje sesje, nie jest poprawnie"
    " skonfigurowane; w\u00a0dzienniku jest napisane dlaczego. Czekanie nie pomoże: proszę powiadomić"
    " administratora aplikacji, podając poniższy numer.",
    "error_busy": "W\u00a0tej chwili loguje się wiele osób. Nic nie przepadnie: jeśli za kilka sekund strona sama nie"
    " przejdzie dalej, proszę ją odświeżyć.",
    "error_bad_input": "Proszę wrócić na stronę, o\u00a0którą chodziło, i\u00a0zacząć od niej.",
    "error_bad_answer": "Nie można było przyjąć odpowiedzi usługi logowania. Jeśli to się powtórzy, proszę powiadomić"
    " administratora tej aplikacji.",
    "provider_says": "Usługa logowania podaje: {description}",
    "step_up": "Wymagane jest logowanie {asked}; usługa logowania podaje {came}.",
    "step_up_asked_kind": "rodzaju {kinds}",
    "step_up_asked_age": "sprzed najwyżej {age}",
    "step_up_came_kind": "rodzaj {kind}",
    "step_up_came_no_kind": "brak rodzaju",
    "step_up_came_age": "logowanie sprzed {age}",
    "step_up_came_no_time": "brak czasu logowania",
    "both": "{first} i\u00a0{second}",
    "either": "{first} lub {second}",
    "second": "{number}\u00a0s",
    "seconds": "{number}\u00a0s",
    "minute": "{number}\u00a0min",
    "minutes": "{number}\u00a0min",
    "hour": "{number}\u00a0h",
    "hours": "{number}\u00a0h",
    "note": "Błąd {code}\u00a0· Numer {reference}",
    "contact": "Pomoc: {contact}",
}
