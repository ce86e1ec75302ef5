/** What was found in a store, as text. */

import type { StoreCheck } from '../store/store-rules.ts'

const READ = {
  file: 'the file itself',
  copy: 'a copy of file and log',
  snapshot: 'one moment of the database',
} as const satisfies Record<StoreCheck['read'], string>

/** Whether nothing was found wrong. */
export function isSound({ damage, broken }: StoreCheck): boolean {
  return damage.length === 0 && broken.length === 0
}

/** Several lines, the verdict first. */
export function storeText(check: StoreCheck): string {
  const { version, current, read, damage, counts, broken } = check
  const age = version === current ? '' : ` (the next run brings it to ${current})`
  const width = Math.max(0, ...Object.keys(counts).map(({ length }) => length))
  return [
    isSound(check) ? 'The store is sound.' : 'The store is NOT sound.',
    `Schema version ${version}${age}; looked at ${READ[read]}.`,
    ...damage.map((complaint) => `! damaged: ${complaint}`),
    ...broken.map(({ rule, rows }) => `! broken: ${rule} (${rows} that do not)`),
    ...Object.entries(counts).map(([table, rows]) => `  ${table.padEnd(width)} ${rows}`),
  ].join('\n')
}
