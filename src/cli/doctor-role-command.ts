/** `doctor role` on the command line: how the role stands, or the calls that make it; on stdout, as text or JSON. */

import { role } from '../../jobs/role.ts'
import type { TargetSettings } from '../config/settings.ts'
import { printedRole, printedText } from '../doctor/role.ts'
import { CodedError } from '../lib/errors.ts'
import { roleText } from '../report/role-report.ts'
import { openTarget } from '../wire.ts'
import { type DoctorFlags, targetsAsked } from './doctor-command.ts'
import { interruptible } from './interruption.ts'
import { openSettings, openVoices } from './opening.ts'

/** The flags of `doctor role` as commander gives them. */
export interface DoctorRoleFlags extends DoctorFlags {
  readonly create: boolean
  readonly print: boolean
  readonly name: string
}

/** Dataverse: role `name`. */
const LONGEST_NAME = 100

/** Prints what was found or done, and answers the exit code. */
export async function runDoctorRole(flags: DoctorRoleFlags, version: string): Promise<number> {
  const { name, create, print, json } = flags
  if (create && print) throw usage('--create --print', 'both', 'one of them')
  if (name.trim() === '' || name.length > LONGEST_NAME)
    throw usage('--name', 'a text that is empty or too long', `1 to ${LONGEST_NAME} characters`)
  const voices = openVoices({ ...flags, quiet: true })
  const settings = await openSettings(flags.config, voices.log)
  const targets = targetsAsked(settings, flags.target)
  if (print) {
    process.stdout.write(`${json ? JSON.stringify(callsOf(targets, name)) : callsText(targets, name)}\n`)
    return 0
  }
  const opened: ReturnType<typeof openTarget>[] = []
  const interruption = interruptible()
  const open = (target: TargetSettings) => {
    const dataverse = openTarget(target, { ...voices, version })
    opened.push(dataverse)
    return dataverse
  }
  try {
    const report = await role(open, { name, create, targets }, interruption.signal)
    process.stdout.write(`${json ? JSON.stringify(report) : roleText(report)}\n`)
    return report.exitCode
  } finally {
    for (const dataverse of opened) await dataverse.close()
    interruption.end()
  }
}

function callsOf(targets: readonly TargetSettings[], name: string) {
  return {
    version: 1,
    name,
    targets: targets.map((target) => ({
      target: target.name,
      root: target.instance.root,
      calls: printedRole(target, name),
    })),
  }
}

function callsText(targets: readonly TargetSettings[], name: string): string {
  const texts = targets.map(
    (target) => `## target ${target.name}\n\n${printedText(printedRole(target, name), target.instance.root)}`,
  )
  return texts.join('\n\n')
}

function usage(where: string, found: string, expected: string): CodedError {
  return new CodedError('usage', [{ where, found, expected, remedy: 'See didomi-dataverse doctor role --help.' }])
}
