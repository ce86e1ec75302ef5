/** Looks after the state store: is it sound, a copy of it, the way back from a copy. */

import type { StoreSettings } from '../src/config/settings.ts'
import { CodedError } from '../src/lib/errors.ts'
import type { StoreCheck } from '../src/store/store-rules.ts'
import type { StoreFiles } from '../src/wire.ts'

/** Looks at the store and changes nothing; a run may be under way. @throws CodedError `store-unusable`, `lease-held` */
export function checkStore(files: StoreFiles, settings: StoreSettings): Promise<StoreCheck> {
  return settings.kind === 'sqlite' ? files.check(settings.sqlite) : files.checkPostgres(settings)
}

/** Copies the store to a file that is not there yet. @throws CodedError `usage`, `store-unusable`, `lease-held` */
export function backUpStore(files: StoreFiles, settings: StoreSettings, to: string): Promise<StoreCheck> {
  return files.backUp(fileOf(settings, 'backup'), to)
}

/**
 * Puts a backup in the store's place. What the ledger of an older store says of Dataverse is not trusted any more, and
 * everybody is due (semantics §8.8). @throws CodedError `usage`, `store-unusable`, `lease-held`
 */
export function restoreStore(
  files: StoreFiles,
  settings: StoreSettings,
  request: { readonly from: string; readonly force: boolean },
): ReturnType<StoreFiles['restore']> {
  return files.restore(request.from, fileOf(settings, 'restore'), request.force)
}

function fileOf(settings: StoreSettings, command: string): string {
  if (settings.kind === 'sqlite') return settings.sqlite
  throw new CodedError('usage', [
    {
      where: `store ${command}`,
      found: 'a store in PostgreSQL',
      expected: 'a store that is a file (`store.sqlite`)',
      remedy: 'Use pg_dump and pg_restore: docs/operations.md shows how.',
    },
  ])
}
