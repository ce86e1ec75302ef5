/** Writes a day of an export into a folder, in the layout in which Didomi delivers it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type ExportLine, exportText } from './didomi-export.ts'

/** Where the lines of a day go. */
export interface ExportDay {
  readonly exportId: string
  /** The day the export ran, `YYYY-MM-DD`. */
  readonly date: string
  /** Files the lines are dealt to; default 1. */
  readonly parts?: number
  /** Where `_SUCCESS` lies; default beside the parts. (Didomi: not stated.) */
  readonly marker?: 'users' | 'partition' | 'none'
}

/**
 * Writes `data/export-id=…/date=…/users/part-….json.gz` below the folder and the marker last: who sees it may read.
 * Returns the written paths below the folder, in order. Rejects where a file cannot be written.
 */
export async function writeExportDay(folder: string, day: ExportDay, lines: readonly ExportLine[]): Promise<string[]> {
  const { exportId, date, parts = 1, marker = 'users' } = day
  const partition = `data/export-id=${exportId}/date=${date}`
  const written: string[] = []
  const write = async (path: string, content: Uint8Array) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
    written.push(path)
  }
  for (let part = 0; part < parts; part++) {
    const own = lines.filter((_, at) => at % parts === part)
    await write(`${partition}/users/part-${String(part).padStart(5, '0')}.json.gz`, gzipSync(exportText(own)))
  }
  if (marker !== 'none') await write(`${partition}/${marker === 'users' ? 'users/' : ''}_SUCCESS`, Buffer.alloc(0))
  return written
}
