/** A migration's own file as a SQLite database beside the store. */

import { existsSync, readdirSync, rmSync } from 'node:fs'
import { parse } from 'node:path'
import type { Channel } from '../projection/contact-point.ts'
import { addressHolder } from './forgetting.ts'
import type { AddressKey, AppliedAddress, BeforeImage, MigrationFile, Spoken } from './migration-file.ts'
import { createPrivately } from './private-file.ts'
import { integerOf, openSqliteDatabase, type SqliteDatabase, textOf } from './sqlite-database.ts'
import type { Row } from './stored-row.ts'

/** Clustered by the order in which work visits them, as the store's tables are. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS spoken (channel TEXT NOT NULL, address TEXT NOT NULL, speaker TEXT NOT NULL,
    said TEXT NOT NULL, PRIMARY KEY (channel, address, speaker)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS applied (channel TEXT NOT NULL, address TEXT NOT NULL, digest TEXT NOT NULL,
    slots INTEGER NOT NULL, PRIMARY KEY (channel, address)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS image (row_id TEXT PRIMARY KEY, image TEXT NOT NULL) WITHOUT ROWID;
`

/**
 * Opens the file at `path`, making it where it is missing. A file that is `kept` survives the power; any other is
 * begun anew and need not. @throws CodedError `store-unusable`
 */
export function openSqliteMigrationFile(path: string, { kept }: { readonly kept: boolean }): MigrationFile {
  if (!kept) removeMigrationFile(path)
  createPrivately(path)
  const db = openSqliteDatabase(path)
  db.pragma('locking_mode = EXCLUSIVE')
  db.pragma('page_size = 8192')
  db.pragma(`journal_mode = ${kept ? 'WAL' : 'OFF'}`)
  db.pragma(`synchronous = ${kept ? 'FULL' : 'OFF'}`)
  // In KiB: speakers come in no order of their addresses, so the inner pages and many leaves are wanted.
  db.pragma('cache_size = -65536')
  db.pragma('temp_store = MEMORY')
  db.exec(SCHEMA)
  let open = true
  const close = () => {
    if (!open) return
    open = false
    db.pragma('journal_mode = DELETE')
    db.pragma('locking_mode = NORMAL')
    db.prepare('SELECT count(*) AS n FROM image').get()
    db.close()
  }
  return {
    ...spokenIn(db),
    ...appliedIn(db),
    ...imagesIn(db),
    erase: eraserIn(db),
    close: async () => close(),
    remove: async () => {
      close()
      removeMigrationFile(path)
    },
  }
}

/** Deletes a migration's file with all that stands beside it, where there is one. */
export function removeMigrationFile(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]) rmSync(file, { force: true })
}

/** What the names of migrations' files end with after this beginning of their paths. */
export function filesBeginning(beginning: string): string[] {
  const { dir, base } = parse(beginning)
  return (existsSync(dir) ? readdirSync(dir) : []).flatMap((name) =>
    name.startsWith(base) && !/-(wal|shm|journal)$/.test(name) ? [name.slice(base.length)] : [],
  )
}

const keyOf = (row: Row): AddressKey => ({
  channel: textOf(row, 'channel') as Channel,
  address: textOf(row, 'address'),
})

function spokenIn(db: SqliteDatabase): Pick<MigrationFile, 'beginReading' | 'addSpoken' | 'spokenAfter'> {
  const put = db.prepare('INSERT OR REPLACE INTO spoken (channel, address, speaker, said) VALUES (?, ?, ?, ?)')
  const after = db.prepare(`SELECT * FROM spoken WHERE (channel, address) > (?, ?)
    ORDER BY channel, address, speaker LIMIT ?`)
  const at = db.prepare('SELECT * FROM spoken WHERE channel = ? AND address = ? ORDER BY speaker')
  const spokenOf = (row: Row): Spoken => ({ ...keyOf(row), speaker: textOf(row, 'speaker'), said: textOf(row, 'said') })
  return {
    beginReading: async () => db.transaction(() => db.exec('DELETE FROM spoken')),
    addSpoken: async (spoken) =>
      db.transaction(() => {
        // In key order, so that neighbours share a page that is touched once.
        const sorted = [...spoken].sort((a, b) => (a.channel + a.address < b.channel + b.address ? -1 : 1))
        for (const { channel, address, speaker, said } of sorted) put.run(channel, address, speaker, said)
      }),
    async spokenAfter(key, limit) {
      const rows = after.all(key?.channel ?? '', key?.address ?? '', limit).map(spokenOf)
      if (rows.length < limit) return rows
      // The last address may have more speakers: it is left for the next call, or read whole where it is the only one.
      const last = rows.at(-1)
      const whole = rows.filter(({ channel, address }) => channel !== last?.channel || address !== last.address)
      if (whole.length > 0 || last === undefined) return whole
      return at.all(last.channel, last.address).map(spokenOf)
    },
  }
}

