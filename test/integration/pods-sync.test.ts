/** Pods of one job on one PostgreSQL: the same end as one process on SQLite, whoever is killed, and no row in two hands. */

import { randomInt } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { exportOf, OVERLAP, openPodsWorld, type PodsWorld, sumOf } from '../support/pods-world.ts'
import type { Content } from '../support/port-content.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import type { RunUnderWay } from '../support/sync-run.ts'
import { differences, duplicateSlots } from '../support/sync-store.ts'
import { below, type Chance, chanceOf } from '../support/sync-world.ts'

const bin = findPostgres()
const { days, lines } = exportOf(5)
const LIMIT_MS = 600_000
/** Drawn anew each time; a failure prints it, and `KILL_SEED` brings it back. */
const SEED = Number(process.env['KILL_SEED'] ?? randomInt(2 ** 31))

describe.skipIf(bin === undefined)('pods of one job', () => {
  let server: PostgresServer
  let world: PodsWorld
  let reference: Content
  let schemas = 0

  const open = (patience: { lease: string; timeout: string }) => {
    schemas += 1
    return openPodsWorld(server, `pods_${schemas}`, days, patience)
  }

  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
    const alone = await open({ lease: '30s', timeout: '60s' })
    reference = await alone.onSqlite()
    await alone.close()
  }, LIMIT_MS)
  afterAll(() => server?.close())
  beforeEach(async () => {
    world = await open({ lease: '30s', timeout: '60s' })
  })
  afterEach(() => world.close())

  it.each([1, 2, 4])(
    '§8.2 %i of them leave what one process on SQLite leaves, and what they report adds up',
    async (count) => {
      const pods = Array.from({ length: count }, (_, index) => world.start('night', index))
      const results = await Promise.all(pods.map(({ ended }) => ended))
      expect(results.map(({ exitCode, stderr }) => [exitCode, exitCode === 0 ? '' : stderr])).toEqual(
        results.map(() => [0, '']),
      )
      for (const { stderr } of results) expect(stderr).not.toMatch(OVERLAP)
      expect(sumOf(results, ({ ingest }) => sum(ingest?.partitions.map(({ counts }) => counts.lines)))).toBe(lines)
      const delivered = sumOf(results, ({ deliver }) => sum(deliver.map(({ persons }) => persons)))
      const content = await world.left()
      expect(differences(content, reference)).toEqual([])
      // Each person once for each target.
      expect(delivered).toBe(content['persons']?.length)
      expect(await duplicateSlots(world.control, new Set())).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    '§8.4 pods killed anywhere and started again leave no trace, and the requests of the dead meet nobody',
    async () => {
      const chance = chanceOf(SEED)
      await world.close()
      world = await open({ lease: '6s', timeout: '6s' })
      const night = new Night(world, chance)
      await night.begin(3)
      for (const { phase, done } of killPoints(chance)) {
        await night.reaches(server, `pods_${schemas}`, phase, done)
        await night.killSome()
      }
      const told = await night.toTheEnd()
      expect(night.kills, told).toBeGreaterThan(2)
      expect(told).not.toMatch(OVERLAP)
      expect(differences(await world.left(), reference), told).toEqual([])
      expect(await duplicateSlots(world.control, new Set())).toEqual([])
    },
    LIMIT_MS,
  )

  it.each(['alone', 'a pod'] as const)(
    '§9 a process (%s) that is paused beyond its lease and goes on writes nothing more',
    async (which) => {
      await world.close()
      world = await open({ lease: '6s', timeout: '3s' })
      const { control } = world
      const hold = await control.hold({ message: 'CreateMultiple' })
      const paused = which === 'alone' ? world.startAlone() : world.start('night', 0)
      await control.held(hold)
      paused.kill('SIGSTOP')
      await server.until(`SELECT 1 FROM pods_${schemas}.holder WHERE seen_at + interval '7 s' < clock_timestamp()`)
      // Another pod need not wait for its end; a process that is alone has to, for the connection of the paused one lives.
      if (which === 'a pod') expect(await world.start('night', 1).ended).toMatchObject({ exitCode: 0 })
      const { writeRequests } = await control.counters()
      await control.ask('POST', 'hold/release', { how: 'answer', id: hold })
      paused.kill('SIGCONT')
      const { exitCode, stderr } = await paused.ended
      expect([exitCode, stderr]).toEqual([7, expect.stringContaining('lease-held')])
      expect((await control.counters()).writeRequests).toBe(writeRequests)
      if (which === 'alone') expect(await world.startAlone().ended).toMatchObject({ exitCode: 0 })
      expect(differences(await world.left(), reference)).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    '§9 pods of another job and a process alone are refused while a pod lives, and the other way round',
    async () => {
      const hold = await world.control.hold({ message: 'CreateMultiple' })
      const pod = world.start('night', 0)
      await world.control.held(hold)
      for (const stranger of [world.start('day', 0), world.startAlone()])
        expect(await stranger.ended).toMatchObject({ exitCode: 7, stderr: expect.stringContaining('lease-held') })
      await world.control.ask('POST', 'hold/release', { how: 'answer', id: hold })
      expect(await pod.ended).toMatchObject({ exitCode: 0 })
      // A pod that comes when all is done finds nothing to do.
      const { writeRequests } = await world.control.counters()
      const late = await world.start('night', 1).ended
      expect(late).toMatchObject({ exitCode: 0 })
      expect((await world.control.counters()).writeRequests).toBe(writeRequests)
      expect([late.report?.ingest?.partitions, late.report?.deliver.map(({ persons }) => persons)]).toEqual([
        [],
        [0, 0],
      ])
    },
    LIMIT_MS,
  )
})

