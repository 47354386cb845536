import { readFileSync } from 'node:fs'
import { SluiceError } from '../core/index.ts'

/** Fills in `${NAME}` and `${file:PATH}` and remembers what was put in, so that it can be kept out of whatever is shown. */
export class Secrets {
  readonly #values = new Set<string>()
  readonly #env: Readonly<{ [name: string]: string | undefined }>
  constructor(env: Readonly<{ [name: string]: string | undefined }> = process.env) { this.#env = env }

  get values(): string[] { return [...this.#values] }

  /** `$${` is written for a `${` that is meant. `at` names the place of the character at this index of the text.
      @throws SLUICE_SECRET_MISSING, SLUICE_CONFIG_INVALID */
  fill(text: string, at: (index: number) => string): string {
    return text.replace(/\$\$\{|\$\{([^}]*)\}?/g, (reference, inside: string | undefined, index: number) => {
      if (inside === undefined) return '${'
      const value = this.#valueOf(reference, inside, () => at(index))
      this.#values.add(value)
      return value
    })
  }

  /** This value was a number or a switch after all. */
  notSecret(value: string): void { this.#values.delete(value) }

  #valueOf(reference: string, inside: string, at: () => string): string {
    if (!reference.endsWith('}')) throw new SluiceError('SLUICE_CONFIG_INVALID', `'\${' has no '}' behind it`, { at: at(), fix: "write '$${' if no reference is meant" })
    if (inside.startsWith('file:')) return fileSecret(inside.slice(5), at)
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(inside)) throw new SluiceError('SLUICE_CONFIG_INVALID', `'${reference}' is no reference`, {
      at: at(), fix: "there are ${NAME} for a variable of the environment and ${file:PATH}; write '$${' if none is meant",
    })
    const value = this.#env[inside]
    if (value === undefined) throw new SluiceError('SLUICE_SECRET_MISSING', `the variable ${inside} is not set`, { at: at() })
    return value
  }
}

/** One line break at the end does not belong to the secret: editors and `echo` put it there. */
function fileSecret(path: string, at: () => string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw new SluiceError('SLUICE_SECRET_MISSING', `the file ${path} cannot be read`, { at: at(), cause })
  }
}
