/** A folder of this process for what must not outlast it: it holds personal data. */

import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * The path `beginning` followed by the id of this process; nothing is there yet. What processes that are no more left
 * beside it under such names is removed: killed, they removed nothing.
 */
export async function ownFolder(beginning: string): Promise<string> {
  const [folder, prefix] = [dirname(beginning), basename(beginning)]
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN
    // In a container every process before this one had its number too.
    if (Number.isSafeInteger(pid) && (pid === process.pid || !isAlive(pid)))
      await rm(join(folder, name), { recursive: true, force: true })
  }
  return `${beginning}${process.pid}`
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
