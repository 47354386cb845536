const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Aborted by the first signal; a second one ends the process at once with 130. `stop` aborts it and gives the signals back. */
export function stopSignal(say: (text: string) => void): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const onSignal = (name: string): void => {
    if (controller.signal.aborted) process.exit(130)
    say(`${name}: finishing what is in flight; once more stops at once`)
    controller.abort(name)
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return {
    signal: controller.signal,
    stop() { controller.abort() },
  }
}
