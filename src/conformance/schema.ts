/** The columns of contact that cases write: their names here, so that an environment with others can be measured too. */
import { readFile } from 'node:fs/promises'
import { CodedError } from '../lib/errors.ts'

/**
 * Logical names by the placeholder that stands for them. A name that is left empty skips the cases that need it. The
 * choice has the options 1, 2, 3; the choices column 1, 2, 9; the whole number goes from 0 to 100, the decimal from
 * 0 to 10; the texts hold 50 characters.
 */
export const DEFAULT_SCHEMA = {
  /** A text with an alternate key of its own. */
  key: 'new_conformancekey',
  text: 'new_conformancetext',
  boolean: 'new_conformanceflag',
  choice: 'new_conformancechoice',
  choices: 'new_conformancechoices',
  datetime: 'new_conformanceinstant',
  dateonly: 'new_conformanceday',
  integer: 'new_conformancenumber',
  decimal: 'new_conformancedecimal',
  /** A text and a whole number that form one alternate key together. */
  branch: 'new_conformancebranch',
  branchNumber: 'new_conformancebranchnumber',
  /** A text whose alternate key is not active. */
  pending: 'new_conformancepending',
  /** A purpose of the environment, by id; its well-known first one unless named. */
  purpose: '10000000-0000-0000-0000-000000000003',
} as const

/** Logical names by placeholder. */
export type ConformanceSchema = Readonly<Record<keyof typeof DEFAULT_SCHEMA, string>>

/** Reads names from a JSON file; what it leaves out is the default. Throws `usage` for anything unknown. */
export async function readSchema(path: string): Promise<ConformanceSchema> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw unusable('a file that cannot be read as JSON', error)
  }
  if (typeof json !== 'object' || json === null) throw unusable('no object', undefined)
  for (const [name, value] of Object.entries(json)) {
    if (!Object.hasOwn(DEFAULT_SCHEMA, name)) throw unusable(`the unknown name '${name}'`, undefined)
    if (typeof value !== 'string' || !/^[\w-]*$/.test(value)) throw unusable(`no logical name for '${name}'`, undefined)
  }
  return { ...DEFAULT_SCHEMA, ...json }
}

function unusable(found: string, cause: unknown): CodedError {
  const names = Object.keys(DEFAULT_SCHEMA).join(', ')
  return new CodedError(
    'usage',
    [{ where: '--schema', found, expected: `an object of logical names: ${names}`, remedy: 'Correct the file.' }],
    { cause },
  )
}
