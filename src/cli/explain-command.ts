/** `explain` on the command line: whom, by OUID or by address; the paths on stdout, masked unless revealed. */

import { explain } from '../../jobs/explain.ts'
import type { Settings } from '../config/settings.ts'
import { personId } from '../consent/person-id.ts'
import { explainText, masked } from '../explain/explain-report.ts'
import { CodedError } from '../lib/errors.ts'
import { normaliseAddress } from '../projection/contact-point.ts'
import { normaliseOuid } from '../record/normalise.ts'
import type { PersonId } from '../store/store.ts'
import type { OpeningFlags } from './opening.ts'
import { type Scratch, withScratch } from './scratch.ts'
import { syncRequestOf } from './sync-request.ts'

/** The flags of `explain` as commander gives them. */
export interface ExplainFlags extends OpeningFlags {
  readonly ouid?: string[]
  readonly address?: string[]
  readonly target?: string[]
  readonly reveal: boolean
}

/** Explains, and answers the exit code. */
export async function runExplain(flags: ExplainFlags, version: string): Promise<number> {
  if (flags.ouid === undefined && flags.address === undefined) usage('nobody')
  return withScratch(flags, version, async ({ settings, ports, signal }) => {
    const asked = { ...(flags.target && { target: flags.target }), adoptEnvironment: false, strict: false }
    const { ingest: _, ...request } = syncRequestOf(asked, settings)
    const byOuid = (flags.ouid ?? []).map((ouid) => personId(normaliseOuid(ouid, settings.reading.normalise)))
    const byAddress = await personsAtAddresses(ports, settings, flags.address ?? [], signal)
    const persons = [...new Set([...byOuid, ...byAddress])]
    const all = await explain(ports, settings, { persons, sync: request }, signal)
    const report = flags.reveal ? all : masked(all)
    process.stdout.write(`${flags.json ? JSON.stringify(report) : explainText(report)}\n`)
    return report.exitCode
  })
}

/** Everybody known at an address, whichever channel it is one of. */
async function personsAtAddresses(
  { store, openDataverse }: Scratch['ports'],
  { targets }: Settings,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<PersonId[]> {
  if (addresses.length === 0) return []
  const found: PersonId[] = []
  for (const target of targets) {
    const [{ organizationId: organization }] = await openDataverse(target).whoAreWe(signal)
    const points = addresses.flatMap((raw) =>
      (['email', 'text', 'voice', 'custom'] as const).flatMap((channel) => {
        const normalised = normaliseAddress(channel, raw, target.defaultCountry)
        return normalised.kind === 'address' ? [{ channel, address: normalised.address }] : []
      }),
    )
    found.push(...[...(await store.personsAt({ organization, target: target.name }, points)).values()].flat())
  }
  return found
}

function usage(found: string): never {
  const remedy = 'See didomi-dataverse explain --help.'
  throw new CodedError('usage', [{ where: '--ouid and --address', found, expected: 'at least one of them', remedy }])
}
