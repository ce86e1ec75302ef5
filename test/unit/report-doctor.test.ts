/** What people see of a diagnosis, and how its checks depend on each other. */

import { describe, expect, it } from 'vitest'
import { examine, groupOf } from '../../src/doctor/examine.ts'
import { type Check, failed, ok, skipped, warning } from '../../src/doctor/finding.ts'
import { skewFinding } from '../../src/doctor/skew.ts'
import { CodedError } from '../../src/lib/errors.ts'
import type { DoctorReport } from '../../src/report/doctor-report.ts'
import { doctorText } from '../../src/report/doctor-text.ts'

const report: DoctorReport = {
  version: 1,
  at: '2026-11-29T12:00:00Z',
  groups: [
    { id: 'store', title: 'Store' },
    { id: 'target crm', title: 'Target crm' },
  ],
  checks: [
    { group: 'store', check: 'lease', title: 'free to run', ...ok('nobody holds the lease') },
    { group: 'store', check: 'room', title: 'room', ...warning('95 MiB', 'Make room.') },
    { group: 'target crm', check: 'token', title: 'token', ...failed('authorisation', 'none', 'Renew the secret.') },
    { group: 'target crm', check: 'user', title: 'application user', ...skipped('needs: token') },
  ],
  counts: { ok: 1, warning: 1, failed: 1, skipped: 1 },
  exitCode: 3,
}

describe('the text', () => {
  it('stands in groups, each remedy below what was found', () => {
    expect(doctorText(report, { colour: false })).toBe(
      [
        'Store',
        '  ✓ free to run: nobody holds the lease',
        '  ! room: 95 MiB',
        '      Make room.',
        '',
        'Target crm',
        '  ✗ token: none',
        '      Renew the secret.',
        '  - application user: skipped: needs: token',
        '',
        '1 ok, 1 warning, 1 failed, 1 skipped.',
      ].join('\n'),
    )
  })

  it('has colours only where they are wanted', () => {
    expect(doctorText(report, { colour: true })).toContain('  \u001b[31m✗\u001b[0m token: none')
    expect(doctorText(report, { colour: false })).not.toContain('\u001b')
  })
})

describe('the order of things', () => {
  const check = (id: string, run: Check<void>['run'], ...needs: string[]): Check<void> => ({
    id,
    title: id,
    needs,
    run,
  })
  const complaint = { where: 'here', found: 'this', expected: 'that', remedy: 'Do it.' }
  const run = async (signal: AbortSignal, ...checks: Check<void>[]) =>
    (await examine([groupOf('a', 'A', undefined, checks)], signal)).map(({ check, status }) => `${check} ${status}`)
  const never = new AbortController().signal

  it('whatever a check throws is its finding, and hides no other', async () => {
    const found = await run(
      never,
      check('coded', () => {
        throw new CodedError('forbidden', [complaint, complaint])
      }),
      check('plain', () => Promise.reject(new RangeError('quotes ada@example.com'))),
      check('last', () => ok('fine')),
    )
    expect(found).toEqual(['coded failed', 'coded failed', 'plain failed', 'last ok'])
  })

  it('an error without a code is told by its kind alone, and is a defect (§9)', async () => {
    const thrown = check('plain', () => Promise.reject(new RangeError('quotes ada@example.com')))
    const [only] = await examine([groupOf('a', 'A', undefined, [thrown])], never)
    expect(only).toMatchObject({ status: 'failed', next: 'defect', found: 'an unexpected RangeError' })
  })

  it('what needs something that failed, or was skipped for it, is skipped with the reason; a warning is well enough', async () => {
    const found = await run(
      never,
      check('warned', () => warning('so so', 'Look.')),
      check('on', () => ok('fine'), 'warned'),
      check('broken', () => failed('source', 'bad', 'Mend it.')),
      check('below', () => ok('never'), 'broken'),
      check('further below', () => ok('never'), 'a/below'),
    )
    expect(found).toEqual(['warned warning', 'on ok', 'broken failed', 'below skipped', 'further below skipped'])
  })

  it('an interruption ends it', async () => {
    const stop = new AbortController()
    const examining = run(
      stop.signal,
      check('long', async (_, signal) => {
        stop.abort(new CodedError('interrupted', [complaint]))
        signal.throwIfAborted()
        return ok('never')
      }),
    )
    await expect(examining).rejects.toMatchObject({ code: 'interrupted' })
  })
})

describe('the clock', () => {
  const at = 1_000_000_000

  it.each([
    [0, 'ok'],
    [-4_000, 'ok'],
    [6_900, 'warning'],
    [-6_900, 'warning'],
    [301_500, 'failed'],
    [-301_500, 'failed'],
  ])('our clock %i ms off: %s', (offMs, status) => {
    expect(skewFinding('it', at - offMs, at, at).status).toBe(status)
  })

  it('a slow answer is no skew, and a server without a time no finding', () => {
    expect(skewFinding('it', at + 9_000, at, at + 20_000).status).toBe('ok')
    expect(skewFinding('it', undefined, at, at).status).toBe('skipped')
  })
})
