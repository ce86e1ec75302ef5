/** `doctor` on the command line: findings on stdout, as text or JSON; the exit code says of what kind the worst is. */

import { doctor } from '../../jobs/doctor.ts'
import type { Settings, TargetSettings } from '../config/settings.ts'
import { CodedError } from '../lib/errors.ts'
import { doctorText } from '../report/doctor-text.ts'
import { openDoctorWorlds } from './doctor-worlds.ts'
import { interruptible } from './interruption.ts'
import { type OpeningFlags, openSettings, openVoices } from './opening.ts'

/** The flags of `doctor` as commander gives them; `quick` takes no samples. */
export interface DoctorFlags extends Omit<OpeningFlags, 'quiet' | 'deadline' | 'pod'> {
  readonly target?: string[]
  readonly quick: boolean
}

/** Persons and rows of a sample: one request each, and enough to see a habit. */
const SAMPLE = 200

/** Prints what was found and answers the exit code. */
export async function runDoctor(flags: DoctorFlags, version: string): Promise<number> {
  const voices = openVoices({ ...flags, quiet: true })
  const settings = await openSettings(flags.config, voices.log)
  targetsAsked(settings, flags.target)
  const request = { ...(flags.target && { targets: flags.target }), sample: flags.quick ? 0 : SAMPLE }
  const interruption = interruptible()
  const worlds = openDoctorWorlds(settings, request, { ...voices, version })
  try {
    const report = await doctor(worlds, interruption.signal)
    const colour = process.stdout.isTTY === true && !process.env['NO_COLOR']
    process.stdout.write(`${flags.json ? JSON.stringify(report) : doctorText(report, { colour })}\n`)
    return report.exitCode
  } finally {
    await worlds.close()
    interruption.end()
  }
}

/** The targets of these names, or all. @throws CodedError `usage` for a name that the configuration does not have */
export function targetsAsked({ targets }: Settings, names: readonly string[] | undefined): readonly TargetSettings[] {
  if (names === undefined) return targets
  if (names.every((name) => targets.some((target) => target.name === name)))
    return targets.filter(({ name }) => names.includes(name))
  throw new CodedError('usage', [
    {
      where: '--target',
      found: 'a name that the configuration does not have',
      expected: 'usable flags',
      remedy: 'See didomi-dataverse doctor --help.',
    },
  ])
}
