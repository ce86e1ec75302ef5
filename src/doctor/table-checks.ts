/** Are the tables there, of the kind that is expected, with what deliveries use of them? */

import type { TargetSettings } from '../config/settings.ts'
import { contactColumnOf } from '../deliver/contacts.ts'
import { CHANNEL_CODES } from '../projection/contact-point.ts'
import { type Check, type Finding, failed, ok, orOk, skipped, warning } from './finding.ts'
import type { TargetWorld } from './target-world.ts'

const tablesOf = ({ mode, tables }: TargetSettings): readonly string[] =>
  mode === 'contact' ? ['contact'] : ['contact', tables.consent, tables.purpose, tables.topic]

const tables: Check<TargetWorld> = {
  id: 'tables',
  title: 'tables',
  needs: ['user'],
  run: async (world, signal) => {
    const findings: Finding[] = []
    for (const name of tablesOf(world.target)) {
      const { elastic } = await world.table(name, signal)
      if (elastic)
        findings.push(
          failed(
            'configuration',
            `${name} is an elastic table`,
            'Take the standard table of Customer Insights – Journeys: an elastic one has no conditions and no transactions.',
          ),
        )
    }
    return orOk(findings, `${tablesOf(world.target).length} standard tables`.replace(/^1 (.*)s$/, '1 $1'))
  },
}

/** Tables of one kind are numbered by generation: `…consent4`. */
const GENERATION = /^(.*?)(\d+)$/

const version: Check<TargetWorld> = {
  id: 'table-version',
  title: 'version of the consent table',
  needs: ['tables'],
  run: async ({ target, dataverse }, signal) => {
    if (target.mode === 'contact') return skipped('contact mode writes no consent rows')
    const [, stem, number] = GENERATION.exec(target.tables.consent) ?? []
    if (stem === undefined) return skipped('the table has no number')
    const newer = `${stem}${Number(number) + 1}`
    if ((await dataverse.inspection.definition(newer, signal)) === undefined)
      return ok(`${target.tables.consent}, the newest`)
    return warning(
      `${newer} beside ${target.tables.consent}`,
      'Find out which one Customer Insights – Journeys reads now, and set `tables.consent`.',
    )
  },
}

const consentColumns: Check<TargetWorld> = {
  id: 'consent-codes',
  title: 'option codes of the consent table',
  needs: ['tables'],
  run: async (world, signal) => {
    const { target } = world
    if (target.mode === 'contact') return skipped('contact mode writes no consent rows')
    const { columns } = await world.table(target.tables.consent, signal)
    const findings = neededCodes(target).flatMap(([column, codes]) => {
      const metadata = columns.get(column)
      const remedy = 'Update the consent solution, or set `tables.consent` to the table that Journeys reads.'
      if (metadata === undefined) return [failed('configuration', `no column ${column}`, remedy)]
      const known = new Set(metadata.options?.map(({ code }) => code))
      const missing = codes.filter((code) => !known.has(code))
      if (missing.length === 0) return []
      return [failed('configuration', `${column} without the option ${missing.join(', ')}`, remedy)]
    })
    return orOk(findings, 'as expected')
  },
}

/** The codes that rows of this target hold (semantics §6.2, §6.5). */
function neededCodes(target: TargetSettings): ReadonlyArray<readonly [column: string, codes: readonly number[]]> {
  const channels = [...new Set(target.contactPoints.map(({ channel }) => CHANNEL_CODES[channel]))]
  return [
    ['msdynmkt_value', [534120001, 534120002]],
    ['msdynmkt_contactpointtype', channels],
    ['msdynmkt_contactpointconsenttype', [534120000, 534120001]],
    ['msdynmkt_source', [534120000]],
    ['msdynmkt_logicalreason', [534119999]],
  ]
}

const bulk: Check<TargetWorld> = {
  id: 'bulk',
  title: 'bulk messages',
  needs: ['tables'],
  run: async (world, signal) => {
    const { target } = world
    if (target.writes !== 'auto') return skipped(`writes: ${target.writes} uses none`)
    const written = target.mode === 'contact' ? 'contact' : target.tables.consent
    const { bulk: has } = await world.table(written, signal)
    const needed = [
      ...(has.updateMultiple ? [] : ['UpdateMultiple']),
      ...(has.createMultiple ? [] : ['CreateMultiple']),
    ]
    if (needed.length === 0) return ok('CreateMultiple and UpdateMultiple')
    return warning(
      `${written} has no ${needed.join(' and no ')}`,
      'Nothing need be done: `$batch` is used instead, which is slower.',
    )
  },
}

const changeTracking: Check<TargetWorld> = {
  id: 'change-tracking',
  title: 'change tracking of contacts',
  needs: ['tables'],
  run: async (world, signal) => {
    if (world.target.contact.changeTracking === 'off') return skipped('`contact.changeTracking: off`')
    const { changeTracking: tracks } = await world.table('contact', signal)
    if (tracks) return ok('on')
    return warning('off', 'Turn it on for contact: without it every run looks all parked persons up again.')
  },
}

const security: Check<TargetWorld> = {
  id: 'column-security',
  title: 'column security',
  needs: ['tables'],
  run: async (world, signal) => {
    const { columns } = await world.table('contact', signal)
    const secured = contactColumnsUsed(world.target).filter((name) => columns.get(name)?.secured === true)
    return orOk(
      secured.map((name) =>
        warning(
          `contact.${name} is under column security`,
          'Add the application user to a column security profile that may read the column, and write it where it is mapped.',
        ),
      ),
      'no column in use is under it',
    )
  },
}

/** Columns of the contact that are read or written. */
function contactColumnsUsed({ mode, entries, contact, contactPoints, upsert }: TargetSettings): string[] {
  const addresses = contactPoints.flatMap(({ from }) => contactColumnOf(from) ?? [])
  return [
    contact.matchAttribute,
    ...(mode === 'contact' ? entries.map(({ id }) => id) : addresses),
    ...(upsert ? Object.keys(contact.template) : []),
  ]
}

const matchKey: Check<TargetWorld> = {
  id: 'match-key',
  title: 'match attribute, alternate key',
  needs: ['tables'],
  run: async ({ target, dataverse, table }, signal) => {
    const { matchAttribute } = target.contact
    if (!(await table('contact', signal)).columns.has(matchAttribute))
      return failed(
        'configuration',
        `no column ${matchAttribute} on table contact`,
        'Create the column, or correct `contact.matchAttribute` (logical names are lower case).',
      )
    const definition = await dataverse.inspection.definition('contact', signal)
    const own = (definition?.keys ?? []).filter(({ columns }) => columns.join() === matchAttribute)
    const idle = own.find(({ status }) => status !== 'Active')
    if (idle !== undefined)
      return warning(
        `key ${idle.name} of ${matchAttribute} is ${idle.status}`,
        'Find what kept its index from being made (duplicate values, mostly), and reactivate the key.',
      )
    if (own.length > 0) return ok(`${own[0]?.name} is active`)
    return ok(`none on ${matchAttribute}, and none is needed`)
  },
}

export const TABLE_CHECKS: readonly Check<TargetWorld>[] = [
  tables,
  version,
  consentColumns,
  bulk,
  changeTracking,
  security,
  matchKey,
]
