#!/usr/bin/env node
/**
 * Names, flags, help and exit codes of the command line. stdout = result, stderr = messages. What a command needs is
 * loaded when it runs: help and a typing error are answered at once.
 */

import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import type { BootstrapFlags } from './cli/bootstrap-command.ts'
import { addDoctor } from './cli/doctor-flags.ts'
import type { EmulateFlags } from './cli/emulate-command.ts'
import type { EvidenceExportFlags } from './cli/evidence-command.ts'
import { day, dayOrToday, duration, logLevel, type Shared, wholeNumber } from './cli/flag-values.ts'
import type { ForgetFlags } from './cli/forget-command.ts'
import type { InitFlags } from './cli/init-command.ts'
import { addMigrate } from './cli/migrate-flags.ts'
import type { OpeningFlags } from './cli/opening.ts'
import { addPlan } from './cli/plan-flags.ts'
import { addReverse } from './cli/reverse-flags.ts'
import { addRuns } from './cli/runs-flags.ts'
import type { SourcesFlags } from './cli/sources-command.ts'
import { addStore } from './cli/store-flags.ts'
import type { SyncFlags } from './cli/sync-command.ts'
import { CodedError } from './lib/errors.ts'
import { exitCode } from './report/exit-code.ts'

const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version

const program = new Command('didomi-dataverse')
  .description("Carries people's latest consent from Didomi batch exports into Microsoft Dynamics 365 / Dataverse.")
  .version(version)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })

const shared: Shared = {
  version,
  ended: (code) => {
    process.exitCode = code
  },
}

program
  .command('sync')
  .description('ingest sealed partitions, then deliver every due person')
  .requiredOption('--config <file>', 'configuration, YAML or JSON')
  .option('--from <date>', 'repair: ingest again from this export date on, and deliver everybody in it afresh', day)
  .option('--to <date>', 'repair: up to and including this export date', day)
  .option('--wait-for-partition <date>', 'first wait until this date, or today, is sealed (else exit 4)', dayOrToday)
  .option('--wait-timeout <duration>', 'how long at most, such as 90m (default: 3h)', duration)
  .option('--deadline <duration>', 'end in order after this time, such as 5h; the rest stays due (exit 6)', duration)
  .option('--export-id <id...>', 'only these exports')
  .option('--limit <n>', 'deliver at most so many persons per target; the rest stays due (exit 6)', wholeNumber)
  .option('--only <ouid...>', 'deliver only these persons, due or not')
  .option('--target <name...>', 'only these targets')
  .option('--accept <plan>', 'let the plan pass that the brake stopped (exit 9 names it)')
  .option('--adopt-environment', 'the store is new, but Dataverse holds rows of ours: take them over', false)
  .option('--rebuild', 'forget all states and ingest everything the source holds: a complete archive', false)
  .option('--strict', 'retention alarms end with exit 5', false)
  .option('--job <id>', 'share the store (PostgreSQL) and the work with all other processes of this job')
  .option('--json', 'the report as JSON on stdout, progress as JSON lines on stderr', false)
  .option('--quiet', 'no progress', false)
  .addOption(logLevel())
  .action(async (flags: SyncFlags) => {
    const { runSync } = await import('./cli/sync-command.ts')
    process.exitCode = await runSync(flags, version)
  })

program
  .command('bootstrap')
  .description("fill the state store from Didomi's API or an archive; the next sync delivers")
  .requiredOption('--config <file>', 'configuration, YAML or JSON')
  .addOption(
    new Option('--from <origin>', 'the origin of the states').choices(['api', 'archive']).makeOptionMandatory(),
  )
  .option('--restart', 'from the first page of the API, not where an earlier run stopped', false)
  .option('--rebuild', 'forget all states first', false)
  .option('--json', 'the report as JSON on stdout, progress as JSON lines on stderr', false)
  .option('--quiet', 'no progress', false)
  .addOption(logLevel())
  .action(async (flags: BootstrapFlags) => {
    const { runBootstrap } = await import('./cli/bootstrap-command.ts')
    process.exitCode = await runBootstrap(flags, version)
  })

addPlan(program, shared)
addMigrate(program, shared)
addStore(program, shared)

addDoctor(program, shared)

program
  .command('sources')
  .description('about the export that is read')
  .command('status')
  .description('list every partition: ingested, waiting, lost; and what needs doing')
  .requiredOption('--config <file>', 'configuration, YAML or JSON')
  .option('--strict', 'alarms end with exit 5', false)
  .option('--json', 'the answer as JSON on stdout', false)
  .addOption(logLevel())
  .action(async (flags: Omit<SourcesFlags, 'quiet'>) => {
    const { runSourcesStatus } = await import('./cli/sources-command.ts')
    process.exitCode = await runSourcesStatus({ ...flags, quiet: true }, version)
  })

