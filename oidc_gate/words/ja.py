"""Japanese, in the polite form."""

from __future__ import annotations

__all__ = ["TEXTS"]

TEXTS = {
    "title_signed_out": "サインアウトしました",
    "title_sign_out": "サインアウトしますか？",
    "title_signing_out": "サインアウトしています",
    "title_sign_in": "サインインしてください",
    "title_sign_in_for_this": "この操作にはもう一度サインインしてください",
    "title_session_ended": "セッションが終了しました",
    "title_not_this_app": "このアプリは利用できません",
    "title_not_this_page": "このページは利用できません",
    "title_refused": "サインインが拒否されました",
    "title_failed": "サインインに失敗しました",
    "title_not_enough": "現在のサインインではこのページを開けません",
    "title_somebody_else": "別の人がサインインしました",
    "title_loop": "サインインが繰り返されています",
    "title_app_not_set_up": "このアプリは正しく設定されていません",
    "title_no_such_sign_in": "そのサインイン先はありません",
    "title_signed_out_elsewhere": "サインアウトは別の場所で始まりました",
    "title_provider_down": "サインインサービスが応答しません",
    "title_store_down": "現在セッションを読み込めません",
    "title_provider_not_set_up": "サインインが正しく設定されていません",
    "title_store_not_set_up": "セッションが正しく設定されていません",
    "title_busy": "少々お待ちください",
    "title_bad_input": "このアドレスの呼び出し方が正しくありません",
    "do_sign_in": "サインイン",
    "do_sign_in_again": "再びサインイン",
    "do_sign_in_once_more": "もう一度サインイン",
    "do_sign_in_as_other": "別のユーザーでサインイン",
    "do_sign_in_in_new_tab": "新しいタブでサインイン",
    "do_sign_out": "サインアウト",
    "do_try_again": "再試行",
    "do_start_again": "最初からやり直す",
    "do_go_on": "続ける",
    "do_go_back": "戻る",
    "text_signed_out": "このウィンドウは閉じてかまいません。",
    "text_sign_out": "サインアウトのためにこのページが開かれました。まだ何も行われていません。",
    "text_signing_out": "ここではサインアウトしました。あと一段階で、サインインサービスのセッションも終了します。",
    "text_session_ended": "送信した内容は保存されていませんが、前のページに残っています。前のページに戻って内容をコピ"
    "ーし、もう一度サインインしてから送信し直してください。",
    "text_choose_provider": "アカウントをお持ちのサインイン先を選んでください。",
    "text_framed": "サインインしていません。この枠の中ではサインインできません。サインインした後で、このページを再読み"
    "込みしてください。",
    "text_reloading": "サインインの状態ではなくなりました。",
    "refused_door": "{person} としてサインインしていますが、このアプリの許可リストにありません。アプリの管理者に利用許"
    "可を依頼するか、別のユーザーでサインインしてください。",
    "refused_email_unverified": "{person} としてサインインしていますが、サインインサービスがこのアドレスを確認していま"
    "せん。サインインサービスで確認を済ませてからもう一度サインインするか、別のユーザーでサインインしてください。",
    "refused_untold": "{person} としてサインインしていますが、このアプリの判断に必要な情報がサインインサービスから届い"
    "ていません。下の参照番号をアプリの管理者に伝えてください。足りないものはログに書かれています。",
    "refused_rule": "{person} としてサインインしています。このアプリは利用できますが、この部分は利用できません。",
    "refused_nobody": "{person} としてサインインしています。アプリのこの部分は誰も利用できません。",
    "refused_path_ambiguous": "{person} としてサインインしています。このリクエストは複数の意味に解釈でき、そのすべてが"
    "許可されているわけではありません。アプリ内のリンクからページを開いてください。",
    "refused_anybody": "アプリのこの部分は誰も利用できません。",
    "refused_ask": "アプリの管理者に利用許可を依頼してください。",
    "error_access_denied": "サインインサービスで許可されませんでした。ご自身で拒否されたか、このアプリが割り当てられて"
    "いません。アプリの管理者に利用許可を依頼してください。",
    "error_request_denied": "サインインサービスがリクエストを拒否しました。このアプリが割り当てられていない可能性があ"
    "ります。アプリの管理者に利用許可を依頼してください。",
    "error_request_forbidden": "サインインサービスがお使いのブラウザーを認識できませんでした。ブックマークしたサインイ"
    "ンページや長時間開いたままのページを使った場合、または Cookie がブロックされている場合に起こります。最初から"
    "やり直してください。",
    "error_login_required": "先にサインインサービスでサインインする必要があります。",
    "error_interaction_required": "サインインサービスからの質問に回答がありませんでした。",
    "error_consent_required": "サインインサービスには同意が必要ですが、同意が得られませんでした。",
    "error_unmet_authentication_requirements": "サインインサービスは、このページが求める方法でのサインインに対応できま"
    "せん。",
    "error_invalid_scope": "このアプリが求めるスコープの一つを、サインインサービスが認識できません。アプリの管理者に知"
    "らせてください。",
    "error_invalid_request": "サインインサービスがこのアプリのリクエストを理解できませんでした。アプリの管理者に知らせ"
    "てください。",
    "error_invalid_state": "サインインサービスがこのアプリのリクエストを受け付けませんでした。最初からやり直してくださ"
    "い。",
    "error_unauthorized_client": "サインインサービスは、このアプリによるサインインを許可していません。アプリの管理者に"
    "知らせてください。",
    "error_unsupported_response_type": "サインインサービスは、このアプリに認可コードフローを提供していません。アプリの"
    "管理者に知らせてください。",
    "error_server_error": "サインインサービス側で問題が起こりました。しばらくしてからもう一度お試しください。",
    "error_temporarily_unavailable": "サインインサービスが混み合っています。しばらくしてからもう一度お試しください。",
    "error_cookies_missing": "ブラウザーからこのサイトの Cookie が送られてきませんでした。このサイトの Cookie を許可す"
    "るか、最初から一つのウィンドウで開いてください。",
    "error_state_unknown": "このサインインは、このブラウザーで始められたものではないか、始めてから時間がたちすぎていま"
    "す。サインイン途中のリンクは、共有もブックマークもできません。",
    "error_step_up_unmet": "サインインは済んでおり、他のページは開けます。このページには、サインインサービスが行った以"
    "上の確認が必要です。",
    "error_step_up_other_person": "このページで再度のサインインをお願いしましたが、別の人が戻ってきました。何も変わっ"
    "ておらず、これまでどおりサインインしています。ユーザーを切り替えるには、先にサインアウトしてください。",
    "error_tenant_not_allowed": "このアプリを利用できない組織のアカウントでサインインしています。"
    "別のアカウントでサインインするか、このアプリの管理者にアクセス権を依頼してください。",
    "error_login_late": "サインインに時間がかかりすぎました。最初からやり直してください。",
    "error_login_loop": "何度もサインインしましたが、ブラウザーがセッションを保持していません。このサイトの Cookie を"
    "許可し、古い Cookie を削除してください。管理者の方へ：base_url、trusted_proxies、auth_cookie_domain を上のア"
    "ドレスと見比べてください。",
    "error_gate_behind_gate": "ゲートが二重になっています。管理者が一方を取り除く必要があります。",
    "error_login_expired": "サインインページが長時間開いたままでした。最初からやり直してください。",
    "error_reauthentication_missing": "改めてサインインをお願いしましたが、サインインサービスはそれを省いて通しました"
    "。もう一度お試しください。",
    "error_code_rejected": "サインインサービスはこのサインインをもう受け付けません。最初からやり直してください。",
    "error_session_too_large": "サインインサービスからの情報が多すぎて、セッションに収まりません。アプリの管理者が、取"
    "得するグループを減らす必要があります。",
    "error_client_rejected": "サインインサービスがこのアプリの資格情報を受け付けません。アプリの管理者に知らせてくださ"
    "い。確認すべき点はログに書かれています。",
    "error_base_url_path": "このアプリのアドレスが正しく設定されていません。アプリの管理者に知らせてください。確認すべ"
    "き点はログに書かれています。",
    "error_provider_unknown": "このアドレスが指すサインインサービスは、ここでは設定されていません。",
    "error_logout_state_mismatch": "この応答は、このブラウザーで始めたサインアウトのものではありません。",
    "error_provider_down": "停止しているか、ここから接続できない可能性があります。すでにサインインしている方に影響はあ"
    "りません。数秒後にもう一度お試しください。",
    "error_store_down": "数秒後にもう一度お試しください。",
    "error_provider_not_set_up": "このアプリのサインインが正しく設定されていません。理由はログに書かれています。待って"
    "も解決しません。下の参照番号を添えてアプリの管理者に知らせてください。すでにサインインしている方に影響はあり"
    "ません。",
    "error_store_not_set_up": "このアプリのセッションの保存先が正しく設定されていません。理由はログに書かれています。"
    "待っても解決しません。下の参照番号を添えてアプリの管理者に知らせてください。",
    "error_busy": "現在、多くの人がサインインしています。失われるものはありません。数秒たってもこのページが自動的に進"
    "まない場合は、再読み込みしてください。",
    "error_bad_input": "開きたかったページに戻り、そこから始めてください。",
    "error_bad_answer": "サインインサービスの応答を受け付けられませんでした。繰り返し起こる場合は、アプリの管理者に知"
    "らせてください。",
    "provider_says": "サインインサービスからのメッセージ：{description}",
    "step_up": "必要なサインイン：{asked}。サインインサービスの回答：{came}。",
    "step_up_asked_kind": "種類が {kinds}",
    "step_up_asked_age": "サインインから{age}以内",
    "step_up_came_kind": "種類は {kind}",
    "step_up_came_no_kind": "種類の情報なし",
    "step_up_came_age": "サインインは{age}前",
    "step_up_came_no_time": "サインイン時刻の情報なし",
    "both": "{first}、かつ{second}",
    "either": "{first} または {second}",
    "second": "{number}秒",
    "seconds": "{number}秒",
    "minute": "{number}分",
    "minutes": "{number}分",
    "hour": "{number}時間",
    "hours": "{number}時間",
    "note": "エラー {code}\u00a0· 参照番号 {reference}",
    "contact": "お問い合わせ：{contact}",
}
