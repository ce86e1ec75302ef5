/** The names, flags and help of `store` and what it does. */

import type { Command } from 'commander'
import { logLevel, type Shared } from './flag-values.ts'
import type { StoreFlags } from './store-command.ts'

/** Adds `store` to the program. */
export function addStore(program: Command, { ended }: Pick<Shared, 'ended'>): void {
  const store = program.command('store').description('about the state store')

  store
    .command('check')
    .description('is it sound? reads only, also while a run lasts')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .option('--json', 'the answer as JSON on stdout', false)
    .addOption(logLevel())
    .action(async (flags: StoreFlags) => {
      const { runStoreCheck } = await import('./store-command.ts')
      ended(await runStoreCheck(flags))
    })

  store
    .command('backup')
    .description('copy it to a new file, also while a run lasts')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .requiredOption('--to <file>', 'where the backup goes; must not exist')
    .option('--json', 'the answer as JSON on stdout', false)
    .addOption(logLevel())
    .action(async (flags: StoreFlags & { to: string }) => {
      const { runStoreBackup } = await import('./store-command.ts')
      ended(await runStoreBackup(flags))
    })

  store
    .command('restore')
    .description('put a backup in its place; everybody is due then, and what was there is kept')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .requiredOption('--from <file>', 'the backup')
    .option('--force', 'even where the present store has done more than the backup knows', false)
    .option('--json', 'the answer as JSON on stdout', false)
    .addOption(logLevel())
    .action(async (flags: StoreFlags & { from: string; force: boolean }) => {
      const { runStoreRestore } = await import('./store-command.ts')
      ended(await runStoreRestore(flags))
    })
}
