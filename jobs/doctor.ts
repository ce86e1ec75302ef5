/** What would keep a run from going well, and what to do about each. Reads only, also while a run lasts. */

import { formatInstant, fromMilliseconds } from '../src/consent/time.ts'
import { ACCESS_CHECKS } from '../src/doctor/access-checks.ts'
import { CONTACT_CHECKS } from '../src/doctor/contact-checks.ts'
import { DIDOMI_CHECKS, type DidomiWorld } from '../src/doctor/didomi-checks.ts'
import { examine, groupOf } from '../src/doctor/examine.ts'
import type { Finding } from '../src/doctor/finding.ts'
import { MAPPING_CHECKS } from '../src/doctor/mapping-checks.ts'
import { PRIVILEGE_CHECKS } from '../src/doctor/privilege-checks.ts'
import { PURPOSE_CHECKS } from '../src/doctor/purpose-checks.ts'
import { SOURCE_CHECKS, type SourceWorld } from '../src/doctor/source-checks.ts'
import { STORE_CHECKS, type StoreWorld } from '../src/doctor/store-checks.ts'
import { TABLE_CHECKS } from '../src/doctor/table-checks.ts'
import type { TargetWorld } from '../src/doctor/target-world.ts'
import { WRITER_CHECKS } from '../src/doctor/writer-checks.ts'
import type { DoctorReport } from '../src/report/doctor-report.ts'
import { exitCode } from '../src/report/exit-code.ts'

/** What is looked at. */
export interface DoctorWorlds {
  readonly store: StoreWorld
  readonly source: SourceWorld
  readonly didomi: DidomiWorld
  readonly targets: readonly TargetWorld[]
}

/** Examines everything, whatever fails; `told` hears of each check as it is done. Rejects with the signal's reason alone. */
export async function doctor(
  { store, source, didomi, targets }: DoctorWorlds,
  signal: AbortSignal,
  told?: (id: string) => void,
): Promise<DoctorReport> {
  const groups = [
    groupOf('store', 'Store', store, STORE_CHECKS),
    groupOf('source', 'Source', source, SOURCE_CHECKS),
    groupOf('didomi', 'Didomi', didomi, DIDOMI_CHECKS),
    ...targets.map((world) =>
      groupOf(
        `target ${world.target.name}`,
        `Target ${world.target.name}`,
        world,
        ACCESS_CHECKS,
        PRIVILEGE_CHECKS,
        TABLE_CHECKS,
        MAPPING_CHECKS,
        PURPOSE_CHECKS,
        CONTACT_CHECKS,
        WRITER_CHECKS,
      ),
    ),
  ]
  const checks = await examine(groups, signal, told)
  const count = (status: Finding['status']) => checks.filter((one) => one.status === status).length
  return {
    version: 1,
    at: formatInstant(fromMilliseconds(store.clock.now())),
    groups: groups.map(({ id, title }) => ({ id, title })),
    checks,
    counts: { ok: count('ok'), warning: count('warning'), failed: count('failed'), skipped: count('skipped') },
    exitCode: exitCode(checks.flatMap((one) => (one.status === 'failed' ? [one.next] : []))),
  }
}