function appliedIn(db: SqliteDatabase): Pick<MigrationFile, 'applied' | 'noteApplied' | 'forgetApplied'> {
  const get = db.prepare('SELECT * FROM applied WHERE channel = ? AND address = ?')
  const put = db.prepare('INSERT OR REPLACE INTO applied (channel, address, digest, slots) VALUES (?, ?, ?, ?)')
  const appliedOf = (row: Row): AppliedAddress => ({
    ...keyOf(row),
    digest: textOf(row, 'digest'),
    slots: integerOf(row, 'slots'),
  })
  return {
    applied: async (addresses) =>
      addresses.flatMap(({ channel, address }) => {
        const row = get.get(channel, address)
        return row === undefined ? [] : [appliedOf(row)]
      }),
    noteApplied: async (addresses) =>
      db.transaction(() => {
        for (const { channel, address, digest, slots } of addresses) put.run(channel, address, digest, slots)
      }),
    forgetApplied: async () => db.transaction(() => db.exec('DELETE FROM applied')),
  }
}

function imagesIn(
  db: SqliteDatabase,
): Pick<MigrationFile, 'images' | 'putImages' | 'imagesAfter' | 'dropImages' | 'countImages'> {
  const get = db.prepare('SELECT image FROM image WHERE row_id = ?')
  const put = db.prepare('INSERT OR REPLACE INTO image (row_id, image) VALUES (?, ?)')
  const after = db.prepare('SELECT image FROM image WHERE row_id > ? ORDER BY row_id LIMIT ?')
  const drop = db.prepare('DELETE FROM image WHERE row_id = ?')
  const count = db.prepare('SELECT count(*) AS n FROM image')
  const imageOf = (row: Row): BeforeImage => parseImage(textOf(row, 'image'))
  return {
    async images(rowIds) {
      const found = new Map<string, BeforeImage>()
      for (const id of rowIds) {
        const row = get.get(id)
        if (row !== undefined) found.set(id, imageOf(row))
      }
      return found
    },
    putImages: async (images) =>
      db.transaction(() => {
        for (const image of images) put.run(image.rowId, imageText(image))
      }),
    imagesAfter: async (rowId, limit) => after.all(rowId ?? '', limit).map(imageOf),
    dropImages: async (rowIds) =>
      db.transaction(() => {
        for (const id of rowIds) drop.run(id)
      }),
    countImages: async () => integerOf(count.get() ?? {}, 'n'),
  }
}

function eraserIn(db: SqliteDatabase): MigrationFile['erase'] {
  const spoken = db.prepare('DELETE FROM spoken WHERE channel = ? AND address = ?')
  const applied = db.prepare('DELETE FROM applied WHERE channel = ? AND address = ?')
  const images = db.prepare("DELETE FROM image WHERE substr(json_extract(image, '$.place'), 1, length(?1)) = ?1")
  return async (addresses) => {
    const gone = db.transaction(() =>
      addresses.reduce((sum, { channel, address }) => {
        spoken.run(channel, address)
        applied.run(channel, address)
        return sum + images.run(addressHolder(channel, address).beginning)
      }, 0),
    )
    // Pages that were let go of before keep what stood in them: the file is written anew.
    db.exec('VACUUM')
    db.pragma('wal_checkpoint(TRUNCATE)')
    return gone
  }
}

/** "Since ever" is a number that JSON does not have. */
const EVER = 'since ever'

const imageText = (image: BeforeImage): string =>
  JSON.stringify(image, (_, value: unknown) => (value === Number.NEGATIVE_INFINITY ? EVER : value))

const parseImage = (text: string): BeforeImage =>
  JSON.parse(text, (key, value: unknown) =>
    value === EVER && (key === 'lo' || key === 'hi' || key === 'at') ? Number.NEGATIVE_INFINITY : value,
  ) as BeforeImage
