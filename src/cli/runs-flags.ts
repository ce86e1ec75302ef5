/** The names, flags and help of `runs` and what it does. */

import type { Command } from 'commander'
import { logLevel, type Shared, wholeNumber } from './flag-values.ts'
import type { RunsFlags } from './runs-command.ts'

/** Adds `runs` to the program. */
export function addRuns(program: Command, { ended }: Pick<Shared, 'ended'>): void {
  const runs = program.command('runs').description('about the runs there were')

  runs
    .command('list')
    .description('every run that the store remembers, newest first; also while one lasts')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .option('--limit <n>', 'so many at most', wholeNumber, 30)
    .option('--json', 'the answer as JSON on stdout', false)
    .addOption(logLevel())
    .action(async (flags: RunsFlags & { limit: number }) => {
      const { runRunsList } = await import('./runs-command.ts')
      ended(await runRunsList(flags))
    })

  runs
    .command('show')
    .description('what a run came to')
    .argument('[run]', 'its id; without it, the newest')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .option('--html <file>', 'draw its page again, into this file')
    .option('--json', 'its report as JSON on stdout', false)
    .addOption(logLevel())
    .action(async (id: string | undefined, flags: RunsFlags & { html?: string }) => {
      const { runRunsShow } = await import('./runs-command.ts')
      ended(await runRunsShow(id, flags))
    })
}