/** A phase in which so many items are done. */
interface KillPoint {
  readonly phase: string
  readonly done: number
}

function killPoints(chance: Chance): KillPoint[] {
  return [
    { phase: 'ingest: parts', done: below(chance, 14) },
    { phase: 'deliver contact', done: below(chance, 14) },
    { phase: 'deliver consent', done: below(chance, 14) },
  ]
}

/** Pods by index, each started again until it ends well. */
class Night {
  readonly #world: PodsWorld
  readonly #chance: Chance
  readonly #pods = new Map<number, RunUnderWay>()
  readonly #told = [`KILL_SEED=${SEED}`]
  kills = 0

  constructor(world: PodsWorld, chance: Chance) {
    this.#world = world
    this.#chance = chance
  }

  async begin(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) this.#start(index)
  }

  #start(index: number): void {
    this.#pods.set(index, this.#world.start('night', index))
  }

  /** Resolves when the point is reached, or when no pod is left that could reach it. */
  async reaches(server: PostgresServer, schema: string, phase: string, done: number): Promise<void> {
    let over = false
    const ended = Promise.all([...this.#pods.values()].map((pod) => pod.ended)).then(() => {
      over = true
    })
    const session = await server.session()
    const reached = async () => {
      const sql = `SELECT 1 FROM ${schema}.work WHERE phase = $1 AND position > 0 HAVING count(*) FILTER (WHERE done) >= $2
        AND count(*) > 0`
      const there = async () => {
        const known = await session.query(`SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'work'`, [
          schema,
        ])
        return known.rows.length > 0 && (await session.query(sql, [phase, done])).rows.length > 0
      }
      while (!over && !(await there())) await session.query('SELECT pg_sleep(0.02)')
    }
    const looking = reached()
    await Promise.race([looking, ended])
    over = true
    await looking
    await session.end()
  }

  /** Kills one pod, or several, and starts them again. */
  async killSome(): Promise<void> {
    const all = this.#chance() < 0.3
    const victim = below(this.#chance, this.#pods.size)
    for (const [index, pod] of [...this.#pods]) {
      if (!all && index !== victim) continue
      pod.kill('SIGKILL')
      const { signal } = await pod.ended
      this.#told.push(`pod ${index}: ${signal ?? 'had ended'}`)
      if (signal === 'SIGKILL') this.kills += 1
      this.#start(index)
    }
  }

  /** Answers what was told. A pod whose lease was lost, or that left work to others, is started again. */
  async toTheEnd(): Promise<string> {
    for (const [index] of [...this.#pods]) {
      for (let tries = 0; tries < 10; tries += 1) {
        const { exitCode, stderr } = (await this.#pods.get(index)?.ended) ?? {}
        this.#told.push(`pod ${index}: ${exitCode}\n${stderr}`)
        if (exitCode === 0) break
        this.#start(index)
      }
    }
    return this.#told.join('\n')
  }
}

const sum = (numbers: readonly number[] = []) => numbers.reduce((total, number) => total + number, 0)
