const SHORTEST = 4
const REDACTED = '<secret>'

/** A function that replaces every secret in a text, also as JSON, in a URL, or as base64, and the lines of a secret of several lines. What is
    shorter than 4 characters is no secret: replacing it would eat half of every line. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = new Set<string>()
  for (const secret of secrets) {
    for (const part of [secret, secret.trim(), ...secret.split(/\r?\n/).filter((line) => line.length >= 16)]) {
      const wellFormed = part.toWellFormed()
      const json = JSON.stringify(part).slice(1, -1)
      for (const form of [part, json, encodeURIComponent(wellFormed), Buffer.from(part).toString('base64').replace(/=+$/, '')]) {
        if (part.length >= SHORTEST) forms.add(form)
      }
    }
  }
  if (forms.size === 0) return (text) => text
  // The longest first: one secret may begin with another.
  const pattern = [...forms].sort((a, b) => b.length - a.length).map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|')
  const any = new RegExp(pattern, 'g')
  return (text) => text.replace(any, REDACTED)
}
