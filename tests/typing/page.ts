// A user's program: what it may do with `oidcGate`, and what it may not. `tests/test_typing.py` has TypeScript read it.

async function save(note: FormData, signal: AbortSignal): Promise<string> {
  const answer: Response = await oidcGate.fetch("/api/notes", { method: "POST", body: note, signal })
  await window.oidcGate.fetch(new Request("/api/notes"))
  await oidcGate.fetch(new URL("/api/notes", location.href))
  return answer.text()
}

const everywhere: typeof fetch = oidcGate.fetch
window.fetch = oidcGate.fetch

async function byHand(): Promise<void> {
  const again: boolean = await oidcGate.signIn()
  if (again) await save(new FormData(), AbortSignal.timeout(1000))
}

const stop: () => void = oidcGate.watch(left => document.title = left.toFixed(0), 90)
oidcGate.watch()
stop()

// @ts-expect-error: a number
oidcGate.watch((left: string) => left)
// @ts-expect-error: seconds
oidcGate.watch(() => {}, "1m")
// @ts-expect-error: it cannot be replaced
window.oidcGate = { fetch, signIn: async () => true, watch: () => stop }
// @ts-expect-error: no such thing
oidcGate.signOut()

export { byHand, everywhere }
