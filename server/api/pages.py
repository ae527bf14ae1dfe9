"""The pages that people see. Rendered by Jinja2 from `web/templates`; the scripts in `web/src/pages` make them live.

Template and script of each page (a template that is missing shows as an error page, not as a crash):

    GET /                    start.html.jinja       asset("start.js")      topics, and whether somebody is there
    GET /c/ and /c/{case}    case.html.jinja        asset("case.js")       one shell; the secret is in the fragment (`#…`)
    GET /g/                  guest.html.jinja       asset("guest.js")      swaps the secret in the fragment, then goes to /s/{session}
    GET /s/{session}         session.html.jinja     asset("session.js")    the call: customer, guest, agent
    GET /desk                desk.html.jinja        asset("desk.js")       signed-in agents; others are sent to /desk/sign-in
    GET /desk/sign-in        sign_in.html.jinja     asset("sign_in.js")    form, or one-time secret in the fragment
    GET /r/{recording}       recording.html.jinja   asset("recording.js")  ?t=3m20s is read by the script
    any failure              error.html.jinja       no script              every status of 4xx and 5xx

What each template can use:

    _(msgid, **facts)        translated by web/locales/{de,en}.po; placeholders are %(name)s
    ngettext(one, many, num) translated with plural forms; %(num)s
    lang                     "de" or "en"; `other_lang` is the other one. Links to change it: ?lang=en (kept in the cookie oase-lang)
    asset(name)              "/static/<hashed name>" from web/dist/manifest.json: asset("oase.css"), asset("case.js")
    page                     the page's data, a dict. Write it into the page with {{ page_json }}, which is
                             <script type="application/json" id="page">…</script>, escaped. The strict CSP lets no other inline script pass.
    me                       None, or {"kind": "agent", "id", "name", "role"}, or {"kind": "visitor"}
    company, imprint_url, privacy_url    from the settings; the two addresses are "" where unset
    path                     the request's path without its query (for links that change the language)

`page` always holds {"name": <name of the page: "start", "case", …>, "lang", "me", "company"}, and

    start      "topics": [{id, slug, name, words, is_open, …}] in the page's language (service/views.py), also as `topics` for the template;
               "form": what was typed into the form before an error came back, `error`: the sentence, or ""
    case       "case": id of the case, or None when only the fragment says which
    guest      nothing more
    session    "session": id, "case": id of the case it belongs to, "kind": "customer" | "guest" | "agent"
    desk       nothing more (the list comes from GET /api/v1/desk)
    sign_in    "next": path to go to after signing in ("/desk" or the page that asked)
    recording  "recording": id, "case": id, also as `recording` (RecordingView) for the template
    error      "status", "code", "detail" (the sentence), also as template variables; `home`: "/" or "/desk"

Without JavaScript: the form on `/` posts as application/x-www-form-urlencoded to `/` (fields topic, summary, name, email, phone, language, client_id)
and is answered with 303 to /c/{case}.
"""
