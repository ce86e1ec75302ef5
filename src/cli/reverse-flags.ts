/** The names, flags and help of `reverse`, `reverse serve` and `reverse webhook` with its steps. */

import { type Command, Option } from 'commander'
import { duration, logLevel, type Shared } from './flag-values.ts'
import type { OpeningFlags } from './opening.ts'
import type { ReverseFlags } from './reverse-command.ts'
import type { WebhookFlags } from './reverse-webhook-command.ts'

const STEPS = {
  install: 'register the receiver in Dataverse, or repair what is registered; nothing is written where all is right',
  status: 'look only: what is registered, what differs (exit 6), what failed, and what may be taken away',
  uninstall: 'take away what install registered, and nothing else',
} as const

/** Adds `reverse` to the program; by itself it runs, like its hidden command `run`. */
export function addReverse(program: Command, shared: Shared): void {
  const { version, ended } = shared
  const reverse = program.command('reverse').description('the way back: consent changed in Dataverse reaches Didomi')
  reverse
    .command('run', { isDefault: true, hidden: true })
    .description('tell Didomi of the choices that were made in Dataverse since the last time')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .option('--target <name...>', 'only these targets, of those with `reverse.enabled`')
    .option('--accept <plan>', 'tell what the brake stopped (exit 9 names it), and nothing newer')
    .option('--deadline <duration>', "end in order after this time, such as 1h; the rest is the next run's", duration)
    .option('--json', 'the report as JSON on stdout, progress as JSON lines on stderr', false)
    .option('--quiet', 'no progress', false)
    .addOption(logLevel())
    .action(async (flags: ReverseFlags) => {
      const { runReverse } = await import('./reverse-command.ts')
      ended(await runReverse(flags, version))
    })
  addReverseWebhook(reverse, shared)
}

function addReverseWebhook(reverse: Command, { version, ended }: Shared): void {
  reverse
    .command('serve')
    .description('take what Dataverse tells of into the inbox, until SIGTERM')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .option('--json', 'where it listens and what came, as JSON on stdout', false)
    .addOption(logLevel())
    .action(async (flags: Omit<OpeningFlags, 'quiet'>) => {
      const { runReverseServe } = await import('./reverse-serve-command.ts')
      await runReverseServe({ ...flags, quiet: true })
    })
  const group = reverse.command('webhook').description('about the registration of the receiver in Dataverse')
  for (const step of ['install', 'status', 'uninstall'] as const) {
    group
      .command(step)
      .description(STEPS[step])
      .requiredOption('--config <file>', 'configuration, YAML or JSON')
      .requiredOption(
        '--url <url>',
        'where Dataverse reaches the receiver, such as https://consent.example.com/webhook',
      )
      .addOption(new Option('--target <name>', 'the target whose changes are listened to (default: the only one)'))
      .option('--json', 'the report as JSON on stdout', false)
      .addOption(logLevel())
      .action(async (flags: WebhookFlags) => {
        const { runWebhook } = await import('./reverse-webhook-command.ts')
        ended(await runWebhook(step, flags, version))
      })
  }
}
