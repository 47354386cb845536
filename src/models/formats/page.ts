/** What is known of a format, for docs/formats.md (`node scripts/formats-page.ts`) and `sluice formats NAME`. Texts are Markdown of one line. */
export interface FormatPage {
  /** Versions of the libraries that wrote the golden models, and which others are read. */
  readonly tested?: string
  readonly supported: readonly Fact[]
  readonly refused: readonly Fact[]
  /** What else is to be known. */
  readonly notes?: readonly Fact[]
  /** Lines that save a model so that it is read: in the languages of those who train. */
  readonly exports: readonly Lines[]
}
type Fact = readonly [what: string, of: string]
interface Lines { readonly language: 'python' | 'r' | 'scala'; readonly text: string }

/** In the order of the page. */
export const factsOf = ({ tested, supported, refused, notes = [] }: FormatPage): readonly Fact[] => [...tested === undefined ? [] : [['tested with', tested] as const], ...supported, ...refused, ...notes]