program
  .command('forget')
  .description('erase persons from the store: nothing is left, and nothing they said up to now comes back')
  .requiredOption('--config <file>', 'configuration, YAML or JSON')
  .option('--ouid <ouid...>', 'these persons; other users of the machine may see them in the list of processes')
  .option('--ouid-file <file>', 'the persons in this file, one OUID a line; - for stdin')
  .option('--json', 'what was removed, as JSON on stdout', false)
  .addOption(logLevel())
  .action(async (flags: Omit<ForgetFlags, 'quiet'>) => {
    const { runForget } = await import('./cli/forget-command.ts')
    process.exitCode = await runForget({ ...flags, quiet: true }, version)
  })

addReverse(program, shared)
addRuns(program, shared)

const evidence = program.command('evidence').description('about the evidence log: why Dataverse holds what it holds')

evidence
  .command('check')
  .description('find every byte of it that is not what was written (exit 1)')
  .requiredOption('--config <file>', 'configuration, YAML or JSON')
  .option('--json', 'the answer as JSON on stdout', false)
  .addOption(logLevel())
  .action(async (flags: Omit<OpeningFlags, 'quiet'>) => {
    const { runEvidenceCheck } = await import('./cli/evidence-command.ts')
    process.exitCode = await runEvidenceCheck({ ...flags, quiet: true }, version)
  })

evidence
  .command('export')
  .description('write it to a file, one entry a line, as JSON')
  .requiredOption('--config <file>', 'configuration, YAML or JSON')
  .requiredOption('--out <file>', 'a file that is not there yet')
  .option('--reveal', 'open what is sealed: the file then holds personal data', false)
  .option('--json', 'the number of entries as JSON on stdout', false)
  .addOption(logLevel())
  .action(async (flags: Omit<EvidenceExportFlags, 'quiet'>) => {
    const { runEvidenceExport } = await import('./cli/evidence-command.ts')
    process.exitCode = await runEvidenceExport({ ...flags, quiet: true }, version)
  })

program
  .command('errors')
  .description('what an error code means, its causes, and what to do')
  .argument('[code]', 'the code that a message begins with; all of them without it')
  .action(async (code: string | undefined) => {
    const { runErrors } = await import('./cli/errors-command.ts')
    runErrors(code)
  })

program
  .command('config')
  .description('about the configuration file')
  .command('schema')
  .description('print its JSON Schema, for editors')
  .action(async () => {
    const { configJsonSchema } = await import('./config/schema.ts')
    process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
  })

program
  .command('init')
  .description(
    'write a first configuration: asks what it needs, and maps by name what environment, export and Didomi hold',
  )
  .option('--out <file>', 'the configuration; must not exist', 'didomi-dataverse.yaml')
  .addOption(new Option('--mode <mode>', 'contact point consents, or columns').choices(['consent', 'contact']))
  .option('--instance <url>', 'the environment, https://….dynamics.com')
  .option('--tenant <id>', 'directory (tenant) id')
  .option('--client-id <id>', 'application (client) id')
  .option('--secret-variable <name>', 'variable that holds the client secret', 'DATAVERSE_CLIENT_SECRET')
  .option('--source <place>', 'the export: a folder, s3://bucket or gs://bucket')
  .option(
    '--didomi-organization <id>',
    'organization id at Didomi, to read its configuration tree; not without --didomi-key',
  )
  .option('--didomi-key <id>', 'id of a private API key of Didomi')
  .option('--didomi-secret-variable <name>', "variable that holds the key's secret", 'DIDOMI_API_SECRET')
  .option('--didomi-api <url>', "where Didomi's API is, unless where everybody finds it")
  .option('--authentication <json>', 'further keys of `authentication`, as for AD FS')
  .addOption(logLevel())
  .action(async (flags: InitFlags) => {
    const { runInit } = await import('./cli/init-command.ts')
    process.exitCode = await runInit(flags, version)
  })

program
  .command('emulate')
  .description('a Dataverse and a Didomi API on this machine, for trying and testing')
  .option('--port <n>', 'port of the Dataverse on 127.0.0.1; any free one by default', wholeNumber)
  .option('--seed <file>', 'rows and columns to begin with, JSON')
  .option('--limits', 'service protection limits, and the time that requests take', false)
  .option('--time-scale <n>', "seconds of the environment's clock in one of the machine's", wholeNumber, 1)
  .option('--servers <n>', 'web servers behind the address, each with its own limits', wholeNumber, 1)
  .option('--didomi-port <n>', 'port of the Didomi API; any free one by default', wholeNumber)
  .option('--didomi-seed <file>', 'users and ids that Didomi begins with, JSON')
  .option('--no-didomi', 'the Dataverse alone')
  .action(async (flags: EmulateFlags) => {
    const { runEmulate } = await import('./cli/emulate-command.ts')
    await runEmulate(flags)
  })

/** Says what ended the program, and sets its exit code. A message without a code may quote data: only its kind is told. */
function conclude(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else if (error instanceof CodedError) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = exitCode([error.next])
  } else {
    const kind = error instanceof Error ? error.name : typeof error
    process.stderr.write(`defect: an unexpected ${kind}; please report it\n`)
    process.exitCode = 1
  }
}

/** An error that nobody waits for ends the program too, and Node would print its message. */
process.once('uncaughtException', (error) => {
  conclude(error)
  process.exit()
})

try {
  await program.parseAsync()
} catch (error) {
  conclude(error)
}
