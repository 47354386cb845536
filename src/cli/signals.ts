const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** A Ctrl-C reaches a process of `npm start` or behind the launcher twice: from the terminal, and passed on by its parent. */
const SAME_MS = 500

/** Aborted by the first signal; a second one, half a second later or more, ends the process at once with 130. `stop` aborts it. */
export function stopSignal(say: (text: string) => void): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  let firstMs: number | undefined
  const onSignal = (name: string): void => {
    if (firstMs !== undefined) {
      if (performance.now() - firstMs >= SAME_MS) process.exit(130)
      return
    }
    firstMs = performance.now()
    say(`${name}: finishing what is in flight; once more stops at once`)
    controller.abort(name)
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return {
    signal: controller.signal,
    stop() { controller.abort() },
  }
}
