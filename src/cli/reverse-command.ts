/** `reverse` on the command line: which targets are heard, how Didomi is reached, and the exit code. */

import { type ReverseRequest, reverse } from '../../jobs/reverse.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import { openInbox } from '../wire.ts'
import type { OpeningFlags } from './opening.ts'
import { withRun } from './watched-run.ts'

/** The flags of `reverse` as commander gives them. */
export interface ReverseFlags extends OpeningFlags {
  readonly target?: string[]
  readonly accept?: string
}

/** Runs one `reverse` and answers its exit code. */
export async function runReverse(flags: ReverseFlags, version: string): Promise<number> {
  // Looked at before the store is touched.
  const check = (settings: Settings) => void requestOf(flags, settings)
  return withRun(flags, { command: 'reverse', version, check }, async ({ settings, ports, signal }, run) => {
    const request = { run, ...requestOf(flags, settings) }
    // Where a receiver is configured, it runs beside us and fills this.
    const inbox = settings.reverse.webhook && (await openInbox(settings.store, systemClock))
    try {
      return await reverse({ ...ports, ...(inbox && { inbox }) }, settings, request, signal)
    } finally {
      await inbox?.close()
    }
  })
}

/** @throws CodedError `usage`, `config-invalid` where nothing may be told or nobody knows how */
function requestOf(
  { target: names, accept }: ReverseFlags,
  { targets, didomi }: Settings,
): Omit<ReverseRequest, 'run'> {
  const where = 'reverse'
  if (names?.some((name) => targets.every((target) => target.name !== name))) {
    const found = 'a name that the configuration does not have'
    throw new CodedError('usage', [
      { where: '--target', found, expected: 'usable flags', remedy: 'See didomi-dataverse reverse --help.' },
    ])
  }
  const chosen = targets.filter(({ name, reverse }) => reverse.enabled && (names?.includes(name) ?? true))
  if (chosen.length === 0) {
    const remedy = 'Set it on each target whose choices Didomi is to be told of.'
    throw new CodedError('config-invalid', [
      { where, found: 'no target with `reverse.enabled`', expected: 'at least one', remedy },
    ])
  }
  if (didomi === undefined) {
    const expected = '`didomi` with organizationId, key and secret'
    throw new CodedError('config-invalid', [
      { where, found: 'no settings for Didomi', expected, remedy: 'Add it to the configuration.' },
    ])
  }
  return { targets: chosen, didomi, ...(accept !== undefined && { accept }) }
}
