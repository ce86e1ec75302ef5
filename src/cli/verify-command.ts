/** `verify` on the command line: reads back, tells what has drifted, and marks it due if asked. */

import { type Verified, verify } from '../../jobs/verify.ts'
import { verifyText } from '../plan/verify-report.ts'
import { type OpeningFlags, withPorts } from './opening.ts'
import { withScratch } from './scratch.ts'
import { syncRequestOf } from './sync-request.ts'

/** The flags of `verify` as commander gives them. */
export interface VerifyFlags extends OpeningFlags {
  readonly target?: string[]
  readonly sample?: number
  readonly repair: boolean
}

/** Reads back and answers the exit code: 6 where something has drifted, unless the next run is to repair it. */
export async function runVerify(flags: VerifyFlags, version: string): Promise<number> {
  const { report, drifted } = await withScratch(flags, version, ({ settings, ports, signal }) => {
    const asked = { ...(flags.target && { target: flags.target }), adoptEnvironment: false, strict: false }
    const { ingest: _, ...request } = syncRequestOf(asked, settings)
    const wishes = { sync: request, random: Math.random, ...(flags.sample !== undefined && { sample: flags.sample }) }
    return verify(ports, settings, wishes, signal)
  })
  const markedDue = flags.repair ? await markDue(flags, version, drifted) : 0
  const told = { ...report, markedDue }
  process.stdout.write(`${flags.json ? JSON.stringify(told) : verifyText(told)}\n`)
  return report.exitCode
}

/** Nobody is marked without need: that takes the lease. */
function markDue(flags: VerifyFlags, version: string, drifted: Verified['drifted']): Promise<number> | number {
  if ([...drifted.values()].every(({ size }) => size === 0)) return 0
  return withPorts(flags, version, async ({ ports }) => {
    let marked = 0
    for (const [target, persons] of drifted) {
      await ports.store.markDue(target, [...persons])
      marked += persons.size
    }
    return marked
  })
}
