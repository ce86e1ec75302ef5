/** The names, flags and help of `plan`, `apply`, `verify` and `explain`. */

import type { Command } from 'commander'
import type { ExplainFlags } from './explain-command.ts'
import { day, duration, logLevel, type Shared, wholeNumber } from './flag-values.ts'
import type { ApplyFlags, PlanFlags } from './plan-command.ts'
import type { VerifyFlags } from './verify-command.ts'

/** Adds the four to the program. */
export function addPlan(program: Command, shared: Shared): void {
  addLook(program, shared)
  addDo(program, shared)
  addReadBack(program, shared)
  addWhy(program, shared)
}

function addLook(program: Command, { version, ended }: Shared): void {
  program
    .command('plan')
    .description('look only: what sync would write, and what it would take')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .option('--no-ingest', 'from what the store knows alone, not from the export')
    .option('--from <date>', 'as with sync: a repair by range', day)
    .option('--to <date>', 'up to and including this export date', day)
    .option('--export-id <id...>', 'only these exports')
    .option('--limit <n>', 'at most so many persons per target', wholeNumber)
    .option('--only <ouid...>', 'only these persons, due or not')
    .option('--target <name...>', 'only these targets')
    .option('--adopt-environment', 'the store is new, but Dataverse holds rows of ours: take them over', false)
    .option('--show <n>', 'show so many choices of each target, masked', wholeNumber, 0)
    .option('--out <file>', 'keep the plan in a new file, for apply')
    .option('--with-identifiers', 'with every row in clear in that file: it then holds personal data', false)
    .option('--detailed-exitcode', 'exit 8 where there is something to write', false)
    .option('--strict', 'retention alarms end with exit 5', false)
    .option('--json', 'the plan as JSON on stdout, progress as JSON lines on stderr', false)
    .option('--quiet', 'no progress', false)
    .addOption(logLevel())
    .action(async (flags: PlanFlags) => {
      const { runPlan } = await import('./plan-command.ts')
      ended(await runPlan(flags, version))
    })
}

function addDo(program: Command, { version, ended }: Shared): void {
  program
    .command('apply')
    .description('do exactly what a plan says; refuse where export, configuration or rows have moved since')
    .argument('<file>', 'made by plan --out')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .option('--deadline <duration>', 'end in order after this time, such as 5h; the rest stays due (exit 6)', duration)
    .option('--strict', 'retention alarms end with exit 5', false)
    .option('--json', 'the report as JSON on stdout, progress as JSON lines on stderr', false)
    .option('--quiet', 'no progress', false)
    .addOption(logLevel())
    .action(async (file: string, flags: ApplyFlags) => {
      const { runApply } = await import('./plan-command.ts')
      ended(await runApply(file, flags, version))
    })
}

function addReadBack(program: Command, { version, ended }: Shared): void {
  program
    .command('verify')
    .description('read back what was delivered, all of it or a sample, and tell what has drifted (exit 6)')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .option('--target <name...>', 'only these targets')
    .option('--sample <n>', 'so many persons of each target, chosen by chance', wholeNumber)
    .option('--repair', 'mark those persons due, so that the next sync repairs them', false)
    .option('--json', 'the report as JSON on stdout, progress as JSON lines on stderr', false)
    .option('--quiet', 'no progress', false)
    .addOption(logLevel())
    .action(async (flags: VerifyFlags) => {
      const { runVerify } = await import('./verify-command.ts')
      ended(await runVerify(flags, version))
    })
}

function addWhy(program: Command, { version, ended }: Shared): void {
  program
    .command('explain')
    .description('why Dataverse holds what it holds of a person: what was said, what counts, what was written')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .option('--ouid <ouid...>', 'these persons; other users of the machine may see them in the list of processes')
    .option('--address <address...>', 'everybody known at these addresses')
    .option('--target <name...>', 'only these targets')
    .option('--reveal', 'with addresses, ids and attributes in clear', false)
    .option('--json', 'the answer as JSON on stdout', false)
    .addOption(logLevel())
    .action(async (flags: Omit<ExplainFlags, 'quiet'>) => {
      const { runExplain } = await import('./explain-command.ts')
      ended(await runExplain({ ...flags, quiet: true }, version))
    })
}
