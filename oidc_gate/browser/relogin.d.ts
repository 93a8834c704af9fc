// Types of `relogin.js`, for TypeScript: copy this file to where the compiler finds it, or name it in `files`.

interface OidcGate {
  /**
   * Like `fetch`. Where the gate answers 401 because nobody is signed in, the person is asked to sign in again, and the
   * request is sent once more if it is the same person. Rejects as soon as the signal is aborted, as `fetch` does.
   *
   * It answers with that 401 where the person does not want to, where the body is a stream, which cannot be sent twice,
   * and where 50 requests are waiting already.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>

  /**
   * Asks the person to sign in again, for requests that are not made with `fetch`. Resolves with true once the same
   * person is signed in again, with false where they do not want to. For another person the page is loaded anew.
   */
  signIn(): Promise<boolean>

  /**
   * Looks from time to time when the session ends, which keeps it from ending no longer; and within about a second when
   * anything that the page asks for gets 401, when the page has the focus again, and after a logout in another tab that
   * shows the page "You are signed out".
   *
   * @param tell is called with the seconds that are left once they are no more than `lead`, then every 15 seconds; with
   *   0 when the session has ended; and with more than `lead`, perhaps Infinity, when it goes on after all. Without it,
   *   a bar says so.
   * @param lead in seconds. Where it is left out: 60, and no more than a quarter of the longest time that was left since
   *   the page was loaded.
   * @returns what stops it.
   */
  watch(tell?: (left: number, lead: number) => void, lead?: number): () => void
}

declare const oidcGate: OidcGate

interface Window {
  readonly oidcGate: OidcGate
}
