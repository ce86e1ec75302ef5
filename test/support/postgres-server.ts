/** A real PostgreSQL of its own for tests, where the machine has one: in a temporary folder, on loopback, gone at the end. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from 'pg'
import { Secret } from '../../src/config/secret.ts'
import type { PostgresAddress } from '../../src/store/postgres-connection.ts'

/** Where Debian puts its versions, one folder each. */
const DEBIAN = '/usr/lib/postgresql'
const PASSWORD = 'a password of the tests'

/** The folder of `initdb` and `postgres`; undefined, with a line that says so, where there is none. POSTGRES_BIN names the only one to use. */
export function findPostgres(): string | undefined {
  const named = process.env['POSTGRES_BIN']
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = named === undefined ? versions.map((version) => join(DEBIAN, version, 'bin')) : [named]
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')))
  if (found === undefined) {
    process.stdout.write(
      'No PostgreSQL on this machine (apt-get install postgresql, or POSTGRES_BIN): tests of its store skipped.\n',
    )
  }
  return found
}

export interface PostgresServer {
  readonly port: number
  /** Where a store of this name lies. */
  address(schema: string): PostgresAddress
  /** Asks the server as its owner. */
  ask(sql: string, values?: readonly unknown[]): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>>
  /** An open session of its owner; whoever opens it ends it. */
  session(): Promise<Client>
  /** Asks again and again until there is an answer of at least one row. */
  until(sql: string, values?: readonly unknown[]): Promise<void>
  close(): Promise<void>
}

/** Starts one. Whoever starts it closes it. With a certificate (PEM) it speaks TLS too. */
export async function startPostgres(
  bin: string,
  certificate?: { readonly certificate: string; readonly key: string },
): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'))
  const owner = ownerOf(folder)
  await initialise(bin, folder, owner)
  const tls = certificate === undefined ? [] : await tlsOptions(folder, certificate, owner)
  const port = await freePort()
  const child = spawn(
    ...asOwner(owner, join(bin, 'postgres'), [
      ...['-D', join(folder, 'data'), '-p', String(port), '-k', folder, '-h', '127.0.0.1', '-F'],
      ...['-c', 'max_connections=60', '-c', 'restart_after_crash=on', ...tls],
    ]),
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, LC_ALL: 'C' } },
  )
  await ready(child)
  return serverAt(port, async () => {
    const gone = once(child, 'exit')
    // Fast shutdown: sessions are ended, not waited for.
    if (child.exitCode === null && child.kill('SIGINT')) await gone
    await rm(folder, { recursive: true, force: true })
  })
}

function serverAt(port: number, stop: () => Promise<void>): PostgresServer {
  const session = async () => {
    const client = new Client({ host: '127.0.0.1', port, user: 'owner', password: PASSWORD, database: 'postgres' })
    client.on('error', () => {})
    await client.connect()
    return client
  }
  const ask: PostgresServer['ask'] = async (sql, values = []) => {
    const client = await session()
    try {
      return (await client.query(sql, [...values])).rows
    } finally {
      await client.end()
    }
  }
  return {
    port,
    session,
    ask,
    address: (schema) => ({
      host: '127.0.0.1',
      port,
      database: 'postgres',
      user: 'owner',
      password: new Secret(PASSWORD),
      schema,
    }),
    async until(sql, values) {
      const client = await session()
      try {
        while ((await client.query(sql, values && [...values])).rows.length === 0)
          await client.query('SELECT pg_sleep(0.02)')
      } finally {
        await client.end()
      }
    },
    close: stop,
  }
}

/** PostgreSQL does not run as root: then its files belong to Debian's own user of it. */
interface Owner {
  readonly uid: number
  readonly gid: number
}

function ownerOf(folder: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  const owner = { uid: id('-u'), gid: id('-g') }
  chownSync(folder, owner.uid, owner.gid)
  return owner
}

function asOwner(owner: Owner | undefined, program: string, args: readonly string[]): [string, string[]] {
  if (owner === undefined) return [program, [...args]]
  return ['setpriv', [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', program, ...args]]
}

async function initialise(bin: string, folder: string, owner: Owner | undefined): Promise<void> {
  const file = join(folder, 'password')
  await writeFile(file, PASSWORD)
  if (owner !== undefined) chownSync(file, owner.uid, owner.gid)
  const args = [
    '-D',
    join(folder, 'data'),
    '-U',
    'owner',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '-A',
    'scram-sha-256',
  ]
  const [program, all] = asOwner(owner, join(bin, 'initdb'), [...args, `--pwfile=${file}`])
  const made = spawnSync(program, all, { cwd: folder, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
}

async function tlsOptions(
  folder: string,
  { certificate, key }: { readonly certificate: string; readonly key: string },
  owner: Owner | undefined,
): Promise<string[]> {
  const files = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') }
  await writeFile(files.cert, certificate)
  await writeFile(files.key, key)
  await chmod(files.key, 0o600)
  if (owner !== undefined) for (const file of Object.values(files)) chownSync(file, owner.uid, owner.gid)
  return ['-c', 'ssl=on', '-c', `ssl_cert_file=${files.cert}`, '-c', `ssl_key_file=${files.key}`]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function ready(child: ChildProcess): Promise<void> {
  if (child.stderr === null) throw new TypeError('a server without stderr')
  const said: string[] = []
  const lines = createInterface(child.stderr)
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      if (line.includes('ready to accept connections')) resolve()
    })
    child.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${said.slice(-20).join('\n')}`)))
  })
  // What it says from now on is read and dropped: a full pipe would stop it.
  said.length = 0
}
