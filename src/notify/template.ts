/** A safe template: JSON whose texts hold `{{placeholders}}`. What is filled in can never end a text or add a key. */

/** The fixed list; each is text. */
export const PLACEHOLDERS = {
  events: 'What is told: `failure`, `brake`, …, with commas.',
  title: 'One line.',
  text: 'All of it, a line each.',
  command: '`sync`, `bootstrap` or `reverse`.',
  run: 'Id of the run.',
  exitCode: 'Its exit code.',
  startedAt: 'When it began.',
  endedAt: 'When it ended.',
  version: 'Version of this program.',
} as const

export type Placeholder = keyof typeof PLACEHOLDERS

export type Filling = Readonly<Record<Placeholder, string>>

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g

export function isPlaceholder(name: string): name is Placeholder {
  return Object.hasOwn(PLACEHOLDERS, name)
}

/** The names in all texts of a template, keys included: a placeholder in a key is none. */
export function placeholdersIn(template: unknown): string[] {
  return [...JSON.stringify(template).matchAll(PLACEHOLDER)].map(([, name = '']) => name)
}

/** The template with its texts filled in; keys are left as they are. */
export function fill(template: unknown, filling: Filling): unknown {
  if (typeof template === 'string')
    return template.replace(PLACEHOLDER, (all, name: string) => (isPlaceholder(name) ? filling[name] : all))
  if (Array.isArray(template)) return template.map((item) => fill(item, filling))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, filling)]))
}
