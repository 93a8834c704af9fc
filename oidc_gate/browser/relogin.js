// Signs in again in a pop-up when the session has ended, and goes on. docs/single-page-apps.md tells how.
// relogin_script.py serves it: in one language, without comments, indentation and needless spaces.
(() => {
  "use strict"
  const me = document.currentScript
  if (!me) throw Error("relogin.js: use <script src>, not a module")
  if (window.oidcGate) return
  const base = new URL(".", me.src).href, plain = fetch.bind(window), words = WORDS
  const gentle = "gentle" in me.dataset || /[?&]gentle/.test(me.src)

  // `quiet`: what the person wants to hear no more of: 1, that the session is about to end; 2, that it has ended.
  let bar, waiting, settle, hinted, quiet = 0, held = 0, who = {}
  const turns = new Set()

  // Asks who is signed in now, which is no activity.
  const look = async () => {
    try {
      const answer = await plain(base + "userinfo", {cache: "no-store"})
      return {status: answer.status, ...answer.ok && await answer.json()}
    } catch {
      return {}
    }
  }
  const first = look().then(found => who = found)

  // Goes on where the same person is signed in again. Another must not see, nor send, what is in this page: to reload it
  // would send a form once more whose answer it is, as another, and another site's as if it were ours.
  // What comes to wait while this is asked, or is to be quiet, is about a later end than the answer.
  const check = async (old = settle, was = quiet) => {
    await first
    const now = await look()
    if (now.sub && now.sub == who.sub && now.issuer == who.issuer) {
      // The end that was to be quiet is over: there may be another.
      if (was > 1) quiet %= 2
      old?.(true)
    } else if ((now.sub || now.status == 403) && (waiting || who.sub))
      location.replace(location.pathname + location.search)
    // Of what has come to wait meanwhile it is to be known too.
    settle == old || check()
    return now
  }

  // Anybody may send such a message, or none: it says no more than that it is time to ask.
  const ask = () => turns.forEach(turn => turn())
  const wake = () => turns.size ? ask() : check()
  new BroadcastChannel("oidc_gate").onmessage = wake
  addEventListener("focus", () => (waiting || turns.size) && wake())

  // So may what else the page meets while it is watched; it is asked no more than once a second then.
  const hint = () => hinted ??= setTimeout(() => hinted = ask(), 1e3)

  const popUp = () => {
    const {provider: auth_id} = who, next = new URL(base + "done").pathname
    open(base + "login?" + new URLSearchParams({page: 1, next, ...auth_id && {auth_id}}), "oidc_gate",
      "popup,width=520,height=680")
  }

  const hide = () => bar = bar?.remove()
  // No focus is taken from whoever is typing, and no page is covered.
  const show = stage => {
    hide()
    if (quiet >= stage) return
    const make = (tag, textContent, style, more) => {
      const made = Object.assign(document.createElement(tag), {textContent}, more)
      made.style.cssText = "all:revert;font:16px system-ui;" + style
      return made
    }
    const text = words[stage < 2 ? 2 : who.sub ? 1 : 0]
    bar = make("dialog", "", "position:fixed;inset:auto 0 1em;z-index:2147483647;display:flex;gap:1em;align-items:center",
      {lang: words[5], dir: "auto", open: true, ariaLabel: text})
    bar.append(
      make("span", text, "", {role: "alert"}),
      make("button", words[3], "padding:.5em", {onclick: popUp}),
      make("button", words[4], "padding:.5em", {onclick() {
        quiet = stage
        hide()
        settle?.(false)
      }})
    )
    ;([...document.querySelectorAll(":modal")].pop() || document.body).append(bar)
  }

  // Has the bar ask until somebody is signed in, or does not want to.
  const wait = async () => quiet < 2 && (waiting ??= new Promise(done => {
    settle = done
    show(2)
  }).finally(() => waiting = settle = hide()))

  const signIn = () => {
    if (!gentle && navigator.userActivation?.isActive) {
      quiet = 0
      waiting || popUp()
    }
    return wait()
  }

  // Tells whether it is a 401 of our own gate, for somebody who is not signed in.
  const isOurs = answer => {
    const said = /OIDC login_url="(.*?)"/.exec(answer.headers.get("www-authenticate"))
    return answer.status == 401 && said && new URL(said[1], answer.url).href == base + "login"
  }

  const again = async (input, init) => {
    const spare = input instanceof Request ? input.clone() : input
    const answer = await plain(input, init)
    // What a stream has sent is gone; and pages that poll are not to have hundreds of requests ready.
    if (!isOurs(answer) || init?.body?.getReader || held > 49) return answer
    const signal = init?.signal || spare.signal
    const aborted = new Promise((_, fail) => signal?.addEventListener("abort", () => fail(signal.reason)))
    held++
    try {
      return await Promise.race([signIn(), aborted]) ? await plain(spare, init) : answer
    } finally {
      held--
    }
  }

  const bars = (left, lead) => left > lead ? (quiet = 0, waiting || hide()) : left ? show(1) : wait()

  const watch = (tell = bars, given) => {
    let timer, before, most = 0
    const turn = async () => {
      const now = await check()
      if (!who.sub || !turns.has(turn)) return
      const left = now.status == 401 ? 0 : now.sub ? now.ends_in ?? Infinity : before
      // A session that is short by its idle time is not about to end whenever it has just been used.
      most = Math.max(most, left ?? 0)
      const lead = given ?? Math.min(most / 4, 60)
      if (left != before && (left <= lead || before <= lead)) tell(left, lead)
      before = left
      clearTimeout(timer)
      // Not everything that ends a session is seen from here: what a worker asks for is not.
      timer = setTimeout(turn, 1e3 * (
        left > lead ? Math.min(left - lead, document.hidden ? 300 : 60) : left ? Math.min(left + 1, 15) : 60))
    }
    turns.add(turn)
    turn()
    const seen = new PerformanceObserver(list =>
      list.getEntries().some(entry => entry.responseStatus == 401 && entry.name != base + "userinfo") && hint())
    seen.observe({type: "resource"})
    return () => {
      turns.delete(turn)
      seen.disconnect()
      clearTimeout(timer)
    }
  }

  window.oidcGate = {fetch: again, signIn, watch}
  if (gentle) {
    window.fetch = again
    window.WebSocket = class extends WebSocket {
      constructor(...given) {
        super(...given).addEventListener("close", ({code}) => /4401|1006/.test(code) && hint())
      }
    }
    watch()
  }
})()
