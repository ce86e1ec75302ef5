/** The names, flags and help of `migrate` and its steps. */

import { type Command, Option } from 'commander'
import { logLevel, type Shared } from './flag-values.ts'
import type { MigrateFlags, RollbackFlags } from './migrate-command.ts'

const STEPS = {
  plan: 'look only: what would be written, why the rest would not, and what it would take',
  apply: 'write it; a run that was cut off is simply run again',
  verify: 'compare what the columns say with what Dataverse holds (exit 6 where it has drifted)',
} as const

/** Adds `migrate` to the program. */
export function addMigrate(program: Command, { version, ended }: Shared): void {
  const migrate = program
    .command('migrate')
    .description('carry choices from legacy contact columns, or a CSV file, to contact point consents')
  const common = (command: Command) =>
    command
      .requiredOption('--config <file>', 'configuration, YAML or JSON')
      .option('--current <target>', 'target of consents, or path of its document (default: the only one)')
      .option('--json', 'the report as JSON on stdout, progress as JSON lines on stderr', false)
      .option('--quiet', 'no progress', false)
      .addOption(logLevel())
  for (const step of ['plan', 'apply', 'verify'] as const) {
    const command = common(migrate.command(step).description(STEPS[step]))
      .option('--legacy <target>', 'target of contact columns, or path of its document (default: the only one)')
      .option('--from-csv <file>', 'read the choices from this file, not from contacts')
      .option(
        '--columns <name=column...>',
        "the file's columns: email, text, voice, custom, ouid, asOf, purpose:<guid>, topic:<guid>",
      )
      .addOption(new Option('--true <spelling...>', 'spellings of yes in the file').default(['true']))
      .addOption(new Option('--false <spelling...>', 'spellings of no in the file').default(['false']))
    if (step === 'apply') {
      command.option('--adopt-environment', 'the store is new, but Dataverse holds rows of ours: take them over', false)
    }
    command.action(async (flags: MigrateFlags) => {
      const { runMigrate } = await import('./migrate-command.ts')
      ended(await runMigrate(step, flags, version))
    })
  }
  common(migrate.command('rollback').description('take back what apply wrote, unless somebody has changed it since'))
    .option('--delete-refusals', 'take back refusals too', false)
    .action(async (flags: RollbackFlags) => {
      const { runRollback } = await import('./migrate-command.ts')
      ended(await runRollback(flags, version))
    })
}
