from wagtail import hooks


@hooks.register("insert_global_admin_js")
def signing_in_again():
    return '<script src="/oauth2/relogin.js" data-gentle></script>'
