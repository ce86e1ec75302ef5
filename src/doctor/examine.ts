/** Runs checks one after the other: none that fails hides another, and what cannot be judged without it is skipped. */

import { type Check, type Finding, failed, failures, skipped } from './finding.ts'

/** Checks with the world that they look at. */
export interface Group {
  readonly id: string
  readonly title: string
  readonly checks: readonly Check<void>[]
}

export type Examined = Finding & { readonly group: string; readonly check: string; readonly title: string }

/** A look that takes longer is of no use to somebody who waits for it. */
const CHECK_MS = 60_000

/** Binds checks to their world. */
export function groupOf<World>(
  id: string,
  title: string,
  world: World,
  ...checks: readonly (readonly Check<World>[])[]
): Group {
  return {
    id,
    title,
    checks: checks.flat().map((check) => ({ ...check, run: (_, signal) => check.run(world, signal) })),
  }
}

/**
 * Examines group by group; `told` hears of each check as it is done. Rejects with the signal's reason only: whatever a
 * check throws is its finding.
 */
export async function examine(
  groups: readonly Group[],
  signal: AbortSignal,
  told: (id: string) => void = () => {},
): Promise<Examined[]> {
  const unmet = new Map<string, string>()
  const examined: Examined[] = []
  for (const group of groups) {
    for (const check of group.checks) {
      const id = `${group.id}/${check.id}`
      const need = (check.needs ?? [])
        .map((name) => (name.includes('/') ? name : `${group.id}/${name}`))
        .find((name) => unmet.has(name))
      const findings = need === undefined ? await findingsOf(check, signal) : [skipped(`needs: ${unmet.get(need)}`)]
      if (findings.some(({ status }) => status === 'failed' || status === 'skipped')) unmet.set(id, check.title)
      examined.push(
        ...findings.map((finding) => ({ group: group.id, check: check.id, title: check.title, ...finding })),
      )
      told(id)
    }
  }
  return examined
}

async function findingsOf(check: Check<void>, signal: AbortSignal): Promise<readonly Finding[]> {
  const limit = AbortSignal.timeout(CHECK_MS)
  try {
    const findings = await check.run(undefined, AbortSignal.any([signal, limit]))
    return 'status' in findings ? [findings] : findings
  } catch (error) {
    signal.throwIfAborted()
    if (limit.aborted)
      return [failed('deferred', `no answer within ${CHECK_MS / 1_000} s`, 'Look at the network, and try again later.')]
    return failures(error)
  }
}
