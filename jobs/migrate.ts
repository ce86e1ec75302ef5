/** Carries choices from legacy contact columns, or a CSV file, to contact point consents: planned, applied, verified, taken back. */

import type { Settings } from '../src/config/settings.ts'
import { formatInstant, fromMilliseconds } from '../src/consent/time.ts'
import type { CsvSource } from '../src/migrate/left-end.ts'
import type { MigrateReport, MigrateStep } from '../src/migrate/migrate-report.ts'
import { lookAtMigration, type MigrationRequest, readyToWrite } from '../src/migrate/migration.ts'
import { recorded } from '../src/migrate/recorded.ts'
import { type RollbackReport, rollBack } from '../src/migrate/rollback.ts'
import { runStep } from '../src/migrate/run-step.ts'
import { exitCode } from '../src/report/exit-code.ts'
import type { Ports } from '../src/wire.ts'

/** What an operator asks of one run. */
export interface MigrateRequest extends MigrationRequest {
  readonly csv?: CsvSource
}

/** Looks, and for `apply` writes; a plan and a verification leave no trace in the store. */
export async function migrate(
  ports: Ports,
  settings: Settings,
  step: MigrateStep,
  request: MigrateRequest,
  signal: AbortSignal,
): Promise<MigrateReport> {
  const own = { ...ports, dataverse: ports.openDataverse(request.sides.current) }
  const migration = await lookAtMigration(own, settings, request, signal)
  const { name } = migration.target
  if (step !== 'apply') {
    const scratch = await ports.openMigrationFile(name, false)
    try {
      return await runStep(own, migration, step, scratch, request.csv, signal)
    } finally {
      await scratch.remove()
    }
  }
  return recorded(ports, request.run, async () => {
    await readyToWrite(own, migration, request.adoptEnvironment, signal)
    const file = await ports.openMigrationFile(name, true)
    try {
      return await runStep(own, migration, step, file, request.csv, signal)
    } finally {
      await file.close()
    }
  })
}

/** Takes back what an `apply` wrote. The file that knows the way goes with the last row that it knows of. */
export async function rollBackMigration(
  ports: Ports,
  settings: Settings,
  request: MigrateRequest & { readonly deleteRefusals: boolean },
  signal: AbortSignal,
): Promise<RollbackReport> {
  const own = { ...ports, dataverse: ports.openDataverse(request.sides.current) }
  const migration = await lookAtMigration(own, settings, request, signal)
  const { run } = request
  const now = () => formatInstant(fromMilliseconds(ports.clock.now()))
  const startedAt = now()
  const target = migration.target.name
  return recorded(ports, run, async () => {
    const file = await ports.openMigrationFile(target, true)
    try {
      const counts = await rollBack(own, migration, file, request, signal)
      if ((await file.countImages()) === 0) await file.remove()
      const rows = Object.values(counts).reduce((sum, count) => sum + count, 0)
      const left = counts.deferred > 0 ? (['deferred'] as const) : []
      const refused = counts.rejected > 0 ? (['rejects-or-quarantine'] as const) : []
      const code = exitCode([...left, ...refused])
      const head = { version: 1, job: 'migrate', step: 'rollback', run, startedAt, endedAt: now(), target } as const
      return { ...head, rows, ...counts, exitCode: code }
    } finally {
      await file.close()
    }
  })
}
