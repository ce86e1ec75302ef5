/** Is anybody else writing the places that we write? On the rows of a bounded sample. */

import { fromMilliseconds, parseInstant } from '../consent/time.ts'
import type { Row } from '../dataverse/dataverse.ts'
import { contactColumnOf } from '../deliver/contacts.ts'
import { NO_SAMPLE, NOBODY } from './contact-checks.ts'
import { folded } from './contact-sample.ts'
import { type Check, counted, type Finding, ok, unlessForbidden, warning } from './finding.ts'
import type { TargetWorld } from './target-world.ts'

/** What was written before may be from the time before the change to this program. */
const RECENT_MS = 30 * 86_400_000

const others: Check<TargetWorld> = {
  id: 'other-writers',
  title: 'other applications that write here',
  needs: ['match-key', 'store/content'],
  run: async (world, signal) => {
    if (world.sample === 0) return NO_SAMPLE
    const { inspection } = world.dataverse
    if ((await world.contacts(signal)).values.length === 0) return NOBODY
    const rows = world.target.mode === 'contact' ? (await world.contacts(signal)).rows : await consents(world, signal)
    const writers = writersOf(rows, fromMilliseconds(world.clock.now() - RECENT_MS))
    for (let user = 0; user < inspection.userCount; user += 1) writers.delete((await world.signIn(user, signal)).userId)
    return unlessForbidden('table systemuser', async () => {
      const known = (await inspection.users([...writers.keys()], signal)).filter(({ isApplication }) => isApplication)
      const rowsBy = (users: typeof known) => users.reduce((sum, { id }) => sum + (writers.get(id) ?? 0), 0)
      return findingOf(rowsBy(known.filter(({ namedDidomi }) => namedDidomi)), rowsBy(known), rows.length)
    })
  },
}

function findingOf(byDidomi: number, byApplications: number, all: number): Finding {
  const of = `of ${counted(all, 'row')}`
  if (byDidomi > 0)
    return warning(
      `${byDidomi} ${of} were written in the last 30 days by an application named after Didomi: is the native integration still on?`,
      'Turn the native integration off in Didomi, or see docs/migration.md for running beside it.',
    )
  if (byApplications > 0) return ok(`${byApplications} ${of} by other applications, none named after Didomi`)
  return ok(`none ${of}`)
}

/** The consent rows at the addresses of the sample. */
async function consents({ target, dataverse, table, contacts }: TargetWorld, signal: AbortSignal) {
  const { values, rows } = await contacts(signal)
  const addresses = target.contactPoints.flatMap(({ from }) => {
    const column = contactColumnOf(from)
    if (column !== undefined) return rows.map(({ columns }) => folded(columns[column]))
    return from === 'organization_user_id' ? values : []
  })
  const asked = [...new Set(addresses)].filter((address) => address !== '')
  const select = ['_modifiedby_value', 'modifiedon']
  const at = await table(target.tables.consent, signal)
  return (await dataverse.rowsIn(at, select, 'msdynmkt_contactpointvalue', asked, signal)).rows
}

/** Who changed rows last since then, and how many. */
function writersOf(rows: readonly Row[], since: number): Map<string, number> {
  const writers = new Map<string, number>()
  for (const { columns } of rows) {
    const { _modifiedby_value: id, modifiedon } = columns
    if (typeof id !== 'string' || (parseInstant(modifiedon) ?? 0) < since) continue
    writers.set(id.toLowerCase(), (writers.get(id.toLowerCase()) ?? 0) + 1)
  }
  return writers
}

export const WRITER_CHECKS: readonly Check<TargetWorld>[] = [others]
