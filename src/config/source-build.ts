/** Checked settings as written → where exports come from, as used. */

import { resolve } from 'node:path'
import { keyText, parseKey } from '../consent/key.ts'
import { defect } from '../lib/errors.ts'
import { present } from './present.ts'
import { parseDurationMs } from './quantity.ts'
import type { WrittenSettings } from './schema.ts'
import { Secret } from './secret.ts'
import type { CsvSettings, DidomiSettings, LocationSettings, S3Location, SourceSettings } from './settings.ts'

type WrittenSource = WrittenSettings['source']
type WrittenLocation = Pick<WrittenSource, 'directory' | 's3' | 'gcs'>

/** A job shares its machine, so it takes more than this only where it is told to. */
const MOST_WORKERS_UNASKED = 4

/** `cores`: how many threads this machine runs at once; relative paths lie in `folder`. */
export function buildSource(written: WrittenSource, folder: string, cores: number): SourceSettings {
  const { prefix, exportIds, successMarker, csv, workers, maxExpansion } = written
  const trimmed = prefix.replace(/^\/+|\/+$/g, '')
  return present({
    location: buildLocation(written, folder),
    prefix: trimmed === '' ? '' : `${trimmed}/`,
    exportIds,
    successMarker,
    csv: csv && buildCsv(csv),
    workers: workers ?? Math.max(1, Math.min(cores, MOST_WORKERS_UNASKED)),
    maxExpansion,
  })
}

/** A place; relative paths lie in `folder`. */
export function buildLocation({ directory, s3, gcs }: WrittenLocation, folder: string): LocationSettings {
  if (directory !== undefined) return { kind: 'directory', directory: resolve(folder, directory) }
  if (s3 !== undefined) return buildS3(s3)
  if (gcs === undefined) return defect('config/build', 'a place that the schema let through')
  const keyFile = gcs.keyFile === undefined ? undefined : resolve(folder, gcs.keyFile)
  return present({ kind: 'gcs' as const, ...gcs, keyFile })
}

function buildS3({ assumeRole, ...bucket }: NonNullable<WrittenLocation['s3']>): S3Location {
  if (assumeRole === undefined) return present({ kind: 's3' as const, ...bucket })
  const { duration, ...role } = assumeRole
  const durationMs = parseDurationMs(duration) ?? defect('config/build', 'a duration that the schema let through')
  return present({
    kind: 's3' as const,
    ...bucket,
    assumeRole: present({ ...role, durationSeconds: durationMs / 1_000 }),
  })
}

function buildCsv({ choices, ...columns }: NonNullable<WrittenSource['csv']>): CsvSettings {
  return present({
    ...columns,
    choices: Object.entries(choices).map(([written, choice]) => {
      const key = parseKey(written) ?? defect('config/build', 'a choice key that the schema let through')
      return { key: keyText(key), column: choice.column, trueSpellings: choice.true, falseSpellings: choice.false }
    }),
  })
}

/** Didomi's API; a path of the export log is joined to the host of `apiRoot`, for it lies outside of `/v1` (Didomi: export logs). */
export function buildDidomi({
  secret,
  exportLogPath,
  ...rest
}: NonNullable<WrittenSettings['didomi']>): DidomiSettings {
  const apiRoot = rest.apiRoot.replace(/\/+$/, '')
  return {
    ...rest,
    secret: new Secret(secret),
    apiRoot,
    exportLogUrl: exportLogPath.startsWith('/') ? `${new URL(apiRoot).origin}${exportLogPath}` : exportLogPath,
  }
}

/** Days after which Didomi deletes what it delivered to a bucket of its own (Didomi: AWS S3 bucket). */
const DIDOMI_DELETES_AFTER_DAYS = 7

/** The age at which a source deletes a partition unless the settings say otherwise; `undefined`: never. */
export function sourceDeletesAfterDays({ s3 }: WrittenLocation): number | undefined {
  return s3 === undefined ? undefined : DIDOMI_DELETES_AFTER_DAYS
}
