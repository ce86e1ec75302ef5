/** Checked settings as written → what becomes of reports, as used. */

import { dirname, join, resolve } from 'node:path'
import { present } from './present.ts'
import type { WrittenSettings } from './schema.ts'
import type { ReportSettings, StoreSettings } from './settings.ts'
import { buildLocation } from './source-build.ts'

/** Relative paths lie in `folder`. What the job may write to is where its store is. */
export function buildReport(
  { directory, page, keep, to, prefix }: WrittenSettings['report'],
  store: StoreSettings,
  folder: string,
): ReportSettings {
  const trimmed = prefix.replace(/^\/+|\/+$/g, '')
  return present({
    directory: directory === undefined ? join(dirname(placeOf(store)), 'reports') : resolve(folder, directory),
    page,
    keep,
    to: to && buildLocation(to, folder),
    prefix: trimmed === '' ? '' : `${trimmed}/`,
  })
}

const placeOf = (store: StoreSettings): string => (store.kind === 'sqlite' ? store.sqlite : store.spillFolder)
