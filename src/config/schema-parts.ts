/** The building blocks of the settings' schema. An error message of the schema is the "expected" part of a complaint. */

import * as z from 'zod'

/** A reference to a secret or another outside value, anywhere in a text. */
export const REFERENCE = /\$\{(?:env|file):[^}]+\}/

/** What a schema lets a complaint say beyond "expected": a remedy of its own, or the keys of which there is one. */
export interface IssueHints {
  readonly remedy?: string
  readonly oneOf?: readonly string[]
}

/** An object that refuses unknown keys and then says which ones it knows. */
export function closed<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = `one of the keys ${Object.keys(shape).join(', ')}`
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? known : undefined) })
}

/** The same object, which names exactly one of some optional keys, whatever else is wrong with it. */
export function exactlyOne<Shape extends z.core.$ZodLooseShape>(
  object: z.ZodObject<Shape, z.core.$strict>,
  keys: readonly (keyof Shape & string)[],
) {
  return object
    .refine((value) => keys.filter((key) => Object.hasOwn(value, key)).length === 1, {
      error: `exactly one of the keys ${keys.join(', ')}`,
      params: { oneOf: keys, remedy: 'Keep the one that is meant.' } satisfies IssueHints,
      when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
    })
    .meta({ oneOf: keys.map((key) => ({ required: [key] })) })
}

/** Text of one form. A reference passes here, because an editor sees it unexpanded; what it stands for is checked later. */
export function formed(form: RegExp, expected: string) {
  return z.string({ error: expected }).regex(orReference(form), { error: expected })
}

/** The same, where the form is so easily missed that the remedy should show it. */
export function formedAs(form: RegExp, expected: string, remedy: string) {
  const pattern = orReference(form)
  return z
    .string({ error: expected })
    .refine((value) => pattern.test(value), { error: expected, params: { remedy } satisfies IssueHints })
    .meta({ pattern: pattern.source })
}

function orReference(form: RegExp): RegExp {
  return new RegExp(`${form.source}|${REFERENCE.source}`)
}

/** A key of a map, of one form; keys hold no references. */
export function formedKey(form: RegExp, expected: string) {
  return z.string().regex(form, { error: expected })
}

/** One of a few words. Words hold no references. */
export function word<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: words.join(' | ') })
}

/** Text that is not empty. */
export const text = z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' })

/** An id or a name that somebody filled in: no blanks, and no `<placeholder>` of a printed example. */
export const filledIn = formed(/^[^\s<>]+$/, 'a value without blanks, with no <placeholder> left')

const COLUMN_FORM = /^[a-z][a-z0-9_]*$/
export const COLUMN_EXPECTED = 'the logical name of a column: lower-case letters, digits and _'

/** The logical name of a Dataverse column. */
export const column = formed(COLUMN_FORM, COLUMN_EXPECTED)
/** The same as the key of a map. */
export const columnKey = formedKey(COLUMN_FORM, COLUMN_EXPECTED)

export const GUID_EXPECTED = 'a GUID such as 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0'
export const GUID_SOURCE = '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
export const guid = formed(new RegExp(`^${GUID_SOURCE}$`), GUID_EXPECTED)

/** The channels of contact points (semantics §6.2). */
export const channel = word(['email', 'text', 'voice', 'custom'])

export const flag = z.boolean({ error: 'true or false' })

/** A whole number within bounds. */
export function whole(least: number, most: number) {
  const expected = `a whole number from ${least} to ${most}`
  return z.int({ error: expected }).min(least, { error: expected }).max(most, { error: expected })
}

/** A share from 0 to 1. */
const SHARE_EXPECTED = 'a number from 0 to 1'
export const share = z
  .number({ error: SHARE_EXPECTED })
  .min(0, { error: SHARE_EXPECTED })
  .max(1, { error: SHARE_EXPECTED })

export const scalar = z.union([z.string(), z.number(), flag, z.null()], {
  error: 'a text, a number, true, false or null',
})

/** A list; `items` says in words what it lists. */
export function list<Item extends z.ZodType>(item: Item, items: string) {
  return z.array(item, { error: `a list of ${items}` })
}

/** What a bare id or a choice points at (semantics §4): a value needs its preference. */
export const reference = closed({
  purpose: filledIn.describe('Purpose id.'),
  preference: filledIn.optional().describe('Preference id below that purpose.'),
  value: filledIn.optional().describe('Value id of that preference; needs `preference`.'),
})
  .refine(({ preference, value }) => value === undefined || preference !== undefined, {
    error: 'a preference beside the value',
  })
  .meta({ dependentRequired: { value: ['preference'] } })

/** Our own fields of a mapping entry (semantics §4, §5.5, §6.1). */
export const entryOptions = {
  channel: channel.optional().describe('The one channel this entry goes to; without it, all channels.'),
  invert: flag
    .optional()
    .describe('Whether the column says the opposite of the choice (`donot…` columns do by default).'),
  trueValue: z
    .union([text, z.number()], { error: 'a text or a number' })
    .optional()
    .describe('Option code, option label or text that stands for yes.'),
  falseValue: z
    .union([text, z.number()], { error: 'a text or a number' })
    .optional()
    .describe('Option code, option label or text that stands for no.'),
  options: z
    .record(z.string(), z.int({ error: 'an option code' }), { error: 'a map of value ids to option codes' })
    .optional()
    .describe('Value id → option code, for a choices column.'),
  li: flag.optional().describe('Whether to read the legitimate interest instead of the consent of a purpose.'),
  allowTracking: flag.optional().describe('Whether this entry may write a Tracking purpose.'),
}
