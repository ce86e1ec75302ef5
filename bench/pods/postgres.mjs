/** A PostgreSQL of its own for a benchmark: in a temporary folder, on loopback, gone at the end. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const DEBIAN = '/usr/lib/postgresql'
export const PASSWORD = 'a password of the benchmark'

/** Starts one; undefined where the machine has none. Whoever starts it closes it. */
export async function startPostgres() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = process.env.POSTGRES_BIN
    ? [process.env.POSTGRES_BIN]
    : versions.map((one) => join(DEBIAN, one, 'bin'))
  const bin = folders.find((folder) => existsSync(join(folder, 'initdb')))
  if (bin === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'bench-postgres-'))
  const asOwner = ownerOf(folder)
  const password = join(folder, 'password')
  await writeFile(password, PASSWORD, { mode: 0o644 })
  const init = ['-D', join(folder, 'data'), '-U', 'owner', '-E', 'UTF8', '--locale=C', '-A', 'scram-sha-256']
  const [program, args] = asOwner(join(bin, 'initdb'), [...init, `--pwfile=${password}`])
  const made = spawnSync(program, args, { cwd: folder, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const port = await freePort()
  const options = ['-D', join(folder, 'data'), '-p', String(port), '-k', folder, '-h', '127.0.0.1']
  const child = spawn(...asOwner(join(bin, 'postgres'), options), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  await new Promise((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      if (line.includes('ready to accept connections')) resolve(undefined)
    })
    child.once('exit', () => reject(new Error('PostgreSQL did not start')))
  })
  return {
    port,
    async close() {
      const gone = once(child, 'exit')
      child.kill('SIGINT')
      await gone
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL does not run as root: then as Debian's own user of it. @param {string} folder */
function ownerOf(folder) {
  if (process.getuid?.() !== 0) return (program, args) => [program, args]
  const id = (flag) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  const [uid, gid] = [id('-u'), id('-g')]
  chownSync(folder, uid, gid)
  return (program, args) => ['setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', program, ...args]]
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
