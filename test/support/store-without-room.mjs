/**
 * Loaded before the program (`node --import`): SQLite lets the store grow by `ROOM` pages and then says that the disk is
 * full (`PRAGMA max_page_count`, the same SQLITE_FULL as of a full disk, on any machine). The lease's file is left alone.
 */

import Database from 'libsql'

const exec = Database.prototype.exec
const limited = new WeakSet()

Database.prototype.exec = function (sql) {
  if (sql === 'BEGIN IMMEDIATE' && !limited.has(this)) {
    const pages = Object.values(this.prepare('PRAGMA page_count').get())[0]
    // A file in the making has hardly a page; that it can be made is not the point here.
    if (pages < 10) return exec.call(this, sql)
    limited.add(this)
    this.prepare(`PRAGMA max_page_count = ${pages + Number(process.env.ROOM)}`).get()
  }
  return exec.call(this, sql)
}
