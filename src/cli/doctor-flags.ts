/** The names, flags and help of `doctor` and `doctor role`. */

import type { Command } from 'commander'
import type { DoctorFlags } from './doctor-command.ts'
import type { DoctorRoleFlags } from './doctor-role-command.ts'
import { logLevel, type Shared } from './flag-values.ts'

/** Adds `doctor` to the program; the flags it shares with `doctor role` may stand before or behind that word. */
export function addDoctor(program: Command, { version, ended }: Shared): void {
  const doctor = program
    .command('doctor')
    .description('look for what would keep a run from going well; writes nothing, also while a run lasts')
    .requiredOption('--config <file>', 'configuration, YAML or JSON')
    .option('--target <name...>', 'only these targets')
    .option('--quick', 'take no samples of persons and rows', false)
    .option('--json', 'the answer as JSON on stdout', false)
    .addOption(logLevel())
    .action(async (flags: DoctorFlags) => {
      const { runDoctor } = await import('./doctor-command.ts')
      ended(await runDoctor(flags, version))
    })
  doctor
    .command('role')
    .description('the security role with the least that works: what it lacks in the environment (exit 6)')
    .option('--create', 'make the role, and give it what it lacks', false)
    .option('--print', 'only show the calls that do so, for somebody else to send; nobody is asked', false)
    .option('--name <name>', 'of the role', 'Didomi consent writer')
    .action(async (_: unknown, command: Command) => {
      const { runDoctorRole } = await import('./doctor-role-command.ts')
      ended(await runDoctorRole(command.optsWithGlobals<DoctorRoleFlags>(), version))
    })
}
